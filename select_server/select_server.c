/*
 * select_server: an echo server that waits with select(2).
 *
 * The idea: the program keeps two sets of descriptors, those to read from and
 * those to write to, and passes a copy of both to the kernel at every wait.
 * The kernel checks each descriptor in them and removes those that are not
 * ready; the program then searches the sets for what is left.
 *
 * The cost: at every wait, kernel and program both scan all the descriptors,
 * O(highest descriptor watched), no matter how few of them are ready.
 * The limit: a set has FD_SETSIZE = 1024 bits.  With a higher descriptor,
 * FD_SET writes past the end of the set: undefined behaviour, not an error.
 *
 * To try it:
 *     select_server/select_server --verbose
 *     nc -N 127.0.0.1 10001       (in a second terminal)
 *
 * Line by line: chapter 3 of the book, docs/book/03-select.adoc.
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
#include <sys/resource.h>
#include <sys/select.h>

static struct listener listener;
static int stop_fd;

/* What to watch.  select overwrites its arguments, so it gets copies. */
static fd_set read_interest, write_interest;
static int max_fd;

/* By descriptor.  NULL for the listener, for stop_fd, and if not watched. */
static struct connection *connections[FD_SETSIZE];

static void watch_readable(int fd)
{
    FD_SET(fd, &read_interest);
    if (fd > max_fd)
        max_fd = fd;
}

static void pause_listener(void)
{
    FD_CLR(listener.fd, &read_interest);
    listener_pause(&listener);
}

static void resume_listener(void)
{
    watch_readable(listener.fd);
    listener_resume(&listener);
}

/* A connection's state decides what to watch it for. */
static void update_interest(struct connection *connection)
{
    bool is_sending = connection_is_sending(connection);

    if (is_sending) {
        FD_CLR(connection->fd, &read_interest);
        FD_SET(connection->fd, &write_interest);
    } else {
        FD_CLR(connection->fd, &write_interest);
        FD_SET(connection->fd, &read_interest);
    }
    narrate("connection %d: now watched for %s", connection->fd,
            is_sending ? "writable" : "readable");
}

/* Returns false with errno set if there is no room for it. */
static bool open_connection(int fd)
{
    if (fd >= FD_SETSIZE) { /* only if our limit was raised from outside */
        errno = EMFILE;
        return false;
    }
    struct connection *connection = connection_new(fd);
    if (connection == NULL)
        return false;
    connections[fd] = connection;
    watch_readable(fd);
    connection_start(connection);
    return true;
}

static void close_connection(struct connection *connection, const char *why)
{
    FD_CLR(connection->fd, &read_interest);
    FD_CLR(connection->fd, &write_interest);
    connections[connection->fd] = NULL;
    /* If that was the highest, find the next one: at the lowest, stop_fd. */
    while (connections[max_fd] == NULL && !FD_ISSET(max_fd, &read_interest))
        max_fd--;
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
    /* If more clients wait, the next select reports the listener again. */
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
    /* One recv is enough: the next select reports any bytes that are left. */
    ssize_t length = connection_receive(connection);

    if (length < 0 && errno == EAGAIN)
        return; /* spurious readiness: select(2), BUGS */
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
 * The kernel has no memory for its copies of the sets.  Small sets fit on its
 * stack, so watch only the signals for a moment.
 */
static int wait_for_memory(fd_set *readable, fd_set *writable)
{
    struct timeval moment = {.tv_usec = 100 * 1000};

    FD_ZERO(readable);
    FD_ZERO(writable);
    FD_SET(stop_fd, readable);
    counters->waits++;
    return select(stop_fd + 1, readable, NULL, NULL, &moment);
}

/*
 * Wait until a descriptor is ready or the time is up.  Returns how many are
 * ready; the two sets then contain which ones.  Returns 0 if a signal has
 * interrupted the wait; the sets are then unchanged and contain no answer.
 */
static int wait_for_events(fd_set *readable, fd_set *writable)
{
    int timeout_ms = idle_wait_ms(&listener);
    struct timeval timeout = {
        .tv_sec = timeout_ms / 1000,
        .tv_usec = timeout_ms % 1000 * 1000,
    };

    *readable = read_interest;
    *writable = write_interest;
    if (narrating)
        narrate_waiting("select", timeout_ms);
    counters->waits++;
    int nready = select(max_fd + 1, readable, writable, NULL,
                        timeout_ms < 0 ? NULL : &timeout);
    if (nready < 0 && errno == ENOMEM)
        nready = wait_for_memory(readable, writable);
    if (nready < 0 && errno != EINTR && errno != ENOMEM)
        err(EXIT_FAILURE, "select");
    if (nready < 0)
        nready = 0;

    counters->ready_events += (uint64_t)nready;
    if (narrating)
        narrate_ready("select", nready);
    return nready;
}

/* Handle what the wait has found.  Returns false when it is time to stop. */
static bool handle_events(int nready, const fd_set *readable,
                          const fd_set *writable)
{
    int last_fd = max_fd; /* connections come and go while this loop runs */

    for (int fd = 0; fd <= last_fd && nready > 0; fd++) {
        counters->scanned++;
        if (!FD_ISSET(fd, readable) && !FD_ISSET(fd, writable))
            continue;
        nready--;
        if (narrating)
            narrate("    descriptor %d: %s", fd,
                    FD_ISSET(fd, readable) ? "readable" : "writable");

        if (fd == stop_fd)
            return false;
        if (fd == listener.fd)
            accept_connections();
        else if (connection_is_sending(connections[fd]))
            handle_writable(connections[fd]);
        else
            handle_readable(connections[fd]);
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

/*
 * Make sure that the kernel never returns a descriptor that select can't watch.
 * With this limit, accept4 fails with EMFILE instead, and the client waits in
 * the listener's queue.
 */
static void stay_below_fd_setsize(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        err(EXIT_FAILURE, "getrlimit");
    if (limit.rlim_cur > FD_SETSIZE)
        limit.rlim_cur = FD_SETSIZE;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        err(EXIT_FAILURE, "setrlimit");
}

int main(int argc, char *argv[])
{
    startup();
    startup_close_inherited();
    struct options options = options_parse(argc, argv, "select(2)");

    stay_below_fd_setsize();
    listener = listener_open(&options);
    stop_fd = stop_open();
    counters_open(options.counters);
    idle_start(options.idle_timeout, options.quit_after);
    if (options.verbose)
        narrate_start();

    watch_readable(stop_fd);
    watch_readable(listener.fd);
    narrate("descriptor %d is the listener, %d reports signals", listener.fd,
            stop_fd);
    listener_announce(&listener);

    for (;;) {
        fd_set readable, writable;
        int nready = wait_for_events(&readable, &writable);
        if (!handle_events(nready, &readable, &writable))
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
