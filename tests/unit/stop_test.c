/*
 * SIGINT and SIGTERM as a descriptor, and the summary of a run.
 */
#include "child.h"
#include "counters.h"
#include "stop.h"
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Is there anything to be read from it, without waiting? */
static bool is_readable(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, 0) == 1 && entry.revents == POLLIN;
}

START_TEST(a_signal_makes_it_readable)
{
    static const int signals[] = {SIGINT, SIGTERM};
    int fd = stop_open();
    ck_assert(!is_readable(fd));
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);

    ck_assert(!stop_is_pending());
    kill(getpid(), signals[_i]);
    ck_assert(is_readable(fd));
    ck_assert(stop_is_pending());
}
END_TEST

/* What a shell script starts with `&` ignores SIGINT, and still hears it. */
START_TEST(an_ignored_signal_is_heard)
{
    signal(SIGINT, SIG_IGN);
    int fd = stop_open();
    kill(getpid(), SIGINT);
    ck_assert(is_readable(fd));
}
END_TEST

START_TEST(other_signals_are_let_through)
{
    struct child child;
    if (child_fork(&child)) {
        signal(SIGHUP, SIG_DFL); /* under nohup(1) it is ignored */
        stop_open();
        kill(getpid(), SIGHUP);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, -1);
}
END_TEST

START_TEST(summary_of_a_run)
{
    struct child child;
    if (child_fork(&child)) {
        counters->connections_total = 12;
        counters->connections_peak = 3;
        counters->bytes_received = UINT64_C(5000000000);
        counters->bytes_sent = 4999;
        stop_summary();
        _Exit(EXIT_SUCCESS); /* without flushing: it has been, already */
    }
    child_wait(&child);
    ck_assert_str_eq(child.out, "unit: 12 connections, at most 3 at once, "
                                "5000000000 bytes received, 4999 sent\n");
}
END_TEST

void add_stop_tests(Suite *suite)
{
    TCase *tests = tcase_create("stop");
    tcase_add_loop_test(tests, a_signal_makes_it_readable, 0, 2);
    tcase_add_test(tests, an_ignored_signal_is_heard);
    tcase_add_test(tests, other_signals_are_let_through);
    tcase_add_test(tests, summary_of_a_run);
    suite_add_tcase(suite, tests);
}
