/*
 * interrupt: Ctrl-C and SIGTERM end the run, but what was measured stays.
 *
 * The handler only notes the signal; the loops check the note before every
 * wait.  A signal that arrives between the check and the wait is seen late, so
 * no wait for a server is longer than INTERRUPT_LATENCY_MS.
 */
#ifndef LOADGEN_INTERRUPT_H
#define LOADGEN_INTERRUPT_H

enum { INTERRUPT_LATENCY_MS = 100 };

/* No pass of a loop takes that long unless this process could not run. */
enum { PAUSE_MS = 5 * INTERRUPT_LATENCY_MS };

/* Note SIGINT and SIGTERM from now on.  A second one ends the process. */
void interrupt_watch(void);

/* The signal that came, or 0. */
int interrupt_signal(void);

#endif
