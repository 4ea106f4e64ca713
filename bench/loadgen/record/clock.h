/*
 * clock: nanoseconds, for the programs that measure.
 */
#ifndef LOADGEN_CLOCK_H
#define LOADGEN_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/*
 * What `clock` shows, in ns; 0 when it can't be read (the CPU clock of a
 * process that has ended).
 */
static inline uint64_t clock_read(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) == -1)
        return 0;
    return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

/*
 * Now, in ns since some moment in the past.  The monotonic clock is never set
 * back or forward, and reading it takes no system call (vdso(7)).
 */
static inline uint64_t clock_now(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

/* Seconds as people write them, in ns. */
static inline uint64_t clock_seconds(double seconds)
{
    return (uint64_t)(seconds * (double)NS_PER_SECOND);
}

#endif
