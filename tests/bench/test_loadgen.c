/*
 * test_loadgen: the load generator end to end, against a server that is right
 * and against servers that are wrong in every way we could think of.
 *
 *     test_loadgen PATH-OF-LOADGEN
 */
#include "counters.h"
#include "fake_server.h"
#include "record/histogram.h"
#include "tap.h"
#include "trial.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Sum of the buckets' counts; each index is larger than the one before. */
static json_int_t count_in_buckets(const json_t *point)
{
    const json_t *buckets = trial_get(point, "latency.buckets");
    json_int_t sum = 0;
    json_int_t last = -1;

    for (size_t i = 0; i < json_array_size(buckets); i++) {
        const json_t *bucket = json_array_get(buckets, i);
        json_int_t index = json_integer_value(json_array_get(bucket, 0));
        json_int_t count = json_integer_value(json_array_get(bucket, 1));
        ck_assert_int_gt(index, last);
        ck_assert_int_lt(index, HISTOGRAM_BUCKETS);
        ck_assert_int_gt(count, 0);
        last = index;
        sum += count;
    }
    return sum;
}

static void assert_arithmetic(const json_t *point)
{
    json_int_t echoes = trial_integer(point, "echoes");
    json_int_t active = trial_integer(point, "active");
    double seconds = trial_real(point, "seconds");
    double sum = (double)trial_integer(point, "latency.sum") / 1e9;
    double max = (double)trial_integer(point, "latency.max") / 1e9;

    ck_assert_int_gt(echoes, 0);
    ck_assert_int_eq(trial_integer(point, "latency.count"), echoes);
    ck_assert_int_eq(count_in_buckets(point) +
                         trial_integer(point, "latency.overflow"),
                     echoes);
    ck_assert_double_eq_tol(trial_real(point, "rate"), (double)echoes / seconds,
                            trial_real(point, "rate") / 1e6);
    ck_assert_double_ge(
        sum, (double)(echoes * trial_integer(point, "latency.min")) / 1e9);
    ck_assert_double_le(sum, (double)echoes * max);
    /*
     * A closed loop: on each connection one echo follows the other without a
     * gap, so together they can't take longer than the window and the part of
     * the first that lies before it.
     */
    ck_assert_double_le(sum, (double)active * (seconds + max));
}

static void assert_quantiles_ascend(const json_t *point)
{
    json_int_t last = trial_integer(point, "latency.min");
    static const char *const paths[] = {"latency.p50", "latency.p90",
                                        "latency.p99", "latency.p999"};

    for (size_t i = 0; i < 4; i++) {
        if (json_is_null(trial_get(point, paths[i])))
            break;
        ck_assert_int_ge(trial_integer(point, paths[i]), last);
        last = trial_integer(point, paths[i]);
    }
    ck_assert_int_ge(trial_integer(point, "latency.max"), last);
}

START_TEST(it_climbs_and_counts_right)
{
    static const struct {
        int idle, active, opened;
    } expected[] = {{0, 1, 1}, {0, 5, 4}, {20, 1, 16}, {20, 5, 4}};
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--idle=0,20", "--active=1,5",
                                    "--seconds=0.2", "--warm-up=0.05", NULL});
    ck_assert_msg(trial.program.status == 0, "%s", trial.program.err);
    ck_assert_uint_eq(trial.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *point = trial.points[i];
        ck_assert_int_eq(trial_integer(point, "schema"), 2);
        ck_assert_str_eq(trial_string(point, "mode"), "closed");
        ck_assert_int_eq(trial_integer(point, "idle"), expected[i].idle);
        ck_assert_int_eq(trial_integer(point, "active"), expected[i].active);
        ck_assert_int_eq(trial_integer(point, "held"),
                         expected[i].idle + expected[i].active);
        ck_assert_int_eq(trial_integer(point, "opened.connections"),
                         expected[i].opened);
        ck_assert_int_eq(trial_integer(point, "size"), 64);
        ck_assert_double_ge(trial_real(point, "seconds"), 0.2);
        trial_assert_valid(point);
        assert_arithmetic(point);
        assert_quantiles_ascend(point);
    }
    /* What was open stayed open; nothing else knocked at the server's door. */
    ck_assert_int_eq(server.count, 25);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(lists_turn_like_an_odometer)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--idle=0,3", "--size=16,32",
                                    "--rate=500,1000", "--seconds=0.05",
                                    "--warm-up=0.1", "--settle=0.2", NULL});
    ck_assert_uint_eq(trial.count, 8);
    for (int i = 0; i < 8; i++) {
        const json_t *point = trial.points[i];
        trial_assert_valid(point);
        ck_assert_int_eq(trial_integer(point, "idle"), i / 4 * 3);
        ck_assert_int_eq(trial_integer(point, "size"), 16 + i / 2 % 2 * 16);
        ck_assert_int_eq(trial_integer(point, "rate_planned"),
                         500 + i % 2 * 500);
        /* Only the first one begins with a fresh process. */
        ck_assert_double_eq_tol(trial_real(point, "warm_up"),
                                i == 0 ? 0.3 : 0.1, 1e-9);
    }
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(active_ones_turn_within_sizes)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--size=1,2", "--active=1,2",
                                    "--firehoses=0,1", "--seconds=0.25",
                                    "--warm-up=0", NULL});
    ck_assert_uint_eq(trial.count, 8);
    for (int i = 0; i < 8; i++) {
        const json_t *point = trial.points[i];
        trial_assert_valid(point);
        ck_assert_int_eq(trial_integer(point, "size"), 1 + i / 4);
        ck_assert_int_eq(trial_integer(point, "active"), 1 + i / 2 % 2);
        ck_assert_int_eq(trial_integer(point, "firehoses"), i % 2);
        ck_assert_int_eq(trial_integer(point, "wanted"), 1 + i / 2 % 2 + i % 2);
    }
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* Let the counters of this process, whose thread is the server, live in a file.
 * Returns the option that tells loadgen; the file is gone once it was read. */
static const char *share_counters(char file[64])
{
    static char option[96];

    snprintf(file, 64, "/tmp/test_loadgen.%d", (int)getpid());
    snprintf(option, sizeof(option), "--counters=%s", file);
    counters_open(file);
    return option;
}

START_TEST(connections_too_many_are_reset)
{
    struct fake_server server;
    struct run trial;
    char file[64];
    const char *option = share_counters(file);

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--idle=0,3", "--active=1,50",
                                    "--seconds=0.1", "--warm-up=0.1", option,
                                    NULL});
    unlink(file);
    ck_assert_int_eq(trial.program.status, 0);
    ck_assert_uint_eq(trial.count, 4);
    ck_assert_int_eq(trial_integer(trial.points[1], "held"), 50);
    ck_assert_int_eq(trial_integer(trial.points[2], "held"), 4);
    ck_assert_int_eq(
        trial_integer(trial.points[2], "server.counters.connections"), 4);
    ck_assert_int_eq(trial_integer(trial.points[2], "opened.connections"), 0);
    ck_assert_int_eq(trial_integer(trial.points[3], "opened.connections"), 49);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* A point is over with its last reply.  Waiting for more, up to the limit of
 * ten seconds a point, would take longer than a program may run here. */
START_TEST(it_does_not_wait_when_nothing_is_in_flight)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--idle=0,1,2,3,4,5,6,7", "--seconds=0.25",
                                    "--warm-up=0", "--stall=60", NULL});
    ck_assert_int_eq(trial.program.status, 0);
    ck_assert_uint_eq(trial.count, 8);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* The name may stand for ::1 as well, where nobody listens. */
START_TEST(the_server_may_be_a_name)
{
    struct fake_server server;
    struct addrinfo *addresses;

    if (getaddrinfo("localhost", NULL, NULL, &addresses) != 0)
        return; /* a container without that line in /etc/hosts */
    freeaddrinfo(addresses);
    fake_server_start(&server, ECHOES, 0);
    struct program program = program_start((const char *const[]){
        trial_loadgen, "--seconds=0.1", "localhost", server.port, NULL});
    program_wait(&program);
    ck_assert_msg(program.status == 0, "%s", program.err);
    program_free(&program);
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
              (const char *const[]){sizes[_i], "--active=3", "--seconds=1.5",
                                    "--warm-up=0.05", NULL});
    ck_assert_msg(trial.program.status == 0, "%s", trial.program.err);
    trial_assert_valid(trial.points[0]);
    assert_arithmetic(trial.points[0]);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* Most of the time it waits for a slow server.  A generator that went on to
 * ask whether it may write, with nothing to write, would never sleep. */
START_TEST(it_sleeps_while_it_waits)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, IS_SLOW, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--size=100000", "--seconds=3",
                                    "--warm-up=0", "--stall=5", NULL});
    trial_assert_valid(trial.points[0]);
    ck_assert_double_lt(trial_real(trial.points[0], "generator.cpu_share"),
                        0.5);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(few_samples_give_no_quantiles)
{
    struct fake_server server;
    struct run trial;

    /* Some thousand echoes at the most: p99.9 asks for 10,000. */
    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--size=1048576", "--seconds=0.5",
                                    "--warm-up=0", NULL});
    trial_assert_valid(trial.points[0]);
    ck_assert(json_is_null(trial_get(trial.points[0], "latency.p999")));
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* This very process is the server here, and its thread counts. */
START_TEST(it_looks_at_the_server)
{
    struct fake_server server;
    struct run trial;
    char pid[32], file[64];
    const char *option = share_counters(file);

    snprintf(pid, sizeof(pid), "--pid=%d", (int)getpid());
    fake_server_start(&server, ECHOES, 0);
    trial_run(&trial, server.port,
              (const char *const[]){pid, option, "--active=4", "--seconds=0.3",
                                    NULL});
    unlink(file);
    const json_t *point = trial.points[0];
    trial_assert_valid(point);
    ck_assert_double_gt(trial_real(point, "server.cpu_seconds"), 0);
    ck_assert_int_gt(trial_integer(point, "server.user_bytes"), 4096);
    ck_assert_int_ge(trial_integer(point, "server.context_switches.voluntary"),
                     0);
    /* At either end a reply may be on its way on each of the four. */
    ck_assert_int_le(llabs(trial_integer(point, "server.counters.receives") -
                           trial_integer(point, "echoes")),
                     4);
    ck_assert_int_eq(trial_integer(point, "server.counters.accepts"), 0);
    ck_assert_double_gt(trial_real(point, "generator.cpu_seconds"), 0);
    ck_assert_double_gt(trial_real(point, "generator.cpu_share"), 0);
    ck_assert_double_ge(trial_real(point, "steal_seconds"), 0);
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
    {CHANGES_A_BIT, 0, "wrong byte: connection ", "wrong_bytes"}, /* proof */
    {DOUBLES_A_BYTE, 5, "wrong byte: connection ", "wrong_bytes"},
    {REPLIES_TO_ANOTHER, 5, "wrong byte: connection 1,", "wrong_bytes"},
    {LOSES_A_BYTE, 5, "the last reply never came on ", "lost"},
    {FORGETS, 5, "the last reply never came on 3 of 3 active ", "lost"},
    {FORGETS, 1, "no reply at all on 3 of 3 active connections", "unserved"},
    {CLOSES, 5, "the server closed connection ", "closed"},
    {RESETS, 5, "the server closed connection ", "closed"},
};

static void measure_wrong(const struct wrong *wrong)
{
    struct fake_server server;
    struct run trial;
    char path[32];

    fake_server_start(&server, wrong->behaviour, wrong->after);
    trial_run(&trial, server.port,
              (const char *const[]){"--active=3", "--idle=0,1", "--seconds=0.2",
                                    "--warm-up=0.1", "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_uint_eq(trial.count, 1); /* it did not go on */
    ck_assert(json_is_false(trial_get(trial.points[0], "valid")));
    const char *reason = trial_string(trial.points[0], "reason");
    ck_assert_msg(strncmp(reason, wrong->reason, strlen(wrong->reason)) == 0,
                  "the reason: %s", reason);
    snprintf(path, sizeof(path), "errors.%s", wrong->error);
    ck_assert_int_gt(trial_integer(trial.points[0], path), 0);
    ck_assert_ptr_nonnull(strstr(trial.program.err, reason));
    trial_free(&trial);
    fake_server_stop(&server);
}

START_TEST(a_wrong_server_is_not_measured)
{
    measure_wrong(&wrongs[_i]);
}
END_TEST

/* Served in the first point, forgotten in the second. */
START_TEST(each_point_asks_again_who_is_served)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, FORGETS_THE_FIRST, 2);
    trial_run(&trial, server.port,
              (const char *const[]){"--active=1,2", "--seconds=0.5",
                                    "--warm-up=0", "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_uint_eq(trial.count, 2);
    trial_assert_valid(trial.points[0]);
    ck_assert_str_eq(trial_string(trial.points[1], "reason"),
                     "no reply at all on 1 of 2 active connections");
    ck_assert_int_eq(trial_integer(trial.points[1], "errors.unserved"), 1);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* Reported as writable and as reset at once: one end of one connection. */
START_TEST(an_end_is_counted_once)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, RESETS, 1);
    trial_run(&trial, server.port,
              (const char *const[]){"--size=1048576", "--seconds=1",
                                    "--warm-up=0", NULL});
    trial_assert_wrong(trial.points[0], "the server closed connection 0",
                       "closed");
    ck_assert_int_eq(trial_integer(trial.points[0], "errors.closed"), 1);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* poll(2) fails for more descriptors than may be open, and says nothing of any
 * connection; one of them was closed. */
START_TEST(idle_ones_are_looked_after_when_the_limit_was_lowered)
{
    struct rlimit few = {8, 8};
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, CLOSES_THE_FIRST, 200);
    trial_start(&trial, server.port,
                (const char *const[]){"--idle=30", "--seconds=1.5",
                                      "--warm-up=0", NULL});
    while (counters->receives < 100)
        usleep(1000); /* until it is at work; the test has a time limit */
    ck_assert_int_eq(prlimit(trial.program.pid, RLIMIT_NOFILE, &few, NULL), 0);
    trial_wait(&trial);
    trial_assert_wrong(trial.points[0], "the server closed connection 0",
                       "closed");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* It would wait ten seconds for a server that is still busy with the rest. */
START_TEST(a_silent_server_is_given_up_soon)
{
    struct fake_server server;
    struct run trial;
    time_t began = time(NULL);

    fake_server_start(&server, FORGETS, 1);
    trial_run(&trial, server.port,
              (const char *const[]){"--seconds=0.1", "--warm-up=0",
                                    "--stall=0.2", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_int_lt(time(NULL) - began, 9);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* Of three connections the second talks; the server bothers the first. */
START_TEST(an_idle_connection_is_looked_after)
{
    bool speaks = _i == 0;
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, speaks ? SPEAKS_TO_THE_FIRST : CLOSES_THE_FIRST,
                      5);
    trial_run(&trial, server.port,
              (const char *const[]){"--idle=2", "--active=1", "--seconds=0.5",
                                    "--warm-up=0", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_str_eq(trial_string(trial.points[0], "reason"),
                     speaks ? "wrong byte: connection 0, message 0, byte 64"
                            : "the server closed connection 0: end of stream");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

static const struct shortage {
    enum behaviour behaviour;
    int after;
    const char *wanted; /* --idle, with one active */
    const char *reason;
    int held;
} shortages[] = {
    {SERVES_SO_MANY_ONLY, 7, "--idle=0,20",
     "the server served 7 of 21 connections", 7},
    {SERVES_SO_MANY_ONLY, 150, "--idle=0,300",
     "the server served 150 of 301 connections", 150},
    {FORGETS, 0, "--idle=0", "the server served 0 of 1 connections", 0},
    {CLOSES, 0, "--idle=0", "the server served 0 of 1 connections", 0},
};

static void climb_to_the_end(const struct shortage *shortage)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, shortage->behaviour, shortage->after);
    trial_run(&trial, server.port,
              (const char *const[]){shortage->wanted, "--seconds=0.5",
                                    "--warm-up=0", "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    const json_t *last = trial.points[trial.count - 1];
    ck_assert(json_is_false(trial_get(last, "valid")));
    ck_assert_str_eq(trial_string(last, "reason"), shortage->reason);
    ck_assert_str_eq(trial_string(last, "limited_by"), "server");
    ck_assert_int_eq(trial_integer(last, "held"), shortage->held);
    if (shortage->held > 0)
        trial_assert_valid(trial.points[0]); /* the point before it stays */
    trial_free(&trial);
    fake_server_stop(&server);
}

START_TEST(climbing_ends_where_the_server_is_full)
{
    climb_to_the_end(&shortages[_i]);
}
END_TEST

/* A port that is taken by a socket which does not listen. */
START_TEST(nobody_listens)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    struct run trial;
    char port[8];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
    trial_run(&trial, port, (const char *const[]){"--seconds=0.1", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_str_eq(
        trial_string(trial.points[0], "reason"),
        "the server served 0 of 1 connections (Connection refused)");
    trial_free(&trial);
    close(fd);
}
END_TEST

START_TEST(hold_counts_what_is_held)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, SERVES_SO_MANY_ONLY, 150);
    trial_run(&trial, server.port,
              (const char *const[]){"--hold=140", "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 0);
    ck_assert_str_eq(trial_string(trial.points[0], "mode"), "hold");
    ck_assert_int_eq(trial_integer(trial.points[0], "wanted"), 140);
    ck_assert_int_eq(trial_integer(trial.points[0], "held"), 140);
    trial_assert_valid(trial.points[0]);
    trial_free(&trial);
    fake_server_stop(&server);

    fake_server_start(&server, SERVES_SO_MANY_ONLY, 150);
    trial_run(&trial, server.port,
              (const char *const[]){"--hold=400", "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 0);
    ck_assert(json_is_true(trial_get(trial.points[0], "valid")));
    ck_assert_int_eq(trial_integer(trial.points[0], "held"), 150);
    ck_assert_str_eq(trial_string(trial.points[0], "limited_by"), "server");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* A line for each number, the first that is too many included. */
START_TEST(hold_stops_at_each_number)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, SERVES_SO_MANY_ONLY, 150);
    trial_run(
        &trial, server.port,
        (const char *const[]){"--hold=10,100,200,300", "--stall=0.5", NULL});
    ck_assert_int_eq(trial.program.status, 0);
    ck_assert_uint_eq(trial.count, 3);
    ck_assert_int_eq(trial_integer(trial.points[0], "held"), 10);
    ck_assert_int_eq(trial_integer(trial.points[1], "held"), 100);
    ck_assert_int_eq(trial_integer(trial.points[1], "opened.connections"), 90);
    ck_assert_int_eq(trial_integer(trial.points[2], "wanted"), 200);
    ck_assert_int_eq(trial_integer(trial.points[2], "held"), 150);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* A hundred proofs take two seconds, but each is soon followed by the next. */
START_TEST(a_slow_server_is_not_given_up)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, IS_SLOW, 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--hold=100", "--stall=1", NULL});
    ck_assert_int_eq(trial_integer(trial.points[0], "held"), 100);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(too_few_descriptors_are_said)
{
    struct rlimit limit = {50, 50};
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    trial_run(&trial, server.port,
              (const char *const[]){"--idle=0,10,100", "--seconds=0.5",
                                    "--warm-up=0", NULL});
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_uint_eq(trial.count, 3);
    trial_assert_valid(trial.points[1]);
    ck_assert_str_eq(trial_string(trial.points[2], "limited_by"), "generator");
    ck_assert_str_eq(trial_string(trial.points[2], "reason"),
                     "101 connections do not fit: the limit of open files "
                     "leaves room for 34");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(a_signal_drops_only_the_point_underway)
{
    int signal_number = _i == 0 ? SIGINT : SIGTERM;
    static char line[100000];
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_start(&trial, server.port,
                (const char *const[]){"--idle=0,1,2,3,4,5,6,7", "--seconds=0.5",
                                      "--warm-up=0", NULL});
    program_first_line(&trial.program, line, sizeof(line));
    kill(trial.program.pid, signal_number); /* in one of the later points */
    trial_wait(&trial);
    ck_assert_int_eq(trial.program.status, 128 + signal_number);
    ck_assert_uint_ge(trial.count, 1);
    ck_assert_uint_lt(trial.count, 8);
    for (size_t i = 0; i < trial.count; i++)
        trial_assert_valid(trial.points[i]);
    ck_assert_ptr_nonnull(
        strstr(trial.program.err, ": stopped; the point underway is dropped"));
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
                (const char *const[]){"--seconds=1000", NULL});
    while (counters->receives < 100)
        usleep(1000); /* until it is at work; the test has a time limit */
    kill(trial.program.pid, SIGTERM);
    program_wait(&trial.program);
    ck_assert_int_eq(trial.program.status, 128 + SIGTERM);
    ck_assert_str_eq(trial.program.out, "");
    program_free(&trial.program);
    fake_server_stop(&server);
}
END_TEST

/* SIGTERM as some parents leave it: blocked and ignored. */
START_TEST(an_inherited_mask_keeps_no_signal_away)
{
    sigset_t all;
    struct fake_server server;
    struct run trial;

    signal(SIGTERM, SIG_IGN);
    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
    fake_server_start(&server, ECHOES, 0);
    trial_start(&trial, server.port,
                (const char *const[]){"--seconds=1000", NULL});
    while (counters->receives < 100)
        usleep(1000); /* until it is at work; the test has a time limit */
    kill(trial.program.pid, SIGTERM);
    program_wait(&trial.program);
    ck_assert_int_eq(trial.program.status, 128 + SIGTERM);
    program_free(&trial.program);
    fake_server_stop(&server);
}
END_TEST

/* A server by hand: a socket that listens, and loadgen's port of it. */
static int listen_by_hand(char port[8])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    snprintf(port, 8, "%d", ntohs(address.sin_port));
    return fd;
}

/* Stop loadgen for longer than it would wait for us, and answer after that. */
static void answer_after_a_pause(int fd, pid_t loadgen)
{
    char text[64];

    ck_assert_int_eq(recv(fd, text, sizeof(text), MSG_WAITALL), sizeof(text));
    usleep(500000); /* the window is over, too */
    kill(loadgen, SIGSTOP);
    usleep(2500000);
    kill(loadgen, SIGCONT);
    usleep(100000);
    ck_assert_int_eq(send(fd, text, sizeof(text), 0), sizeof(text));
}

/* As when the machine is suspended: the server did not run either. */
START_TEST(a_pause_of_its_own_is_not_the_servers_fault)
{
    char port[8], text[64];
    struct run trial;
    int listen_fd = listen_by_hand(port);

    trial_start(&trial, port,
                (const char *const[]){"--seconds=0.2", "--warm-up=0",
                                      "--stall=2", NULL});
    int fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_ne(fd, -1);
    answer_after_a_pause(fd, trial.program.pid); /* the proof */
    ck_assert_int_eq(recv(fd, text, sizeof(text), MSG_WAITALL), sizeof(text));
    ck_assert_int_eq(send(fd, text, sizeof(text), 0), sizeof(text));
    answer_after_a_pause(fd, trial.program.pid); /* in the drain */
    trial_wait(&trial);
    trial_assert_valid(trial.points[0]);
    trial_free(&trial);
    close(fd);
    close(listen_fd);
}
END_TEST

START_TEST(a_pause_of_its_own_is_told)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_start(&trial, server.port,
                (const char *const[]){"--seconds=1", "--warm-up=0", NULL});
    while (counters->receives < 100)
        usleep(1000); /* until it is at work; the test has a time limit */
    kill(trial.program.pid, SIGSTOP);
    usleep(700000);
    kill(trial.program.pid, SIGCONT);
    trial_wait(&trial);
    trial_assert_valid(trial.points[0]);
    ck_assert_double_ge(trial_real(trial.points[0], "generator.paused_seconds"),
                        0.5);
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

START_TEST(lines_are_appended_to_a_file)
{
    struct fake_server server;
    struct run trial;
    char file[64], option[96], line[100000];
    int lines = 0;

    snprintf(file, sizeof(file), "/tmp/test_loadgen.%d", (int)getpid());
    snprintf(option, sizeof(option), "--json=%s", file);
    fake_server_start(&server, ECHOES, 0);
    for (int i = 0; i < 2; i++) {
        trial_start(&trial, server.port,
                    (const char *const[]){option, "--seconds=0.05", NULL});
        program_wait(&trial.program);
        ck_assert_int_eq(trial.program.status, 0);
        /* Without "-" the summary is for stdout. */
        ck_assert_ptr_nonnull(strstr(trial.program.out, "idle 0, active 1: "));
        ck_assert_str_eq(trial.program.err, "");
        trial_free(&trial);
    }
    fake_server_stop(&server);

    FILE *stream = fopen(file, "r");
    ck_assert_ptr_nonnull(stream);
    while (fgets(line, sizeof(line), stream) != NULL)
        lines += line[0] == '{';
    fclose(stream);
    unlink(file);
    ck_assert_int_eq(lines, 2);
}
END_TEST

START_TEST(a_full_disk_is_said)
{
    struct fake_server server;
    struct run trial;

    fake_server_start(&server, ECHOES, 0);
    trial_start(
        &trial, server.port,
        (const char *const[]){"--json=/dev/full", "--seconds=0.05", NULL});
    program_wait(&trial.program);
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_str_eq(trial.program.err,
                     "loadgen: --json: the result can't be written: No space "
                     "left on device\n");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* Each prints something. */
static const char *const talkative[] = {"--seconds=0.05", "--help",
                                        "--version"};

START_TEST(a_full_standard_output_is_said)
{
    struct fake_server server;

    fake_server_start(&server, ECHOES, 0);
    struct program program =
        program_start_to(open("/dev/full", O_WRONLY),
                         (const char *const[]){trial_loadgen, talkative[_i],
                                               "127.0.0.1", server.port, NULL});
    program_wait(&program);
    ck_assert_int_eq(program.status, 1);
    ck_assert_msg(strstr(program.err, "loadgen: standard output: ") ==
                      program.err,
                  "%s", program.err);
    program_free(&program);
    fake_server_stop(&server);
}
END_TEST

/* A pipe that is full, whose other end nobody reads yet.  Returns that end. */
static int full_pipe(int *write_fd, size_t *held)
{
    static char page[4096];
    int ends[2];
    ssize_t n;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, (int)sizeof(page)), 0);
    *held = 0;
    while ((n = write(ends[1], page, sizeof(page))) > 0)
        *held += (size_t)n;
    *write_fd = ends[1];
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, 0), 0); /* we do wait */
    return ends[0];
}

/* Its reader is slow, and another program has made the pipe non-blocking. */
START_TEST(a_slow_reader_gets_all_of_it)
{
    static char text[100000];
    struct fake_server server;
    size_t held, length = 0;
    ssize_t n = 1;
    int write_fd;
    int read_fd = full_pipe(&write_fd, &held);

    fake_server_start(&server, ECHOES, 0);
    struct program program = program_start_to(
        write_fd,
        (const char *const[]){trial_loadgen, "--json=-", "--seconds=0.05",
                              "--warm-up=0", "127.0.0.1", server.port, NULL});
    while (counters->receives == 0)
        usleep(1000); /* until it is at work; the test has a time limit */
    usleep(500000);   /* soon it has something to write */
    close(write_fd);
    for (; n > 0 && length < sizeof(text); length += (size_t)n) {
        n = read(read_fd, text + length, sizeof(text) - length);
        ck_assert_int_ge(n, 0);
    }
    program.out_fd = read_fd;
    program_wait(&program);
    ck_assert_msg(program.status == 0, "%s", program.err);
    ck_assert_uint_gt(length, held);
    ck_assert_int_eq(text[held], '{');
    ck_assert_int_eq(text[length - 1], '\n');
    program_free(&program);
    fake_server_stop(&server);
}
END_TEST

/* Like `loadgen ... | head -1`: all points are measured all the same. */
START_TEST(a_reader_that_has_left_is_no_failure)
{
    struct fake_server server;
    int ends[2];

    fake_server_start(&server, ECHOES, 0);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    struct program program = program_start_to(
        ends[1],
        (const char *const[]){trial_loadgen, "--idle=0,1", "--seconds=0.05",
                              "127.0.0.1", server.port, NULL});
    program_wait(&program);
    ck_assert_int_eq(program.status, 0);
    ck_assert_str_eq(program.err, "");
    program_free(&program);
    fake_server_stop(&server);
}
END_TEST

static const char *const mistakes[] = {
    "--idle=5,3",
    "--idle=-1",
    "--active=0",
    "--size=0",
    "--size=1048577",
    "--seconds=0",
    "--seconds=nan",
    "--warm-up=-1",
    "--stall=x",
    "--hold=0",
    "--pid=4194304", /* one more than there can be */
    "--counters=/nowhere/at/all",
    "--counters=/dev/null",
    "--json=/nowhere/at/all",
    "--cpu=1023",
    "--rate=0",
    "--rate=10,5",
    "--rate=10000000", /* in 2.5 seconds: more than can be planned */
    "--gaps=even",
    "--seed=-1",
    "--firehoses=1001",
    "--settle=-1",
    "--freeze=1",
    "--freeze=x,1",
    "--freeze=1,",
    "--freeze=1,0",
    "--no-such-option",
};

/* Each is right on its own, but not with the other. */
static const struct {
    const char *options[3];
    const char *line;
} clashes[] = {
    {{"--churn", "--rate=5"}, "--churn: not together with --rate"},
    {{"--churn", "--firehoses=0,1"}, "--churn: not together with --firehoses"},
    {{"--churn", "--freeze=1,1"}, "--churn: not together with --freeze"},
    {{"--hold=5", "--rate=5"},
     "--hold: there is no load, so not together "
     "with --rate"},
    {{"--hold=5", "--churn"},
     "--hold: there is no load, so not together with "
     "--churn"},
    {{"--hold=5", "--firehoses=1"},
     "--hold: there is no load, so not together "
     "with --firehoses"},
    {{"--hold=5", "--freeze=1,1"},
     "--hold: there is no load, so not together "
     "with --freeze"},
    {{"--hold=5", "--settle=1"},
     "--hold: there is no load, so not together "
     "with --settle"},
    {{"--gaps=constant"}, "--gaps: there is no plan without --rate"},
    {{"--seed=3"}, "--seed: there is no plan without --rate"},
    {{"--freeze=0.5,0.5"}, "--freeze: --pid has to say which process to stop"},
    {{"--freeze=1.5,1", "--pid=1"},
     "--freeze=1.5,1: does not fit into "
     "--seconds=2"},
};

/* The end of a loadgen that was told nonsense: a line that has `text` in it. */
static void assert_refused(struct run *trial, const char *text)
{
    program_wait(&trial->program);
    const char *line = trial->program.err;

    ck_assert_int_eq(trial->program.status, 64);
    ck_assert_str_eq(trial->program.out, "");
    ck_assert_msg(strstr(line, text) != NULL, "%s", line);
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
    trial_free(trial);
}

START_TEST(a_mistake_is_one_line_that_names_it)
{
    struct run trial;

    trial_start(&trial, "1", (const char *const[]){mistakes[_i], NULL});
    assert_refused(&trial, mistakes[_i]);
}
END_TEST

START_TEST(what_makes_no_sense_together_is_refused)
{
    struct run trial;

    trial_start(&trial, "1", clashes[_i].options);
    assert_refused(&trial, clashes[_i].line);
}
END_TEST

static size_t size_of_wrongs = sizeof(wrongs) / sizeof(wrongs[0]);
static size_t size_of_shortages = sizeof(shortages) / sizeof(shortages[0]);
static size_t size_of_mistakes = sizeof(mistakes) / sizeof(mistakes[0]);
static size_t size_of_clashes = sizeof(clashes) / sizeof(clashes[0]);

static TCase *right_servers(void)
{
    TCase *tcase = tcase_create("right");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_test(tcase, it_climbs_and_counts_right);
    tcase_add_test(tcase, lists_turn_like_an_odometer);
    tcase_add_test(tcase, active_ones_turn_within_sizes);
    tcase_add_test(tcase, connections_too_many_are_reset);
    tcase_add_test(tcase, it_does_not_wait_when_nothing_is_in_flight);
    tcase_add_test(tcase, the_server_may_be_a_name);
    tcase_add_loop_test(tcase, any_size_comes_back, 0, 3);
    tcase_add_test(tcase, it_sleeps_while_it_waits);
    tcase_add_test(tcase, few_samples_give_no_quantiles);
    tcase_add_test(tcase, it_looks_at_the_server);
    tcase_add_test(tcase, hold_counts_what_is_held);
    tcase_add_test(tcase, hold_stops_at_each_number);
    tcase_add_test(tcase, a_slow_server_is_not_given_up);
    tcase_add_test(tcase, lines_are_appended_to_a_file);
    return tcase;
}

static TCase *wrong_servers(void)
{
    TCase *tcase = tcase_create("wrong");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_loop_test(tcase, a_wrong_server_is_not_measured, 0,
                        (int)size_of_wrongs);
    tcase_add_test(tcase, an_end_is_counted_once);
    tcase_add_test(tcase,
                   idle_ones_are_looked_after_when_the_limit_was_lowered);
    tcase_add_test(tcase, a_silent_server_is_given_up_soon);
    tcase_add_test(tcase, each_point_asks_again_who_is_served);
    tcase_add_loop_test(tcase, an_idle_connection_is_looked_after, 0, 2);
    tcase_add_loop_test(tcase, climbing_ends_where_the_server_is_full, 0,
                        (int)size_of_shortages);
    tcase_add_test(tcase, nobody_listens);
    return tcase;
}

static TCase *other_trouble(void)
{
    TCase *tcase = tcase_create("trouble");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_test(tcase, too_few_descriptors_are_said);
    tcase_add_loop_test(tcase, a_signal_drops_only_the_point_underway, 0, 2);
    tcase_add_test(tcase, a_signal_is_not_kept_waiting);
    tcase_add_test(tcase, an_inherited_mask_keeps_no_signal_away);
    tcase_add_test(tcase, a_pause_of_its_own_is_not_the_servers_fault);
    tcase_add_test(tcase, a_pause_of_its_own_is_told);
    tcase_add_test(tcase, a_full_disk_is_said);
    tcase_add_loop_test(tcase, a_full_standard_output_is_said, 0, 3);
    tcase_add_test(tcase, a_slow_reader_gets_all_of_it);
    tcase_add_test(tcase, a_reader_that_has_left_is_no_failure);
    tcase_add_loop_test(tcase, a_mistake_is_one_line_that_names_it, 0,
                        (int)size_of_mistakes);
    tcase_add_loop_test(tcase, what_makes_no_sense_together_is_refused, 0,
                        (int)size_of_clashes);
    return tcase;
}

int main(int argc, char *argv[])
{
    char **paths = tap_arguments(argc, argv, 1);

    trial_loadgen = paths[0];
    Suite *suite = suite_create("loadgen");
    suite_add_tcase(suite, right_servers());
    suite_add_tcase(suite, wrong_servers());
    suite_add_tcase(suite, other_trouble());
    return tap_run(suite);
}
