/*
 * libevent: an echo server with libevent's bufferevents.
 *
 * The idea: each connection is a bufferevent, a socket with a buffer on either
 * side.  The library receives into the one and sends from the other; a callback
 * says that something has come, and to echo it is to move it across.
 *
 * The cost: O(connections ready) a turn of the loop; the bufferevent, about a
 * KiB for each connection; and as it sends only when it was told that there is
 * room, each echo has a second turn of the loop, and two changes of interest.
 * The limit: RLIMIT_NOFILE, as is.
 *
 * To try it:
 *     build/bench/baseline/peers/libevent &
 *     build/lab/echo_client
 */
#include "peer.h"

#include <err.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdlib.h>

/*
 * A connection that owes this much is not received from until half of it is
 * gone: backpressure.
 */
enum { OWED_MOST = 64 * 1024 };

static struct event_base *base;
static struct evconnlistener *server;
static struct event *retry_timer;
static bool is_full; /* the listener is disabled */

static void resume_listener(evutil_socket_t fd, short events, void *unused)
{
    (void)fd;
    (void)events;
    (void)unused;
    is_full = false;
    if (evconnlistener_enable(server) < 0)
        errx(EXIT_FAILURE, "evconnlistener_enable");
}

static void close_connection(struct bufferevent *connection)
{
    bufferevent_free(connection);
    if (is_full)
        resume_listener(-1, 0, NULL);
}

/* Move what came to the buffer that is sent; that is no copy. */
static void on_received(struct bufferevent *connection, void *unused)
{
    struct evbuffer *output = bufferevent_get_output(connection);

    (void)unused;
    if (bufferevent_read_buffer(connection, output) < 0)
        close_connection(connection);
    else if (evbuffer_get_length(output) >= OWED_MOST)
        bufferevent_disable(connection, EV_READ);
}

/* Half of what may be owed, or less, is left to be sent. */
static void on_sent(struct bufferevent *connection, void *unused)
{
    (void)unused;
    bufferevent_enable(connection, EV_READ);
}

/* After the end of the stream, and nothing is left to be sent. */
static void on_all_sent(struct bufferevent *connection, void *unused)
{
    (void)unused;
    close_connection(connection);
}

/* The end of the stream, or an error; the library has stopped receiving. */
static void on_event(struct bufferevent *connection, short events, void *unused)
{
    struct evbuffer *output = bufferevent_get_output(connection);

    (void)unused;
    if ((events & BEV_EVENT_EOF) == 0 || evbuffer_get_length(output) == 0) {
        close_connection(connection);
        return;
    }
    bufferevent_setwatermark(connection, EV_WRITE, 0, 0);
    bufferevent_setcb(connection, NULL, on_all_sent, on_event, NULL);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *address, int length, void *unused)
{
    struct bufferevent *connection =
        bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    (void)listener;
    (void)address;
    (void)length;
    (void)unused;
    peer_accepted();
    if (connection == NULL) {
        warnx("connection %d is closed: no memory for it", fd);
        evutil_closesocket(fd);
        return;
    }
    bufferevent_setcb(connection, on_received, on_sent, on_event, NULL);
    bufferevent_setwatermark(connection, EV_WRITE, OWED_MOST / 2, 0);
    if (bufferevent_enable(connection, EV_READ) < 0)
        close_connection(connection);
}

/* A listener with somebody in its queue is ready, always: don't watch it. */
static void on_accept_error(struct evconnlistener *listener, void *unused)
{
    const struct timeval retry = {.tv_sec = LISTENER_RETRY_MS / 1000};
    int error = EVUTIL_SOCKET_ERROR();

    (void)unused;
    if (peer_try_next(error) ||
        !peer_client_waits(evconnlistener_get_fd(listener)))
        return;
    peer_tell_full(error);
    is_full = true;
    if (evconnlistener_disable(listener) < 0 ||
        event_add(retry_timer, &retry) < 0)
        errx(EXIT_FAILURE, "the listener can't be disabled");
}

static void on_signal(evutil_socket_t signal, short events, void *unused)
{
    (void)signal;
    (void)events;
    (void)unused;
    event_base_loopbreak(base);
}

/* SIGINT and SIGTERM end the loop. */
static void watch_signal(int signal)
{
    struct event *event = evsignal_new(base, signal, on_signal, NULL);

    if (event == NULL || event_add(event, NULL) < 0)
        errx(EXIT_FAILURE, "signal %d can't be watched", signal);
}

int main(int argc, char *argv[])
{
    struct listener listener =
        peer_open(argc, argv, "An echo server with libevent's bufferevents.");

    base = event_base_new();
    if (base == NULL)
        errx(EXIT_FAILURE, "event_base_new");
    watch_signal(SIGINT);
    watch_signal(SIGTERM);
    retry_timer = evtimer_new(base, resume_listener, NULL);
    /* A backlog of 0: the socket listens already. */
    server = evconnlistener_new(base, on_connection, NULL,
                                LEV_OPT_CLOSE_ON_EXEC, 0, listener.fd);
    if (retry_timer == NULL || server == NULL)
        errx(EXIT_FAILURE, "the listener can't be watched");
    evconnlistener_set_error_cb(server, on_accept_error);
    listener_announce(&listener);
    if (event_base_dispatch(base) < 0)
        errx(EXIT_FAILURE, "event_base_dispatch");
    return EXIT_SUCCESS;
}
