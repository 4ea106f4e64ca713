/*
 * surroundings: what a process inherits from the one that started it, and what
 * must not change the verdict on a server.
 *
 * Signals may be blocked or ignored, a timer may run, descriptors and limits
 * may be anything (a shell, cron, a container and a CI runner all differ), and
 * a server started by us would inherit it all in turn.
 */
#ifndef CONFORMANCE_SURROUNDINGS_H
#define CONFORMANCE_SURROUNDINGS_H

/*
 * Set back what can be set back.  Ends the process with one line on stderr when
 * there is no standard output or the limits are too low.  Call it first in
 * main.
 */
void surroundings_set_back(void);

/*
 * No signal is blocked or ignored: for a case, whose servers are to find them
 * as they would be in a shell.
 */
void surroundings_reset_signals(void);

#endif
