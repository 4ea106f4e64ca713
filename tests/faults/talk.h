/*
 * talk: clients of a faulty server.  Each wait has a deadline of 20 seconds; a
 * function that doesn't get what it should fails the test.
 */
#ifndef FAULTS_TALK_H
#define FAULTS_TALK_H

#include <stdbool.h>
#include <stddef.h>

/* Connect to this port of 127.0.0.1.  Returns the socket. */
int talk_connect(int port);

/*
 * Send `length` bytes and receive them again, meanwhile and afterwards; each
 * byte is compared.  The bytes of different sockets are different.
 */
void talk_echo(int fd, size_t length);

/* Send one short message, and don't wait for its reply. */
void talk_send(int fd);

/* Send a byte to a server that may have ended before it can leave. */
void talk_try_send(int fd);

/* Receive the reply to talk_send. */
void talk_expect_reply(int fd);

/* Send a byte: does it come back, or is the connection closed? */
bool talk_is_answered(int fd);

/* Half-close, and receive nothing more but the end of the stream. */
void talk_finish(int fd);

/* The server closes the connection or resets it, without a byte before. */
void talk_expect_closed(int fd);

/* Do nothing for so many milliseconds. */
void talk_pause(int milliseconds);

#endif
