/*
 * What the book says of TCP sockets: what accept(2) hands down, what waits in
 * the listener's queue, and how a connection ends.
 */
#include "claims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* On Linux the accepted socket of a non-blocking listener blocks: accept(2). */
START_TEST(an_accepted_socket_does_not_inherit_o_nonblock)
{
    int listen_fd = open_listener();
    connect_to(listen_fd);
    ck_assert_int_eq(fcntl(listen_fd, F_SETFL, O_NONBLOCK), 0);
    await_readable(listen_fd);

    int fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert(fcntl(listen_fd, F_GETFL) & O_NONBLOCK);
    ck_assert(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
}
END_TEST

/* accept4 makes it non-blocking in the same call: accept(2). */
START_TEST(accept4_gives_a_non_blocking_socket)
{
    int listen_fd = open_listener();
    connect_to(listen_fd);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
    ck_assert_int_ge(fd, 0);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
}
END_TEST

/* Is this option of the first connection accepted set? */
static bool is_handed_down(int level, int option, int on)
{
    int listen_fd = open_listener(), value = -1;
    socklen_t length = sizeof(value);
    ck_assert_int_eq(setsockopt(listen_fd, level, option, &on, sizeof(on)), 0);
    connect_to(listen_fd);
    int fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_eq(getsockopt(fd, level, option, &value, &length), 0);
    return value != 0;
}

/* Options of the listener are handed down: once is enough.  tcp(7). */
START_TEST(an_accepted_socket_inherits_tcp_nodelay)
{
    ck_assert(is_handed_down(IPPROTO_TCP, TCP_NODELAY, 1));
    ck_assert(!is_handed_down(IPPROTO_TCP, TCP_NODELAY, 0));
}
END_TEST

/* The same for SO_OOBINLINE, urgent data in line: socket(7). */
START_TEST(an_accepted_socket_inherits_so_oobinline)
{
    ck_assert(is_handed_down(SOL_SOCKET, SO_OOBINLINE, 1));
    ck_assert(!is_handed_down(SOL_SOCKET, SO_OOBINLINE, 0));
}
END_TEST

/* And for SO_KEEPALIVE, which is off until it is asked for: socket(7). */
START_TEST(an_accepted_socket_inherits_so_keepalive)
{
    ck_assert(is_handed_down(SOL_SOCKET, SO_KEEPALIVE, 1));
    ck_assert(!is_handed_down(SOL_SOCKET, SO_KEEPALIVE, 0));
}
END_TEST

/*
 * The kernel completes the handshake: clients are connected, and may even
 * send, while the server has not called accept once.  listen(2).
 */
START_TEST(clients_are_connected_before_accept)
{
    int listen_fd = open_listener();
    for (int i = 0; i < 10; i++)
        send_text(connect_to(listen_fd), "hello");

    int fd = accept(listen_fd, NULL, NULL);
    await_readable(fd);
    ck_assert_uint_eq(receive_some(fd), strlen("hello"));
}
END_TEST

/* From now on accept4 fails with EPERM in this process: seccomp(2). */
static bool forbid_accept4(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_accept4, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {
        .len = sizeof(filter) / sizeof(filter[0]),
        .filter = filter,
    };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* May a process have such a filter here?  It can't be taken off again. */
static bool filters_are_allowed(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(forbid_accept4() ? 0 : 1);
    return waitpid(child, &status, 0) == child && status == 0;
}

static bool is_readable(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

/*
 * An accept that is refused with EPERM, by a security module or as here by a
 * seccomp filter, leaves the client in the queue and the listener readable, as
 * EMFILE does: a loop that goes on watching it spins.  accept(2), seccomp(2).
 */
START_TEST(a_refused_accept_leaves_the_client_in_the_queue)
{
    int listen_fd = open_listener();
    int status;
    send_text(connect_to(listen_fd), "hello");

    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        bool left_there = forbid_accept4();
        for (int times = 0; times < 3; times++)
            if (accept4(listen_fd, NULL, NULL, 0) >= 0 || errno != EPERM ||
                !is_readable(listen_fd))
                left_there = false;
        _exit(left_there ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);

    int fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    await_readable(fd);
    ck_assert_uint_eq(receive_some(fd), strlen("hello"));
}
END_TEST

/*
 * On Linux a client that was reset while it waited in the queue is accepted all
 * the same, and the first receive fails with ECONNRESET.  (On BSD accept fails
 * with ECONNABORTED, which accept(2) allows.)
 */
START_TEST(a_client_reset_in_the_queue_is_accepted)
{
    int listen_fd = open_listener();
    int peer = connect_to(listen_fd);
    int server_port = local_port(listen_fd), client_port = local_port(peer);
    char byte;
    reset(peer);
    await_tcp_state(server_port, client_port, NO_CONNECTION);

    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

/* With SO_OOBINLINE a receive stops short at the urgent byte: tcp(7). */
START_TEST(a_receive_stops_at_the_urgent_mark)
{
    struct pair pair = open_tcp_pair();
    const int on = 1;
    char bytes[8] = "";
    setsockopt(pair.ours, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));

    send_text(pair.peer, "abc");
    ck_assert_int_eq(send(pair.peer, "!", 1, MSG_OOB), 1);
    send_text(pair.peer, "def");
    for (int queued = 0; queued < 7;)
        ck_assert_int_eq(ioctl(pair.ours, FIONREAD, &queued), 0);

    ck_assert_int_eq(recv(pair.ours, bytes, sizeof(bytes), 0), 3);
    ck_assert_mem_eq(bytes, "abc", 3);
    ck_assert_int_eq(recv(pair.ours, bytes, sizeof(bytes), 0), 4);
    ck_assert_mem_eq(bytes, "!def", 4);
}
END_TEST

/*
 * A non-blocking send takes what there is room for, which may be a part; only
 * then it says EAGAIN.  send(2).
 */
START_TEST(a_full_socket_takes_a_part_and_then_nothing)
{
    struct pair pair = open_tcp_pair();
    static const char bytes[64 * 1024 * 1024];
    ssize_t sent = send(pair.ours, bytes, sizeof(bytes), 0);
    ssize_t more;

    ck_assert_int_gt(sent, 0);
    ck_assert_int_lt(sent, (ssize_t)sizeof(bytes));
    /* What has reached the peer meanwhile makes room for some more. */
    while ((more = send(pair.ours, bytes, sizeof(bytes), 0)) > 0)
        ck_assert_int_lt(more, (ssize_t)sizeof(bytes));
    ck_assert_int_eq(more, -1);
    ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

/*
 * A full TCP socket is called writable again when much of its send buffer is
 * free, not when the next byte would find room: no manual page says so, but
 * tcp_poll in the kernel's net/ipv4/tcp.c wants a third.
 */
START_TEST(a_socket_with_little_room_takes_bytes_and_is_not_writable)
{
    struct pair pair = open_tcp_pair();
    struct pollfd entry = {.fd = pair.ours, .events = POLLOUT};
    char dropped[1024];

    fill(pair.ours, false);
    while (send(pair.ours, "x", 1, 0) < 0) {
        ck_assert_int_eq(errno, EAGAIN);
        ck_assert_int_gt(recv(pair.peer, dropped, sizeof(dropped), 0), 0);
    }
    ck_assert_int_eq(poll(&entry, 1, 0), 0);
}
END_TEST

/* After its FIN (half-close) a client can still be sent to: shutdown(2). */
START_TEST(a_half_closed_connection_still_carries_replies)
{
    struct pair pair = open_tcp_pair();
    char byte;
    shutdown(pair.peer, SHUT_WR);
    await_readable(pair.ours);
    ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), 0);

    send_text(pair.ours, "reply");
    await_readable(pair.peer);
    ck_assert_uint_eq(receive_some(pair.peer), strlen("reply"));
}
END_TEST

/* A reset is told once, as ECONNRESET; after that the stream is at its end. */
START_TEST(a_reset_is_told_once)
{
    struct pair pair = open_tcp_pair();
    char byte;
    reset(pair.peer);
    await_readable(pair.ours);
    ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), 0);
}
END_TEST

/* A reset discards nothing that has arrived: that is received first. */
START_TEST(bytes_before_a_reset_can_be_received)
{
    struct pair pair = open_tcp_pair();
    struct pollfd entry = {.fd = pair.ours};
    char byte;
    send_text(pair.peer, "before");
    await_readable(pair.ours);
    reset(pair.peer);
    ck_assert_int_eq(poll(&entry, 1, -1), 1); /* POLLERR */
    ck_assert_uint_eq(receive_some(pair.ours), strlen("before"));
    ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

/* To close with unread data is a reset and not a FIN: RFC 1122, 4.2.2.13. */
START_TEST(closing_with_unread_data_is_a_reset)
{
    struct pair pair = open_tcp_pair();
    char byte;
    send_text(pair.ours, "unread");
    await_readable(pair.peer);
    close(pair.peer);
    await_readable(pair.ours);
    ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

/* Send twice to a peer that was reset: is SIGPIPE raised the second time? */
static bool sigpipe_is_raised(int flags)
{
    struct pair pair = open_tcp_pair();
    sigset_t sigpipe, pending;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &sigpipe, NULL), 0);

    reset(pair.peer);
    await_readable(pair.ours);
    ck_assert_int_eq(send(pair.ours, "x", 1, flags), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_int_eq(send(pair.ours, "x", 1, flags), -1);
    ck_assert_int_eq(errno, EPIPE);

    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

/*
 * To send to a peer that is gone raises SIGPIPE, which ends the process by
 * default; MSG_NOSIGNAL leaves it at the error EPIPE.  send(2).
 */
START_TEST(msg_nosignal_turns_sigpipe_into_an_error)
{
    ck_assert(!sigpipe_is_raised(MSG_NOSIGNAL));
    ck_assert(sigpipe_is_raised(0));
}
END_TEST

TCase *socket_claims(void)
{
    TCase *claims = tcase_create("socket");
    tcase_add_test(claims, an_accepted_socket_does_not_inherit_o_nonblock);
    tcase_add_test(claims, accept4_gives_a_non_blocking_socket);
    tcase_add_test(claims, an_accepted_socket_inherits_tcp_nodelay);
    tcase_add_test(claims, an_accepted_socket_inherits_so_oobinline);
    tcase_add_test(claims, an_accepted_socket_inherits_so_keepalive);
    tcase_add_test(claims, clients_are_connected_before_accept);
    if (filters_are_allowed())
        tcase_add_test(claims, a_refused_accept_leaves_the_client_in_the_queue);
    else
        fprintf(stderr, "kernel_claims: a_refused_accept_leaves_the_client_in_"
                        "the_queue is left out: no seccomp(2) here\n");
    tcase_add_test(claims, a_client_reset_in_the_queue_is_accepted);
    tcase_add_test(claims, a_receive_stops_at_the_urgent_mark);
    tcase_add_test(claims, a_full_socket_takes_a_part_and_then_nothing);
    tcase_add_test(claims,
                   a_socket_with_little_room_takes_bytes_and_is_not_writable);
    tcase_add_test(claims, a_half_closed_connection_still_carries_replies);
    tcase_add_test(claims, a_reset_is_told_once);
    tcase_add_test(claims, bytes_before_a_reset_can_be_received);
    tcase_add_test(claims, closing_with_unread_data_is_a_reset);
    tcase_add_test(claims, msg_nosignal_turns_sigpipe_into_an_error);
    return claims;
}
