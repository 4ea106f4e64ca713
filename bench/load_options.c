/*
 * load_options: see load_options.h.
 */
#include "load_options.h"

#include "options.h"
#include "pattern.h"

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
    {"size", 's', "BYTES", 0, "Send messages of that size, 1 to 1048576 (64)",
     0},
    {"seconds", 't', "S", 0,
     "Measure each point for S seconds; fractions are fine (2)", 0},
    {"warm-up", 'w', "S", 0,
     "Before that, load the server for S seconds unrecorded (0.5)", 0},
    {"stall", 'g', "S", 0,
     "Give up when nothing moved for S seconds: no new connection was served, "
     "no reply came (2)",
     0},
    {"hold", 'n', "N", 0,
     "No load: open up to N connections and tell how many were served", 0},
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
    "many echoes a second the server answered and how long each took.  A point "
    "in which a byte was lost or wrong, or a connection was not served, is not "
    "valid: the summary says why, the run ends there, and the exit status is "
    "1.\n\n"
    "Try, beside a server on port 10001 that may open enough descriptors "
    "(ulimit -n):\n\n"
    "  loadgen --idle=0,1000 --active=1,100 --seconds=1 127.0.0.1 10001\n\n"
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

double load_options_seconds(const char *option, const char *text, double min,
                            double max)
{
    char *end;
    double seconds = strtod(text, &end);

    /* strtod(3) also accepts "inf", "nan", "0x1p3" and white space before it:
     * more than anybody means who writes seconds. */
    if (text[0] == '\0' || text[strspn(text, "0123456789.")] != '\0' ||
        *end != '\0' || seconds < min || seconds > max)
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

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct load_options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        /* getopt(3) says in one line what is wrong; argp would add a second. */
        state->err_stream = NULL;
        break;
    case 'i':
        options->idle = load_options_list("--idle", text, 0, IDLE_MAX);
        break;
    case 'a':
        options->active = load_options_list("--active", text, 1, ACTIVE_MAX);
        break;
    case 's':
        options->size = options_number("--size", text, 1, MESSAGE_SIZE_MAX);
        break;
    case 't':
        options->seconds = load_options_seconds("--seconds", text, 0.01, 3600);
        break;
    case 'w':
        options->warm_up = load_options_seconds("--warm-up", text, 0, 3600);
        break;
    case 'g':
        options->stall = load_options_seconds("--stall", text, 0.01, 60);
        break;
    case 'n':
        options->hold = options_number("--hold", text, 1, IDLE_MAX);
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

struct load_options load_options_parse(int argc, char *argv[])
{
    struct load_options options = {
        .idle = {{0}, 1},
        .active = {{1}, 1},
        .size = 64,
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
    return options;
}
