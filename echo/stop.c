#include "stop.h"

#include "counters.h"
#include "output.h"

#include <err.h>
#include <errno.h> /* program_invocation_short_name */
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>

int stop_open(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);

    /*
     * A blocked signal is kept for the signalfd even if it is ignored, as
     * SIGINT is in a program that a shell script starts with `&`.
     */
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        err(EXIT_FAILURE, "sigprocmask");

    int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        err(EXIT_FAILURE, "signalfd");
    return fd;
}

bool stop_is_pending(void)
{
    sigset_t pending;

    sigpending(&pending);
    return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM);
}

void stop_summary(void)
{
    output_print("%.200s: %llu connection%s, at most %llu at once, %llu bytes "
                 "received, %llu sent\n",
                 program_invocation_short_name,
                 (unsigned long long)counters->connections_total,
                 counters->connections_total == 1 ? "" : "s",
                 (unsigned long long)counters->connections_peak,
                 (unsigned long long)counters->bytes_received,
                 (unsigned long long)counters->bytes_sent);
}
