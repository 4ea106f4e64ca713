/*
 * connection: one client, and what is owed to it.
 *
 * A connection is in one of two states, and what to watch it for follows from
 * the state alone:
 *
 *   receiving  nothing is owed.  Watch for readable.  One recv into a buffer
 *              that all connections share, then one send at once; what the
 *              kernel doesn't take is copied to this connection, which is now
 *   sending    bytes are owed.  Watch for writable.  One send of what is owed;
 *              when all of it is gone the copy is freed: receiving again.
 *
 * A client that doesn't read is not read from (backpressure), a connection
 * never owes more than one receive buffer, an idle one owns no buffer at all,
 * and the end of the stream is only ever seen when nothing is owed, so that a
 * half-closed client still gets all its bytes.
 *
 * Each function here that does I/O makes exactly one recv or send and repeats
 * it on EINTR only.  How often to call it is the lesson of each server.
 */
#ifndef ECHO_CONNECTION_H
#define ECHO_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The most that one recv takes, and so the most that a connection can owe. */
enum { RECEIVE_SIZE = 64 * 1024 };

struct connection {
    int fd;
    union {             /* for the server itself: */
        uint32_t slot;  /* poll: its place in the interest set */
        uint32_t edges; /* epoll ET: events reported and not yet handled */
    };
    struct connection *next_ready;       /* epoll ET: the ready list */
    char *owed;                          /* NULL while receiving */
    uint32_t owed_length;                /* bytes in `owed` */
    uint32_t owed_sent;                  /* of those, sent already */
    struct connection *quieter, *busier; /* idle.h: neighbours in its order */
    int64_t last_active;                 /* idle.h: when bytes last moved */
};

/*
 * A new connection for the descriptor `fd`, not yet in use: free(3) undoes it.
 * Returns NULL with errno set (ENOMEM).
 */
struct connection *connection_new(int fd);

/*
 * The connection is watched, so it is in use: it owns its descriptor from here
 * on, is the newest in the order of idle.h and counted as open.
 */
void connection_start(struct connection *connection);

/*
 * Close the descriptor, free the connection and what it still owed.  `why`
 * completes the sentence "connection 5 is closed: ..." of --verbose.
 */
void connection_close(struct connection *connection, const char *why);

/* How many connections are open now. */
unsigned long connection_count(void);

/* Are there bytes to send before any more may be received? */
static inline bool connection_is_sending(const struct connection *connection)
{
    return connection->owed != NULL;
}

/*
 * Is the connection ready now for what it is waiting for: is there room to send
 * (one poll(2), without waiting), or something to receive (one recv(2) that
 * only peeks)?  Check this before you close a connection as
 * idle: bytes may have arrived since the last wait, and a wait that filled its
 * array of events may not have reported this one.
 */
bool connection_is_ready(const struct connection *connection);

/*
 * One recv of at most RECEIVE_SIZE bytes into the shared buffer, where
 * connection_reply finds them.  Only while receiving.
 * Returns the number of bytes; 0 when the client has ended its stream; -1 with
 * errno set, to EAGAIN if there is nothing to read now.
 */
ssize_t connection_receive(struct connection *connection);

/*
 * One send of the `length` bytes that connection_receive has just put into the
 * shared buffer.  What the kernel doesn't take is kept: the connection is then
 * sending.  Returns 0, or -1 with errno set when the connection is to be closed
 * (the peer is gone, or there is no memory to keep what is owed).
 */
int connection_reply(struct connection *connection, size_t length);

/*
 * One send of what is owed.  Only while sending.  Returns 0, whether the kernel
 * took all of it (receiving again), a part, or nothing; -1 with errno set when
 * the connection is to be closed.
 */
int connection_send_owed(struct connection *connection);

#endif
