/*
 * faults_test: what a server does when its system calls fail.
 *
 *     faults_test build/tests/faults/faulty_poll_server
 *
 * Each test starts that server with a schedule of faults (faults.c) and asserts
 * on bytes, states and counts: every byte still comes back, or one connection
 * ends and no other; the server goes on; what is to be said is said once; and
 * nothing spins, which the counter of waits shows without a clock.
 */
#include "counters.h"
#include "faulty.h"
#include "talk.h"

#include <check.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

/* Which servers a schedule is for, by the letter of faulty_mechanism. */
#define ALL "sple"
#define EPOLL "le"
#define SELECT_OR_POLL "sp"

/* More than a quiet server waits in any of these tests; a spin has thousands.
 */
enum { FEW_WAITS = 50 };

static struct faulty server;

static bool is_for_this_server(const char *mechanisms)
{
    return strchr(mechanisms, faulty_mechanism()) != NULL;
}

/* Nothing is to be done, and the server waits instead of looking around. */
static void check_quiet(void)
{
    uint64_t before = server.counters->waits;
    talk_pause(200);
    ck_assert_uint_le(server.counters->waits, before + FEW_WAITS);
}

/*
 * Faults after which every byte still comes back.
 */
static const char *const harmless[] = {
    /* Interrupted: the same again, at once. */
    "accept4:EINTR:1-/2",
    "recv:EINTR:1-/2",
    "send:EINTR:1-/2",
    "wait:EINTR:1-/2",
    /* Spurious readiness, seen from both sides. */
    "wait:spurious:1-/2",
    "accept4:EAGAIN:1-/2",
    "recv:EAGAIN:1-/2",
    "send:EAGAIN:1-/2",
    /* Less than was asked for. */
    "recv:short:1-",
    "send:short:1-",
    "recv:short:1-,send:short:1-",
    "send:EAGAIN:1-/3,send:short:2-/3",
    /* A bit of everything, in odd steps. */
    "accept4:ECONNABORTED:1-/2,recv:EINTR:2-/3,recv:EAGAIN:1-/5,"
    "recv:short:1-/4,send:EINTR:3-/7,send:EAGAIN:2-/5,send:short:1-/2,"
    "wait:EINTR:1-/4,wait:spurious:2-/4",
};

START_TEST(every_byte_comes_back)
{
    static const size_t lengths[] = {1, 7, 8, 5000, 30001};
    enum { TALKERS = sizeof(lengths) / sizeof(lengths[0]) };
    int fds[TALKERS];
    uint64_t bytes = 0;
    faulty_start(&server, harmless[_i]);
    for (int i = 0; i < TALKERS; i++)
        fds[i] = talk_connect(server.port);
    for (int i = 0; i < TALKERS; i++) {
        talk_echo(fds[i], lengths[i]);
        bytes += lengths[i];
    }
    check_quiet();
    ck_assert_uint_eq(server.counters->connections, TALKERS);
    for (int i = 0; i < TALKERS; i++)
        talk_finish(fds[i]);

    faulty_stop(&server);
    ck_assert_str_eq(server.errors, "");
    ck_assert_uint_eq(server.counters->bytes_received, bytes);
    ck_assert_uint_eq(server.counters->bytes_sent, bytes);
    ck_assert_uint_eq(server.counters->connections_total, TALKERS);
    ck_assert_uint_eq(server.counters->listener_pauses, 0);
}
END_TEST

/*
 * The client has left before it was accepted, or its network has failed, says
 * accept(2): that is no reason to leave out the next one.
 */
static const char *const gone[] = {
    "ECONNABORTED", "EPROTO",       "ENETDOWN",   "ENOPROTOOPT", "EHOSTDOWN",
    "ENONET",       "EHOSTUNREACH", "EOPNOTSUPP", "ENETUNREACH", "ETIMEDOUT",
};

START_TEST(the_next_client_is_accepted)
{
    char schedule[64];
    snprintf(schedule, sizeof(schedule), "accept4:%s:1-2", gone[_i]);
    faulty_start(&server, schedule);
    int fd = talk_connect(server.port);
    talk_echo(fd, 100);
    check_quiet();
    talk_finish(fd);
    faulty_stop(&server);
    ck_assert_str_eq(server.errors, "");
    ck_assert_uint_eq(server.counters->listener_pauses, 0);
}
END_TEST

/* A whole batch of accepts fails: the loop goes around, and tries the next. */
START_TEST(a_batch_of_clients_gone)
{
    faulty_start(&server, "accept4:ECONNABORTED:1-32");
    int fd = talk_connect(server.port);
    talk_echo(fd, 100);
    talk_finish(fd);
    faulty_stop(&server);
    ck_assert_str_eq(server.errors, "");
    ck_assert_uint_eq(server.counters->listener_pauses, 0);
}
END_TEST

/*
 * Faults that end the connection which they hit, the second one, and no other.
 * The first one has been there before, so "2" is the first call for the second.
 */
struct ending {
    const char *mechanisms;
    const char *schedule;
    const char *said; /* the reason on stderr, where there is one */
};

static const struct ending endings[] = {
    {ALL, "recv:ECONNRESET:2", NULL},
    {ALL, "recv:ETIMEDOUT:2", NULL},
    {ALL, "recv:EHOSTUNREACH:2", NULL},
    {ALL, "send:EPIPE:2", NULL},
    {ALL, "send:ECONNRESET:2", NULL},
    {ALL, "send:ETIMEDOUT:2", NULL},
    /* While bytes are owed. */
    {ALL, "send:EAGAIN:2,send:EPIPE:3", NULL},
    {ALL, "send:EAGAIN:2,send:EINTR:3,send:ECONNRESET:4", NULL},
    /* No memory to keep what is owed. */
    {ALL, "send:EAGAIN:2,malloc:ENOMEM:1", NULL},
};

START_TEST(one_connection_ends)
{
    const struct ending *ending = &endings[_i];
    faulty_start(&server, ending->schedule);
    int first = talk_connect(server.port);
    talk_echo(first, 3);
    unsigned descriptors = faulty_descriptors(&server);
    int second = talk_connect(server.port);
    talk_send(second);
    talk_expect_closed(second);

    talk_echo(first, 1000);
    ck_assert_uint_eq(server.counters->connections, 1);
    ck_assert_uint_eq(faulty_descriptors(&server), descriptors);
    int third = talk_connect(server.port);
    talk_echo(third, 1000);
    ck_assert_uint_eq(server.counters->connections, 2);
    check_quiet();
    talk_finish(first);
    talk_finish(third);

    faulty_stop(&server);
    ck_assert_str_eq(server.errors, "");
    ck_assert_uint_eq(server.counters->connections, 0);
}
END_TEST

/* The one line on stderr that says why new clients have to wait. */
static void check_said_waiting(unsigned connections, const char *reason)
{
    char said[256];
    snprintf(said, sizeof(said),
             ": %u connection%s open, new clients have to wait: %s\n",
             connections, connections == 1 ? "" : "s", reason);
    const char *text = strchr(server.errors, ':');
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, said);
}

/*
 * Full, or refused: the second client can't be accepted, and then, when it is
 * tried again, it can.
 */
static const struct ending full[] = {
    {ALL, "accept4:EMFILE:3-4", "Too many open files"},
    {ALL, "accept4:ENFILE:3-4", "Too many open files in system"},
    {ALL, "accept4:ENOBUFS:3-4", "No buffer space available"},
    {ALL, "accept4:ENOMEM:3-4", "Cannot allocate memory"},
    {ALL, "accept4:EPERM:3-4", "Operation not permitted"},
    {ALL, "accept4:EACCES:3-4", "Permission denied"},
    {ALL, "accept4:ENOSYS:3-4", "Function not implemented"},
    /* Accepted, but there is no memory for the connection. */
    {ALL, "calloc:ENOMEM:2-3", "Cannot allocate memory"},
    /* No room on the interest list: it has the signalfd, the listener and the
       first connection.  The other calls pause the listener and resume it. */
    {EPOLL, "epoll_ctl:ENOSPC:4-7/3", "No space left on device"},
    {EPOLL, "epoll_ctl:ENOMEM:4-7/3", "Cannot allocate memory"},
};

/* The call of the first client is 1; 2 finds an empty queue. */
START_TEST(full_is_said_once_and_passes)
{
    faulty_start(&server, full[_i].schedule);
    int first = talk_connect(server.port);
    talk_echo(first, 3);
    uint64_t waits = server.counters->waits;
    int second = talk_connect(server.port);
    talk_send(second);
    talk_echo(first, 10);
    talk_expect_reply(second); /* no connection closed: it was tried again */

    ck_assert_uint_eq(server.counters->listener_pauses, 2);
    ck_assert_uint_le(server.counters->waits, waits + FEW_WAITS);
    ck_assert_uint_eq(server.counters->connections, 2);
    ck_assert_uint_eq(server.counters->connections_total, 2);
    talk_finish(first);
    talk_finish(second);
    faulty_stop(&server);
    check_said_waiting(1, full[_i].said);
}
END_TEST

/* Without end, also with an error that is usually about a single client. */
static const struct ending full_without_end[] = {
    {ALL, "accept4:EMFILE:3-", "Too many open files"},
    {ALL, "accept4:EPERM:3-", "Operation not permitted"},
    {ALL, "accept4:ECONNABORTED:3-", "Software caused connection abort"},
    {ALL, "calloc:ENOMEM:2-", "Cannot allocate memory"},
    {EPOLL, "epoll_ctl:ENOSPC:4-/3", "No space left on device"},
};

/* For as long as it is full: its connections are served, and nothing spins. */
START_TEST(full_for_ever)
{
    faulty_start(&server, full_without_end[_i].schedule);
    int first = talk_connect(server.port);
    talk_echo(first, 3);
    uint64_t waits = server.counters->waits;
    for (int i = 0; i < 3; i++)
        talk_send(talk_connect(server.port));
    for (int i = 0; i < 5; i++) {
        talk_pause(300);
        talk_echo(first, 10);
    }
    ck_assert_uint_ge(server.counters->listener_pauses, 2);
    ck_assert_uint_le(server.counters->waits, waits + FEW_WAITS);
    ck_assert_uint_eq(server.counters->connections, 1);
    faulty_stop(&server);
    check_said_waiting(1, full_without_end[_i].said);
}
END_TEST

/*
 * As long as a client has to wait, each retry fails: no event, so the server
 * ends by --quit-after all the same.  And it never had two connections.
 */
START_TEST(quits_while_full)
{
    faulty_start_with(&server, full_without_end[_i].schedule, "--quit-after=2",
                      NULL);
    talk_echo(talk_connect(server.port), 3);
    talk_send(talk_connect(server.port));
    faulty_wait(&server);
    ck_assert_int_eq(server.status, EXIT_SUCCESS);
    ck_assert_ptr_nonnull(strstr(server.out, "at most 1 at once"));
    check_said_waiting(1, full_without_end[_i].said);
}
END_TEST

/* Full, and then a connection closes: there is no need to wait for the retry.
 */
static const struct ending full_until[] = {
    {ALL, "accept4:EMFILE:3", NULL},
    {ALL, "calloc:ENOMEM:2", NULL},
    {EPOLL, "epoll_ctl:ENOSPC:4", NULL},
};

START_TEST(full_until_one_closes)
{
    faulty_start(&server, full_until[_i].schedule);
    int first = talk_connect(server.port);
    talk_echo(first, 3);
    int second = talk_connect(server.port);
    talk_send(second);
    while (server.counters->listener_pauses == 0)
        talk_pause(5);
    talk_finish(first);
    talk_expect_reply(second);
    ck_assert_uint_eq(server.counters->listener_pauses, 1);
    talk_finish(second);
    faulty_stop(&server);
}
END_TEST

/*
 * poll's interest set is an array that has to grow: from 64 entries, of which
 * two are taken, when the 63rd client comes.  If that fails, with the first
 * array or the second, the client waits until it works.
 */
START_TEST(no_memory_to_grow)
{
    static const char *const schedules[] = {"reallocarray:ENOMEM:3",
                                            "reallocarray:ENOMEM:4"};
    enum { FIT = 62, TALKERS = 70 };
    int fds[TALKERS];
    faulty_start(&server, schedules[_i]);
    for (int i = 0; i < TALKERS; i++) {
        fds[i] = talk_connect(server.port);
        talk_echo(fds[i], 3);
    }
    for (int i = 0; i < TALKERS; i++)
        talk_echo(fds[i], 3);
    ck_assert_uint_eq(server.counters->connections, TALKERS);
    faulty_stop(&server);
    check_said_waiting(FIT, "Cannot allocate memory");
}
END_TEST

/*
 * The wait itself fails: no memory for the kernel's copy of what is watched,
 * or (poll) more entries than the limit now allows.  All is served on.
 */
static const struct ending refused_waits[] = {
    {SELECT_OR_POLL, "wait:ENOMEM:1-/3", NULL},
    {"p", "wait:EINVAL:1-/3", NULL},
};

START_TEST(the_wait_is_refused)
{
    faulty_start(&server, refused_waits[_i].schedule);
    int first = talk_connect(server.port), second = talk_connect(server.port);
    talk_echo(first, 1000);
    talk_echo(second, 1000);
    check_quiet();
    talk_finish(first);
    talk_finish(second);
    faulty_stop(&server);
    ck_assert_str_eq(server.errors, "");
}
END_TEST

/*
 * The server sleeps for 2.5 s in the middle of a turn, without any signal:
 * after its wait has reported the first client, and before it receives from it.
 * Meanwhile --idle-timeout runs out for both, but the first was active just
 * now, and the second has sent something that the server has not seen yet.
 */
START_TEST(a_pause_in_a_turn)
{
    static const char *const schedules[] = {"recv:pause:3", "wait:pause:5"};
    faulty_start_with(&server, schedules[_i], "--idle-timeout=2", NULL);
    int first = talk_connect(server.port);
    talk_echo(first, 3);
    int second = talk_connect(server.port);
    talk_echo(second, 3);
    talk_send(first);
    talk_pause(300);
    talk_send(second);
    talk_expect_reply(first);
    talk_expect_reply(second);
    ck_assert_uint_eq(server.counters->connections, 2);
    faulty_stop(&server);
}
END_TEST

/*
 * The wait returns because the listener is to be tried again, and then the
 * server sleeps until --quit-after has run out.  But its client has not been
 * silent all that time.
 */
START_TEST(a_pause_before_quitting)
{
    faulty_start_with(&server, "wait:pause:4", "--quit-after=2",
                      "--max-connections=1");
    int first = talk_connect(server.port);
    talk_echo(first, 3);
    talk_connect(server.port);
    while (server.counters->waits < 4)
        talk_pause(5);
    talk_pause(1500);
    talk_send(first);
    talk_expect_reply(first);
    faulty_stop(&server);
}
END_TEST

/*
 * Each wait fills its array of events with connections that are said to be
 * ready, and are not.  The silent ones are closed all the same.
 */
START_TEST(silent_beside_full_waits)
{
    enum { COUNT = 300 };
    static int fds[COUNT];
    faulty_start_with(&server, "wait:spurious:1-", "--idle-timeout=1", NULL);
    for (int i = 0; i < COUNT; i++)
        fds[i] = talk_connect(server.port);
    for (int i = 0; i < COUNT; i++)
        talk_expect_closed(fds[i]);
    /* It can't be stopped: none of its waits reports the signal. */
}
END_TEST

/* What a server can't start or go on without: one line, and exit status 1. */
static const struct ending fatal[] = {
    {ALL, "socket:EMFILE:1",
     "cannot listen at --address=127.0.0.1 --port=0: Too many open files"},
    {ALL, "listen:EADDRINUSE:1",
     "cannot listen at --address=127.0.0.1 --port=0: Address already in use"},
    {ALL, "getaddrinfo:ENOMEM:1",
     "--address=127.0.0.1: Cannot allocate memory"},
    {ALL, "getsockname:ENOBUFS:1", "getsockname: No buffer space available"},
    {ALL, "sigprocmask:EINVAL:2", "sigprocmask: Invalid argument"},
    {ALL, "signalfd:EMFILE:1", "signalfd: Too many open files"},
    {ALL, "posix_fallocate:ENOSPC:1", "No space left on device"},
    {ALL, "mmap:ENOMEM:1", "Cannot allocate memory"},
    {SELECT_OR_POLL, "wait:EBADF:1", "Bad file descriptor"},
    {EPOLL, "wait:EINVAL:1", "Invalid argument"},
    {"s", "getrlimit:EPERM:1", "getrlimit: Operation not permitted"},
    {"s", "setrlimit:EPERM:1", "setrlimit: Operation not permitted"},
    {"p", "reallocarray:ENOMEM:1", "the interest set: Cannot allocate memory"},
    {"p", "reallocarray:ENOMEM:2", "the interest set: Cannot allocate memory"},
    {EPOLL, "epoll_create1:EMFILE:1", "epoll_create1: Too many open files"},
    {EPOLL, "epoll_ctl:ENOSPC:1", "epoll_ctl: No space left on device"},
    {EPOLL, "epoll_ctl:ENOSPC:2", "epoll_ctl: No space left on device"},
};

/* The line that the server said, without its name; there is no other. */
static void check_said_one_line(const char *expected)
{
    char end[256];
    const char *text = strchr(server.errors, ':');
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_eq(strchr(text, '\n'), strrchr(text, '\n'));
    snprintf(end, sizeof(end), ": %s\n", expected);
    const char *found = strstr(text, end);
    ck_assert_msg(found != NULL && strlen(found) == strlen(end),
                  "said \"%s\", not \"%s\"", server.errors, end);
}

START_TEST(cannot_start)
{
    faulty_spawn(&server, fatal[_i].schedule);
    faulty_wait(&server);
    ck_assert_int_eq(server.status, EXIT_FAILURE);
    check_said_one_line(fatal[_i].said);
    /* Only the wait comes after the line that says "ready". */
    if (strstr(fatal[_i].schedule, "wait:") == NULL)
        ck_assert_str_eq(server.out, "");
}
END_TEST

/*
 * To change an interest takes no memory, so it fails only by a mistake of the
 * server's own.  Then it says so and ends, instead of watching the wrong thing.
 */
static const struct ending mistakes[] = {
    /* Pausing the listener, and resuming it. */
    {EPOLL, "accept4:EMFILE:1,epoll_ctl:ENOENT:3", "No such file or directory"},
    {EPOLL, "accept4:EMFILE:1,epoll_ctl:EBADF:4", "Bad file descriptor"},
    /* A connection is to be watched for writable. */
    {"l", "send:EAGAIN:1,epoll_ctl:EBADF:4", "Bad file descriptor"},
};

START_TEST(interest_cannot_be_changed)
{
    char said[64];
    faulty_start(&server, mistakes[_i].schedule);
    /* It may end as soon as it is told of the client. */
    talk_try_send(talk_connect(server.port));
    faulty_wait(&server);
    snprintf(said, sizeof(said), ": epoll_ctl: %s\n", mistakes[_i].said);
    ck_assert_int_eq(server.status, EXIT_FAILURE);
    ck_assert_ptr_nonnull(strstr(server.errors, said));
}
END_TEST

/*
 * select_server lowers its limit so that it never gets a descriptor which
 * select can't watch.  If the limit is raised from outside, such a client has
 * to wait, instead of being written past the end of a set.
 */
START_TEST(limit_raised_from_outside)
{
    enum { SETS_HOLD = 1024, TALKERS = SETS_HOLD + 50 };
    const struct rlimit raised = {TALKERS + 100, TALKERS + 100};
    int fds[TALKERS];
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0) {
        fprintf(stderr, "limit_raised_from_outside: we may not open so many "
                        "files (ulimit -Hn), so nothing was tested\n");
        return;
    }
    faulty_start(&server, "wait:EINTR:1"); /* any harmless fault */
    int room = SETS_HOLD - (int)faulty_descriptors(&server);
    ck_assert_int_eq(prlimit(server.pid, RLIMIT_NOFILE, &raised, NULL), 0);
    for (int i = 0; i < room; i++) {
        fds[i] = talk_connect(server.port);
        talk_echo(fds[i], 3);
    }
    for (int i = room; i < TALKERS; i++) {
        fds[i] = talk_connect(server.port);
        talk_send(fds[i]);
    }
    while (server.counters->listener_pauses == 0)
        talk_pause(5);
    ck_assert_uint_eq(server.counters->connections, room);

    /* Those it has are served, and each that leaves makes room for one. */
    talk_echo(fds[room - 1], 1000);
    for (int i = room; i < TALKERS; i++) {
        talk_finish(fds[i - room]);
        talk_expect_reply(fds[i]);
    }
    faulty_stop(&server);
    check_said_waiting((unsigned)room, "Too many open files");
}
END_TEST

/* An address that has no name doesn't keep the server from listening. */
START_TEST(an_address_without_a_name)
{
    faulty_spawn(&server, "getnameinfo:ENOMEM:1,wait:EBADF:1");
    faulty_wait(&server);
    ck_assert_ptr_nonnull(strstr(server.out, "listening on (System error)\n"));
}
END_TEST

/* How many entries a table has. */
#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Add a test for each entry of a table that is for this server. */
static void add_table(TCase *tests, const TTest *test,
                      const struct ending table[], int count)
{
    for (int i = 0; i < count; i++)
        if (is_for_this_server(table[i].mechanisms))
            tcase_add_loop_test(tests, test, i, i + 1);
}

static Suite *faults_suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_byte_comes_back, 0, COUNT(harmless));
    tcase_add_loop_test(tests, the_next_client_is_accepted, 0, COUNT(gone));
    tcase_add_test(tests, a_batch_of_clients_gone);
    add_table(tests, one_connection_ends, endings, COUNT(endings));
    add_table(tests, full_is_said_once_and_passes, full, COUNT(full));
    add_table(tests, full_for_ever, full_without_end, COUNT(full_without_end));
    add_table(tests, quits_while_full, full_without_end,
              COUNT(full_without_end));
    add_table(tests, full_until_one_closes, full_until, COUNT(full_until));
    add_table(tests, the_wait_is_refused, refused_waits, COUNT(refused_waits));
    /* With edge-triggered epoll the number of waits is a matter of chance. */
    tcase_add_loop_test(tests, a_pause_in_a_turn, 0,
                        faulty_mechanism() == EDGE ? 1 : 2);
    tcase_add_test(tests, a_pause_before_quitting);
    if (faulty_mechanism() == LEVEL || faulty_mechanism() == EDGE)
        tcase_add_test(tests, silent_beside_full_waits);
    if (faulty_mechanism() == POLL)
        tcase_add_loop_test(tests, no_memory_to_grow, 0, 2);
    add_table(tests, cannot_start, fatal, COUNT(fatal));
    add_table(tests, interest_cannot_be_changed, mistakes, COUNT(mistakes));
    if (faulty_mechanism() == SELECT)
        tcase_add_test(tests, limit_raised_from_outside);
    tcase_add_test(tests, an_address_without_a_name);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        errx(EX_USAGE, "usage: faults_test FAULTY_SERVER");
    faulty_set_path(argv[1]);
    if (!is_for_this_server(ALL))
        errx(EX_USAGE, "%s: not a faulty server", argv[1]);

    SRunner *runner = srunner_create(faults_suite());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
