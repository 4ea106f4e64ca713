/*
 * cpu_clock: the CPU time of a process, exact to the moment of reading.
 *
 * While a process runs, the kernel adds its time up at each timer tick and when
 * it goes to sleep, so its CPU clock (clock_getcpuclockid(3)), read by another
 * process, is up to a tick behind: 4 ms of a window of 20, for a server that is
 * too busy to sleep.  Seen here: steps of 4 or 8 ms.  A perf event knows better
 * (perf_event_open(2), PERF_COUNT_SW_TASK_CLOCK, for which no hardware counter
 * is needed): reading it interrupts the CPU on which the process runs, and asks
 * there.  That takes some 60 us on a virtual machine, if the process runs.
 *
 * The event starts to count when the switch to the process is complete; the CPU
 * clock starts before it.  Where the CPU was idle that makes no difference.
 * Where it comes from another process, the switch of address spaces is the
 * neighbour's doing, and the event leaves it out: for a server that slept
 * before each echo, beside neighbours that never did, the CPU clock showed
 * 86 us per echo and the event 41.
 *
 * The event follows the main thread, and each thread and child that begins
 * later.  Where a process has other threads already, or the event is forbidden
 * (perf_event_paranoid), the CPU clock has to do.
 */
#ifndef LOADGEN_CPU_CLOCK_H
#define LOADGEN_CPU_CLOCK_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct cpu_clock {
    int event_fd; /* -1: not available */
    clockid_t id; /* used without it */
};

/*
 * Get ready to read the CPU time of process `pid`, in `clock`.  Returns 0, or
 * an errno (ESRCH: there is no such process).
 */
int cpu_clock_open(struct cpu_clock *clock, pid_t pid);

/* Close its descriptor, if it has one. */
void cpu_clock_close(const struct cpu_clock *clock);

/* The CPU time so far in ns; only differences mean something.  0 when it can't
 * be read: the process has ended. */
uint64_t cpu_clock_read(const struct cpu_clock *clock);

#endif
