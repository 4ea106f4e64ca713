/*
 * instructions: see instructions.h for the idea.
 */
#include "record/instructions.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel writes for the read_format below. */
struct reading {
    uint64_t instructions;
    uint64_t enabled; /* ns in which it should have counted ... */
    uint64_t running; /* ... and in which it did */
};

/* On whatever CPU it runs.  glibc has no function for this system call. */
static int open_counter(pid_t pid, bool with_kernel)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .read_format =
            PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .inherit = 1, /* by threads and children that begin later */
        .exclude_kernel = !with_kernel,
        .exclude_hv = 1,
    };

    return (int)syscall(SYS_perf_event_open, &attributes, pid, -1, -1,
                        PERF_FLAG_FD_CLOEXEC);
}

int instructions_open(pid_t pid, bool *with_kernel)
{
    int fd = open_counter(pid, true);

    *with_kernel = fd != -1;
    if (fd == -1 && (errno == EACCES || errno == EPERM))
        fd = open_counter(pid, false);
    return fd;
}

int64_t instructions_read(int fd)
{
    struct reading reading;

    if (fd == -1 ||
        read(fd, &reading, sizeof(reading)) != (ssize_t)sizeof(reading) ||
        reading.running < reading.enabled)
        return -1;
    return (int64_t)reading.instructions;
}
