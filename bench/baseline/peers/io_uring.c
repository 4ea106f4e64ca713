/*
 * io_uring: an echo server on io_uring(7), with liburing.
 *
 * The idea: completion instead of readiness.  The program puts what it wants
 * done into a ring of requests, and one system call submits all of them and
 * waits for what is done, which another ring tells.  One request to receive
 * lasts for a connection's whole life (multishot): each time that bytes come
 * the kernel takes a buffer from a pool that it was given, and completes the
 * request once more.  So what an idle connection needs is that request.
 *
 * The cost: one system call a turn of the loop, for all that is ready in it;
 * the kernel's work for each receive and each send stays the same.
 * The limit: RLIMIT_NOFILE, as is.  It needs Linux 6.1, and a system that
 * allows it: containers often don't, nor does kernel.io_uring_disabled.
 *
 * To try it:
 *     build/bench/baseline/peers/io_uring &
 *     build/lab/echo_client
 */
#include "peer.h"
#include "stop.h"

#include <err.h>
#include <errno.h>
#include <liburing.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sysexits.h>

enum {
    REQUESTS = 1024,         /* room in the ring: BATCH times three, or more */
    BATCH = 256,             /* completions that one turn of the loop handles */
    COMPLETIONS = 16 * 1024, /* room; the kernel keeps more, but slowly */
    BUFFERS = 1024,          /* in the pool; a power of two */
    BUFFER_SIZE = 4 * 1024, /* dozens of a client may be full before its turn */
    POOL = 0,               /* the pool's number */
    OWED_MOST = 64 * 1024   /* a client that is owed this much is held */
};

/* What was requested; with the descriptor it is the request's user_data. */
enum operation {
    ACCEPT,
    AWAIT_CLIENT,
    RETRY,
    STOP,
    RECEIVE,
    CANCEL,
    SEND_POOLED,
    SEND_OWED,
    CLOSE
};

/* Bytes in memory of their own. */
struct bytes {
    char *start;
    size_t length, room;
};

/*
 * What comes is sent from the pool's buffer, without waiting for room.  What
 * the kernel doesn't take, and what comes meanwhile, is copied: a client that
 * doesn't read must not keep buffers of the pool, which is there for all.
 */
struct connection {
    int fd;
    bool is_receiving; /* the request to receive is there ... */
    bool is_cancelled; /* ... and was asked to end: backpressure */
    bool is_sending;   /* a request to send is there */
    bool has_ended;    /* the stream, or the whole connection */
    uint16_t buffer;   /* SEND_POOLED: the buffer */
    uint32_t length;   /* SEND_POOLED: how much is in it */
    size_t sent;       /* SEND_OWED: how much of `sending` */
    struct bytes sending, next;
};

static struct io_uring ring;
static struct listener listener;
static bool retry_is_requested;

static struct io_uring_buf_ring *pool;
static char (*pool_buffers)[BUFFER_SIZE];

/* The connections by their descriptor; NULL where there is none. */
static struct connection **connections;
static int connections_size;

static uint64_t name_request(enum operation operation, int fd)
{
    return (uint64_t)operation << 32 | (uint32_t)fd;
}

/* A request to be filled in, for the next turn's system call to submit. */
static struct io_uring_sqe *new_request(enum operation operation, int fd)
{
    struct io_uring_sqe *request = io_uring_get_sqe(&ring);

    if (request == NULL) /* a turn makes fewer than REQUESTS */
        errx(EXIT_FAILURE, "the ring of requests is full");
    io_uring_sqe_set_data64(request, name_request(operation, fd));
    return request;
}

/*
 * Accept one client.  A multishot request would save making the next one, but
 * it accepts all who wait before anybody else's turn, and goes by what
 * RLIMIT_NOFILE was when it was made.
 */
static void request_accept(void)
{
    io_uring_prep_accept(new_request(ACCEPT, listener.fd), listener.fd, NULL,
                         NULL, SOCK_CLOEXEC);
}

/* Accept failed with nobody in the queue: try again when a client has come. */
static void request_await_client(void)
{
    io_uring_prep_poll_add(new_request(AWAIT_CLIENT, listener.fd), listener.fd,
                           POLLIN);
}

/* Receive whatever comes from now on, into buffers of the pool. */
static void request_receive(struct connection *connection)
{
    struct io_uring_sqe *request = new_request(RECEIVE, connection->fd);

    io_uring_prep_recv_multishot(request, connection->fd, NULL, 0, 0);
    request->flags |= IOSQE_BUFFER_SELECT;
    request->buf_group = POOL;
    connection->is_receiving = true;
    connection->is_cancelled = false;
}

/* Receive no more; some more may come before that is heard. */
static void request_cancel(struct connection *connection)
{
    struct io_uring_sqe *request = new_request(CANCEL, connection->fd);

    io_uring_prep_cancel64(request, name_request(RECEIVE, connection->fd), 0);
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
    connection->is_cancelled = true;
}

/* Send what the kernel has room for, and don't wait for more. */
static void request_send_pooled(struct connection *connection)
{
    io_uring_prep_send(new_request(SEND_POOLED, connection->fd), connection->fd,
                       pool_buffers[connection->buffer], connection->length,
                       MSG_DONTWAIT);
    connection->is_sending = true;
}

/* Send all that is left of `sending`, and wait for room. */
static void request_send_owed(struct connection *connection)
{
    io_uring_prep_send(new_request(SEND_OWED, connection->fd), connection->fd,
                       connection->sending.start + connection->sent,
                       connection->sending.length - connection->sent,
                       MSG_WAITALL);
    connection->is_sending = true;
}

/* Give a buffer back to the pool. */
static void return_buffer(uint16_t buffer)
{
    io_uring_buf_ring_add(pool, pool_buffers[buffer], BUFFER_SIZE, buffer,
                          io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(pool, 1);
}

/* Returns false when there is no memory for it. */
static bool append(struct bytes *bytes, const char *start, size_t length)
{
    if (bytes->length + length > bytes->room) {
        size_t room = 2 * bytes->length + length;
        char *longer = realloc(bytes->start, room);
        if (longer == NULL)
            return false;
        bytes->start = longer;
        bytes->room = room;
    }
    memcpy(bytes->start + bytes->length, start, length);
    bytes->length += length;
    return true;
}

static void discard(struct bytes *bytes)
{
    free(bytes->start);
    *bytes = (struct bytes){0};
}

/* Make room for a descriptor in the table; false when there is no memory. */
static bool reserve_place(int fd)
{
    if (fd < connections_size)
        return true;

    int size = 2 * fd;
    struct connection **longer =
        realloc(connections, (size_t)size * sizeof(*connections));
    if (longer == NULL)
        return false;
    memset(longer + connections_size, 0,
           (size_t)(size - connections_size) * sizeof(*connections));
    connections = longer;
    connections_size = size;
    return true;
}

static void request_close(int fd)
{
    struct io_uring_sqe *request = new_request(CLOSE, fd);

    io_uring_prep_close(request, fd);
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

static void open_connection(int fd)
{
    struct connection *connection =
        reserve_place(fd) ? calloc(1, sizeof(*connection)) : NULL;
    if (connection == NULL) {
        warn("connection %d is closed", fd);
        request_close(fd);
        return;
    }
    connection->fd = fd;
    connections[fd] = connection;
    request_receive(connection);
}

/*
 * No request of this connection is left, so its number may be used again.  If
 * the server is full there is room now: the kernel works off the request to
 * close before the one to accept.
 */
static void close_connection(struct connection *connection)
{
    request_close(connection->fd);
    connections[connection->fd] = NULL;
    discard(&connection->sending);
    discard(&connection->next);
    free(connection);
    if (listener.paused) {
        listener.paused = false;
        request_accept();
    }
}

/* The connection has failed: send no more, and close it when it is silent. */
static void give_up(struct connection *connection)
{
    connection->has_ended = true;
    discard(&connection->next);
}

/* After each completion: what is to be requested now? */
static void proceed(struct connection *connection)
{
    size_t owed = connection->sending.length + connection->next.length;
    bool must_stop = owed >= OWED_MOST || connection->has_ended;

    if (connection->is_receiving && must_stop && !connection->is_cancelled)
        request_cancel(connection);
    if (connection->is_sending)
        return;
    if (connection->next.length > 0) {
        connection->sending = connection->next;
        connection->next = (struct bytes){0};
        connection->sent = 0;
        request_send_owed(connection);
    } else if (!connection->is_receiving && connection->has_ended) {
        close_connection(connection);
    } else if (!connection->is_receiving) {
        request_receive(connection);
    }
}

/* Bytes have come.  Returns false when there is no memory to keep them. */
static bool take_buffer(struct connection *connection, uint16_t buffer,
                        uint32_t length)
{
    if (!connection->is_sending && connection->next.length == 0) {
        connection->buffer = buffer;
        connection->length = length;
        request_send_pooled(connection);
        return true;
    }
    bool is_kept = append(&connection->next, pool_buffers[buffer], length);
    return_buffer(buffer);
    return is_kept;
}

static void on_received(struct connection *connection,
                        const struct io_uring_cqe *done)
{
    uint16_t buffer = (uint16_t)(done->flags >> IORING_CQE_BUFFER_SHIFT);

    if ((done->flags & IORING_CQE_F_MORE) == 0)
        connection->is_receiving = false;
    if (done->res == 0)
        connection->has_ended = true;
    else if (done->res > 0 &&
             !take_buffer(connection, buffer, (uint32_t)done->res))
        give_up(connection);
    /* Cancelled, or the pool was empty: it has buffers again soon. */
    else if (done->res < 0 && done->res != -ECANCELED && done->res != -ENOBUFS)
        give_up(connection);
    proceed(connection);
}

/*
 * The request to receive had just ended, and perhaps the connection; or the
 * kernel was at work on it, and then it must be asked again.
 */
static void on_cancel_failed(struct connection *connection)
{
    if (connection == NULL)
        return;
    connection->is_cancelled = false;
    proceed(connection);
}

static void on_sent_pooled(struct connection *connection, int sent)
{
    const char *bytes = pool_buffers[connection->buffer];

    connection->is_sending = false;
    if (sent == -EAGAIN)
        sent = 0;
    if (sent < 0)
        give_up(connection);
    else if ((uint32_t)sent < connection->length) {
        connection->sent = 0;
        if (append(&connection->sending, bytes + sent,
                   connection->length - (uint32_t)sent))
            request_send_owed(connection);
        else
            give_up(connection);
    }
    return_buffer(connection->buffer);
    proceed(connection);
}

static void on_sent_owed(struct connection *connection, int sent)
{
    connection->is_sending = false;
    if (sent < 0)
        give_up(connection);
    else
        connection->sent += (size_t)sent;
    if (sent < 0 || connection->sent == connection->sending.length)
        discard(&connection->sending);
    else
        request_send_owed(connection);
    proceed(connection);
}

/* Nobody can be accepted: try again when somebody leaves, or in a second. */
static void pause_listener(int error)
{
    static struct __kernel_timespec second = {.tv_sec =
                                                  LISTENER_RETRY_MS / 1000};

    peer_tell_full(error);
    listener.paused = true;
    if (!retry_is_requested)
        io_uring_prep_timeout(new_request(RETRY, -1), &second, 0, 0);
    retry_is_requested = true;
}

static void on_accepted(int fd)
{
    if (fd >= 0) {
        peer_accepted();
        open_connection(fd);
    } else if (fd != -EINTR && !peer_try_next(-fd)) {
        if (peer_client_waits(listener.fd))
            pause_listener(-fd);
        else
            request_await_client();
        return;
    }
    request_accept();
}

static void on_retry(void)
{
    retry_is_requested = false;
    if (listener.paused) {
        listener.paused = false;
        request_accept();
    }
}

/* Handle what was done.  Returns false when it is time to stop. */
static bool handle(const struct io_uring_cqe *done)
{
    int fd = (int)(uint32_t)done->user_data;

    switch ((enum operation)(done->user_data >> 32)) {
    case ACCEPT:
        on_accepted(done->res);
        break;
    case AWAIT_CLIENT:
        request_accept();
        break;
    case RETRY:
        on_retry();
        break;
    case STOP:
        return false;
    case RECEIVE:
        on_received(connections[fd], done);
        break;
    case SEND_POOLED:
        on_sent_pooled(connections[fd], done->res);
        break;
    case SEND_OWED:
        on_sent_owed(connections[fd], done->res);
        break;
    case CANCEL:
        on_cancel_failed(connections[fd]);
        break;
    case CLOSE:
        break;
    }
    return true;
}

/* The ring, or one line that says that there is none to be had here. */
static void open_ring(void)
{
    struct io_uring_params params = {
        /* Completions are worked on when we ask for them, not in between. */
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_CQSIZE,
        .cq_entries = COMPLETIONS,
    };
    int error = io_uring_queue_init_params(REQUESTS, &ring, &params);

    if (error < 0)
        errx(EX_UNAVAILABLE,
             "io_uring can't be used here: %s (it needs Linux 6.1, and a "
             "system that allows it)",
             strerror(-error));
}

/* Pages that are ours alone, for the pool. */
static void *map_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (pages == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    return pages;
}

static void open_pool(void)
{
    pool = map_pages(BUFFERS * sizeof(struct io_uring_buf));
    pool_buffers = map_pages(BUFFERS * sizeof(*pool_buffers));
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)pool, .ring_entries = BUFFERS, .bgid = POOL};
    int error = io_uring_register_buf_ring(&ring, &registration, 0);

    if (error < 0)
        errx(EX_UNAVAILABLE, "io_uring gets no buffers here: %s",
             strerror(-error));
    io_uring_buf_ring_init(pool);
    for (uint16_t buffer = 0; buffer < BUFFERS; buffer++)
        return_buffer(buffer);
}

int main(int argc, char *argv[])
{
    listener = peer_open(argc, argv, "An echo server on io_uring(7).");
    int stop_fd = stop_open();
    bool go_on = true;

    /*
     * Memory that was owed to a stalled client goes back to the system.  Left
     * alone malloc(3) raises this threshold, and keeps more and more of it.
     */
    mallopt(M_MMAP_THRESHOLD, OWED_MOST / 4);
    open_ring();
    open_pool();
    io_uring_prep_poll_add(new_request(STOP, stop_fd), stop_fd, POLLIN);
    request_accept();
    listener_announce(&listener);

    while (go_on) {
        struct io_uring_cqe *done[BATCH];
        int error = io_uring_submit_and_wait(&ring, 1);
        if (error < 0 && error != -EINTR)
            errx(EXIT_FAILURE, "io_uring_enter: %s", strerror(-error));

        unsigned count = io_uring_peek_batch_cqe(&ring, done, BATCH);
        for (unsigned i = 0; i < count && go_on; i++)
            go_on = handle(done[i]);
        io_uring_cq_advance(&ring, count);
    }
    return EXIT_SUCCESS;
}
