/*
 * test_load_options: the generator's command line.  What is not understood ends
 * it with status 64 and one line that names the option and the value.
 *
 *     test_load_options PATH-OF-LOADGEN
 *
 * Lists, seconds and servers are also read without the program: bad ones end
 * the process of their test.
 */
#include "load_options.h"
#include "run.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

TEST(a_list_is_read_in_order)
{
    struct list list = load_options_list("--idle", "0,1,100,19000", 0, 19000);

    ck_assert_uint_eq(list.count, 4);
    ck_assert_int_eq(list.numbers[0], 0);
    ck_assert_int_eq(list.numbers[1], 1);
    ck_assert_int_eq(list.numbers[2], 100);
    ck_assert_int_eq(list.numbers[3], 19000);
    ck_assert_uint_eq(load_options_list("--idle", "5", 0, 5).count, 1);
}

TEST_ENDS(sixty_four_numbers_are_the_most, 1, EX_USAGE)
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

static const char *const bad_lists[] = {
    "",     ",",  "1,",  ",1",  "1,,2", "2,1", "1,1", "1;2",
    "1, 2", "-1", "101", "1,x", "0x1",  "1.5", "1e1", "99999999999999999999",
};

TEST_ENDS(a_bad_list_is_refused, COUNT(bad_lists), EX_USAGE)
{
    load_options_list("--idle", bad_lists[_i], 0, 100);
    exit(EXIT_SUCCESS);
}

TEST(seconds_may_be_fractions)
{
    ck_assert_double_eq(load_options_seconds("--seconds", "2", 0, 10), 2);
    ck_assert_double_eq(load_options_seconds("--seconds", "0.25", 0, 10), 0.25);
    ck_assert_double_eq(load_options_seconds("--seconds", ".5", 0, 10), 0.5);
    ck_assert_double_eq(load_options_seconds("--seconds", "0", 0, 10), 0);
    ck_assert_double_eq(load_options_seconds("--seconds", "10", 0, 10), 10);
}

static const char *const bad_seconds[] = {
    "",   ".",   "nan", "inf",   "-1",    "1s",
    " 1", "0x1", "1e1", "1.2.3", "10.01", "0.04",
};

TEST_ENDS(bad_seconds_are_refused, COUNT(bad_seconds), EX_USAGE)
{
    load_options_seconds("--seconds", bad_seconds[_i], 0.05, 10);
    exit(EXIT_SUCCESS);
}

/* Of a copy of `text`, which is never freed: the parts lie in it. */
static struct server_option server(const char *text)
{
    static char copies[4][100];
    static size_t count;

    return load_options_server(strcpy(copies[count++], text));
}

TEST(a_server_has_a_name_an_address_and_details)
{
    static struct server_option plain, full, ipv6; /* they own their names */

    plain = server("127.0.0.1:10001");
    full = server("lt=localhost:1,pid=42,counters=/tmp/a,pid=b=c");
    ipv6 = server("[::1]:65535,counters=x");
    ck_assert_str_eq(plain.name, "127.0.0.1:10001");
    ck_assert_str_eq(plain.host, "127.0.0.1");
    ck_assert_str_eq(plain.port, "10001");
    ck_assert_int_eq(plain.pid, 0);
    ck_assert_ptr_null(plain.counters);
    ck_assert_str_eq(full.name, "lt");
    ck_assert_str_eq(full.host, "localhost");
    ck_assert_int_eq(full.pid, 42);
    ck_assert_str_eq(full.counters, "/tmp/a,pid=b=c"); /* the rest */
    ck_assert_str_eq(ipv6.name, "[::1]:65535");
    ck_assert_str_eq(ipv6.host, "::1");
    ck_assert_str_eq(ipv6.port, "65535");
}

static const char *const bad_servers[] = {
    "",          "10001",     "h:",        ":1",
    "h:0",       "h:65536",   "h:x",       "=h:1",
    "h:1,",      "h:1,pid=0", "h:1,pid=x", "h:1,pid=1,cpu=1",
    "h:1 pid=1", "h:1,pid",   "[]:1",      "h:1,pid=4194305",
};

TEST_ENDS(a_bad_server_is_refused, COUNT(bad_servers), EX_USAGE)
{
    server(bad_servers[_i]);
    exit(EXIT_SUCCESS);
}

/* One line on stderr that has `text` in it, nothing else, and status 64. */
static void assert_refused(const char *arguments, const char *text)
{
    run_start("%s", arguments);
    program_wait(&run.program);
    const char *line = run.program.err;

    ck_assert_int_eq(run.program.status, 64);
    ck_assert_str_eq(run.program.out, "");
    ck_assert_msg(strstr(line, text) != NULL, "%s", line);
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
}

static const char *const mistakes[] = {
    "--idle=5,3",
    "--idle=-1",
    "--active=0",
    "--size=0",
    "--size=1048577",
    "--firehoses=1001",
    "--hold=0",
    "--rate=0",
    "--rate=10,5",
    "--gaps=even",
    "--rate=10000000", /* in a turn of 60 seconds: more than can be planned */
    "--seed=-1",
    "--turn=0",
    "--turn=nan",
    "--start=-1",
    "--cycles=0",
    "--cycles=100001",
    "--settle=-1",
    "--stall=x",
    "--freeze=1",
    "--freeze=x,1",
    "--freeze=1,",
    "--freeze=1,0",
    "--json=/nowhere/at/all",
    "--hgrm=/nowhere/at/all",
    "--cpu=1023",
    "--no-such-option",
};

TEST_TIMES(a_mistake_is_one_line_that_names_it, COUNT(mistakes))
{
    char arguments[100];

    run_add("127.0.0.1:1");
    snprintf(arguments, sizeof(arguments), "--turn=60 %s", mistakes[_i]);
    assert_refused(arguments, mistakes[_i]);
}

/* Each is right on its own, but not with the other. */
static const struct {
    const char *arguments;
    const char *line;
} clashes[] = {
    {"a:1 --churn --rate=5", "--churn: not together with --rate"},
    {"a:1 --churn --firehoses=0,1", "--churn: not together with --firehoses"},
    {"a:1 --churn --freeze=1,1", "--churn: not together with --freeze"},
    {"a:1 --hold=5 --rate=5", "so not together with --rate"},
    {"a:1 --hold=5 --churn", "so not together with --churn"},
    {"a:1 --hold=5 --firehoses=1", "so not together with --firehoses"},
    {"a:1 --hold=5 --freeze=1,1", "so not together with --freeze"},
    {"a:1 --gaps=constant", "--gaps: there is no plan without --rate"},
    {"a:1 --freeze=0.5,0.5", "--freeze: pid= has to say which process to stop"},
    {"a:1,pid=1 b:1 --turn=9 --freeze=1,1", "--freeze: one server only"},
    {"a:1,pid=1 --turn=2 --freeze=1.5,1",
     "--freeze=1.5,1: does not fit into --turn=2"},
    {"x=a:1 x=a:2", "x: two servers have this name"},
    {"127.0.0.1:1,pid=4194304", "127.0.0.1:1: pid=4194304: No such process"},
    {"127.0.0.1:1,counters=/dev/null", "counters=/dev/null: no counters there"},
    {"127.0.0.1:1,counters=/no/where", "counters=/no/where: no counters there"},
    {"a:1,b", "a:1,b: not [NAME=]HOST:PORT[,pid=PID][,counters=FILE]"},
    {"", "the server is missing: HOST:PORT; see --help"},
};

TEST_TIMES(what_makes_no_sense_together_is_refused, COUNT(clashes))
{
    assert_refused(clashes[_i].arguments, clashes[_i].line);
}

TEST(thirty_two_servers_are_the_most)
{
    char arguments[1000] = "";

    for (int i = 0; i <= SERVERS_MAX; i++)
        sprintf(arguments + strlen(arguments), "h:%d ", i + 1);
    assert_refused(arguments, "h:33: more than 32 servers");
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("load_options", run_set_up, run_tear_down);
}
