/*
 * trial: one server at one point, what was asked for and what was measured.
 *
 * A point is one load; a trial is what one server made of it, in all of its
 * turns.  A trial is valid when every connection was opened and served and
 * every byte came back right; otherwise it says why not, and its figures count
 * for nothing.  A rate from a run that lost a reply is not a rate.
 */
#ifndef LOADGEN_TRIAL_H
#define LOADGEN_TRIAL_H

#include "record/histogram.h"
#include "record/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mode {
    MODE_CLOSED, /* closed loop: a message leaves when a reply has come */
    MODE_OPEN,   /* open loop: messages leave when it was planned */
    MODE_CHURN,  /* connect, one echo, reset, again */
    MODE_HOLD,   /* no load: how many connections does the server hold? */
};

/* One load, the same for all servers. */
struct point {
    enum mode mode;
    size_t idle;      /* connections that stay silent */
    size_t active;    /* connections that talk */
    size_t firehoses; /* connections that stream without end */
    uint32_t size;    /* bytes in a message */
    uint64_t rate;    /* open: messages per second in all */
};

/* The connections to be held; in churn the active ones come and go. */
size_t point_connections(const struct point *point);

/* What one turn has measured, or the sum of several.  Times in ns. */
struct figures {
    uint64_t window;        /* how long was counted */
    uint64_t echoes;        /* complete and right within the window */
    uint64_t server_cpu;    /* CPU time that the server used in it */
    uint64_t generator_cpu; /* CPU time that the generator used in it ... */
    uint64_t spin;          /* ... of that, awake with nothing to do */
    uint64_t paused; /* time in which it could not run at all, in long pauses */
    uint64_t firehose_bytes; /* that the firehoses got back */
    uint64_t p50;            /* median latency; 0: too few.  Of one turn only */
    int64_t instructions;    /* that the server executed; -1: unknown */
    int64_t waited;          /* that server and generator, both added up, could
                                have run, but not on their CPUs; -1: unknown,
                                or they share one */
};

/* Add the figures of a turn to the sum of the turns before. */
void figures_add(struct figures *sum, const struct figures *turn);

/* Whose limit was it that fewer connections are held than wanted? */
enum limit { LIMIT_NONE, LIMIT_SERVER, LIMIT_GENERATOR };

struct trial {
    struct point point;

    /* Opening: the connections of earlier points are still there */
    size_t held;            /* open, and proved by an echo */
    size_t opened;          /* of those, new for this point */
    double opening_seconds; /* what that took */

    /* The verdict */
    bool valid;
    char reason[200]; /* why it isn't valid, or fewer were held */
    enum limit limited_by;
    size_t wrong_bytes; /* connections with a byte that wasn't ours */
    size_t refused;     /* connections that could not be made (churn) */
    size_t closed;      /* connections that the server ended */
    size_t lost;        /* connections whose last reply never came */
    size_t unserved;    /* connections that had no reply at all */

    /* From the end of opening to the end of the last turn */
    uint64_t echoes_all;         /* those that are not counted included */
    uint64_t awake;              /* ns of CPU time of the server ... */
    uint64_t outside;            /* ... in these ns, between its turns */
    uint64_t retaken;            /* turns that were disturbed and not counted */
    struct switches switches;    /* of the server's main thread */
    int64_t server_bytes;        /* its memory afterwards; -1 is unknown */
    struct kernel_memory kernel; /* at the same moment */
    uint64_t frozen_after; /* ns of the window, when the server was stopped */
    uint64_t frozen_for;   /* ns; 0: it was not */

    /*
     * The counted parts of all counted turns.  All times in ns.  What `latency`
     * counts from depends on the mode: from the send (closed), from the
     * intended send (open: the response time), from connect(2) (churn); always
     * to the last byte of the echo.
     */
    struct counters counters; /* increases; connections as at the end */
    struct histogram latency;
    struct histogram service;   /* open: from the actual send */
    struct histogram lag;       /* open: how much later it was sent by our own
                                   fault than it could have been */
    struct histogram handshake; /* churn: from connect(2) to established */
    uint64_t planned;           /* open: messages planned in the window ... */
    uint64_t unsent;            /* ... of those, the ones never sent */
};

/* A trial at `point` before its first connection is opened. */
void trial_init(struct trial *trial, const struct point *point);

/* Forget the sums of the counted turns: the ones so far did not count. */
void trial_forget(struct trial *trial);

/* Undo what the last turn has added to these sums: they were as in `before`. */
void trial_undo_turn(struct trial *trial, const struct trial *before);

/*
 * The trial is not valid: keep the reason, which is formatted like printf's.
 * The first reason stays; what follows is usually its consequence.
 */
void trial_fail(struct trial *trial, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
