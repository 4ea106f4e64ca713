/*
 * kernel_claims: what the book says of the kernel, proved on this kernel.
 *
 * A claim is one test, and the test's name is the claim.  To see one fail,
 * change it, build and run again:
 *
 *     meson compile -C build && build/tests/kernel/kernel_claims
 *
 * CK_RUN_CASE="poll" in the environment runs the claims of poll_claims.c alone.
 */
#include "claims.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("kernel");
    suite_add_tcase(suite, select_claims());
    suite_add_tcase(suite, poll_claims());
    suite_add_tcase(suite, epoll_claims());
    suite_add_tcase(suite, edge_claims());
    suite_add_tcase(suite, socket_claims());
    suite_add_tcase(suite, close_claims());
    suite_add_tcase(suite, vanished_claims());
    suite_add_tcase(suite, limit_claims());
    suite_add_tcase(suite, pipe_claims());
    suite_add_tcase(suite, signal_claims());
    suite_add_tcase(suite, shared_claims());

    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
