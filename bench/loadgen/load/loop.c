/*
 * loop: see loop.h for the idea.
 */
#include "load/loop.h"

#include "interrupt.h"
#include "record/clock.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    DRAIN_SECONDS = 10, /* at most, for what is in flight */
    ASLEEP_MS = 50,     /* at most, until the server sleeps */
};

/* What an event of the firehoses has in the place of a connection's number. */
#define STREAM UINT64_MAX

/* The interest: readable always, writable while a message waits to be sent. */
static void watch(struct loop *loop, size_t i, int operation)
{
    const struct load_connection *connection = loop->active[i];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};

    if (message_is_sending(connection))
        event.events |= EPOLLOUT;
    if (epoll_ctl(loop->epoll_fd, operation, connection->fd, &event) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
}

/* The middle one of each of `count` equal parts of all but the firehoses. */
static void choose_active(struct loop *loop, struct connections *set)
{
    size_t among = set->count - loop->trial->point.firehoses;

    loop->active = calloc(loop->count + 1, sizeof(struct load_connection *));
    if (loop->active == NULL)
        err(EXIT_FAILURE, "memory for %zu connections", loop->count);
    for (size_t i = 0; i < loop->count; i++) {
        size_t place = (2 * i + 1) * among / (2 * loop->count);
        loop->active[i] = &set->all[place];
        loop->active[i]->replies = 0;
        loop->active[i]->asked = 0;
    }
}

static void open_firehoses(struct loop *loop, struct connections *set)
{
    size_t count = loop->trial->point.firehoses;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = STREAM};

    firehoses_open(&loop->firehoses, set->all + set->count - count, count,
                   loop->trial);
    if (count > 0 && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD,
                               loop->firehoses.epoll_fd, &event) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
}

void loop_open(struct loop *loop, const struct load_options *options,
               const struct usage *usage, struct connections *set,
               struct freeze *freeze, struct trial *trial)
{
    *loop = (struct loop){
        .options = options,
        .usage = usage,
        .set = set,
        .freeze = freeze,
        .trial = trial,
        .count = trial->point.mode == MODE_CHURN ? 0 : trial->point.active,
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
    };
    if (loop->epoll_fd == -1)
        err(EXIT_FAILURE, "epoll_create1");
    /* Else every sleep is 50 us longer: the kernel bundles timers. */
    prctl(PR_SET_TIMERSLACK, 1);
    choose_active(loop, set);
    open_firehoses(loop, set);
    for (size_t i = 0; i < loop->count; i++)
        watch(loop, i, EPOLL_CTL_ADD);
}

static void begin_phase(struct loop *loop, enum phase phase, double seconds,
                        uint64_t now)
{
    loop->phase = phase;
    loop->phase_end = now + clock_seconds(seconds);
    loop->phase_limit =
        loop->phase_end + clock_seconds(20 * loop->options->turn + 1);
    loop->trial->echoes_all += loop->replies;
    loop->replies = 0;
}

/* What the server used since its last turn, when it should have slept. */
static void account_for_absence(struct loop *loop, const struct reading *now)
{
    if (loop->left.now == 0)
        return;
    loop->trial->outside += usage_between(loop->left.now, now->now);
    loop->trial->awake += usage_between(loop->left.server_cpu, now->server_cpu);
}

void loop_begin(struct loop *loop)
{
    struct reading reading = usage_read(loop->usage);

    account_for_absence(loop, &reading);
    loop->in_flight = 0;
    loop->replies = 0;
    loop->figures = (struct figures){.instructions = -1, .waited = -1};
    memset(&loop->latency, 0, sizeof(loop->latency));
    firehoses_begin(&loop->firehoses);
    uint64_t now = clock_now();
    loop->last_step = now;
    loop->last_reply = now;
    begin_phase(loop, START, loop->options->start, now);
}

void loop_send(struct loop *loop, size_t i, uint64_t now)
{
    struct load_connection *connection = loop->active[i];

    message_begin(connection, loop->trial->point.size, now);
    connection->asked++;
    loop->in_flight++;
    enum message_state state = message_send(connection);
    if (state == MESSAGE_CLOSED)
        connections_blame(connection, state, loop->trial);
    else if (message_is_sending(connection))
        watch(loop, i, EPOLL_CTL_MOD); /* it didn't fit at once */
}

static void handle_writable(struct loop *loop, size_t i)
{
    struct load_connection *connection = loop->active[i];
    enum message_state state = message_send(connection);

    if (state == MESSAGE_CLOSED)
        connections_blame(connection, state, loop->trial);
    else if (!message_is_sending(connection))
        watch(loop, i, EPOLL_CTL_MOD);
}

bool loop_handle(struct loop *loop, const struct epoll_event *event, size_t *i)
{
    if (event->data.u64 == STREAM)
        return false; /* loop_stream asks for itself */
    *i = (size_t)event->data.u64;
    struct load_connection *connection = loop->active[*i];

    if (event->events & EPOLLOUT)
        handle_writable(loop, *i);
    /* A connection that could not send has ended: once is enough to say so. */
    if (!loop->trial->valid ||
        !(event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        return false;
    enum message_state state = message_receive(connection);
    if (state == MESSAGE_COMPLETE) {
        loop->in_flight--;
        return true;
    }
    if (state != MESSAGE_WAITING)
        connections_blame(connection, state, loop->trial);
    return false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

int loop_wait(struct loop *loop, uint64_t now, uint64_t until)
{
    bool is_extended = now >= loop->phase_end;

    until = earlier(until, is_extended ? loop->phase_limit : loop->phase_end);
    until = earlier(until, freeze_next(loop->freeze));
    uint64_t ns = until > now ? until - now : 0;
    ns = earlier(ns, INTERRUPT_LATENCY_MS * UINT64_C(1000000));
    const struct timespec sleep = {.tv_nsec = (long)ns};

    if (ns == 0)
        return epoll_wait(loop->epoll_fd, loop->events, LOOP_EVENTS, 0);
    int n =
        epoll_pwait2(loop->epoll_fd, loop->events, LOOP_EVENTS, &sleep, NULL);
    /* A kernel before 5.11 doesn't have that call (ENOSYS), and some containers
     * forbid it (EPERM).  The older one knows milliseconds only: stay awake for
     * the last one, or everything would be up to one late. */
    if (n == -1 && errno != EINTR)
        n = epoll_wait(loop->epoll_fd, loop->events, LOOP_EVENTS,
                       (int)(ns / 1000000));
    return n;
}

void loop_stream(struct loop *loop, uint64_t now)
{
    uint64_t echoed = loop->firehoses.echoed;

    firehoses_move(&loop->firehoses);
    if (loop->firehoses.echoed > echoed)
        loop->last_reply = now;
}

static void begin_window(struct loop *loop)
{
    loop->figures.firehose_bytes = loop->firehoses.echoed;
    loop->begin = usage_read(loop->usage);
    begin_phase(loop, WINDOW, loop->options->turn, loop->begin.now);
    freeze_begin(loop->freeze, loop->begin.now);
}

/* Of what is -1 when it is unknown. */
static int64_t growth(int64_t begin, int64_t end)
{
    return begin == -1 || end == -1 ? -1 : end - begin;
}

static void fill_figures(struct loop *loop, const struct reading *end)
{
    const struct reading *begin = &loop->begin;
    struct figures *figures = &loop->figures;

    figures->window = end->now - begin->now;
    figures->echoes = loop->replies;
    figures->server_cpu = usage_between(begin->server_cpu, end->server_cpu);
    figures->generator_cpu = end->generator_cpu - begin->generator_cpu;
    figures->firehose_bytes = loop->firehoses.echoed - figures->firehose_bytes;
    figures->instructions = growth(begin->instructions, end->instructions);
    /* Two that share a CPU wait for each other, which says nothing. */
    if (usage_cpus(loop->usage, 1) > 1)
        figures->waited = growth(begin->waited, end->waited);
    usage_add_counters(&loop->trial->counters, &begin->counters,
                       &end->counters);
    if (loop->freeze->continued != 0) {
        loop->trial->frozen_after = loop->freeze->stopped - begin->now;
        loop->trial->frozen_for =
            loop->freeze->continued - loop->freeze->stopped;
    }
}

static void end_window(struct loop *loop)
{
    struct reading end = usage_read(loop->usage);

    freeze_end(loop->freeze);
    fill_figures(loop, &end);
    firehoses_drain(&loop->firehoses);
    loop->window_end = end.now;
    loop->last_reply = end.now;
    begin_phase(loop, DRAIN, DRAIN_SECONDS, end.now);
}

/*
 * SIGSTOP, a frozen control group and a virtual machine that is suspended look
 * the same from here: time has passed, and we have not run.  What the server
 * sent meanwhile is still to be received, so its time to answer begins anew.
 */
static void note_pause(struct loop *loop, uint64_t now)
{
    uint64_t gap = now - loop->last_step;

    loop->last_step = now;
    if (gap < PAUSE_MS * UINT64_C(1000000))
        return;
    if (loop->phase == WINDOW)
        loop->figures.paused += gap;
    if (loop->phase == DRAIN)
        loop->phase_end += gap;
    loop->last_reply = now;
}

static bool is_stalled(const struct loop *loop, uint64_t now)
{
    return now >= loop->last_reply + clock_seconds(loop->options->stall);
}

/* Has this phase had its time, and a slow server a little more? */
static bool phase_is_over(const struct loop *loop, uint64_t now)
{
    size_t enough = loop->trial->point.active;

    if (now < loop->phase_end)
        return false;
    if (loop->phase == WINDOW && enough < TURN_ECHOES)
        enough = TURN_ECHOES;
    return loop->trial->point.mode == MODE_OPEN || loop->replies >= enough ||
           now >= loop->phase_limit || is_stalled(loop, now);
}

void loop_step(struct loop *loop, uint64_t now)
{
    note_pause(loop, now);
    if (!freeze_step(loop->freeze, now))
        trial_fail(loop->trial, "the server's process is gone: %s",
                   strerror(errno));
    if (loop->phase == DRAIN || !phase_is_over(loop, now))
        return;
    if (loop->phase == START)
        begin_window(loop);
    else
        end_window(loop);
}

bool loop_is_over(const struct loop *loop)
{
    uint64_t now = loop->last_step;

    if (!loop->trial->valid || interrupt_signal() != 0)
        return true;
    if (loop->phase != DRAIN)
        return false;
    if (loop->in_flight == 0 && firehoses_are_quiet(&loop->firehoses))
        return true;
    return now >= loop->phase_end || is_stalled(loop, now);
}

/*
 * The last reply is here, but the server may still be busy: poll(2) goes
 * through all descriptors once more before it sleeps.  That would be at the
 * cost of the next server's turn.  When its CPU time stands still, it sleeps.
 */
static void await_sleep(const struct loop *loop)
{
    const struct timespec pause = {.tv_nsec = 100000};
    uint64_t limit = clock_now() + ASLEEP_MS * UINT64_C(1000000);
    uint64_t before;
    uint64_t now = usage_read(loop->usage).server_cpu;

    if (loop->usage->pid == 0)
        return;
    do {
        nanosleep(&pause, NULL);
        before = now;
        now = usage_read(loop->usage).server_cpu;
    } while (now != before && clock_now() < limit);
}

void loop_end(struct loop *loop)
{
    struct trial *trial = loop->trial;
    const struct histogram *latency = &loop->latency;

    freeze_end(loop->freeze); /* the window may have ended early */
    trial->echoes_all += loop->replies;
    histogram_merge(&trial->latency, latency);
    if (histogram_supports(latency, QUANTILE_P50))
        loop->figures.p50 = histogram_quantile(latency, QUANTILE_P50);
    if (trial->valid && loop->in_flight > 0)
        loop_judge(loop);
    if (trial->valid)
        firehoses_judge(&loop->firehoses);
    await_sleep(loop);
    loop->left = usage_read(loop->usage);
}

/* A server that pleases some and forgets the others isn't fast. */
void loop_judge(struct loop *loop)
{
    struct trial *trial = loop->trial;

    for (size_t i = 0; i < loop->count; i++) {
        if (loop->active[i]->asked > 0 && loop->active[i]->replies == 0)
            trial->unserved++;
        else if (message_in_flight(loop->active[i]))
            trial->lost++;
    }
    if (trial->unserved > 0)
        trial_fail(trial, "no reply at all on %zu of %zu active connections",
                   trial->unserved, trial->point.active);
    if (trial->lost > 0)
        trial_fail(trial,
                   "the last reply never came on %zu of %zu active "
                   "connections",
                   trial->lost, trial->point.active);
}

void loop_close(struct loop *loop)
{
    close(loop->epoll_fd);
    firehoses_close(&loop->firehoses);
    free(loop->active);
}
