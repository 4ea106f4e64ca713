/*
 * backpressure: a client that does not read is held back (contract 3).
 *
 * The server can't send to it, so it must not receive from it either: then the
 * kernel's buffers fill up, the client's window closes, and it is the client
 * that waits.  Meanwhile the server's memory stays what it was, it uses no CPU
 * time, and others are served.  When the client reads again every byte arrives.
 *
 * The traps: to keep whatever can't be sent (memory without bound), to ask for
 * "writable" when nothing is to be written (a busy loop), to forget to ask for
 * it (silence), and, edge-triggered, to wait for an edge that was before.
 */
#include "case.h"
#include "cases.h"
#include "client.h"
#include "words.h"

#include <unistd.h>

enum {
    KIBIBYTE = 1024,
    MEBIBYTE = 1024 * KIBIBYTE,
    SLACK = 8 * MEBIBYTE, /* of memory, whatever the server needs it for */
    EACH = 512 * KIBIBYTE /* of memory for each stalled client of many */
};

/*
 * Fail if the server has grown by more than `most` bytes since its memory was
 * `before`.  A sanitizer keeps freed memory, so there it may be ten times more:
 * enough to catch a server that keeps all that it is sent.
 */
static void assert_growth(const struct server *server, size_t before,
                          size_t most)
{
    size_t after = server_memory(server);

    if (server_is_sanitized(server))
        most *= 10;
    ck_assert_msg(after < before + most,
                  "the server's memory grew from %s to %s KiB" EXPECTED
                  "at most %s KiB more: what can't be sent stays in the kernel",
                  words_number(before / KIBIBYTE),
                  words_number(after / KIBIBYTE),
                  words_number(most / KIBIBYTE));
}

/*
 * Let them send without reading until the server holds them all back, while its
 * memory, which was `before`, may grow by `most`.
 */
static void stall(const struct server *server, size_t before, size_t most,
                  struct stream *streams, size_t count)
{
    size_t steps = 0;

    case_while("%zu client%s sending and not reading", count,
               count == 1 ? " was" : "s were");
    for (size_t i = 0; i < count; i++)
        streams[i].stalled = true;
    while (streams_step(streams, count, 0.5) > 0) {
        if (steps++ % 64 == 0)
            assert_growth(server, before, most);
    }
    assert_growth(server, before, most);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(streams[i].sent < streams[i].total,
                      "the server took all %zu MiB of a client that read "
                      "nothing" EXPECTED
                      "a server that receives no more while it owes bytes",
                      streams[i].total / MEBIBYTE);
}

/* Let them read again, and make sure that all bytes arrive, and the end. */
static void resume(struct stream *streams, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        streams[i].stalled = false;
        streams[i].half_close = true;
    }
    case_while("%s reading again after a stall",
               count == 1 ? "the client was" : "the clients were");
    streams_finish(streams, count);
}

/* A new client, and one that is connected already, get their echoes. */
static void assert_others_are_served(const struct server *server, int other)
{
    int fd = client_connect(server);

    client_echo(fd, 1, 100 * KIBIBYTE);
    client_echo(other, 2, 100 * KIBIBYTE);
    client_end(fd);
    client_expect_end(fd);
    close(fd);
}

/* A client that wants to send 256 MiB and reads nothing for seconds. */
START_TEST(one_stalled)
{
    struct server *server = server_start("");
    int other = client_connect(server);
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 256 * MEBIBYTE};
    size_t before;

    client_echo(other, 0, 100 * KIBIBYTE);
    before = server_memory(server);
    stall(server, before, SLACK, &stream, 1);
    server_assert_quiet(server, 2);
    assert_others_are_served(server, other);
    assert_growth(server, before, SLACK);
    stream.total = stream.sent + MEBIBYTE;
    resume(&stream, 1);
    assert_others_are_served(server, other);
}
END_TEST

/*
 * Connect `count` clients with small socket buffers, or the kernel would hold
 * more of their bytes than a machine likes to spare, and stall them.  A server
 * may keep some bytes for each of them.  With io_uring(7) that is all that has
 * come to its kernel before its request to receive no more is heard: 440 KiB
 * when the server had to wait for a processor.
 */
static void stall_many(const struct server *server, struct stream *streams,
                       size_t count)
{
    size_t before = server_memory(server);

    for (size_t i = 0; i < count; i++)
        streams[i] = (struct stream){
            .fd = client_connect_with(server, 16 * KIBIBYTE, 64 * KIBIBYTE),
            .which = case_random(),
            .total = 64 * MEBIBYTE};
    stall(server, before, count * EACH + SLACK, streams, count);
}

START_TEST(many_stalled)
{
    enum { COUNT = 32 };
    struct server *server = server_start("");
    struct stream streams[COUNT];
    int other = client_connect(server);

    stall_many(server, streams, COUNT);
    server_assert_quiet(server, 1);
    assert_others_are_served(server, other);
    for (int i = 0; i < COUNT; i++)
        streams[i].total = streams[i].sent + case_random_between(0, 100000);
    resume(streams, COUNT);
}
END_TEST

/*
 * The stall is over and nothing is owed: a server that still watches for
 * "writable" is told so without end.
 */
START_TEST(quiet_afterwards)
{
    enum { COUNT = 8 };
    struct server *server = server_start("");
    struct stream streams[COUNT];

    stall_many(server, streams, COUNT);
    for (int i = 0; i < COUNT; i++) {
        streams[i].total = streams[i].sent;
        streams[i].stalled = false;
    }
    streams_finish(streams, COUNT);
    case_while("the clients were silent, and nothing was owed to them");
    server_assert_quiet(server, 1);
    resume(streams, COUNT);
}
END_TEST

/*
 * The server owes bytes that it can't send, and the client's FIN has come: that
 * there is something to be read, the end, must not keep the server busy.
 */
START_TEST(quiet_when_half_closed)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect_with(server, 16 * KIBIBYTE, 0),
                            .which = case_random(),
                            .total = 64 * MEBIBYTE};

    stream_make_owed(&stream);
    stream.total = stream.sent;
    client_end(stream.fd);
    stream.fin_sent = true;
    case_while("it owed bytes to a client that read nothing and had sent its "
               "FIN");
    server_assert_quiet(server, 1);
    resume(&stream, 1);
}
END_TEST

/* Stop and go: each time the server must notice that it can send again. */
START_TEST(stop_and_go)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 256 * MEBIBYTE};

    case_while("the client was reading in turns, with stalls between them");
    for (int i = 0; i < 6; i++) {
        size_t stop = stream.received + case_random_between(1, 2 * MEBIBYTE);

        streams_stall(&stream, 1);
        stream.stalled = false;
        while (stream.received < stop) {
            if (streams_step(&stream, 1, client_patience()) == 0)
                streams_fail_hanging(&stream, 1);
        }
    }
    stream.total = stream.sent;
    resume(&stream, 1);
}
END_TEST

/*
 * 32 MiB to a client that reads 16 KiB and sleeps, again and again: thousands
 * of partial writes, and none of them may lose or repeat its rest.
 */
START_TEST(trickle)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect_with(server, 16 * KIBIBYTE, 0),
                            .which = case_random(),
                            .total = 32 * MEBIBYTE,
                            .receive_most = 16 * KIBIBYTE,
                            .half_close = true};
    size_t before = server_memory(server), steps = 0;

    case_while("the client was reading slowly");
    while (!stream_is_done(&stream)) {
        if (streams_step(&stream, 1, client_patience()) == 0)
            streams_fail_hanging(&stream, 1);
        pause_for(0.001);
        if (steps++ % 256 == 0)
            assert_growth(server, before, SLACK);
    }
}
END_TEST

/*
 * A receive buffer of 2 KiB, and segments of 512 bytes: then the server's send
 * buffer stays so small, too, that what it owes goes out in several pieces.
 * (With the smallest that the kernel allows TCP would fall back on its persist
 * timer, and on 2 KB a second.)
 */
START_TEST(tiny_buffers)
{
    enum { COUNT = 8 };
    struct server *server = server_start("");
    struct stream streams[COUNT];

    for (int i = 0; i < COUNT; i++)
        streams[i] = (struct stream){.fd = client_connect_with(server, 2048, 0),
                                     .which = case_random(),
                                     .total = 4 * MEBIBYTE,
                                     .random_sizes = true,
                                     .half_close = true};
    case_while("the clients had receive buffers of 2 KiB");
    streams_finish(streams, COUNT);
}
END_TEST

void add_backpressure_cases(void)
{
    case_add(3, "backpressure-one-stalled", one_stalled, ANY_SERVER, 90);
    case_add(3, "backpressure-many-stalled", many_stalled, ANY_SERVER, 90);
    case_add(3, "backpressure-quiet-afterwards", quiet_afterwards, ANY_SERVER,
             60);
    case_add(3, "backpressure-quiet-when-half-closed", quiet_when_half_closed,
             ANY_SERVER, 60);
    case_add(3, "backpressure-stop-and-go", stop_and_go, ANY_SERVER, 90);
    case_add(3, "backpressure-trickle", trickle, ANY_SERVER, 120);
    case_add(3, "backpressure-tiny-buffers", tiny_buffers, ANY_SERVER, 90);
}
