/*
 * test_agreement: is what loadgen measures true?  Measurements that share no
 * code with it are held against it.
 *
 *   - the p50 of one connection: ping_pong, the plainest client there is
 *   - the echoes of a hundred connections: the bytes that the server counts
 *   - the server's CPU time: a look of our own
 *
 *     test_agreement PATH-OF-LOADGEN PATH-OF-PING_PONG PATH-OF-SERVER
 *
 * Nothing here depends on how fast the machine is, or how busy: only ratios
 * count, of measurements that are a moment apart or the very same moment.
 */
#include "run.h"
#include "tap.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    CALM_PAIRS = 11,            /* that are judged ... */
    PAIRS = 2 * CALM_PAIRS - 1, /* ... of all that are measured */
    TRIES = 4,
};

static const char *ping_pong;
static const char *server_path;

/*
 * Stay on CPU `number`, and so does what is started from here on: where the two
 * ends of a connection run decides on the latency more than anything else.
 * With one CPU they all share it.
 */
static void stay_on_cpu(size_t number)
{
    cpu_set_t allowed, one;
    size_t found = 0;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && found++ == number)
            CPU_SET(cpu, &one);
    }
    if (CPU_COUNT(&one) == 1)
        ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* The server has the first CPU; the clients have the second. */
static const struct real_server *start_apart(void)
{
    cpu_set_t all;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    stay_on_cpu(0);
    const struct real_server *server = run_real(server_path);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(all), &all), 0);
    stay_on_cpu(1);
    return server;
}

static bool agrees(double ratio, double within)
{
    return ratio > 1 - within && ratio < 1 + within;
}

static double p50_of_loadgen(void)
{
    run_again();
    run_all(0, "--cycles=1 --settle=0 --turn=0.05 --start=0.01");
    run_assert_all_valid();
    return (double)run_integer(run_trial(0, 0), "latency.p50");
}

static double p50_of_ping_pong(const char *port)
{
    struct program program =
        program_start((const char *const[]){ping_pong, port, "1000", NULL});
    program_wait(&program);
    ck_assert_msg(program.status == 0, "%s", program.err);
    double p50 = strtod(program.out, NULL);
    program_free(&program);
    ck_assert_double_gt(p50, 0);
    return p50;
}

/* Two p50 that were measured a moment apart, in ns. */
struct pair {
    double ours;
    double theirs;
};

/* The first to go changes from pair to pair, so that neither always meets the
 * machine as the other left it. */
static struct pair measure_pair(const char *port, bool loadgen_first)
{
    struct pair pair = {.ours = 0};

    if (loadgen_first)
        pair.ours = p50_of_loadgen();
    pair.theirs = p50_of_ping_pong(port);
    if (!loadgen_first)
        pair.ours = p50_of_loadgen();
    return pair;
}

static int by_duration(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return x->ours + x->theirs < y->ours + y->theirs ? -1 : 1;
}

static int by_ratio(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return x->ours / x->theirs < y->ours / y->theirs ? -1 : 1;
}

/*
 * Other programs that run meanwhile can make a message take longer, never
 * shorter.  So the calmer half of the pairs is judged, where both together took
 * least, and of those the median ratio.
 */
static double median_ratio(const char *port)
{
    struct pair pairs[PAIRS];

    for (size_t i = 0; i < PAIRS; i++)
        pairs[i] = measure_pair(port, i % 2 == 0);
    qsort(pairs, PAIRS, sizeof(pairs[0]), by_duration);
    qsort(pairs, CALM_PAIRS, sizeof(pairs[0]), by_ratio);
    return pairs[CALM_PAIRS / 2].ours / pairs[CALM_PAIRS / 2].theirs;
}

/* A generator that measures something else is off each time; a neighbour that
 * disturbs even the calmer half is not always there. */
TEST(the_latency_is_that_of_a_plain_client)
{
    const char *port = start_apart()->port;
    double ratio = median_ratio(port);

    for (int i = 1; i < TRIES && !agrees(ratio, 0.15); i++)
        ratio = median_ratio(port);
    ck_assert_msg(agrees(ratio, 0.15), "loadgen / ping_pong: %.3f", ratio);
}

static double cpu_seconds(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    ck_assert_int_eq(clock_getcpuclockid(pid, &clock), 0);
    ck_assert_int_eq(clock_gettime(clock, &used), 0);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Every byte of the run. */
TEST(the_server_sees_the_same)
{
    const struct real_server *server = start_apart();

    run_all(0, "--active=100 --cycles=20");
    const json_t *use = run_get(run_trial(0, 0), "server_use");
    json_int_t echoes = run_integer(use, "echoes_all");
    run_assert_all_valid();
    ck_assert_uint_eq(server->counters->bytes_received,
                      64 * (uint64_t)(echoes + 100));
    ck_assert_uint_eq(server->counters->bytes_sent,
                      64 * (uint64_t)(echoes + 100));
}

/* loadgen's CPU time per echo, by that of the whole run: before and after the
 * turns the server has little to do. */
static double cpu_ratio(const struct real_server *server)
{
    double before = cpu_seconds(server->program.pid);

    run_again();
    run_all(0, "--active=100 --cycles=20");
    run_assert_all_valid();
    double used = cpu_seconds(server->program.pid) - before;
    const json_t *trial = run_trial(0, 0);
    const json_t *use = run_get(trial, "server_use");
    return run_real_number(use, "cpu_seconds") /
           (double)run_integer(trial, "echoes") /
           (used / (double)run_integer(use, "echoes_all"));
}

TEST(the_cpu_time_is_that_of_the_process)
{
    const struct real_server *server = start_apart();
    double ratio = cpu_ratio(server);

    for (int i = 1; i < TRIES && !agrees(ratio, 0.3); i++)
        ratio = cpu_ratio(server);
    ck_assert_msg(agrees(ratio, 0.3), "loadgen / process: %.3f", ratio);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 3)[0];
    ping_pong = argv[2];
    server_path = argv[3];
    return tap_main("agreement", run_set_up, run_tear_down);
}
