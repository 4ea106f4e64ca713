/*
 * freeze: see freeze.h for the idea.
 */
#include "load/freeze.h"

#include "record/clock.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sysexits.h>
#include <unistd.h>

/* A pidfd can't mean another process that got the same number.  Some containers
 * forbid it; the number alone is nearly as good. */
static int send_to(const struct freeze *freeze, int signal_number)
{
    if (freeze->process == -1)
        return kill(freeze->pid, signal_number);
    return pidfd_send_signal(freeze->process, signal_number, NULL, 0);
}

/*
 * The guard.  Nothing is ever written into the pipe, but when the process at
 * its other end is gone, in whatever way, the read returns.  SIGCONT does
 * nothing to a process that isn't stopped.
 */
static _Noreturn void guard(int pipe_fd, const struct freeze *freeze)
{
    char byte;

    setsid(); /* Ctrl-C is for the processes of the terminal, not for us */
    while (read(pipe_fd, &byte, 1) == -1 && errno == EINTR)
        continue;
    send_to(freeze, SIGCONT);
    _exit(EXIT_SUCCESS);
}

static void start_guard(const struct freeze *freeze)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) == -1)
        err(EXIT_FAILURE, "--freeze: pipe2");
    pid_t pid = fork();
    if (pid == -1)
        err(EXIT_FAILURE, "--freeze: fork");
    if (pid == 0) {
        close(ends[1]);
        guard(ends[0], freeze);
    }
    close(ends[0]); /* the other end stays open as long as this process lives */
}

struct freeze freeze_prepare(pid_t pid, double at, double seconds)
{
    struct freeze freeze = {.pid = pid, .at = at, .seconds = seconds};

    if (pid == getpid())
        errx(EX_USAGE, "--freeze: pid=%d is loadgen itself", (int)pid);
    freeze.process = pidfd_open(pid, 0);
    /* Signal 0 is none, but whether it might be sent is looked at. */
    if (send_to(&freeze, 0) == -1)
        err(EX_USAGE, "--freeze: process %d can't be stopped", (int)pid);
    start_guard(&freeze);
    return freeze;
}

void freeze_begin(struct freeze *freeze, uint64_t begin)
{
    freeze->begin = begin;
    freeze->stopped = 0;
    freeze->continued = 0;
}

/* Send it, and note when. */
static bool signal_process(const struct freeze *freeze, int signal_number,
                           uint64_t *when)
{
    *when = clock_now();
    return send_to(freeze, signal_number) == 0;
}

bool freeze_step(struct freeze *freeze, uint64_t now)
{
    if (now < freeze_next(freeze))
        return true;
    if (freeze->stopped == 0)
        return signal_process(freeze, SIGSTOP, &freeze->stopped);
    return signal_process(freeze, SIGCONT, &freeze->continued);
}

uint64_t freeze_next(const struct freeze *freeze)
{
    if (freeze->pid == 0 || freeze->begin == 0 || freeze->continued != 0)
        return UINT64_MAX;
    if (freeze->stopped == 0)
        return freeze->begin + clock_seconds(freeze->at);
    /* From when it really was: it shall be as long as it was asked for. */
    return freeze->stopped + clock_seconds(freeze->seconds);
}

void freeze_end(struct freeze *freeze)
{
    if (freeze->stopped != 0 && freeze->continued == 0)
        signal_process(freeze, SIGCONT, &freeze->continued);
    freeze->begin = 0;
}
