/*
 * The listening socket, with clients on the loopback.
 */
#include "listener.h"

#include "child.h"
#include "connection.h"
#include "counters.h"
#include "idle.h"
#include "narrate.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct options on_any_port = {.address = "127.0.0.1",
                                           .backlog = 10};

static int port_of(int fd)
{
    struct sockaddr_in6 address; /* the port of IPv4 has the same place */
    socklen_t length = sizeof(address);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin6_port);
}

/* A client that waits to be accepted. */
static int connect_to(const struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    struct pollfd entry = {.fd = listener->fd, .events = POLLIN};
    getsockname(listener->fd, (struct sockaddr *)&address, &length);
    int fd = socket(address.ss_family, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(poll(&entry, 1, 10000), 1);
    return fd;
}

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);
    ck_assert_int_eq(getsockopt(fd, level, option, &value, &length), 0);
    return value;
}

START_TEST(it_listens_and_does_not_block)
{
    struct listener listener = listener_open(&on_any_port);
    ck_assert_int_ne(option_of(listener.fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    ck_assert_int_ne(option_of(listener.fd, SOL_SOCKET, SO_REUSEADDR), 0);
    ck_assert_int_ne(fcntl(listener.fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(listener.fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_gt(port_of(listener.fd), 0);
    ck_assert(!listener.paused);
}
END_TEST

START_TEST(nobody_waits)
{
    struct listener listener = listener_open(&on_any_port);
    int fd;
    ck_assert_int_eq(listener_accept(&listener, &fd), NOBODY_WAITING);
    ck_assert_uint_eq(counters->accepts, 1);
    ck_assert_uint_eq(counters->again, 1);
}
END_TEST

START_TEST(what_an_accepted_socket_has)
{
    struct listener listener = listener_open(&on_any_port);
    int fd;
    connect_to(&listener);
    ck_assert_int_eq(listener_accept(&listener, &fd), ACCEPTED);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_ne(option_of(fd, SOL_SOCKET, SO_OOBINLINE), 0);
    ck_assert_int_ne(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_eq(listener_accept(&listener, &fd), NOBODY_WAITING);
}
END_TEST

/* Accept a client, and let it be a connection. */
static struct connection *take_in(struct listener *listener)
{
    int fd;
    ck_assert_int_eq(listener_accept(listener, &fd), ACCEPTED);
    struct connection *connection = connection_new(fd);
    connection_start(connection);
    return connection;
}

START_TEST(full_by_max_connections)
{
    struct child child;
    if (child_fork(&child)) {
        struct options options = on_any_port;
        options.max_connections = 2;
        struct listener listener = listener_open(&options);
        int fd;
        for (int i = 0; i < 3; i++)
            connect_to(&listener);
        take_in(&listener);
        struct connection *second = take_in(&listener);
        ck_assert_int_eq(listener_accept(&listener, &fd), FULL);
        ck_assert_int_eq(listener_accept(&listener, &fd), FULL);
        ck_assert_uint_eq(counters->accepts, 2); /* the third was not tried */
        connection_close(second, "");
        take_in(&listener);
        connect_to(&listener);
        ck_assert_int_eq(listener_accept(&listener, &fd), FULL);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    /* Said once, although it was so three times. */
    ck_assert_str_eq(child.errors,
                     "unit: 2 connections open, new clients have to wait: "
                     "--max-connections\n");
}
END_TEST

/* Lower the limit so that this process gets no further descriptor. */
static void allow_no_descriptor(void)
{
    struct rlimit limit;
    int next = dup(STDIN_FILENO);
    close(next);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void allow_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Each reason is said once: first one, then the other, then both again. */
START_TEST(full_by_descriptors)
{
    struct child child;
    if (child_fork(&child)) {
        struct options options = on_any_port;
        options.max_connections = 1;
        struct listener listener = listener_open(&options);
        int fd;
        connect_to(&listener);
        connect_to(&listener);
        for (int i = 0; i < 2; i++) {
            allow_no_descriptor();
            ck_assert_int_eq(listener_accept(&listener, &fd), FULL);
            ck_assert_int_eq(listener_accept(&listener, &fd), FULL);
            allow_descriptors();
            struct connection *connection = take_in(&listener);
            if (i == 1)
                break;
            ck_assert_int_eq(listener_accept(&listener, &fd), FULL);
            connection_close(connection, "");
        }
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(child.errors,
                     "unit: 0 connections open, new clients have to wait: "
                     "Too many open files\n"
                     "unit: 1 connection open, new clients have to wait: "
                     "--max-connections\n");
}
END_TEST

/* A server that can't accept is not full as long as the queue is empty. */
START_TEST(not_full_without_a_client)
{
    struct child child;
    if (child_fork(&child)) {
        struct options options = on_any_port;
        options.max_connections = 1;
        struct listener listener = listener_open(&options);
        int fd;
        connect_to(&listener);
        take_in(&listener);
        ck_assert_int_eq(listener_accept(&listener, &fd), NOBODY_WAITING);
        listener.max_connections = 0;
        allow_no_descriptor();
        ck_assert_int_eq(listener_accept(&listener, &fd), NOBODY_WAITING);
        allow_descriptors(); /* to end well a sanitizer opens files */
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(child.errors, "");
}
END_TEST

/* It is accepted again, before all others, by the lowest free number. */
START_TEST(a_client_is_put_back)
{
    struct child child;
    if (child_fork(&child)) {
        struct listener listener = listener_open(&on_any_port);
        int first, second, fd;
        char byte = 0;
        int client = connect_to(&listener);
        connect_to(&listener);
        ck_assert_int_eq(listener_accept(&listener, &first), ACCEPTED);
        ck_assert_int_eq(listener_accept(&listener, &second), ACCEPTED);
        close(first);
        first = dup2(second, first + 100);
        errno = ENOSPC;
        listener_put_back(&listener, first);
        ck_assert_int_eq(listener_accept(&listener, &fd), ACCEPTED);
        ck_assert_int_lt(fd, first);
        ck_assert_uint_eq(counters->accepts, 2); /* it was accepted before */
        ck_assert_uint_eq(counters->connections_total, 2);
        ck_assert_int_eq(fcntl(first, F_GETFD), -1);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        ck_assert_int_eq(listener_accept(&listener, &first), NOBODY_WAITING);
        ck_assert_int_eq(recv(client, &byte, 1, 0), 0);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_SUCCESS);
    ck_assert_str_eq(child.errors,
                     "unit: 0 connections open, new clients have to wait: No "
                     "space left on device\n");
}
END_TEST

START_TEST(pause_and_resume)
{
    struct listener listener = {.fd = -1};
    idle_start(0, 0);
    ck_assert(!listener_retry_is_due(&listener));

    listener_pause(&listener);
    ck_assert(listener.paused);
    ck_assert_uint_eq(counters->listener_pauses, 1);
    ck_assert_int_le(idle_wait_ms(&listener), LISTENER_RETRY_MS);

    listener.retry_at = idle_now() + 100000;
    ck_assert(!listener_retry_is_due(&listener));
    listener.retry_at = idle_now();
    ck_assert(listener_retry_is_due(&listener));

    listener_pause(&listener);
    listener_retry_soon(&listener);
    ck_assert(listener_retry_is_due(&listener));
    ck_assert_int_eq(idle_wait_ms(&listener), 0);

    listener_resume(&listener);
    ck_assert(!listener.paused);
    ck_assert(!listener_retry_is_due(&listener));
    ck_assert_int_eq(idle_wait_ms(&listener), -1);
}
END_TEST

/* Open, and tell where: `address` as given, `shown` as it is announced. */
static void check_announced(const char *address, const char *shown)
{
    struct child child;
    char expected[256];
    const struct options options = {.address = address, .backlog = 10};
    struct listener listener = listener_open(&options);
    if (child_fork(&child)) {
        listener_announce(&listener);
        _Exit(EXIT_SUCCESS); /* without flushing: it has been, already */
    }
    child_wait(&child);
    snprintf(expected, sizeof(expected), "unit: listening on %s:%d\n", shown,
             port_of(listener.fd));
    ck_assert_str_eq(child.out, expected);
}

START_TEST(announced)
{
    check_announced("127.0.0.1", "127.0.0.1");
    check_announced("0.0.0.0", "0.0.0.0");
}
END_TEST

START_TEST(announced_ipv6)
{
    check_announced("::1", "[::1]");
    check_announced("::", "[::]");
}
END_TEST

START_TEST(the_port_that_was_asked_for)
{
    struct listener listener = listener_open(&on_any_port);
    struct options options = on_any_port;
    options.port = port_of(listener.fd);
    close(listener.fd);
    listener = listener_open(&options);
    ck_assert_int_eq(port_of(listener.fd), options.port);
}
END_TEST

/* In TIME_WAIT is the side that closed first: here, the server's. */
START_TEST(start_again_at_once)
{
    struct listener listener = listener_open(&on_any_port);
    struct options options = on_any_port;
    char byte;
    int client = connect_to(&listener), fd;
    options.port = port_of(listener.fd);
    ck_assert_int_eq(listener_accept(&listener, &fd), ACCEPTED);
    close(fd);
    ck_assert_int_eq(read(client, &byte, 1), 0);
    close(client);
    close(listener.fd);
    listener = listener_open(&options);
    ck_assert_int_eq(port_of(listener.fd), options.port);
}
END_TEST

/* One line and exit status 1, which says what was asked for and why not. */
static void check_refused(const struct options *options, const char *answer)
{
    struct child child;
    if (child_fork(&child)) {
        listener_open(options);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, EXIT_FAILURE);
    ck_assert_str_eq(child.errors, answer);
}

START_TEST(a_port_in_use)
{
    struct listener listener = listener_open(&on_any_port);
    struct options options = on_any_port;
    char answer[256];
    options.port = port_of(listener.fd);
    snprintf(answer, sizeof(answer),
             "unit: cannot listen at --address=127.0.0.1 --port=%d: Address "
             "already in use\n",
             options.port);
    check_refused(&options, answer);
}
END_TEST

START_TEST(an_address_of_another_machine)
{
    const struct options options = {.address = "192.0.2.1", .backlog = 10};
    check_refused(&options,
                  "unit: cannot listen at --address=192.0.2.1 --port=0: Cannot "
                  "assign requested address\n");
}
END_TEST

START_TEST(not_an_address)
{
    const struct options options = {.address = "no..name", .backlog = 10};
    struct child child;
    if (child_fork(&child)) {
        listener_open(&options);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    /* Whether the name is unknown or nobody can be asked is the resolver's. */
    ck_assert_int_eq(child.status, EXIT_FAILURE);
    ck_assert_uint_eq(count_lines(child.errors), 1);
    ck_assert_ptr_nonnull(strstr(child.errors, "unit: --address=no..name: "));
}
END_TEST

START_TEST(told_in_sentences)
{
    struct child child;
    char expected[512];
    struct listener listener = listener_open(&on_any_port);
    int client = connect_to(&listener);
    if (child_fork(&child)) {
        int fd;
        narrate_start();
        listener_accept(&listener, &fd);
        listener_pause(&listener);
        listener_resume(&listener);
        exit(fd);
    }
    child_wait(&child);
    snprintf(expected, sizeof(expected),
             "connection %d from 127.0.0.1:%d is accepted\n"
             "full: the listener is not watched until a connection closes, or "
             "for 1000 ms\n"
             "the listener is watched again\n",
             child.status, port_of(client));
    ck_assert_str_eq(child.out, expected);
}
END_TEST

/* Has this machine an IPv6 loopback?  Some containers have none. */
static bool has_ipv6(void)
{
    const struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                         .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool works =
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return works;
}

void add_listener_tests(Suite *suite)
{
    TCase *tests = tcase_create("listener");
    tcase_set_timeout(tests, 30); /* a resolver may take its time */
    tcase_add_test(tests, it_listens_and_does_not_block);
    tcase_add_test(tests, nobody_waits);
    tcase_add_test(tests, what_an_accepted_socket_has);
    tcase_add_test(tests, full_by_max_connections);
    tcase_add_test(tests, full_by_descriptors);
    tcase_add_test(tests, not_full_without_a_client);
    tcase_add_test(tests, a_client_is_put_back);
    tcase_add_test(tests, pause_and_resume);
    tcase_add_test(tests, announced);
    if (has_ipv6())
        tcase_add_test(tests, announced_ipv6);
    tcase_add_test(tests, the_port_that_was_asked_for);
    tcase_add_test(tests, start_again_at_once);
    tcase_add_test(tests, a_port_in_use);
    tcase_add_test(tests, an_address_of_another_machine);
    tcase_add_test(tests, not_an_address);
    tcase_add_test(tests, told_in_sentences);
    suite_add_tcase(suite, tests);
}
