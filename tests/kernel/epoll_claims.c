/*
 * What the book says of epoll(7), level-triggered, and of its interest list.
 */
#include "claims.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Put a descriptor into an interest list. */
static void watch(int epoll_fd, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
}

/* The events that are reported for the only descriptor watched; 0 is none. */
static uint32_t reported(int epoll_fd, int timeout_ms)
{
    struct epoll_event event;
    int nready = epoll_wait(epoll_fd, &event, 1, timeout_ms);
    ck_assert_int_ge(nready, 0);
    return nready == 0 ? 0 : event.events;
}

/* What was not read is reported again, by default: epoll(7). */
START_TEST(level_triggered_epoll_reports_unread_data_again)
{
    struct pair pair = open_local_pair();
    int epoll_fd = epoll_create1(0);
    watch(epoll_fd, pair.ours, EPOLLIN);
    send_text(pair.peer, "x");

    for (int times = 0; times < 3; times++)
        ck_assert_uint_eq(reported(epoll_fd, 0), EPOLLIN);
    receive_some(pair.ours);
    ck_assert_uint_eq(reported(epoll_fd, 0), 0);
}
END_TEST

/* When the time is over epoll_wait returns 0: epoll_wait(2). */
START_TEST(epoll_wait_returns_0_at_the_timeout)
{
    struct pair pair = open_local_pair();
    int epoll_fd = epoll_create1(0);
    struct epoll_event event;

    watch(epoll_fd, pair.ours, EPOLLIN);
    ck_assert_int_eq(epoll_wait(epoll_fd, &event, 1, 20), 0);
}
END_TEST

/*
 * A socket with room in its send buffer is writable each time that one asks:
 * a loop that leaves EPOLLOUT on never sleeps.  epoll(7).
 */
START_TEST(interest_in_writable_is_always_ready)
{
    struct pair pair = open_tcp_pair();
    int epoll_fd = epoll_create1(0);
    watch(epoll_fd, pair.ours, EPOLLOUT);

    for (int times = 0; times < 100; times++)
        ck_assert_uint_eq(reported(epoll_fd, 0), EPOLLOUT);
}
END_TEST

/*
 * The peer's FIN is EPOLLRDHUP: nothing more will come, though it can still be
 * sent to.  EPOLLHUP comes when both directions are closed.  epoll_ctl(2).
 */
START_TEST(rdhup_is_one_direction_and_hup_is_both)
{
    struct pair pair = open_tcp_pair();
    int epoll_fd = epoll_create1(0);
    watch(epoll_fd, pair.ours, EPOLLIN | EPOLLRDHUP);

    shutdown(pair.peer, SHUT_WR);
    ck_assert_uint_eq(reported(epoll_fd, PATIENCE_MS), EPOLLIN | EPOLLRDHUP);
    send_text(pair.ours, "still heard");

    shutdown(pair.ours, SHUT_WR);
    ck_assert_uint_eq(reported(epoll_fd, PATIENCE_MS),
                      EPOLLIN | EPOLLRDHUP | EPOLLHUP);
}
END_TEST

/* EPOLLERR and EPOLLHUP are reported unasked: epoll_ctl(2). */
START_TEST(epoll_reports_errors_with_no_interest)
{
    struct pair pair = open_tcp_pair();
    int epoll_fd = epoll_create1(0);
    watch(epoll_fd, pair.ours, 0);

    ck_assert_uint_eq(reported(epoll_fd, 0), 0);
    reset(pair.peer);
    ck_assert_uint_eq(reported(epoll_fd, PATIENCE_MS), EPOLLERR | EPOLLHUP);
}
END_TEST

/* A regular file can't be watched with epoll: EPERM, epoll_ctl(2). */
START_TEST(epoll_refuses_a_regular_file)
{
    struct epoll_event event = {.events = EPOLLIN};
    ck_assert_int_eq(
        epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, open_regular_file(), &event),
        -1);
    ck_assert_int_eq(errno, EPERM);
}
END_TEST

/* Closing the only descriptor takes it off the interest list: epoll(7). */
START_TEST(closing_a_descriptor_ends_the_interest)
{
    struct pair pair = open_local_pair();
    int epoll_fd = epoll_create1(0);
    watch(epoll_fd, pair.ours, EPOLLIN);
    send_text(pair.peer, "x");
    ck_assert_uint_eq(reported(epoll_fd, 0), EPOLLIN);

    close(pair.ours);
    ck_assert_uint_eq(reported(epoll_fd, 0), 0);
}
END_TEST

/*
 * What epoll watches is the open file description: while a dup holds it open,
 * the closed descriptor is reported, and can't even be taken off.  epoll(7).
 */
START_TEST(a_dup_keeps_a_closed_descriptor_reported)
{
    struct pair pair = open_local_pair();
    int epoll_fd = epoll_create1(0);
    struct epoll_event event;
    watch(epoll_fd, pair.ours, EPOLLIN);
    send_text(pair.peer, "x");

    ck_assert_int_ge(dup(pair.ours), 0);
    close(pair.ours);
    ck_assert_int_eq(epoll_wait(epoll_fd, &event, 1, 0), 1);
    ck_assert_int_eq(event.data.fd, pair.ours);
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, pair.ours, NULL), -1);
    ck_assert_int_eq(errno, EBADF);
}
END_TEST

/*
 * With more ready descriptors than fit into its array, epoll_wait goes round:
 * each has its turn before one comes again.  epoll_wait(2).
 */
START_TEST(epoll_wait_takes_turns)
{
    enum { COUNT = 5 };
    int epoll_fd = epoll_create1(0), fd[COUNT];
    for (int i = 0; i < COUNT; i++) {
        struct pair pair = open_local_pair();
        fd[i] = pair.ours;
        watch(epoll_fd, pair.ours, EPOLLIN);
        send_text(pair.peer, "x");
    }

    for (int turn = 0; turn < 3 * COUNT; turn++) {
        struct epoll_event event;
        ck_assert_int_eq(epoll_wait(epoll_fd, &event, 1, 0), 1);
        ck_assert_int_eq(event.data.fd, fd[turn % COUNT]);
    }
}
END_TEST

/*
 * epoll watches a descriptor beyond FD_SETSIZE, and remembers its interest
 * list: the second wait is not told again what to watch.  epoll(7).
 */
START_TEST(epoll_watches_descriptors_beyond_fd_setsize)
{
    struct pair pair = open_local_pair();
    int epoll_fd = epoll_create1(0);
    watch(epoll_fd, move_beyond_fd_setsize(pair.ours), EPOLLIN);

    ck_assert_uint_eq(reported(epoll_fd, 0), 0);
    send_text(pair.peer, "x");
    ck_assert_uint_eq(reported(epoll_fd, 0), EPOLLIN);
}
END_TEST

TCase *epoll_claims(void)
{
    TCase *claims = tcase_create("epoll");
    tcase_add_test(claims, level_triggered_epoll_reports_unread_data_again);
    tcase_add_test(claims, epoll_wait_returns_0_at_the_timeout);
    tcase_add_test(claims, interest_in_writable_is_always_ready);
    tcase_add_test(claims, rdhup_is_one_direction_and_hup_is_both);
    tcase_add_test(claims, epoll_reports_errors_with_no_interest);
    tcase_add_test(claims, epoll_refuses_a_regular_file);
    tcase_add_test(claims, closing_a_descriptor_ends_the_interest);
    tcase_add_test(claims, a_dup_keeps_a_closed_descriptor_reported);
    tcase_add_test(claims, epoll_wait_takes_turns);
    tcase_add_test(claims, epoll_watches_descriptors_beyond_fd_setsize);
    return claims;
}
