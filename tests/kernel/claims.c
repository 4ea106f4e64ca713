#include "claims.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than a send buffer has room for when nothing is read at the far end. */
enum { CHUNK_SIZE = 1024 * 1024 };

struct pair open_local_pair(void)
{
    int fd[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd),
                     0);
    return (struct pair){.ours = fd[0], .peer = fd[1]};
}

int open_listener(void)
{
    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    ck_assert_int_ge(listen_fd, 0);
    ck_assert_int_eq(
        bind(listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listen_fd, SOMAXCONN), 0);
    return listen_fd;
}

int connect_to(int listen_fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(
        getsockname(listen_fd, (struct sockaddr *)&address, &length), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, length), 0);
    return fd;
}

struct pair open_tcp_pair(void)
{
    int listen_fd = open_listener();
    int peer = connect_to(listen_fd);
    int ours = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);

    ck_assert_int_ge(ours, 0);
    ck_assert_int_eq(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
    close(listen_fd);
    return (struct pair){.ours = ours, .peer = peer};
}

void send_text(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
                     (ssize_t)strlen(text));
}

size_t receive_some(int fd)
{
    char bytes[1024];
    ssize_t length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    ck_assert_int_gt(length, 0);
    return (size_t)length;
}

size_t fill(int fd, bool until_partial)
{
    static const char chunk[CHUNK_SIZE];
    size_t total = 0;
    ssize_t sent;
    do {
        sent = send(fd, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0)
            total += (size_t)sent;
    } while (sent == CHUNK_SIZE || (sent > 0 && !until_partial));

    if (!until_partial)
        ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_gt(total, 0);
    return total;
}

void await_readable(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&entry, 1, PATIENCE_MS), 1);
}

void drain(int fd, size_t length)
{
    static char dropped[CHUNK_SIZE];
    while (length > 0) {
        await_readable(fd);
        size_t most = length < sizeof(dropped) ? length : sizeof(dropped);
        ssize_t received = recv(fd, dropped, most, MSG_DONTWAIT);
        ck_assert_int_gt(received, 0);
        length -= (size_t)received;
    }
}

void reset(int fd)
{
    const struct linger no_time = {.l_onoff = 1, .l_linger = 0};
    ck_assert_int_eq(
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_time, sizeof(no_time)), 0);
    close(fd);
}

int local_port(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

int tcp_state(int local, int remote)
{
    const unsigned int loopback = htonl(INADDR_LOOPBACK);
    FILE *table = fopen("/proc/net/tcp", "r");
    char line[512];
    unsigned int ours, our_port, theirs, their_port, state;
    int found = NO_CONNECTION;

    ck_assert_ptr_nonnull(table);
    while (fgets(line, sizeof(line), table) != NULL)
        if (sscanf(line, "%*d: %x:%x %x:%x %x", &ours, &our_port, &theirs,
                   &their_port, &state) == 5 &&
            ours == loopback && theirs == loopback &&
            our_port == (unsigned int)local &&
            their_port == (unsigned int)remote)
            found = (int)state;
    fclose(table);
    return found;
}

void await_tcp_state(int local, int remote, int state)
{
    for (int waited_ms = 0; tcp_state(local, remote) != state; waited_ms += 5) {
        ck_assert_int_lt(waited_ms, PATIENCE_MS);
        usleep(5000);
    }
}

int open_regular_file(void)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    return fileno(file);
}

int move_beyond_fd_setsize(int fd)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);

    int moved = fcntl(fd, F_DUPFD, FD_SETSIZE);
    ck_assert_msg(moved >= FD_SETSIZE,
                  "no descriptor >= %d to be had: the hard RLIMIT_NOFILE is "
                  "%llu",
                  FD_SETSIZE, (unsigned long long)limit.rlim_max);
    close(fd);
    return moved;
}
