/*
 * test_interrupt: Ctrl-C at any moment, pauses, and processes that are killed.
 *
 * What was measured stays, the point underway is dropped, and no process is
 * left behind: run_end sees to that after every run.
 *
 *     test_interrupt PATH-OF-LOADGEN
 */
#include "run.h"
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* When the server has received so often, loadgen is in the middle of that. */
static const struct moment {
    enum behaviour behaviour;
    int after;
    int receives;
    const char *load;
} moments[] = {
    {SERVES_SO_MANY_ONLY, 9, 9, "--idle=30 --stall=60"}, /* opening */
    {ECHOES, 0, 100, "--start=1000"},                    /* start of a turn */
    {ECHOES, 0, 100, "--start=0 --turn=1000"},           /* window */
    {FORGETS, 5, 6, "--rate=100 --turn=0.2 --stall=60"}, /* drain */
    {ECHOES, 0, 100, "--rate=100 --turn=1000"},
    {ECHOES, 0, 100, "--churn --turn=1000"},
    {ECHOES, 0, 100, "--firehoses=1 --turn=1000"},
    {ECHOES, 0, 300, "--turn=0.001 --cycles=10000"}, /* between two turns */
    {SERVES_SO_MANY_ONLY, 9, 9, "--hold=30 --stall=60"},
};

/* To loadgen alone, as from kill(1), and to its processes, as from a terminal.
 * There is another server, whose process waits for its turn. */
TEST_TIMES(a_signal_ends_it_at_any_moment, 2 * COUNT(moments))
{
    const struct moment *moment = &moments[_i / 2];
    int signal_number = _i % 2 == 0 ? SIGTERM : SIGINT;

    run_server(moment->behaviour, moment->after);
    run_server(moment->behaviour, moment->after);
    run_start("%s", moment->load);
    run_await((uint64_t)moment->receives);
    usleep(200000); /* on, into the wait */
    kill(_i % 2 == 0 ? run.program.pid : -run.program.pid, signal_number);
    run_end(128 + signal_number);
    ck_assert_uint_eq(run.count, 0);
    ck_assert_ptr_nonnull(
        strstr(run.program.err, ": stopped; the point underway is dropped\n"));
}

TEST(only_the_point_underway_is_dropped)
{
    static char line[100000];

    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    run_start("--idle=0,1,2,3,4,5,6,7 --turn=0.3");
    program_first_line(&run.program, line, sizeof(line));
    kill(run.program.pid, SIGINT); /* in one of the later points */
    run_end(128 + SIGINT);
    ck_assert_uint_lt(run.count, 8);
    run_assert_all_valid();
}

/* SIGTERM as some parents leave it: blocked and ignored. */
TEST(an_inherited_mask_keeps_no_signal_away)
{
    sigset_t all;

    signal(SIGTERM, SIG_IGN);
    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
    run_server(ECHOES, 0);
    run_start("--turn=1000");
    run_await(100);
    kill(run.program.pid, SIGTERM);
    run_end(128 + SIGTERM);
}

/* The first one waits for a process that is stopped. */
TEST(a_second_signal_ends_it_at_once)
{
    pid_t children[RUN_CHILDREN];

    run_server(ECHOES, 0);
    run_start("--turn=1000");
    run_await(100);
    ck_assert_uint_eq(run_children(children), 1);
    kill(children[0], SIGSTOP);
    kill(run.program.pid, SIGTERM);
    usleep(300000);
    ck_assert_int_eq(waitpid(run.program.pid, NULL, WNOHANG), 0);
    kill(run.program.pid, SIGTERM);
    run_end(128 + SIGTERM);
    ck_assert_str_eq(run.program.err, ""); /* it had no time for a word */
}

TEST(its_processes_do_not_outlive_it)
{
    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    run_start("--turn=1000");
    run_await(100);
    kill(run.program.pid, SIGKILL);
    run_end(128 + SIGKILL);
}

/* One process of three: of the server whose turn it is, or of another. */
TEST(a_generator_that_is_killed_is_said)
{
    pid_t children[RUN_CHILDREN];

    for (int i = 0; i < 3; i++)
        run_server(ECHOES, 0);
    run_start("--active=1,2 --turn=0.05");
    run_await(1000);
    ck_assert_uint_eq(run_children(children), 3);
    kill(children[1], SIGKILL);
    run_end(1);
    ck_assert_uint_eq(run.count, 2);
    run_assert_failed(run_trial(0, 1),
                      "the generator process was killed: Killed", NULL);
    for (size_t i = 0; i < 2; i++) {
        run_assert_valid(run_trial(0, 2 * i));
        run_assert_valid(run_trial(1, i));
        ck_assert_uint_eq(run_entries(run_trial(0, 2 * i), "turns.place"), 10);
    }
    ck_assert_uint_eq(json_array_size(run_get(run.points[1], "trials")), 2);
}

/* The conductor, or all of its processes, as when the machine is suspended. */
TEST_TIMES(a_pause_does_no_harm, 2)
{
    pid_t pid;

    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    run_start("--active=3 --cycles=40");
    pid = _i == 0 ? run.program.pid : -run.program.pid;
    run_await(500);
    kill(pid, SIGSTOP);
    usleep(1000000);
    kill(pid, SIGCONT);
    run_end(0);
    run_assert_all_valid();
    for (size_t i = 0; i < 2; i++)
        ck_assert_uint_eq(run_entries(run_trial(0, i), "turns.place"), 40);
}

TEST(a_pause_of_its_own_is_said)
{
    pid_t children[RUN_CHILDREN];

    run_server(ECHOES, 0);
    run_start("--turn=1 --start=0 --cycles=1 --settle=0");
    run_await(100);
    ck_assert_uint_eq(run_children(children), 1);
    kill(children[0], SIGSTOP);
    usleep(700000);
    kill(children[0], SIGCONT);
    run_end(0);
    run_assert_all_valid();
    ck_assert_double_ge(
        run_real_number(run_trial(0, 0), "generator.paused_seconds"), 0.5);
    ck_assert_ptr_nonnull(strstr(run.program.err, "loadgen could not run for"));
}

/* A server by hand: a socket that listens, and is on the command line. */
static int listen_by_hand(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    run_add("127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

/* Stop loadgen for longer than it would wait for us, and answer after that. */
static void answer_after_a_pause(int fd)
{
    char text[64];

    ck_assert_int_eq(recv(fd, text, sizeof(text), MSG_WAITALL), sizeof(text));
    usleep(500000); /* the window is over, too */
    kill(-run.program.pid, SIGSTOP);
    usleep(2500000);
    kill(-run.program.pid, SIGCONT);
    usleep(100000);
    ck_assert_int_eq(send(fd, text, sizeof(text), 0), sizeof(text));
}

TEST(a_pause_of_its_own_is_not_the_servers_fault)
{
    int listen_fd = listen_by_hand();

    run_start("--turn=0.2 --start=0 --cycles=1 --settle=0 --stall=2 "
              "--rate=5 --gaps=constant");
    int fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_ne(fd, -1);
    answer_after_a_pause(fd); /* the proof */
    answer_after_a_pause(fd); /* in the drain */
    run_end(0);
    run_assert_all_valid();
    close(fd);
    close(listen_fd);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("interrupt", run_set_up, run_tear_down);
}
