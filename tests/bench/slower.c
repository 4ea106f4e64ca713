/*
 * slower: makes epoll_lt_server spend a known share more CPU time.
 *
 * An instrument that compares CPU time should find a difference that we know.
 * This file is linked with the whole, unchanged epoll LT server, and with
 * `-Wl,--wrap=send` the linker lets each of its calls of send come here.  After
 * every few of them it burns CPU time, until what it has burned is
 * SLOWER_PERCENT per cent of everything else that the process has used since
 * its first send.  It burns by reading the clock of that CPU time, which is the
 * one that loadgen reads (cpu_clock.h): so what is burned is known as exactly
 * as what is used, and the cost of the clock is a part of it.
 *
 *     SLOWER_PERCENT  what to burn, in per cent of the rest (0: nothing)
 *     SLOWER_REPORT   the file in which, at its end, it writes the CPU time in
 *                     ns that it used since the first send, and how much of
 *                     that was burned; so the true ratio to a server that is
 *                     not slowed down is used / (used - burned)
 *
 * It burns whenever BURN_NS should be due: many readings of the clock, which
 * take 1 to 3 us each on a virtual machine, and little beside a turn.
 */
#include "record/cpu_clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURN_NS = 20000 };

static struct cpu_clock cpu; /* of this process; all times in ns */
static uint64_t begun;
static double burned;
static double share; /* to burn, of the rest */
static uint64_t sends;
static uint64_t next = 1; /* how many sends it burns again after */

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

/* The first reading begins before `entered` and the last ends after `now`: half
 * a reading each, so one more than the clock shows. */
static void burn(void)
{
    uint64_t entered = cpu_clock_read(&cpu);
    uint64_t now;
    int readings = 0;
    double rest = (double)(entered - begun) - burned;
    double due = share * rest - burned;

    do {
        now = cpu_clock_read(&cpu);
        readings++;
    } while ((double)(now - entered) < due);
    burned += (double)(now - entered) * (readings + 1) / readings;
    next = sends + 1 + (uint64_t)(BURN_NS / (share * rest / (double)sends));
}

ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t sent = __real_send(fd, bytes, length, flags);

    if (sends == 0)
        begin();
    if (++sends >= next && share > 0)
        burn();
    return sent;
}
