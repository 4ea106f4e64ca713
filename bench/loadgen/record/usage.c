/*
 * usage: see usage.h for the idea.
 */
#include "record/usage.h"

#include "record/clock.h"
#include "record/instructions.h"

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

struct usage usage_open(const char *name, pid_t pid, const char *counters)
{
    struct usage usage = {.pid = pid, .instructions_fd = -1};
    bool with_kernel;

    sched_getaffinity(0, sizeof(usage.allowed), &usage.allowed);
    if (pid != 0) {
        int error = cpu_clock_open(&usage.clock, pid);
        if (error != 0)
            errx(EX_USAGE, "%s: pid=%d: %s", name, (int)pid, strerror(error));
        usage.instructions_fd = instructions_open(pid, &with_kernel);
    }
    if (counters != NULL) {
        usage.counters = counters_map(counters);
        if (usage.counters == NULL)
            err(EX_USAGE, "%s: counters=%s: no counters there", name, counters);
    }
    return usage;
}

void usage_close(const struct usage *usage)
{
    if (usage->instructions_fd != -1)
        close(usage->instructions_fd);
    if (usage->pid != 0)
        cpu_clock_close(&usage->clock);
}

/* The text of a file of /proc, or false. */
static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1)
        return false;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool read_of_server(const struct usage *usage, const char *name,
                           char *text, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)usage->pid, name);
    return usage->pid != 0 && read_text(path, text, size);
}

/* The number behind `label`, or -1. */
static int64_t number_after(const char *text, const char *label)
{
    const char *found = strstr(text, label);

    return found == NULL ? -1 : strtoll(found + strlen(label), NULL, 10);
}

/* The second number of a schedstat is the time spent in a run queue, in ns.  Of
 * a process it is that of its main thread. */
static int64_t waited(const char *schedstat)
{
    int64_t ns;

    return sscanf(schedstat, "%*s %" SCNd64, &ns) == 1 ? ns : -1;
}

/* How long generator and server, if we know which it is, have waited. */
static int64_t both_waited(const struct usage *usage)
{
    char text[128];
    int64_t own = -1;
    int64_t servers = usage->pid == 0 ? 0 : -1;

    if (read_text("/proc/self/schedstat", text, sizeof(text)))
        own = waited(text);
    if (read_of_server(usage, "schedstat", text, sizeof(text)))
        servers = waited(text);
    return own == -1 || servers == -1 ? -1 : own + servers;
}

struct reading usage_read(const struct usage *usage)
{
    struct reading reading = {.now = clock_now()};

    if (usage->pid != 0)
        reading.server_cpu = cpu_clock_read(&usage->clock);
    reading.waited = both_waited(usage);
    reading.instructions = instructions_read(usage->instructions_fd);
    reading.generator_cpu = clock_read(CLOCK_PROCESS_CPUTIME_ID);
    if (usage->counters != NULL)
        reading.counters = *usage->counters;
    return reading;
}

/* struct counters is all numbers of 64 bits, the first of them no count. */
void usage_add_counters(struct counters *sum, const struct counters *begin,
                        const struct counters *end)
{
    uint64_t *sums = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)begin;
    const uint64_t *to = (const uint64_t *)end;

    for (size_t i = 1; i < sizeof(*sum) / sizeof(*sums); i++)
        sums[i] += usage_between(from[i], to[i]);
    sum->connections = end->connections;
    sum->connections_peak = end->connections_peak;
}

int usage_cpus(const struct usage usages[], size_t count)
{
    cpu_set_t all;
    cpu_set_t server;

    CPU_ZERO(&all);
    sched_getaffinity(0, sizeof(all), &all);
    for (size_t i = 0; i < count; i++) {
        if (usages[i].pid == 0)
            CPU_OR(&all, &all, &usages[i].allowed);
        else if (sched_getaffinity(usages[i].pid, sizeof(server), &server) == 0)
            CPU_OR(&all, &all, &server);
    }
    /* More CPUs than a cpu_set_t holds: not known, but not one. */
    return CPU_COUNT(&all) > 0 ? CPU_COUNT(&all) : get_nprocs();
}

struct switches usage_switches(const struct usage *usage)
{
    char text[4096];

    if (!read_of_server(usage, "status", text, sizeof(text)))
        return (struct switches){0, 0};
    return (struct switches){
        (uint64_t)number_after(text, "\nvoluntary_ctxt_switches:"),
        (uint64_t)number_after(text, "\nnonvoluntary_ctxt_switches:"),
    };
}

/* The first line: "cpu user nice system idle iowait irq softirq steal". */
uint64_t usage_stolen(void)
{
    char text[256];
    uint64_t ticks = 0;

    if (!read_text("/proc/stat", text, sizeof(text)) ||
        sscanf(text, "cpu %*s %*s %*s %*s %*s %*s %*s %" SCNu64, &ticks) != 1)
        return 0;
    return ticks * (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

int64_t usage_memory(const struct usage *usage)
{
    char text[4096];
    int64_t kib = -1;

    if (read_of_server(usage, "smaps_rollup", text, sizeof(text)))
        kib = number_after(text, "\nAnonymous:");
    return kib == -1 ? -1 : kib * 1024;
}

struct kernel_memory usage_kernel(void)
{
    int64_t slab = -1;
    int64_t tcp = -1;
    char text[4096];

    if (read_text("/proc/meminfo", text, sizeof(text)))
        slab = number_after(text, "\nSlab:");
    /* "TCP: inuse 5 orphan 0 tw 0 alloc 7 mem 2": the last one in pages. */
    if (read_text("/proc/net/sockstat", text, sizeof(text)) &&
        strstr(text, "TCP:") != NULL)
        tcp = number_after(strstr(text, "TCP:"), " mem ");
    return (struct kernel_memory){
        .slab_bytes = slab == -1 ? -1 : slab * 1024,
        .tcp_bytes = tcp == -1 ? -1 : tcp * sysconf(_SC_PAGESIZE),
    };
}
