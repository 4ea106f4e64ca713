#include "connection.h"

#include "counters.h"
#include "idle.h"
#include "narrate.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Shared by all connections: one that owes nothing needs no buffer. */
static char received[RECEIVE_SIZE];

/*
 * The limit is checked against this count, not against the counter of the same
 * name, which may be in a file that other programs can write.
 */
static unsigned long open_connections;

unsigned long connection_count(void)
{
    return open_connections;
}

static void count_connections(void)
{
    counters->connections = open_connections;
    if (counters->connections > counters->connections_peak)
        counters->connections_peak = counters->connections;
}

struct connection *connection_new(int fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection != NULL)
        connection->fd = fd;
    return connection;
}

void connection_start(struct connection *connection)
{
    idle_add(connection);
    open_connections++;
    count_connections();
}

void connection_close(struct connection *connection, const char *why)
{
    narrate("connection %d is closed: %s", connection->fd, why);
    idle_remove(connection);
    open_connections--;
    count_connections();
    close(connection->fd);
    free(connection->owed);
    free(connection);
}

bool connection_is_ready(const struct connection *connection)
{
    struct pollfd entry = {.fd = connection->fd, .events = POLLOUT};
    char byte;

    if (connection_is_sending(connection))
        return poll(&entry, 1, 0) > 0;
    return recv(connection->fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN;
}

ssize_t connection_receive(struct connection *connection)
{
    ssize_t length;
    do {
        counters->receives++;
        length = recv(connection->fd, received, sizeof(received), 0);
    } while (length < 0 && errno == EINTR);

    if (length > 0) {
        counters->bytes_received += (uint64_t)length;
        idle_touch(connection);
        if (narrating)
            narrate_received(connection->fd, received, (size_t)length);
    } else if (length < 0 && errno == EAGAIN) {
        counters->again++;
    }
    return length;
}

/*
 * One send.  Returns how many bytes the kernel took, which may be none; -1 on
 * failure.  If the client is gone, that is EPIPE: output_start has made the
 * process ignore SIGPIPE, which would end it and all its other connections.
 */
static ssize_t send_once(struct connection *connection, const char *bytes,
                         size_t length)
{
    ssize_t sent;
    do {
        counters->sends++;
        sent = send(connection->fd, bytes, length, 0);
    } while (sent < 0 && errno == EINTR);

    if (sent < 0 && errno == EAGAIN) {
        counters->again++;
        sent = 0;
    } else if (sent > 0) {
        counters->bytes_sent += (uint64_t)sent;
        idle_touch(connection);
    }
    if (narrating && sent >= 0)
        narrate_sent(connection->fd, (size_t)sent, length - (size_t)sent);
    return sent;
}

int connection_reply(struct connection *connection, size_t length)
{
    ssize_t sent = send_once(connection, received, length);
    if (sent < 0)
        return -1;

    size_t owed_length = length - (size_t)sent;
    if (owed_length > 0) {
        connection->owed = malloc(owed_length);
        if (connection->owed == NULL)
            return -1;
        memcpy(connection->owed, received + sent, owed_length);
        connection->owed_length = (uint32_t)owed_length;
        connection->owed_sent = 0;
    }
    return 0;
}

int connection_send_owed(struct connection *connection)
{
    ssize_t sent =
        send_once(connection, connection->owed + connection->owed_sent,
                  connection->owed_length - connection->owed_sent);
    if (sent < 0)
        return -1;

    connection->owed_sent += (uint32_t)sent;
    if (connection->owed_sent == connection->owed_length) {
        free(connection->owed);
        connection->owed = NULL;
    }
    return 0;
}
