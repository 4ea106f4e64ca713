/*
 * loadgen: measure an echo server under load.
 *
 * The experiment: hold some connections that are silent and some that talk, and
 * see how many echoes a second come back and how long each takes.  Then hold
 * more silent ones and do it again.  What the server does for its clients stays
 * the same; what changes is among how many connections it has to find them.
 *
 *     histogram     the latencies of a point in 30 KiB
 *     pattern       what a message says, so that each byte can be judged
 *     message       one connection and its message in flight
 *     target        the server's address, and how to connect to it
 *     connections   opening in batches, each proved by an echo
 *     closed_loop   the load itself
 *     probe         what server and generator used, read from outside
 *     point         what was asked for and what was seen
 *     result        a point as JSON; summary: a point for people
 *
 * Try, beside a server that was started after ulimit -n "$(ulimit -Hn)":
 *     build/bench/loadgen --idle=0,1000 --active=1,100 127.0.0.1 10001
 */
#include "closed_loop.h"
#include "connections.h"
#include "interrupt.h"
#include "load_options.h"
#include "options.h"
#include "pattern.h"
#include "point.h"
#include "probe.h"
#include "result.h"
#include "summary.h"
#include "target.h"

#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* What all points of a run have in common. */
struct run {
    struct load_options options;
    struct connections connections;
    struct probe probe;
    int json_fd; /* -1: nobody asked for it */
    FILE *people;
};

static void stay_on_cpu(long cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) == -1)
        err(EX_USAGE, "--cpu=%ld", cpu);
}

static void prepare(struct run *run, int argc, char *argv[])
{
    run->options = load_options_parse(argc, argv);
    const struct load_options *options = &run->options;

    if (options->cpu != -1)
        stay_on_cpu(options->cpu);
    signal(SIGPIPE, SIG_IGN); /* a reader that left is a write error: said */
    interrupt_watch();
    pattern_init();
    run->people = stdout;
    run->json_fd = -1;
    if (options->json != NULL) {
        run->json_fd = result_open(options->json);
        if (strcmp(options->json, "-") == 0)
            run->people = stderr;
    }
    run->probe = probe_open((pid_t)options->pid, options->counters);
    connections_init(&run->connections,
                     target_resolve(options->host, options->port));
}

static struct point new_point(const struct run *run, enum point_mode mode,
                              size_t idle, size_t active)
{
    return (struct point){
        .mode = mode,
        .idle = idle,
        .active = active,
        .size = (uint32_t)run->options.size,
        .seconds = run->options.seconds,
        .warm_up = run->options.warm_up,
        .stall = run->options.stall,
        .valid = true,
        .server_bytes = -1,
    };
}

/* Write it down, unless it was interrupted: half a point is no point. */
static void report(const struct run *run, const struct point *point)
{
    if (interrupt_signal() != 0)
        return;
    if (run->json_fd != -1)
        result_write(run->json_fd, point, &run->probe);
    summary_print(run->people, point, &run->probe);
}

/* One measured point.  Returns whether the run may go on. */
static bool measure(struct run *run, size_t idle, size_t active)
{
    struct point point = new_point(run, POINT_CLOSED, idle, active);

    connections_hold(&run->connections, idle + active, &point);
    if (point.valid && interrupt_signal() == 0)
        closed_loop_run(&run->connections, &run->probe, &point);
    report(run, &point);
    return point.valid && interrupt_signal() == 0;
}

/* How many does it hold?  Fewer than asked for is an answer, none is not. */
static bool hold(struct run *run, size_t wanted)
{
    struct point point = new_point(run, POINT_HOLD, wanted, 0);

    point.begin = probe_take(&run->probe);
    connections_hold(&run->connections, wanted, &point);
    point.end = probe_take(&run->probe);
    point.server_bytes = probe_memory(&run->probe);
    point.valid = point.held > 0 && point.wrong_bytes == 0;
    if (point.valid)
        connections_check(&run->connections, &point);
    report(run, &point);
    return point.valid;
}

/* Each number of idle connections with each number of active ones. */
static bool climb(struct run *run)
{
    const struct list *idle = &run->options.idle;
    const struct list *active = &run->options.active;
    bool go_on = true;

    for (size_t i = 0; i < idle->count && go_on; i++) {
        for (size_t j = 0; j < active->count && go_on; j++)
            go_on = measure(run, (size_t)idle->numbers[i],
                            (size_t)active->numbers[j]);
    }
    return go_on;
}

int main(int argc, char *argv[])
{
    static struct run run;

    options_fill_descriptors();
    prepare(&run, argc, argv);
    bool valid = run.options.hold > 0 ? hold(&run, (size_t)run.options.hold)
                                      : climb(&run);
    connections_close(&run.connections);
    if (interrupt_signal() != 0) {
        warnx("%s: stopped; the point underway is dropped",
              strsignal(interrupt_signal()));
        return 128 + interrupt_signal(); /* as a shell reports a signal */
    }
    return valid ? EXIT_SUCCESS : EXIT_FAILURE;
}
