/*
 * test_freeze: the server is stopped for a known time; what a right measurement
 * says of that is known by arithmetic.
 *
 *     test_freeze PATH-OF-LOADGEN PATH-OF-A-SERVER
 *
 * Open loop: messages are planned evenly, R a second, in a window of W seconds,
 * F of which the server is frozen.  The R F messages that are planned while it
 * is frozen wait for its end: the one planned x seconds after the beginning
 * waits F - x.  All others are answered in no time compared to that.  So the
 * number of messages that take longer than t < F is R (F - t).
 *
 * That is the same as saying: for q > 1 - F / W, the quantile q of the response
 * time is F - (1 - q) W, for the slowest part 1 - q of all R W messages are the
 * R W (1 - q) that were planned first.  But counts are kinder to a busy
 * machine: when it stops us for some ms on its own, a few messages move from
 * one side of t to the other, and how many may do so is said below.  If it
 * stops us for long, more messages wait than was calculated, but never fewer:
 * so the least is asserted of every trial, and the most of one in five.
 *
 * Closed loop with one connection: it has one message in flight when the server
 * stops, and sends no other before it goes on.  One echo of many thousands has
 * seen the freeze; that is what coordinated omission means.
 */
#include "counters.h"
#include "fake_server.h"
#include "load/freeze.h"
#include "record/histogram.h"
#include "tap.h"
#include "trial.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    RATE = 1000,     /* so one message is planned each ms */
    TOLERANCE = 40,  /* of 250 messages that are planned in the freeze */
    TRIES = 5,       /* one of which a machine has to let be */
    STEP_US = 10000, /* between two looks at the server's state */
    STEPS = 2000,
};

static const char *server_path;

struct server {
    struct program program;
    char port[8];
    char pid[32]; /* as an option of loadgen */
};

static void server_start(struct server *server)
{
    char line[100];

    server->program =
        program_start((const char *const[]){server_path, "--port=0", NULL});
    program_first_line(&server->program, line, sizeof(line));
    snprintf(server->port, sizeof(server->port), "%s", strrchr(line, ':') + 1);
    snprintf(server->pid, sizeof(server->pid), "--pid=%d",
             (int)server->program.pid);
}

static void server_stop(struct server *server)
{
    kill(server->program.pid, SIGTERM);
    program_wait(&server->program);
    program_free(&server->program);
}

/* The letter behind the name in /proc/PID/stat (proc(5)): T is stopped. */
static char state(pid_t pid)
{
    char path[64], text[200] = "";

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *stream = fopen(path, "r");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, stream), 0);
    fclose(stream);
    return strrchr(text, ')')[2];
}

/* Wait until it is stopped, or until it isn't. */
static void await_state(pid_t pid, bool stopped)
{
    int step = 0;

    while ((state(pid) == 'T') != stopped && step++ < STEPS)
        usleep(STEP_US);
    ck_assert_msg(step < STEPS, "the server is in state %c", state(pid));
}

/* How many values of the histogram at `path` are in buckets above `ns`. */
static json_int_t count_above(const json_t *point, const char *path, double ns)
{
    const json_t *buckets = json_object_get(trial_get(point, path), "buckets");
    json_int_t count = 0;

    for (size_t i = 0; i < json_array_size(buckets); i++) {
        const json_t *bucket = json_array_get(buckets, i);
        json_int_t index = json_integer_value(json_array_get(bucket, 0));
        if ((double)histogram_low((size_t)index) >= ns)
            count += json_integer_value(json_array_get(bucket, 1));
    }
    return count;
}

/* It was stopped not before that was asked for, nor for less.  The tests
 * calculate with the time that it really was, which this returns. */
static double frozen_seconds(const json_t *point, double at, double seconds)
{
    ck_assert_double_ge(trial_real(point, "freeze.at"), at);
    ck_assert_double_ge(trial_real(point, "freeze.seconds"), seconds - 1e-6);
    return trial_real(point, "freeze.seconds");
}

/* And not much later, nor for much longer. */
static bool was_punctual(const json_t *point, double at, double seconds)
{
    return trial_real(point, "freeze.at") < at + 0.1 &&
           trial_real(point, "freeze.seconds") < seconds + 0.1;
}

/* As many wait as by the calculation; false if more do. */
static bool open_loop_sees_who_waits(const struct server *server)
{
    struct run trial;

    trial_run(&trial, server->port,
              (const char *const[]){"--rate=1000", "--gaps=constant",
                                    "--active=100", "--warm-up=0.25",
                                    "--seconds=1", "--freeze=0.5,0.25",
                                    server->pid, NULL});
    const json_t *point = trial.points[0];
    trial_assert_valid(point);
    ck_assert_int_eq(trial_integer(point, "latency.count"), RATE);
    double frozen = frozen_seconds(point, 0.5, 0.25);
    bool is_exact = was_punctual(point, 0.5, 0.25);
    for (double t = 0.05; t < 0.24; t += 0.05) {
        double expected = RATE * (frozen - t);
        double count = (double)count_above(point, "latency", t * 1e9);
        ck_assert_double_ge(count, expected - TOLERANCE);
        is_exact = is_exact && count <= expected + TOLERANCE;
    }
    /*
     * From the actual send it looks harmless: of the 250 messages only one on
     * each of the 100 connections was sent before the server went on.
     */
    is_exact = is_exact &&
               count_above(point, "service", 0.05 * 1e9) <= 100 + TOLERANCE;
    trial_free(&trial);
    return is_exact;
}

START_TEST(an_open_loop_sees_who_waits)
{
    struct server server;
    int tries = 1;

    server_start(&server);
    while (!open_loop_sees_who_waits(&server))
        ck_assert_msg(tries++ < TRIES,
                      "%d times more waited than was calculated", TRIES);
    server_stop(&server);
}
END_TEST

/* The one echo that waited is seen; false if there was another. */
static bool closed_loop_sees_one_slow_echo(const struct server *server)
{
    struct run trial;

    trial_run(&trial, server->port,
              (const char *const[]){"--active=1", "--warm-up=0.1",
                                    "--seconds=1", "--freeze=0.3,0.5",
                                    server->pid, NULL});
    const json_t *point = trial.points[0];
    trial_assert_valid(point);
    double frozen = frozen_seconds(point, 0.3, 0.5);
    json_int_t slow = count_above(point, "latency", 0.25 * 1e9);
    bool is_exact = was_punctual(point, 0.3, 0.5) && slow == 1;
    ck_assert_int_gt(trial_integer(point, "echoes"), 100);
    ck_assert_int_ge(slow, 1);
    ck_assert_double_gt((double)trial_integer(point, "latency.max"),
                        (frozen - 0.1) * 1e9);
    trial_free(&trial);
    return is_exact;
}

START_TEST(a_closed_loop_sees_one_slow_echo)
{
    struct server server;
    int tries = 1;

    server_start(&server);
    while (!closed_loop_sees_one_slow_echo(&server))
        ck_assert_msg(tries++ < TRIES, "%d times more than one was slow",
                      TRIES);
    server_stop(&server);
}
END_TEST

/* In every point, and up to the very end of the window. */
START_TEST(each_point_has_its_freeze)
{
    struct server server;
    struct run trial;

    server_start(&server);
    trial_run(&trial, server.port,
              (const char *const[]){"--active=1,2,3", "--warm-up=0.1",
                                    "--seconds=0.25", "--freeze=0.125,0.125",
                                    server.pid, NULL});
    ck_assert_uint_eq(trial.count, 3);
    for (size_t i = 0; i < trial.count; i++) {
        trial_assert_valid(trial.points[i]);
        ck_assert_double_gt(trial_real(trial.points[i], "freeze.seconds"), 0);
    }
    await_state(server.program.pid, false);
    trial_free(&trial);
    server_stop(&server);
}
END_TEST

static const int signals[] = {SIGINT, SIGTERM, SIGKILL};

/* However loadgen ends, and even when nobody asks it. */
START_TEST(the_server_goes_on_whatever_happens)
{
    struct server server;

    server_start(&server);
    struct program program = program_start((const char *const[]){
        trial_loadgen, _i < 3 ? "--rate=100" : "--active=1", "--warm-up=0",
        "--seconds=60", "--freeze=0.1,59", server.pid, "127.0.0.1", server.port,
        NULL});
    await_state(server.program.pid, true);
    kill(program.pid, signals[_i % 3]);
    program_wait(&program);
    ck_assert_int_eq(program.status, 128 + signals[_i % 3]);
    await_state(server.program.pid, false);
    program_free(&program);
    server_stop(&server);
}
END_TEST

/* A process that does nothing, to be stopped. */
static pid_t start_sleeper(void)
{
    pid_t pid = fork();

    ck_assert_int_ne(pid, -1);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing */
        for (;;)
            pause();
    }
    return pid;
}

static void end_sleeper(pid_t pid)
{
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* The plan, step by step, on a clock that we make up. */
START_TEST(it_stops_and_continues_once_a_window)
{
    const uint64_t second = 1000000000;
    pid_t pid = start_sleeper();
    struct freeze freeze = freeze_prepare(pid, 1, 2);

    ck_assert_uint_eq(freeze_next(&freeze), UINT64_MAX);
    ck_assert(freeze_step(&freeze, 100 * second)); /* no window, no stop */
    for (uint64_t begin = second; begin <= 2 * second; begin += second) {
        freeze_begin(&freeze, begin);
        ck_assert_uint_eq(freeze_next(&freeze), begin + second);
        ck_assert(freeze_step(&freeze, begin + second - 1));
        ck_assert_uint_eq(freeze.stopped, 0);
        ck_assert(freeze_step(&freeze, begin + second));
        await_state(pid, true);
        ck_assert_uint_eq(freeze_next(&freeze), freeze.stopped + 2 * second);
        ck_assert(freeze_step(&freeze, freeze.stopped + 2 * second - 1));
        ck_assert_uint_eq(freeze.continued, 0);
        ck_assert(freeze_step(&freeze, freeze.stopped + 2 * second));
        await_state(pid, false);
        ck_assert_uint_eq(freeze_next(&freeze), UINT64_MAX);
        freeze_end(&freeze);
    }
    end_sleeper(pid);
}
END_TEST

/* As in a container that forbids pidfds: by the number of the process. */
START_TEST(it_stops_without_a_pidfd)
{
    pid_t pid = start_sleeper();

    program_refuse(SYS_pidfd_open, EPERM);
    struct freeze freeze = freeze_prepare(pid, 0, 60);
    freeze_begin(&freeze, 1);
    ck_assert(freeze_step(&freeze, 1));
    await_state(pid, true);
    freeze_end(&freeze);
    await_state(pid, false);
    end_sleeper(pid);
}
END_TEST

START_TEST(the_end_of_the_window_ends_the_freeze)
{
    pid_t pid = start_sleeper();
    struct freeze freeze = freeze_prepare(pid, 0, 60);

    freeze_begin(&freeze, 1);
    ck_assert(freeze_step(&freeze, 1));
    await_state(pid, true);
    freeze_end(&freeze);
    await_state(pid, false);
    ck_assert_uint_gt(freeze.continued, freeze.stopped);
    ck_assert_uint_eq(freeze_next(&freeze), UINT64_MAX);
    end_sleeper(pid);
}
END_TEST

START_TEST(nothing_planned_stops_nobody)
{
    struct freeze freeze = {.pid = 0};

    freeze_begin(&freeze, 1);
    ck_assert_uint_eq(freeze_next(&freeze), UINT64_MAX);
    ck_assert(freeze_step(&freeze, 2));
    freeze_end(&freeze);
    ck_assert_uint_eq(freeze.stopped, 0);
}
END_TEST

/* The process to be stopped has ended, though connections are served. */
START_TEST(a_process_that_has_ended_is_said)
{
    struct fake_server server;
    struct run trial;
    char option[32];
    pid_t pid = start_sleeper();

    snprintf(option, sizeof(option), "--pid=%d", (int)pid);
    fake_server_start(&server, ECHOES, 0);
    trial_start(&trial, server.port,
                (const char *const[]){"--active=1,2", "--warm-up=0",
                                      "--seconds=1", "--freeze=0.5,0.1", option,
                                      NULL});
    while (counters->receives < 100)
        usleep(1000); /* until it is at work; the test has a time limit */
    end_sleeper(pid);
    trial_wait(&trial);
    ck_assert_int_eq(trial.program.status, 1);
    ck_assert_str_eq(trial_string(trial.points[trial.count - 1], "reason"),
                     "the server's process is gone: No such process");
    trial_free(&trial);
    fake_server_stop(&server);
}
END_TEST

/* Who would let it go on? */
START_TEST(it_does_not_stop_itself)
{
    freeze_prepare(getpid(), 1, 1); /* ends here */
    exit(EXIT_SUCCESS);
}
END_TEST

/* Only root can become somebody else, who may not stop what root started. */
START_TEST(a_process_of_another_user_is_refused)
{
    if (geteuid() != 0)
        exit(EX_USAGE);
    ck_assert_int_eq(setuid(65534), 0);
    freeze_prepare(getppid(), 1, 1); /* ends here */
    exit(EXIT_SUCCESS);
}
END_TEST

int main(int argc, char *argv[])
{
    char **paths = tap_arguments(argc, argv, 2);
    TCase *tcase = tcase_create("freeze");
    Suite *suite = suite_create("freeze");

    trial_loadgen = paths[0];
    server_path = paths[1];
    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_test(tcase, an_open_loop_sees_who_waits);
    tcase_add_test(tcase, a_closed_loop_sees_one_slow_echo);
    tcase_add_test(tcase, each_point_has_its_freeze);
    tcase_add_loop_test(tcase, the_server_goes_on_whatever_happens, 0, 6);
    tcase_add_test(tcase, it_stops_and_continues_once_a_window);
    tcase_add_test(tcase, it_stops_without_a_pidfd);
    tcase_add_test(tcase, the_end_of_the_window_ends_the_freeze);
    tcase_add_test(tcase, nothing_planned_stops_nobody);
    tcase_add_test(tcase, a_process_that_has_ended_is_said);
    tcase_add_exit_test(tcase, it_does_not_stop_itself, EX_USAGE);
    tcase_add_exit_test(tcase, a_process_of_another_user_is_refused, EX_USAGE);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
