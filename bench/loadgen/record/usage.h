/*
 * usage: what the server and the generator have used, read from outside.
 *
 * The server isn't asked and isn't slowed down: the kernel keeps its CPU clock
 * (clock_getcpuclockid(3)), its context switches and its memory (proc(5)), and
 * a server of this project keeps its counters in a file that we map.
 *
 * A snapshot at each end of the window, and the differences are the window's.
 * It takes some 0.1 ms, during which replies wait: that is seen in the latency
 * of as many echoes as there are active connections, once.
 */
#ifndef LOADGEN_USAGE_H
#define LOADGEN_USAGE_H

#include "counters.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* What can be looked at. */
struct usage {
    pid_t pid;                       /* 0: none was given */
    clockid_t clock;                 /* the server's CPU time */
    int stat_fd;                     /* /proc/PID/stat */
    int status_fd;                   /* /proc/PID/status */
    int machine_fd;                  /* /proc/stat */
    const struct counters *counters; /* NULL: none were given */
    cpu_set_t allowed; /* where this process might run when it started */
};

/* Everything grows from some start; only differences mean something. */
struct snapshot {
    uint64_t now;           /* ns, clock_now() */
    uint64_t generator_cpu; /* ns, this process */
    uint64_t server_cpu;    /* ns, all threads; 0: it has ended */
    uint64_t server_user;   /* ns, in steps of 10 ms */
    uint64_t server_system; /* ns, in steps of 10 ms */
    uint64_t voluntary;     /* context switches of the main thread: it slept */
    uint64_t involuntary;   /*  "  : its time was up */
    uint64_t stolen; /* ns that the hypervisor gave to others, all CPUs */
    struct counters counters;
};

/*
 * Get ready to look at process `pid` (0: none) and the counters in the file
 * `counters` (NULL: none).  On failure: one line on stderr that names the
 * option, and exit status 64.
 */
struct usage usage_open(pid_t pid, const char *counters);

/* Look at all of it once. */
struct snapshot usage_take(const struct usage *usage);

/*
 * How many CPUs there are for server and generator together, from the affinity
 * of both (sched_getaffinity(2)).  Where the server may run without --pid is
 * not known: then it is taken to be wherever this process was allowed to.
 */
int usage_cpus(const struct usage *usage);

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
 * What the kernel uses now: everybody's together, for it keeps no such account
 * of a process.  So only the growth means something, over many connections, on
 * a machine that does nothing else.  And both ends of a connection on loopback
 * are in it: ours, too.
 *
 * The kernel books in whole pages, keeps some of them on each CPU before it
 * adds them up, and gives memory back late.  So climb, by thousands of
 * connections at a time.
 */
struct kernel_memory usage_kernel(void);

#endif
