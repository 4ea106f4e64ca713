/*
 * message: see message.h for the idea.
 */
#include "client/message.h"

#include "client/pattern.h"

#include <errno.h>
#include <sys/socket.h>

/* All connections receive into this one: a reply is judged at once. */
static char buffer[64 * 1024];

void message_begin(struct load_connection *connection, uint32_t size,
                   uint64_t now)
{
    if (connection->size > 0)
        connection->sequence++;
    connection->size = size;
    connection->sent = 0;
    connection->received = 0;
    connection->sent_at = now;
}

/* Waiting or closed, after a call on the socket has failed. */
static enum message_state after_error(struct load_connection *connection)
{
    if (errno == EAGAIN || errno == EINTR)
        return MESSAGE_WAITING;
    connection->error = errno;
    return MESSAGE_CLOSED;
}

enum message_state message_send(struct load_connection *connection)
{
    const char *text =
        pattern_message(connection->number, connection->sequence);
    ssize_t n = send(connection->fd, text + connection->sent,
                     connection->size - connection->sent, MSG_NOSIGNAL);

    if (n == -1)
        return after_error(connection);
    connection->sent += (uint32_t)n;
    return MESSAGE_WAITING;
}

enum message_state message_receive(struct load_connection *connection)
{
    ssize_t n = recv(connection->fd, buffer, sizeof(buffer), 0);

    if (n == -1)
        return after_error(connection);
    if (n == 0) {
        connection->error = 0;
        return MESSAGE_CLOSED;
    }
    /* An echo can't hold more than was said: that would be bytes twice. */
    uint32_t length = (uint32_t)n;
    uint32_t owed = connection->sent - connection->received;
    uint32_t judged = length < owed ? length : owed;
    size_t right = pattern_matching(connection->number, connection->sequence,
                                    connection->received, buffer, judged);

    connection->received += (uint32_t)right;
    if (right < length)
        return MESSAGE_WRONG;
    return message_in_flight(connection) ? MESSAGE_WAITING : MESSAGE_COMPLETE;
}
