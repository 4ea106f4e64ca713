/*
 * peer: what the four peers of bench/peers/ do alike, and that is not what they
 * are compared for: the command line, the listening socket, and saying that
 * they are full.  How they wait, receive and send is each library's own.
 */
#ifndef PEERS_PEER_H
#define PEERS_PEER_H

#include "listener.h"

/*
 * Read the command line (--port, --help, --version) of a peer that
 * `description` describes in a sentence, ignore SIGPIPE, and open the listener.
 * Its descriptor is non-blocking, and its options (TCP_NODELAY, SO_OOBINLINE)
 * are those that accepted connections inherit.
 * On failure: one line on stderr, and status 64 for a wrong option, else 1.
 */
struct listener peer_open(int argc, char *argv[], const char *description);

/* Say on stderr that no more clients can be served, and why; once only. */
void peer_tell_full(int error);

#endif
