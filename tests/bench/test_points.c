/*
 * test_points: a right server in a closed loop: what is opened, what is said of
 * each point, and whether the numbers go together.
 *
 *     test_points PATH-OF-LOADGEN
 */
#include "run.h"
#include "tap.h"

#include <netdb.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A single turn, all of it counted but for the first echoes. */
#define ONE "--cycles=1 --settle=0 --start=0 "

/*
 * A closed loop: on each connection one echo follows the other without a gap,
 * so together they can't take longer than the window and the part of the first
 * that lies before it.
 */
static void assert_arithmetic(const json_t *trial, double active)
{
    json_int_t echoes = run_integer(trial, "echoes");
    double sum = (double)run_integer(trial, "latency.sum") / 1e9;
    double min = (double)run_integer(trial, "latency.min") / 1e9;
    double max = (double)run_integer(trial, "latency.max") / 1e9;
    double turns = (double)run_entries(trial, "turns.echoes");

    ck_assert_int_gt(echoes, 0);
    ck_assert_int_eq(run_integer(trial, "latency.count"), echoes);
    ck_assert_double_ge(sum, (double)echoes * min * (1 - 1e-9));
    ck_assert_double_le(sum, (double)echoes * max * (1 + 1e-9));
    ck_assert_double_le(
        sum, active * (run_real_number(trial, "seconds") + turns * max));
}

/* The named ones, as far as there are samples enough, and those of the curve.
 * The middle of a bucket is what both have. */
static void assert_quantiles_ascend(const json_t *trial)
{
    static const char *const names[] = {"latency.p50", "latency.p90",
                                        "latency.p99", "latency.p999"};
    const json_t *curve = run_get(trial, "latency.quantiles");
    json_int_t last = run_integer(trial, "latency.min");
    size_t next = 0;

    for (size_t i = 0; i < json_array_size(curve); i++) {
        const json_t *pair = json_array_get(curve, i);
        json_int_t ns = json_integer_value(json_array_get(pair, 1));
        double percent = json_number_value(json_array_get(pair, 0));
        static const double percents[] = {50, 90, 99, 99.9};
        ck_assert_int_ge(ns, last);
        last = ns;
        if (next < 4 && percent == percents[next])
            ck_assert_int_eq(run_integer(trial, names[next++]), ns);
    }
    ck_assert_int_ge(run_integer(trial, "latency.max"), last);
    for (; next < 4; next++)
        ck_assert(json_is_null(run_get(trial, names[next])));
}

TEST(it_climbs_and_counts_right)
{
    static const int idle[] = {0, 0, 20, 20}, active[] = {1, 5, 1, 5};
    static const int opened[] = {1, 4, 16, 4};
    const struct fake_server *server = run_server(ECHOES, 0);

    run_all(0, "--idle=0,20 --active=1,5");
    ck_assert_uint_eq(run.count, 4);
    run_assert_all_valid();
    for (size_t i = 0; i < 4; i++) {
        const json_t *point = run.points[i];
        const json_t *trial = run_trial(i, 0);
        ck_assert_int_eq(run_integer(point, "schema"), 3);
        ck_assert_str_eq(run_string(point, "mode"), "closed");
        ck_assert_int_eq(run_integer(point, "idle"), idle[i]);
        ck_assert_int_eq(run_integer(point, "active"), active[i]);
        ck_assert_int_eq(run_integer(point, "size"), 64);
        ck_assert_int_eq(run_integer(point, "seed"), 1);
        ck_assert_int_eq(run_integer(point, "cycles"), 10);
        ck_assert_str_eq(run_string(trial, "server"), "s0");
        ck_assert_int_eq(run_integer(trial, "wanted"), idle[i] + active[i]);
        ck_assert_int_eq(run_integer(trial, "held"), idle[i] + active[i]);
        ck_assert_int_eq(run_integer(trial, "opened.connections"), opened[i]);
        assert_arithmetic(trial, active[i]);
        assert_quantiles_ascend(trial);
    }
    /* What was open stayed open; nothing else knocked at the server's door. */
    ck_assert_int_eq(server->accepted, 25);
}

TEST(lists_turn_like_an_odometer)
{
    run_server(ECHOES, 0);
    run_all(0, ONE "--idle=0,3 --size=16,32 --rate=500,1000");
    ck_assert_uint_eq(run.count, 8);
    run_assert_all_valid();
    for (int i = 0; i < 8; i++) {
        const json_t *point = run.points[i];
        ck_assert_int_eq(run_integer(point, "idle"), i / 4 * 3);
        ck_assert_int_eq(run_integer(point, "size"), 16 + i / 2 % 2 * 16);
        ck_assert_int_eq(run_integer(point, "rate_planned"), 500 + i % 2 * 500);
    }
    run_forget();

    run_server(ECHOES, 0);
    run_all(0, ONE "--size=1,2 --active=1,2 --firehoses=0,1");
    ck_assert_uint_eq(run.count, 8);
    run_assert_all_valid();
    for (int i = 0; i < 8; i++) {
        const json_t *point = run.points[i];
        ck_assert_int_eq(run_integer(point, "size"), 1 + i / 4);
        ck_assert_int_eq(run_integer(point, "active"), 1 + i / 2 % 2);
        ck_assert_int_eq(run_integer(point, "firehoses"), i % 2);
    }
}

TEST(connections_too_many_are_reset)
{
    static const int held[] = {1, 50, 4, 53}, opened[] = {1, 49, 0, 49};
    const struct fake_server *server = run_fake(ECHOES, 0);

    run_add("127.0.0.1:%s,counters=%s", server->port, run_counters());
    run_all(0, "--idle=0,3 --active=1,50");
    run_assert_all_valid();
    for (size_t i = 0; i < 4; i++) {
        const json_t *trial = run_trial(i, 0);
        ck_assert_int_eq(run_integer(trial, "held"), held[i]);
        ck_assert_int_eq(run_integer(trial, "opened.connections"), opened[i]);
        ck_assert_int_eq(run_integer(trial, "server_use.counters.connections"),
                         held[i]);
    }
}

/* A turn is over with its last reply.  Waiting for more, up to the limit of
 * ten seconds, would take longer than a program may run here. */
TEST(it_does_not_wait_when_nothing_is_in_flight)
{
    run_server(ECHOES, 0);
    run_all(0, "--cycles=20 --stall=60");
    run_assert_all_valid();
}

/* The name may stand for ::1 as well, where nothing listens. */
TEST(the_server_may_be_a_name)
{
    struct addrinfo *addresses;

    if (getaddrinfo("localhost", NULL, NULL, &addresses) != 0)
        return; /* a container without that line in /etc/hosts */
    freeaddrinfo(addresses);
    run_add("localhost:%s", run_fake(ECHOES, 0)->port);
    run_all(0, ONE);
    run_assert_all_valid();
    ck_assert_ptr_nonnull(
        strstr(run_string(run_trial(0, 0), "server"), "localhost:"));
}

static const char *const sizes[] = {"1", "100000", "1048576"};

/* The largest are too few for some quantiles: they are null. */
TEST_TIMES(any_size_comes_back, 3)
{
    run_server(ECHOES, 0);
    run_all(0, ONE "--turn=0.5 --active=3 --size=%s", sizes[_i]);
    run_assert_all_valid();
    assert_arithmetic(run_trial(0, 0), 3);
    assert_quantiles_ascend(run_trial(0, 0));
    if (_i == 2)
        ck_assert(json_is_null(run_get(run_trial(0, 0), "latency.p999")));
}

/* Most of the time it waits for a slow server.  A generator that went on to
 * ask whether it may write, with nothing to write, would never sleep. */
TEST(it_sleeps_while_it_waits)
{
    run_server(IS_SLOW, 0);
    run_all(0, ONE "--size=100000 --turn=0.05 --stall=5");
    const json_t *trial = run_trial(0, 0);
    run_assert_valid(trial);
    ck_assert_double_lt(run_real_number(trial, "generator.cpu_seconds"),
                        run_real_number(trial, "seconds") / 2);
}

/* This very process is the server here, and its thread counts. */
TEST(it_looks_at_the_server)
{
    const struct fake_server *server = run_fake(ECHOES, 0);

    run_add("127.0.0.1:%s,pid=%d,counters=%s", server->port, (int)getpid(),
            run_counters());
    run_all(0, "--active=4");
    const json_t *trial = run_trial(0, 0);
    const json_t *use = run_get(trial, "server_use");
    run_assert_valid(trial);
    ck_assert_double_gt(run_real_number(use, "cpu_seconds"), 0);
    ck_assert_double_eq_tol(run_sum(trial, "turns.cpu"),
                            run_real_number(use, "cpu_seconds"), 1e-6);
    if (!json_is_null(run_get(trial, "turns.instructions")))
        ck_assert_double_gt(run_sum(trial, "turns.instructions"), 1000);
    ck_assert_int_gt(run_integer(use, "user_bytes"), 4096);
    ck_assert_int_ge(run_integer(use, "context_switches.voluntary"), 0);
    ck_assert_int_ge(run_integer(use, "context_switches.involuntary"), 0);
    /* At either end of a turn a reply may be on its way on each of the four. */
    ck_assert_int_le(llabs(run_integer(use, "counters.receives") -
                           run_integer(trial, "echoes")),
                     10 * 4);
    ck_assert_int_eq(run_integer(use, "counters.accepts"), 0);
    ck_assert_double_gt(run_real_number(trial, "generator.cpu_seconds"), 0);
    ck_assert_double_ge(run_real_number(run.points[0], "steal_seconds"), 0);
    ck_assert_int_gt(run_integer(trial, "kernel.slab_bytes"), 1 << 20);
    ck_assert_int_ge(run_integer(trial, "kernel.tcp_bytes"), 0);
}

TEST(what_is_unknown_is_null)
{
    static const char *const paths[] = {
        "service",    "lag",        "handshake",
        "planned",    "unsent",     "freeze",
        "server_use", "limited_by", "turns.instructions",
    };

    run_server(ECHOES, 0);
    run_all(0, "--cycles=3");
    for (size_t i = 0; i < COUNT(paths); i++)
        ck_assert(json_is_null(run_get(run_trial(0, 0), paths[i])));
    ck_assert(json_is_null(run_get(run.points[0], "rate_planned")));
    ck_assert(json_is_null(run_get(run.points[0], "gaps")));
    ck_assert_uint_eq(run_entries(run_trial(0, 0), "turns.cpu"), 0);
    ck_assert_double_eq(run_sum(run_trial(0, 0), "turns.spin"), 0);
}

/* However it waits, two servers and loadgen get along with one CPU. */
TEST_TIMES(one_cpu_is_enough, 4)
{
    static const char *const loads[] = {"", "--rate=1000", "--churn",
                                        "--firehoses=1"};
    cpu_set_t all, one;
    size_t cpu = 0;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    run_all(0, "--active=3 --cycles=3 --cpu=%zu %s", cpu, loads[_i]);
    run_assert_all_valid();
    ck_assert_int_eq(run_integer(run.points[0], "cpus"), 1);
    ck_assert_double_eq(run_sum(run_trial(0, 0), "turns.spin"), 0);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("points", run_set_up, run_tear_down);
}
