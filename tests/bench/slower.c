/*
 * slower: makes epoll_lt_server spend a known share more CPU time.
 *
 * An instrument that compares CPU time should find a difference that we know.
 * This file is linked with the whole, unchanged epoll LT server, and with
 * `-Wl,--wrap=send` the linker lets each of its calls of send come here.  After
 * every few of them it burns CPU time: in the end, SLOWER_PERCENT per cent of
 * everything else that the process has used since its first send.
 *
 *     SLOWER_PERCENT  what to burn, in per cent of the rest (0: nothing)
 *     SLOWER_REPORT   the file in which, at its end, it writes the CPU time in
 *                     ns that it used since the first send, and how much of
 *                     that was burned; so the true ratio to a server that is
 *                     not slowed down is used / (used - burned)
 *
 * What the process has used is read from the clock that loadgen reads
 * (cpu_clock.h).  That takes some microseconds, so it is done rarely and counts
 * as burned; in between, BURN_NS at a time are burned by reading a clock that
 * takes no system call, and leaves the caches as they are.  A gap between two
 * such readings is time in which this process did not run.
 */
#include "record/clock.h"
#include "record/cpu_clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURN_NS = 2000, GAP_NS = 5000, SENDS_PER_READING = 256 };

static struct cpu_clock cpu; /* of this process; all times in ns */
static uint64_t begun;
static double burned;
static double share;    /* to burn, of the rest */
static double due;      /* to burn now; less than 0: it was more already */
static double per_send; /* to burn for each send */
static uint64_t sends;

static void report(void)
{
    const char *path = getenv("SLOWER_REPORT");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%ju %.0f\n", (uintmax_t)(cpu_clock_read(&cpu) - begun),
            burned);
    fclose(file);
}

static void begin(void)
{
    const char *percent = getenv("SLOWER_PERCENT");

    if (percent != NULL)
        share = strtod(percent, NULL) / 100;
    cpu_clock_open(&cpu, getpid());
    begun = cpu_clock_read(&cpu);
    atexit(report);
}

/* Compare what was burned with what should have been. */
static void take_stock(void)
{
    uint64_t entered = clock_now();
    double used = (double)(cpu_clock_read(&cpu) - begun);
    uint64_t reading = clock_now() - entered;
    double rest = used - burned;

    if (reading < 10 * GAP_NS)
        burned += (double)reading;
    due = share * rest - burned;
    per_send = share * rest / (double)sends;
}

static void burn(void)
{
    uint64_t last = clock_now();
    double spent = 0;

    while (spent < due) {
        uint64_t now = clock_now();
        if (now - last < GAP_NS)
            spent += (double)(now - last);
        last = now;
    }
    burned += spent;
    due -= spent;
}

ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t sent = __real_send(fd, bytes, length, flags);

    if (sends == 0)
        begin();
    due += per_send;
    if (++sends % SENDS_PER_READING == 0 && share > 0)
        take_stock();
    if (due >= BURN_NS)
        burn();
    return sent;
}
