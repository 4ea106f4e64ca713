/*
 * What --verbose tells, word for word: students read it beside the book, so a
 * sentence is changed only on purpose.
 */
#include "child.h"
#include "guard.h"
#include "narrate.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* The only flags that these tests know. */
static const struct flag_name flag_names[] = {
    {1, "ONE"}, {4, "FOUR"}, {0, NULL}};

/* Everything that can be told, once. */
static void tell_all(void)
{
    narrate("connection %d says %s", 5, "hello");
    narrate_waiting("poll", -1);
    narrate_waiting("poll", 0);
    narrate_waiting("poll", 1500);
    narrate_ready("poll", 0);
    narrate_ready("poll", 1);
    narrate_ready("poll", 2);
    narrate_flags(5, 5, flag_names);
    narrate_flags(6, 4, flag_names);
    narrate_received(5, "a", 1);
    narrate_received(5, "hello", 5);
    narrate_sent(5, 1, 0);
    narrate_sent(5, 5, 0);
    narrate_sent(5, 3, 2);
    narrate_sent(5, 0, 2);
}

START_TEST(each_sentence)
{
    struct child child;
    if (child_fork(&child)) {
        narrate_start();
        tell_all();
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(
        child.out,
        "connection 5 says hello\n"
        "poll: waiting, for as long as it takes\n"
        "poll: checking, without waiting\n"
        "poll: waiting, for at most 1.5 seconds\n"
        "poll returned: nothing is ready\n"
        "poll returned: 1 descriptor is ready\n"
        "poll returned: 2 descriptors are ready\n"
        "    descriptor 5: ONE|FOUR\n"
        "    descriptor 6: FOUR\n"
        "connection 5: received 1 byte: \"a\"\n"
        "connection 5: received 5 bytes: \"hello\"\n"
        "connection 5: sent 1 byte\n"
        "connection 5: sent 5 bytes\n"
        "connection 5: sent 3 bytes, the kernel takes no more: 2 owed\n"
        "connection 5: sent 0 bytes, the kernel takes no more: 2 owed\n");
    ck_assert_str_eq(child.errors, "");
}
END_TEST

START_TEST(silent_by_default)
{
    struct child child;
    if (child_fork(&child)) {
        tell_all();
        exit(narrating ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(child.out, "");
}
END_TEST

/* A sentence is written when it is complete, although stdout is a file. */
START_TEST(written_at_once)
{
    struct child child;
    if (child_fork(&child)) {
        narrate_start();
        narrate("before the end");
        _Exit(EXIT_SUCCESS); /* without flushing */
    }
    child_wait(&child);
    ck_assert_str_eq(child.out, "before the end\n");
}
END_TEST

START_TEST(unprintable_bytes_are_dots)
{
    static const char bytes[] = {'a', '\0', '\n', '\x7f', '\xff', '\\', '"'};
    struct child child;
    if (child_fork(&child)) {
        narrate_start();
        narrate_received(7, guarded_bytes(bytes, sizeof(bytes)), sizeof(bytes));
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_str_eq(child.out,
                     "connection 7: received 7 bytes: \"a....\\\"\"\n");
}
END_TEST

/* Lengths around the most that is shown, no byte to be read behind them. */
START_TEST(never_reads_past_the_end)
{
    size_t length = (size_t)_i;
    char bytes[64], expected[128];
    memset(bytes, 'x', sizeof(bytes));
    snprintf(expected, sizeof(expected),
             "connection 7: received %zu bytes: \"%.*s\"%s\n", length,
             _i < 40 ? _i : 40, bytes, _i > 40 ? "..." : "");

    struct child child;
    if (child_fork(&child)) {
        narrate_start();
        narrate_received(7, guarded_bytes(bytes, length), length);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(child.out, expected);
}
END_TEST

void add_narrate_tests(Suite *suite)
{
    TCase *tests = tcase_create("narrate");
    tcase_add_test(tests, each_sentence);
    tcase_add_test(tests, silent_by_default);
    tcase_add_test(tests, written_at_once);
    tcase_add_test(tests, unprintable_bytes_are_dots);
    tcase_add_loop_test(tests, never_reads_past_the_end, 38, 43);
    suite_add_tcase(suite, tests);
}
