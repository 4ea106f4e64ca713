/*
 * test_instructions: the CPU's counter, where there is one.
 *
 * Many virtual machines have none; there this tests how that is reported.
 */
#include "record/instructions.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 10000000 };

/* Several instructions per round, and not hundreds. */
static void work(void)
{
    for (volatile int i = 0; i < ROUNDS; i++)
        continue;
}

START_TEST(without_a_counter_it_is_unknown)
{
    ck_assert_int_eq(instructions_read(-1), -1);
}
END_TEST

START_TEST(a_process_that_is_gone_has_no_counter)
{
    bool with_kernel;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(instructions_open(pid, &with_kernel), -1);
    ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(the_work_of_a_loop_is_counted)
{
    bool with_kernel;
    int fd = instructions_open(0, &with_kernel);

    if (fd == -1) {
        printf("# no counter here: %s\n", strerror(errno));
        return;
    }
    int64_t before = instructions_read(fd);
    work();
    int64_t after = instructions_read(fd);
    if (before != -1 && after != -1) { /* else others use the counters */
        ck_assert_int_ge(after - before, 2 * (int64_t)ROUNDS);
        ck_assert_int_le(after - before, 100 * (int64_t)ROUNDS);
    }
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("instructions");
    TCase *tcase = tcase_create("instructions");

    tcase_add_test(tcase, without_a_counter_it_is_unknown);
    tcase_add_test(tcase, a_process_that_is_gone_has_no_counter);
    tcase_add_test(tcase, the_work_of_a_loop_is_counted);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
