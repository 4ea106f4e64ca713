/*
 * tap: run a suite and report it in the Test Anything Protocol.
 */
#ifndef TESTS_BENCH_TAP_H
#define TESTS_BENCH_TAP_H

#include <check.h>
#include <stdlib.h>

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
