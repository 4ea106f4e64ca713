/*
 * usage: what server and generator have used, read from outside.
 *
 * The server isn't asked: the kernel keeps its CPU time (cpu_clock.h), its
 * context switches and its memory (proc(5)), and a server of this project keeps
 * its counters in a file that we map.
 *
 * A reading at each end of a window, and the differences are the window's.
 * That takes about 0.1 ms.  What takes longer is read at the ends of a trial
 * only.
 */
#ifndef LOADGEN_USAGE_H
#define LOADGEN_USAGE_H

#include "counters.h"
#include "record/cpu_clock.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What can be read. */
struct usage {
    pid_t pid;                       /* 0: none was given */
    struct cpu_clock clock;          /* the server's CPU time */
    int instructions_fd;             /* -1: this machine can't count them */
    const struct counters *counters; /* NULL: none were given */
    cpu_set_t allowed; /* where this process might run when it started */
};

/* Everything grows from some start; only differences mean something. */
struct reading {
    uint64_t now;           /* ns, clock_now() */
    uint64_t generator_cpu; /* ns, this process */
    uint64_t server_cpu;    /* ns, all threads; 0: unknown, or it has ended */
    int64_t instructions;   /* of the server; -1: unknown */
    int64_t waited; /* ns, server and generator: they could have run, but
                       other processes had their CPUs; -1: unknown */
    struct counters counters;
};

/*
 * Get ready to read what process `pid` (0: none) uses, and the counters in the
 * file `counters` (NULL: none), of the server called `name`.  On failure: one
 * line on stderr that names the server, and exit status 64.
 */
struct usage usage_open(const char *name, pid_t pid, const char *counters);

/* Close its descriptors: here it won't be read any more. */
void usage_close(const struct usage *usage);

/* One reading. */
struct reading usage_read(const struct usage *usage);

/* From one reading to the next; 0 when the second is missing. */
static inline uint64_t usage_between(uint64_t begin, uint64_t end)
{
    return end > begin ? end - begin : 0;
}

/* Add the increase of all counters from `begin` to `end` to `sum`; those that
 * don't only grow become what they are at the end. */
void usage_add_counters(struct counters *sum, const struct counters *begin,
                        const struct counters *end);

/*
 * How many CPUs there are for the `count` servers of `usages` and the generator
 * together, from the affinity of all (sched_getaffinity(2)).  A server without
 * a pid is taken to run wherever this process was allowed to when it started.
 */
int usage_cpus(const struct usage usages[], size_t count);

/* How often the main thread of a process left its CPU. */
struct switches {
    uint64_t voluntary;   /* it slept */
    uint64_t involuntary; /* its time was up */
};

/* So far, by the server; zeros when that is unknown. */
struct switches usage_switches(const struct usage *usage);

/* ns that the hypervisor gave to other guests so far, all CPUs together, in
 * steps of 10 ms. */
uint64_t usage_stolen(void);

/*
 * The server's anonymous memory in bytes: heap, stack and other data of its
 * own, exact to the page.  -1 when it isn't known.  The kernel walks the page
 * tables for it: nothing to do inside a window.
 */
int64_t usage_memory(const struct usage *usage);

/* Memory in the kernel, of the whole machine; -1: it can't be read. */
struct kernel_memory {
    int64_t slab_bytes; /* /proc/meminfo, Slab: sockets, files, epoll items */
    int64_t tcp_bytes;  /* /proc/net/sockstat, TCP mem: data in its buffers */
};

/*
 * What the kernel uses now for all processes together: it keeps no account of a
 * single one.  So only growth over many connections means something, on a
 * machine that does nothing else.  And both ends of a connection on loopback
 * are in it: ours, too.
 *
 * The kernel counts in whole pages, keeps some of them on each CPU before it
 * adds them up, and gives memory back late.  So measure from fewer connections
 * to more, with thousands between the steps.
 */
struct kernel_memory usage_kernel(void);

#endif
