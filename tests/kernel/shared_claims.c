/*
 * What the book says of several threads or processes that wait for the same.
 */
#include "claims.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A new epoll instance that watches one descriptor. */
static int open_epoll(int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    int epoll_fd = epoll_create1(0);

    ck_assert_int_ge(epoll_fd, 0);
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
    return epoll_fd;
}

/* How many descriptors are reported; waits for the first one at most. */
static int count_reported(int epoll_fd, int timeout_ms)
{
    struct epoll_event event;
    return epoll_wait(epoll_fd, &event, 1, timeout_ms);
}

/*
 * If several epolls watch a listener, each of them reports the same client: one
 * worker accepts it, and the others were woken for nothing.  epoll(7).
 */
START_TEST(each_epoll_is_told_of_the_same_client)
{
    int listen_fd = open_listener();
    int first = open_epoll(listen_fd, EPOLLIN);
    int second = open_epoll(listen_fd, EPOLLIN);

    connect_to(listen_fd);
    ck_assert_int_eq(count_reported(first, PATIENCE_MS), 1);
    ck_assert_int_eq(count_reported(second, PATIENCE_MS), 1);
}
END_TEST

/*
 * With EPOLLONESHOT a descriptor is reported once and then left alone until
 * EPOLL_CTL_MOD asks for it again: only one thread works on it at a time.
 * epoll_ctl(2).
 */
START_TEST(epolloneshot_reports_once_until_it_is_asked_again)
{
    struct pair pair = open_local_pair();
    struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT};
    int epoll_fd = open_epoll(pair.ours, EPOLLIN | EPOLLONESHOT);

    send_text(pair.peer, "x");
    ck_assert_int_eq(count_reported(epoll_fd, 0), 1);
    send_text(pair.peer, "y");
    ck_assert_int_eq(count_reported(epoll_fd, 0), 0);
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, pair.ours, &again), 0);
    ck_assert_int_eq(count_reported(epoll_fd, 0), 1);
}
END_TEST

/* EPOLLEXCLUSIVE can't be set by a later EPOLL_CTL_MOD: epoll_ctl(2). */
START_TEST(epollexclusive_is_for_adding_only)
{
    int listen_fd = open_listener();
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    int epoll_fd = open_epoll(listen_fd, EPOLLIN);

    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, listen_fd, &event), -1);
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, listen_fd, NULL), 0);
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event), 0);
}
END_TEST

/*
 * A process that waits in `epoll_fd` and ends with the number of descriptors
 * that were reported.  Returns when it is asleep.
 */
static pid_t start_waiter(int epoll_fd)
{
    char path[64], state = '?';
    pid_t waiter = fork();

    ck_assert_int_ge(waiter, 0);
    if (waiter == 0)
        _exit(count_reported(epoll_fd, PATIENCE_MS));
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)waiter);
    while (state != 'S') {
        FILE *file = fopen(path, "r");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
        fclose(file);
        usleep(1000);
    }
    return waiter;
}

/*
 * With EPOLLEXCLUSIVE the waiters are tried in the order in which they added
 * the descriptor, whichever began to wait first, and one that is not asleep is
 * passed over.  epoll_ctl(2) says only that at least one of them is woken.
 */
START_TEST(epollexclusive_wakes_the_first_that_sleeps)
{
    int listen_fd = open_listener(), status;
    int first = open_epoll(listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
    int second = open_epoll(listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
    pid_t second_waiter = start_waiter(second);
    pid_t first_waiter = start_waiter(first);

    connect_to(listen_fd);
    ck_assert_int_eq(waitpid(first_waiter, &status, 0), first_waiter);
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    ck_assert_int_eq(waitpid(second_waiter, &status, WNOHANG), 0);

    connect_to(listen_fd);
    ck_assert_int_eq(waitpid(second_waiter, &status, 0), second_waiter);
    ck_assert_int_eq(WEXITSTATUS(status), 1);
}
END_TEST

/* A socket that listens at this address beside others that do. */
static int listen_beside(struct sockaddr_in *address)
{
    socklen_t length = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;

    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)),
                     0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)address, length), 0);
    ck_assert_int_eq(listen(fd, SOMAXCONN), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

/*
 * With SO_REUSEPORT several sockets listen on the same port, and the kernel
 * shares the clients out among their queues: socket(7).
 */
START_TEST(listeners_with_so_reuseport_share_the_clients)
{
    enum { CLIENTS = 64 };
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int listen_fds[] = {listen_beside(&address), listen_beside(&address)};
    int accepted[] = {0, 0};

    for (int i = 0; i < CLIENTS; i++)
        connect_to(listen_fds[0]);
    for (int i = 0; i < 2; i++)
        while (accept(listen_fds[i], NULL, NULL) >= 0)
            accepted[i]++;
    ck_assert_int_eq(accepted[0] + accepted[1], CLIENTS);
    ck_assert_int_gt(accepted[0], 0);
    ck_assert_int_gt(accepted[1], 0);
}
END_TEST

TCase *shared_claims(void)
{
    TCase *claims = tcase_create("shared");
    tcase_add_test(claims, each_epoll_is_told_of_the_same_client);
    tcase_add_test(claims, epolloneshot_reports_once_until_it_is_asked_again);
    tcase_add_test(claims, epollexclusive_is_for_adding_only);
    tcase_add_test(claims, epollexclusive_wakes_the_first_that_sleeps);
    tcase_add_test(claims, listeners_with_so_reuseport_share_the_clients);
    return claims;
}
