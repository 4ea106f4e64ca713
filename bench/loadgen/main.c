/*
 * loadgen: measure an echo server under load.
 *
 * The experiment: hold some connections that are silent and some that talk, and
 * see how many echoes a second come back and how long each takes.  Then hold
 * more silent ones and do it again.  What the server does for its clients stays
 * the same; what changes is among how many connections it has to find them.
 *
 *     load_options  the command line
 *     interrupt     Ctrl-C, and what was measured stays
 *     clock         nanoseconds
 *     histogram     the latencies of a point in 30 KiB
 *     pattern       what a message says, so that each byte can be judged
 *     message       one connection and its message in flight
 *     address        the server's address, and how to connect to it
 *     connections   opening in batches, each proved by an echo
 *     schedule      when each message of an open loop is to leave
 *     loop          what all kinds of load have in common
 *     closed_loop   the load: the next message leaves when the reply is there
 *     open_loop     the load: each message leaves when it was planned
 *     churn         the load: connect, one echo, reset, again
 *     firehose      connections that stream without end beside the talkers
 *     freeze        stopping the server for a known time
 *     usage         what server and generator used, read from outside
 *     point         what was asked for and what was seen
 *     result        a point as JSON; summary: a point for people
 *     lines         both, on their way to a reader that may be slow
 *
 * Try, beside a server that was started after ulimit -n "$(ulimit -Hn)":
 *     build/bench/loadgen/loadgen --idle=0,1000 --active=1,100 127.0.0.1 10001
 */
#include "client/address.h"
#include "client/connections.h"
#include "client/pattern.h"
#include "interrupt.h"
#include "load/churn.h"
#include "load/closed.h"
#include "load/freeze.h"
#include "load/open.h"
#include "load_options.h"
#include "record/json.h"
#include "record/lines.h"
#include "record/point.h"
#include "record/text.h"
#include "record/usage.h"
#include "startup.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* What all points of a run have in common. */
struct run {
    struct load_options options;
    struct connections connections;
    struct usage usage;
    struct freeze freeze;
    int json_fd; /* -1: nobody asked for it */
    int people_fd;
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

    interrupt_watch();
    pattern_init();
    run->people_fd = STDOUT_FILENO;
    run->json_fd = -1;
    if (options->json != NULL) {
        run->json_fd = json_line_open(options->json);
        if (strcmp(options->json, "-") == 0)
            run->people_fd = STDERR_FILENO;
    }
    run->usage = usage_open((pid_t)options->pid, options->counters);
    if (options->cpu != -1)
        stay_on_cpu(options->cpu);
    if (options->freeze_for > 0)
        run->freeze = freeze_prepare((pid_t)options->pid, options->freeze_at,
                                     options->freeze_for);
    connections_init(&run->connections,
                     address_resolve(options->host, options->port));
}

/* What all points have in common; the rest is filled in by the caller. */
static struct point new_point(const struct run *run, enum point_mode mode)
{
    return (struct point){
        .mode = mode,
        .gaps = run->options.gaps,
        .seed = (uint64_t)run->options.seed,
        .seconds = run->options.seconds,
        .warm_up = run->options.warm_up,
        .stall = run->options.stall,
        .freeze = run->freeze,
        .valid = true,
        .server_bytes = -1,
        .kernel = {-1, -1},
    };
}

/* The summary.  A reader that has left (`| head -3`) wants no more of it. */
static void tell_people(const struct run *run, const struct point *point)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL)
        err(EXIT_FAILURE, "no memory for the summary");
    text_print(stream, point, &run->usage);
    fclose(stream);
    errno = lines_write(run->people_fd, text, length);
    if (errno != 0 && errno != EINTR && errno != EPIPE &&
        run->people_fd == STDOUT_FILENO)
        err(EXIT_FAILURE, "standard output");
    free(text);
}

/* Write it down, unless it was interrupted: half a point is no point. */
static void report(const struct run *run, const struct point *point)
{
    if (interrupt_signal() != 0)
        return;
    if (run->json_fd != -1)
        json_line_write(run->json_fd, point, &run->usage);
    tell_people(run, point);
}

static void put_load(struct run *run, struct point *point)
{
    switch (point->mode) {
    case POINT_CLOSED:
        closed_run(&run->connections, &run->usage, point);
        break;
    case POINT_OPEN:
        open_run(&run->connections, &run->usage, point);
        break;
    case POINT_CHURN:
        churn_run(&run->connections, &run->usage, point);
        break;
    case POINT_HOLD:
        break;
    }
}

/* One measured point.  Returns whether the run may go on. */
static bool measure(struct run *run, struct point *point)
{
    connections_hold(&run->connections, point_connections(point), point);
    if (point->valid && interrupt_signal() == 0)
        put_load(run, point);
    report(run, point);
    return point->valid && interrupt_signal() == 0;
}

/* How many does it hold?  Fewer than asked for is an answer, none is not. */
static bool hold(struct run *run, size_t wanted)
{
    struct point point = new_point(run, POINT_HOLD);

    point.idle = wanted;
    point.size = (uint32_t)run->options.size.numbers[0]; /* the proofs */
    point.begin = usage_take(&run->usage);
    connections_hold(&run->connections, wanted, &point);
    point.end = usage_take(&run->usage);
    point.server_bytes = usage_memory(&run->usage);
    point.kernel = usage_kernel();
    point.valid = point.held > 0 && point.wrong_bytes == 0;
    if (point.valid)
        connections_check(&run->connections, &point);
    report(run, &point);
    return point.valid;
}

/* Each number of --hold, up to the first that is too many. */
static bool hold_each(struct run *run)
{
    const struct list *wanted = &run->options.hold;
    bool valid = true;
    bool full = false;

    for (size_t i = 0; i < wanted->count && valid && !full; i++) {
        valid = hold(run, (size_t)wanted->numbers[i]);
        full = run->connections.count < (size_t)wanted->numbers[i];
    }
    return valid && interrupt_signal() == 0;
}

/* The number in `list` that belongs to point `*n`, which is then counted in
 * turns of the whole list: what the next, slower list is to be asked. */
static long turn(size_t *n, const struct list *list)
{
    if (list->count == 0)
        return 0;
    long number = list->numbers[*n % list->count];
    *n /= list->count;
    return number;
}

/* Point number `n` of the climb.  As in an odometer, the list that is asked
 * first turns fastest. */
static struct point nth_point(const struct run *run, size_t n)
{
    const struct load_options *options = &run->options;
    enum point_mode mode = options->churn            ? POINT_CHURN
                           : options->rate.count > 0 ? POINT_OPEN
                                                     : POINT_CLOSED;
    struct point point = new_point(run, mode);

    if (n == 0)
        point.warm_up += options->settle;
    point.rate = (uint64_t)turn(&n, &options->rate);
    point.firehoses = (size_t)turn(&n, &options->firehoses);
    point.active = (size_t)turn(&n, &options->active);
    point.size = (uint32_t)turn(&n, &options->size);
    point.idle = (size_t)turn(&n, &options->idle);
    return point;
}

/* Each number of each list with each of the others. */
static bool climb(struct run *run)
{
    const struct load_options *options = &run->options;
    size_t rates = options->rate.count > 0 ? options->rate.count : 1;
    size_t count = options->idle.count * options->size.count *
                   options->active.count * options->firehoses.count * rates;
    bool go_on = true;

    for (size_t n = 0; n < count && go_on; n++) {
        struct point point = nth_point(run, n);
        go_on = measure(run, &point);
    }
    return go_on;
}

int main(int argc, char *argv[])
{
    static struct run run;

    startup();
    prepare(&run, argc, argv);
    bool valid = run.options.hold.count > 0 ? hold_each(&run) : climb(&run);
    connections_close(&run.connections);
    if (interrupt_signal() != 0) {
        warnx("%s: stopped; the point underway is dropped",
              strsignal(interrupt_signal()));
        return 128 + interrupt_signal(); /* as a shell reports a signal */
    }
    return valid ? EXIT_SUCCESS : EXIT_FAILURE;
}
