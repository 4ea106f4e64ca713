/*
 * test_load_options: lists and seconds on the generator's command line.
 *
 * What is not understood ends the process, so those are tests that must end
 * with status 64; that the line names the option is tested in test_loadgen.c.
 */
#include "load_options.h"
#include "tap.h"

#include <check.h>
#include <stdio.h>
#include <sysexits.h>

START_TEST(a_list_is_read_in_order)
{
    struct list list = load_options_list("--idle", "0,1,100,19000", 0, 19000);

    ck_assert_uint_eq(list.count, 4);
    ck_assert_int_eq(list.numbers[0], 0);
    ck_assert_int_eq(list.numbers[1], 1);
    ck_assert_int_eq(list.numbers[2], 100);
    ck_assert_int_eq(list.numbers[3], 19000);
    ck_assert_uint_eq(load_options_list("--idle", "5", 0, 5).count, 1);
}
END_TEST

START_TEST(sixty_four_numbers_are_the_most)
{
    char text[1000] = "1";
    size_t length = 1;

    for (int i = 2; i <= LIST_MAX; i++)
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, ",%d", i);
    ck_assert_uint_eq(load_options_list("--idle", text, 0, 100).count,
                      LIST_MAX);
    snprintf(text + length, sizeof(text) - length, ",%d", LIST_MAX + 1);
    load_options_list("--idle", text, 0, 100); /* ends here */
    exit(EXIT_SUCCESS);
}
END_TEST

static const char *const bad_lists[] = {
    "",     ",",  "1,",  ",1",  "1,,2", "2,1", "1,1", "1;2",
    "1, 2", "-1", "101", "1,x", "0x1",  "1.5", "1e1", "99999999999999999999",
};

START_TEST(a_bad_list_is_refused)
{
    load_options_list("--idle", bad_lists[_i], 0, 100);
    exit(EXIT_SUCCESS);
}
END_TEST

START_TEST(seconds_may_be_fractions)
{
    ck_assert_double_eq(load_options_seconds("--seconds", "2", 0, 10), 2);
    ck_assert_double_eq(load_options_seconds("--seconds", "0.25", 0, 10), 0.25);
    ck_assert_double_eq(load_options_seconds("--seconds", ".5", 0, 10), 0.5);
    ck_assert_double_eq(load_options_seconds("--seconds", "0", 0, 10), 0);
    ck_assert_double_eq(load_options_seconds("--seconds", "10", 0, 10), 10);
}
END_TEST

static const char *const bad_seconds[] = {
    "",   ".",   "nan", "inf",   "-1",    "1s",
    " 1", "0x1", "1e1", "1.2.3", "10.01", "0.04",
};

START_TEST(bad_seconds_are_refused)
{
    load_options_seconds("--seconds", bad_seconds[_i], 0.05, 10);
    exit(EXIT_SUCCESS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load_options");
    TCase *tcase = tcase_create("load_options");

    tcase_add_test(tcase, a_list_is_read_in_order);
    tcase_add_exit_test(tcase, sixty_four_numbers_are_the_most, EX_USAGE);
    tcase_add_loop_exit_test(tcase, a_bad_list_is_refused, EX_USAGE, 0,
                             sizeof(bad_lists) / sizeof(bad_lists[0]));
    tcase_add_test(tcase, seconds_may_be_fractions);
    tcase_add_loop_exit_test(tcase, bad_seconds_are_refused, EX_USAGE, 0,
                             sizeof(bad_seconds) / sizeof(bad_seconds[0]));
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
