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

enum { DRAIN_SECONDS = 10 }; /* at most, for what is in flight */

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
    size_t among = set->count - loop->point->firehoses;

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
    size_t count = loop->point->firehoses;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = STREAM};

    firehoses_open(&loop->firehoses, set->all + set->count - count, count,
                   loop->point);
    if (count > 0 && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD,
                               loop->firehoses.epoll_fd, &event) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
}

void loop_start(struct loop *loop, struct connections *set,
                const struct usage *usage, struct point *point, uint64_t now)
{
    *loop = (struct loop){
        .count = point->mode == POINT_CHURN ? 0 : point->active,
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .phase = WARM_UP,
        .phase_end = now + clock_seconds(point->warm_up),
        .usage = usage,
        .point = point,
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

void loop_send(struct loop *loop, size_t i, uint64_t now)
{
    struct load_connection *connection = loop->active[i];

    message_begin(connection, loop->point->size, now);
    connection->asked++;
    loop->in_flight++;
    enum message_state state = message_send(connection);
    if (state == MESSAGE_CLOSED)
        connections_blame(connection, state, loop->point);
    else if (message_is_sending(connection))
        watch(loop, i, EPOLL_CTL_MOD); /* it didn't fit at once */
}

static void handle_writable(struct loop *loop, size_t i)
{
    struct load_connection *connection = loop->active[i];
    enum message_state state = message_send(connection);

    if (state == MESSAGE_CLOSED)
        connections_blame(connection, state, loop->point);
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
    if (!loop->point->valid ||
        !(event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        return false;
    enum message_state state = message_receive(connection);
    if (state == MESSAGE_COMPLETE) {
        loop->in_flight--;
        return true;
    }
    if (state != MESSAGE_WAITING)
        connections_blame(connection, state, loop->point);
    return false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

int loop_wait(struct loop *loop, uint64_t now, uint64_t until)
{
    until = earlier(until, loop->phase_end);
    until = earlier(until, freeze_next(&loop->point->freeze));
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

    firehoses_turn(&loop->firehoses);
    if (loop->firehoses.echoed > echoed)
        loop->last_reply = now;
}

/* The warm-up or the window is over: look at everything and go on. */
static void end_phase(struct loop *loop)
{
    struct point *point = loop->point;

    if (loop->phase == WARM_UP) {
        point->begin = usage_take(loop->usage);
        point->firehose_bytes = loop->firehoses.echoed;
        loop->phase = WINDOW;
        loop->phase_end = point->begin.now + clock_seconds(point->seconds);
        freeze_begin(&point->freeze, point->begin.now);
    } else if (loop->phase == WINDOW) {
        freeze_end(&point->freeze);
        point->end = usage_take(loop->usage);
        point->firehose_bytes = loop->firehoses.echoed - point->firehose_bytes;
        firehoses_drain(&loop->firehoses);
        loop->phase = DRAIN;
        loop->phase_end = point->end.now + DRAIN_SECONDS * NS_PER_SECOND;
        loop->last_reply = point->end.now;
    }
}

/*
 * SIGSTOP, a frozen control group and a virtual machine that is suspended look
 * the same from here: time has passed, and we have not run.  What the server
 * sent meanwhile is still to be received, so its time to answer begins anew.
 */
static void note_pause(struct loop *loop, uint64_t now)
{
    uint64_t gap = loop->last_step == 0 ? 0 : now - loop->last_step;

    loop->last_step = now;
    if (gap < PAUSE_MS * UINT64_C(1000000))
        return;
    if (loop->phase == WINDOW)
        loop->point->paused += gap;
    if (loop->phase == DRAIN)
        loop->phase_end += gap;
    loop->last_reply = now;
}

void loop_step(struct loop *loop, uint64_t now)
{
    note_pause(loop, now);
    if (!freeze_step(&loop->point->freeze, now))
        point_fail(loop->point, "the server's process is gone: %s",
                   strerror(errno));
    if (now >= loop->phase_end)
        end_phase(loop);
}

bool loop_is_over(const struct loop *loop)
{
    uint64_t now = loop->last_step;

    if (!loop->point->valid || interrupt_signal() != 0)
        return true;
    if (loop->phase != DRAIN)
        return false;
    if (loop->in_flight == 0 && firehoses_are_quiet(&loop->firehoses))
        return true;
    return now >= loop->phase_end ||
           now >= loop->last_reply + clock_seconds(loop->point->stall);
}

/* A server that pleases some and forgets the others isn't fast. */
static void judge_service(const struct loop *loop)
{
    struct point *point = loop->point;

    for (size_t i = 0; i < loop->count; i++) {
        if (loop->active[i]->asked > 0 && loop->active[i]->replies == 0)
            point->unserved++;
        else if (message_in_flight(loop->active[i]))
            point->lost++;
    }
    firehoses_judge(&loop->firehoses);
    if (point->unserved > 0)
        point_fail(point, "no reply at all on %zu of %zu active connections",
                   point->unserved, point->active);
    if (point->lost > 0)
        point_fail(point,
                   "the last reply never came on %zu of %zu active "
                   "connections",
                   point->lost, point->active);
}

void loop_finish(struct loop *loop, struct connections *set)
{
    while (loop->phase != DRAIN)
        end_phase(loop); /* it ended early: know both ends all the same */
    if (loop->point->valid && interrupt_signal() == 0)
        judge_service(loop);
    if (loop->point->valid && interrupt_signal() == 0)
        connections_check(set, loop->point);
    loop->point->server_bytes = usage_memory(loop->usage);
    loop->point->kernel = usage_kernel();
    close(loop->epoll_fd);
    firehoses_close(&loop->firehoses);
    free(loop->active);
}
