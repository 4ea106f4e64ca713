/*
 * What the book says of pipes, which is where the output of a server often
 * goes: `select_server --verbose | less`.  pipe(7).
 */
#include "claims.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

/* A pipe: to write into ours is to send to the peer. */
static struct pair open_pipe(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    return (struct pair){.ours = ends[1], .peer = ends[0]};
}

/* What poll reports for the writing end. */
static int reported(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    ck_assert_int_ge(poll(&entry, 1, 0), 0);
    return entry.revents;
}

/* Write until there is no more room.  The end stays non-blocking. */
static void fill_pipe(int fd)
{
    static const char page[PIPE_BUF];
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, page, sizeof(page)) == PIPE_BUF)
        continue;
    ck_assert_int_eq(errno, EAGAIN);
}

static void do_nothing(int signal)
{
    (void)signal;
}

/*
 * A write to a full pipe that nobody reads blocks: here only a signal ends it.
 * pipe(7), "I/O on pipes and FIFOs".
 */
START_TEST(a_write_to_a_full_pipe_blocks)
{
    struct pair pipe = open_pipe();
    const struct sigaction action = {.sa_handler = do_nothing};
    const struct itimerval soon_and_often = {
        .it_value.tv_usec = 20000,
        .it_interval.tv_usec = 20000,
    };
    fill_pipe(pipe.ours);
    ck_assert_int_eq(fcntl(pipe.ours, F_SETFL, 0), 0);
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &soon_and_often, NULL), 0);

    ck_assert_int_eq(write(pipe.ours, "x", 1), -1);
    ck_assert_int_eq(errno, EINTR);
}
END_TEST

/*
 * A pipe is writable when PIPE_BUF bytes find room, so that a write of that
 * many does not block: pipe(7).
 */
START_TEST(a_pipe_is_writable_when_pipe_buf_bytes_fit)
{
    struct pair pipe = open_pipe();
    char page[PIPE_BUF] = "";
    ck_assert_int_eq(reported(pipe.ours), POLLOUT);
    fill_pipe(pipe.ours);
    ck_assert_int_eq(reported(pipe.ours), 0);

    ck_assert_int_eq(read(pipe.peer, page, PIPE_BUF - 1), PIPE_BUF - 1);
    ck_assert_int_eq(reported(pipe.ours), 0);
    ck_assert_int_eq(read(pipe.peer, page, 1), 1);
    ck_assert_int_eq(reported(pipe.ours), POLLOUT);
    ck_assert_int_eq(write(pipe.ours, page, PIPE_BUF), PIPE_BUF);
}
END_TEST

/* The writing end of a pipe without a reader is in error: poll(2). */
START_TEST(poll_reports_a_pipe_without_a_reader)
{
    struct pair pipe = open_pipe();
    ck_assert_int_eq(reported(pipe.ours) & POLLERR, 0);
    close(pipe.peer);
    ck_assert_int_eq(reported(pipe.ours) & POLLERR, POLLERR);
}
END_TEST

/*
 * A write to a pipe without a reader raises SIGPIPE; a process that ignores it
 * gets the error EPIPE and lives.  pipe(7).
 */
START_TEST(ignoring_sigpipe_leaves_the_error_epipe)
{
    struct pair pipe = open_pipe();
    close(pipe.peer);
    ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(write(pipe.ours, "x", 1), -1);
    ck_assert_int_eq(errno, EPIPE);
}
END_TEST

TCase *pipe_claims(void)
{
    TCase *claims = tcase_create("pipe");
    tcase_add_test(claims, a_write_to_a_full_pipe_blocks);
    tcase_add_test(claims, a_pipe_is_writable_when_pipe_buf_bytes_fit);
    tcase_add_test(claims, poll_reports_a_pipe_without_a_reader);
    tcase_add_test(claims, ignoring_sigpipe_leaves_the_error_epipe);
    return claims;
}
