/*
 * slower: makes epoll_lt_server spend a known share more CPU time.
 *
 * An instrument that compares CPU time should find a difference that we know.
 * This file is linked with the whole, unchanged epoll LT server, and with
 * `-Wl,--wrap=send` the linker lets each of its calls of send come here first.
 * Every BATCH sends, it burns CPU time until what it has burned is
 * SLOWER_PERCENT per cent of everything else that the process has used since
 * its first send. It burns by reading the clock of that CPU time: so what is
 * burned is known as exactly as what is used, and the cost of the clock is a
 * part of it.
 *
 *     SLOWER_PERCENT  what to burn, in per cent of the rest (0: nothing)
 *     SLOWER_REPORT   the file in which, at its end, it writes the CPU time in
 *                     ns that it used since the first send, and how much of
 *                     that was burned; so the true ratio to a server that is
 *                     not slowed down is used / (used - burned)
 *
 * A batch is small beside a turn of some milliseconds, and long enough that one
 * reading of the clock, 1.3 us on a virtual machine, is a small part of 3 %.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32 };

static uint64_t
    begun; /* all times in ns of the process's CPU time; 0: not yet */
static uint64_t burned;
static double share; /* of the rest */
static int sends;    /* since it last burned */

static uint64_t cpu_time(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void report(void)
{
    const char *path = getenv("SLOWER_REPORT");
    FILE *file = path != NULL && begun != 0 ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%ju %ju\n", (uintmax_t)(cpu_time() - begun),
            (uintmax_t)burned);
    fclose(file);
}

static void begin(void)
{
    const char *percent = getenv("SLOWER_PERCENT");

    if (percent != NULL)
        share = strtod(percent, NULL) / 100;
    begun = cpu_time();
    atexit(report);
}

static void burn(void)
{
    uint64_t entered = cpu_time();
    double rest = (double)(entered - begun - burned);
    double owed = share * rest - (double)burned;
    uint64_t now = entered;

    while ((double)(now - entered) < owed)
        now = cpu_time();
    burned += now - entered;
}

ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
    if (begun == 0)
        begin();
    if (++sends == BATCH) {
        sends = 0;
        burn();
    }
    return __real_send(fd, bytes, length, flags);
}
