/*
 * narrate: --verbose, each event in a sentence on standard output.
 *
 * A sentence costs far more than the event that it describes, so code on the
 * hot path asks `if (narrating)` first and pays for one test of a flag.
 */
#ifndef ECHO_NARRATE_H
#define ECHO_NARRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Was --verbose given?  False until narrate_start. */
extern bool narrating;

/* Begin to narrate.  Each sentence is written at once: output_print. */
void narrate_start(void);

/*
 * Print one sentence, as printf(3) does, with a newline; silent by default.  At
 * most 511 bytes of it.
 */
void narrate(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Narrate that the system call `call` is about to wait for at most `timeout_ms`
 * milliseconds (-1: no limit), as in poll(2).
 */
void narrate_waiting(const char *call, int timeout_ms);

/* Narrate that `call` has returned and found `nready` descriptors ready. */
void narrate_ready(const char *call, int nready);

/* A flag of poll or epoll, and what it is called. */
struct flag_name {
    uint32_t flag;
    const char *name;
};

/*
 * Print the names of the flags that were reported for `descriptor`, joined by
 * "|".
 * `names` ends with a NULL name; a flag that is not among them is left out.
 */
void narrate_flags(int descriptor, uint32_t flags,
                   const struct flag_name names[]);

/*
 * Narrate that `length` bytes were received, and show the first of them; a byte
 * that can't be printed is shown as a dot.
 */
void narrate_received(int descriptor, const char *bytes, size_t length);

/* Narrate that `sent` bytes were sent and `owed` are still to be sent. */
void narrate_sent(int descriptor, size_t sent, size_t owed);

#endif
