/*
 * startup: begin in the same state, however the program was started.
 *
 * A process inherits more than its arguments: open descriptors, the signals
 * that its parent ignored or had blocked (execve(2), signal(7)).  A program
 * that is started by a script, a test or another runtime must not behave
 * differently for that.
 */
#ifndef ECHO_STARTUP_H
#define ECHO_STARTUP_H

/*
 * Call it first in main.
 *
 * - Descriptors 0, 1 and 2 are open, on /dev/null if need be.  (With 2>&- the
 *   next socket would be number 2, and error messages would go to a client.)
 * - No alarm(2) is pending, which execve(2) would keep.
 * - No signal is blocked, and an inherited "ignore" is reset, except for SIGHUP
 *   (nohup(1)) and for SIGINT and SIGQUIT (a shell's `&`).
 * - Then output_start, which ignores SIGPIPE and SIGXFSZ.
 */
void startup(void);

/*
 * Close all descriptors above 2.  A server that is left running would otherwise
 * keep open whatever its parent forgot to close, such as the end of a pipe that
 * another program reads to its end.
 */
void startup_close_inherited(void);

#endif
