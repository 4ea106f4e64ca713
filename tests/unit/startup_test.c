/*
 * What a program inherits, and what startup makes of it.
 */
#include "startup.h"

#include "child.h"
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* As after <&- >&- 2>&-: no socket may get the number that we print to. */
START_TEST(closed_descriptors_are_filled)
{
    struct child child;
    if (child_fork(&child)) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            close(fd);
        startup();
        int next = dup(STDIN_FILENO);
        exit(next > STDERR_FILENO ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
}
END_TEST

START_TEST(open_descriptors_are_left_alone)
{
    struct child child;
    if (child_fork(&child)) {
        int before = dup(STDIN_FILENO);
        close(before);
        startup();
        exit(dup(STDIN_FILENO) == before ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
}
END_TEST

START_TEST(inherited_descriptors_are_closed)
{
    struct child child;
    if (child_fork(&child)) {
        dup2(STDIN_FILENO, 100);
        startup_close_inherited();
        exit(dup(STDIN_FILENO) == STDERR_FILENO + 1 ? EXIT_SUCCESS
                                                    : EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
}
END_TEST

START_TEST(no_signal_is_blocked_or_ignored)
{
    static const int signals[] = {SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2};
    struct child child;
    if (child_fork(&child)) {
        sigset_t set;
        struct sigaction action;
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(signals[_i], SIG_IGN);
        startup();
        sigaction(signals[_i], NULL, &action);
        sigprocmask(SIG_BLOCK, NULL, &set);
        exit(action.sa_handler == SIG_DFL && sigisemptyset(&set)
                 ? EXIT_SUCCESS
                 : EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
}
END_TEST

/* nohup(1) and a shell's `&` mean what they do; a broken pipe is an error. */
START_TEST(some_signals_stay_ignored)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ};
    struct child child;
    if (child_fork(&child)) {
        struct sigaction action;
        signal(signals[_i], SIG_IGN);
        startup();
        sigaction(signals[_i], NULL, &action);
        exit(action.sa_handler == SIG_IGN ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
}
END_TEST

void add_startup_tests(Suite *suite)
{
    TCase *tests = tcase_create("startup");
    tcase_add_test(tests, closed_descriptors_are_filled);
    tcase_add_test(tests, open_descriptors_are_left_alone);
    tcase_add_test(tests, inherited_descriptors_are_closed);
    tcase_add_loop_test(tests, no_signal_is_blocked_or_ignored, 0, 4);
    tcase_add_loop_test(tests, some_signals_stay_ignored, 0, 5);
    suite_add_tcase(suite, tests);
}
