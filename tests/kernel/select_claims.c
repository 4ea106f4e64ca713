/*
 * What the book says of select(2).
 */
#include "claims.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* An interest set of one descriptor. */
static fd_set set_of(int fd)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return set;
}

/* select returns its answer in the sets that it was asked with: select(2). */
START_TEST(select_changes_its_sets)
{
    struct pair talking = open_local_pair(), silent = open_local_pair();
    fd_set readable = set_of(talking.ours);
    FD_SET(silent.ours, &readable);

    send_text(talking.peer, "x");
    ck_assert_int_eq(select(FD_SETSIZE, &readable, NULL, NULL, NULL), 1);
    ck_assert(FD_ISSET(talking.ours, &readable));
    ck_assert(!FD_ISSET(silent.ours, &readable));

    /* Asked again with what it left, it doesn't watch the silent one. */
    receive_some(talking.ours);
    send_text(silent.peer, "x");
    struct timeval now = {0};
    ck_assert_int_eq(select(FD_SETSIZE, &readable, NULL, NULL, &now), 0);
}
END_TEST

/* On Linux select leaves the time that was not slept: select(2), NOTES. */
START_TEST(select_changes_its_timeout)
{
    struct pair pair = open_local_pair();
    fd_set readable = set_of(pair.ours);
    struct timeval timeout = {.tv_sec = 100};
    send_text(pair.peer, "x");
    ck_assert_int_eq(select(FD_SETSIZE, &readable, NULL, NULL, &timeout), 1);
    ck_assert_int_lt(timeout.tv_sec, 100);
    ck_assert_int_gt(timeout.tv_sec, 50);
}
END_TEST

/* pselect does not change its timeout: select(2). */
START_TEST(pselect_leaves_its_timeout_alone)
{
    struct timespec timeout = {.tv_nsec = 20000000};
    ck_assert_int_eq(pselect(0, NULL, NULL, NULL, &timeout, NULL), 0);
    ck_assert_int_eq(timeout.tv_nsec, 20000000);
}
END_TEST

/*
 * An fd_set is a bit for each descriptor from 0 to FD_SETSIZE - 1: FD_SET with
 * a higher number writes behind it.  select(2), NOTES.
 */
START_TEST(an_fd_set_has_fd_setsize_bits)
{
    ck_assert_uint_eq(sizeof(fd_set) * CHAR_BIT, FD_SETSIZE);
    ck_assert_int_eq(FD_SETSIZE, 1024);
}
END_TEST

/*
 * The limit is in the library's fd_set; the system call itself takes longer
 * sets, and finds a descriptor >= FD_SETSIZE ready in one.  select(2), BUGS.
 */
START_TEST(the_fd_setsize_limit_is_not_the_kernels)
{
    enum { BITS = sizeof(unsigned long) * CHAR_BIT };
    struct pair pair = open_local_pair();
    int fd = move_beyond_fd_setsize(pair.ours);
    unsigned long readable[2 * FD_SETSIZE / BITS] = {0};
    const struct timespec now = {0};

    ck_assert_int_lt(fd, 2 * FD_SETSIZE);
    readable[fd / BITS] = 1UL << (fd % BITS);
    send_text(pair.peer, "x");
    ck_assert_int_eq(
        syscall(SYS_pselect6, fd + 1, readable, NULL, NULL, &now, NULL), 1);
    ck_assert_uint_eq(readable[fd / BITS], 1UL << (fd % BITS));
}
END_TEST

/* What was not read is reported again: select is level-triggered. select(2). */
START_TEST(select_reports_unread_data_again)
{
    struct pair pair = open_local_pair();
    send_text(pair.peer, "x");

    for (int times = 0; times < 3; times++) {
        fd_set readable = set_of(pair.ours);
        struct timeval now = {0};
        ck_assert_int_eq(select(FD_SETSIZE, &readable, NULL, NULL, &now), 1);
    }
}
END_TEST

/* When the time is over select returns 0, with its sets empty: select(2). */
START_TEST(select_returns_0_at_the_timeout)
{
    struct pair pair = open_local_pair();
    fd_set readable = set_of(pair.ours);
    struct timeval timeout = {.tv_usec = 20000};

    ck_assert_int_eq(select(FD_SETSIZE, &readable, NULL, NULL, &timeout), 0);
    ck_assert(!FD_ISSET(pair.ours, &readable));
}
END_TEST

/*
 * select has no word for a failure: a connection that was reset is readable
 * and writable, and not exceptional.  select(2), "Correspondence between
 * select() and poll() notifications".
 */
START_TEST(select_reports_a_reset_as_readable_and_writable)
{
    struct pair pair = open_tcp_pair();
    reset(pair.peer);
    await_readable(pair.ours);

    fd_set readable = set_of(pair.ours), writable = readable, other = readable;
    ck_assert_int_eq(select(FD_SETSIZE, &readable, &writable, &other, NULL), 2);
    ck_assert(FD_ISSET(pair.ours, &readable));
    ck_assert(FD_ISSET(pair.ours, &writable));
    ck_assert(!FD_ISSET(pair.ours, &other));
}
END_TEST

/* Only numbers below the first argument are looked at: select(2). */
START_TEST(select_looks_at_numbers_below_nfds_only)
{
    struct pair pair = open_local_pair();
    struct timeval now = {0};
    send_text(pair.peer, "x");

    fd_set readable = set_of(pair.ours);
    ck_assert_int_eq(select(pair.ours, &readable, NULL, NULL, &now), 0);
    readable = set_of(pair.ours);
    ck_assert_int_eq(select(pair.ours + 1, &readable, NULL, NULL, &now), 1);
}
END_TEST

/* A closed descriptor in a set fails the whole call with EBADF: select(2). */
START_TEST(select_fails_with_a_closed_descriptor)
{
    struct pair pair = open_local_pair();
    fd_set readable = set_of(pair.ours);
    close(pair.ours);
    ck_assert_int_eq(select(FD_SETSIZE, &readable, NULL, NULL, NULL), -1);
    ck_assert_int_eq(errno, EBADF);
}
END_TEST

/*
 * A regular file is always ready, even an empty one at its end: readiness says
 * nothing about disks.  select(2).
 */
START_TEST(select_says_a_regular_file_is_ready)
{
    int file = open_regular_file();
    fd_set readable = set_of(file), writable = set_of(file);
    ck_assert_int_eq(select(FD_SETSIZE, &readable, &writable, NULL, NULL), 2);
}
END_TEST

TCase *select_claims(void)
{
    TCase *claims = tcase_create("select");
    tcase_add_test(claims, select_changes_its_sets);
    tcase_add_test(claims, select_changes_its_timeout);
    tcase_add_test(claims, pselect_leaves_its_timeout_alone);
    tcase_add_test(claims, an_fd_set_has_fd_setsize_bits);
    tcase_add_test(claims, the_fd_setsize_limit_is_not_the_kernels);
    tcase_add_test(claims, select_reports_unread_data_again);
    tcase_add_test(claims, select_returns_0_at_the_timeout);
    tcase_add_test(claims, select_reports_a_reset_as_readable_and_writable);
    tcase_add_test(claims, select_looks_at_numbers_below_nfds_only);
    tcase_add_test(claims, select_fails_with_a_closed_descriptor);
    tcase_add_test(claims, select_says_a_regular_file_is_ready);
    return claims;
}
