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
 * The command is split into words as a shell does it, but no shell runs it, so
 * that its process is the server itself (server.c).
 *
 * Each case is a process of its own with a server of its own.  The exit status
 * is 0 when all cases have passed, 1 when one has failed, 64 for bad usage.
 */
#include "case.h"
#include "cases.h"
#include "options.h"
#include "server.h"

#include <argp.h>
#include <check.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sysexits.h>

enum option_key { CASE = 256, LIST, SEED, TAP };

struct arguments {
    const char *command;
    const char *case_name; /* --case */
    const char *tap;       /* --tap: a file, "-" is stdout */
    uint64_t seed;
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
    {"case", CASE, "NAME", 0, "Run only the cases with NAME in their name", 0},
    {"list", LIST, NULL, 0, "Print the names of the cases and end", 0},
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
        arguments->case_name = argument;
        return 0;
    case LIST:
        arguments->list = true;
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
    struct arguments arguments = {0};
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        err(EXIT_FAILURE, "getrandom");
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

/* Some cases need thousands of descriptors, in the suite and in the server. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        err(EXIT_FAILURE, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        err(EXIT_FAILURE, "setrlimit");
}

static Suite *create_suite(void)
{
    add_echo_cases();
    add_half_close_cases();
    add_backpressure_cases();
    add_failure_cases();
    add_full_cases();
    add_fairness_cases();
    add_urgent_cases();
    add_signal_cases();
    add_timeout_cases();
    add_startup_cases();
    add_schedule_cases();
    return case_suite();
}

/* Run all cases, report as we were told.  Returns how many have failed. */
static int run_suite(Suite *suite, const struct arguments *arguments)
{
    SRunner *runner = srunner_create(suite);
    bool tap_only = arguments->tap != NULL && strcmp(arguments->tap, "-") == 0;
    int failed;

    srunner_set_fork_status(runner, CK_FORK);
    if (arguments->tap != NULL)
        srunner_set_tap(runner, arguments->tap);
    case_report(arguments->command, tap_only ? NULL : stderr);
    srunner_run_all(runner, tap_only ? CK_SILENT : CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

int main(int argc, char *argv[])
{
    struct arguments arguments = parse_arguments(argc, argv);
    Suite *suite;

    server_set_command(arguments.command);
    case_choose((struct case_choice){.name = arguments.case_name,
                                     .options = server_takes_options(),
                                     .list = arguments.list,
                                     .seed = arguments.seed});
    suite = create_suite();
    if (arguments.list)
        return EXIT_SUCCESS;
    if (case_count() == 0)
        errx(EX_USAGE,
             "--case=%s: no case for this server has that in its "
             "name (see --list)",
             arguments.case_name);
    if (case_left_out() > 0)
        warnx("%u cases are left out: they need our command line, and the "
              "command has no {options} in it",
              case_left_out());
    raise_descriptor_limit();
    return run_suite(suite, &arguments) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
