/*
 * message: one connection of the load generator, and its one message in flight.
 *
 * A message is sent, comes back, and every byte of it is compared with what was
 * sent.  Long ones don't fit into the socket at once: they go out in parts
 * while the reply is already coming in, and a generator that only read when it
 * had sent everything would wait for a server that waits for the generator.
 */
#ifndef LOADGEN_MESSAGE_H
#define LOADGEN_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

struct load_connection {
    int fd;
    uint32_t number;   /* from 0, in the order of opening; never used twice */
    uint32_t sequence; /* the number of the message in flight, from 0 */
    uint32_t size;     /* its bytes; 0 before the first one */
    uint32_t sent;     /* of those */
    uint32_t received; /* of those, and found right */
    uint32_t replies;  /* complete ones, since the point began */
    uint32_t asked;    /* messages sent, since the point began */
    int error;         /* why MESSAGE_CLOSED: an errno, 0 for end of stream */
    uint64_t sent_at;  /* clock_now() just before the first byte went out */
};

/* What became of the message in flight. */
enum message_state {
    MESSAGE_WAITING,  /* more is to come */
    MESSAGE_COMPLETE, /* all of it came back, unchanged */
    MESSAGE_WRONG,    /* a byte that isn't the one we sent, or one too many */
    MESSAGE_CLOSED,   /* the connection has ended: see `error` */
};

/* Make the next message of `size` bytes.  Nothing is sent yet. */
void message_begin(struct load_connection *connection, uint32_t size,
                   uint64_t now);

/*
 * One send of what is left.  MESSAGE_WAITING, also when the kernel took only a
 * part of it (then message_is_sending) or nothing; or MESSAGE_CLOSED.
 */
enum message_state message_send(struct load_connection *connection);

/* One recv, and the comparison of what came. */
enum message_state message_receive(struct load_connection *connection);

/* Is a part of the message still to be sent? */
static inline bool message_is_sending(const struct load_connection *connection)
{
    return connection->sent < connection->size;
}

/* Is a part of the reply still to come? */
static inline bool message_in_flight(const struct load_connection *connection)
{
    return connection->received < connection->size;
}

#endif
