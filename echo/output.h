/*
 * output: standard output, whose reader may be slow or gone, or whose disk
 * full.
 *
 * Three things can go wrong with a write to it.  A pipe or terminal that is not
 * being read fills up, and the write blocks; a program blocked there does not
 * react to SIGTERM.  The reader may have exited (`| head -1`): the write then
 * fails with EPIPE, and SIGPIPE ends a program that does not ignore it.  And a
 * full disk fails the write with ENOSPC, which is noticed only by a program
 * that looks at the result.
 */
#ifndef ECHO_OUTPUT_H
#define ECHO_OUTPUT_H

#include <stdbool.h>

/*
 * Ignore SIGPIPE and SIGXFSZ, so that a write which can't succeed returns an
 * error instead of ending the process: signal(7).  When the process exits,
 * flush standard output.  If anything printed was lost, the process then prints
 * one line on stderr and its exit status is 1; a reader that has gone away
 * wants no more, so that is not an error.  startup calls it.
 */
void output_start(void);

/*
 * Print whole lines on standard output, as printf(3) does, and write them at
 * once.  While there is no room for them, because nobody reads, this blocks,
 * but only until the descriptor of output_stop_at becomes readable; the lines
 * are then discarded.  After a write has failed no more is written: if the
 * reader has gone, silently; else this is said on stderr, and false returned.
 * At most 1 KiB is printed by one call.
 */
bool output_print(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * The same on stderr, behind the program's name and with a newline, as warnx(3)
 * does.  Errors are ignored: there is no place left to report them.
 */
void output_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Stop waiting for a reader when `fd` is readable: the signalfd of stop.h. */
void output_stop_at(int fd);

#endif
