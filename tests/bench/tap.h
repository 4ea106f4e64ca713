/*
 * tap: what the test programs have in common: they are given the paths of the
 * programs that they test, and report in the Test Anything Protocol.
 */
#ifndef TESTS_BENCH_TAP_H
#define TESTS_BENCH_TAP_H

#include <check.h>
#include <err.h>
#include <stdlib.h>
#include <sysexits.h>

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

/*
 * Run the suite, each test in a process of its own, and report on stdout.
 * Returns the exit status for main.
 */
static inline int tap_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
