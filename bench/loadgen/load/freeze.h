/*
 * freeze: stop the server for a known time, to see which figures show it.
 *
 * A process that got SIGSTOP does nothing at all until SIGCONT (signal(7)); the
 * kernel goes on taking what its clients send.  How long each of them waited is
 * then known by arithmetic, and a way of measuring can be held against it: a
 * closed loop sees one slow echo per connection, and hides how many messages
 * would have come in the meantime (coordinated omission).
 *
 * A server that stays stopped would be worse than a wrong figure: not even
 * SIGTERM ends it.  So a guard, a process of its own, waits until this one has
 * ended, for whatever reason, and then sends SIGCONT.
 */
#ifndef LOADGEN_FREEZE_H
#define LOADGEN_FREEZE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All zero: nothing will be stopped. */
struct freeze {
    pid_t pid;          /* the server's process; 0: none */
    int process;        /* its pidfd (pidfd_open(2)); -1: forbidden here */
    double at;          /* s into the window ... */
    double seconds;     /* ... and how long: as asked for */
    uint64_t begin;     /* the window's, on clock_now's clock; 0: not yet */
    uint64_t stopped;   /* when it really was; 0: not yet */
    uint64_t continued; /*  "  */
};

/*
 * Get ready to stop process `pid` `at` seconds into each window for `seconds`,
 * and start the guard.  To be called before anything is measured: it forks.  On
 * failure, also when the process may not be stopped: one line on stderr that
 * names the option, and exit status 64.
 */
struct freeze freeze_prepare(pid_t pid, double at, double seconds);

/* The window begins now, at `begin` on clock_now's clock. */
void freeze_begin(struct freeze *freeze, uint64_t begin);

/*
 * Do what is due at `now`: stop or continue it, once each in a window.  False,
 * with errno set, when there is no such process any more.
 */
bool freeze_step(struct freeze *freeze, uint64_t now);

/* When freeze_step has to be called next, in ns; UINT64_MAX: not any more. */
uint64_t freeze_next(const struct freeze *freeze);

/* Whatever was planned: the process goes on from here. */
void freeze_end(struct freeze *freeze);

#endif
