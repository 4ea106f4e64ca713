/*
 * One connection, its other end in the hands of the test.
 *
 * Both ends are a socketpair(2) with buffers that hold very little, so that the
 * kernel takes a part of a reply, or nothing, when the test wants it to.
 */
#include "connection.h"

#include "child.h"
#include "counters.h"
#include "idle.h"
#include "narrate.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The ends: the connection's, and the client's. */
static struct connection *connection;
static int client;

static char sent[RECEIVE_SIZE + 1], echoed[2 * RECEIVE_SIZE];

static void set_option(int fd, int option, int value)
{
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)),
                     0);
}

/* A connection in use. */
static struct connection *start(int fd)
{
    struct connection *started = connection_new(fd);
    ck_assert_ptr_nonnull(started);
    connection_start(started);
    return started;
}

/* Open both ends.  What the client sends can be up to RECEIVE_SIZE + 1. */
static void open_both(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends),
                     0);
    signal(SIGPIPE, SIG_IGN); /* as output_start does */
    client = ends[1];
    set_option(client, SO_SNDBUF, 4 * RECEIVE_SIZE);
    idle_start(1, 0);
    connection = start(ends[0]);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (char)(i % 251);
}

/* From here on the kernel takes as little of a reply as it can. */
static void narrow(void)
{
    set_option(connection->fd, SO_SNDBUF, 1);
}

/* Fill the way to the client with z's, until the kernel takes no more. */
static void fill(void)
{
    ssize_t length;
    do
        length = send(connection->fd, "z", 1, 0);
    while (length == 1);
    ck_assert_int_eq(errno, EAGAIN);
}

/* Let the client send, and the connection receive it. */
static void receive(const char *bytes, size_t length)
{
    ck_assert_int_eq(send(client, bytes, length, 0), length);
    ck_assert_int_eq(connection_receive(connection), length);
}

/* Read at the client's end what there is.  Returns how much. */
static size_t read_echo(char *bytes, size_t most)
{
    ssize_t length = recv(client, bytes, most, 0);
    if (length < 0)
        ck_assert_int_eq(errno, EAGAIN);
    return length < 0 ? 0 : (size_t)length;
}

/* Close the client's end with bytes unread, as a crashed client does: RST. */
static void reset(void)
{
    char byte = 'x';
    ck_assert_int_eq(send(connection->fd, &byte, 1, 0), 1);
    close(client);
}

START_TEST(open_and_close_are_counted)
{
    ck_assert_uint_eq(counters->connections, 1);
    struct connection *second = start(dup(client));
    ck_assert_uint_eq(counters->connections, 2);
    connection_close(second, "enough");
    ck_assert_uint_eq(counters->connections, 1);
    ck_assert_uint_eq(counters->connections_peak, 2);

    int fd = connection->fd;
    connection_close(connection, "enough");
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_int_eq(errno, EBADF);
    ck_assert_uint_eq(counters->connections, 0);

    start(dup(client));
    ck_assert_uint_eq(counters->connections_peak, 2);
}
END_TEST

/* Whatever is written to the counters from outside, the count is right. */
START_TEST(the_count_is_not_the_counter)
{
    counters->connections = 1000;
    ck_assert_uint_eq(connection_count(), 1);
    struct connection *second = start(dup(client));
    ck_assert_uint_eq(connection_count(), 2);
    ck_assert_uint_eq(counters->connections, 2);
    counters->connections = 0;
    connection_close(second, "enough");
    ck_assert_uint_eq(connection_count(), 1);
    ck_assert_uint_eq(counters->connections, 1);
}
END_TEST

/* It is not in use: neither counted nor in the order, and its fd not owned. */
START_TEST(a_new_connection_is_not_started)
{
    struct connection *second = connection_new(dup(client));
    ck_assert_uint_eq(connection_count(), 1);
    connection->last_active -= 5000;
    ck_assert_ptr_eq(idle_expired(), connection);
    free(second);
}
END_TEST

START_TEST(a_new_one_owes_nothing)
{
    ck_assert(!connection_is_sending(connection));
    ck_assert_ptr_null(connection->owed);
}
END_TEST

START_TEST(nothing_to_be_read)
{
    ck_assert_int_eq(connection_receive(connection), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_eq(counters->receives, 1);
    ck_assert_uint_eq(counters->again, 1);
    ck_assert_uint_eq(counters->bytes_received, 0);
}
END_TEST

START_TEST(the_end_of_the_stream)
{
    shutdown(client, SHUT_WR);
    ck_assert_int_eq(connection_receive(connection), 0);
    ck_assert_uint_eq(counters->again, 0);
}
END_TEST

/* One receive, one reply, from 1 byte to the most that one receive takes. */
START_TEST(all_at_once)
{
    static const size_t lengths[] = {1, 2, 1000, RECEIVE_SIZE - 1,
                                     RECEIVE_SIZE};
    size_t length = lengths[_i];
    receive(sent, length);
    ck_assert_int_eq(connection_reply(connection, length), 0);
    ck_assert(!connection_is_sending(connection));
    ck_assert_uint_eq(read_echo(echoed, sizeof(echoed)), length);
    ck_assert_mem_eq(echoed, sent, length);
    ck_assert_uint_eq(counters->receives, 1);
    ck_assert_uint_eq(counters->sends, 1);
    ck_assert_uint_eq(counters->bytes_received, length);
    ck_assert_uint_eq(counters->bytes_sent, length);
}
END_TEST

START_TEST(one_receive_takes_no_more_than_it_may)
{
    ck_assert_int_eq(send(client, sent, sizeof(sent), 0), sizeof(sent));
    ck_assert_int_eq(connection_receive(connection), RECEIVE_SIZE);
    ck_assert_int_eq(connection_receive(connection), 1);
    ck_assert_int_eq(connection_reply(connection, 1), 0);
    ck_assert_uint_eq(read_echo(echoed, sizeof(echoed)), 1);
    ck_assert_int_eq(echoed[0], sent[RECEIVE_SIZE]);
}
END_TEST

/*
 * All connections receive into one buffer, and it still holds what came before:
 * a reply has the bytes that were received just now, and not one more.
 */
START_TEST(a_reply_ends_where_the_bytes_end)
{
    receive(sent, RECEIVE_SIZE);
    ck_assert_int_eq(connection_reply(connection, RECEIVE_SIZE), 0);
    ck_assert_uint_eq(read_echo(echoed, sizeof(echoed)), RECEIVE_SIZE);

    receive("a\0b", 3);
    ck_assert_int_eq(connection_reply(connection, 3), 0);
    ck_assert_uint_eq(read_echo(echoed, sizeof(echoed)), 3);
    ck_assert_mem_eq(echoed, "a\0b", 3);
}
END_TEST

/* The kernel takes a part: the rest is owed, and goes out in order. */
START_TEST(a_part_is_owed)
{
    narrow();
    receive(sent, RECEIVE_SIZE);
    ck_assert_int_eq(connection_reply(connection, RECEIVE_SIZE), 0);
    ck_assert(connection_is_sending(connection));

    size_t taken = counters->bytes_sent, got = 0;
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_eq(taken + connection->owed_length, RECEIVE_SIZE);
    while (connection_is_sending(connection)) {
        got += read_echo(echoed + got, sizeof(echoed) - got);
        ck_assert_int_eq(connection_send_owed(connection), 0);
        ck_assert_uint_gt(counters->bytes_sent, taken); /* else: for ever */
        taken = counters->bytes_sent;
    }
    got += read_echo(echoed + got, sizeof(echoed) - got);
    ck_assert_uint_eq(got, RECEIVE_SIZE);
    ck_assert_mem_eq(echoed, sent, RECEIVE_SIZE);
    ck_assert_uint_gt(counters->sends, 2);
}
END_TEST

/* The kernel takes nothing: all is owed, and an EAGAIN changes nothing. */
START_TEST(all_is_owed)
{
    narrow();
    receive(sent, 5);
    fill();
    ck_assert_int_eq(connection_reply(connection, 5), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(connection_send_owed(connection), 0);
        ck_assert(connection_is_sending(connection));
        ck_assert_uint_eq(connection->owed_length, 5);
        ck_assert_uint_eq(connection->owed_sent, 0);
    }
    ck_assert_uint_eq(counters->again, 4);
    ck_assert_uint_eq(counters->bytes_sent, 0);

    while (read_echo(echoed, 1) == 1)
        ck_assert_int_eq(echoed[0], 'z');
    ck_assert_int_eq(connection_send_owed(connection), 0);
    ck_assert(!connection_is_sending(connection));
    ck_assert_uint_eq(read_echo(echoed, sizeof(echoed)), 5);
    ck_assert_mem_eq(echoed, sent, 5);
}
END_TEST

/* What is owed is a copy: the shared buffer may be used by others meanwhile. */
START_TEST(owed_bytes_are_its_own)
{
    struct connection *first = connection;
    int first_client = client;
    narrow();
    receive(sent, 5);
    fill();
    ck_assert_int_eq(connection_reply(connection, 5), 0);

    open_both();
    receive("OTHER", 5);
    ck_assert_int_eq(connection_reply(connection, 5), 0);

    connection = first;
    client = first_client;
    while (read_echo(echoed, 1) == 1)
        ck_assert_int_eq(echoed[0], 'z');
    ck_assert_int_eq(connection_send_owed(connection), 0);
    ck_assert_uint_eq(read_echo(echoed, sizeof(echoed)), 5);
    ck_assert_mem_eq(echoed, sent, 5);
}
END_TEST

/* Closed while it owes: the copy goes with it (ASan would tell of a leak). */
START_TEST(closed_while_sending)
{
    narrow();
    receive(sent, RECEIVE_SIZE);
    ck_assert_int_eq(connection_reply(connection, RECEIVE_SIZE), 0);
    ck_assert(connection_is_sending(connection));
    connection_close(connection, "enough");
    connection = NULL;
    ck_assert_uint_eq(counters->connections, 0);
}
END_TEST

/* A peer that is gone is an errno, not the SIGPIPE that would end a server. */
START_TEST(reply_to_one_who_is_gone)
{
    receive(sent, 5);
    close(client);
    ck_assert_int_eq(connection_reply(connection, 5), -1);
    ck_assert_int_eq(errno, EPIPE);
    ck_assert(!connection_is_sending(connection));
}
END_TEST

START_TEST(owed_to_one_who_is_gone)
{
    narrow();
    receive(sent, RECEIVE_SIZE);
    ck_assert_int_eq(connection_reply(connection, RECEIVE_SIZE), 0);
    close(client);
    ck_assert_int_eq(connection_send_owed(connection), -1);
    ck_assert(errno == EPIPE || errno == ECONNRESET);
}
END_TEST

START_TEST(receive_from_one_who_is_gone)
{
    reset();
    ck_assert_int_eq(connection_receive(connection), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

/* Which of them count as activity: moved bytes do, an EAGAIN does not. */
START_TEST(moved_bytes_are_activity)
{
    const int64_t long_ago = idle_now() - 5000;

    connection->last_active = long_ago;
    ck_assert_int_eq(connection_receive(connection), -1);
    ck_assert_int_eq(connection->last_active, long_ago);
    ck_assert_ptr_eq(idle_expired(), connection);

    receive(sent, 5);
    ck_assert_int_gt(connection->last_active, long_ago);

    connection->last_active = long_ago;
    ck_assert_int_eq(connection_reply(connection, 5), 0);
    ck_assert_int_gt(connection->last_active, long_ago);
    ck_assert_ptr_null(idle_expired());
}
END_TEST

/* Ready for what it waits for: to receive, and while it is sending, for room.
 */
START_TEST(ready_or_not)
{
    ck_assert(!connection_is_ready(connection));
    send(client, "x", 1, 0);
    ck_assert(connection_is_ready(connection));
    ck_assert_int_eq(connection_receive(connection), 1);
    ck_assert(!connection_is_ready(connection));

    narrow();
    receive(sent, RECEIVE_SIZE);
    ck_assert_int_eq(connection_reply(connection, RECEIVE_SIZE), 0);
    fill();
    send(client, "x", 1, 0);
    ck_assert(!connection_is_ready(connection));
    read_echo(echoed, sizeof(echoed));
    ck_assert(connection_is_ready(connection));
    close(client);
    ck_assert(connection_is_ready(connection));
}
END_TEST

START_TEST(sending_what_is_owed_is_activity)
{
    const int64_t long_ago = idle_now() - 5000;
    narrow();
    receive(sent, RECEIVE_SIZE);
    ck_assert_int_eq(connection_reply(connection, RECEIVE_SIZE), 0);

    fill();
    connection->last_active = long_ago;
    ck_assert_int_eq(connection_send_owed(connection), 0);
    ck_assert_int_eq(connection->last_active, long_ago);

    read_echo(echoed, sizeof(echoed));
    ck_assert_int_eq(connection_send_owed(connection), 0);
    ck_assert_int_gt(connection->last_active, long_ago);
}
END_TEST

START_TEST(told_in_sentences)
{
    struct child child;
    char expected[512];
    int fd = connection->fd;
    if (child_fork(&child)) {
        narrate_start();
        connection_receive(connection); /* EAGAIN: no sentence */
        receive("hello", 5);
        connection_reply(connection, 5);
        shutdown(client, SHUT_RD);
        receive("gone?", 5);
        connection_reply(connection, 5); /* fails: no sentence either */
        connection_close(connection, "it is a test");
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    snprintf(expected, sizeof(expected),
             "connection %d: received 5 bytes: \"hello\"\n"
             "connection %d: sent 5 bytes\n"
             "connection %d: received 5 bytes: \"gone?\"\n"
             "connection %d is closed: it is a test\n",
             fd, fd, fd, fd);
    ck_assert_str_eq(child.out, expected);
}
END_TEST

void add_connection_tests(Suite *suite)
{
    TCase *tests = tcase_create("connection");
    tcase_add_checked_fixture(tests, open_both, NULL);
    tcase_add_test(tests, open_and_close_are_counted);
    tcase_add_test(tests, the_count_is_not_the_counter);
    tcase_add_test(tests, a_new_connection_is_not_started);
    tcase_add_test(tests, a_new_one_owes_nothing);
    tcase_add_test(tests, nothing_to_be_read);
    tcase_add_test(tests, the_end_of_the_stream);
    tcase_add_loop_test(tests, all_at_once, 0, 5);
    tcase_add_test(tests, one_receive_takes_no_more_than_it_may);
    tcase_add_test(tests, a_reply_ends_where_the_bytes_end);
    tcase_add_test(tests, a_part_is_owed);
    tcase_add_test(tests, all_is_owed);
    tcase_add_test(tests, owed_bytes_are_its_own);
    tcase_add_test(tests, closed_while_sending);
    tcase_add_test(tests, reply_to_one_who_is_gone);
    tcase_add_test(tests, owed_to_one_who_is_gone);
    tcase_add_test(tests, receive_from_one_who_is_gone);
    tcase_add_test(tests, moved_bytes_are_activity);
    tcase_add_test(tests, ready_or_not);
    tcase_add_test(tests, sending_what_is_owed_is_activity);
    tcase_add_test(tests, told_in_sentences);
    suite_add_tcase(suite, tests);
}
