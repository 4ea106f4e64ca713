/*
 * test_churn: connect, one echo, reset, again, against a server that is right
 * and against servers that are wrong in the middle of it.
 *
 *     test_churn PATH-OF-LOADGEN
 */
#include "counters.h"
#include "fake_server.h"
#include "tap.h"
#include "trial.h"

#include <check.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The handshake is a part of each connection that was counted.  And in a slot
 * one connection comes after the other: together they can't take longer than
 * the window and the part of the first that lies before it.
 */
static void assert_arithmetic(const json_t *point)
{
    json_int_t echoes = trial_integer(point, "echoes");
    double slots = (double)trial_integer(point, "active");
    double sum = (double)trial_integer(point, "latency.sum") / 1e9;
    double max = (double)trial_integer(point, "latency.max") / 1e9;
    double rate = (double)echoes / trial_real(point, "seconds");

    ck_assert_int_gt(echoes, 0);
    ck_assert_double_eq_tol(trial_real(point, "rate"), rate, rate / 1e6);
    ck_assert_int_eq(trial_integer(point, "latency.count"), echoes);
    ck_assert_int_eq(trial_integer(point, "handshake.count"), echoes);
    ck_assert_int_lt(trial_integer(point, "handshake.min"),
                     trial_integer(point, "latency.min"));
    ck_assert_int_lt(trial_integer(point, "handshake.max"),
                     trial_integer(point, "latency.max"));
    ck_assert_int_lt(trial_integer(point, "handshake.sum"),
                     trial_integer(point, "latency.sum"));
    ck_assert_double_le(sum, slots * (trial_real(point, "seconds") + max));
}

/*
 * Without a warm-up a connection that was opened is one that was counted, one
 * of the 20 idle ones, or one that was underway at the end of its window: as
 * many as there are slots, 1 + 5 and again.
 */
START_TEST(every_connection_is_counted)
{
    static const int idle[] = {0, 0, 20, 20};
    static const int slots[] = {1, 5, 1, 5};
    struct fake_server server;
    struct run trial;
    json_int_t echoes = 0;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--churn", "--idle=0,20", "--active=1,5",
                                    "--seconds=0.2", "--warm-up=0", NULL});
    ck_assert_msg(trial.program.status == 0, "%s", trial.program.err);
    ck_assert_uint_eq(trial.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *point = trial.points[i];
        trial_assert_valid(point);
        assert_arithmetic(point);
        ck_assert_str_eq(trial_string(point, "mode"), "churn");
        ck_assert_int_eq(trial_integer(point, "active"), slots[i]);
        ck_assert_int_eq(trial_integer(point, "wanted"), idle[i]);
        ck_assert_int_eq(trial_integer(point, "held"), idle[i]);
        echoes += trial_integer(point, "echoes");
    }
    trial_free(&trial);
    fake_server_stop(&server);
    ck_assert_int_ge(server.accepted, echoes + 20);
    ck_assert_int_le(server.accepted, echoes + 20 + 12);
    /* Each message came whole, and there was one a connection. */
    ck_assert_uint_eq(counters->bytes_received, 64 * (uint64_t)server.accepted);
}
END_TEST

START_TEST(the_warm_up_is_not_counted)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--churn", "--active=3", "--seconds=0.1",
                                    "--warm-up=1", NULL});
    trial_assert_valid(trial.points[0]);
    assert_arithmetic(trial.points[0]);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* The server sleeps for 20 ms before each reply.  The kernel, which answers
 * the connect, doesn't. */
START_TEST(latency_is_from_the_connect_to_the_last_byte)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, IS_SLOW, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--churn", "--seconds=1", NULL});
    trial_assert_valid(trial.points[0]);
    assert_arithmetic(trial.points[0]);
    ck_assert_int_ge(trial_integer(trial.points[0], "latency.min"), 20000000);
    ck_assert_int_lt(trial_integer(trial.points[0], "handshake.min"), 20000000);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

static const char *const sizes[] = {"--size=1", "--size=100000",
                                    "--size=1048576"};

START_TEST(any_size_comes_back)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--churn", sizes[_i], "--active=3",
                                    "--seconds=0.3", NULL});
    trial_assert_valid(trial.points[0]);
    assert_arithmetic(trial.points[0]);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* 20 connections are served as they should be; the others aren't. */
static const struct wrong {
    enum behaviour behaviour;
    int spares_first;
    const char *reason; /* begins so */
    const char *error;  /* and this is counted */
} wrongs[] = {
    {CHANGES_A_BIT, 20, "wrong byte: connection ", "wrong_bytes"},
    {CHANGES_A_BIT, 0, "wrong byte: connection ", "wrong_bytes"},
    {DOUBLES_A_BYTE, 20, "wrong byte: connection ", "wrong_bytes"},
    {LOSES_A_BYTE, 20, "the last echo never came in 3 of 3 slots", "lost"},
    {FORGETS, 20, "the last echo never came in 3 of 3 slots", "lost"},
    {FORGETS, 0, "no connection was served in 3 of 3 slots", "unserved"},
    {CLOSES, 20, "the server closed connection ", "closed"},
    {RESETS, 20, "the server closed connection ", "closed"},
    {TURNS_AWAY, 20, "the server closed connection ", "closed"},
};

static void churn_wrong(const struct wrong *wrong)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, wrong->behaviour, 0);
    server.spares_first = wrong->spares_first;
    trial_run(&trial, server.port,
              (const char *const[]){"--churn", "--active=3", "--idle=0,1",
                                    "--seconds=0.2", "--warm-up=0.1",
                                    "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_uint_eq(trial.count, 1); /* it did not go on */
    trial_assert_wrong(trial.points[0], wrong->reason, wrong->error);
    trial_free(&trial);
    fake_server_stop(&server);
}

START_TEST(a_wrong_server_is_not_measured)
{
    churn_wrong(&wrongs[_i]);
}
END_TEST

START_TEST(a_refused_connection_spoils_the_point)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, STOPS_LISTENING, 20);
    trial_run(&trial, server.port,
              (const char *const[]){"--churn", "--seconds=5", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    trial_assert_wrong(trial.points[0],
                       "connection 20 was not accepted: Connection refused",
                       "refused");
    ck_assert_str_eq(trial_string(trial.points[0], "limited_by"), "server");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

static const struct wrong on_idle[] = {
    {CLOSES_THE_FIRST, 1, "the server closed connection 0: ", "closed"},
    {SPEAKS_TO_THE_FIRST, 1, "wrong byte: connection 0,", "wrong_bytes"},
};

START_TEST(the_idle_connection_is_looked_after)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, on_idle[_i].behaviour, 0);
    server.spares_first = on_idle[_i].spares_first; /* connection 0 */
    trial_run(
        &trial, server.port,
        (const char *const[]){"--churn", "--idle=1", "--seconds=0.1", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    trial_assert_wrong(trial.points[0], on_idle[_i].reason, on_idle[_i].error);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(our_own_limit_is_not_blamed_on_the_server)
{
    struct rlimit limit = {50, 50};
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    trial_run(
        &trial, server.port,
        (const char *const[]){"--churn", "--active=60", "--seconds=1", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    trial_assert_wrong(trial.points[0], "connection ", "refused");
    ck_assert_ptr_nonnull(strstr(trial_string(trial.points[0], "reason"),
                                 " did not fit here: Too many open files"));
    ck_assert_str_eq(trial_string(trial.points[0], "limited_by"), "generator");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* A network of our own, with four local ports.  False when this process isn't
 * allowed to make one. */
static bool enter_a_narrow_network(void)
{
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    const char range[] = "40000 40003";

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == -1)
        return false;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &loopback), 0);
    close(fd);
    fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
    bool is_narrow = write(fd, range, strlen(range)) > 0;
    close(fd);
    return is_narrow;
}

/* The server takes one of the four.  Sixteen source addresses with each of the
 * other three: 48 connections fit. */
START_TEST(local_ports_that_run_out_are_our_limit)
{
    struct fake_server server;
    struct run trial;

    if (!enter_a_narrow_network())
        return;
    fake_server_start(&server, WAITS_FOR_ALL, 100);
    trial_run(
        &trial, server.port,
        (const char *const[]){"--churn", "--active=100", "--seconds=1", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    trial_assert_wrong(trial.points[0],
                       "connection 48 did not fit here: Cannot assign "
                       "requested address",
                       "refused");
    ck_assert_str_eq(trial_string(trial.points[0], "limited_by"), "generator");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(a_signal_is_not_kept_waiting)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_start(&trial, server.port,
                (const char *const[]){"--churn", "--seconds=1000", NULL});
    while (counters->receives < 100)
        usleep(1000); /* until it is at work; the test has a time limit */
    kill(trial.program.pid, SIGTERM);
    program_wait(&trial.program);
    ck_assert_int_eq(trial.program.status, 128 + SIGTERM);
    ck_assert_str_eq(trial.program.out, "");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

int main(int argc, char *argv[])
{
    char **paths = tap_arguments(argc, argv, 1);

    trial_loadgen = paths[0];
    Suite *suite = suite_create("churn");
    TCase *tcase = tcase_create("churn");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_test(tcase, every_connection_is_counted);
    tcase_add_test(tcase, the_warm_up_is_not_counted);
    tcase_add_test(tcase, latency_is_from_the_connect_to_the_last_byte);
    tcase_add_loop_test(tcase, any_size_comes_back, 0,
                        sizeof(sizes) / sizeof(sizes[0]));
    tcase_add_loop_test(tcase, a_wrong_server_is_not_measured, 0,
                        sizeof(wrongs) / sizeof(wrongs[0]));
    tcase_add_test(tcase, a_refused_connection_spoils_the_point);
    tcase_add_loop_test(tcase, the_idle_connection_is_looked_after, 0,
                        sizeof(on_idle) / sizeof(on_idle[0]));
    tcase_add_test(tcase, our_own_limit_is_not_blamed_on_the_server);
    tcase_add_test(tcase, local_ports_that_run_out_are_our_limit);
    tcase_add_test(tcase, a_signal_is_not_kept_waiting);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
