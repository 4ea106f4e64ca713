/*
 * epoll_et_server: an echo server that waits with epoll(7), edge-triggered.
 *
 * The idea: as with level-triggered epoll the kernel keeps the interest list,
 * but it reports each change once: bytes have arrived, there is room to send.
 * The program must remember that, and work until nothing is left, because what
 * it leaves is not reported again.
 *
 * So each connection is registered once, for everything, and never modified.
 * In exchange the program keeps a ready list of its own: the connections that
 * were reported and that it hasn't finished with.
 *
 * The cost: O(descriptors with an edge) per wait, and no call to change
 * interest.
 * The limit: RLIMIT_NOFILE, which is often 1024 until `ulimit -n` raises it;
 * and /proc/sys/fs/epoll/max_user_watches.
 *
 * To try it:
 *     epoll_et_server/epoll_et_server --verbose
 *     nc -N 127.0.0.1 10001       (in a second terminal)
 *
 * Line by line: chapter 6 of the book, docs/book/06-epoll-edge-triggered.adoc.
 */
#include "connection.h"
#include "counters.h"
#include "idle.h"
#include "listener.h"
#include "narrate.h"
#include "options.h"
#include "startup.h"
#include "stop.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

static struct listener listener;
static int stop_fd;

/* The interest list is behind this descriptor, in the kernel. */
static int epoll_fd;

/* If more descriptors have an edge than fit, the next wait reports the rest. */
enum { MAX_EVENTS = 256 };

/*
 * Everything that can be reported for a connection.  EPOLLRDHUP: the client has
 * ended its stream; EPOLLPRI: urgent data has arrived.
 */
enum { ALL_EDGES = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP };

/*
 * The ready list: connections whose `edges` are not 0, the longest waiting
 * first.  They get BUDGET steps each in their turn, a step being one recv with
 * its reply or one send of what is owed, so that one client that sends without
 * end does not monopolise the loop: epoll(7), starvation.
 */
enum { BUDGET = 4 };
static struct connection *first_ready, *last_ready;

/* Clients were reported, and not all of them are accepted yet. */
static bool listener_is_ready;

static const struct flag_name flag_names[] = {
    {EPOLLIN, "EPOLLIN"},
    {EPOLLOUT, "EPOLLOUT"},
    {EPOLLERR, "EPOLLERR"},
    {EPOLLHUP, "EPOLLHUP"},
    {EPOLLRDHUP, "EPOLLRDHUP"},
    {EPOLLPRI, "EPOLLPRI"},
    {0, NULL},
};

/*
 * Add a descriptor to the interest list, or modify what it is watched for, and
 * always edge-triggered.  `whose` comes back with each of its events.  Returns
 * 0, or -1 with errno set.
 */
static int control(int operation, int fd, uint32_t events, void *whose)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = whose};

    counters->epoll_ctls++;
    return epoll_ctl(epoll_fd, operation, fd, &event);
}

/* The descriptor to which the data of an event belongs. */
static int descriptor_of(const void *whose)
{
    if (whose == &stop_fd)
        return stop_fd;
    if (whose == &listener)
        return listener.fd;
    return ((const struct connection *)whose)->fd;
}

static void pause_listener(void)
{
    if (control(EPOLL_CTL_MOD, listener.fd, 0, &listener) < 0)
        err(EXIT_FAILURE, "epoll_ctl");
    listener_is_ready = false;
    listener_pause(&listener);
}

/* EPOLL_CTL_MOD checks again: clients that are waiting cause a new edge. */
static void resume_listener(void)
{
    if (control(EPOLL_CTL_MOD, listener.fd, EPOLLIN, &listener) < 0)
        err(EXIT_FAILURE, "epoll_ctl");
    listener_resume(&listener);
}

/* Queue a connection, together with the events reported for it. */
static void append_ready(struct connection *connection, uint32_t edges)
{
    bool is_on_list = connection->edges != 0;

    connection->edges |= edges;
    if (is_on_list)
        return;
    connection->next_ready = NULL;
    if (first_ready == NULL)
        first_ready = connection;
    else
        last_ready->next_ready = connection;
    last_ready = connection;
}

/* Take the first connection off the ready list; the list must not be empty. */
static struct connection *take_ready(void)
{
    struct connection *connection = first_ready;
    first_ready = connection->next_ready;
    return connection;
}

/*
 * Returns false with errno set if there is no room for it: no memory, or ENOSPC
 * because max_user_watches is reached.
 */
static bool open_connection(int fd)
{
    struct connection *connection = connection_new(fd);
    if (connection == NULL ||
        control(EPOLL_CTL_ADD, fd, ALL_EDGES, connection) < 0) {
        free(connection);
        return false;
    }
    connection_start(connection);
    return true;
}

/*
 * The kernel takes a closed descriptor off the interest list by itself, unless
 * a dup(2) of it is open: epoll(7).
 */
static void close_connection(struct connection *connection, const char *why)
{
    connection_close(connection, why);
    listener_retry_soon(&listener); /* there is room for one more */
}

static void accept_connections(void)
{
    int fd;

    for (int i = 0; i < ACCEPT_BATCH; i++) {
        switch (listener_accept(&listener, &fd)) {
        case ACCEPTED:
            if (open_connection(fd))
                break;
            listener_put_back(&listener, fd);
            pause_listener();
            return;
        case CLIENT_GONE:
            break;
        case NOBODY_WAITING:
            listener_is_ready = false;
            return;
        case FULL:
            pause_listener();
            return;
        }
    }
    /* More may wait, and no new edge reports them: listener_is_ready stays. */
}

/*
 * One send.  Returns true if there may be more to do at once; false if the
 * connection is closed, or its send buffer is full: room in it will be a new
 * edge.
 */
static bool handle_writable(struct connection *connection)
{
    if (connection_send_owed(connection) < 0) {
        close_connection(connection, strerror(errno));
        return false;
    }
    return !connection_is_sending(connection);
}

/*
 * One recv.  `edges` was reported for the connection.  Returns true if there
 * may be more to do at once; false if the connection is closed, or nothing is
 * left: what arrives from now on will be a new edge.
 */
static bool handle_readable(struct connection *connection, uint32_t edges)
{
    ssize_t length = connection_receive(connection);

    if (length < 0 && errno == EAGAIN)
        return false;
    if (length < 0) {
        close_connection(connection, strerror(errno));
        return false;
    }
    if (length == 0) {
        close_connection(connection, "the client has ended its stream");
        return false;
    }
    if (connection_reply(connection, (size_t)length) < 0) {
        close_connection(connection, strerror(errno));
        return false;
    }
    if (connection_is_sending(connection))
        return false;

    /*
     * A recv that didn't fill the buffer has emptied the socket, so the extra
     * one that would fail with EAGAIN can be saved.  Not so if the same edge
     * reported the end of the stream, which is queued behind the bytes and not
     * reported again, or urgent data: a recv stops short at its mark.
     */
    return length == RECEIVE_SIZE || (edges & (EPOLLRDHUP | EPOLLPRI)) != 0;
}

/*
 * Give each connection that is on the ready list now its turn.  One that isn't
 * finished after BUDGET steps goes to the end of the list, for the turn after
 * the next wait.
 */
static void handle_ready_list(void)
{
    const struct connection *last = last_ready;
    bool go_on = first_ready != NULL;

    while (go_on) {
        struct connection *connection = take_ready();
        uint32_t edges = connection->edges;
        go_on = connection != last;
        connection->edges = 0;

        bool more = true;
        for (int step = 0; step < BUDGET && more; step++)
            more = connection_is_sending(connection)
                       ? handle_writable(connection)
                       : handle_readable(connection, edges);
        if (more) {
            narrate("connection %d: more may be left, it stays on the ready "
                    "list",
                    connection->fd);
            append_ready(connection, edges);
        }
    }
}

/*
 * Wait until there is an edge or the time is up.  Returns how many descriptors
 * have one, and in `events` which; 0 if a signal interrupted the wait: the next
 * one then reports the edges.  While work is left, don't wait.
 */
static int wait_for_events(struct epoll_event events[MAX_EVENTS])
{
    bool work_is_left = first_ready != NULL || listener_is_ready;
    int timeout_ms = work_is_left ? 0 : idle_wait_ms(&listener);

    if (narrating)
        narrate_waiting("epoll_wait", timeout_ms);
    counters->waits++;
    int nready = epoll_wait(epoll_fd, events, MAX_EVENTS, timeout_ms);
    if (nready < 0 && errno != EINTR)
        err(EXIT_FAILURE, "epoll_wait");
    if (nready < 0)
        nready = 0;

    counters->ready_events += (uint64_t)nready;
    if (narrating)
        narrate_ready("epoll_wait", nready);
    return nready;
}

/*
 * Queue every event before handling any, so that no connection is closed while
 * one of its events is in this batch.  Returns false when it is time to stop.
 */
static bool handle_events(int nready, const struct epoll_event events[])
{
    for (int i = 0; i < nready; i++) {
        void *whose = events[i].data.ptr;
        struct connection *connection = whose;
        counters->scanned++;
        if (narrating)
            narrate_flags(descriptor_of(whose), events[i].events, flag_names);

        if (whose == &stop_fd)
            return false;
        if (whose == &listener)
            listener_is_ready = true;
        /* Room to send matters only if bytes are owed. */
        else if (events[i].events != EPOLLOUT ||
                 connection_is_sending(connection))
            append_ready(connection, events[i].events);
    }
    return true;
}

/* A connection on the ready list is not idle: it has work to do. */
static void close_idle_connections(void)
{
    struct connection *connection;
    while ((connection = idle_expired()) != NULL) {
        bool is_on_list = connection->edges != 0;
        if (is_on_list || connection_is_ready(connection))
            idle_touch(connection);
        else
            close_connection(connection, "it was silent for --idle-timeout");
    }
}

int main(int argc, char *argv[])
{
    startup();
    startup_close_inherited();
    struct options options =
        options_parse(argc, argv, "epoll(7), edge-triggered");

    listener = listener_open(&options);
    stop_fd = stop_open();
    counters_open(options.counters);
    idle_start(options.idle_timeout, options.quit_after);
    if (options.verbose)
        narrate_start();

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        err(EXIT_FAILURE, "epoll_create1");
    if (control(EPOLL_CTL_ADD, stop_fd, EPOLLIN, &stop_fd) < 0 ||
        control(EPOLL_CTL_ADD, listener.fd, EPOLLIN, &listener) < 0)
        err(EXIT_FAILURE, "epoll_ctl");
    narrate("descriptor %d is the listener, %d reports signals", listener.fd,
            stop_fd);
    listener_announce(&listener);

    for (;;) {
        struct epoll_event events[MAX_EVENTS];
        int nready = wait_for_events(events);
        if (!handle_events(nready, events))
            break;
        handle_ready_list();
        if (listener_is_ready)
            accept_connections();
        close_idle_connections();
        if (listener_retry_is_due(&listener)) {
            resume_listener();
            accept_connections();
        }
        if (idle_quit_is_due())
            break;
    }
    stop_summary();
    return EXIT_SUCCESS;
}
