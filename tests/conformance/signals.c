/*
 * signals: SIGINT and SIGTERM end the server, at once and in order (contract
 * 8), and no other interruption does anything (contract 9).
 *
 * The traps: to hear of the signal only when the server happens to be idle,
 * since pselect and its kin deliver none as long as they find a descriptor
 * ready; to finish first with a client that doesn't read; to inherit SIGINT as
 * ignored, from a script that starts the server with "&"; and to take EINTR,
 * which a stopped and continued epoll_wait returns, for a failure.
 */
#include "case.h"
#include "cases.h"
#include "client.h"
#include "load.h"

#include <signal.h>

enum {
    SOON = 5, /* seconds: "at once" on a machine that has much else to do */
    MEBIBYTE = 1024 * 1024
};

static int count_lines(const char *text)
{
    int lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/*
 * Send the signal: the server ends with status 0.  Ours also prints a summary,
 * one line behind the one that said that it was ready, and nothing on stderr.
 */
static void assert_ends(struct server *server, int signal)
{
    server_assert_running(server);
    kill(server->pid, signal);
    ck_assert_int_eq(server_wait(server, SOON), 0);
    if (server_takes_options()) {
        ck_assert_int_eq(count_lines(server_out(server)), 2);
        ck_assert_str_eq(server_errors(server), "");
    }
}

static void end_idle(int signal)
{
    assert_ends(server_start(""), signal);
}

START_TEST(sigint_idle)
{
    end_idle(SIGINT);
}
END_TEST

START_TEST(sigterm_idle)
{
    end_idle(SIGTERM);
}
END_TEST

/* With connections open, some used and some not: they are closed. */
START_TEST(with_connections)
{
    struct server *server = server_start("");
    /* Who came last has an echo, so the other one was accepted, too. */
    int fresh = client_connect(server), used = client_connect(server);

    client_echo(used, 1, 1000);
    assert_ends(server, SIGTERM);
    client_expect_end(used);
    client_expect_end(fresh);
}
END_TEST

/* Megabytes are on their way to a client that doesn't read: no waiting. */
static void end_while_owed(int signal)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 256 * (size_t)MEBIBYTE};

    streams_stall(&stream, 1);
    assert_ends(server, signal);
}

START_TEST(sigint_while_owed)
{
    end_while_owed(SIGINT);
}
END_TEST

START_TEST(sigterm_while_owed)
{
    end_while_owed(SIGTERM);
}
END_TEST

/*
 * Sixteen connections stream all the time, enough that the server finds one of
 * them ready at every wait.
 */
static void end_busy(int signal)
{
    struct server *server = server_start("");
    const volatile uint64_t *bytes = load_firehoses(server, 16);

    load_await(bytes, 50 * (uint64_t)MEBIBYTE);
    assert_ends(server, signal);
}

START_TEST(sigint_busy)
{
    end_busy(SIGINT);
}
END_TEST

START_TEST(sigterm_busy)
{
    end_busy(SIGTERM);
}
END_TEST

/* Full, so that the listener is not watched, and with a crowd that waits. */
START_TEST(while_full)
{
    struct server *server = server_start("--max-connections=10");
    int first = client_connect(server);

    client_echo(first, 1, 1000);
    for (int i = 0; i < 100; i++)
        client_connect(server);
    client_echo(first, 2, 1000);
    kill(server->pid, SIGTERM);
    ck_assert_int_eq(server_wait(server, SOON), 0);
}
END_TEST

/* A shell script that starts it with "&" makes it ignore SIGINT: sh(1). */
START_TEST(sigint_was_ignored)
{
    struct server *server;

    signal(SIGINT, SIG_IGN);
    server = server_start("");
    client_echo(client_connect(server), 1, 1000);
    assert_ends(server, SIGINT);
}
END_TEST

/*
 * Blocked and ignored by whatever has started it: the server ends all the same,
 * and at once.
 */
START_TEST(sigterm_was_blocked)
{
    sigset_t set;
    struct server *server;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGTERM, SIG_IGN);
    server = server_start("");
    client_echo(client_connect(server), 1, 1000);
    assert_ends(server, SIGTERM);
}
END_TEST

/* A user who presses Ctrl-C three times. */
START_TEST(several_at_once)
{
    struct server *server = server_start("");

    server_freeze(server);
    kill(server->pid, SIGINT);
    kill(server->pid, SIGTERM);
    kill(server->pid, SIGINT);
    server_thaw(server);
    ck_assert_int_eq(server_wait(server, SOON), 0);
}
END_TEST

/*
 * Stopped and continued, again and again, in all of its calls: while it waits,
 * and while it echoes.
 */
START_TEST(stop_and_continue)
{
    enum { TIMES = 20, COUNT = 4 };
    struct server *server = server_start("");
    struct stream streams[COUNT];

    for (int i = 0; i < TIMES; i++) {
        pause_for(0.01);
        server_freeze(server);
        server_thaw(server);
    }
    for (int i = 0; i < COUNT; i++)
        streams[i] = (struct stream){.fd = client_connect(server),
                                     .which = case_random(),
                                     .total = 16 * MEBIBYTE,
                                     .half_close = true};
    for (int i = 0; i < TIMES; i++) {
        for (int steps = 0; steps < 8; steps++)
            streams_step(streams, COUNT, client_patience());
        server_freeze(server);
        streams_step(streams, COUNT, 0.01);
        server_thaw(server);
    }
    streams_finish(streams, COUNT);
    assert_ends(server, SIGTERM);
}
END_TEST

void add_signal_cases(void)
{
    case_add(8, "signals-sigint-idle", sigint_idle, ANY_SERVER, 30);
    case_add(8, "signals-sigterm-idle", sigterm_idle, ANY_SERVER, 30);
    case_add(8, "signals-with-connections", with_connections, ANY_SERVER, 30);
    case_add(8, "signals-sigint-while-owed", sigint_while_owed, ANY_SERVER, 60);
    case_add(8, "signals-sigterm-while-owed", sigterm_while_owed, ANY_SERVER,
             60);
    case_add(8, "signals-sigint-busy", sigint_busy, ALONE, 60);
    case_add(8, "signals-sigterm-busy", sigterm_busy, ALONE, 60);
    case_add(8, "signals-while-full", while_full, NEEDS_OPTIONS, 30);
    case_add(8, "signals-sigint-was-ignored", sigint_was_ignored, ANY_SERVER,
             30);
    case_add(8, "signals-sigterm-was-blocked", sigterm_was_blocked,
             NEEDS_OPTIONS, 30);
    case_add(8, "signals-several-at-once", several_at_once, ANY_SERVER, 30);
    case_add(9, "signals-stop-and-continue", stop_and_continue, ANY_SERVER, 60);
}
