/*
 * poll_server: an echo server that waits with poll(2).
 *
 * The idea: the program keeps an array with one entry per descriptor: its
 * number, what to watch it for (events), and room for the answer (revents).
 * The kernel fills in the answers and leaves the rest alone, so the same array
 * serves for the next wait.
 *
 * The cost: as with select, both sides go through all entries at every wait,
 * O(descriptors watched), however few of them are ready.
 * The limit: RLIMIT_NOFILE, which is often 1024 until `ulimit -n` raises it.
 * poll refuses a longer array with EINVAL, even if all of its descriptors are
 * open.
 *
 * To try it:
 *     poll_server/poll_server --verbose
 *     nc -N 127.0.0.1 10001       (in a second terminal)
 *
 * Line by line: chapter 4 of the book, docs/book/04-poll.adoc.
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
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static struct listener listener;
static int stop_fd;

/* The first entries of the array never move; connections follow them. */
enum { STOP_SLOT, LISTENER_SLOT };

/* How long poll_in_slices sleeps if no slice has a ready descriptor. */
enum { SLICES_PAUSE_MS = 20 };

/* What to watch, and for which connection; both arrays have `capacity`. */
static struct pollfd *interest;
static struct connection **connections;
static uint32_t capacity, used;

static const struct flag_name flag_names[] = {
    {POLLIN, "POLLIN"},   {POLLOUT, "POLLOUT"},   {POLLERR, "POLLERR"},
    {POLLHUP, "POLLHUP"}, {POLLNVAL, "POLLNVAL"}, {0, NULL},
};

/* Make room for one more entry.  Returns false with errno set: no memory. */
static bool grow(void)
{
    if (used < capacity)
        return true;

    uint32_t larger = capacity == 0 ? 64 : 2 * capacity;
    void *grown = reallocarray(interest, larger, sizeof(*interest));
    if (grown == NULL)
        return false;
    interest = grown;
    grown = reallocarray(connections, larger, sizeof(struct connection *));
    if (grown == NULL)
        return false;
    connections = grown;
    capacity = larger;
    return true;
}

/* Append an entry; the caller has made sure that there is room. */
static void watch_readable(int fd, struct connection *connection)
{
    interest[used] = (struct pollfd){.fd = fd, .events = POLLIN};
    connections[used] = connection;
    used++;
}

static void pause_listener(void)
{
    interest[LISTENER_SLOT].events = 0;
    listener_pause(&listener);
}

static void resume_listener(void)
{
    interest[LISTENER_SLOT].events = POLLIN;
    listener_resume(&listener);
}

/* A connection's state decides what to watch it for. */
static void update_interest(struct connection *connection)
{
    bool is_sending = connection_is_sending(connection);

    interest[connection->slot].events = is_sending ? POLLOUT : POLLIN;
    narrate("connection %d: now watched for %s", connection->fd,
            is_sending ? "POLLOUT" : "POLLIN");
}

/* Returns false with errno set if there is no room for it. */
static bool open_connection(int fd)
{
    struct connection *connection = grow() ? connection_new(fd) : NULL;
    if (connection == NULL)
        return false;
    connection->slot = used;
    watch_readable(fd, connection);
    connection_start(connection);
    return true;
}

/* The last entry moves into the gap, so the array has none. */
static void close_connection(struct connection *connection, const char *why)
{
    uint32_t gap = connection->slot, last = used - 1;

    interest[gap] = interest[last];
    connections[gap] = connections[last];
    connections[gap]->slot = gap;
    used--;
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
    /* If more clients wait, the next poll reports the listener again. */
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
    /* One recv is enough: the next poll reports any bytes that are left. */
    ssize_t length = connection_receive(connection);

    if (length < 0 && errno == EAGAIN)
        return; /* spurious readiness: poll(2), BUGS */
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
 * poll accepts no entry at all: RLIMIT_NOFILE is 0.  The connections have to
 * wait until it is raised, but a signal can still be noticed.
 */
static int check_signals_alone(void)
{
    for (uint32_t slot = 0; slot < used; slot++)
        interest[slot].revents = 0;
    if (!stop_is_pending())
        return 0;
    interest[STOP_SLOT].revents = POLLIN;
    return 1;
}

/*
 * poll refuses the whole array: with EINVAL if it has more entries than
 * RLIMIT_NOFILE, which was lowered while the connections were open, and with
 * ENOMEM if there is no memory for the kernel's copy.  Shorter arrays are
 * accepted, so poll it slice by slice.  No single call can wait for all slices,
 * so if none has a ready descriptor, sleep for SLICES_PAUSE_MS: that bounds
 * both the delay and the CPU time.
 */
static int poll_in_slices(void)
{
    uint32_t slice = used;
    int nready = 0;

    for (uint32_t first = 0; first < used;) {
        uint32_t length = used - first < slice ? used - first : slice;
        counters->waits++;
        int found = poll(&interest[first], length, 0);
        if (found >= 0) {
            nready += found;
            first += length;
        } else if (slice > 1) {
            slice /= 2;
        } else {
            nready = check_signals_alone();
            break;
        }
    }
    if (nready == 0)
        poll(NULL, 0, SLICES_PAUSE_MS);
    return nready;
}

/*
 * Wait until a descriptor is ready or the time is up.  Returns how many are
 * ready; 0 if a signal interrupted the wait: the array then holds no answers.
 */
static int wait_for_events(void)
{
    int timeout_ms = idle_wait_ms(&listener);

    if (narrating)
        narrate_waiting("poll", timeout_ms);
    counters->waits++;
    int nready = poll(interest, used, timeout_ms);
    if (nready < 0 && (errno == EINVAL || errno == ENOMEM))
        nready = poll_in_slices();
    if (nready < 0 && errno != EINTR)
        err(EXIT_FAILURE, "poll");
    if (nready < 0)
        nready = 0;

    counters->ready_events += (uint64_t)nready;
    if (narrating)
        narrate_ready("poll", nready);
    return nready;
}

/*
 * Handle what the wait has found.  Returns false when it is time to stop.
 *
 * Scan from the last entry to the first: an entry that moves into a gap was
 * handled already, and new entries, at the end, are left to the next wait.
 */
static bool handle_events(int nready)
{
    for (uint32_t slot = used; slot-- > 0 && nready > 0;) {
        struct pollfd *entry = &interest[slot];
        counters->scanned++;
        if (entry->revents == 0)
            continue;
        nready--;
        if (narrating)
            narrate_flags(entry->fd, (uint32_t)entry->revents, flag_names);

        /*
         * POLLERR and POLLHUP are always reported, even alone.  They need no
         * branch: the recv or send that is due returns the error.
         */
        if (slot == STOP_SLOT)
            return false;
        if (slot == LISTENER_SLOT)
            accept_connections();
        else if (connection_is_sending(connections[slot]))
            handle_writable(connections[slot]);
        else
            handle_readable(connections[slot]);
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
    struct options options = options_parse(argc, argv, "poll(2)");

    listener = listener_open(&options);
    stop_fd = stop_open();
    counters_open(options.counters);
    idle_start(options.idle_timeout, options.quit_after);
    if (options.verbose)
        narrate_start();

    if (!grow())
        err(EXIT_FAILURE, "the interest set");
    watch_readable(stop_fd, NULL);
    watch_readable(listener.fd, NULL);
    narrate("descriptor %d is the listener, %d reports signals", listener.fd,
            stop_fd);
    listener_announce(&listener);

    for (;;) {
        int nready = wait_for_events();
        if (!handle_events(nready))
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
