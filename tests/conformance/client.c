/*
 * client: sockets with deadlines, the pattern, and the pump.
 *
 * A client that first sends all and then receives all waits for ever when the
 * buffers between it and the server are full: the server can't send, so it
 * doesn't receive, so the client can't send.  That is no fault of the server
 * (it is backpressure), so whatever may be larger than the socket buffers is
 * sent and received by turns, in streams_step.
 */
#include "client.h"

#include "case.h"
#include "words.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STEP_SIZE = 64 * 1024 };

static double patience = 10;

void client_set_patience(double seconds)
{
    patience = seconds;
}

double client_patience(void)
{
    return patience;
}

/* Wait for `events`, up to so many seconds.  Returns what came, 0 for none. */
static short await(int fd, short events, double seconds)
{
    struct pollfd watched = {.fd = fd, .events = events};
    int ready = poll(&watched, 1, (int)(seconds * 1000));

    if (ready < 0)
        ck_abort_msg("poll: %s", strerror(errno));
    return ready == 0 ? 0 : watched.revents;
}

int client_connect(const struct server *server)
{
    return client_connect_with(server, 0, 0);
}

/*
 * What the kernel learns of the way to an address (how much reordering there
 * was, ip-tcp_metrics(8)) makes later connections to it keep larger buffers.
 * All of 127.0.0.0/8 is this machine, so take an address that is new to it.
 */
static void bind_to_new_address(int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + (uint32_t)case_random_between(1, 0xfffff0));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        ck_abort_msg("bind: %s", strerror(errno));
}

/*
 * Before the connection is opened, for its window and the size of its segments
 * are told to the server then.  Four segments fit in the receive buffer, as on
 * a network; loopback's of 64 KiB let the server's kernel take megabytes.
 */
static void set_buffers(int fd, int receive_buffer, int send_buffer)
{
    int segment = receive_buffer / 4;

    if (receive_buffer != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                   sizeof(receive_buffer));
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    }
    if (send_buffer != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer,
                   sizeof(send_buffer));
}

void client_no_socket(void)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    if (errno == EMFILE)
        case_skip("only %llu descriptors may be open here (ulimit -Hn)",
                  (unsigned long long)limit.rlim_max);
    ck_abort_msg("socket: %s", strerror(errno));
}

int client_connect_with(const struct server *server, int receive_buffer,
                        int send_buffer)
{
    int fd = socket(server->address.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = 0, yes = 1;
    socklen_t length = sizeof(error);

    if (fd < 0)
        client_no_socket();
    set_buffers(fd, receive_buffer, send_buffer);
    if (receive_buffer != 0 && server->address.ss_family == AF_INET)
        bind_to_new_address(fd);
    if (connect(fd, (const struct sockaddr *)&server->address,
                server->address_length) < 0 &&
        errno != EINPROGRESS)
        ck_abort_msg("no connection: %s" EXPECTED
                     "the server accepts a new client",
                     strerror(errno));
    if (await(fd, POLLOUT, client_patience()) == 0)
        ck_abort_msg("no connection after %g s" EXPECTED
                     "the server accepts the client, or has room for it in the "
                     "queue of listen(2)",
                     client_patience());
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0)
        ck_abort_msg("no connection: %s" EXPECTED
                     "the server accepts a new client",
                     strerror(error));
    /* Bytes that were sent one at a time are to travel one at a time. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

/* Fail: a call on the connection has failed, `done` of `total` bytes into it.
 */
static _Noreturn void fail_connection(const char *what, size_t done,
                                      size_t total)
{
    ck_abort_msg("the connection broke after the client had %s %s of %s: "
                 "%s" EXPECTED "a connection that stays open",
                 what, words_number(done), words_bytes(total), strerror(errno));
}

void client_send(int fd, const void *data, size_t length)
{
    const char *next = data;
    size_t done = 0;

    while (done < length) {
        ssize_t sent = send(fd, next + done, length - done, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN)
            fail_connection("sent", done, length);
        if (sent < 0 && await(fd, POLLOUT, client_patience()) == 0)
            ck_abort_msg("the server took no byte for %g s after %s of "
                         "%s" EXPECTED "a server that receives all of them",
                         client_patience(), words_number(done),
                         words_bytes(length));
        if (sent > 0)
            done += (size_t)sent;
    }
}

void client_await_readable(int fd)
{
    if (await(fd, POLLIN, client_patience()) == 0)
        ck_abort_msg("no byte for %g s" EXPECTED
                     "bytes that the client had sent",
                     client_patience());
}

void client_receive(int fd, void *data, size_t length)
{
    char *next = data;
    size_t done = 0;

    while (done < length) {
        ssize_t received;

        if (await(fd, POLLIN, client_patience()) == 0)
            ck_abort_msg("no byte for %g s after %s of %s" EXPECTED
                         "%s that the client had sent",
                         client_patience(), words_number(done),
                         words_bytes(length), words_all(length));
        received = recv(fd, next + done, length - done, 0);
        if (received < 0)
            fail_connection("received", done, length);
        if (received == 0)
            ck_abort_msg("the server closed the connection after %s of "
                         "%s" EXPECTED "%s that the client had sent",
                         words_number(done), words_bytes(length),
                         words_all(length));
        done += (size_t)received;
    }
}

void client_expect(int fd, const void *data, size_t length)
{
    const unsigned char *expected = data;
    unsigned char *received = malloc(length);

    client_receive(fd, received, length);
    for (size_t i = 0; i < length; i++)
        ck_assert_msg(received[i] == expected[i],
                      "byte %s of %s came back as 0x%02x" EXPECTED
                      "0x%02x, as the client had sent it",
                      words_number(i + 1), words_number(length), received[i],
                      expected[i]);
    free(received);
}

void client_expect_end(int fd)
{
    ssize_t received;
    char byte;

    if (await(fd, POLLIN, client_patience()) == 0)
        ck_abort_msg("the connection was still open after %g s" EXPECTED
                     "the server closes it, and the client sees its end",
                     client_patience());
    received = recv(fd, &byte, 1, 0);
    if (received < 0)
        ck_abort_msg("the connection broke: %s" EXPECTED
                     "the server closes it, with nothing left unread",
                     strerror(errno));
    if (received > 0)
        ck_abort_msg("one more byte came" EXPECTED
                     "the end of the connection, for all bytes were back");
}

void client_expect_silence(int fd, double seconds)
{
    char byte;

    if (await(fd, POLLIN, seconds) == 0)
        return;
    ck_abort_msg("%s" EXPECTED "nothing: the client had sent nothing, and had "
                 "not closed",
                 recv(fd, &byte, 1, 0) > 0 ? "a byte came"
                                           : "the connection was closed");
}

void client_echo(int fd, uint64_t which, size_t length)
{
    struct stream stream = {.fd = fd, .which = which, .total = length};

    streams_finish(&stream, 1);
}

void client_end(int fd)
{
    if (shutdown(fd, SHUT_WR) < 0)
        ck_abort_msg("shutdown: %s", strerror(errno));
}

void client_reset(int fd)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(fd);
}

bool stream_is_done(const struct stream *stream)
{
    if (stream->sent < stream->total)
        return false;
    if (stream->half_close && !stream->fin_sent)
        return false;
    if (stream->stalled)
        return true;
    return stream->received == stream->total &&
           (!stream->half_close || stream->end_seen);
}

/* How many bytes to move at once, when the stream's limit is `most`. */
static size_t step_size(const struct stream *stream, size_t most)
{
    if (most == 0 || most > STEP_SIZE)
        most = STEP_SIZE;
    return stream->random_sizes ? case_random_between(1, most) : most;
}

/* One send, or the FIN when all is sent.  Returns how many bytes went. */
static size_t stream_send(struct stream *stream)
{
    char data[STEP_SIZE];
    size_t length = step_size(stream, stream->send_most);
    ssize_t sent;

    if (length > stream->total - stream->sent)
        length = stream->total - stream->sent;
    pattern_fill(data, stream->which, stream->sent, length);
    sent = send(stream->fd, data, length,
                MSG_NOSIGNAL | (stream->urgent ? MSG_OOB : 0));
    if (sent < 0 && errno != EAGAIN)
        fail_connection("sent", stream->sent, stream->total);
    if (sent <= 0)
        return 0;
    stream->sent += (size_t)sent;
    return (size_t)sent;
}

/* Nothing may come behind the last byte but the end, and that only when due. */
static size_t stream_see_end(struct stream *stream)
{
    const char *total = words_bytes(stream->total);

    if (stream->received < stream->total)
        ck_abort_msg(
            "the server closed the connection after %s of %s%s" EXPECTED
            "%s before the end",
            words_number(stream->received), total,
            stream->fin_sent ? ", which the client had all sent, and "
                               "its FIN"
                             : "",
            words_all(stream->total));
    if (!stream->fin_sent)
        ck_abort_msg("the server closed the connection after %s" EXPECTED
                     "an open connection: the client had not closed it",
                     total);
    stream->end_seen = true;
    return 1;
}

/* The streams that are moved together. */
struct group {
    struct stream *streams;
    size_t count;
};

/* Are these eight bytes what another stream of the group has sent? */
static bool is_of_another(const void *eight, const struct group *group)
{
    size_t offset;

    for (size_t i = 0; i < group->count; i++) {
        if (pattern_find(eight, group->streams[i].which, group->streams[i].sent,
                         &offset))
            return true;
    }
    return false;
}

/* What are these bytes, which came where others should have? */
static const char *origin(const struct stream *stream,
                          const struct group *group, const unsigned char *data,
                          size_t length)
{
    static char text[160];
    size_t due = stream->received, offset;

    if (length < 8)
        snprintf(text, sizeof(text), "a wrong one (0x%02x)", *data);
    else if (!pattern_find(data, stream->which, stream->sent, &offset))
        snprintf(text, sizeof(text), "bytes that %s",
                 is_of_another(data, group) ? "belong to another connection"
                                            : "this client never sent");
    else if (offset < due)
        snprintf(text, sizeof(text), "those from byte %s on a second time",
                 words_number(offset));
    else
        snprintf(text, sizeof(text), "those from byte %s on: %s were missing",
                 words_number(offset), words_number(offset - due));
    return text;
}

/* One receive, compared with the pattern.  Returns how many bytes came. */
static size_t stream_receive(struct stream *stream, const struct group *group)
{
    unsigned char data[STEP_SIZE];
    ssize_t received =
        recv(stream->fd, data, step_size(stream, stream->receive_most), 0);
    size_t length = (size_t)received, right;

    if (received < 0 && errno == EAGAIN)
        return 0;
    if (received < 0)
        fail_connection("received", stream->received, stream->total);
    if (received == 0)
        return stream_see_end(stream);
    if (stream->received + length > stream->sent)
        ck_abort_msg("%s came back" EXPECTED "%s: the client had sent no more",
                     words_bytes(stream->received + length),
                     words_bytes(stream->sent));
    right = pattern_match(data, stream->which, stream->received, length);
    stream->received += right;
    if (right < length)
        ck_abort_msg("%s of %s came back right, then %s" EXPECTED
                     "%s, unchanged and in order",
                     words_number(stream->received), words_bytes(stream->total),
                     origin(stream, group, data + right, length - right),
                     words_all(stream->total));
    return length;
}

/* What to wait for.  Nothing (-1 makes poll skip it) when it is done. */
static struct pollfd stream_interest(const struct stream *stream)
{
    struct pollfd interest = {.fd = stream_is_done(stream) ? -1 : stream->fd};

    if (stream->sent < stream->total ||
        (stream->half_close && !stream->fin_sent))
        interest.events |= POLLOUT;
    if (!stream->stalled)
        interest.events |= POLLIN;
    return interest;
}

/*
 * A reset comes as POLLERR whether it is asked for or not, and then the send
 * or the receive tells what it was; so a stalled stream sees one, too.
 */
static size_t stream_move(struct stream *stream, const struct group *group,
                          short events)
{
    size_t moved = 0;

    if (stream->sent < stream->total && events & (POLLOUT | POLLERR))
        moved += stream_send(stream);
    if (stream->sent == stream->total && stream->half_close &&
        !stream->fin_sent) {
        client_end(stream->fd);
        stream->fin_sent = true;
        moved++;
    }
    if (events & POLLERR || (!stream->stalled && events & (POLLIN | POLLHUP)))
        moved += stream_receive(stream, group);
    return moved;
}

size_t streams_step(struct stream *streams, size_t count, double seconds)
{
    struct pollfd *interests = calloc(count, sizeof(*interests));
    const struct group group = {streams, count};
    size_t moved = 0;

    for (size_t i = 0; i < count; i++)
        interests[i] = stream_interest(&streams[i]);
    if (poll(interests, (nfds_t)count, (int)(seconds * 1000)) < 0)
        ck_abort_msg("poll: %s", strerror(errno));
    for (size_t i = 0; i < count; i++) {
        if (interests[i].revents != 0)
            moved += stream_move(&streams[i], &group, interests[i].revents);
    }
    free(interests);
    return moved;
}

void streams_stall(struct stream *streams, size_t count)
{
    size_t moved;

    for (size_t i = 0; i < count; i++)
        streams[i].stalled = true;
    do
        moved = streams_step(streams, count, 0.5);
    while (moved > 0);
}

/* The number of a socket's port at this or (`peer`) at the other end. */
static unsigned port_of(int fd, bool peer)
{
    struct sockaddr_in6 address = {0}; /* sin_port is at the same place */
    socklen_t length = sizeof(address);

    if (peer)
        getpeername(fd, (struct sockaddr *)&address, &length);
    else
        getsockname(fd, (struct sockaddr *)&address, &length);
    return ntohs(address.sin6_port);
}

/* unread_at_server in one of the kernel's tables; false if the table isn't
 * there. */
static bool find_unread(const char *path, int fd, size_t *unread)
{
    unsigned ours = port_of(fd, false), theirs = port_of(fd, true);
    FILE *table = fopen(path, "re");
    unsigned local, remote, queued;
    char line[512];

    if (table == NULL)
        return false;
    while (fgets(line, sizeof(line), table) != NULL) {
        if (sscanf(line, " %*u: %*x:%x %*x:%x %*x %*x:%x", &local, &remote,
                   &queued) == 3 &&
            local == theirs && remote == ours)
            *unread = queued;
    }
    fclose(table);
    return true;
}

/*
 * How many bytes of this connection have come to the server's kernel and were
 * not received by the server: proc(5), /proc/net/tcp.  A server that listens
 * on [::] has its IPv4 connections in the table of IPv6.
 */
static size_t unread_at_server(int fd)
{
    size_t unread = 0;
    bool found = find_unread("/proc/net/tcp", fd, &unread);

    if (!find_unread("/proc/net/tcp6", fd, &unread) && !found)
        case_skip("/proc/net/tcp can't be read here");
    return unread;
}

/* Bytes lie unread at the server, and still do after a tenth of a second. */
static bool is_left_unread(int fd)
{
    double deadline = now() + 0.1;

    while (now() < deadline) {
        if (unread_at_server(fd) == 0)
            return false;
        pause_for(0.01);
    }
    return true;
}

void stream_make_owed(struct stream *stream)
{
    stream->stalled = true;
    while (!is_left_unread(stream->fd)) {
        streams_step(stream, 1, client_patience());
        streams_step(stream, 1, client_patience());
        ck_assert_msg(stream->sent < stream->total,
                      "the server took all %s bytes of a client that read "
                      "nothing" EXPECTED
                      "a server that receives no more while it owes bytes",
                      words_number(stream->total));
    }
}

/* The first stream that isn't done; NULL when all are. */
static const struct stream *unfinished(const struct stream *streams,
                                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!stream_is_done(&streams[i]))
            return &streams[i];
    }
    return NULL;
}

/* "connection 3 of 20: ", if there are several. */
static const char *prefix(size_t place, size_t count)
{
    static char text[64];

    *text = '\0';
    if (count > 1)
        snprintf(text, sizeof(text), "connection %zu of %zu: ", place + 1,
                 count);
    return text;
}

/* Is all back, and only the end of the connection has not come? */
static bool lacks_its_end(const struct stream *stream)
{
    return stream->fin_sent && stream->received == stream->total;
}

void streams_fail_hanging(const struct stream *streams, size_t count)
{
    const struct stream *first = unfinished(streams, count);
    const struct stream *left = first != NULL ? first : streams;
    const char *who = prefix((size_t)(left - streams), count);
    const char *total = words_bytes(left->total);
    const char *all = words_all(left->total);

    if (lacks_its_end(left))
        ck_abort_msg("%s%s came back, but the connection was still open %g s "
                     "later" EXPECTED
                     "the server closes it after the client's FIN, when all "
                     "bytes are back",
                     who, all, client_patience());
    if (left->sent < left->total)
        ck_abort_msg("%sno byte for %g s after %s of %s, and no more than %s "
                     "could be sent" EXPECTED "%s, unchanged and in order",
                     who, client_patience(), words_number(left->received),
                     total, words_number(left->sent), all);
    ck_abort_msg("%sno byte for %g s after %s of %s%s" EXPECTED
                 "%s, unchanged and in order",
                 who, client_patience(), words_number(left->received), total,
                 left->fin_sent ? ", which the client had all sent, and its FIN"
                                : "",
                 all);
}

void streams_finish(struct stream *streams, size_t count)
{
    while (unfinished(streams, count) != NULL) {
        if (streams_step(streams, count, client_patience()) == 0)
            streams_fail_hanging(streams, count);
    }
}
