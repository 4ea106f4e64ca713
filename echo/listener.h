/*
 * listener: the listening socket, where clients wait to be accepted.
 *
 * The kernel completes a client's handshake on its own and lets it wait in the
 * listener's queue.  A server that is full leaves it there: it stops watching
 * the listener, because a listener with somebody in its queue is ready, always,
 * and a loop that can't accept would spin.
 */
#ifndef ECHO_LISTENER_H
#define ECHO_LISTENER_H

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A server accepts this many clients at most before it looks at its connections
 * again: a flood of new clients must not starve those that are being served.
 */
enum { ACCEPT_BATCH = 32 };

/* How long a full server leaves its listener alone before it tries again. */
enum { LISTENER_RETRY_MS = 1000 };

struct listener {
    int fd;
    int max_connections; /* --max-connections; 0 = no limit */
    bool paused;         /* the server is full and doesn't watch it */
    int64_t retry_at;    /* while paused: when to try again, by idle_now */
};

/*
 * Resolve, bind and listen as the options say, with the first address of the
 * name that works.  The socket is non-blocking.  Accepted connections inherit
 * two of its options: urgent data stays in line (SO_OOBINLINE), and a reply is
 * sent at once (TCP_NODELAY).  On failure: one line on stderr, exit status 1.
 */
struct listener listener_open(const struct options *options);

/*
 * Print "NAME: listening on ADDRESS:PORT" on standard output and flush it: the
 * server is ready.  The port is the one that the kernel chose for --port=0.
 */
void listener_announce(const struct listener *listener);

enum accept_result {
    ACCEPTED,       /* a client's descriptor, the caller's to close */
    NOBODY_WAITING, /* EAGAIN */
    CLIENT_GONE,    /* it left, or its network failed: try the next one */
    FULL,           /* no descriptor, no memory or no more allowed: pause */
};

/*
 * One accept4.  The new socket is non-blocking: accept4(2) is asked for that,
 * since Linux does not hand it down from the listener.  The first time that the
 * answer is FULL is told on stderr.
 */
enum accept_result listener_accept(const struct listener *listener, int *fd);

/*
 * Is this error of accept(2) about one client, who is gone before it was
 * accepted, so that the next may be tried at once?  Of the others, EAGAIN means
 * that nobody waits, and EMFILE and its like that nobody can be accepted now.
 */
bool listener_client_is_gone(int error);

/*
 * Note that the server has stopped watching the listener, and that it watches
 * again.  To change the interest itself is each server's own business.
 */
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);

/* Paused, and it is time to try again?  See LISTENER_RETRY_MS. */
bool listener_retry_is_due(const struct listener *listener);

#endif
