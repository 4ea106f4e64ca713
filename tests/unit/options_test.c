/*
 * The command line: each option, each bad value, and no byte read past the end
 * of an argument.
 */
#include "child.h"
#include "guard.h"
#include "options.h"
#include "unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

enum { MOST_WORDS = 8 };

/* Parse a command line of up to MOST_WORDS words, the last of them NULL. */
static struct options parse(const char *const words[])
{
    static char *arguments[MOST_WORDS + 2];
    int count = 0;
    arguments[count++] = guarded_string("unit");
    while (words[count - 1] != NULL) {
        arguments[count] = guarded_string(words[count - 1]);
        count++;
    }
    return options_parse(count, arguments, "select(2)");
}

START_TEST(without_options)
{
    struct options options = parse((const char *[]){NULL});
    ck_assert_str_eq(options.address, "127.0.0.1");
    ck_assert_int_eq(options.port, 10001);
    ck_assert_int_eq(options.backlog, SOMAXCONN);
    ck_assert_int_eq(options.max_connections, 0);
    ck_assert_int_eq(options.idle_timeout, 0);
    ck_assert_int_eq(options.quit_after, 0);
    ck_assert_ptr_null(options.counters);
    ck_assert(!options.verbose);
}
END_TEST

START_TEST(each_option)
{
    struct options options = parse((const char *[]){
        "--address=::1", "--port=0", "--backlog=1",
        "--max-connections=2147483647", "--idle-timeout=2", "--quit-after=3",
        "--counters=some/file", "--verbose", NULL});
    ck_assert_str_eq(options.address, "::1");
    ck_assert_int_eq(options.port, 0);
    ck_assert_int_eq(options.backlog, 1);
    ck_assert_int_eq(options.max_connections, INT_MAX);
    ck_assert_int_eq(options.idle_timeout, 2);
    ck_assert_int_eq(options.quit_after, 3);
    ck_assert_str_eq(options.counters, "some/file");
    ck_assert(options.verbose);
}
END_TEST

START_TEST(other_spellings)
{
    struct options options =
        parse((const char *[]){"--port", "65535", "-v", NULL});
    ck_assert_int_eq(options.port, 65535);
    ck_assert(options.verbose);
}
END_TEST

/* A bad command line, and the line that it is answered with. */
struct bad_words {
    const char *word;
    const char *answer;
};

static const struct bad_words bad_words[] = {
    {"--port=-1", "--port=-1: not a whole number from 0 to 65535"},
    {"--port=65536", "--port=65536: not a whole number from 0 to 65535"},
    {"--port=", "--port=: not a whole number from 0 to 65535"},
    {"--port=-", "--port=-: not a whole number from 0 to 65535"},
    {"--port=ten", "--port=ten: not a whole number from 0 to 65535"},
    {"--port=10x", "--port=10x: not a whole number from 0 to 65535"},
    {"--port=0x10", "--port=0x10: not a whole number from 0 to 65535"},
    {"--port=1.5", "--port=1.5: not a whole number from 0 to 65535"},
    {"--port= 5", "--port= 5: not a whole number from 0 to 65535"},
    {"--port=5 ", "--port=5 : not a whole number from 0 to 65535"},
    {"--port=+5", "--port=+5: not a whole number from 0 to 65535"},
    {"--port=--5", "--port=--5: not a whole number from 0 to 65535"},
    {"--port=99999999999999999999",
     "--port=99999999999999999999: not a whole number from 0 to 65535"},
    {"--backlog=0", "--backlog=0: not a whole number from 1 to 2147483647"},
    {"--backlog=2147483648",
     "--backlog=2147483648: not a whole number from 1 to 2147483647"},
    {"--max-connections=0",
     "--max-connections=0: not a whole number from 1 to 2147483647"},
    {"--max-connections=many",
     "--max-connections=many: not a whole number from 1 to 2147483647"},
    {"--idle-timeout=0",
     "--idle-timeout=0: not a whole number from 1 to 2147483647"},
    {"--idle-timeout=-1",
     "--idle-timeout=-1: not a whole number from 1 to 2147483647"},
    {"--quit-after=0",
     "--quit-after=0: not a whole number from 1 to 2147483647"},
    {"--quit-after=1s",
     "--quit-after=1s: not a whole number from 1 to 2147483647"},
    {"stray", "stray: not an option; see --help"},
    {"", ": not an option; see --help"},
    {"--colour", "unrecognized option '--colour'"},
    {"--verbose=2", "option '--verbose' doesn't allow an argument"},
    {"--port", "option '--port' requires an argument"},
    {"-x", "invalid option -- 'x'"},
};

START_TEST(bad_option)
{
    const struct bad_words *bad = &bad_words[_i];
    struct child child;
    char expected[256];
    if (child_fork(&child)) {
        parse((const char *[]){bad->word, NULL});
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    snprintf(expected, sizeof(expected), "unit: %s\n", bad->answer);
    ck_assert_int_eq(child.status, EX_USAGE);
    ck_assert_str_eq(child.errors, expected);
    ck_assert_str_eq(child.out, "");
}
END_TEST

START_TEST(help)
{
    static const char *const words[] = {
        "--address=ADDR",      "--port=PORT",      "--backlog=N",
        "--max-connections=N", "--idle-timeout=S", "--quit-after=S",
        "--counters=FILE",     "--verbose",        "--version",
        "select(2)",           "SIGTERM"};
    struct child child;
    if (child_fork(&child)) {
        parse((const char *[]){"--help", NULL});
        exit(EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(child.errors, "");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        ck_assert_msg(strstr(child.out, words[i]) != NULL,
                      "--help doesn't tell of %s", words[i]);
}
END_TEST

START_TEST(version)
{
    struct child child;
    if (child_fork(&child)) {
        parse((const char *[]){"--version", NULL});
        exit(EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(child.out, "unit " FOUR_WAYS_VERSION "\n");
    ck_assert_str_eq(child.errors, "");
}
END_TEST

START_TEST(numbers_to_the_ends_of_the_range)
{
    ck_assert_int_eq(options_number("--n", guarded_string("-5"), -5, 5), -5);
    ck_assert_int_eq(options_number("--n", guarded_string("5"), -5, 5), 5);
    ck_assert_int_eq(options_number("--n", guarded_string("007"), 0, 7), 7);
    ck_assert_int_eq(options_number("--n",
                                    guarded_string("9223372036854775807"), 0,
                                    LONG_MAX),
                     LONG_MAX);
}
END_TEST

/* strtol(3) answers with the largest number there is, and errno says why. */
START_TEST(numbers_too_large_for_a_long)
{
    struct child child;
    if (child_fork(&child)) {
        options_number("--n", "9223372036854775808", 0, LONG_MAX);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EX_USAGE);
    ck_assert_str_eq(child.errors,
                     "unit: --n=9223372036854775808: not a whole number from 0 "
                     "to 9223372036854775807\n");
}
END_TEST

void add_options_tests(Suite *suite)
{
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, without_options);
    tcase_add_test(tests, each_option);
    tcase_add_test(tests, other_spellings);
    tcase_add_loop_test(tests, bad_option, 0,
                        sizeof(bad_words) / sizeof(bad_words[0]));
    tcase_add_test(tests, help);
    tcase_add_test(tests, version);
    tcase_add_test(tests, numbers_to_the_ends_of_the_range);
    tcase_add_test(tests, numbers_too_large_for_a_long);
    suite_add_tcase(suite, tests);
}
