#include "options.h"

#include <argp.h>
#include <ctype.h>
#include <err.h>
#include <errno.h> /* and program_invocation_short_name */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>

/* Keys of the options without a short form: numbers above those of a char. */
enum {
    KEY_ADDRESS = 256,
    KEY_PORT,
    KEY_BACKLOG,
    KEY_MAX_CONNECTIONS,
    KEY_IDLE_TIMEOUT,
    KEY_QUIT_AFTER,
    KEY_COUNTERS,
};

static const struct argp_option known_options[] = {
    {"address", KEY_ADDRESS, "ADDR", 0,
     "Listen at this IPv4 or IPv6 address or host name (127.0.0.1)", 0},
    {"port", KEY_PORT, "PORT", 0,
     "Listen at this TCP port; 0 lets the kernel choose one (10001)", 0},
    {"backlog", KEY_BACKLOG, "N", 0,
     "Queue at most N clients until they are accepted, fewer if "
     "net.core.somaxconn is lower (4096)",
     0},
    {"max-connections", KEY_MAX_CONNECTIONS, "N", 0,
     "Serve at most N connections at once; further clients wait (no limit)", 0},
    {"idle-timeout", KEY_IDLE_TIMEOUT, "S", 0,
     "Close a connection on which no byte has moved, either way, for S "
     "seconds (never)",
     0},
    {"quit-after", KEY_QUIT_AFTER, "S", 0,
     "Exit when nothing has happened for S seconds (never)", 0},
    {"counters", KEY_COUNTERS, "FILE", 0,
     "Keep live counters in FILE; see echo/counters.h", 0},
    {"verbose", 'v', NULL, 0, "Describe each event on standard output", 0},
    {0},
};

/* The text of --help before the list of options and, after "\v", behind it. */
#define HELP                                                                  \
    "An echo server that waits for its clients with %s: every byte that a "   \
    "client sends comes back, unchanged and in order.\v"                      \
    "In parentheses: the default.\n\n"                                        \
    "To see it at work, start `%s --verbose', and in a second terminal "      \
    "`nc -N 127.0.0.1 10001': type a line and read what the server prints.  " \
    "SIGINT (Ctrl-C) and SIGTERM end it with a summary."

long options_number(const char *option, const char *text, long min, long max)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);

    /* A digit must come first, or a minus and a digit: strtol(3) alone would
     * also take " 5" and "+5". */
    if (!isdigit((unsigned char)text[text[0] == '-']) || *end != '\0' ||
        errno != 0 || number < min || number > max)
        errx(EX_USAGE, "%s=%s: not a whole number from %ld to %ld", option,
             text, min, max);
    return number;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        /* getopt(3) says in one line what is wrong; argp would add a second. */
        state->err_stream = NULL;
        break;
    case KEY_ADDRESS:
        options->address = text;
        break;
    case KEY_PORT:
        options->port = (int)options_number("--port", text, 0, 65535);
        break;
    case KEY_BACKLOG:
        options->backlog = (int)options_number("--backlog", text, 1, INT_MAX);
        break;
    case KEY_MAX_CONNECTIONS:
        options->max_connections =
            (int)options_number("--max-connections", text, 1, INT_MAX);
        break;
    case KEY_IDLE_TIMEOUT:
        options->idle_timeout =
            (int)options_number("--idle-timeout", text, 1, INT_MAX);
        break;
    case KEY_QUIT_AFTER:
        options->quit_after =
            (int)options_number("--quit-after", text, 1, INT_MAX);
        break;
    case KEY_COUNTERS:
        options->counters = text;
        break;
    case 'v':
        options->verbose = true;
        break;
    case ARGP_KEY_ARG:
        errx(EX_USAGE, "%s: not an option; see --help", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void print_version(FILE *stream, struct argp_state *state)
{
    fprintf(stream, "%s %s\n", state->name, FOUR_WAYS_VERSION);
}

struct options options_parse(int argc, char *argv[], const char *mechanism)
{
    struct options options = {
        .address = "127.0.0.1",
        .port = 10001,
        .backlog = SOMAXCONN,
    };

    char *help;
    if (asprintf(&help, HELP, mechanism, program_invocation_short_name) < 0)
        err(EXIT_FAILURE, "asprintf");
    const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .doc = help,
    };

    argp_program_version_hook = print_version;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        exit(EX_USAGE);
    free(help);
    return options;
}
