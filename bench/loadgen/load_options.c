/*
 * load_options: see load_options.h.
 */
#include "load_options.h"

#include "client/pattern.h"
#include "options.h"

#include <argp.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
    IDLE_MAX = 1000000,
    ACTIVE_MAX = 100000,
    PID_MAX = 4194304, /* the most that proc(5) allows for pid_max */
    CPU_MAX = 1023,
    RATE_MAX = 10000000,
    FIREHOSES_MAX = 1000,
    SEED_MAX = 2147483647,
    PLAN_MAX = 20000000, /* messages of one turn: 160 MB of send times */
    CYCLES_MAX = 10000,
};

/* Options without a letter of their own have a number that is no letter. */
enum {
    KEY_RATE = 256,
    KEY_GAPS,
    KEY_SEED,
    KEY_FREEZE,
    KEY_CHURN,
    KEY_FIREHOSES,
    KEY_SETTLE,
    KEY_RETAKES,
    KEY_START,
    KEY_CYCLES,
    KEY_HGRM,
};

static const struct argp_option known_options[] = {
    {NULL, 0, NULL, 0, "Load (LIST: one number, or several, ascending: 1,100)",
     1},
    {"idle", 'i', "LIST", 0, "Connections that stay silent (0)", 0},
    {"active", 'a', "LIST", 0, "Connections that talk (1)", 0},
    {"size", 's', "LIST", 0, "Bytes per message, 1 to 1048576 (64)", 0},
    {"rate", KEY_RATE, "LIST", 0,
     "Open loop: messages per second over all active connections, sent at "
     "times that are planned in advance (none: closed loop)",
     0},
    {"gaps", KEY_GAPS, "KIND", 0,
     "Gaps between the messages of --rate: `exponential', as from many "
     "independent clients, or `constant' (exponential)",
     0},
    {"seed", KEY_SEED, "N", 0,
     "Draw the order of turns and the exponential gaps from N (1)", 0},
    {"firehoses", KEY_FIREHOSES, "LIST", 0,
     "Connections that stream without end, beside the active ones (0)", 0},
    {"churn", KEY_CHURN, NULL, 0,
     "Active connections connect, have one echo, reset the connection, and "
     "start over",
     0},
    {"hold", 'n', "LIST", 0,
     "No load: open this many connections and report how many were served", 0},
    {"freeze", KEY_FREEZE, "AT,FOR", 0,
     "Stop the server (SIGSTOP) AT seconds into the counted part of each turn, "
     "and continue it FOR seconds later; one server only, with its pid",
     0},
    {NULL, 0, NULL, 0, "Turns", 2},
    {"turn", 't', "S", 0, "Count S seconds of each turn (0.02)", 0},
    {"start", KEY_START, "S", 0,
     "Before that, leave out the first S seconds of it (0.005)", 0},
    {"cycles", KEY_CYCLES, "N", 0,
     "Give each server N turns at each point, in random order (10)", 0},
    {"settle", KEY_SETTLE, "N", 0,
     "Before those, N turns that are not reported (1)", 0},
    {"retakes", KEY_RETAKES, "N", 0,
     "Take a turn again, up to N times, if other programs had the CPUs for "
     "over 5 % of it (7)",
     0},
    {"stall", 'g', "S", 0,
     "Give up on a server that makes no progress for S seconds (2)", 0},
    {NULL, 0, NULL, 0, "Results", 3},
    {"json", 'j', "FILE", 0,
     "Append each point to FILE as one line of JSON; `-' is standard output, "
     "and then the summary goes to standard error",
     0},
    {"hgrm", KEY_HGRM, "DIR", 0,
     "Write the latency distribution of each trial to a file in DIR, in the "
     "format of HdrHistogram's plotter, in milliseconds",
     0},
    {"cpu", 'C', "N", 0, "Run on CPU number N only (any)", 0},
    {NULL, 0, NULL, 0, "Help", -1},
    {0},
};

static const char help[] =
    "The load generator: measures echo servers under the same load, with many "
    "connections, some of which talk while the others stay silent.\v"
    "SERVER is [NAME=]HOST:PORT[,pid=PID][,counters=FILE]. With its pid the "
    "server's CPU time and memory are measured too; FILE is what the server "
    "was given as --counters. Defaults are in parentheses.\n\n"
    "The servers take turns: one at a time is under load for a few "
    "milliseconds, while the others sleep. A cycle is one turn for each of "
    "them, in random order. So a disturbance hits all servers alike, and "
    "figures from the same cycle can be compared.\n\n"
    "Closed loop, the default: a connection sends a message, waits for the "
    "echo, compares every byte, and sends the next message at once. Open loop, "
    "with --rate: messages are sent at planned times, however slow the server "
    "is, and latency counts from the planned time, so no stall is hidden.\n\n"
    "A trial in which a byte was lost or wrong or a connection was not served "
    "is invalid. The summary gives the reason, the other servers go on, and "
    "the exit status is 1.\n\n"
    "Examples:\n"
    "  loadgen --idle=0,1000 --active=1,100 127.0.0.1:10001\n"
    "  loadgen --active=100 --rate=1000,10000 lt=127.0.0.1:10001 "
    "et=127.0.0.1:10002\n\n"
    "bench/README.md explains the fields of the JSON lines.";

struct list load_options_list(const char *option, const char *text, long min,
                              long max)
{
    struct list list = {.count = 0};
    char *copy = strdup(text);
    char *rest = copy;

    if (copy == NULL)
        err(EXIT_FAILURE, "strdup");
    while (rest != NULL) {
        const char *item = strsep(&rest, ",");
        if (list.count == LIST_MAX)
            errx(EX_USAGE, "%s=%s: more than %d numbers", option, text,
                 LIST_MAX);
        long number = options_number(option, item, min, max);
        if (list.count > 0 && number <= list.numbers[list.count - 1])
            errx(EX_USAGE, "%s=%s: the numbers must ascend", option, text);
        list.numbers[list.count++] = number;
    }
    free(copy);
    return list;
}

/* Reads `text`; false when it is no decimal fraction in min..max. */
static bool read_seconds(const char *text, double min, double max,
                         double *seconds)
{
    char *end;

    /* strtod(3) also accepts "inf", "nan", "0x1p3" and white space before it:
     * more than a number of seconds should be. */
    *seconds = strtod(text, &end);
    return text[0] != '\0' && text[strspn(text, "0123456789.")] == '\0' &&
           *end == '\0' && *seconds >= min && *seconds <= max;
}

double load_options_seconds(const char *option, const char *text, double min,
                            double max)
{
    double seconds;

    if (!read_seconds(text, min, max, &seconds))
        errx(EX_USAGE, "%s=%s: not a number of seconds from %g to %g", option,
             text, min, max);
    return seconds;
}

/* Cut HOST:PORT or [HOST]:PORT in two. */
static bool split_address(char *text, struct server_option *server)
{
    char *colon = strrchr(text, ':');

    if (colon == NULL || colon == text)
        return false;
    *colon = '\0';
    server->host = text;
    server->port = colon + 1;
    if (text[0] == '[' && colon[-1] == ']') {
        server->host = text + 1;
        colon[-1] = '\0';
    }
    return server->host[0] != '\0';
}

/* What follows the first comma; a path may have commas of its own. */
static bool take_details(char *rest, struct server_option *server)
{
    while (rest != NULL) {
        if (strncmp(rest, "counters=", 9) == 0) {
            server->counters = rest + 9;
            return true;
        }
        const char *item = strsep(&rest, ",");
        if (strncmp(item, "pid=", 4) != 0)
            return false;
        server->pid = options_number("pid", item + 4, 1, PID_MAX);
    }
    return true;
}

struct server_option load_options_server(char *text)
{
    struct server_option server = {.pid = 0};
    char *whole = strdup(text);
    char *rest = text;
    char *address = strsep(&rest, ",");
    char *equals = strchr(address, '=');

    if (equals == NULL) {
        server.name = strdup(address); /* which is cut in two below */
    } else {
        *equals = '\0';
        server.name = address;
        address = equals + 1;
    }
    if (whole == NULL || server.name == NULL)
        err(EXIT_FAILURE, "strdup");
    if (server.name[0] == '\0' || !split_address(address, &server) ||
        !take_details(rest, &server))
        errx(EX_USAGE, "%s: not [NAME=]HOST:PORT[,pid=PID][,counters=FILE]",
             whole);
    options_number("PORT", server.port, 1, 65535);
    free(whole);
    return server;
}

/* The name identifies the results. */
static void take_server(struct load_options *options, char *text)
{
    if (options->server_count == SERVERS_MAX)
        errx(EX_USAGE, "%s: more than %d servers", text, SERVERS_MAX);
    struct server_option server = load_options_server(text);
    for (size_t i = 0; i < options->server_count; i++) {
        if (strcmp(options->servers[i].name, server.name) == 0)
            errx(EX_USAGE, "%s: two servers have this name", server.name);
    }
    options->servers[options->server_count++] = server;
}

static enum gaps gaps_kind(const char *text)
{
    if (strcmp(text, "constant") == 0)
        return GAPS_CONSTANT;
    if (strcmp(text, "exponential") != 0)
        errx(EX_USAGE, "--gaps=%s: neither exponential nor constant", text);
    return GAPS_EXPONENTIAL;
}

static void take_freeze(struct load_options *options, const char *text)
{
    char *copy = strdup(text);
    char *rest = copy;

    if (copy == NULL)
        err(EXIT_FAILURE, "strdup");
    const char *at = strsep(&rest, ",");
    if (rest == NULL || !read_seconds(at, 0, 3600, &options->freeze_at) ||
        !read_seconds(rest, 0.001, 60, &options->freeze_for))
        errx(EX_USAGE,
             "--freeze=%s: not AT,FOR: seconds into the window, and how long, "
             "from 0.001 to 60",
             text);
    free(copy);
}

/* The options that say what the load is.  False: it is none of them. */
static bool take_load(struct load_options *options, int key, const char *text)
{
    switch (key) {
    case 'i':
        options->idle = load_options_list("--idle", text, 0, IDLE_MAX);
        return true;
    case 'a':
        options->active = load_options_list("--active", text, 1, ACTIVE_MAX);
        return true;
    case 's':
        options->size = load_options_list("--size", text, 1, MESSAGE_SIZE_MAX);
        return true;
    case KEY_RATE:
        options->rate = load_options_list("--rate", text, 1, RATE_MAX);
        return true;
    case KEY_GAPS:
        options->gaps = gaps_kind(text);
        options->gaps_option = text;
        return true;
    case KEY_SEED:
        options->seed = options_number("--seed", text, 0, SEED_MAX);
        return true;
    case KEY_FIREHOSES:
        options->firehoses =
            load_options_list("--firehoses", text, 0, FIREHOSES_MAX);
        return true;
    case KEY_CHURN:
        options->churn = true;
        return true;
    case 'n':
        options->hold = load_options_list("--hold", text, 1, IDLE_MAX);
        return true;
    default:
        return false;
    }
}

/* The options that say when and for how long. */
static bool take_times(struct load_options *options, int key, const char *text)
{
    switch (key) {
    case 't':
        options->turn = load_options_seconds("--turn", text, 0.001, 3600);
        return true;
    case KEY_START:
        options->start = load_options_seconds("--start", text, 0, 3600);
        return true;
    case KEY_CYCLES:
        options->cycles = options_number("--cycles", text, 1, CYCLES_MAX);
        return true;
    case KEY_SETTLE:
        options->settle = options_number("--settle", text, 0, CYCLES_MAX);
        return true;
    case KEY_RETAKES:
        options->retakes = options_number("--retakes", text, 0, CYCLES_MAX);
        return true;
    case 'g':
        options->stall = load_options_seconds("--stall", text, 0.01, 60);
        return true;
    case KEY_FREEZE:
        take_freeze(options, text);
        return true;
    default:
        return false;
    }
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct load_options *options = state->input;

    if (take_load(options, key, text) || take_times(options, key, text))
        return 0;
    switch (key) {
    case ARGP_KEY_INIT:
        /* getopt(3) says in one line what is wrong; argp would add a second. */
        state->err_stream = NULL;
        break;
    case 'j':
        options->json = text;
        break;
    case KEY_HGRM:
        options->hgrm = text;
        break;
    case 'C':
        options->cpu = options_number("--cpu", text, 0, CPU_MAX);
        break;
    case ARGP_KEY_ARG:
        take_server(options, text);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static long greatest(const struct list *list)
{
    return list->count == 0 ? 0 : list->numbers[list->count - 1];
}

/* Options that are only right in the company of others. */
static void check_together(const struct load_options *options)
{
    const char *other = options->rate.count > 0             ? "rate"
                        : options->freeze_for > 0           ? "freeze"
                        : greatest(&options->firehoses) > 0 ? "firehoses"
                                                            : NULL;

    if (options->churn && other != NULL)
        errx(EX_USAGE, "--churn: not together with --%s", other);
    if (options->churn && other == NULL)
        other = "churn";
    if (options->hold.count > 0 && other != NULL)
        errx(EX_USAGE, "--hold: there is no load, so not together with --%s",
             other);
    if (options->rate.count == 0 && options->gaps_option != NULL)
        errx(EX_USAGE, "--gaps: there is no plan without --rate");
}

/* Numbers that are only right if others are. */
static void check_sizes(const struct load_options *options)
{
    double load = options->start + options->turn;
    long rate = greatest(&options->rate);

    if ((double)rate * load > PLAN_MAX)
        errx(EX_USAGE,
             "--rate=%ld: more than %d messages in a turn of %g seconds", rate,
             PLAN_MAX, load);
    if (options->freeze_for == 0)
        return;
    if (options->server_count > 1)
        errx(EX_USAGE, "--freeze: one server only");
    if (options->servers[0].pid == 0)
        errx(EX_USAGE, "--freeze: pid= has to say which process to stop");
    if (options->freeze_at + options->freeze_for > options->turn)
        errx(EX_USAGE, "--freeze=%g,%g: does not fit into --turn=%g",
             options->freeze_at, options->freeze_for, options->turn);
}

struct load_options load_options_parse(int argc, char *argv[])
{
    struct load_options options = {
        .idle = {{0}, 1},
        .active = {{1}, 1},
        .size = {{64}, 1},
        .firehoses = {{0}, 1},
        .seed = 1,
        .turn = 0.02,
        .start = 0.005,
        .cycles = 10,
        .settle = 1,
        .retakes = 7,
        .stall = 2,
        .cpu = -1,
    };
    const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .args_doc = "SERVER...",
        .doc = help,
    };

    argp_program_version = "loadgen " FOUR_WAYS_VERSION;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        exit(EX_USAGE);
    if (options.server_count == 0)
        errx(EX_USAGE, "the server is missing: HOST:PORT; see --help");
    check_together(&options);
    check_sizes(&options);
    return options;
}

/* The digit of `*n` that `list` stands for, as in an odometer, whose other
 * digits are left in `*n`. */
static long digit(size_t *n, const struct list *list)
{
    if (list->count == 0)
        return 0;
    long number = list->numbers[*n % list->count];
    *n /= list->count;
    return number;
}

bool load_options_point(const struct load_options *options, size_t n,
                        struct point *point)
{
    bool hold = options->hold.count > 0;

    point->mode = hold                      ? MODE_HOLD
                  : options->churn          ? MODE_CHURN
                  : options->rate.count > 0 ? MODE_OPEN
                                            : MODE_CLOSED;
    point->rate = (uint64_t)digit(&n, &options->rate);
    point->firehoses = (size_t)digit(&n, &options->firehoses);
    point->active = hold ? 0 : (size_t)digit(&n, &options->active);
    point->size = (uint32_t)digit(&n, &options->size);
    point->idle = (size_t)digit(&n, hold ? &options->hold : &options->idle);
    return n == 0;
}
