/*
 * inherit: a program inherits more than its arguments, and not all of it can be
 * relied on.
 *
 * Blocked signals stay blocked across execve(2): a program whose parent blocked
 * SIGTERM would never be ended by one.  What the parent ignored stays ignored.
 * Standard input, output or error may be closed: the next file that is opened
 * would take its place.  And a write to a pipe without a reader, or past the
 * limit of a file's size, ends the process (signal(7)).
 */
#ifndef BENCH_INHERIT_H
#define BENCH_INHERIT_H

#include "options.h"
#include "output.h"

#include <signal.h>

/*
 * Start as from a fresh shell; call it first in main.  An ignored SIGINT or
 * SIGHUP is left alone: so do a shell with `&`, and nohup(1), start a program.
 */
static inline void inherit_nothing(void)
{
    sigset_t none;

    output_start();
    options_fill_descriptors();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
}

#endif
