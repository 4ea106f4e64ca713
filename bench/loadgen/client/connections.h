/*
 * connections: all that the generator has open, idle and active alike.
 *
 * They are opened in batches, so that the server's queue of waiting connections
 * (listen(2), backlog) does not overflow, and a connection counts as held only
 * after one message came back on it: connect(2) alone succeeds for whoever
 * waits in that queue, and a server that is full would look as if it served
 * everybody.
 *
 * An idle connection costs its opening only.  So a run climbs: what is open
 * stays open for the next point, and only the missing ones are added.
 */
#ifndef LOADGEN_CONNECTIONS_H
#define LOADGEN_CONNECTIONS_H

#include "client/address.h"
#include "client/message.h"
#include "record/point.h"

#include <stddef.h>
#include <stdint.h>

/* How many are opened at a time: no more than the least common backlog. */
enum { OPENING_BATCH = 128 };

struct connections {
    struct address address;
    struct load_connection *all; /* `count` of them, in order of opening */
    size_t count;
    size_t most;          /* that ever fit: RLIMIT_NOFILE */
    uint32_t next_number; /* for the next one */
};

/*
 * An empty set of connections to `address`.  Raises the soft limit of
 * descriptors (getrlimit(2), RLIMIT_NOFILE) to the hard one.
 */
void connections_init(struct connections *set, struct address address);

/*
 * Open as many as are missing to hold `wanted`, or reset the newest ones that
 * are too many, and note in `point` how many are held, how many of them are new
 * and what that took.  Gives up when `point->stall` seconds passed without a
 * new proof, or with the signal of interrupt.h.  Then `point->reason` says why
 * and `point->limited_by` on whose side the limit was.
 */
void connections_hold(struct connections *set, size_t wanted,
                      struct point *point);

/*
 * Nothing is in flight: see that no connection was closed by the server and
 * that none has bytes to read; otherwise the point fails.
 */
void connections_check(const struct connections *set, struct point *point);

/* Note what is wrong with a connection, and fail the point for it. */
void connections_blame(const struct load_connection *connection,
                       enum message_state state, struct point *point);

/* Reset them all. */
void connections_close(struct connections *set);

#endif
