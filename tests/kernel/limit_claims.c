/*
 * What the book says of RLIMIT_NOFILE, the limit of open files: what accept(2)
 * does at it, and what becomes of descriptors that are open when it is lowered,
 * as prlimit(1) can do under a running server.
 */
#include "claims.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* Set the soft limit: open(2) and accept(2) hand out numbers below it only. */
static void limit_descriptors(rlim_t soft)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The number that the next descriptor will have. */
static int lowest_free_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    ck_assert_int_ge(fd, 0);
    close(fd);
    return fd;
}

/* poll can't be asked below its own limit, so select waits for the bytes. */
static void await_readable_by_select(int fd)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    ck_assert_int_eq(select(fd + 1, &readable, NULL, NULL, &patience), 1);
}

/*
 * At EMFILE accept takes nobody out of the queue: the client waits on, and the
 * listener stays readable, so a loop that goes on watching it spins.
 * accept(2).
 */
START_TEST(accept_at_emfile_leaves_the_client_in_the_queue)
{
    int listen_fd = open_listener();
    send_text(connect_to(listen_fd), "hello");
    await_readable(listen_fd);

    int lowest_free = lowest_free_descriptor();
    limit_descriptors((rlim_t)lowest_free);
    for (int times = 0; times < 3; times++) {
        ck_assert_int_eq(accept(listen_fd, NULL, NULL), -1);
        ck_assert_int_eq(errno, EMFILE);
        await_readable(listen_fd);
    }

    limit_descriptors((rlim_t)lowest_free + 1);
    int fd = accept(listen_fd, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    await_readable(fd);
    ck_assert_uint_eq(receive_some(fd), strlen("hello"));
    limit_descriptors(FD_SETSIZE); /* the address sanitizer's end needs some */
}
END_TEST

/*
 * The soft RLIMIT_NOFILE is one more than the highest number that accept hands
 * out, however few descriptors are open: with FD_SETSIZE there, none comes
 * that select can't watch.  getrlimit(2).
 */
START_TEST(accept_hands_out_numbers_below_the_soft_limit)
{
    int listen_fd = open_listener();
    for (int i = 0; i < 3; i++)
        connect_to(listen_fd);

    int lowest_free = lowest_free_descriptor();
    limit_descriptors((rlim_t)lowest_free + 2);
    ck_assert_int_eq(accept4(listen_fd, NULL, NULL, 0), lowest_free);
    ck_assert_int_eq(accept4(listen_fd, NULL, NULL, 0), lowest_free + 1);
    ck_assert_int_eq(accept4(listen_fd, NULL, NULL, 0), -1);
    ck_assert_int_eq(errno, EMFILE);
    limit_descriptors(FD_SETSIZE); /* the address sanitizer's end needs some */
}
END_TEST

/*
 * accept4 takes a free number before it looks at the queue: at the limit it
 * fails with EMFILE although no client is waiting, and not with EAGAIN.
 */
START_TEST(accept_at_emfile_does_not_look_at_the_queue)
{
    int listen_fd = open_listener();
    ck_assert_int_eq(fcntl(listen_fd, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(accept4(listen_fd, NULL, NULL, 0), -1);
    ck_assert_int_eq(errno, EAGAIN);

    limit_descriptors((rlim_t)lowest_free_descriptor());
    ck_assert_int_eq(accept4(listen_fd, NULL, NULL, 0), -1);
    ck_assert_int_eq(errno, EMFILE);
    limit_descriptors(FD_SETSIZE); /* the address sanitizer's end needs some */
}
END_TEST

/*
 * A descriptor that is open stays open when the limit falls below its number,
 * and bytes go on through it; only new ones are refused.  Raised again, the
 * limit lets them in again.  getrlimit(2).
 */
START_TEST(open_descriptors_outlive_a_lowered_limit)
{
    struct pair pair = open_tcp_pair();
    limit_descriptors(0);

    ck_assert_int_eq(dup(pair.ours), -1);
    ck_assert_int_eq(errno, EMFILE);
    send_text(pair.peer, "x");
    await_readable_by_select(pair.ours);
    ck_assert_uint_eq(receive_some(pair.ours), 1);
    send_text(pair.ours, "y");

    limit_descriptors(FD_SETSIZE);
    ck_assert_int_ge(dup(pair.ours), 0);
}
END_TEST

/*
 * poll fails with EINVAL when its array has more entries than the limit allows
 * open files, although all of them are open.  How high their numbers are makes
 * no difference.  poll(2).
 */
START_TEST(poll_fails_with_more_entries_than_the_limit)
{
    struct pair pair = open_local_pair();
    struct pollfd interest[] = {
        {.fd = pair.ours, .events = POLLIN},
        {.fd = pair.peer, .events = POLLIN},
    };
    send_text(pair.peer, "x");

    limit_descriptors(1);
    ck_assert_int_eq(poll(interest, 2, 0), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(poll(interest, 1, 0), 1);

    limit_descriptors(FD_SETSIZE);
    ck_assert_int_eq(poll(interest, 2, 0), 1);
}
END_TEST

/* select goes on with descriptors above a lowered limit: select(2). */
START_TEST(select_goes_on_above_a_lowered_limit)
{
    struct pair pair = open_local_pair();
    limit_descriptors(0);
    send_text(pair.peer, "x");
    await_readable_by_select(pair.ours);
    limit_descriptors(FD_SETSIZE);
}
END_TEST

/*
 * So does epoll, and it even takes descriptors that are open onto its interest
 * list: epoll_ctl(2).
 */
START_TEST(epoll_goes_on_above_a_lowered_limit)
{
    struct pair first = open_local_pair(), second = open_local_pair();
    struct epoll_event event = {.events = EPOLLIN}, ready[2];
    int epoll_fd = epoll_create1(0);
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, first.ours, &event), 0);
    send_text(first.peer, "x");
    send_text(second.peer, "x");

    limit_descriptors(0);
    ck_assert_int_eq(epoll_wait(epoll_fd, ready, 2, 0), 1);
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, second.ours, &event),
                     0);
    ck_assert_int_eq(epoll_wait(epoll_fd, ready, 2, 0), 2);
    limit_descriptors(FD_SETSIZE);
}
END_TEST

TCase *limit_claims(void)
{
    TCase *claims = tcase_create("limit");
    tcase_add_test(claims, accept_at_emfile_leaves_the_client_in_the_queue);
    tcase_add_test(claims, accept_hands_out_numbers_below_the_soft_limit);
    tcase_add_test(claims, accept_at_emfile_does_not_look_at_the_queue);
    tcase_add_test(claims, open_descriptors_outlive_a_lowered_limit);
    tcase_add_test(claims, poll_fails_with_more_entries_than_the_limit);
    tcase_add_test(claims, select_goes_on_above_a_lowered_limit);
    tcase_add_test(claims, epoll_goes_on_above_a_lowered_limit);
    return claims;
}
