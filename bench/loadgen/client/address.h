/*
 * address: the server's address, and how a connection to it is begun.
 *
 * Thousands of connections from one address to one port make the kernel search
 * long for a free port of our own.  On IPv4 loopback all of 127.0.0.0/8 is
 * ours, so connections take turns among sixteen source addresses, and
 * IP_BIND_ADDRESS_NO_PORT (ip(7)) leaves the choice of the port to connect,
 * when the whole pair of addresses is known.  Seen on a 2-core virtual machine:
 * 19,000 connections at 4,200/s from one address, 34,600/s from sixteen.
 *
 * Connections are closed by a reset (SO_LINGER with 0 seconds, socket(7)).  An
 * orderly close would leave each of them in TIME_WAIT for a minute, and its
 * port taken, for the next trial to trip over.
 */
#ifndef LOADGEN_ADDRESS_H
#define LOADGEN_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage address;
    socklen_t length;
    bool is_ipv4_loopback; /* then source addresses are ours to choose */
};

/*
 * The address of `host` (a name, an IPv4 or IPv6 address) and `port` (decimal).
 * When a name has several addresses, the first one that accepts a connection;
 * that one is reset at once.  On failure: one line on stderr and exit status 1.
 */
struct address address_resolve(const char *host, const char *port);

/*
 * A non-blocking socket that is ready for address_begin.  `number` picks the
 * source address.  Returns the descriptor, or -1 with errno set.
 */
int address_socket(const struct address *address, uint32_t number);

/*
 * Begin to connect: the socket becomes writable when that has worked out or
 * failed (connect(2), EINPROGRESS).  Returns 0, or -1 with errno set when it
 * has failed at once; the socket stays the caller's.
 */
int address_begin(const struct address *address, int fd);

/* Both in one: the descriptor, or -1 with errno set and nothing left open. */
int address_connect(const struct address *address, uint32_t number);

/*
 * Reset the connection of this socket, or give up connecting it.  The socket is
 * then ready for address_begin again, with the same source address and options,
 * and another port of its own.  (A connect to an address of family AF_UNSPEC
 * does that: connect(2).)  Returns 0, or -1 with errno set.
 */
int address_reset(int fd);

/*
 * Does this errno of the above say that our own process or machine has no more
 * to give (descriptors, memory, local ports)?  Then nothing was asked of the
 * server at all.
 */
bool address_is_our_limit(int error);

#endif
