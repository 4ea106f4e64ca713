/*
 * idle: what to do when nothing happens.
 *
 * Three things wait for time to pass: --idle-timeout closes a silent
 * connection, --quit-after ends an unused server, and a full server tries its
 * listener again.  None of them needs a timer: the wait call has a timeout, and
 * idle_wait_ms computes it.
 *
 * The connections are kept in the order of their last activity, the quietest
 * first.  A connection that moves bytes goes to the end, so the list is always
 * sorted, only its head has to be checked, and each step costs O(1).
 *
 * Each function reads the clock itself.  A server can be stopped between any
 * two of its lines, by Ctrl-Z, a debugger, or a terminal that takes no more
 * output, and a reading of the clock from before such a stop is useless.
 */
#ifndef ECHO_IDLE_H
#define ECHO_IDLE_H

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct listener;

/* Set both timeouts, in seconds; 0 means never.  The clock starts here. */
void idle_start(int idle_timeout, int quit_after);

/*
 * Monotonic time in milliseconds.  The coarse clock may lag by a few of them,
 * but costs only nanoseconds and no system call: clock_gettime(2).
 */
int64_t idle_now(void);

/*
 * For a new connection, for one that moved bytes or that has something to move,
 * and for one that is closing.  Each of these is an event for --quit-after.  A
 * ready listener is none: a full server finds it ready at each retry and can do
 * nothing.
 */
void idle_add(struct connection *connection);
void idle_touch(struct connection *connection);
void idle_remove(struct connection *connection);

/*
 * The quietest connection, if the server has moved none of its bytes for
 * --idle-timeout seconds; else NULL.  Check connection_is_ready before you
 * close it: bytes may have arrived that the server has not seen yet.
 */
struct connection *idle_expired(void);

/*
 * Had --quit-after already run out when the last wait began?  (What matters is
 * not the time now: an event that came during or after that wait may be
 * reported only by the next one.)  Call it after handling everything that the
 * wait has reported.
 */
bool idle_quit_is_due(void);

/*
 * How long the next wait may take, in milliseconds, until one of the three is
 * due; -1 is no limit, as in poll(2) and epoll_wait(2).
 */
int idle_wait_ms(const struct listener *listener);

#endif
