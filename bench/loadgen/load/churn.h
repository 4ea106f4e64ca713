/*
 * churn: connect, one echo, reset, and again, as fast as it goes.
 *
 * Most clients don't stay.  Each of the `active` slots has one connection at a
 * time; it says one message, compares the reply, resets the connection and
 * opens the next one at once.  So the server accepts, registers, serves, and
 * cleans up: all that an echo on an open connection does not ask of it.  It is
 * a closed loop: as many connections at a time as there are slots.
 *
 *     latency     from just before connect(2) to the last byte of the echo
 *     handshake   from just before connect(2) to when a message may leave
 *
 * The handshake is the kernel's, which completes a connection before the server
 * has accepted it (listen(2)); on loopback it is over when connect(2) returns.
 * So a server that accepts slowly does not show there, but in what the latency
 * has beyond it.
 *
 * A reset leaves neither side in TIME_WAIT, and the connections take turns
 * among the source addresses of address.h: otherwise the local ports would be
 * used up within seconds, and we would measure that.  Should they run out all
 * the same, or the descriptors, the point says that it was our limit.
 *
 * Cost: the kernel's work for a connection, on both sides of it, is much more
 * than for an echo, so the generator needs a lot of CPU time itself.
 */
#ifndef LOADGEN_CHURN_H
#define LOADGEN_CHURN_H

#include "client/connections.h"
#include "record/point.h"
#include "record/usage.h"

/*
 * Measure `point`: point->active slots churn while the point->idle connections
 * of `set`, held already, are silent.  point->latency and point->handshake have
 * the connections that were completed in the window.  Fails the point when a
 * connection was refused or ended, a byte was wrong, an echo didn't come, or a
 * slot was never served.  Ends at most ten seconds after the window, whatever
 * the server does, and at once with a signal.
 */
void churn_run(struct connections *set, const struct usage *usage,
               struct point *point);

#endif
