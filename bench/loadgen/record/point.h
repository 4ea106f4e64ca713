/*
 * point: one measured point, what was asked for and what was seen.
 *
 * A point is valid when every connection was opened and served and every byte
 * came back right; otherwise it says why not, and its figures count for
 * nothing.  A rate from a run that lost a reply is not a rate.
 */
#ifndef LOADGEN_POINT_H
#define LOADGEN_POINT_H

#include "load/freeze.h"
#include "load/schedule.h"
#include "record/histogram.h"
#include "record/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum point_mode {
    POINT_CLOSED, /* closed loop: the next message leaves when a reply came */
    POINT_OPEN,   /* open loop: messages leave when it was planned */
    POINT_CHURN,  /* connect, one echo, reset, again */
    POINT_HOLD,   /* no load: how many connections does the server hold? */
};

struct point {
    /* What was asked for */
    enum point_mode mode;
    size_t idle;          /* connections that stay silent */
    size_t active;        /* connections that talk */
    size_t firehoses;     /* connections that stream without end */
    uint32_t size;        /* bytes in a message */
    uint64_t rate;        /* open: messages a second in all ... */
    enum gaps gaps;       /* ... and what is between them */
    uint64_t seed;        /* of those gaps */
    double seconds;       /* the measured window ... */
    double warm_up;       /* ... and the load before it that is not recorded */
    double stall;         /* give up when nothing happened for that long */
    struct freeze freeze; /* the server is stopped, and what became of it */

    /* Opening: the connections of earlier points are still there */
    size_t held;            /* open, and proved by an echo */
    size_t opened;          /* of those, new for this point */
    double opening_seconds; /* what that took */

    /* The verdict */
    bool valid;
    char reason[200];       /* why it isn't valid, or fewer were held */
    const char *limited_by; /* "server" or "generator" when fewer were held */
    size_t wrong_bytes;     /* connections with a byte that wasn't ours */
    size_t refused;         /* connections that could not be made (churn) */
    size_t closed;          /* connections that the server ended */
    size_t lost;            /* connections whose last reply never came */
    size_t unserved;        /* connections that had no reply at all */

    /* The window */
    struct snapshot begin; /* opening, when the mode is POINT_HOLD */
    struct snapshot end;
    int64_t server_bytes;        /* anonymous memory; -1 is unknown */
    struct kernel_memory kernel; /* after it, all connections still open */
    uint64_t echoes;             /* complete and right within the window */
    uint64_t firehose_bytes;     /* that the firehoses got back within it */
    uint64_t spin;   /* ns in which the generator only waited, awake */
    uint64_t paused; /* ns in which it could not run at all, in long pauses */

    /*
     * All in ns.  What `latency` counts from depends on the mode: from the
     * send (closed), from the intended send (open: the response time), from
     * connect(2) (churn); always to the last byte of the echo.
     */
    struct histogram latency;
    struct histogram service;   /* open: from the actual send */
    struct histogram lag;       /* open: how much later it was sent by our own
                                   fault than it could have been */
    struct histogram handshake; /* churn: from connect(2) to established */
    uint64_t planned;           /* open: messages planned in the window ... */
    uint64_t unsent;            /* ... of those, the ones never sent */
};

/*
 * The point is not valid: keep the reason, which is formatted like printf's.
 * The first reason stays; what follows is usually its consequence.
 */
void point_fail(struct point *point, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The connections to be held; in churn the active ones come and go. */
size_t point_connections(const struct point *point);

/* How long the window really was, in seconds; 0 when there was none. */
double point_seconds(const struct point *point);

/* Echoes (churn: connections) a second. */
double point_rate(const struct point *point);

/* The CPU time that was used in the window, in ns; 0 when it isn't known. */
uint64_t point_server_cpu(const struct point *point);
uint64_t point_generator_cpu(const struct point *point);

/* What part of the window `cpu` ns are: 1 is a whole CPU. */
double point_share(const struct point *point, uint64_t cpu);

#endif
