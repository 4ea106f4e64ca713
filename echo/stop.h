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

/*
 * Block SIGINT and SIGTERM and return a descriptor that becomes readable when
 * one of them arrives.  It is never read: readable is all there is to know.
 * Output that waits for a reader stops waiting then, too (output_stop_at).  On
 * failure: one line on stderr, exit status 1.
 */
int stop_open(void);

/* Print the one-line summary of a run, from the counters. */
void stop_summary(void);

#endif
