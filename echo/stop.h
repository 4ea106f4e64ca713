/*
 * stop: SIGINT and SIGTERM as one more descriptor to watch.
 *
 * A handler that sets a flag has a race: a signal that comes after the check of
 * the flag and before the wait is noticed only at the next event.  pselect,
 * ppoll and epoll_pwait close that race by unblocking the signal only while
 * they wait; but as long as they find a descriptor ready they return at once
 * and deliver no signal, so a busy server would never notice one.
 * A signalfd(2) is reported beside the other ready descriptors, busy or not.
 */
#ifndef ECHO_STOP_H
#define ECHO_STOP_H

#include <stdbool.h>

/*
 * Block SIGINT and SIGTERM and return a descriptor that becomes readable when
 * one of them arrives.  It is never read: that it is readable says everything.
 * On failure: one line on stderr, exit status 1.
 */
int stop_open(void);

/*
 * Has one of them arrived?  For code that can't watch the descriptor just now:
 * sigpending(2).
 */
bool stop_is_pending(void);

/* Print the one-line summary of a run, from the counters. */
void stop_summary(void);

#endif
