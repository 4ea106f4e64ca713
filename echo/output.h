/*
 * output: standard output, which may be slow, full, or without a reader.
 *
 * Three things can go wrong with a write to it.  A pipe or terminal that is not
 * being read fills up, and the write blocks; a program blocked there does not
 * react to SIGTERM.  The reader may have exited (`| head -1`): the write then
 * fails with EPIPE, and SIGPIPE ends a program that does not ignore it.  And a
 * full disk fails the write with ENOSPC, which is noticed only by a program
 * that checks the result.
 */
#ifndef ECHO_OUTPUT_H
#define ECHO_OUTPUT_H

#include <stdbool.h>

/*
 * Ignore SIGPIPE and SIGXFSZ, so that a write which can't succeed returns an
 * error instead of ending the process, and let SIGALRM interrupt one that
 * blocks: signal(7).  When the process exits, flush standard output.  If
 * anything printed was lost, the process then prints one line on stderr and its
 * exit status is 1; a reader that has gone away wants no more, so that is not
 * an error.  startup calls it.
 */
void output_start(void);

/*
 * Print whole lines on standard output, as printf(3) does, and write them at
 * once.  While there is no room for them, because nothing is read, this blocks,
 * but only until it is time to stop (stop_is_pending).  After that, and after a
 * write has failed, no more is written.  If the reader has gone, that is
 * silent; any other error is printed on stderr, and the result is false.  At
 * most 1 KiB is printed by one call.
 */
bool output_print(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * The same on stderr, behind the program's name and with a newline, as warnx(3)
 * does.  Errors are ignored: there is no place left to report them.
 */
void output_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
