/*
 * urgent: urgent data arrives in line and is echoed as any other byte
 * (contract 7).
 *
 * What TCP calls urgent is a mark in the stream.  Without SO_OOBINLINE the
 * kernel takes the marked byte out of it, so it would be lost to the echo.  And
 * in line, too, the mark is felt: a receive stops short before it, although
 * bytes are there.  Edge-triggered that is a trap, for a receive that was
 * shorter than its buffer is often taken for "the socket is empty".
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Send a text, the last byte of it as urgent data. */
static void send_urgent(int fd, const char *text)
{
    ssize_t length = (ssize_t)strlen(text);

    case_while("some of the bytes were urgent data");
    if (send(fd, text, (size_t)length, MSG_OOB | MSG_NOSIGNAL) != length)
        ck_abort_msg("send: %s", strerror(errno));
}

static void send_text(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

static void expect_text(int fd, const char *text)
{
    client_expect(fd, text, strlen(text));
}

START_TEST(alone)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    for (int i = 0; i < 50; i++) {
        send_urgent(fd, "!");
        expect_text(fd, "!");
    }
    client_end(fd);
    client_expect_end(fd);
}
END_TEST

/* At the end of the bytes, and others follow when those have come back. */
START_TEST(at_the_end)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    for (int i = 0; i < 50; i++) {
        send_urgent(fd, "and now!");
        expect_text(fd, "and now!");
        send_text(fd, "as ever");
        expect_text(fd, "as ever");
    }
    client_end(fd);
    client_expect_end(fd);
}
END_TEST

START_TEST(in_the_middle)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    for (int i = 0; i < 50; i++) {
        send_text(fd, "before ");
        send_urgent(fd, "!");
        send_text(fd, " behind");
        expect_text(fd, "before ! behind");
    }
    client_end(fd);
    client_expect_end(fd);
}
END_TEST

/*
 * The server sleeps while all of it comes, so that one event tells of all: the
 * receive stops short at the mark, and what is behind it is not told again.
 * With `fin` the client's FIN is behind it, too.
 */
static void found_at_once(bool fin)
{
    enum { COUNT = 20 };
    struct server *server = server_start("");
    int fds[COUNT];

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server);
        client_echo(fds[i], 0, 1);
    }
    server_freeze(server);
    for (int i = 0; i < COUNT; i++) {
        send_text(fds[i], "before ");
        send_urgent(fds[i], "one!");
        send_text(fds[i], " between ");
        if (i % 2 == 0)
            send_urgent(fds[i], "two!");
        send_text(fds[i], " behind");
        if (fin)
            client_end(fds[i]);
    }
    server_thaw(server);
    for (int i = 0; i < COUNT; i++) {
        expect_text(fds[i], "before one! between ");
        if (i % 2 == 0)
            expect_text(fds[i], "two!");
        expect_text(fds[i], " behind");
        if (!fin)
            client_end(fds[i]);
        client_expect_end(fds[i]);
    }
}

START_TEST(behind_a_short_receive)
{
    found_at_once(false);
}
END_TEST

START_TEST(behind_a_short_receive_with_fin)
{
    found_at_once(true);
}
END_TEST

/* Long streams in which each piece ends with an urgent byte. */
START_TEST(many_in_a_stream)
{
    enum { COUNT = 8 };
    struct server *server = server_start("");
    struct stream streams[COUNT];

    for (int i = 0; i < COUNT; i++)
        streams[i] =
            (struct stream){.fd = client_connect(server),
                            .which = case_random(),
                            .total = 1024 * 1024,
                            .send_most = case_random_between(1000, 20000),
                            .random_sizes = true,
                            .urgent = true,
                            .half_close = true};
    case_while("some of the bytes were urgent data");
    streams_finish(streams, COUNT);
}
END_TEST

/* The marks pile up while the server can't send, and then it can. */
START_TEST(while_stalled)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 64 * 1024 * 1024,
                            .send_most = 10000,
                            .random_sizes = true,
                            .urgent = true};

    case_while("some of the bytes were urgent data");
    streams_stall(&stream, 1);
    stream.total = stream.sent;
    stream.stalled = false;
    stream.half_close = true;
    streams_finish(&stream, 1);
}
END_TEST

void add_urgent_cases(void)
{
    case_add(7, "urgent-alone", alone, ANY_SERVER, 60);
    case_add(7, "urgent-at-the-end", at_the_end, ANY_SERVER, 60);
    case_add(7, "urgent-in-the-middle", in_the_middle, ANY_SERVER, 60);
    case_add(7, "urgent-behind-a-short-receive", behind_a_short_receive,
             ANY_SERVER, 60);
    case_add(7, "urgent-behind-a-short-receive-with-fin",
             behind_a_short_receive_with_fin, ANY_SERVER, 60);
    case_add(7, "urgent-many-in-a-stream", many_in_a_stream, ANY_SERVER, 60);
    case_add(7, "urgent-while-stalled", while_stalled, ANY_SERVER, 60);
}
