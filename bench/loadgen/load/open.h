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
 *     lag             how late the generator itself was: from the moment when
 *                     the message could have left to when it did
 *
 * A message is recorded if its intended time lies in the window, even when its
 * reply comes in the drain; else the slowest replies would be missing.
 *
 * Waiting: epoll_pwait2(2) with nanoseconds, a timer slack of 1 ns
 * (PR_SET_TIMERSLACK, prctl(2)), and the last 200 us awake, because waking up
 * takes 50 us and more.  For the same reason it stays awake for the first
 * 200 us after a message has left: else the time to wake up would be measured
 * as if the server had used it.  Awake means polling for events; time in which
 * none came is counted as `spin`.  With only one CPU it always sleeps, because
 * the server needs that CPU.
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
 * One turn of `loop`, which loop_open has prepared, with the same failures and
 * the same time limits as closed_turn.  Exponential gaps follow from `seed`.
 */
void open_turn(struct loop *loop, uint64_t seed);

#endif
