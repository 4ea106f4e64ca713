/*
 * peer: what the four peers do alike, and that is not what they are compared
 * for: the command line, the listening socket, and saying that they are full.
 * How they wait, receive and send is each library's own.
 */
#ifndef PEERS_PEER_H
#define PEERS_PEER_H

#include "listener.h"

#include <stdbool.h>

/*
 * Read the command line (--port, --help, --version) of a peer that
 * `description` describes in a sentence, ignore SIGPIPE, and open the listener.
 * Its descriptor is non-blocking, and its options (TCP_NODELAY, SO_OOBINLINE)
 * are those that accepted connections inherit.
 * On failure: one line on stderr, and status 64 for a wrong option, else 1.
 */
struct listener peer_open(int argc, char *argv[], const char *description);

/*
 * After an accept that failed with `error`: is it this one client that is gone,
 * so that the next may be accepted at once?  Not if that was said many times in
 * a row, without a success (peer_accepted): then the client may still be there,
 * and the listener ready, and a loop that tries again would spin.
 */
bool peer_try_next(int error);
void peer_accepted(void);

/* Is a client in the listener's queue?  accept4(2) fails for want of a
 * descriptor even when there is none. */
bool peer_client_waits(int listen_fd);

/* Say on stderr that no more clients can be served, and why; once a reason. */
void peer_tell_full(int error);

#endif
