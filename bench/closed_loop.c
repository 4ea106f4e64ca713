/*
 * closed_loop: see closed_loop.h for the idea.
 */
#include "closed_loop.h"

#include "clock.h"
#include "interrupt.h"

#include <err.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    EVENTS = 128,       /* that one epoll_wait may report */
    DRAIN_SECONDS = 10, /* at most, for what is in flight after the window */
};

enum phase { WARM_UP, WINDOW, DRAIN };

struct loop {
    struct load_connection **active;
    size_t count;
    int epoll_fd;
    enum phase phase;
    uint64_t phase_end;  /* ns on clock_now's clock */
    uint64_t last_reply; /*  "  */
    size_t in_flight;    /* messages */
    const struct probe *probe;
    struct point *point;
};

/* The interest: readable always, writable while a message waits to be sent. */
static void watch(struct loop *loop, struct load_connection *connection,
                  int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    if (message_is_sending(connection))
        event.events |= EPOLLOUT;
    if (epoll_ctl(loop->epoll_fd, operation, connection->fd, &event) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
}

static void send_next(struct loop *loop, struct load_connection *connection,
                      uint64_t now)
{
    message_begin(connection, loop->point->size, now);
    loop->in_flight++;
    enum message_state state = message_send(connection);
    if (state == MESSAGE_CLOSED)
        connections_blame(connection, state, loop->point);
    else if (message_is_sending(connection))
        watch(loop, connection, EPOLL_CTL_MOD); /* it didn't fit at once */
}

/* One reading of the clock ends this message and begins the next. */
static void handle_reply(struct loop *loop, struct load_connection *connection)
{
    uint64_t now = clock_now();

    loop->in_flight--;
    loop->last_reply = now;
    if (loop->phase != DRAIN)
        connection->replies++;
    if (loop->phase == WINDOW)
        histogram_record(&loop->point->latency, now - connection->sent_at);
    if (loop->phase != DRAIN)
        send_next(loop, connection, now);
}

static void handle_writable(struct loop *loop,
                            struct load_connection *connection)
{
    enum message_state state = message_send(connection);

    if (state == MESSAGE_CLOSED)
        connections_blame(connection, state, loop->point);
    else if (!message_is_sending(connection))
        watch(loop, connection, EPOLL_CTL_MOD);
}

static void handle_event(struct loop *loop, const struct epoll_event *event)
{
    struct load_connection *connection = event->data.ptr;

    if (event->events & EPOLLOUT)
        handle_writable(loop, connection);
    if (!(event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        return;
    enum message_state state = message_receive(connection);
    if (state == MESSAGE_COMPLETE)
        handle_reply(loop, connection);
    else if (state != MESSAGE_WAITING)
        connections_blame(connection, state, loop->point);
}

/* The warm-up or the window is over: look at everything and go on. */
static void end_phase(struct loop *loop)
{
    struct point *point = loop->point;

    if (loop->phase == WARM_UP) {
        point->begin = probe_take(loop->probe);
        loop->phase = WINDOW;
        loop->phase_end = point->begin.now + clock_seconds(point->seconds);
    } else if (loop->phase == WINDOW) {
        point->end = probe_take(loop->probe);
        loop->phase = DRAIN;
        loop->phase_end = point->end.now + DRAIN_SECONDS * NS_PER_SECOND;
        loop->last_reply = point->end.now;
    }
}

static bool is_over(const struct loop *loop, uint64_t now)
{
    if (!loop->point->valid || interrupt_signal() != 0)
        return true;
    if (loop->phase != DRAIN)
        return false;
    return loop->in_flight == 0 || now >= loop->phase_end ||
           now >= loop->last_reply + clock_seconds(loop->point->stall);
}

/* How long epoll_wait may sleep: no further than the end of the phase. */
static int patience_ms(const struct loop *loop, uint64_t now)
{
    if (now >= loop->phase_end)
        return 0;
    uint64_t ms = (loop->phase_end - now) / 1000000 + 1;

    return ms < INTERRUPT_LATENCY_MS ? (int)ms : INTERRUPT_LATENCY_MS;
}

static void run(struct loop *loop)
{
    struct epoll_event events[EVENTS];
    uint64_t now = clock_now();

    while (!is_over(loop, now)) {
        int n =
            epoll_wait(loop->epoll_fd, events, EVENTS, patience_ms(loop, now));

        now = clock_now();
        if (now >= loop->phase_end)
            end_phase(loop);
        for (int i = 0; i < n && loop->point->valid; i++)
            handle_event(loop, &events[i]);
    }
}

/* The middle one of each of `count` equal parts of all the connections. */
static void choose_active(struct connections *set, struct loop *loop)
{
    loop->active = calloc(loop->count, sizeof(struct load_connection *));
    if (loop->active == NULL)
        err(EXIT_FAILURE, "memory for %zu connections", loop->count);
    for (size_t i = 0; i < loop->count; i++) {
        size_t place = (2 * i + 1) * set->count / (2 * loop->count);
        loop->active[i] = &set->all[place];
        loop->active[i]->replies = 0;
    }
}

static void start(struct loop *loop)
{
    for (size_t i = 0; i < loop->count; i++)
        watch(loop, loop->active[i], EPOLL_CTL_ADD);
    loop->phase_end = clock_now() + clock_seconds(loop->point->warm_up);
    for (size_t i = 0; i < loop->count && loop->point->valid; i++)
        send_next(loop, loop->active[i], clock_now());
}

/* A server that pleases some and forgets the others isn't fast. */
static void judge_service(const struct loop *loop)
{
    struct point *point = loop->point;

    for (size_t i = 0; i < loop->count; i++) {
        if (loop->active[i]->replies == 0)
            point->unserved++;
        else if (message_in_flight(loop->active[i]))
            point->lost++;
    }
    if (point->unserved > 0)
        point_fail(point, "no reply at all on %zu of %zu active connections",
                   point->unserved, point->active);
    if (point->lost > 0)
        point_fail(point,
                   "the last reply never came on %zu of %zu active "
                   "connections",
                   point->lost, point->active);
}

void closed_loop_run(struct connections *set, const struct probe *probe,
                     struct point *point)
{
    struct loop loop = {
        .count = point->active,
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .probe = probe,
        .point = point,
    };

    if (loop.epoll_fd == -1)
        err(EXIT_FAILURE, "epoll_create1");
    choose_active(set, &loop);
    start(&loop);
    run(&loop);
    while (loop.phase != DRAIN)
        end_phase(&loop); /* it ended early: know both ends all the same */
    if (point->valid && interrupt_signal() == 0)
        judge_service(&loop);
    if (point->valid && interrupt_signal() == 0)
        connections_check(set, point);
    point->server_bytes = probe_memory(probe);
    close(loop.epoll_fd);
    free(loop.active);
}
