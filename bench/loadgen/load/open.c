/*
 * open: see open.h for the idea.
 */
#include "load/open.h"

#include "load/schedule.h"
#include "record/clock.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    BEFORE_NS = 200000,  /* stay awake that long before a message is due ... */
    AFTER_NS = 200000,   /* ... and after one was sent, for its reply */
    SENDING_SECONDS = 2, /* at most, after the window */
};

/* An active connection's place in the plan. */
struct place {
    size_t next;         /* the number of its next message to be sent */
    uint64_t free_since; /* ns; when the reply to the one before was there */
};

struct open_loop {
    struct loop *loop;
    struct schedule schedule;
    uint64_t start;       /* of the schedule, in ns on clock_now's clock */
    struct place *places; /* one for each active connection */
    size_t due;           /* the messages before this one are due */
    uint64_t last_sent;   /* ns on clock_now's clock */
    bool may_spin;        /* or does the server need this CPU? */
};

/* When message number `message` is to leave, in ns on clock_now's clock. */
static uint64_t intended(const struct open_loop *open, size_t message)
{
    return open->start + open->schedule.times[message];
}

static bool is_in_window(const struct open_loop *open, size_t message)
{
    /* The schedule ends with the window. */
    return open->schedule.times[message] >=
           clock_seconds(open->loop->options->start);
}

/* Send what connection number `i` is to say next. */
static void send_next(struct open_loop *open, size_t i)
{
    struct place *place = &open->places[i];
    uint64_t could = intended(open, place->next);
    uint64_t now = clock_now();

    if (could < place->free_since)
        could = place->free_since;
    if (is_in_window(open, place->next))
        histogram_record(&open->loop->trial->lag, now - could);
    place->next += open->loop->count;
    open->last_sent = now;
    loop_send(open->loop, i, now);
}

/* Is the time over in which anything may still be sent? */
static bool has_ended(const struct open_loop *open, uint64_t now)
{
    const struct loop *loop = open->loop;

    return loop->phase == DRAIN &&
           now >= loop->window_end + SENDING_SECONDS * NS_PER_SECOND;
}

/*
 * Send what is due by `now`.  A connection that still waits for a reply sends
 * it when the reply is there.
 */
static void send_due(struct open_loop *open, uint64_t now)
{
    const struct schedule *schedule = &open->schedule;

    while (open->due < schedule->count && intended(open, open->due) <= now &&
           open->loop->trial->valid) {
        size_t i = open->due % open->loop->count;

        open->due++;
        if (!message_in_flight(open->loop->active[i]))
            send_next(open, i);
    }
}

static void handle_reply(struct open_loop *open, size_t i)
{
    struct loop *loop = open->loop;
    struct place *place = &open->places[i];
    size_t message = place->next - loop->count;
    uint64_t now = clock_now();

    loop->last_reply = now;
    loop->replies++;
    loop->active[i]->replies++;
    if (is_in_window(open, message)) {
        histogram_record(&loop->latency, now - intended(open, message));
        histogram_record(&loop->trial->service, now - loop->active[i]->sent_at);
    }
    place->free_since = now;
    if (place->next < open->due && !has_ended(open, now))
        send_next(open, i);
    send_due(open, now);
}

/* Is it likely that something happens soon, be it a reply or `next`, the time
 * of the next message? */
static bool is_worth_waiting(const struct open_loop *open, uint64_t now,
                             uint64_t next)
{
    bool reply_is_near =
        open->loop->in_flight > 0 && now < open->last_sent + AFTER_NS;

    return open->may_spin && (reply_is_near || next <= now + BEFORE_NS);
}

/* Sleep up to shortly before the next message is due, or stay awake. */
static int wait_for_events(struct open_loop *open, uint64_t now)
{
    struct loop *loop = open->loop;
    uint64_t next = UINT64_MAX;

    if (open->due < open->schedule.count)
        next = intended(open, open->due);
    if (!is_worth_waiting(open, now, next))
        return loop_wait(loop, now, open->may_spin ? next - BEFORE_NS : next);
    int n = loop_wait(loop, now, now);
    if (n < 1 && loop->phase == WINDOW)
        loop->figures.spin += clock_now() - now;
    return n;
}

static void run(struct open_loop *open)
{
    struct loop *loop = open->loop;
    uint64_t now = clock_now();
    size_t i;

    while (!loop_is_over(loop)) {
        int n = wait_for_events(open, now);

        loop_step(loop, clock_now());
        for (int k = 0; k < n && loop->trial->valid; k++) {
            if (loop_handle(loop, &loop->events[k], &i))
                handle_reply(open, i);
        }
        now = clock_now();
        send_due(open, now);
        loop_stream(loop, now);
    }
}

static void make_plan(struct open_loop *open, uint64_t seed)
{
    const struct load_options *options = open->loop->options;
    size_t count = open->loop->count;

    open->schedule =
        schedule_make(open->loop->trial->point.rate,
                      options->start + options->turn, options->gaps, seed);
    open->places = calloc(count, sizeof(*open->places));
    if (open->places == NULL)
        err(EXIT_FAILURE, "memory for %zu connections", count);
    for (size_t i = 0; i < count; i++)
        open->places[i].next = i;
}

/* How many were planned in the window, and how many of them never left. */
static void count_planned(struct open_loop *open)
{
    struct trial *trial = open->loop->trial;

    for (size_t j = 0; j < open->schedule.count; j++)
        trial->planned += is_in_window(open, j);
    for (size_t i = 0; i < open->loop->count; i++) {
        for (size_t j = open->places[i].next; j < open->schedule.count;
             j += open->loop->count)
            trial->unsent += is_in_window(open, j);
    }
}

void open_turn(struct loop *loop, uint64_t seed)
{
    struct open_loop open = {.loop = loop,
                             .may_spin = usage_cpus(loop->usage, 1) > 1};

    make_plan(&open, seed);
    loop_begin(loop);
    open.start = loop->last_step;
    run(&open);
    loop_end(loop);
    count_planned(&open);
    schedule_free(&open.schedule);
    free(open.places);
}
