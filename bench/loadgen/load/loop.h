/*
 * loop: what the closed loop, the open loop and churn have in common: a turn.
 *
 *     start    load that is not counted: the first burst makes larger batches
 *              in the server than what follows
 *     window   load, and what belongs to it is counted
 *     drain    nothing new; what is in flight still has to come
 *
 * The load goes on without a pause from the first into the second.  After the
 * drain nothing is in flight, and the turn ends when the server has gone to
 * sleep, so nothing leaks into the next server's turn.
 *
 * Start and window are as long as --start and --turn say, but a slow server
 * gets more time: the start lasts until as many replies have come as there are
 * active connections, and the window until as many and at least TURN_ECHOES
 * have come in it, but at most 20 times --turn and a second longer, and no
 * longer than a server makes progress.  In an open loop, where the plan says
 * what comes when, they are never extended.
 *
 * Only the active connections are in the interest list; the idle ones cost the
 * generator nothing.  The active ones are spread evenly among the idle ones in
 * the order of opening, so that a server which searches for them finds them
 * neither first nor last.  The last connections of all are the firehoses.  In
 * churn all connections that are held are idle: the active ones come and go.
 *
 * Every connection has at most one message in flight, and each byte of every
 * reply is compared.  When the next message leaves is not decided here.
 */
#ifndef LOADGEN_LOOP_H
#define LOADGEN_LOOP_H

#include "client/connections.h"
#include "load/firehose.h"
#include "load/freeze.h"
#include "load_options.h"
#include "record/trial.h"
#include "record/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

enum {
    LOOP_EVENTS = 128, /* that one wait may report */
    TURN_ECHOES = 30,  /* the least that a window should count */
};

enum phase { START, WINDOW, DRAIN };

struct loop {
    const struct load_options *options;
    const struct usage *usage;
    struct connections *set;
    struct freeze *freeze;
    struct trial *trial;

    /* For all turns of a trial */
    struct load_connection **active; /* `count` of them; none in churn */
    size_t count;
    struct firehoses firehoses;
    int epoll_fd;
    struct reading left; /* at the end of the last turn; left.now is 0 in
                            the first */

    /* For one turn.  Times are ns on clock_now's clock */
    enum phase phase;
    uint64_t phase_end;
    uint64_t phase_limit; /* the latest end for a slow server */
    uint64_t window_end;
    uint64_t last_reply;
    uint64_t last_step;       /* 0: none yet */
    size_t replies;           /* complete ones, in this phase */
    size_t in_flight;         /* messages; in churn, connections */
    struct reading begin;     /* of the window */
    struct figures figures;   /* of the window */
    struct histogram latency; /* of the window */
    struct epoll_event events[LOOP_EVENTS];
};

/*
 * Get ready for the turns of `trial`: choose the active connections among
 * `set`, which holds all that the point asks for.  What the pointers refer to
 * stays the caller's and has to live until loop_close.
 */
void loop_open(struct loop *loop, const struct load_options *options,
               const struct usage *usage, struct connections *set,
               struct freeze *freeze, struct trial *trial);

/* Begin a turn.  Nothing is sent yet, but for the firehoses. */
void loop_begin(struct loop *loop);

/* Send the next message on active connection number `i`; it leaves at `now`. */
void loop_send(struct loop *loop, size_t i, uint64_t now);

/*
 * Go on with the active connection that `event` is about, and say which one in
 * `i`.  True when its reply is complete now: it may send again.
 */
bool loop_handle(struct loop *loop, const struct epoll_event *event, size_t *i);

/*
 * Wait for events until `until` (ns on clock_now's clock; it is `now`), and no
 * longer than until something in the loop's own plan is due or it is time to
 * check for a signal.  Returns how many are in `events`, or less than 1.
 */
int loop_wait(struct loop *loop, uint64_t now, uint64_t until);

/* Let the firehoses make a move, after the active connections made theirs. */
void loop_stream(struct loop *loop, uint64_t now);

/*
 * Do what the loop's own plan has for `now`: the next phase, the freeze.  A
 * step that comes much too late means that this process was stopped meanwhile,
 * or the whole machine: no server is to blame for that time.
 */
void loop_step(struct loop *loop, uint64_t now);

/*
 * Is the turn over?  It is as soon as nothing is in flight in the drain; at the
 * latest ten seconds after the window, or --stall seconds after the last reply;
 * and at once with a failure or a signal.
 */
bool loop_is_over(const struct loop *loop);

/*
 * End the turn: its figures are complete, and they count unless the trial has
 * failed.  Messages whose reply never came fail it.
 */
void loop_end(struct loop *loop);

/* After the last turn: connections that were never served fail the trial. */
void loop_judge(struct loop *loop);

/* Give back what loop_open took.  The connections stay open. */
void loop_close(struct loop *loop);

#endif
