/*
 * load_options: the command line of the load generator.
 */
#ifndef LOADGEN_LOAD_OPTIONS_H
#define LOADGEN_LOAD_OPTIONS_H

#include "load/schedule.h"

#include <stdbool.h>
#include <stddef.h>

enum { LIST_MAX = 64 };

/* Whole numbers, each larger than the one before it.  None: not asked for. */
struct list {
    long numbers[LIST_MAX];
    size_t count;
};

struct load_options {
    const char *host;        /* a name, an IPv4 or IPv6 address */
    const char *port;        /* decimal, checked */
    struct list idle;        /* --idle: connections that stay silent */
    struct list active;      /* --active: connections that talk */
    struct list size;        /* --size: bytes in a message */
    struct list rate;        /* --rate: messages a second; none = closed loop */
    enum gaps gaps;          /* --gaps: between the messages of --rate */
    long seed;               /* --seed: of the random gaps */
    struct list firehoses;   /* --firehoses: connections that stream */
    const char *plan_option; /* --gaps or --seed, when it was given */
    bool churn;              /* --churn: connect, one echo, reset, again */
    struct list hold;     /* --hold: connections; none = measure under load */
    double seconds;       /* --seconds: the measured window of a point */
    double warm_up;       /* --warm-up: seconds of load before it */
    double settle;        /* --settle: more of it before the first point */
    double stall;         /* --stall: seconds without any progress */
    double freeze_at;     /* --freeze: seconds into the window ... */
    double freeze_for;    /* ... and how long; 0 = the server isn't stopped */
    long pid;             /* --pid: the server's; 0 = none */
    const char *counters; /* --counters: a path, or NULL */
    const char *json;     /* --json: a path, "-" for stdout, or NULL */
    long cpu;             /* --cpu: the only CPU to run on; -1 = any */
};

/*
 * Read the command line.  Ends the process with one line on stderr and status
 * 64 (EX_USAGE) when something is not understood, and with status 0 after
 * --help and --version.  The strings in the result belong to argv.
 */
struct load_options load_options_parse(int argc, char *argv[]);

/*
 * The numbers in `text`, separated by commas, ascending, each in min..max.
 * Otherwise ends the process as above, with a line that names `option`.
 */
struct list load_options_list(const char *option, const char *text, long min,
                              long max);

/* The decimal fraction in `text`, in min..max, or the same end. */
double load_options_seconds(const char *option, const char *text, double min,
                            double max);

#endif
