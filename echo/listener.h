/*
 * listener: the listening socket, where clients wait to be accepted.
 *
 * The kernel completes a client's handshake on its own and keeps the connection
 * in the listener's queue until the server accepts it.  A server that is full
 * leaves it there and stops watching the listener: with a client in its queue a
 * listener is always ready, and a loop that can't accept it would spin.
 */
#ifndef ECHO_LISTENER_H
#define ECHO_LISTENER_H

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A server accepts at most this many clients before it goes back to its
 * connections: a flood of new clients must not starve those being served.
 */
enum { ACCEPT_BATCH = 32 };

/* How long a paused listener is left alone before the server tries again. */
enum { LISTENER_RETRY_MS = 1000 };

struct listener {
    int fd;
    int max_connections; /* --max-connections; 0 = no limit */
    int failures;        /* of accept4 in a row, since the last success */
    int put_back;        /* a client put back (listener_put_back), or 0 */
    bool paused;         /* the listener is not watched */
    int64_t retry_at;    /* while paused: when to try again, by idle_now */
};

/*
 * Resolve, bind and listen as the options say, on the first address of the name
 * that works.  The socket is non-blocking.  Accepted connections inherit
 * two of its options: urgent data stays in line (SO_OOBINLINE), and a reply is
 * sent at once (TCP_NODELAY).  On failure: one line on stderr, exit status 1.
 */
struct listener listener_open(const struct options *options);

/*
 * Print "NAME: listening on ADDRESS:PORT" on standard output: the server is
 * ready.  With --port=0, PORT is the one that the kernel chose.  If the line
 * can't be written because the disk is full, say, exit status 1.
 */
void listener_announce(const struct listener *listener);

enum accept_result {
    ACCEPTED,       /* a client's descriptor, the caller's to close */
    NOBODY_WAITING, /* the queue is empty */
    CLIENT_GONE,    /* it left, or its network failed: try the next one */
    FULL,           /* a client waits and can't be accepted now: pause */
};

/*
 * Accept a client, with one accept4.  The new socket is non-blocking: accept4
 * is asked for that, since Linux does not pass the listener's flag on.
 *
 * The result is FULL for whatever keeps a client from being accepted while it
 * stays in the queue: --max-connections, no descriptor or memory left, or an
 * error without end, such as the EPERM of a security module.  Each reason is
 * printed on stderr when it first occurs.
 */
enum accept_result listener_accept(struct listener *listener, int *fd);

/*
 * The server has accepted this client but can't serve it; errno is the reason.
 * The next listener_accept returns it again, perhaps with another descriptor.
 * Pause the listener after this call.
 */
void listener_put_back(struct listener *listener, int fd);

/*
 * Is this error of accept(2) about one client, which has left the queue, so
 * that the next may be tried at once?
 */
bool listener_client_is_gone(int error);

/*
 * Record that the server has stopped watching the listener, or watches it
 * again.  Changing the interest itself is up to each server.
 */
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);

/* A connection has closed, so there is room: retry at the end of this turn. */
void listener_retry_soon(struct listener *listener);

/*
 * Is the listener paused and a retry due?  Then resume it and accept at once,
 * without waiting for an event: a client that was put back is no longer in the
 * kernel's queue.
 */
bool listener_retry_is_due(const struct listener *listener);

#endif
