/*
 * open: the load.  Each message leaves at the time that was planned for it
 * beforehand (schedule.h), however slow the server is.
 *
 * That is the load of a server whose clients are independent of each other.
 * Message number j belongs to active connection number j mod N.  A connection
 * has one message in flight: when the reply to the one before is late, the next
 * one waits here, but its time counts from when it was to leave:
 *
 *     response time   from the intended send to the reply: what a client waits
 *     service time    from the actual send to the reply: all that a closed
 *                     loop sees
 *     lag             what the generator itself was late: from the moment when
 *                     the message could have left to when it did
 *
 * Everything is recorded whose intended time lies in the window, also when its
 * reply comes in the drain; else the slowest replies would be missing.
 *
 * Waiting: epoll_pwait2(2) with nanoseconds, a timer slack of 1 ns
 * (PR_SET_TIMERSLACK, prctl(2)), and the last 200 us awake, because it takes
 * 50 us and more to be woken up.  For the same reason it stays awake for the
 * first 200 us after a message has left: else the time to wake up would be
 * measured as if the server had used it.  Awake means polling for events; that
 * time is counted as `spin`.  On a machine with one CPU it always sleeps, for
 * there the server needs it.
 *
 * Limit: one thread.  What it does for one message delays the others, and a
 * reading of the usage, about 0.1 ms at either end of the window, delays
 * all; the lag shows how much.  A server that can't keep up never gets rid of
 * its queue: two seconds after the window no more is sent, and what was planned
 * in the window and wasn't sent by then is counted as `unsent`.
 */
#ifndef LOADGEN_OPEN_H
#define LOADGEN_OPEN_H

#include "load/loop.h"

#include <stdint.h>

/*
 * One turn on an open loop (loop_open), as closed_turn does: the same failures,
 * the same limits of time.  Exponential gaps follow from `seed`.
 */
void open_turn(struct loop *loop, uint64_t seed);

#endif
