/*
 * test_open_loop: messages leave when it was planned, and nothing that the
 * server does changes what is recorded of them.
 *
 *     test_open_loop PATH-OF-LOADGEN
 *
 * The slow server here takes 20 ms or more for each message, one after the
 * other.  From that alone follows the least that the messages of a plan have to
 * wait, whatever else the machine has to do.
 */
#include "load/schedule.h"
#include "record/random.h"
#include "run.h"
#include "tap.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A single turn, all of it counted. */
#define ONE "--cycles=1 --settle=0 --start=0 "

/* Every message of the plan that was sent is in all three histograms. */
static void assert_recorded(const json_t *trial, json_int_t planned)
{
    json_int_t sent = planned - run_integer(trial, "unsent");

    run_assert_valid(trial);
    ck_assert_int_eq(run_integer(trial, "planned"), planned);
    ck_assert_int_eq(run_integer(trial, "latency.count"), sent);
    ck_assert_int_eq(run_integer(trial, "service.count"), sent);
    ck_assert_int_eq(run_integer(trial, "lag.count"), sent);
    /* No message can leave before its time. */
    ck_assert_int_ge(run_integer(trial, "latency.sum"),
                     run_integer(trial, "service.sum"));
    ck_assert(json_is_null(run_get(trial, "handshake")));
    ck_assert(json_is_null(run_get(trial, "freeze")));
}

TEST(everything_planned_is_recorded)
{
    static const json_int_t rates[] = {100, 1000, 4000};

    run_server(ECHOES, 0);
    run_all(0, "--rate=100,1000,4000 --gaps=constant --active=7 --cycles=2 "
               "--start=0.125 --turn=0.25");
    ck_assert_uint_eq(run.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *point = run.points[i];
        ck_assert_str_eq(run_string(point, "mode"), "open");
        ck_assert_int_eq(run_integer(point, "rate_planned"), rates[i]);
        ck_assert_str_eq(run_string(point, "gaps"), "constant");
        ck_assert_int_eq(run_integer(run_trial(i, 0), "unsent"), 0);
        assert_recorded(run_trial(i, 0), rates[i] / 2);
    }
}

/* How many messages are planned in the counted part of a cycle's turns. */
static json_int_t planned_in(uint64_t seed, long cycle)
{
    struct schedule schedule =
        schedule_make(1000, 0.3, GAPS_EXPONENTIAL, random_seed(seed, 0, cycle));
    json_int_t count = 0;

    for (size_t j = 0; j < schedule.count; j++)
        count += schedule.times[j] >= 100000000;
    schedule_free(&schedule);
    return count;
}

/* Each cycle has gaps of its own, and they are the same for all servers. */
TEST(seed_and_cycle_decide_on_the_gaps)
{
    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    for (int seed = 1; seed <= 2; seed++) {
        run_again();
        run_all(0,
                "--rate=1000 --active=3 --seed=%d --start=0.1 --turn=0.2 "
                "--settle=1 --cycles=2",
                seed);
        for (size_t i = 0; i < 2; i++)
            assert_recorded(run_trial(0, i), planned_in((uint64_t)seed, 1) +
                                                 planned_in((uint64_t)seed, 2));
    }
    /* Otherwise this says nothing. */
    ck_assert_int_ne(planned_in(1, 1) + planned_in(1, 2),
                     planned_in(2, 1) + planned_in(2, 2));
    ck_assert_int_ne(planned_in(1, 1), planned_in(1, 2));
}

/*
 * 50 messages, 10 ms apart, of which a server that takes 20 ms for each has
 * answered half when the window ends.  Number k (from 0) is planned for
 * 10 k ms and can't be answered before 20 (k + 1) ms: it takes at least
 * 20 + 10 k ms, and all of them 13.25 s.  On two connections only two are ever
 * in flight, so from the actual send each takes about 40 ms: what a closed loop
 * would have said.
 */
TEST(a_slow_server_cannot_hide_the_queue)
{
    enum { TRIES = 3 };
    const json_t *trial;
    int tries = 0;

    run_server(IS_SLOW, 0);
    do {
        run_again();
        run_all(0, ONE "--rate=100 --gaps=constant --active=2 --turn=0.5");
        trial = run_trial(0, 0);
        /* A machine that is busy elsewhere may not get through all 50. */
    } while (run_integer(trial, "unsent") > 0 && ++tries < TRIES);
    ck_assert_int_eq(run_integer(trial, "unsent"), 0);
    assert_recorded(trial, 50);
    ck_assert_int_lt(run_integer(trial, "echoes"), 50);
    ck_assert_int_ge(run_integer(trial, "latency.sum"), 13250000000);
    ck_assert_int_ge(run_integer(trial, "latency.max"), 510000000);
    ck_assert_int_lt(run_integer(trial, "service.sum"),
                     run_integer(trial, "latency.sum") / 2);
    /* Our own fault it is not. */
    ck_assert_int_lt(run_integer(trial, "lag.sum"),
                     run_integer(trial, "latency.sum") / 10);
}

/* 500 messages at 20 ms each: that would go on for ten seconds.  After two,
 * the rest is given up. */
TEST(overload_comes_to_an_end)
{
    run_server(IS_SLOW, 0);
    run_all(0, ONE "--rate=2000 --gaps=constant --active=4 --turn=0.25 "
                   "--stall=10");
    assert_recorded(run_trial(0, 0), 500);
    ck_assert_int_gt(run_integer(run_trial(0, 0), "unsent"), 0);
    ck_assert_int_lt(run_integer(run_trial(0, 0), "unsent"), 500);
}

/* Four messages for fifty connections. */
TEST(a_connection_without_a_message_owes_nothing)
{
    run_server(ECHOES, 0);
    run_all(0, ONE "--rate=16 --gaps=constant --active=50 --turn=0.25");
    assert_recorded(run_trial(0, 0), 4);
}

/* A long message leaves in parts, and others come back meanwhile. */
TEST(long_messages_come_back)
{
    run_server(ECHOES, 0);
    run_all(0, ONE "--rate=40 --size=300000 --active=3 --gaps=constant "
                   "--turn=0.5");
    assert_recorded(run_trial(0, 0), 20);
}

/*
 * For each of twenty messages it is awake for a quarter of a ms, on an old
 * kernel for one more, and has a little work: it must sleep for the most part
 * of two seconds.  A kernel may lack epoll_pwait2, and a container forbid it.
 */
TEST_TIMES(it_sleeps_while_nothing_is_due, 3)
{
    if (_i > 0)
        program_refuse(SYS_epoll_pwait2, _i == 1 ? ENOSYS : EPERM);
    run_server(ECHOES, 0);
    run_all(0, ONE "--rate=10 --gaps=constant --turn=2");
    const json_t *generator = run_get(run_trial(0, 0), "generator");
    assert_recorded(run_trial(0, 0), 20);
    ck_assert_double_lt(run_real_number(generator, "spin_seconds"), 1);
    ck_assert_double_lt(run_real_number(generator, "cpu_seconds"), 1);
}

/* The first CPU from `cpu` on where this process may run; -1: none. */
static int next_cpu(int cpu)
{
    cpu_set_t allowed;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    while (cpu < CPU_SETSIZE && !CPU_ISSET((size_t)cpu, &allowed))
        cpu++;
    return cpu < CPU_SETSIZE ? cpu : -1;
}

static void stay_on_cpu(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* How long it only waited, awake; this process is the server. */
static double seconds_awake(const char *option, pid_t pid)
{
    run_forget();
    run_add("127.0.0.1:%s,pid=%d", run_fake(ECHOES, 0)->port, (int)pid);
    run_all(0, "--rate=2000 --gaps=constant --turn=0.1 --cycles=2 %s", option);
    run_assert_all_valid();
    const json_t *trial = run_trial(0, 0);
    ck_assert_double_lt(run_real_number(trial, "generator.spin_seconds"),
                        run_real_number(trial, "seconds"));
    return run_real_number(trial, "generator.spin_seconds");
}

/* With one CPU for both, in test_points, it never does. */
TEST(it_stays_awake_on_a_cpu_of_its_own)
{
    int servers = next_cpu(0);
    int own = next_cpu(servers + 1);
    char option[32];

    if (own == -1)
        return; /* there is none */
    snprintf(option, sizeof(option), "--cpu=%d", own);
    ck_assert_double_gt(seconds_awake(option, getpid()), 0);
    stay_on_cpu(servers);
    ck_assert_double_gt(seconds_awake(option, getpid()), 0);
    ck_assert_double_eq(seconds_awake("", getpid()), 0);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("open_loop", run_set_up, run_tear_down);
}
