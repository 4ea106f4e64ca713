/*
 * client: the other end of a connection, in the hands of a test.
 *
 * All sockets are non-blocking, and every wait has a deadline: nothing for
 * 10 seconds, or for --patience, means that nothing will come.  A function that
 * doesn't get what its comment promises fails the case (ck_abort_msg) and does
 * not return.
 */
#ifndef CONFORMANCE_CLIENT_H
#define CONFORMANCE_CLIENT_H

#include "pattern.h"
#include "server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a client waits for something to happen, in seconds: --patience. */
void client_set_patience(double seconds);
double client_patience(void);

/* Connect to the server.  Returns the socket. */
int client_connect(const struct server *server);

/*
 * The same with socket buffers of so many bytes (0 = the kernel's choice; the
 * kernel doubles what it is given and has a minimum).
 */
int client_connect_with(const struct server *server, int receive_buffer,
                        int send_buffer);

/*
 * socket(2) has failed, as errno says: the case fails, too, or is skipped if it
 * needs more descriptors than we may have.
 */
_Noreturn void client_no_socket(void);

/* Send all of it. */
void client_send(int fd, const void *data, size_t length);

/* Receive exactly so many bytes. */
void client_receive(int fd, void *data, size_t length);

/* Receive exactly these bytes. */
void client_expect(int fd, const void *data, size_t length);

/* Receive the end of the stream: no byte more, and no reset. */
void client_expect_end(int fd);

/* Fail if a byte or the end of the stream arrives within so many seconds. */
void client_expect_silence(int fd, double seconds);

/* Send so many bytes of the pattern `which` and receive them again. */
void client_echo(int fd, uint64_t which, size_t length);

/* Half-close: no byte more will be sent (FIN), receiving goes on. */
void client_end(int fd);

/* Close with a RST: what is under way in both directions is thrown away. */
void client_reset(int fd);

/* Wait until the socket has something to be read, or its end or failure. */
void client_await_readable(int fd);

/*
 * A stream: a connection that sends `total` bytes of the pattern `which` and
 * receives them again, in one step or in many.
 */
struct stream {
    int fd;
    uint64_t which;
    size_t total;        /* bytes to be sent */
    size_t send_most;    /* at most so many in one send; 0 = as many as go */
    size_t receive_most; /* at most so many in one receive; 0 = the same */
    bool random_sizes;   /* from 1 to these limits (0: 64 KiB) at random */
    bool urgent;         /* the last byte of each send is urgent data */
    bool stalled;        /* do not receive */
    bool half_close;     /* FIN behind the last byte, and await the server's */
    size_t sent;
    size_t received;
    bool fin_sent;
    bool end_seen; /* the server's FIN came, behind the last byte */
};

/* Has the stream sent, received and seen the end of all that it is to? */
bool stream_is_done(const struct stream *stream);

/*
 * Wait up to so many seconds until one of the streams can be moved, then make
 * at most one send and one receive on each that can.  Returns the number of
 * bytes (and FINs) moved: 0 after nothing could be for all that time.
 * A wrong byte, one too many, an early end or a reset fails the case.
 */
size_t streams_step(struct stream *streams, size_t count, double seconds);

/*
 * Stop receiving, and send until nothing has moved for half a second: the
 * server holds the stream back, or all of it was sent.
 */
void streams_stall(struct stream *streams, size_t count);

/*
 * Stop receiving, and send until the server leaves the bytes unread, because it
 * owes some that it can't send.  Unlike streams_stall this leaves room in the
 * buffers: whatever is sent now, and a FIN, gets as far as the server's kernel.
 */
void stream_make_owed(struct stream *stream);

/* Fail: nothing has moved for as long as a client waits, and they aren't done.
 */
_Noreturn void streams_fail_hanging(const struct stream *streams, size_t count);

/*
 * Step until all of the streams are done.  A stalled one is done when all of it
 * was sent.  Fails when nothing moves for as long as a client waits.
 */
void streams_finish(struct stream *streams, size_t count);

#endif
