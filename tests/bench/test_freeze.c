/*
 * test_freeze: the server is stopped for a known time; what a right measurement
 * says of that is known by arithmetic.
 *
 *     test_freeze PATH-OF-LOADGEN PATH-OF-A-SERVER
 *
 * Open loop: messages are planned evenly in a window of W seconds, F of which
 * the server is frozen.  Those that are planned while it is frozen wait for its
 * end: the one planned x seconds after the beginning waits F - x.  All others
 * are answered in no time compared to that.  So, for q > 1 - F / W, the
 * quantile q of the response time is F - (1 - q) W: the slowest part 1 - q of
 * all are those that were planned first.
 *
 * When a busy machine stops us for some ms on its own, a few messages move;
 * how far they may is said below.  If it stops us for long, they wait longer
 * than was calculated, but never shorter: so the least is asserted of every
 * trial, and the most of one in five.
 *
 * Closed loop with one connection: it has one message in flight when the server
 * stops, and sends no other before it goes on.  One echo of many thousands has
 * seen the freeze, and no quantile does; that is what coordinated omission
 * means.
 */
#include "load/freeze.h"
#include "run.h"
#include "tap.h"

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
    TRIES = 5,       /* one of which a machine has to let be */
    STEP_US = 10000, /* between two looks at the server's state */
    STEPS = 2000,
};

#define ONE "--cycles=1 --settle=0 "
#define TOLERANCE 0.04 /* s, of the 0.25 s of the freeze */

static const char *server_path;

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

/* It was stopped not before that was asked for.  The tests calculate with the
 * time that it really was, which this returns. */
static double frozen_seconds(const json_t *trial, double at)
{
    run_assert_valid(trial);
    ck_assert_double_ge(run_real_number(trial, "freeze.at"), at);
    return run_real_number(trial, "freeze.seconds");
}

/* And not much later, nor for much longer, nor for less: the end of the window
 * ends a freeze, and beside busy programs loadgen may be late for both. */
static bool was_punctual(const json_t *trial, double at, double seconds)
{
    return run_real_number(trial, "freeze.at") < at + 0.1 &&
           run_real_number(trial, "freeze.seconds") >= seconds - 1e-6 &&
           run_real_number(trial, "freeze.seconds") < seconds + 0.1;
}

/* The quantiles of `latency`, one after the other, as share and seconds. */
static bool read_quantile(const json_t *latency, size_t i, double *share,
                          double *seconds)
{
    const json_t *pair = json_array_get(run_get(latency, "quantiles"), i);

    *share = json_number_value(json_array_get(pair, 0)) / 100;
    *seconds = json_number_value(json_array_get(pair, 1)) / 1e9;
    return pair != NULL;
}

/* They wait as long as by the calculation; false if longer. */
static bool open_loop_sees_what_waits(void)
{
    const double window = 1, freeze = 0.25;
    double share, seconds;

    run_all(0, ONE "--rate=1000 --gaps=constant --active=100 --turn=1 "
                   "--freeze=0.5,0.25");
    const json_t *trial = run_trial(0, 0);
    double frozen = frozen_seconds(trial, 0.5);
    bool is_exact = true;
    size_t compared = 0;
    if (!was_punctual(trial, 0.5, freeze))
        return false;
    ck_assert_int_eq(run_integer(trial, "latency.count"), 1000);
    for (size_t i = 0;
         read_quantile(run_get(trial, "latency"), i, &share, &seconds); i++) {
        double expected = frozen - (1 - share) * window;
        ck_assert_double_ge(seconds, expected - TOLERANCE);
        is_exact =
            is_exact && (expected < 0 || seconds <= expected + TOLERANCE);
        compared += expected > 0;
    }
    ck_assert_uint_ge(compared, 5);
    /*
     * From the actual send it looks harmless: of the 250 messages only one on
     * each of the 100 connections was sent before the server went on.
     */
    for (size_t i = 0;
         read_quantile(run_get(trial, "service"), i, &share, &seconds); i++)
        is_exact = is_exact && (share > 0.87 || seconds < 0.05);
    return is_exact;
}

/* The one echo that waited is the maximum; false if there were ten. */
static bool closed_loop_sees_one_slow_echo(void)
{
    double share, seconds;

    run_all(0, ONE "--turn=1 --freeze=0.3,0.5");
    const json_t *trial = run_trial(0, 0);
    double frozen = frozen_seconds(trial, 0.3);
    bool is_exact = true;
    if (!was_punctual(trial, 0.3, 0.5))
        return false;
    ck_assert_int_gt(run_integer(trial, "echoes"), 100);
    ck_assert_double_gt((double)run_integer(trial, "latency.max"),
                        (frozen - 0.1) * 1e9);
    for (size_t i = 0;
         read_quantile(run_get(trial, "latency"), i, &share, &seconds); i++)
        is_exact = is_exact && seconds < 0.25;
    return is_exact;
}

TEST_TIMES(the_freeze_has_its_arithmetic, 2)
{
    bool is_exact = false;

    run_real(server_path);
    for (int i = 0; i < TRIES && !is_exact; i++) {
        run_again();
        is_exact = _i == 0 ? open_loop_sees_what_waits()
                           : closed_loop_sees_one_slow_echo();
    }
    ck_assert_msg(is_exact, "%d times more waited than was calculated", TRIES);
}

/* In every turn of every point, and up to the very end of the window. */
TEST(each_turn_has_its_freeze)
{
    const struct real_server *server = run_real(server_path);
    bool are_punctual = false;

    for (int try = 0; try < TRIES && !are_punctual; try++) {
        run_again();
        run_all(0,
                "--active=1,2,3 --cycles=2 --turn=0.25 --freeze=0.125,0.125");
        ck_assert_uint_eq(run.count, 3);
        are_punctual = true;
        for (size_t i = 0; i < run.count; i++)
            are_punctual &= frozen_seconds(run_trial(i, 0), 0.125) >= 0.1;
        await_state(server->program.pid, false);
    }
    ck_assert(are_punctual);
}

static const int signals[] = {SIGINT, SIGTERM, SIGKILL};

/* However loadgen ends, even when it can do nothing about it. */
TEST_TIMES(the_server_goes_on_whatever_happens, 6)
{
    const struct real_server *server = run_real(server_path);

    run_start(ONE "%s --turn=60 --freeze=0.1,59",
              _i < 3 ? "--rate=100" : "--active=1");
    await_state(server->program.pid, true);
    kill(run.program.pid, signals[_i % 3]);
    run_end(128 + signals[_i % 3]);
    await_state(server->program.pid, false);
}

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
TEST(it_stops_and_continues_once_a_window)
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

/* As in a container that forbids pidfds: by the number of the process.  The end
 * of the window ends the freeze. */
TEST(it_stops_without_a_pidfd)
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

TEST(nothing_planned_stops_nothing)
{
    struct freeze freeze = {.pid = 0};

    freeze_begin(&freeze, 1);
    ck_assert_uint_eq(freeze_next(&freeze), UINT64_MAX);
    ck_assert(freeze_step(&freeze, 2));
    freeze_end(&freeze);
    ck_assert_uint_eq(freeze.stopped, 0);
}

/* The process to be stopped has ended, though connections are served. */
TEST(a_process_that_has_ended_is_said)
{
    pid_t pid = start_sleeper();

    run_add("127.0.0.1:%s,pid=%d", run_fake(ECHOES, 0)->port, (int)pid);
    run_start(ONE "--active=1,2 --turn=1 --freeze=0.5,0.1");
    run_await(100);
    end_sleeper(pid);
    run_end(1);
    run_assert_failed(run_trial(run.count - 1, 0),
                      "the server's process is gone: No such process", NULL);
}

/* Nothing would let it go on. */
TEST_ENDS(it_does_not_stop_itself, 1, EX_USAGE)
{
    freeze_prepare(getpid(), 1, 1); /* ends here */
    exit(EXIT_SUCCESS);
}

/* Only root can become another user, and that one may not stop this. */
TEST_ENDS(a_process_of_another_user_is_refused, 1, EX_USAGE)
{
    if (geteuid() != 0)
        exit(EX_USAGE);
    ck_assert_int_eq(setuid(65534), 0);
    freeze_prepare(getppid(), 1, 1); /* ends here */
    exit(EXIT_SUCCESS);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 2)[0];
    server_path = argv[2];
    return tap_main("freeze", run_set_up, run_tear_down);
}
