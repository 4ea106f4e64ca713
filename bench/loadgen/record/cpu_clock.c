/*
 * cpu_clock: see cpu_clock.h for the idea.
 */
#include "record/cpu_clock.h"

#include "record/clock.h"

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A folder has a link from each folder in it, and two of its own. */
static bool has_one_thread(pid_t pid)
{
    char path[64];
    struct stat tasks;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    return stat(path, &tasks) == 0 && tasks.st_nlink == 3;
}

/* Without `exclude_kernel` it may be forbidden.  This clock doesn't heed it. */
static int open_event(pid_t pid)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_SW_TASK_CLOCK,
        .inherit = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };

    return (int)syscall(SYS_perf_event_open, &attributes, pid, -1, -1,
                        PERF_FLAG_FD_CLOEXEC);
}

int cpu_clock_open(struct cpu_clock *clock, pid_t pid)
{
    clock->event_fd = has_one_thread(pid) ? open_event(pid) : -1;
    return clock_getcpuclockid(pid, &clock->id);
}

void cpu_clock_close(const struct cpu_clock *clock)
{
    if (clock->event_fd != -1)
        close(clock->event_fd);
}

uint64_t cpu_clock_read(const struct cpu_clock *clock)
{
    uint64_t ns;

    if (clock->event_fd != -1 &&
        read(clock->event_fd, &ns, sizeof(ns)) == (ssize_t)sizeof(ns))
        return ns;
    return clock_read(clock->id);
}
