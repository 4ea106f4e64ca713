/*
 * What the book says of signals and the waits: signal(7), signalfd(2).
 */
#include "claims.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How often SIGTERM's handler has run. */
static volatile sig_atomic_t handled;

static void count_signal(int signal)
{
    (void)signal;
    handled++;
}

/* Handle SIGTERM, with SA_RESTART: system calls that can are restarted. */
static void handle_sigterm(void)
{
    const struct sigaction action = {
        .sa_handler = count_signal,
        .sa_flags = SA_RESTART,
    };
    ck_assert_int_eq(sigaction(SIGTERM, &action, NULL), 0);
}

/* Block a signal.  Returns the mask as it was, which lets the signal through.
 */
static sigset_t block(int signal)
{
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, signal);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    return before;
}

/* A descriptor that is always ready to be read. */
static int open_ready(void)
{
    struct pair pair = open_local_pair();
    send_text(pair.peer, "x");
    return pair.ours;
}

/* The three waits, for one descriptor, while `mask` is the signal mask. */
static int pselect_one(int fd, const struct timespec *timeout,
                       const sigset_t *mask)
{
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    return pselect(fd + 1, &readable, NULL, NULL, timeout, mask);
}

static int ppoll_one(int fd, const struct timespec *timeout,
                     const sigset_t *mask)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return ppoll(&entry, 1, timeout, mask);
}

static int epoll_pwait_one(int fd, int timeout_ms, const sigset_t *mask)
{
    int epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
    int nready = epoll_pwait(epoll_fd, &event, 1, timeout_ms, mask);
    int error = errno;
    close(epoll_fd);
    errno = error;
    return nready;
}

/*
 * The race: a signal that comes after the check of its flag, and before the
 * wait, does not wake the wait.  select(2), "The self-pipe trick".
 */
START_TEST(a_signal_just_before_the_wait_does_not_wake_it)
{
    struct pair silent = open_local_pair();
    const struct timespec timeout = {.tv_nsec = 20000000};
    handle_sigterm();

    ck_assert_int_eq(handled, 0);
    raise(SIGTERM);
    ck_assert_int_eq(pselect_one(silent.ours, &timeout, NULL), 0);
    ck_assert_int_eq(handled, 1);
}
END_TEST

/*
 * Blocked from before the check, and let through by the wait's own mask, the
 * signal stays pending until the wait and ends it: no race.  select(2).
 */
START_TEST(a_signal_mask_in_the_wait_closes_the_race)
{
    struct pair silent = open_local_pair();
    const struct timespec patience = {.tv_sec = PATIENCE_MS / 1000};
    handle_sigterm();
    sigset_t open = block(SIGTERM);

    raise(SIGTERM);
    ck_assert_int_eq(handled, 0);
    ck_assert_int_eq(pselect_one(silent.ours, &patience, &open), -1);
    ck_assert_int_eq(errno, EINTR);
    ck_assert_int_eq(handled, 1);

    raise(SIGTERM);
    ck_assert_int_eq(ppoll_one(silent.ours, &patience, &open), -1);
    ck_assert_int_eq(errno, EINTR);
    ck_assert_int_eq(handled, 2);

    raise(SIGTERM);
    ck_assert_int_eq(epoll_pwait_one(silent.ours, PATIENCE_MS, &open), -1);
    ck_assert_int_eq(errno, EINTR);
    ck_assert_int_eq(handled, 3);
}
END_TEST

/*
 * But a wait that finds a descriptor ready returns it and delivers no signal,
 * pending or not: a server that always has something to do never hears it.
 * Measured; select(2) and epoll_wait(2) don't say.
 */
START_TEST(pselect_delivers_no_signal_while_it_finds_work)
{
    int busy = open_ready();
    const struct timespec patience = {.tv_sec = PATIENCE_MS / 1000};
    handle_sigterm();
    sigset_t open = block(SIGTERM);

    raise(SIGTERM);
    for (int times = 0; times < 1000; times++)
        ck_assert_int_eq(pselect_one(busy, &patience, &open), 1);
    ck_assert_int_eq(handled, 0);

    receive_some(busy);
    ck_assert_int_eq(pselect_one(busy, &patience, &open), -1);
    ck_assert_int_eq(handled, 1);
}
END_TEST

/* The same of ppoll. */
START_TEST(ppoll_delivers_no_signal_while_it_finds_work)
{
    int busy = open_ready();
    const struct timespec patience = {.tv_sec = PATIENCE_MS / 1000};
    handle_sigterm();
    sigset_t open = block(SIGTERM);

    raise(SIGTERM);
    for (int times = 0; times < 1000; times++)
        ck_assert_int_eq(ppoll_one(busy, &patience, &open), 1);
    ck_assert_int_eq(handled, 0);

    receive_some(busy);
    ck_assert_int_eq(ppoll_one(busy, &patience, &open), -1);
    ck_assert_int_eq(handled, 1);
}
END_TEST

/* The same of epoll_pwait. */
START_TEST(epoll_pwait_delivers_no_signal_while_it_finds_work)
{
    int busy = open_ready();
    handle_sigterm();
    sigset_t open = block(SIGTERM);

    raise(SIGTERM);
    for (int times = 0; times < 1000; times++)
        ck_assert_int_eq(epoll_pwait_one(busy, PATIENCE_MS, &open), 1);
    ck_assert_int_eq(handled, 0);

    receive_some(busy);
    ck_assert_int_eq(epoll_pwait_one(busy, PATIENCE_MS, &open), -1);
    ck_assert_int_eq(handled, 1);
}
END_TEST

/*
 * A signalfd is one more descriptor: a pending signal is reported beside the
 * others that are ready, however busy they are.  signalfd(2).
 */
START_TEST(a_signalfd_is_reported_beside_ready_descriptors)
{
    sigset_t sigterm;
    sigemptyset(&sigterm);
    sigaddset(&sigterm, SIGTERM);
    block(SIGTERM);
    struct pollfd interest[] = {
        {.fd = open_ready(), .events = POLLIN},
        {.fd = signalfd(-1, &sigterm, 0), .events = POLLIN},
    };

    ck_assert_int_eq(poll(interest, 2, 0), 1);
    ck_assert_int_eq(interest[1].revents, 0);
    raise(SIGTERM);
    ck_assert_int_eq(poll(interest, 2, 0), 2);
    ck_assert_int_eq(interest[1].revents, POLLIN);

    struct signalfd_siginfo info;
    ck_assert_int_eq(read(interest[1].fd, &info, sizeof(info)), sizeof(info));
    ck_assert_uint_eq(info.ssi_signo, SIGTERM);
}
END_TEST

/*
 * A blocked signal is kept for a signalfd although it is ignored, as a shell
 * does with the SIGINT of what it starts in the background.  Linux does not
 * throw away a blocked signal, since it may be handled by the time that it is
 * unblocked.
 */
START_TEST(a_signalfd_hears_an_ignored_signal)
{
    sigset_t sigint;
    sigemptyset(&sigint);
    sigaddset(&sigint, SIGINT);
    ck_assert(signal(SIGINT, SIG_IGN) != SIG_ERR);
    block(SIGINT);
    int fd = signalfd(-1, &sigint, SFD_NONBLOCK);

    struct signalfd_siginfo info;
    raise(SIGINT);
    ck_assert_int_eq(read(fd, &info, sizeof(info)), sizeof(info));
}
END_TEST

/*
 * A program begins with the signals ignored and blocked that were ignored and
 * blocked where it was started: execve(2), signal(7).  It may have to undo
 * both.
 */
START_TEST(ignored_and_blocked_signals_survive_execve)
{
    ck_assert(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    block(SIGUSR2);
    FILE *shown = popen("exec cat /proc/self/status", "r");
    char line[256];
    unsigned long long blocked = 0, ignored = 0;

    ck_assert_ptr_nonnull(shown);
    while (fgets(line, sizeof(line), shown) != NULL) {
        sscanf(line, "SigBlk: %llx", &blocked);
        sscanf(line, "SigIgn: %llx", &ignored);
    }
    ck_assert(blocked >> (SIGUSR2 - 1) & 1);
    ck_assert(ignored >> (SIGUSR1 - 1) & 1);
}
END_TEST

/* The waits are never restarted, whatever SA_RESTART says: signal(7). */
START_TEST(the_waits_are_not_restarted)
{
    struct pair silent = open_local_pair();
    int epoll_fd = epoll_create1(0);
    struct epoll_event event;
    handle_sigterm();
    const struct itimerspec soon_and_often = {
        .it_value.tv_nsec = 10000000,
        .it_interval.tv_nsec = 10000000,
    };
    struct sigevent sigterm = {
        .sigev_notify = SIGEV_SIGNAL,
        .sigev_signo = SIGTERM,
    };
    timer_t timer;
    ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &sigterm, &timer), 0);
    ck_assert_int_eq(timer_settime(timer, 0, &soon_and_often, NULL), 0);

    ck_assert_int_eq(pselect_one(silent.ours, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINTR);
    ck_assert_int_eq(ppoll_one(silent.ours, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINTR);
    ck_assert_int_eq(epoll_wait(epoll_fd, &event, 1, -1), -1);
    ck_assert_int_eq(errno, EINTR);
}
END_TEST

/*
 * A process that is stopped and continued sees epoll_wait fail with EINTR,
 * though it handles no signal at all: signal(7), "Interruption of system calls
 * and library functions by stop signals".
 */
START_TEST(sigcont_interrupts_epoll_wait)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct epoll_event event;
        int nready = epoll_wait(epoll_create1(0), &event, 1, PATIENCE_MS);
        _exit(nready < 0 && errno == EINTR ? 0 : 1);
    }

    /* Stopped too early, before it waits, it is not interrupted: once more. */
    int status, ended = 0;
    do {
        kill(child, SIGSTOP);
        ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
        kill(child, SIGCONT);
        usleep(10000);
        if (!WIFSTOPPED(status))
            ended = child;
        else
            ended = waitpid(child, &status, WNOHANG);
    } while (ended == 0);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

TCase *signal_claims(void)
{
    TCase *claims = tcase_create("signal");
    tcase_add_test(claims, a_signal_just_before_the_wait_does_not_wake_it);
    tcase_add_test(claims, a_signal_mask_in_the_wait_closes_the_race);
    tcase_add_test(claims, pselect_delivers_no_signal_while_it_finds_work);
    tcase_add_test(claims, ppoll_delivers_no_signal_while_it_finds_work);
    tcase_add_test(claims, epoll_pwait_delivers_no_signal_while_it_finds_work);
    tcase_add_test(claims, a_signalfd_is_reported_beside_ready_descriptors);
    tcase_add_test(claims, a_signalfd_hears_an_ignored_signal);
    tcase_add_test(claims, ignored_and_blocked_signals_survive_execve);
    tcase_add_test(claims, the_waits_are_not_restarted);
    tcase_add_test(claims, sigcont_interrupts_epoll_wait);
    return claims;
}
