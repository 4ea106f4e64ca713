/*
 * What the book says of close(2) on a TCP socket: the kernel goes on sending
 * what it has taken, for as long as it likes, and reports no failure any more.
 */
#include "claims.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The bytes that were sent and are not acknowledged yet: tcp(7). */
static int unacknowledged(int fd)
{
    int length = -1;
    ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &length), 0);
    return length;
}

/* Receive until the end of the stream or a failure; returns the bytes. */
static size_t receive_all(int fd, int *failure)
{
    static char dropped[1024 * 1024];
    size_t total = 0;
    ssize_t received;
    do {
        await_readable(fd);
        received = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
        *failure = received < 0 ? errno : 0;
        if (received > 0)
            total += (size_t)received;
    } while (received > 0);
    return total;
}

/*
 * close returns while bytes are still unacknowledged, and the kernel sends them
 * later: had it waited for them it would not have returned, since they are only
 * received after it.  socket(7), SO_LINGER.
 */
START_TEST(close_leaves_unsent_bytes_to_the_kernel)
{
    struct pair pair = open_tcp_pair();
    int failure;
    size_t sent = fill(pair.ours, false);
    ck_assert_int_gt(unacknowledged(pair.ours), 0);
    close(pair.ours);

    ck_assert_uint_eq(receive_all(pair.peer, &failure), sent);
    ck_assert_int_eq(failure, 0);
}
END_TEST

/*
 * But not forever: a peer that doesn't read in time loses the rest, and the
 * program that closed never learns of it.  tcp(7), tcp_orphan_retries, where
 * "in time" is minutes; TCP_USER_TIMEOUT makes it short here.
 */
START_TEST(bytes_left_to_the_kernel_can_be_lost)
{
    struct pair pair = open_tcp_pair();
    int server_port = local_port(pair.ours),
        client_port = local_port(pair.peer);
    const unsigned int soon_ms = 1;
    int failure;
    ck_assert_int_eq(setsockopt(pair.ours, IPPROTO_TCP, TCP_USER_TIMEOUT,
                                &soon_ms, sizeof(soon_ms)),
                     0);
    size_t sent = fill(pair.ours, false);
    ck_assert_int_eq(close(pair.ours), 0);
    await_tcp_state(server_port, client_port, NO_CONNECTION);

    ck_assert_uint_lt(receive_all(pair.peer, &failure), sent);
    ck_assert_int_eq(failure, ECONNRESET);
}
END_TEST

/*
 * Bytes that arrive after the close are answered with a reset, and what was
 * still to be sent is thrown away: RFC 1122, 4.2.2.13.
 */
START_TEST(bytes_that_arrive_after_close_destroy_the_rest)
{
    struct pair pair = open_tcp_pair();
    int failure;
    size_t sent = fill(pair.ours, false);
    close(pair.ours);
    send_text(pair.peer, "late");

    ck_assert_uint_lt(receive_all(pair.peer, &failure), sent);
    ck_assert_int_eq(failure, ECONNRESET);
}
END_TEST

/*
 * With bytes left unread in our receive buffer, close sends a reset instead of
 * a FIN, and what was still to be sent is thrown away: RFC 2525, 2.17.
 */
START_TEST(closing_with_bytes_unread_destroys_the_rest)
{
    struct pair pair = open_tcp_pair();
    int failure;
    size_t sent = fill(pair.ours, false);
    send_text(pair.peer, "unread");
    await_readable(pair.ours);
    close(pair.ours);

    ck_assert_uint_lt(receive_all(pair.peer, &failure), sent);
    ck_assert_int_eq(failure, ECONNRESET);
}
END_TEST

/* Wait until every byte that was sent is acknowledged. */
static void await_acknowledgement(int fd)
{
    for (int waited_ms = 0; unacknowledged(fd) > 0; waited_ms += 5) {
        ck_assert_int_lt(waited_ms, PATIENCE_MS);
        usleep(5000);
    }
}

/*
 * The acknowledgement comes from the peer's kernel: every byte can be
 * acknowledged while the peer's program has not read one.  tcp(7), SIOCOUTQ.
 */
START_TEST(acknowledged_bytes_may_be_unread)
{
    struct pair pair = open_tcp_pair();
    send_text(pair.ours, "hello");
    await_acknowledgement(pair.ours);
    ck_assert_uint_eq(receive_some(pair.peer), strlen("hello"));
}
END_TEST

/*
 * After shutdown SIOCOUTQ goes on counting what the peer's kernel has not
 * acknowledged, and is 0 only when it has everything.  tcp(7).
 */
START_TEST(siocoutq_counts_what_is_unacknowledged_after_shutdown)
{
    struct pair pair = open_tcp_pair();
    size_t sent = fill(pair.ours, false);
    ck_assert_int_eq(shutdown(pair.ours, SHUT_WR), 0);
    ck_assert_int_gt(unacknowledged(pair.ours), 0);

    drain(pair.peer, sent);
    await_acknowledgement(pair.ours);
}
END_TEST

/*
 * A lingering close: after shutdown the socket is still open, so bytes that
 * arrive late are received instead of answered with a reset, and the peer gets
 * everything.  shutdown(2).
 */
START_TEST(a_lingering_close_loses_nothing_to_late_bytes)
{
    struct pair pair = open_tcp_pair();
    int failure;
    size_t sent = fill(pair.ours, false);
    ck_assert_int_eq(shutdown(pair.ours, SHUT_WR), 0);
    send_text(pair.peer, "late");
    await_readable(pair.ours);
    ck_assert_uint_eq(receive_some(pair.ours), strlen("late"));

    ck_assert_uint_eq(receive_all(pair.peer, &failure), sent);
    ck_assert_int_eq(failure, 0);
}
END_TEST

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
    (void)signal;
    alarms++;
}

/*
 * With a time in SO_LINGER close waits for the peer, even on a non-blocking
 * socket: here until a signal ends the wait.  socket(7), which doesn't say that
 * O_NONBLOCK makes no difference.
 */
START_TEST(close_waits_with_so_linger)
{
    struct pair pair = open_tcp_pair();
    const struct linger minute = {.l_onoff = 1, .l_linger = 60};
    const struct sigaction action = {.sa_handler = count_alarm};
    const struct itimerval soon = {.it_value.tv_usec = 20000};
    ck_assert_int_eq(
        setsockopt(pair.ours, SOL_SOCKET, SO_LINGER, &minute, sizeof(minute)),
        0);
    fill(pair.ours, false);

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
    close(pair.ours);
    ck_assert_int_eq(alarms, 1);
}
END_TEST

/*
 * The end that sends its FIN first keeps the connection in TIME_WAIT; the other
 * end is rid of it at once.  RFC 9293, 3.6.
 */
START_TEST(time_wait_is_kept_by_the_end_that_closes_first)
{
    struct pair pair = open_tcp_pair();
    int first_port = local_port(pair.ours), second_port = local_port(pair.peer);
    char byte;
    close(pair.ours);
    await_readable(pair.peer);
    ck_assert_int_eq(recv(pair.peer, &byte, 1, 0), 0);
    close(pair.peer);

    await_tcp_state(first_port, second_port, TCP_TIME_WAIT);
    await_tcp_state(second_port, first_port, NO_CONNECTION);
    ck_assert_int_eq(tcp_state(first_port, second_port), TCP_TIME_WAIT);
}
END_TEST

TCase *close_claims(void)
{
    TCase *claims = tcase_create("close");
    tcase_add_test(claims, close_leaves_unsent_bytes_to_the_kernel);
    tcase_add_test(claims, bytes_left_to_the_kernel_can_be_lost);
    tcase_add_test(claims, bytes_that_arrive_after_close_destroy_the_rest);
    tcase_add_test(claims, closing_with_bytes_unread_destroys_the_rest);
    tcase_add_test(claims, acknowledged_bytes_may_be_unread);
    tcase_add_test(claims,
                   siocoutq_counts_what_is_unacknowledged_after_shutdown);
    tcase_add_test(claims, a_lingering_close_loses_nothing_to_late_bytes);
    tcase_add_test(claims, close_waits_with_so_linger);
    tcase_add_test(claims, time_wait_is_kept_by_the_end_that_closes_first);
    return claims;
}
