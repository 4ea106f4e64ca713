/*
 * libuv: an echo server with libuv, the event loop of Node.js.
 *
 * The idea: the library owns the loop and calls back.  It waits with epoll,
 * level-triggered, receives into the buffer that on_buffer hands it, and tells
 * what came; what can't be sent at once it keeps and sends when there is room.
 *
 * The cost: O(connections ready) a turn of the loop, a handle of some 250 bytes
 * a connection, and the library's own bookkeeping for each event.
 * The limit: RLIMIT_NOFILE, as is.
 *
 * To try it:
 *     build/bench/baseline/peers/libuv &
 *     build/lab/echo_client
 */
#include "peer.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <uv.h>

/*
 * Receives take place one after the other: one buffer does for all.  While it
 * comes back full libuv receives up to 32 times in a row from one connection,
 * so a larger one would let those that stream without end starve the others.
 */
static char received[32 * 1024];

/* Descriptors that the loop, the listener and the standard streams need. */
enum { RESERVED = 16 };

static uv_loop_t *loop;
static uv_tcp_t server; /* watches a copy of the listener, or is closed */
static int listen_fd;
static uv_timer_t retry_timer;
static rlim_t connections; /* how many are open */
static bool is_watched;    /* the listener */
static bool client_waits;  /* libuv has accepted one that we haven't taken */

/* Bytes that the kernel didn't take at once, and their way to the client. */
struct owed {
    uv_write_t request;
    char bytes[];
};

static void accept_client(void);
static void on_retry(uv_timer_t *timer);
static void on_received(uv_stream_t *stream, ssize_t length,
                        const uv_buf_t *buffer);

/* End the program if one of the calls that only a bug can fail has failed. */
static void check(int error, const char *call)
{
    if (error < 0)
        errx(EXIT_FAILURE, "%s: %s", call, uv_strerror(error));
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
    connections--;
    if (client_waits)
        accept_client();
}

static void close_connection(uv_stream_t *stream)
{
    uv_close((uv_handle_t *)stream, on_closed);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(received, sizeof(received));
}

/* What was owed is sent, so receive again; or it can't be. */
static void on_sent(uv_write_t *request, int error)
{
    uv_stream_t *stream = request->handle;

    free(request); /* it is the first member of its struct owed */
    if (uv_is_closing((uv_handle_t *)stream))
        return;
    if (error < 0 || uv_read_start(stream, on_buffer, on_received) < 0)
        close_connection(stream);
}

/* Let libuv send these bytes when it can, and receive nothing until then. */
static int send_later(uv_stream_t *stream, const char *bytes, size_t length)
{
    struct owed *owed = malloc(sizeof(*owed) + length);
    if (owed == NULL)
        return UV_ENOMEM;

    memcpy(owed->bytes, bytes, length);
    uv_buf_t buffer = uv_buf_init(owed->bytes, (unsigned)length);
    int error = uv_write(&owed->request, stream, &buffer, 1, on_sent);
    if (error < 0) {
        free(owed);
        return error;
    }
    return uv_read_stop(stream);
}

/*
 * Send what came, without a request and a copy if the kernel takes it all.
 * Returns a negative error when the connection is to be closed.
 */
static int reply(uv_stream_t *stream, const char *bytes, size_t length)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
    int sent = uv_try_write(stream, &buffer, 1);

    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0 || (size_t)sent == length)
        return sent;
    return send_later(stream, bytes + sent, length - (size_t)sent);
}

/*
 * Reading stops while bytes are owed, so the end of the stream (UV_EOF) comes
 * when there is nothing left to be sent.  A length of 0 is EAGAIN.
 */
static void on_received(uv_stream_t *stream, ssize_t length,
                        const uv_buf_t *buffer)
{
    if (length < 0)
        close_connection(stream);
    else if (length > 0 && reply(stream, buffer->base, (size_t)length) < 0)
        close_connection(stream);
}

/* Take the client that libuv has accepted. */
static void take_client(uv_tcp_t *connection)
{
    check(uv_tcp_init(loop, connection), "uv_tcp_init");
    connections++;
    uv_stream_t *stream = (uv_stream_t *)connection;
    if (uv_accept((uv_stream_t *)&server, stream) < 0 ||
        uv_read_start(stream, on_buffer, on_received) < 0)
        close_connection(stream);
}

/* Memory for one more connection; NULL with errno set if there can't be one. */
static uv_tcp_t *new_connection(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        err(EXIT_FAILURE, "getrlimit");
    errno = EMFILE;
    return connections + RESERVED < limit.rlim_cur ? malloc(sizeof(uv_tcp_t))
                                                   : NULL;
}

static void retry_later(void)
{
    check(uv_timer_start(&retry_timer, on_retry, LISTENER_RETRY_MS, 0),
          "uv_timer_start");
}

/*
 * When descriptors run out libuv accepts clients only to close them.  So we
 * stop before that: a client that isn't taken with uv_accept makes libuv leave
 * the listener alone until it is.
 */
static void accept_client(void)
{
    uv_tcp_t *connection = new_connection();

    client_waits = connection == NULL;
    if (connection != NULL) {
        take_client(connection);
        return;
    }
    peer_tell_full(errno);
    retry_later();
}

/*
 * After an error libuv tries again at once, and again, without a look at its
 * loop, until it may accept or the handle is closed.  So it is closed, for a
 * second, and the socket goes on listening behind the copy.
 */
static void on_connection(uv_stream_t *listener, int error)
{
    if (error == 0) {
        peer_accepted();
        accept_client();
    } else if (!peer_try_next(-error)) {
        peer_tell_full(-error);
        is_watched = false;
        uv_close((uv_handle_t *)listener, NULL);
        retry_later();
    }
}

static void watch_listener(void)
{
    int copy = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        retry_later();
        return;
    }
    check(uv_tcp_init(loop, &server), "uv_tcp_init");
    check(uv_tcp_open(&server, copy), "uv_tcp_open");
    check(uv_listen((uv_stream_t *)&server, SOMAXCONN, on_connection),
          "uv_listen");
    is_watched = true;
}

static void on_retry(uv_timer_t *timer)
{
    (void)timer;
    if (client_waits)
        accept_client();
    else if (!is_watched)
        watch_listener();
}

static void on_signal(uv_signal_t *handle, int signal)
{
    (void)signal;
    uv_stop(handle->loop);
}

int main(int argc, char *argv[])
{
    struct listener listener =
        peer_open(argc, argv, "An echo server with libuv's loop.");
    uv_signal_t sigint, sigterm;

    loop = uv_default_loop();
    if (loop == NULL)
        errx(EXIT_FAILURE, "uv_default_loop");
    check(uv_signal_init(loop, &sigint), "uv_signal_init");
    check(uv_signal_init(loop, &sigterm), "uv_signal_init");
    check(uv_signal_start(&sigint, on_signal, SIGINT), "uv_signal_start");
    check(uv_signal_start(&sigterm, on_signal, SIGTERM), "uv_signal_start");
    check(uv_timer_init(loop, &retry_timer), "uv_timer_init");

    listen_fd = listener.fd;
    watch_listener();
    if (!is_watched)
        err(EXIT_FAILURE, "the listener can't be watched");
    listener_announce(&listener);
    check(uv_run(loop, UV_RUN_DEFAULT), "uv_run");
    return EXIT_SUCCESS;
}
