/*
 * connections: all that the generator has open, idle and active alike.
 *
 * They are opened in batches, so that the server's queue of waiting connections
 * (listen(2), backlog) does not overflow, and a connection counts as held only
 * after one message came back on it: connect(2) alone succeeds for all that
 * wait in that queue, and a server that is full would look as if it served
 * all of them.
 *
 * An idle connection costs its opening only.  So a run climbs: what is open
 * stays open for the next trial, and only the missing ones are added.
 */
#ifndef LOADGEN_CONNECTIONS_H
#define LOADGEN_CONNECTIONS_H

#include "client/address.h"
#include "client/message.h"
#include "record/trial.h"

#include <stddef.h>
#include <stdint.h>

/* How many are opened at a time: no more than the least common backlog. */
enum { OPENING_BATCH = 128 };

struct connections {
    struct address address;
    double stall; /* seconds without progress until it gives up */
    struct load_connection *all; /* `count` of them, in order of opening */
    size_t count;
    size_t most;          /* that ever fit: RLIMIT_NOFILE */
    uint32_t next_number; /* for the next one */
};

/*
 * An empty set of connections to `address`; `stall` is how many seconds to wait
 * for a server that makes no progress.  Raises the soft limit of
 * descriptors (getrlimit(2), RLIMIT_NOFILE) to the hard one.
 */
void connections_init(struct connections *set, struct address address,
                      double stall);

/*
 * Open as many as are missing to hold `wanted`, or reset the newest ones that
 * are too many, and note in `trial` how many are held, how many of them are new
 * and what that took.  Gives up when no new proof came for `stall` seconds, or
 * with the signal of interrupt.h.  Then `trial->reason` says why
 * and `trial->limited_by` on whose side the limit was.
 */
void connections_hold(struct connections *set, size_t wanted,
                      struct trial *trial);

/*
 * Nothing is in flight: see that no connection was closed by the server and
 * that none has bytes to read; otherwise the trial fails.
 */
void connections_check(const struct connections *set, struct trial *trial);

/* Note what is wrong with a connection, and fail the trial for it. */
void connections_blame(const struct load_connection *connection,
                       enum message_state state, struct trial *trial);

/* Reset them all. */
void connections_close(struct connections *set);

#endif
