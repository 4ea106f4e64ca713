/*
 * What the book says of a peer that vanishes without a FIN or a reset: its
 * machine has lost power, or the network between has gone.
 *
 * A test can't pull the plug of 127.0.0.1, but a socket filter that drops every
 * packet has the same effect: what is sent to the peer from then on is never
 * answered.  socket(7), SO_ATTACH_FILTER.
 */
#include "claims.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* No packet reaches this socket any more. */
static void vanish(int fd)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &drop};
    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
        0);
}

static void set_tcp_option(int fd, int option, int value)
{
    ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)),
                     0);
}

/* A probe after one second of silence, and the end a second after that. */
enum { KEEPALIVE_MS = 2000 };

static void keep_alive(int fd)
{
    const int on = 1;
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)),
                     0);
    set_tcp_option(fd, TCP_KEEPIDLE, 1);
    set_tcp_option(fd, TCP_KEEPINTVL, 1);
    set_tcp_option(fd, TCP_KEEPCNT, 1);
}

/* Is anything reported of this socket within that time, even a failure? */
static bool is_reported(int fd, int timeout_ms)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int nready = poll(&entry, 1, timeout_ms);
    ck_assert_int_ge(nready, 0);
    return nready == 1;
}

/* The failure that the next receive returns; it must fail. */
static int failure_of(int fd)
{
    char byte;
    ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
    return errno;
}

/*
 * A connection to a peer that has vanished looks like one to a silent peer.  A
 * send succeeds, since it only fills the send buffer.  send(2).
 */
START_TEST(a_vanished_peer_looks_like_a_silent_one)
{
    struct pair pair = open_tcp_pair();
    vanish(pair.peer);

    ck_assert(!is_reported(pair.ours, 20));
    send_text(pair.ours, "anyone?");
    ck_assert(!is_reported(pair.ours, 20));
    ck_assert_int_eq(failure_of(pair.ours), EAGAIN);

    int unacknowledged = -1; /* a silent peer's kernel would have answered */
    ck_assert_int_eq(ioctl(pair.ours, SIOCOUTQ, &unacknowledged), 0);
    ck_assert_int_eq(unacknowledged, strlen("anyone?"));
}
END_TEST

/*
 * With SO_KEEPALIVE the kernel probes a silent connection.  When the probes
 * stay unanswered it ends the connection with ETIMEDOUT.  tcp(7).
 */
START_TEST(keepalive_ends_a_connection_whose_peer_has_vanished)
{
    struct pair pair = open_tcp_pair();
    keep_alive(pair.ours);
    vanish(pair.peer);

    ck_assert(is_reported(pair.ours, KEEPALIVE_MS + PATIENCE_MS));
    ck_assert_int_eq(failure_of(pair.ours), ETIMEDOUT);
}
END_TEST

/*
 * The peer's kernel answers a probe, whatever its program does: a peer that is
 * merely silent stays connected.  tcp(7).
 */
START_TEST(keepalive_leaves_a_silent_peer_connected)
{
    struct pair pair = open_tcp_pair();
    keep_alive(pair.ours);

    ck_assert(!is_reported(pair.ours, 2 * KEEPALIVE_MS));
    send_text(pair.ours, "hello");
    await_readable(pair.peer);
}
END_TEST

/*
 * While bytes are unacknowledged there are no probes: the kernel repeats the
 * bytes instead, for as long as tcp_retries2 says.  tcp(7).
 */
START_TEST(keepalive_is_silent_while_bytes_are_unacknowledged)
{
    struct pair pair = open_tcp_pair();
    keep_alive(pair.ours);
    vanish(pair.peer);
    send_text(pair.ours, "anyone?");

    ck_assert(!is_reported(pair.ours, 2 * KEEPALIVE_MS));
}
END_TEST

/*
 * TCP_USER_TIMEOUT limits how long sent bytes may stay unacknowledged; then the
 * connection ends with ETIMEDOUT.  tcp(7).
 */
START_TEST(a_user_timeout_limits_unacknowledged_bytes)
{
    struct pair pair = open_tcp_pair();
    set_tcp_option(pair.ours, TCP_USER_TIMEOUT, 100);
    vanish(pair.peer);
    send_text(pair.ours, "anyone?");

    ck_assert(is_reported(pair.ours, PATIENCE_MS));
    ck_assert_int_eq(failure_of(pair.ours), ETIMEDOUT);
}
END_TEST

TCase *vanished_claims(void)
{
    TCase *claims = tcase_create("vanished");
    tcase_add_test(claims, a_vanished_peer_looks_like_a_silent_one);
    tcase_add_test(claims, keepalive_ends_a_connection_whose_peer_has_vanished);
    tcase_add_test(claims, keepalive_leaves_a_silent_peer_connected);
    tcase_add_test(claims, keepalive_is_silent_while_bytes_are_unacknowledged);
    tcase_add_test(claims, a_user_timeout_limits_unacknowledged_bytes);
    return claims;
}
