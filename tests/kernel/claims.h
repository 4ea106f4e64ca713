/*
 * claims: what the tests of this folder share.
 *
 * Each test is the proof of one sentence about the kernel, which its comment
 * gives together with the manual page that says so.  A test makes the raw
 * calls, so that it can be read as an example of them.
 *
 * libcheck runs each test in a process of its own: what a test opens, blocks
 * or limits is gone with its process, so the tests don't tidy up.
 */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Longer than anything here takes on a busy machine, in milliseconds: a wait
 * that is expected to find something waits this long for it before it fails.
 */
enum { PATIENCE_MS = 5000 };

/* Two connected stream sockets, both non-blocking. */
struct pair {
    int ours; /* the end that is watched: for TCP, the one from accept(2) */
    int peer; /* the other end */
};

/*
 * A pair of local sockets: what one end sends is at the other end as soon as
 * send(2) returns.
 */
struct pair open_local_pair(void);

/* A pair connected with TCP over 127.0.0.1. */
struct pair open_tcp_pair(void);

/* A blocking TCP socket that listens on a free port of 127.0.0.1. */
int open_listener(void);

/* A blocking TCP socket that is connected to this listener. */
int connect_to(int listen_fd);

/* Send these bytes; the test fails unless the kernel takes all of them. */
void send_text(int fd, const char *text);

/* Take what is there to be read, at most 1 KiB; fails if there is nothing. */
size_t receive_some(int fd);

/*
 * Send until the kernel takes no more (EAGAIN), or, with `until_partial`, until
 * it has taken a part of a send only.  Returns the bytes sent.
 */
size_t fill(int fd, bool until_partial);

/* Receive `length` bytes and drop them; fails if they don't come in time. */
void drain(int fd, size_t length);

/* Close the descriptor with a reset (RST) in place of a FIN: see socket(7). */
void reset(int fd);

/* Wait until data or an end of stream can be read from the descriptor. */
void await_readable(int fd);

/* The port of this end of a socket. */
int local_port(int fd);

/*
 * The state of the connection between two ports of 127.0.0.1, as its first end
 * sees it (TCP_TIME_WAIT, for instance: netinet/tcp.h), or NO_CONNECTION if the
 * kernel has forgotten it.  It is read from /proc/net/tcp: proc(5).
 */
enum { NO_CONNECTION = 0 };
int tcp_state(int local, int remote);

/* Wait until it is in this state; fails if that takes too long. */
void await_tcp_state(int local, int remote, int state);

/* A descriptor of a regular file, which is empty and has no name. */
int open_regular_file(void);

/* The same open file description as `fd` under a number >= FD_SETSIZE. */
int move_beyond_fd_setsize(int fd);

/* The claims, a file each. */
TCase *select_claims(void);
TCase *poll_claims(void);
TCase *epoll_claims(void);
TCase *edge_claims(void);
TCase *socket_claims(void);
TCase *close_claims(void);
TCase *vanished_claims(void);
TCase *limit_claims(void);
TCase *pipe_claims(void);
TCase *signal_claims(void);
TCase *shared_claims(void);

#endif
