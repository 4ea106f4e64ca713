/*
 * epoll_lt_server: an echo server that waits with epoll(7), level-triggered.
 *
 * The idea: the kernel keeps the interest list.  The program changes it with
 * epoll_ctl when the interest changes, not at every wait, and epoll_wait
 * returns only the ready ones.  Level-triggered, the default: a descriptor is
 * reported at every wait for as long as it is ready.
 *
 * The cost: O(descriptors ready) per wait, on both sides, however many others
 * are watched; and a system call for each change of interest.
 * The limit: RLIMIT_NOFILE, which is often 1024 until `ulimit -n` raises it;
 * and /proc/sys/fs/epoll/max_user_watches.
 *
 * To try it:
 *     epoll_lt_server/epoll_lt_server --verbose
 *     nc -N 127.0.0.1 10001       (in a second terminal)
 *
 * Line by line: chapter 5 of the book, docs/book/05-epoll-level-triggered.adoc.
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

/* If more descriptors are ready than fit, the next wait reports the rest. */
enum { MAX_EVENTS = 256 };

static const struct flag_name flag_names[] = {
    {EPOLLIN, "EPOLLIN"},
    {EPOLLOUT, "EPOLLOUT"},
    {EPOLLERR, "EPOLLERR"},
    {EPOLLHUP, "EPOLLHUP"},
    {0, NULL},
};

/*
 * Add a descriptor to the interest list, or modify what it is watched for.
 * `whose` comes back with each of its events.  Returns 0, or -1 with errno set.
 */
static int control(int operation, int fd, uint32_t events, void *whose)
{
    struct epoll_event event = {.events = events, .data.ptr = whose};

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
    listener_pause(&listener);
}

static void resume_listener(void)
{
    if (control(EPOLL_CTL_MOD, listener.fd, EPOLLIN, &listener) < 0)
        err(EXIT_FAILURE, "epoll_ctl");
    listener_resume(&listener);
}

/*
 * A connection's state decides what to watch it for.  It is a system call,
 * so it is made only when the state has changed.
 */
static void update_interest(struct connection *connection)
{
    bool is_sending = connection_is_sending(connection);

    if (control(EPOLL_CTL_MOD, connection->fd, is_sending ? EPOLLOUT : EPOLLIN,
                connection) < 0)
        err(EXIT_FAILURE, "epoll_ctl");
    narrate("connection %d: now watched for %s", connection->fd,
            is_sending ? "EPOLLOUT" : "EPOLLIN");
}

/*
 * Returns false with errno set if there is no room for it: no memory, or ENOSPC
 * because max_user_watches is reached.
 */
static bool open_connection(int fd)
{
    struct connection *connection = connection_new(fd);
    if (connection == NULL ||
        control(EPOLL_CTL_ADD, fd, EPOLLIN, connection) < 0) {
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
            return;
        case FULL:
            pause_listener();
            return;
        }
    }
    /* If more clients wait, the next epoll_wait reports the listener again. */
}

static void handle_writable(struct connection *connection)
{
    if (connection_send_owed(connection) < 0)
        close_connection(connection, strerror(errno));
    else if (!connection_is_sending(connection))
        update_interest(connection);
}

static void handle_readable(struct connection *connection)
{
    /* One recv is enough: the next wait reports any bytes that are left. */
    ssize_t length = connection_receive(connection);

    if (length < 0 && errno == EAGAIN)
        return; /* spurious readiness */
    if (length < 0)
        close_connection(connection, strerror(errno));
    else if (length == 0)
        close_connection(connection, "the client has ended its stream");
    else if (connection_reply(connection, (size_t)length) < 0)
        close_connection(connection, strerror(errno));
    else if (connection_is_sending(connection))
        update_interest(connection);
}

/*
 * Wait until a descriptor is ready or the time is up.  Returns how many are
 * ready, and in `events` which; 0 if a signal interrupted the wait.
 */
static int wait_for_events(struct epoll_event events[MAX_EVENTS])
{
    int timeout_ms = idle_wait_ms(&listener);

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
 * Handle what the wait has found.  Returns false when it is time to stop.
 *
 * A connection is closed only while its own event is handled, so no later event
 * of this batch belongs to a connection that is closed already: epoll(7).
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
            accept_connections();
        else if (connection_is_sending(connection))
            handle_writable(connection);
        else
            handle_readable(connection);
    }
    return true;
}

static void close_idle_connections(void)
{
    struct connection *connection;
    while ((connection = idle_expired()) != NULL) {
        if (connection_is_ready(connection)) /* it has become ready */
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
        options_parse(argc, argv, "epoll(7), level-triggered");

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
