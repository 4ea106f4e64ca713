/*
 * What the book says of poll(2).
 */
#include "claims.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* poll asks in events and answers in revents: the question stays.  poll(2). */
START_TEST(poll_leaves_events_alone)
{
    struct pair talking = open_local_pair(), silent = open_local_pair();
    struct pollfd interest[] = {
        {.fd = talking.ours, .events = POLLIN},
        {.fd = silent.ours, .events = POLLIN, .revents = POLLOUT},
    };
    send_text(talking.peer, "x");
    ck_assert_int_eq(poll(interest, 2, 0), 1);
    ck_assert_int_eq(interest[0].events, POLLIN);
    ck_assert_int_eq(interest[0].revents, POLLIN);
    ck_assert_int_eq(interest[1].events, POLLIN);
    ck_assert_int_eq(interest[1].revents, 0);

    /* Asked again with what it left, it watches both. */
    send_text(silent.peer, "x");
    ck_assert_int_eq(poll(interest, 2, 0), 2);
}
END_TEST

/* poll has no FD_SETSIZE: any descriptor that can be had will do.  poll(2). */
START_TEST(poll_watches_descriptors_beyond_fd_setsize)
{
    struct pair pair = open_local_pair();
    struct pollfd entry = {
        .fd = move_beyond_fd_setsize(pair.ours),
        .events = POLLIN,
    };
    ck_assert_int_ge(entry.fd, FD_SETSIZE);
    ck_assert_int_eq(poll(&entry, 1, 0), 0);
    send_text(pair.peer, "x");
    ck_assert_int_eq(poll(&entry, 1, 0), 1);
}
END_TEST

/* What was not read is reported again: poll is level-triggered.  poll(2). */
START_TEST(poll_reports_unread_data_again)
{
    struct pair pair = open_local_pair();
    struct pollfd entry = {.fd = pair.ours, .events = POLLIN};
    send_text(pair.peer, "x");

    for (int times = 0; times < 3; times++)
        ck_assert_int_eq(poll(&entry, 1, 0), 1);
}
END_TEST

/* When the time is over poll returns 0: poll(2). */
START_TEST(poll_returns_0_at_the_timeout)
{
    struct pair pair = open_local_pair();
    struct pollfd entry = {.fd = pair.ours, .events = POLLIN};
    ck_assert_int_eq(poll(&entry, 1, 20), 0);
    ck_assert_int_eq(entry.revents, 0);
}
END_TEST

/*
 * An entry with a negative descriptor is ignored and its revents are 0: a way
 * to leave a descriptor unwatched without moving the entries.  poll(2).
 */
START_TEST(poll_ignores_a_negative_descriptor)
{
    struct pair pair = open_local_pair();
    struct pollfd interest[] = {
        {.fd = -1, .events = POLLIN | POLLOUT, .revents = POLLIN},
        {.fd = pair.ours, .events = POLLIN},
    };
    ck_assert_int_eq(poll(interest, 2, 0), 0);
    ck_assert_int_eq(interest[0].revents, 0);

    send_text(pair.peer, "x");
    ck_assert_int_eq(poll(interest, 2, 0), 1);
    ck_assert_int_eq(interest[0].revents, 0);
}
END_TEST

/*
 * POLLERR and POLLHUP are reported whether they were asked for or not, so a
 * connection that nothing is asked of can still be ready.  poll(2).
 */
START_TEST(poll_reports_errors_with_events_0)
{
    struct pair pair = open_tcp_pair();
    struct pollfd entry = {.fd = pair.ours, .events = 0};
    ck_assert_int_eq(poll(&entry, 1, 0), 0);
    reset(pair.peer);
    ck_assert_int_eq(poll(&entry, 1, PATIENCE_MS), 1);
    ck_assert_int_eq(entry.revents, POLLERR | POLLHUP);
}
END_TEST

/* poll tells of a closed descriptor alone, POLLNVAL, and goes on: poll(2). */
START_TEST(poll_marks_a_closed_descriptor)
{
    struct pair pair = open_local_pair(), closed = open_local_pair();
    struct pollfd interest[] = {
        {.fd = closed.ours, .events = POLLIN},
        {.fd = pair.ours, .events = POLLIN},
    };
    close(closed.ours);
    send_text(pair.peer, "x");
    ck_assert_int_eq(poll(interest, 2, 0), 2);
    ck_assert_int_eq(interest[0].revents, POLLNVAL);
    ck_assert_int_eq(interest[1].revents, POLLIN);
}
END_TEST

/* A regular file is always ready, even an empty one at its end: poll(2). */
START_TEST(poll_says_a_regular_file_is_ready)
{
    struct pollfd entry = {
        .fd = open_regular_file(),
        .events = POLLIN | POLLOUT,
    };
    ck_assert_int_eq(poll(&entry, 1, 0), 1);
    ck_assert_int_eq(entry.revents, POLLIN | POLLOUT);
}
END_TEST

TCase *poll_claims(void)
{
    TCase *claims = tcase_create("poll");
    tcase_add_test(claims, poll_leaves_events_alone);
    tcase_add_test(claims, poll_watches_descriptors_beyond_fd_setsize);
    tcase_add_test(claims, poll_reports_unread_data_again);
    tcase_add_test(claims, poll_returns_0_at_the_timeout);
    tcase_add_test(claims, poll_ignores_a_negative_descriptor);
    tcase_add_test(claims, poll_reports_errors_with_events_0);
    tcase_add_test(claims, poll_marks_a_closed_descriptor);
    tcase_add_test(claims, poll_says_a_regular_file_is_ready);
    return claims;
}
