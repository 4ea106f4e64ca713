#include "talk.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, MESSAGE_LENGTH = 5 };

int talk_connect(int port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Wait for one of the events.  Returns which have come. */
static short await(int fd, short events)
{
    struct pollfd entry = {.fd = fd, .events = events};
    ck_assert_msg(poll(&entry, 1, DEADLINE_MS) == 1,
                  "nothing happens on socket %d", fd);
    return entry.revents;
}

/* The byte that stands at this place of what a socket sends. */
static char byte_at(int fd, size_t place)
{
    return (char)(place % 251 + place / 251 + (size_t)fd);
}

/* One send of what comes after `sent` bytes of `length`.  Returns how much. */
static size_t send_some(int fd, size_t sent, size_t length)
{
    char bytes[4096];
    size_t count = 0;
    for (; count < sizeof(bytes) && sent + count < length; count++)
        bytes[count] = byte_at(fd, sent + count);
    ssize_t taken = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    ck_assert_msg(taken > 0, "send: errno %d", errno);
    return (size_t)taken;
}

/* One receive, compared.  Returns how many bytes it was. */
static size_t receive_some(int fd, size_t received, size_t sent)
{
    char bytes[4096];
    ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    ck_assert_msg(count > 0, "after %zu bytes: received %zd, errno %d",
                  received, count, errno);
    ck_assert_uint_le(received + (size_t)count, sent);
    for (size_t i = 0; i < (size_t)count; i++)
        ck_assert_msg(bytes[i] == byte_at(fd, received + i),
                      "byte %zu is wrong", received + i);
    return (size_t)count;
}

void talk_echo(int fd, size_t length)
{
    size_t sent = 0, received = 0;
    while (received < length) {
        short events = await(fd, sent < length ? POLLIN | POLLOUT : POLLIN);
        if (events & POLLIN)
            received += receive_some(fd, received, sent);
        else
            sent += send_some(fd, sent, length);
    }
}

void talk_send(int fd)
{
    ck_assert_uint_eq(send_some(fd, 0, MESSAGE_LENGTH), MESSAGE_LENGTH);
}

void talk_try_send(int fd)
{
    char byte = (char)byte_at(fd, 0);
    send(fd, &byte, 1, MSG_NOSIGNAL);
}

void talk_expect_reply(int fd)
{
    size_t received = 0;
    while (received < MESSAGE_LENGTH) {
        await(fd, POLLIN);
        received += receive_some(fd, received, MESSAGE_LENGTH);
    }
}

bool talk_is_answered(int fd)
{
    char byte = 'x';
    /* Closed already: then sending may fail, and receiving says it anyway. */
    send(fd, &byte, 1, MSG_NOSIGNAL);
    await(fd, POLLIN);
    return recv(fd, &byte, 1, 0) == 1;
}

void talk_finish(int fd)
{
    char byte;
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    await(fd, POLLIN);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

void talk_expect_closed(int fd)
{
    char byte;
    await(fd, POLLIN);
    ssize_t length = recv(fd, &byte, 1, 0);
    ck_assert(length == 0 || (length < 0 && errno == ECONNRESET));
    close(fd);
}

void talk_pause(int milliseconds)
{
    const struct timespec time = {milliseconds / 1000,
                                  milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}
