/*
 * load_options: see load_options.h.
 */
#include "load_options.h"

#include "client/pattern.h"
#include "options.h"

#include <argp.h>
#include <ctype.h>
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
    PLAN_MAX = 20000000, /* messages of one point: 160 MB of send times */
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
};

static const struct argp_option known_options[] = {
    {"idle", 'i', "LIST", 0,
     "Open this many connections that stay silent; with several numbers "
     "(ascending: 0,100,1000) measure at each of them, climbing (0)",
     0},
    {"active", 'a', "LIST", 0,
     "Let this many connections talk; with several numbers (ascending) measure "
     "each of them at every step of --idle (1)",
     0},
    {"size", 's', "LIST", 0,
     "Send messages of that many bytes, 1 to 1048576; with several numbers "
     "(ascending) measure each of them (64)",
     0},
    {"rate", KEY_RATE, "LIST", 0,
     "Open loop: send that many messages a second in all, over the active "
     "connections, at times that are planned beforehand; with several numbers "
     "(ascending) measure each of them (none: closed loop)",
     0},
    {"gaps", KEY_GAPS, "KIND", 0,
     "Plan the times of --rate with `exponential' gaps, as if many strangers "
     "came, or with `constant' ones (exponential)",
     0},
    {"seed", KEY_SEED, "N", 0,
     "Plan the exponential gaps from N: the same number, the same gaps (1)", 0},
    {"firehoses", KEY_FIREHOSES, "LIST", 0,
     "Let this many connections stream without end beside the active ones; "
     "with several numbers (ascending) measure each of them (0)",
     0},
    {"churn", KEY_CHURN, NULL, 0,
     "Let each active connection connect, have one echo, reset the connection "
     "and begin again, as fast as it goes",
     0},
    {"seconds", 't', "S", 0,
     "Measure each point for S seconds; fractions are fine (2)", 0},
    {"warm-up", 'w', "S", 0,
     "Before that, load the server for S seconds unrecorded (0.5)", 0},
    {"settle", KEY_SETTLE, "S", 0,
     "Warm up for S seconds more before the first point: what a process needs "
     "once that was just started (0)",
     0},
    {"freeze", KEY_FREEZE, "AT,FOR", 0,
     "Stop the process of --pid (SIGSTOP) AT seconds into the window, and let "
     "it go on (SIGCONT) FOR seconds later",
     0},
    {"stall", 'g', "S", 0,
     "Give up when nothing moved for S seconds: no new connection was served, "
     "no reply came (2)",
     0},
    {"hold", 'n', "LIST", 0,
     "No load: open up to that many connections and tell how many were served; "
     "with several numbers (ascending) stop at each of them",
     0},
    {"pid", 'p', "PID", 0,
     "The server's process: measure its CPU time and memory too", 0},
    {"counters", 'c', "FILE", 0,
     "The file that the server was given as --counters: read them too", 0},
    {"json", 'j', "FILE", 0,
     "Append each point to FILE, one line of JSON each; `-' is the standard "
     "output, and then the summary goes to standard error",
     0},
    {"cpu", 'C', "N", 0, "Run on CPU number N only (any)", 0},
    {0},
};

static const char help[] =
    "The load generator: measures an echo server with many connections, of "
    "which some talk and the others are silent.\v"
    "In parentheses: the default.\n\n"
    "It is a closed loop: an active connection sends a message, waits for the "
    "echo, compares every byte and sends the next one at once.  It tells how "
    "many echoes a second the server answered and how long each took.  With "
    "--rate it is an open loop: messages leave when it was planned, however "
    "slow the server is, and the time that a message takes counts from the "
    "planned moment, so that no stall is hidden.  A point "
    "in which a byte was lost or wrong, or a connection was not served, is not "
    "valid: the summary says why, the run ends there, and the exit status is "
    "1.\n\n"
    "Try, beside a server on port 10001 that may open enough descriptors "
    "(ulimit -n):\n\n"
    "  loadgen --idle=0,1000 --active=1,100 --seconds=1 127.0.0.1 10001\n"
    "  loadgen --active=100 --rate=1000,10000 127.0.0.1 10001\n\n"
    "The fields of the JSON lines are explained in bench/README.md.";

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
     * more than anybody means who writes seconds. */
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

/* What stands without a dash: the host, then the port. */
static void take_argument(struct load_options *options, char *text,
                          unsigned number)
{
    if (number == 0) {
        options->host = text;
    } else if (number == 1) {
        options_number("PORT", text, 1, 65535);
        options->port = text;
    } else {
        errx(EX_USAGE, "%s: neither HOST nor PORT; see --help", text);
    }
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
        options->plan_option = "--gaps";
        return true;
    case KEY_SEED:
        options->seed = options_number("--seed", text, 0, SEED_MAX);
        options->plan_option = "--seed";
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
        options->seconds = load_options_seconds("--seconds", text, 0.01, 3600);
        return true;
    case 'w':
        options->warm_up = load_options_seconds("--warm-up", text, 0, 3600);
        return true;
    case KEY_SETTLE:
        options->settle = load_options_seconds("--settle", text, 0, 3600);
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
    case 'p':
        options->pid = options_number("--pid", text, 1, PID_MAX);
        break;
    case 'c':
        options->counters = text;
        break;
    case 'j':
        options->json = text;
        break;
    case 'C':
        options->cpu = options_number("--cpu", text, 0, CPU_MAX);
        break;
    case ARGP_KEY_ARG:
        take_argument(options, text, state->arg_num);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Options that are only right in the company of others. */
static void check_together(const struct load_options *options)
{
    bool open = options->rate.count > 0;
    bool frozen = options->freeze_for > 0;
    const struct list *firehoses = &options->firehoses;
    bool streams = firehoses->numbers[firehoses->count - 1] > 0;

    if (options->churn && (open || frozen || streams))
        errx(EX_USAGE, "--churn: not together with --%s",
             open     ? "rate"
             : frozen ? "freeze"
                      : "firehoses");
    if (options->hold.count > 0 &&
        (open || frozen || streams || options->churn || options->settle > 0))
        errx(EX_USAGE, "--hold: there is no load, so not together with --%s",
             open             ? "rate"
             : frozen         ? "freeze"
             : streams        ? "firehoses"
             : options->churn ? "churn"
                              : "settle");
    if (!open && options->plan_option != NULL)
        errx(EX_USAGE, "%s: there is no plan without --rate",
             options->plan_option);
}

/* Numbers that are only right if others are. */
static void check_sizes(const struct load_options *options)
{
    const struct list *rate = &options->rate;
    double load = options->settle + options->warm_up + options->seconds;

    if (rate->count > 0 &&
        (double)rate->numbers[rate->count - 1] * load > PLAN_MAX)
        errx(EX_USAGE,
             "--rate=%ld: more than %d messages in %g seconds of load",
             rate->numbers[rate->count - 1], PLAN_MAX, load);
    if (options->freeze_for > 0 && options->pid == 0)
        errx(EX_USAGE, "--freeze: --pid has to say which process to stop");
    if (options->freeze_for > 0 &&
        options->freeze_at + options->freeze_for > options->seconds)
        errx(EX_USAGE, "--freeze=%g,%g: does not fit into --seconds=%g",
             options->freeze_at, options->freeze_for, options->seconds);
}

struct load_options load_options_parse(int argc, char *argv[])
{
    struct load_options options = {
        .idle = {{0}, 1},
        .active = {{1}, 1},
        .size = {{64}, 1},
        .firehoses = {{0}, 1},
        .seed = 1,
        .seconds = 2,
        .warm_up = 0.5,
        .stall = 2,
        .cpu = -1,
    };
    const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .args_doc = "HOST PORT",
        .doc = help,
    };

    argp_program_version = "loadgen " FOUR_WAYS_VERSION;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        exit(EX_USAGE);
    if (options.port == NULL)
        errx(EX_USAGE, "HOST and PORT of the server are missing; see --help");
    check_together(&options);
    check_sizes(&options);
    return options;
}
