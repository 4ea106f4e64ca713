/*
 * timeouts: --idle-timeout closes silent connections and no others (contract
 * 10), and --quit-after ends a server to which nothing happens (contract 11).
 *
 * The traps: a timer that only receiving resets, so that a slow reader is cut
 * off; waiting forever because no deadline was computed; and checking deadlines
 * only when something else happens.
 *
 * The times are seconds, and a test machine may be busy for a part of one: a
 * client that must stay moves bytes several times per timeout, and one that
 * must go may take long.
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <string.h>

enum {
    KIBIBYTE = 1024,
    MEBIBYTE = 1024 * KIBIBYTE,
    TIMES = 10,   /* signs of life, for more than the timeout of two seconds */
    PATIENCE = 10 /* seconds in which what is due must have happened */
};

/* The time between two signs of life, well below two seconds. */
static const double OFTEN = 0.3;

/* A silent connection is closed, but not at once, and the server sleeps. */
START_TEST(silent_is_closed)
{
    struct server *server = server_start("--idle-timeout=3");
    int fd = client_connect(server);

    server_assert_quiet(server, 1.2);
    client_expect_silence(fd, 0);
    client_expect_end(fd);
    server_assert_quiet(server, 0.5);
}
END_TEST

/* The same after an echo: the time is counted from there. */
START_TEST(silent_after_an_echo)
{
    struct server *server = server_start("--idle-timeout=3");
    unsigned before = server_descriptors(server);
    int fd = client_connect(server);

    client_expect_silence(fd, 1.5);
    client_echo(fd, 1, 1000);
    client_expect_silence(fd, 2);
    client_expect_end(fd);
    server_await_descriptors(server, before);
}
END_TEST

/*
 * Who talks stays, who is silent goes: fifty silent ones, half of them older
 * than the talker.
 */
START_TEST(talker_stays)
{
    enum { COUNT = 50 };
    struct server *server = server_start("--idle-timeout=2");
    unsigned before = server_descriptors(server);
    int talker = -1;

    for (int i = 0; i < COUNT; i++) {
        client_connect(server);
        if (i == COUNT / 2)
            talker = client_connect(server);
    }
    for (uint64_t i = 0; i < TIMES; i++) {
        pause_for(OFTEN);
        client_echo(talker, i, 10);
    }
    server_await_descriptors(server, before + 1);
    client_echo(talker, 99, 10);
}
END_TEST

/*
 * The server was stopped (SIGSTOP, as Ctrl-Z does it) for longer than the
 * timeout, and when it goes on there are bytes to be read.  Whose they are was
 * not silent; it is the server that wasn't there.  More connections than a
 * server may learn of with one wait.
 */
START_TEST(stopped_meanwhile)
{
    enum { COUNT = 400 };
    struct server *server = server_start("--idle-timeout=6");
    int fds[COUNT];

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server);
        client_echo(fds[i], 1, 10);
    }
    pause_for(0.3); /* so that it is stopped while it waits */
    server_freeze(server);
    for (int i = 0; i < COUNT; i++)
        client_send(fds[i], "x", 1);
    pause_for(6.5);
    server_thaw(server);
    for (int i = 0; i < COUNT; i++)
        client_expect(fds[i], "x", 1);
}
END_TEST

/* Let each stream that has all its replies send so many bytes more. */
static void send_more(struct stream *streams, size_t count, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (stream_is_done(&streams[i]))
            streams[i].total += length;
    }
    while (streams_step(streams, count, 0.1) > 0)
        continue;
}

static size_t count_done(const struct stream *streams, size_t count)
{
    size_t done = 0;

    for (size_t i = 0; i < count; i++)
        done += stream_is_done(&streams[i]);
    return done;
}

/*
 * Stopped in the middle of a turn: it has found messages of 250 connections,
 * and answered some of them.  The clients of these send another one meanwhile,
 * so all are in use, although no byte moves for longer than --idle-timeout.
 * What the server does when it goes on does not belong to the time before.
 *
 * A stop that came when all were answered is one too late: try again.  They
 * send another message then as well, since on a busy machine the stop itself
 * can last longer than --idle-timeout: the server must find something to do for
 * each.
 */
START_TEST(stopped_in_a_turn)
{
    enum { COUNT = 250, TRIES = 30, LENGTH = 60 * KIBIBYTE };
    static struct stream streams[COUNT];
    struct server *server = server_start("--idle-timeout=4");
    bool stopped = false;

    for (int i = 0; i < COUNT; i++)
        streams[i] = (struct stream){.fd = client_connect(server),
                                     .which = case_random()};
    for (int tries = 0; !stopped && tries < TRIES; tries++) {
        server_freeze(server);
        send_more(streams, COUNT, LENGTH);
        server_thaw(server);
        client_await_readable(streams[COUNT / 2].fd);
        server_freeze(server);
        send_more(streams, COUNT, 0);
        stopped = count_done(streams, COUNT) < COUNT;
        send_more(streams, COUNT, LENGTH);
        if (stopped)
            pause_for(4.3);
        server_thaw(server);
        streams_finish(streams, COUNT);
    }
    for (int i = 0; i < COUNT; i++) {
        streams[i].half_close = true;
        streams_finish(&streams[i], 1);
    }
    if (!stopped)
        case_skip("all clients had their replies before each of %d stops",
                  TRIES);
}
END_TEST

/*
 * A slow reader is not silent: now and then it takes a MiB of all that waits
 * for it.  (The server sees this when the kernel has room for much of its own
 * again, so a reader of some bytes a second is silent to it for a long time.)
 */
START_TEST(slow_reader_stays)
{
    struct server *server = server_start("--idle-timeout=2");
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 256 * MEBIBYTE};

    streams_stall(&stream, 1);
    for (int i = 0; i < TIMES; i++) {
        size_t goal = stream.received + MEBIBYTE;

        pause_for(OFTEN);
        stream.stalled = false;
        while (stream.received < goal) {
            if (streams_step(&stream, 1, client_patience()) == 0)
                ck_abort_msg("stuck after %zu bytes", stream.received);
        }
    }
    stream.total = stream.sent;
    streams_finish(&stream, 1);
}
END_TEST

/* Who never reads what it is owed moves no bytes, and is closed. */
START_TEST(stalled_is_closed)
{
    struct server *server = server_start("--idle-timeout=2");
    unsigned before = server_descriptors(server);
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 256 * MEBIBYTE};

    streams_stall(&stream, 1);
    ck_assert_uint_eq(server_descriptors(server), before + 1);
    server_await_descriptors(server, before);
}
END_TEST

/* Two that fall silent one after the other go in that order. */
START_TEST(in_order)
{
    struct server *server = server_start("--idle-timeout=3");
    int first = client_connect(server), second = client_connect(server);

    client_echo(second, 1, 10);
    pause_for(1.5);
    client_echo(first, 2, 10);
    client_expect_end(second);
    client_echo(first, 3, 10);
    client_expect_end(first);
}
END_TEST

/* Without --idle-timeout nobody is closed. */
START_TEST(never_by_default)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    client_expect_silence(fd, 2);
    client_echo(fd, 1, 1000);
}
END_TEST

/* Ends by itself: status 0 and a summary, as with a signal. */
static void assert_quits(struct server *server)
{
    const char *second_line;

    ck_assert_int_eq(server_wait(server, PATIENCE), 0);
    second_line = strchr(server_out(server), '\n');
    ck_assert_ptr_nonnull(second_line);
    ck_assert_ptr_nonnull(strchr(second_line + 1, '\n'));
    ck_assert_str_eq(server_errors(server), "");
}

/* Nothing happens for two seconds: it ends, and not before. */
START_TEST(quits_unused)
{
    struct server *server = server_start("--quit-after=2");

    pause_for(0.4);
    server_assert_running(server);
    assert_quits(server);
}
END_TEST

/* A connection that is open but silent doesn't hold it; the client sees that.
 */
START_TEST(quits_with_a_silent_connection)
{
    struct server *server = server_start("--quit-after=2");
    int fd = client_connect(server);

    client_echo(fd, 1, 1000);
    assert_quits(server);
    client_expect_end(fd);
}
END_TEST

/* As long as something happens it stays, for more than twice the time. */
START_TEST(stays_while_used)
{
    struct server *server = server_start("--quit-after=2");
    int fd = client_connect(server);

    for (uint64_t i = 0; i < TIMES; i++) {
        pause_for(OFTEN);
        client_echo(fd, i, 10);
    }
    assert_quits(server);
}
END_TEST

/* Both: the silent connection goes first, then the server. */
START_TEST(idle_and_quit)
{
    struct server *server = server_start("--idle-timeout=1 --quit-after=3");
    int fd = client_connect(server);

    client_expect_end(fd);
    server_assert_running(server);
    assert_quits(server);
}
END_TEST

/* The other way round: it ends before the connection's time is up. */
START_TEST(quit_before_idle)
{
    struct server *server = server_start("--idle-timeout=60 --quit-after=2");

    client_connect(server);
    assert_quits(server);
}
END_TEST

/*
 * Full, with two more that wait: to try the listener again each second is not
 * an event, or the server would never end.
 */
START_TEST(quits_while_full)
{
    struct server *server = server_start("--max-connections=1 --quit-after=2");

    for (int i = 0; i < 3; i++)
        client_connect(server);
    ck_assert_int_eq(server_wait(server, PATIENCE), 0);
}
END_TEST

/* Full of silent connections: they are closed, and those who wait get in. */
START_TEST(idle_while_full)
{
    struct server *server =
        server_start("--max-connections=1 --idle-timeout=1");
    int first = client_connect(server), second = client_connect(server);

    client_send(second, "x", 1);
    client_expect_end(first);
    client_expect(second, "x", 1);
}
END_TEST

void add_timeout_cases(void)
{
    case_add(10, "timeouts-silent-is-closed", silent_is_closed, NEEDS_OPTIONS,
             30);
    case_add(10, "timeouts-silent-after-an-echo", silent_after_an_echo,
             NEEDS_OPTIONS, 30);
    case_add(10, "timeouts-talker-stays", talker_stays, NEEDS_OPTIONS, 60);
    case_add(10, "timeouts-stopped-meanwhile", stopped_meanwhile, NEEDS_OPTIONS,
             60);
    case_add(10, "timeouts-stopped-in-a-turn", stopped_in_a_turn, NEEDS_OPTIONS,
             60);
    case_add(10, "timeouts-slow-reader-stays", slow_reader_stays, NEEDS_OPTIONS,
             60);
    case_add(10, "timeouts-stalled-is-closed", stalled_is_closed, NEEDS_OPTIONS,
             60);
    case_add(10, "timeouts-in-order", in_order, NEEDS_OPTIONS, 60);
    case_add(10, "timeouts-never-by-default", never_by_default, ANY_SERVER, 30);
    case_add(11, "timeouts-quits-unused", quits_unused, NEEDS_OPTIONS, 30);
    case_add(11, "timeouts-quits-with-a-silent-connection",
             quits_with_a_silent_connection, NEEDS_OPTIONS, 30);
    case_add(11, "timeouts-stays-while-used", stays_while_used, NEEDS_OPTIONS,
             60);
    case_add(11, "timeouts-idle-and-quit", idle_and_quit, NEEDS_OPTIONS, 30);
    case_add(11, "timeouts-quit-before-idle", quit_before_idle, NEEDS_OPTIONS,
             30);
    case_add(11, "timeouts-quits-while-full", quits_while_full, NEEDS_OPTIONS,
             30);
    case_add(10, "timeouts-idle-while-full", idle_while_full, NEEDS_OPTIONS,
             30);
}
