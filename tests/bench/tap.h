/*
 * tap: what the test programs have in common.  They are given the paths of the
 * programs that they test, and report in the Test Anything Protocol.
 *
 *     TEST(a_name_that_says_what_is_right)
 *     {
 *         ck_assert(...);
 *     }
 *
 * defines a test and adds it to its program: libcheck's START_TEST, without the
 * need to name each test once more in main.
 */
#ifndef TESTS_BENCH_TAP_H
#define TESTS_BENCH_TAP_H

#include <check.h>
#include <err.h>
#include <stdlib.h>
#include <sysexits.h>

enum { TAP_TESTS = 64, TAP_SECONDS = 120 };

struct tap_test {
    const TTest *test;
    int times;
    int status; /* that its process must end with */
};

static struct tap_test tap_tests[TAP_TESTS] __attribute__((unused));
static size_t tap_count __attribute__((unused));

/* One that runs `times` times, with _i from 0 on, and ends with `status`. */
#define TEST_ENDS(name, times, status)                                    \
    static void name(int);                                                \
    __attribute__((constructor)) static void add_##name(void)             \
    {                                                                     \
        static const TTest test = {#name, name, __FILE__, __LINE__};      \
        tap_tests[tap_count++] = (struct tap_test){&test, times, status}; \
    }                                                                     \
    static void name(int _i CK_ATTRIBUTE_UNUSED)

#define TEST(name) TEST_ENDS(name, 1, EXIT_SUCCESS)
#define TEST_TIMES(name, times) TEST_ENDS(name, times, EXIT_SUCCESS)

/* How many entries an array has. */
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* The `count` paths on the command line, or the end of the process. */
static inline char **tap_arguments(int argc, char *argv[], int count)
{
    if (argc != 1 + count)
        errx(EX_USAGE,
             "the paths of %d programs are needed: see the head of "
             "this test's source",
             count);
    return argv + 1;
}

/* Run the suite, each test in a process of its own, and report on stdout.
 * Returns the exit status for main. */
static inline int tap_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The same with all tests of this program, each between `set_up` and
 * `tear_down` (NULL: nothing). */
static inline int tap_main(const char *name, SFun set_up, SFun tear_down)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, TAP_SECONDS);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < tap_count; i++)
        _tcase_add_test(tcase, tap_tests[i].test, 0, tap_tests[i].status, 0,
                        tap_tests[i].times);
    return tap_run(suite);
}

#endif
