#include "fake_server.h"

#include "counters.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static _Thread_local char buffer[64 * 1024];

/* Of all servers in this process, in the order in which they were served. */
static pthread_mutex_t visiting = PTHREAD_MUTEX_INITIALIZER;
static const struct fake_server *visits[FAKE_VISITS];
static size_t visits_count;

/* Several servers share the counters. */
static void add_to(uint64_t *counter, uint64_t increase)
{
    __atomic_add_fetch(counter, increase, __ATOMIC_RELAXED);
}

static void note_visit(const struct fake_server *server)
{
    pthread_mutex_lock(&visiting);
    if (visits_count < FAKE_VISITS &&
        (visits_count == 0 || visits[visits_count - 1] != server))
        visits[visits_count++] = server;
    pthread_mutex_unlock(&visiting);
}

size_t fake_server_visits(const struct fake_server *const **all)
{
    *all = visits;
    return visits_count;
}

static void send_all(int fd, const char *bytes, size_t length)
{
    size_t sent = 0;
    ssize_t n = 0;

    while (sent < length && n != -1) {
        n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
    }
}

static void end_connection(struct fake_server *server, int i, int linger)
{
    struct linger how = {.l_onoff = linger, .l_linger = 0};

    if (server->fds[i] == -1)
        return;
    setsockopt(server->fds[i], SOL_SOCKET, SO_LINGER, &how, sizeof(how));
    close(server->fds[i]);
    server->fds[i] = -1;
    add_to(&counters->connections, UINT64_MAX); /* one less */
}

/* Reply as it should not be.  `n` bytes from connection `i` are in `buffer`. */
static void misbehave(struct fake_server *server, int i, size_t n)
{
    int to = server->fds[i];

    switch (server->behaviour) {
    case CHANGES_A_BIT:
        buffer[n - 1] ^= 1;
        send_all(to, buffer, n);
        break;
    case LOSES_A_BYTE:
        send_all(to, buffer, n - 1);
        break;
    case DOUBLES_A_BYTE:
        buffer[n] = buffer[n - 1];
        send_all(to, buffer, n + 1);
        break;
    case REPLIES_TO_ANOTHER:
        send_all(i == 0 ? server->fds[1] : to, buffer, n);
        break;
    case CLOSES:
        end_connection(server, i, 0);
        break;
    case RESETS:
        end_connection(server, i, 1);
        break;
    case SPEAKS_TO_THE_FIRST:
        send_all(to, buffer, n);
        send_all(server->fds[0], "!", 1);
        break;
    case CLOSES_THE_FIRST:
        send_all(to, buffer, n);
        end_connection(server, 0, 0);
        break;
    default: /* it forgets */
        break;
    }
}

/* Does connection `i` get its echo this time? */
static bool is_echoed(const struct fake_server *server, int i)
{
    if (server->numbers[i] < server->spares_first)
        return true;
    switch (server->behaviour) {
    case ECHOES:
    case SERVES_SO_MANY_ONLY:
    case IS_SLOW:
    case READS_LATE:
    case STOPS_LISTENING:
        return true;
    case FORGETS_THE_FIRST:
        return i > 0 || server->count < server->after;
    default:
        return server->receives[i] <= server->after;
    }
}

static void serve(struct fake_server *server, int i)
{
    /* One byte is left for DOUBLES_A_BYTE. */
    ssize_t n = recv(server->fds[i], buffer, sizeof(buffer) - 1, 0);

    if (n <= 0) {
        end_connection(server, i, 0);
        return;
    }
    note_visit(server);
    server->bytes += (uint64_t)n;
    server->receives[i]++;
    add_to(&counters->bytes_received, (uint64_t)n);
    add_to(&counters->receives, 1);
    if (server->behaviour == IS_SLOW)
        usleep(20000);
    if (is_echoed(server, i))
        send_all(server->fds[i], buffer, (size_t)n);
    else
        misbehave(server, i, (size_t)n);
}

/* A place whose connection has ended, or the next one. */
static int choose_place(struct fake_server *server)
{
    int i = 0;

    while (i < server->count && server->fds[i] != -1)
        i++;
    ck_assert_int_lt(i, FAKE_CONNECTIONS);
    if (i == server->count)
        server->count++;
    return i;
}

static void accept_one(struct fake_server *server)
{
    int fd = accept(server->listen_fd, NULL, NULL);

    if (fd == -1)
        return; /* no descriptor left: the client waits */
    int i = choose_place(server);
    server->fds[i] = fd;
    server->receives[i] = 0;
    server->numbers[i] = server->accepted++;
    add_to(&counters->connections, 1);
    if (server->behaviour == TURNS_AWAY &&
        server->numbers[i] >= server->spares_first)
        end_connection(server, i, 0);
    if (server->behaviour == STOPS_LISTENING &&
        server->accepted == server->after) {
        close(server->listen_fd);
        server->listen_fd = -1;
    }
}

/* Have `after` connections something to read?  Once so, always so. */
static bool all_have_spoken(struct fake_server *server)
{
    int speakers = 0;
    char byte;

    for (int i = 0; i < server->count; i++)
        speakers +=
            recv(server->fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    if (speakers >= server->after)
        server->after = 0;
    return server->after == 0;
}

/* Is connection `i` read from at all? */
static bool is_served(struct fake_server *server, int i)
{
    if (server->behaviour == READS_LATE)
        return all_have_spoken(server);
    return server->behaviour != SERVES_SO_MANY_ONLY || i < server->after;
}

static void *run(void *argument)
{
    struct fake_server *server = argument;
    struct pollfd watched[2 + FAKE_CONNECTIONS];
    int patience_ms = server->behaviour == READS_LATE ? 10 : -1;

    for (;;) {
        int count = server->count;
        watched[0] = (struct pollfd){server->stop[0], POLLIN, 0};
        watched[1] = (struct pollfd){server->listen_fd, POLLIN, 0};
        for (int i = 0; i < count; i++)
            watched[2 + i] = (struct pollfd){
                is_served(server, i) ? server->fds[i] : -1, POLLIN, 0};
        poll(watched, (nfds_t)(2 + count), patience_ms);
        if (watched[0].revents != 0)
            return NULL;
        if (watched[1].revents != 0)
            accept_one(server);
        for (int i = 0; i < count; i++) {
            if (watched[2 + i].revents != 0 && server->fds[i] != -1)
                serve(server, i);
        }
    }
}

/*
 * With the large segments and buffers of loopback the kernel takes a whole MiB
 * at once.  With small ones, which accepted connections inherit, a client sees
 * partial writes, as on any other network.
 */
static void set_small_buffers(int listen_fd)
{
    const int segment = 1000;
    const int buffered = 4 * 1024;

    setsockopt(listen_fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    setsockopt(listen_fd, SOL_SOCKET, SO_RCVBUF, &buffered, sizeof(buffered));
}

void fake_server_start(struct fake_server *server, enum behaviour behaviour,
                       int after)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);

    *server = (struct fake_server){.behaviour = behaviour, .after = after};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)),
        0);
    set_small_buffers(server->listen_fd);
    ck_assert_int_eq(listen(server->listen_fd, SOMAXCONN), 0);
    getsockname(server->listen_fd, (struct sockaddr *)&address, &length);
    snprintf(server->port, sizeof(server->port), "%d", ntohs(address.sin_port));
    ck_assert_int_eq(pipe(server->stop), 0);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, run, server), 0);
}

void fake_server_stop(struct fake_server *server)
{
    close(server->stop[1]);
    pthread_join(server->thread, NULL);
    close(server->stop[0]);
    if (server->listen_fd != -1)
        close(server->listen_fd);
    for (int i = 0; i < server->count; i++)
        end_connection(server, i, 1);
}
