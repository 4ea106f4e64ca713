/*
 * usage: see usage.h for the idea.
 */
#include "record/usage.h"

#include "record/clock.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sysexits.h>
#include <unistd.h>

static int open_proc(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

struct usage usage_open(pid_t pid, const char *counters)
{
    struct usage usage = {.pid = pid, .stat_fd = -1, .status_fd = -1};

    sched_getaffinity(0, sizeof(usage.allowed), &usage.allowed);
    usage.machine_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    if (pid != 0) {
        int error = clock_getcpuclockid(pid, &usage.clock);
        if (error != 0)
            errx(EX_USAGE, "--pid=%d: %s", (int)pid, strerror(error));
        usage.stat_fd = open_proc(pid, "stat");
        usage.status_fd = open_proc(pid, "status");
    }
    if (counters != NULL) {
        usage.counters = counters_map(counters);
        if (usage.counters == NULL)
            err(EX_USAGE, "--counters=%s: no counters there", counters);
    }
    return usage;
}

/* A file of /proc makes its text anew for every read from its beginning. */
static bool read_text(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
    return ticks * (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The number behind `label`; 0 when it isn't there. */
static uint64_t number_after(const char *text, const char *label)
{
    const char *found = strstr(text, label);

    return found == NULL ? 0 : strtoull(found + strlen(label), NULL, 10);
}

static void take_times(int fd, struct snapshot *snapshot)
{
    char text[1024];
    uint64_t user = 0;
    uint64_t system = 0;

    if (!read_text(fd, text, sizeof(text)))
        return;
    /* The second field is the program's name in parentheses, and may hold
     * anything; the times are the fields 14 and 15. */
    const char *rest = strrchr(text, ')');
    if (rest == NULL ||
        sscanf(rest + 1,
               " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64
               " %" SCNu64,
               &user, &system) != 2)
        return;
    snapshot->server_user = ticks_to_ns(user);
    snapshot->server_system = ticks_to_ns(system);
}

static void take_switches(int fd, struct snapshot *snapshot)
{
    char text[4096];

    if (!read_text(fd, text, sizeof(text)))
        return;
    snapshot->voluntary = number_after(text, "\nvoluntary_ctxt_switches:");
    snapshot->involuntary = number_after(text, "nonvoluntary_ctxt_switches:");
}

/* The first line: "cpu user nice system idle iowait irq softirq steal". */
static void take_stolen(int fd, struct snapshot *snapshot)
{
    char text[256];
    uint64_t stolen = 0;

    if (read_text(fd, text, sizeof(text)) &&
        sscanf(text, "cpu %*s %*s %*s %*s %*s %*s %*s %" SCNu64, &stolen) == 1)
        snapshot->stolen = ticks_to_ns(stolen);
}

struct snapshot usage_take(const struct usage *usage)
{
    struct snapshot snapshot = {.now = clock_now()};

    snapshot.generator_cpu = clock_read(CLOCK_PROCESS_CPUTIME_ID);
    if (usage->counters != NULL)
        snapshot.counters = *usage->counters;
    if (usage->pid != 0) {
        snapshot.server_cpu = clock_read(usage->clock);
        take_times(usage->stat_fd, &snapshot);
        take_switches(usage->status_fd, &snapshot);
    }
    take_stolen(usage->machine_fd, &snapshot);
    return snapshot;
}

int usage_cpus(const struct usage *usage)
{
    cpu_set_t both = usage->allowed;
    cpu_set_t server;

    if (usage->pid != 0 && sched_getaffinity(0, sizeof(both), &both) == 0 &&
        sched_getaffinity(usage->pid, sizeof(server), &server) == 0)
        CPU_OR(&both, &both, &server);
    /* More CPUs than a cpu_set_t holds: not known, but not one. */
    return CPU_COUNT(&both) > 0 ? CPU_COUNT(&both) : get_nprocs();
}

int64_t usage_memory(const struct usage *usage)
{
    char text[4096];
    int64_t bytes = -1;

    if (usage->pid == 0)
        return -1;
    int fd = open_proc(usage->pid, "smaps_rollup");
    if (fd == -1)
        return -1;
    if (read_text(fd, text, sizeof(text)))
        bytes = (int64_t)number_after(text, "\nAnonymous:") * 1024;
    close(fd);
    return bytes;
}

static bool read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1)
        return false;
    bool worked = read_text(fd, text, size);
    close(fd);
    return worked;
}

struct kernel_memory usage_kernel(void)
{
    struct kernel_memory memory = {.slab_bytes = -1, .tcp_bytes = -1};
    char text[4096];

    if (read_file("/proc/meminfo", text, sizeof(text)) &&
        strstr(text, "\nSlab:") != NULL)
        memory.slab_bytes = (int64_t)number_after(text, "\nSlab:") * 1024;
    if (!read_file("/proc/net/sockstat", text, sizeof(text)))
        return memory;
    /* "TCP: inuse 5 orphan 0 tw 0 alloc 7 mem 2": the last one in pages. */
    const char *tcp = strstr(text, "TCP:");
    if (tcp != NULL && strstr(tcp, " mem ") != NULL)
        memory.tcp_bytes =
            (int64_t)number_after(tcp, " mem ") * sysconf(_SC_PAGESIZE);
    return memory;
}
