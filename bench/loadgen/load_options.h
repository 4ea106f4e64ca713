/*
 * load_options: the command line of the load generator.
 */
#ifndef LOADGEN_LOAD_OPTIONS_H
#define LOADGEN_LOAD_OPTIONS_H

#include "load/schedule.h"
#include "record/trial.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LIST_MAX = 64,
    SERVERS_MAX = 32,
};

/* Whole numbers, each larger than the one before it. */
struct list {
    long numbers[LIST_MAX];
    size_t count;
};

/* One server on the command line: [NAME=]HOST:PORT[,pid=PID][,counters=FILE] */
struct server_option {
    const char *name;     /* HOST:PORT if none was given */
    const char *host;     /* a name, an IPv4 or IPv6 address */
    const char *port;     /* decimal, checked */
    long pid;             /* 0 = unknown */
    const char *counters; /* a path, or NULL */
};

struct load_options {
    struct server_option servers[SERVERS_MAX];
    size_t server_count;   /* at least 1 */
    struct list idle;      /* --idle: connections that stay silent */
    struct list active;    /* --active: connections that talk */
    struct list size;      /* --size: bytes in a message */
    struct list rate;      /* --rate: messages per second; none = closed loop */
    enum gaps gaps;        /* --gaps: between the messages of --rate */
    long seed;             /* --seed: of random gaps and orders */
    struct list firehoses; /* --firehoses: connections that stream */
    bool churn;            /* --churn: connect, one echo, reset, again */
    struct list hold;      /* --hold: connections; none = measure */
    double turn;           /* --turn: seconds counted in a turn ... */
    double start;          /* --start: ... and before that, uncounted */
    long cycles;           /* --cycles: counted turns per server and point */
    long settle;           /* --settle: uncounted turns before those */
    long retakes;          /* --retakes: of a turn that was disturbed */
    double stall;          /* --stall: seconds without any progress */
    double freeze_at;      /* --freeze: seconds into the window ... */
    double freeze_for;     /* ... and how long; 0 = no server is stopped */
    const char *json;      /* --json: a path, "-" for stdout, or NULL */
    const char *hgrm;      /* --hgrm: a folder, or NULL */
    long cpu;              /* --cpu: the only CPU to run on; -1 = any */
    const char *gaps_option; /* --gaps or NULL: was it given? */
};

/*
 * Read the command line.  Ends the process with one line on stderr and status
 * 64 (EX_USAGE) when something is not understood, and with status 0 after
 * --help and --version.  The strings in the result belong to argv.
 */
struct load_options load_options_parse(int argc, char *argv[]);

/*
 * Point number `n` of the run, in `point`; false: there are no more.  The lists
 * are combined: --rate changes with every point, --idle least often.
 */
bool load_options_point(const struct load_options *options, size_t n,
                        struct point *point);

/*
 * The numbers in `text`, separated by commas, ascending, each in min..max.
 * Otherwise ends the process as above, with a line that names `option`.
 */
struct list load_options_list(const char *option, const char *text, long min,
                              long max);

/* The decimal fraction in `text`, in min..max, or the same end. */
double load_options_seconds(const char *option, const char *text, double min,
                            double max);

/* The server in `text`, whose parts are cut from it, or the same end. */
struct server_option load_options_server(char *text);

#endif
