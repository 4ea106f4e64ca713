/*
 * unit: the parts of echo/, each alone and in the hands of a test.
 *
 * What all four servers share can be tested without a server: a connection on
 * one end of a socketpair(2), a command line in a forked process.  libcheck
 * runs each test in a process of its own, so each finds the parts as they are
 * when a server starts.  Try one alone:
 *
 *     CK_RUN_CASE=idle build/tests/unit/unit
 */
#include "unit.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("unit");
    add_connection_tests(suite);
    add_counters_tests(suite);
    add_idle_tests(suite);
    add_listener_tests(suite);
    add_narrate_tests(suite);
    add_options_tests(suite);
    add_output_tests(suite);
    add_startup_tests(suite);
    add_stop_tests(suite);

    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
