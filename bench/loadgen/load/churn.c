/*
 * churn: see churn.h for the idea.
 */
#include "load/churn.h"

#include "interrupt.h"
#include "record/clock.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* A socket for one connection after the other. */
struct slot {
    struct load_connection connection; /* the fd is the same for all of them */
    bool is_connected;                 /* or about to be */
    uint32_t interest;                 /* what the epoll reports of it */
    uint64_t begun;                    /* ns, just before connect(2) */
    uint64_t established;              /* ns; 0: not yet */
    size_t served; /* connections with their echo, in the whole trial */
};

/*
 * Readable always, writable while something waits to be sent: that is also how
 * a connection reports that it is there now, or never will be (connect(2)).  On
 * loopback a short message leaves at once, and the interest never changes.
 */
static void watch(const struct churn *churn, struct slot *slot)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};
    int operation = slot->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (message_is_sending(&slot->connection))
        event.events |= EPOLLOUT;
    if (event.events == slot->interest)
        return;
    if (epoll_ctl(churn->loop->epoll_fd, operation, slot->connection.fd,
                  &event) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
    slot->interest = event.events;
}

/* A connection that was never made: by the server's fault, or by ours? */
static void blame_refusal(struct trial *trial, uint32_t number, int error)
{
    trial->refused++;
    if (address_is_our_limit(error)) {
        trial->limited_by = LIMIT_GENERATOR;
        trial_fail(trial, "connection %u did not fit here: %s", number,
                   strerror(error));
        return;
    }
    trial->limited_by = LIMIT_SERVER;
    trial_fail(trial, "connection %u was not accepted: %s", number,
               strerror(error));
}

/*
 * Say the message, or what is left of it.  Before the connection is there, send
 * answers EAGAIN; on loopback it usually is when connect(2) returns.
 */
static void say(struct churn *churn, struct slot *slot)
{
    struct load_connection *connection = &slot->connection;
    uint64_t now = clock_now();
    enum message_state state = message_send(connection);

    if (slot->established == 0 && connection->sent > 0)
        slot->established = now;
    if (state != MESSAGE_CLOSED)
        return;
    if (slot->established == 0)
        blame_refusal(churn->loop->trial, connection->number,
                      connection->error);
    else
        connections_blame(connection, state, churn->loop->trial);
}

/* A socket without a connection would be reported as hung up, all the time. */
static void unwatch(const struct churn *churn, struct slot *slot)
{
    if (epoll_ctl(churn->loop->epoll_fd, EPOLL_CTL_DEL, slot->connection.fd,
                  NULL) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
    slot->interest = 0;
}

/* The first time, the slot needs a socket. */
static int socket_of(const struct churn *churn, const struct slot *slot)
{
    if (slot->connection.fd != -1)
        return slot->connection.fd;
    return address_socket(&churn->loop->set->address,
                          churn->loop->set->next_number);
}

static void begin(struct churn *churn, struct slot *slot)
{
    const struct address *address = &churn->loop->set->address;
    int fd = socket_of(churn, slot);
    uint32_t number = churn->loop->set->next_number++;

    slot->connection = (struct load_connection){.fd = fd, .number = number};
    slot->established = 0;
    slot->begun = clock_now();
    if (fd == -1 || address_begin(address, fd) == -1) {
        blame_refusal(churn->loop->trial, number, errno);
        return;
    }
    slot->is_connected = true;
    churn->loop->in_flight++;
    message_begin(&slot->connection, churn->loop->trial->point.size,
                  slot->begun);
    say(churn, slot);
    watch(churn, slot);
}

/* Reset the connection; the socket stays. */
static void reset(struct slot *slot)
{
    if (slot->is_connected && address_reset(slot->connection.fd) == -1)
        err(EXIT_FAILURE, "connect to AF_UNSPEC");
    slot->is_connected = false;
}

/* The echo is complete: on to the next connection. */
static void handle_reply(struct churn *churn, struct slot *slot)
{
    struct loop *loop = churn->loop;
    uint64_t now = clock_now();

    reset(slot);
    loop->in_flight--;
    loop->last_reply = now;
    loop->replies++;
    if (loop->phase == DRAIN) {
        unwatch(churn, slot);
        return;
    }
    slot->served++;
    if (loop->phase == WINDOW) {
        histogram_record(&loop->latency, now - slot->begun);
        histogram_record(&loop->trial->handshake,
                         slot->established - slot->begun);
    }
    begin(churn, slot);
}

static void handle_event(struct churn *churn, const struct epoll_event *event)
{
    struct slot *slot = event->data.ptr;
    struct load_connection *connection = &slot->connection;

    if (event->events & EPOLLOUT) {
        say(churn, slot);
        watch(churn, slot);
    }
    if (!churn->loop->trial->valid || slot->established == 0 ||
        !(event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        return;
    enum message_state state = message_receive(connection);
    if (state == MESSAGE_COMPLETE)
        handle_reply(churn, slot);
    else if (state != MESSAGE_WAITING)
        connections_blame(connection, state, churn->loop->trial);
}

static void run(struct churn *churn)
{
    struct loop *loop = churn->loop;
    uint64_t now = clock_now();

    while (!loop_is_over(loop)) {
        int n = loop_wait(loop, now, UINT64_MAX);

        now = clock_now();
        loop_step(loop, now);
        for (int i = 0; i < n && churn->loop->trial->valid; i++)
            handle_event(churn, &loop->events[i]);
    }
}

void churn_open(struct churn *churn, struct loop *loop)
{
    size_t count = loop->trial->point.active;

    *churn = (struct churn){loop, calloc(count, sizeof(*churn->slots))};
    if (churn->slots == NULL)
        err(EXIT_FAILURE, "memory for %zu slots", count);
    for (size_t i = 0; i < count; i++)
        churn->slots[i].connection.fd = -1;
}

void churn_turn(struct churn *churn)
{
    struct trial *trial = churn->loop->trial;

    loop_begin(churn->loop);
    for (size_t i = 0; i < trial->point.active && trial->valid; i++)
        begin(churn, &churn->slots[i]);
    run(churn);
    if (trial->valid && churn->loop->in_flight > 0)
        churn_judge(churn);
    /* What is still there failed the trial, or was interrupted. */
    for (size_t i = 0; i < trial->point.active; i++)
        reset(&churn->slots[i]);
    loop_end(churn->loop);
}

/* A server that serves some and leaves the others waiting isn't fast. */
void churn_judge(const struct churn *churn)
{
    struct trial *trial = churn->loop->trial;
    size_t count = trial->point.active;

    for (size_t i = 0; i < count; i++) {
        if (churn->slots[i].served == 0)
            trial->unserved++;
        else if (churn->slots[i].is_connected)
            trial->lost++;
    }
    if (trial->unserved > 0)
        trial_fail(trial, "no connection was served in %zu of %zu slots",
                   trial->unserved, count);
    if (trial->lost > 0)
        trial_fail(trial, "the last echo never came in %zu of %zu slots",
                   trial->lost, count);
}

void churn_close(struct churn *churn)
{
    for (size_t i = 0; i < churn->loop->trial->point.active; i++) {
        if (churn->slots[i].connection.fd != -1)
            close(churn->slots[i].connection.fd);
    }
    free(churn->slots);
}
