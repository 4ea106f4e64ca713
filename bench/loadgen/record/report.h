/*
 * report: all that is known of one point, for json and text.
 */
#ifndef LOADGEN_REPORT_H
#define LOADGEN_REPORT_H

#include "load_options.h"
#include "record/trial.h"
#include "record/usage.h"

#include <stddef.h>
#include <stdint.h>

/* What a turn measured, and when it came. */
struct turn {
    int place; /* in its cycle, from 0; -1: there was no such turn */
    struct figures figures;
};

/* One server's trial, and its turns. */
struct record {
    const char *server; /* its name */
    const struct usage *usage;
    struct trial *trial;
    const struct turn *turns; /* as many as options->cycles */
    struct figures sum;       /* of these turns */
};

struct report {
    const struct load_options *options;
    struct point point;
    uint64_t duration; /* ns, of the point's cycles */
    uint64_t stolen;   /* ns in them that the hypervisor gave to other guests */
    int cpus;          /* for servers and generator together */
    size_t count;
    struct record records[SERVERS_MAX];
};

#endif
