/*
 * loop: what the closed loop, the open loop and churn have in common.
 *
 *     warm-up           load, nothing recorded: caches, buffers, clock speed
 *     measured window   load, and what belongs to it is recorded
 *     drain             nothing new; what is in flight still has to come
 *
 * The load goes on without a pause from the first into the second.
 *
 * Only the active connections are in the interest list; the idle ones cost the
 * generator nothing.  The active ones are spread evenly among the idle ones in
 * the order of opening, so that a server which searches for them finds them
 * neither first nor last.
 *
 * Every connection has at most one message in flight, and each byte of every
 * reply is compared.  When the next message leaves is not decided here.
 *
 * The last connections of all are the firehoses, if the point wants some.  In
 * churn all that are held are idle: the active ones come and go.
 */
#ifndef LOADGEN_LOOP_H
#define LOADGEN_LOOP_H

#include "client/connections.h"
#include "load/firehose.h"
#include "record/point.h"
#include "record/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

enum { LOOP_EVENTS = 128 }; /* that one wait may report */

enum phase { WARM_UP, WINDOW, DRAIN };

struct loop {
    struct load_connection **active; /* `count` of them; none in churn */
    size_t count;
    struct firehoses firehoses;
    int epoll_fd;
    enum phase phase;
    uint64_t phase_end;  /* ns on clock_now's clock */
    uint64_t last_reply; /*  "  */
    uint64_t last_step;  /*  "  ; 0: none yet */
    size_t in_flight;    /* messages */
    const struct usage *usage;
    struct point *point;
    struct epoll_event events[LOOP_EVENTS];
};

/*
 * Choose the active ones among `set`, which holds all that `point` asks for,
 * and begin the warm-up at `now`.  Nothing is sent yet.
 */
void loop_start(struct loop *loop, struct connections *set,
                const struct usage *usage, struct point *point, uint64_t now);

/* Send the next message on active connection number `i`; it leaves at `now`. */
void loop_send(struct loop *loop, size_t i, uint64_t now);

/*
 * Go on with the active connection that `event` tells of, and say which one in
 * `i`.  True when its reply is complete now: it may send again.
 */
bool loop_handle(struct loop *loop, const struct epoll_event *event, size_t *i);

/*
 * Wait for events until `until` (ns on clock_now's clock; it is `now`), and no
 * longer than until something in the loop's own plan is due or it is time to
 * look for a signal.  Returns how many are in `events`, or less than 1.
 */
int loop_wait(struct loop *loop, uint64_t now, uint64_t until);

/* Grant the firehoses their turn, when the talkers have had theirs. */
void loop_stream(struct loop *loop, uint64_t now);

/*
 * Do what the loop's own plan has for `now`: the next phase, the freeze.  A
 * step that comes much too late means that this process was stopped meanwhile,
 * or the whole machine: no server is to blame for that time.
 */
void loop_step(struct loop *loop, uint64_t now);

/*
 * Is it over?  When nothing is in flight in the drain, and then at the latest
 * ten seconds after the window, or `stall` seconds after the last reply, and
 * at once with a failure or a signal.
 */
bool loop_is_over(const struct loop *loop);

/* Judge what is left, look at every connection, and give the memory back. */
void loop_finish(struct loop *loop, struct connections *set);

#endif
