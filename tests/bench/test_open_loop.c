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
#include "fake_server.h"
#include "load/schedule.h"
#include "tap.h"
#include "trial.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Every message of the plan that was sent is in all three histograms. */
static void assert_recorded(const json_t *point, json_int_t planned)
{
    json_int_t sent = planned - trial_integer(point, "unsent");

    ck_assert_str_eq(trial_string(point, "mode"), "open");
    ck_assert_int_eq(trial_integer(point, "planned"), planned);
    ck_assert_int_eq(trial_integer(point, "latency.count"), sent);
    ck_assert_int_eq(trial_integer(point, "service.count"), sent);
    ck_assert_int_eq(trial_integer(point, "lag.count"), sent);
    /* No message can leave before its time. */
    ck_assert_int_ge(trial_integer(point, "latency.sum"),
                     trial_integer(point, "service.sum"));
    ck_assert(json_is_null(trial_get(point, "handshake")));
    ck_assert(json_is_null(trial_get(point, "freeze")));
}

START_TEST(everything_planned_is_recorded)
{
    static const json_int_t rates[] = {100, 1000, 4000};
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=100,1000,4000", "--gaps=constant",
                                    "--active=7", "--warm-up=0.25",
                                    "--seconds=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 0);
    ck_assert_uint_eq(trial.count, 3);
    for (size_t i = 0; i < trial.count; i++) {
        const json_t *point = trial.points[i];
        trial_assert_valid(point);
        ck_assert_int_eq(trial_integer(point, "rate_planned"), rates[i]);
        ck_assert_str_eq(trial_string(point, "gaps"), "constant");
        ck_assert_int_eq(trial_integer(point, "gaps_seed"), 1);
        ck_assert_int_eq(trial_integer(point, "unsent"), 0);
        assert_recorded(point, rates[i] / 2);
        ck_assert_double_eq_tol(trial_real(point, "rate"),
                                (double)trial_integer(point, "echoes") /
                                    trial_real(point, "seconds"),
                                0.01);
    }
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* How many messages are planned from `begin` seconds on. */
static json_int_t planned_from(double begin, double end, uint64_t seed)
{
    struct schedule schedule = schedule_make(1000, end, GAPS_EXPONENTIAL, seed);
    json_int_t count = 0;

    for (size_t j = 0; j < schedule.count; j++)
        count += (double)schedule.times[j] >= begin * 1e9;
    schedule_free(&schedule);
    return count;
}

START_TEST(the_seed_decides_on_the_gaps)
{
    static const char *const options[] = {"--seed=1", "--seed=2", "--seed=3"};
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    for (size_t i = 0; i < 3; i++) {
        trial_run(&trial, server.port,
                  (const char *const[]){"--rate=1000", "--active=3",
                                        "--warm-up=0.25", "--seconds=0.5",
                                        options[i], NULL});
        trial_assert_valid(trial.points[0]);
        assert_recorded(trial.points[0], planned_from(0.25, 0.75, i + 1));
        trial_free(&trial);
    }
    fake_server_stop(&server);
    /* Otherwise this says nothing. */
    ck_assert_int_ne(planned_from(0.25, 0.75, 1), planned_from(0.25, 0.75, 2));
}
END_TEST

/*
 * 50 messages, 10 ms apart, of which a server that takes 20 ms for each has
 * answered half when the window ends.  Number k (from 0) is planned for
 * 10 k ms and can't be answered before 20 (k + 1) ms: it takes at least
 * 20 + 10 k ms, and all of them 13.25 s.  On two connections only two are ever
 * in flight, so from the actual send each takes about 40 ms: what a closed loop
 * would have told.
 */
START_TEST(a_slow_server_cannot_hide_the_queue)
{
    enum { TRIES = 3 };
    struct fake_server server;
    struct run trial;
    const json_t *point;
    int tries = 0;

    fake_server_start(&server, IS_SLOW, 0);
    do {
        if (tries > 0)
            trial_free(&trial);
        trial_run(&trial, server.port,
                  (const char *const[]){"--rate=100", "--gaps=constant",
                                        "--active=2", "--warm-up=0",
                                        "--seconds=0.5", NULL});
        point = trial.points[0];
        trial_assert_valid(point);
        /* A machine that is busy elsewhere may not get through all 50. */
    } while (trial_integer(point, "unsent") > 0 && ++tries < TRIES);
    ck_assert_int_eq(trial_integer(point, "unsent"), 0);
    assert_recorded(point, 50);
    ck_assert_int_lt(trial_integer(point, "echoes"),
                     trial_integer(point, "latency.count"));
    ck_assert_int_ge(trial_integer(point, "latency.sum"), 13250000000);
    ck_assert_int_ge(trial_integer(point, "latency.max"), 510000000);
    ck_assert_int_lt(trial_integer(point, "service.sum"),
                     trial_integer(point, "latency.sum") / 2);
    /* Our own fault it is not. */
    ck_assert_int_lt(trial_integer(point, "lag.sum"),
                     trial_integer(point, "latency.sum") / 10);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* 500 messages at 20 ms each: that would go on for ten seconds. */
START_TEST(overload_comes_to_an_end)
{
    struct fake_server server;
    struct run trial;
    time_t began = time(NULL);

    fake_server_start(&server, IS_SLOW, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=2000", "--gaps=constant",
                                    "--active=4", "--warm-up=0",
                                    "--seconds=0.25", "--stall=10", NULL});
    const json_t *point = trial.points[0];
    trial_assert_valid(point);
    ck_assert_int_lt(time(NULL) - began, 8);
    assert_recorded(point, 500);
    ck_assert_int_gt(trial_integer(point, "unsent"), 0);
    ck_assert_int_lt(trial_integer(point, "unsent"), 500);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* Four messages for fifty connections. */
START_TEST(who_was_not_asked_owes_nothing)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=16", "--gaps=constant",
                                    "--active=50", "--warm-up=0",
                                    "--seconds=0.25", NULL});
    trial_assert_valid(trial.points[0]);
    assert_recorded(trial.points[0], 4);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* A long message leaves in parts, and others come back meanwhile. */
START_TEST(long_messages_come_back)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=40", "--size=300000", "--active=3",
                                    "--gaps=constant", "--warm-up=0",
                                    "--seconds=0.5", NULL});
    trial_assert_valid(trial.points[0]);
    assert_recorded(trial.points[0], 20);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

static const struct wrong {
    enum behaviour behaviour;
    int after;
    const char *reason; /* begins so */
    const char *error;  /* and this is counted */
} wrongs[] = {
    {CHANGES_A_BIT, 5, "wrong byte: connection ", "wrong_bytes"},
    {DOUBLES_A_BYTE, 5, "wrong byte: connection ", "wrong_bytes"},
    {SPEAKS_TO_THE_FIRST, 3, "wrong byte: connection 0,", "wrong_bytes"},
    {LOSES_A_BYTE, 5, "the last reply never came on ", "lost"},
    {FORGETS, 5, "the last reply never came on 3 of 3 active ", "lost"},
    {FORGETS, 1, "no reply at all on 3 of 3 active connections", "unserved"},
    {CLOSES, 5, "the server closed connection ", "closed"},
    {RESETS, 5, "the server closed connection ", "closed"},
};

START_TEST(a_wrong_server_is_not_measured)
{
    const struct wrong *wrong = &wrongs[_i];
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, wrong->behaviour, wrong->after);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=100,200", "--active=3",
                                    "--seconds=0.3", "--warm-up=0.1",
                                    "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_uint_eq(trial.count, 1); /* it did not go on */
    trial_assert_wrong(trial.points[0], wrong->reason, wrong->error);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* For each of twenty messages it is awake for a quarter of a ms, on an old
 * kernel for one more, and has a little work: it must sleep for the most part
 * of two seconds. */
static void assert_it_sleeps(void)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=10", "--gaps=constant",
                                    "--warm-up=0", "--seconds=2", NULL});
    trial_assert_valid(trial.points[0]);
    assert_recorded(trial.points[0], 20);
    ck_assert_double_lt(trial_real(trial.points[0], "generator.spin_seconds"),
                        1);
    ck_assert_double_lt(trial_real(trial.points[0], "generator.cpu_seconds"),
                        1);
    trial_free(&trial);
    fake_server_stop(&server);
}

START_TEST(it_sleeps_while_nothing_is_due)
{
    assert_it_sleeps();
}
END_TEST

/* A kernel without epoll_pwait2, and a container that forbids it. */
START_TEST(it_sleeps_without_epoll_pwait2)
{
    program_refuse(SYS_epoll_pwait2, _i == 0 ? ENOSYS : EPERM);
    assert_it_sleeps();
}
END_TEST

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

/* How long it only waited, awake, with up to two options more. */
static double seconds_awake(const char *option, const char *another)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=2000", "--gaps=constant",
                                    "--seconds=0.3", "--warm-up=0.1", option,
                                    another, NULL});
    trial_assert_valid(trial.points[0]);
    double seconds = trial_real(trial.points[0], "generator.spin_seconds");
    trial_free(&trial);
    fake_server_stop(&server);
    return seconds;
}

/* However many CPUs are online: this process is the server, and on the same. */
START_TEST(it_does_not_stay_awake_on_the_servers_cpu)
{
    char pid[32];

    snprintf(pid, sizeof(pid), "--pid=%d", (int)getpid());
    stay_on_cpu(next_cpu(0));
    ck_assert_double_eq(seconds_awake(pid, NULL), 0);
    ck_assert_double_eq(seconds_awake(NULL, NULL), 0);
}
END_TEST

START_TEST(it_stays_awake_on_a_cpu_of_its_own)
{
    int servers = next_cpu(0);
    int own = next_cpu(servers + 1);
    char option[32], pid[32];

    if (own == -1)
        return; /* there is none */
    snprintf(pid, sizeof(pid), "--pid=%d", (int)getpid());
    snprintf(option, sizeof(option), "--cpu=%d", own);
    ck_assert_double_gt(seconds_awake(option, NULL), 0);
    stay_on_cpu(servers);
    ck_assert_double_gt(seconds_awake(option, pid), 0);
}
END_TEST

START_TEST(the_time_awake_is_told_apart)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--rate=2000", "--gaps=constant",
                                    "--warm-up=0.1", "--seconds=0.5", NULL});
    const json_t *point = trial.points[0];
    trial_assert_valid(point);
    ck_assert_double_lt(trial_real(point, "generator.spin_seconds"),
                        trial_real(point, "seconds"));
    trial_free(&trial);

    trial_run(&trial, server.port,
              (const char *const[]){"--warm-up=0", "--seconds=0.1", NULL});
    ck_assert_double_eq(trial_real(trial.points[0], "generator.spin_seconds"),
                        0);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(a_closed_loop_has_no_plan)
{
    static const char *const paths[] = {
        "rate_planned", "gaps",    "gaps_seed", "planned",
        "unsent",       "service", "lag",       "handshake",
    };
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--warm-up=0", "--seconds=0.1", NULL});
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        ck_assert(json_is_null(trial_get(trial.points[0], paths[i])));
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(a_signal_ends_it)
{
    char line[1000];
    struct fake_server server;

    fake_server_start(&server, ECHOES, 0);
    struct program program = program_start(
        (const char *const[]){trial_loadgen, "--rate=100,101", "--seconds=2",
                              "--warm-up=0", "127.0.0.1", server.port, NULL});
    program_first_line(&program, line, sizeof(line));
    kill(program.pid, SIGTERM); /* in the second point */
    program_wait(&program);
    ck_assert_int_eq(program.status, 128 + SIGTERM);
    ck_assert_ptr_nonnull(strstr(program.out, "planned    100 a second"));
    ck_assert_ptr_null(strstr(program.out, "planned    101 a second"));
    program_free(&program);
    fake_server_stop(&server);
}
END_TEST

/* People see all three times, in lines that fit into a terminal. */
START_TEST(the_summary_fits_into_a_terminal)
{
    static const char *const beginnings[] = {
        "idle 2, active 3: ",
        "    planned    1000 a second, exponential gaps; 0 of ",
        "    response   p50 ",
        "    service    p50 ",
        "    lag        p50 ",
    };
    struct fake_server server;

    fake_server_start(&server, ECHOES, 0);
    struct program program = program_start((const char *const[]){
        trial_loadgen, "--idle=2", "--active=3", "--rate=1000", "--seconds=0.3",
        "127.0.0.1", server.port, NULL});
    program_wait(&program);
    ck_assert_int_eq(program.status, 0);
    char *rest = program.out;
    for (size_t i = 0; i < 5; i++) {
        const char *line = strsep(&rest, "\n");
        ck_assert_msg(strncmp(line, beginnings[i], strlen(beginnings[i])) == 0,
                      "%s", line);
        ck_assert_uint_le(strlen(line), 80);
    }
    program_free(&program);
    fake_server_stop(&server);
}
END_TEST

static size_t size_of_wrongs = sizeof(wrongs) / sizeof(wrongs[0]);

int main(int argc, char *argv[])
{
    TCase *tcase = tcase_create("open_loop");
    Suite *suite = suite_create("open_loop");

    trial_loadgen = tap_arguments(argc, argv, 1)[0];
    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_test(tcase, everything_planned_is_recorded);
    tcase_add_test(tcase, the_seed_decides_on_the_gaps);
    tcase_add_test(tcase, a_slow_server_cannot_hide_the_queue);
    tcase_add_test(tcase, overload_comes_to_an_end);
    tcase_add_test(tcase, who_was_not_asked_owes_nothing);
    tcase_add_test(tcase, long_messages_come_back);
    tcase_add_loop_test(tcase, a_wrong_server_is_not_measured, 0,
                        (int)size_of_wrongs);
    tcase_add_test(tcase, it_sleeps_while_nothing_is_due);
    tcase_add_loop_test(tcase, it_sleeps_without_epoll_pwait2, 0, 2);
    tcase_add_test(tcase, it_does_not_stay_awake_on_the_servers_cpu);
    tcase_add_test(tcase, it_stays_awake_on_a_cpu_of_its_own);
    tcase_add_test(tcase, the_time_awake_is_told_apart);
    tcase_add_test(tcase, a_closed_loop_has_no_plan);
    tcase_add_test(tcase, a_signal_ends_it);
    tcase_add_test(tcase, the_summary_fits_into_a_terminal);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
