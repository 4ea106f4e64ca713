/*
 * turns: the generator process of one server.
 *
 * Each server has a process of its own that puts it under load, because a
 * process may open only so many descriptors, and all servers' connections
 * together would not fit.  It does what the conductor orders (orders.h) and
 * sleeps in between.
 */
#ifndef LOADGEN_TURNS_H
#define LOADGEN_TURNS_H

#include "client/address.h"
#include "load/freeze.h"
#include "load_options.h"
#include "record/usage.h"

/*
 * Follow the orders that come from stream `fd` for the server at `address`,
 * until it ends or a signal of interrupt.h comes.  What the pointers refer to
 * stays the caller's.
 */
void turns_follow(int fd, const struct load_options *options,
                  struct address address, const struct usage *usage,
                  struct freeze *freeze);

#endif
