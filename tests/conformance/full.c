/*
 * full: a server that can take no more connections (contract 5).
 *
 * It has no descriptor left (EMFILE), or --max-connections of them, or it is a
 * select server and FD_SETSIZE is reached.  It prints each reason once, if a
 * client has to wait, and leaves new clients in the kernel's queue, where they
 * are connected and may even send.  They get in when a connection closes, or a
 * second after the limit is gone.
 *
 * The traps: exiting; watching a listener that stays readable, which is a busy
 * loop; never watching it again, so that no client gets in; handing select a
 * descriptor that its sets have no bit for.
 */
#include "case.h"
#include "cases.h"
#include "client.h"
#include "process.h"
#include "words.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LIMIT = 64,        /* RLIMIT_NOFILE of a server that is to be full */
    SPARE = 24,        /* of those, the most that it may need for itself */
    CROWD = 200,       /* clients that want to be served at once */
    CROWD_MOST = 1200, /* more than select can watch */
    LENGTH = 100       /* bytes that each of them sends */
};

/*
 * Begin to connect, and don't wait for it: a server whose queue is short lets
 * the last of a crowd wait for several seconds.
 */
static int begin_to_connect(const struct server *server)
{
    int fd = socket(server->address.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        client_no_socket();
    if (connect(fd, (const struct sockaddr *)&server->address,
                server->address_length) < 0 &&
        errno != EINPROGRESS)
        ck_abort_msg("connect: %s", strerror(errno));
    return fd;
}

/* The clients that want to be served at once, as many as a case gathers. */
static struct stream crowd[CROWD_MOST];

/* Let them come, each with a few bytes to be echoed. */
static void gather(const struct server *server, size_t count)
{
    for (size_t i = 0; i < count; i++)
        crowd[i] = (struct stream){.fd = begin_to_connect(server),
                                   .which = case_random(),
                                   .total = LENGTH};
}

/* How many of the crowd have got their echo? */
static size_t count_served(size_t count)
{
    size_t served = 0;

    for (size_t i = 0; i < count; i++)
        served += crowd[i].received == LENGTH;
    return served;
}

/* Move bytes until nothing has moved for so many seconds. */
static void settle(size_t count, double seconds)
{
    while (streams_step(crowd, count, seconds) > 0)
        continue;
}

/*
 * Move bytes until `goal` of them are served, and then until nothing moves any
 * more: so that a pause of the machine isn't taken for the end.
 */
static void settle_served(size_t count, size_t goal)
{
    while (count_served(count) < goal &&
           streams_step(crowd, count, client_patience()) > 0)
        continue;
    settle(count, 0.5);
}

/*
 * Each of the crowd leaves as soon as it was served, so that another one gets
 * in, until all were.  Who has left before has -1 for a descriptor.
 */
static void serve_in_turn(size_t count)
{
    size_t left = 0;

    for (size_t i = 0; i < count; i++)
        left += crowd[i].fd >= 0;

    while (left > 0) {
        for (size_t i = 0; i < count; i++)
            crowd[i].half_close = crowd[i].received == LENGTH;
        if (streams_step(crowd, count, client_patience()) == 0)
            ck_abort_msg("no byte for %g s: %s of %s clients had been served, "
                         "and those had left or were leaving" EXPECTED
                         "a waiting client is let in when another one leaves",
                         client_patience(), words_number(count_served(count)),
                         words_number(count));
        for (size_t i = 0; i < count; i++) {
            if (crowd[i].end_seen && crowd[i].fd >= 0) {
                close(crowd[i].fd);
                crowd[i].fd = -1;
                left--;
            }
        }
    }
}

/* How many lines has the server printed on stderr? */
static int count_error_lines(const struct server *server)
{
    int lines = 0;

    for (const char *c = server_errors(server); *c != '\0'; c++)
        lines += *c == '\n';
    return lines;
}

/* Set the server's soft RLIMIT_NOFILE from outside, while it runs: prlimit(2).
 */
static void limit_descriptors(const struct server *server, rlim_t soft)
{
    struct rlimit limit;

    if (process_limit(server->pid, RLIMIT_NOFILE, NULL, &limit) < 0)
        ck_abort_msg("prlimit: %s", strerror(errno));
    limit.rlim_cur = soft;
    if (process_limit(server->pid, RLIMIT_NOFILE, &limit, NULL) < 0)
        ck_abort_msg("prlimit: %s", strerror(errno));
}

/* Fail if not as many of the crowd as that have got their echo. */
static void assert_served(size_t served, size_t least, size_t most)
{
    ck_assert_msg(served >= least,
                  "%s clients were served, and no more" EXPECTED
                  "at least %s at the same time",
                  words_number(served), words_number(least));
    ck_assert_msg(served <= most,
                  "%s clients were served at the same time" EXPECTED
                  "at most %s: the limit lets in no more",
                  words_number(served), words_number(most));
}

/* Fail if the server has not printed so many lines on stderr. */
static void assert_error_lines(const struct server *server, int expected)
{
    int lines = count_error_lines(server);

    ck_assert_msg(lines == expected,
                  "the server had printed %d line%s on stderr" EXPECTED
                  "%d: %s",
                  lines, lines == 1 ? "" : "s", expected,
                  expected == 0 ? "no client had to wait"
                                : "each reason for being full once");
}

/* For case_while: that the server may have only so many descriptors. */
static void note_limit(int descriptors)
{
    case_while("%d clients were there and the server could have %d descriptors",
               CROWD, descriptors);
}

/* 200 clients and 64 descriptors: all are served in the end. */
START_TEST(no_descriptors)
{
    struct server *server =
        server_start_with((struct server_setup){.descriptors = LIMIT});
    unsigned before = server_descriptors(server);
    size_t served;

    note_limit(LIMIT);
    gather(server, CROWD);
    settle_served(CROWD, LIMIT - SPARE);
    served = count_served(CROWD);
    assert_served(served, LIMIT - SPARE, LIMIT - 1);
    serve_in_turn(CROWD);
    server_await_descriptors(server, before);
}
END_TEST

/* While it is full it sleeps, and those who are in are served all the same. */
START_TEST(quiet)
{
    struct server *server =
        server_start_with((struct server_setup){.descriptors = LIMIT});
    int fd = client_connect(server);

    client_echo(fd, 0, LENGTH);
    note_limit(LIMIT);
    gather(server, CROWD);
    settle(CROWD, 0.5);
    server_assert_quiet(server, 2.5);
    client_echo(fd, 1, 100 * LENGTH);
    server_assert_quiet(server, 1);
    serve_in_turn(CROWD);
}
END_TEST

/* It is said in one line, however often the server fills up again. */
START_TEST(said_once)
{
    struct server *server =
        server_start_with((struct server_setup){.descriptors = LIMIT});

    note_limit(LIMIT);
    for (int times = 0; times < 3; times++) {
        gather(server, CROWD);
        settle(CROWD, times == 0 ? 1.5 : 0.1);
        serve_in_turn(CROWD);
        assert_error_lines(server, 1);
    }
}
END_TEST

/* Clients that leave while they wait in the queue are no trouble. */
START_TEST(leaving_the_queue)
{
    struct server *server =
        server_start_with((struct server_setup){.descriptors = LIMIT});
    unsigned before = server_descriptors(server);

    note_limit(LIMIT);
    gather(server, CROWD);
    settle(CROWD, 0.5);
    for (size_t i = 0; i < CROWD; i += 2) {
        client_reset(crowd[i].fd);
        crowd[i].fd = -1;
    }
    serve_in_turn(CROWD);
    server_await_descriptors(server, before);
}
END_TEST

/*
 * The limit is raised while nobody leaves: there is no event that tells the
 * server, so it has to try again by itself.
 */
START_TEST(limit_raised)
{
    struct server *server = server_start("");

    limit_descriptors(server, LIMIT);
    note_limit(LIMIT);
    gather(server, CROWD);
    settle(CROWD, 0.5);
    assert_served(count_served(CROWD), 0, LIMIT - 1);

    limit_descriptors(server, CROWD + LIMIT);
    case_while("the server's limit had been raised, and no client left");
    streams_finish(crowd, CROWD);
}
END_TEST

/*
 * More than select can watch, and descriptors enough for all of them.  Each is
 * served in the end, also by a server that can only have 1,024 at once.
 */
START_TEST(beyond_fd_setsize)
{
    enum { COUNT = CROWD_MOST, AT_LEAST = 1000, ROUNDS = 2 };
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < COUNT + SPARE)
        case_skip("only %llu descriptors may be opened here (ulimit -Hn)",
                  (unsigned long long)limit.rlim_max);

    struct server *server = server_start("");
    unsigned before = server_descriptors(server);

    case_while("%s clients were there", words_number(COUNT));
    for (int round = 0; round < ROUNDS; round++) {
        gather(server, COUNT);

        settle_served(COUNT, AT_LEAST);
        assert_served(count_served(COUNT), AT_LEAST, COUNT);
        server_assert_quiet(server, 1);
        serve_in_turn(COUNT);
        server_await_descriptors(server, before);
    }
}
END_TEST

/* --max-connections=10 serves ten, and never one more at once. */
START_TEST(max_connections)
{
    enum { MOST = 10 };
    const struct counters *counts;
    struct server *server =
        server_start_counted("--max-connections=10", &counts);

    gather(server, CROWD);
    settle_served(CROWD, MOST);
    assert_served(count_served(CROWD), MOST, MOST);
    server_assert_quiet(server, 2);
    serve_in_turn(CROWD);
    ck_assert_uint_eq(counts->connections_peak, MOST);
    ck_assert_uint_ge(counts->listener_pauses, 1);
    assert_error_lines(server, 1);
}
END_TEST

/*
 * Exactly as many clients as it may serve, and none that waits: so there is
 * nothing to say.  Then one comes for which there is no place.
 */
START_TEST(not_said_too_early)
{
    enum { MOST = 10 };
    const struct counters *counts;
    struct server *server =
        server_start_counted("--max-connections=10", &counts);

    gather(server, MOST);
    streams_finish(crowd, MOST);
    server_assert_quiet(server, 1.2);
    assert_error_lines(server, 0);
    ck_assert_uint_eq(counts->listener_pauses, 0);

    int waiting = client_connect(server);
    client_send(waiting, "x", 1);
    server_await_count(&counts->listener_pauses, 1);
    client_end(crowd[0].fd);
    client_expect(waiting, "x", 1);
    assert_error_lines(server, 1);
}
END_TEST

/* It is full for another reason than before: that is said as well. */
START_TEST(each_reason_said)
{
    enum { MOST = 10 };
    struct server *server = server_start("--max-connections=10");

    for (int times = 0; times < 2; times++) {
        gather(server, CROWD);
        settle_served(CROWD, MOST);
        serve_in_turn(CROWD);
        assert_error_lines(server, 1);
    }
    ck_assert_ptr_nonnull(strstr(server_errors(server), "--max-connections"));

    limit_descriptors(server, server_descriptors(server) + 2);
    for (int times = 0; times < 2; times++) {
        gather(server, CROWD);
        settle_served(CROWD, 2);
        serve_in_turn(CROWD);
    }
    assert_error_lines(server, 2);
    ck_assert_ptr_nonnull(strstr(server_errors(server), "Too many open files"));
}
END_TEST

/* A server with a crowd of connections, and then a lower limit than that. */
static struct server *start_and_lower_limit(void)
{
    struct server *server = server_start("");

    gather(server, CROWD);
    streams_finish(crowd, CROWD);
    limit_descriptors(server, LIMIT);
    case_while("%d connections were open and the limit had been lowered to %d",
               CROWD, LIMIT);
    return server;
}

/* All of the crowd are served, or served on. */
static void assert_crowd_is_served(void)
{
    for (size_t i = 0; i < CROWD; i++)
        crowd[i].total += LENGTH;
    streams_finish(crowd, CROWD);
}

/*
 * The limit is lowered under a server that has more connections than it now
 * allows.  They are open, so they are served.  (poll(2) then fails with EINVAL:
 * it takes no more entries than RLIMIT_NOFILE has descriptors.)
 */
START_TEST(limit_lowered)
{
    struct server *server = start_and_lower_limit();

    assert_crowd_is_served();
    server_assert_quiet(server, 1);
    for (size_t i = 0; i < CROWD; i++)
        crowd[i].half_close = true;
    assert_crowd_is_served();
}
END_TEST

/*
 * Meanwhile a new client waits, until the limit is raised again.  (Not every
 * runtime can: libuv accepts such a client to close it.)
 */
START_TEST(limit_lowered_and_raised)
{
    struct server *server = start_and_lower_limit();
    int waiting = client_connect(server);

    client_send(waiting, "x", 1);
    server_assert_quiet(server, 1);
    assert_crowd_is_served();
    client_expect_silence(waiting, 0);
    limit_descriptors(server, CROWD + LIMIT);
    client_expect(waiting, "x", 1);
    assert_crowd_is_served();
}
END_TEST

/*
 * The lowest limit there is.  poll(2) then takes no entry at all, so nothing is
 * served; but SIGTERM is noticed, and nothing spins.
 */
START_TEST(limit_of_zero)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    if (server_is_sanitized(server))
        case_skip("a sanitizer needs descriptors to end well");
    client_echo(fd, 1, LENGTH);
    limit_descriptors(server, 0);
    client_connect(server);
    server_assert_quiet(server, 0.5);
    kill(server->pid, SIGTERM);
    ck_assert_int_eq(server_wait(server, client_patience()), 0);
    client_expect_end(fd);
}
END_TEST

/*
 * One at a time, forty in a row: who waits gets in when one leaves, and not
 * only with the next try, a second later; that would take forty seconds.
 */
START_TEST(in_when_one_leaves)
{
    enum { COUNT = 40 };
    struct server *server = server_start("--max-connections=1");
    gather(server, COUNT);
    double start = now();

    serve_in_turn(COUNT);
    ck_assert_double_lt(now() - start, COUNT / 2.0);
}
END_TEST

void add_full_cases(void)
{
    case_add(5, "full-no-descriptors", no_descriptors, ANY_SERVER, 60);
    case_add(5, "full-quiet", quiet, ANY_SERVER, 60);
    case_add(5, "full-said-once", said_once, ANY_SERVER, 90);
    case_add(5, "full-leaving-the-queue", leaving_the_queue, ANY_SERVER, 60);
    case_add(5, "full-limit-raised", limit_raised, ANY_SERVER, 60);
    case_add(5, "full-beyond-fd-setsize", beyond_fd_setsize, ANY_SERVER, 120);
    case_add(5, "full-max-connections", max_connections, NEEDS_OPTIONS, 60);
    case_add(5, "full-not-said-too-early", not_said_too_early, NEEDS_OPTIONS,
             60);
    case_add(5, "full-each-reason-said", each_reason_said, NEEDS_OPTIONS, 90);
    case_add(5, "full-limit-lowered", limit_lowered, ANY_SERVER, 60);
    case_add(5, "full-limit-lowered-and-raised", limit_lowered_and_raised,
             NEEDS_OPTIONS, 60);
    case_add(8, "full-limit-of-zero", limit_of_zero, NEEDS_OPTIONS, 30);
    case_add(5, "full-in-when-one-leaves", in_when_one_leaves, NEEDS_OPTIONS,
             90);
}
