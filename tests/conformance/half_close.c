/*
 * half-close: after the client's FIN all that it sent is still sent back, then
 * the server closes (contract 2).
 *
 * The traps: closing as soon as the FIN is seen although bytes are owed, and,
 * edge-triggered, to take a receive that was shorter than its buffer for "the
 * socket is empty": the FIN behind those bytes was told by the same edge.
 */
#include "case.h"
#include "cases.h"
#include "client.h"
#include "words.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LENGTH = 1000 };

/* Send bytes and FIN in one segment: MSG_MORE holds the bytes back for it. */
static void send_with_fin(int fd, uint64_t which)
{
    char bytes[LENGTH];

    pattern_fill(bytes, which, 0, LENGTH);
    if (send(fd, bytes, LENGTH, MSG_MORE | MSG_NOSIGNAL) != LENGTH)
        ck_abort_msg("send: %s", strerror(errno));
    client_end(fd);
}

/* Receive what send_with_fin has sent, then the end, and close. */
static void expect_with_end(int fd, uint64_t which)
{
    char bytes[LENGTH];

    pattern_fill(bytes, which, 0, LENGTH);
    client_expect(fd, bytes, LENGTH);
    client_expect_end(fd);
    close(fd);
}

/* A FIN and nothing else, on a fresh connection and on one that was used. */
START_TEST(without_data)
{
    struct server *server = server_start("");

    for (int i = 0; i < 200; i++) {
        case_while("the client had sent its FIN %s",
                   i % 2 == 0 ? "and nothing before it"
                              : "after its bytes were back");
        int fd = client_connect(server);

        client_echo(fd, case_random(), i % 2 == 0 ? 0 : LENGTH);
        client_end(fd);
        client_expect_end(fd);
        close(fd);
    }
}
END_TEST

/* The connection was quiet for a while before its FIN: nobody polls for it. */
START_TEST(after_silence)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    client_echo(fd, case_random(), LENGTH);
    client_expect_silence(fd, 0.5);
    case_while("the client had sent its FIN after half a second of silence");
    client_end(fd);
    client_expect_end(fd);
}
END_TEST

/* Bytes and FIN in one segment, right behind the connection's opening... */
START_TEST(with_data_at_once)
{
    struct server *server = server_start("");

    case_while("bytes and FIN were coming in one segment");
    for (uint64_t i = 0; i < 300; i++) {
        int fd = client_connect(server);

        send_with_fin(fd, i);
        expect_with_end(fd, i);
    }
}
END_TEST

/* ...and on a connection that the server has long been waiting on. */
START_TEST(with_data_later)
{
    struct server *server = server_start("");

    case_while("bytes and FIN were coming in one segment, on a connection that "
               "was in use");
    for (uint64_t i = 0; i < 300; i++) {
        int fd = client_connect(server);

        client_echo(fd, i + 1, 1);
        send_with_fin(fd, i);
        expect_with_end(fd, i);
    }
}
END_TEST

/*
 * The server sleeps while bytes and FIN come on connections that it knows and
 * on some that it doesn't, so that it certainly finds both together: the edge
 * that tells of the bytes is the one that tells of the FIN.
 */
START_TEST(found_together)
{
    enum { COUNT = 50 };
    struct server *server = server_start("");
    int fds[2 * COUNT];

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server);
        client_echo(fds[i], 0, 1);
    }
    case_while("bytes and FIN of %d clients had come together", 2 * COUNT);
    server_freeze(server);
    for (int i = 0; i < 2 * COUNT; i++) {
        if (i >= COUNT)
            fds[i] = client_connect(server);
        send_with_fin(fds[i], (uint64_t)i);
    }
    server_thaw(server);
    for (int i = 0; i < 2 * COUNT; i++)
        expect_with_end(fds[i], (uint64_t)i);
}
END_TEST

/* The FIN comes alone, right after the bytes: sometimes in between. */
START_TEST(right_behind_data)
{
    struct server *server = server_start("");

    case_while("a FIN was coming right behind the bytes");
    for (int i = 0; i < 1000; i++) {
        struct stream stream = {.fd = client_connect(server),
                                .which = case_random(),
                                .total = case_random_between(1, 100000),
                                .half_close = true};

        streams_finish(&stream, 1);
        close(stream.fd);
    }
}
END_TEST

/*
 * The client sends until server and kernel take no more, then its FIN, and
 * only then begins to read: all buffers between the two are full.
 */
START_TEST(megabytes_in_flight)
{
    enum { COUNT = 4 };
    struct server *server = server_start("");
    struct stream streams[COUNT];

    for (int i = 0; i < COUNT; i++)
        streams[i] = (struct stream){.fd = client_connect(server),
                                     .which = case_random(),
                                     .total = 16 << 20};
    case_while("%d clients were sending without reading", COUNT);
    streams_stall(streams, COUNT);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_msg(streams[i].sent >= 100000,
                      "no more than %s bytes could be sent" EXPECTED
                      "at least 100,000, which the buffers of two kernels hold",
                      words_number(streams[i].sent));
        streams[i].total = streams[i].sent;
        streams[i].half_close = true;
    }
    streams_stall(streams, COUNT); /* sends the FINs */
    for (int i = 0; i < COUNT; i++)
        streams[i].stalled = false;
    case_while(
        "the clients, whose FIN had come, were reading all that was owed "
        "to them");
    streams_finish(streams, COUNT);
}
END_TEST

/* The end of one connection is not the end of another. */
START_TEST(others_go_on)
{
    struct server *server = server_start("");
    int other = client_connect(server);

    case_while("other connections were ending beside it");
    for (uint64_t i = 0; i < 20; i++) {
        int fd = client_connect(server);

        send_with_fin(fd, i);
        client_echo(other, i, LENGTH);
        expect_with_end(fd, i);
    }
}
END_TEST

void add_half_close_cases(void)
{
    case_add(2, "half-close-without-data", without_data, ANY_SERVER, 60);
    case_add(2, "half-close-after-silence", after_silence, ANY_SERVER, 60);
    case_add(2, "half-close-with-data-at-once", with_data_at_once, ANY_SERVER,
             180);
    case_add(2, "half-close-with-data-later", with_data_later, ANY_SERVER, 180);
    case_add(2, "half-close-found-together", found_together, ANY_SERVER, 60);
    case_add(2, "half-close-right-behind-data", right_behind_data, ANY_SERVER,
             60);
    case_add(2, "half-close-megabytes-in-flight", megabytes_in_flight,
             ANY_SERVER, 60);
    case_add(2, "half-close-others-go-on", others_go_on, ANY_SERVER, 60);
}
