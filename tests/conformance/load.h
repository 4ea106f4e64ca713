/*
 * load: clients that keep a server busy while a case does something else.
 *
 * They run in processes of their own, as fast as they can, and end with the
 * process of the case, or when the server is gone.
 */
#ifndef CONFORMANCE_LOAD_H
#define CONFORMANCE_LOAD_H

#include "server.h"

#include <stdint.h>

/*
 * Open `count` connections, on each of which one process sends without end and
 * another one takes what comes back, without looking at it: that makes the two
 * of them faster than a server that has to do both.  Returns a count of the
 * bytes that came back, on all of them, which goes on growing.
 */
const volatile uint64_t *load_firehoses(const struct server *server, int count);

/*
 * In each of `count` processes connect, send a byte, reset, and again, without
 * end.  Returns a count of the connections made, which goes on growing.
 */
const volatile uint64_t *load_visitors(const struct server *server, int count);

/* Wait until the count has grown by `more`; fails the case when it hasn't
 * after as long as a client waits. */
void load_await(const volatile uint64_t *count, uint64_t more);

#endif
