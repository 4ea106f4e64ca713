/*
 * conformance: hold a TCP echo server to its contract, from outside.
 *
 *     conformance 'build/poll_server --port={port} {options}'
 *     conformance 'python3 my_server.py {port}'
 *
 * The command starts the server to be tested; {port} is where the port to
 * listen on belongs.  Where {options} stands, a case that is about our command
 * line puts its options (--idle-timeout=1).  A server that doesn't know them is
 * tested without {options}: then such cases are left out, and we say how many.
 *
 * Each case is a process of its own with a server of its own, and several run
 * side by side (--jobs).  At the end there is a table by line of the contract,
 * for each failure the command that repeats it, and "N passed, N failed,
 * N skipped".  The exit status is 0 when no case has failed, 1 when one has or
 * the server does not start, 64 for bad usage, such as a command that can't be
 * split into words.
 *
 * With --tap the plan comes first, then a line for each case as it ends. Behind
 * the dash stands the line of the contract, with two digits, then the name of
 * the case.  Comments explain a failure, one for each fact: what the client
 * saw, what it expected instead, how the server ended if it has, and what it
 * printed on stderr:
 *
 *     1..91
 *     ok 1 - 05 full-quiet
 *     not ok 2 - 01 echo-sizes
 *     # saw: the connection was closed after 4,096 of 65,536 bytes
 *     # expected: all 65,536 bytes, unchanged and in order
 *     # server: killed by SIGSEGV (Segmentation fault)
 *     # stderr: received 65,536 bytes
 *     # at: client.c:135
 *     ok 3 - 12 startup-ipv6-address # SKIP this machine has no IPv6
 *
 * Cases that need our command line don't occur when the command has no
 * {options}.  "Bail out!" stands for a server that doesn't start.
 */
#include "case.h"
#include "cases.h"
#include "client.h"
#include "command.h"
#include "options.h"
#include "report.h"
#include "run.h"
#include "server.h"
#include "surroundings.h"

#include <argp.h>
#include <check.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>

enum option_key { CASE = 256, JOBS, LIST, PATIENCE, SEED, TAP };

enum { USUAL_JOBS = 4 };

struct arguments {
    const char *command;
    const char *cases; /* --case: names, NULL: all */
    const char *tap;   /* --tap: a file, "-" is stdout */
    uint64_t seed;
    unsigned jobs;
    bool list;
};

const char *argp_program_version = "conformance " FOUR_WAYS_VERSION;

static const char documentation[] =
    "Hold a TCP echo server to its contract, from outside.  COMMAND starts the "
    "server and is one argument, as in 'my_server --port={port}'.  {port} is "
    "replaced by a free port.  Where {options} stands, if it does, a case may "
    "put --address, --max-connections, --idle-timeout, --quit-after, "
    "--counters or --verbose."
    "\v"
    "COMMAND is split into words as a shell does it, and run without a shell.  "
    "The environment variable CK_TIMEOUT_MULTIPLIER stretches all time limits.";

static const struct argp_option option_table[] = {
    {"case", CASE, "NAME[,NAME...]", 0,
     "Run only these cases: a whole name, or a part of several", 0},
    {"jobs", JOBS, "N", 0, "Run N cases side by side (4; 1: one after another)",
     0},
    {"list", LIST, NULL, 0, "Print the names of the cases and end", 0},
    {"patience", PATIENCE, "S", 0,
     "Take it for a hang when nothing comes for S seconds (10)", 0},
    {"seed", SEED, "N", 0, "Repeat the random choices of an earlier run", 0},
    {"tap", TAP, "FILE", OPTION_ARG_OPTIONAL,
     "Report in the Test Anything Protocol to FILE (stdout)", 0},
    {0}};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL; /* getopt has printed its line already */
        return 0;
    case CASE:
        arguments->cases = argument;
        return 0;
    case JOBS:
        arguments->jobs = (unsigned)options_number("--jobs", argument, 1, 64);
        return 0;
    case LIST:
        arguments->list = true;
        return 0;
    case PATIENCE:
        client_set_patience(
            (double)options_number("--patience", argument, 1, 3600));
        return 0;
    case SEED:
        arguments->seed =
            (uint64_t)options_number("--seed", argument, 0, UINT32_MAX);
        return 0;
    case TAP:
        arguments->tap = argument != NULL ? argument : "-";
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->command != NULL)
            errx(EX_USAGE,
                 "stray argument '%s': the server's command is one argument, "
                 "so put it in quotes",
                 argument);
        arguments->command = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static struct arguments parse_arguments(int argc, char *argv[])
{
    static const struct argp argp = {.options = option_table,
                                     .parser = parse_option,
                                     .args_doc = "COMMAND",
                                     .doc = documentation};
    struct arguments arguments = {.jobs = USUAL_JOBS};
    uint32_t seed;

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        seed = (uint32_t)time(NULL); /* seccomp may refuse it */
    arguments.seed = seed;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        exit(EX_USAGE);
    if (arguments.command == NULL && arguments.list)
        arguments.command = "{port} {options}";
    if (arguments.command == NULL)
        errx(EX_USAGE, "COMMAND is missing: what starts the server?");
    if (strstr(arguments.command, "{port}") == NULL)
        errx(EX_USAGE, "COMMAND '%s' has no {port} in it", arguments.command);
    return arguments;
}

static void add_all_cases(void)
{
    add_echo_cases();
    add_half_close_cases();
    add_backpressure_cases();
    add_failure_cases();
    add_full_cases();
    add_fairness_cases();
    add_urgent_cases();
    add_signal_cases();
    add_output_cases();
    add_timeout_cases();
    add_startup_cases();
    add_schedule_cases();
    add_lab_cases();
}

/* Without --case those that run only on request are in the list, too. */
static bool is_listed(const struct test_case *one, const char *names)
{
    return one->chosen || (names == NULL && one->needs & ON_REQUEST);
}

static void list_cases(const char *names)
{
    size_t count;
    const struct test_case *cases = case_list(&count);

    for (size_t i = 0; i < count; i++) {
        if (is_listed(&cases[i], names))
            report_line(cases[i].name);
    }
}

START_TEST(answers)
{
    server_start("");
}
END_TEST

/*
 * One failure that says why no connection is possible is worth more than all of
 * the cases failing for that reason.
 */
static void check_that_it_starts(uint64_t seed)
{
    const struct test_case first = {
        .name = "start", .test = answers, .seconds = 60};
    char *printed;
    struct outcome outcome = run_one(&first, seed, &printed);

    if (outcome.verdict == FAILED)
        report_no_server(&outcome, printed);
    free(printed);
}

int main(int argc, char *argv[])
{
    surroundings_set_back();

    struct arguments arguments = parse_arguments(argc, argv);
    const char *unknown;

    command_set(arguments.command);
    add_all_cases();
    unknown = case_choose(arguments.cases, command_takes_options());
    if (unknown != NULL)
        errx(EX_USAGE,
             "--case=%s: no case for this server has that in its "
             "name (see --list)",
             unknown);
    if (arguments.list) {
        list_cases(arguments.cases);
        return EXIT_SUCCESS;
    }
    command_check();
    report_begin(&(struct report_setup){.command = arguments.command,
                                        .program = program_invocation_name,
                                        .tap = arguments.tap,
                                        .seed = arguments.seed});
    check_that_it_starts(arguments.seed);
    run_cases(arguments.jobs, arguments.seed);
    return report_end() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
