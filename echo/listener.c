#include "listener.h"

#include "connection.h"
#include "counters.h"
#include "idle.h"
#include "narrate.h"
#include "output.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for "[IPv6 address%interface]:port". */
enum { NAME_SIZE = NI_MAXHOST + NI_MAXSERV + sizeof("[]:") };

/* "127.0.0.1:10001" or "[::1]:10001" for a socket address. */
static void name_address(const struct sockaddr *address, socklen_t length,
                         char name[NAME_SIZE])
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    int error = getnameinfo(address, length, host, sizeof(host), port,
                            sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    if (error != 0)
        snprintf(name, NAME_SIZE, "(%s)", gai_strerror(error));
    else if (address->sa_family == AF_INET6)
        snprintf(name, NAME_SIZE, "[%s]:%s", host, port);
    else
        snprintf(name, NAME_SIZE, "%s:%s", host, port);
}

/* A socket that listens on this address, or -1 with errno set. */
static int listen_on(const struct addrinfo *address, int backlog)
{
    int fd = socket(address->ai_family,
                    address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->ai_protocol);
    if (fd < 0)
        return -1;

    /*
     * SO_REUSEADDR: start again at once, although connections of the last run
     * are still in TIME_WAIT.  See socket(7); urgent data: tcp(7).
     */
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(fd, backlog) == 0)
        return fd;

    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

struct listener listener_open(const struct options *options)
{
    char port[sizeof("65535")];
    snprintf(port, sizeof(port), "%d", options->port);

    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *addresses;
    int error = getaddrinfo(options->address, port, &hints, &addresses);
    if (error != 0)
        errx(EXIT_FAILURE, "--address=%s: %s", options->address,
             error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));

    struct listener listener = {
        .fd = -1,
        .max_connections = options->max_connections,
    };
    const struct addrinfo *address = addresses;
    for (; address != NULL && listener.fd < 0; address = address->ai_next)
        listener.fd = listen_on(address, options->backlog);
    if (listener.fd < 0)
        err(EXIT_FAILURE, "cannot listen at --address=%s --port=%s",
            options->address, port);
    freeaddrinfo(addresses);
    return listener;
}

void listener_announce(const struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    char name[NAME_SIZE];

    if (getsockname(listener->fd, (struct sockaddr *)&address, &length) < 0)
        err(EXIT_FAILURE, "getsockname");
    name_address((struct sockaddr *)&address, length, name);
    if (!output_print("%.200s: listening on %s\n",
                      program_invocation_short_name, name))
        exit(EXIT_FAILURE);
}

/* The reason MAX_CONNECTIONS, beside those that are an errno. */
enum { MAX_CONNECTIONS = 0, ERRNO_MOST = 4095 };

/*
 * Print why clients have to wait, each reason once: a server at its limit
 * becomes full again whenever a client leaves and another takes its place.
 */
static void say_full(int reason)
{
    static bool said[ERRNO_MOST + 1];
    if (said[reason])
        return;
    said[reason] = true;
    output_warn("%lu connection%s open, new clients have to wait: %s",
                connection_count(), connection_count() == 1 ? "" : "s",
                reason == MAX_CONNECTIONS ? "--max-connections"
                                          : strerror(reason));
}

/*
 * The server is full, for this reason, if a client is actually waiting.  Check
 * the queue: at --max-connections accept4 was not called, and accept4 reports
 * EMFILE even if the queue is empty.
 */
static enum accept_result full(const struct listener *listener, int reason)
{
    struct pollfd entry = {.fd = listener->fd, .events = POLLIN};
    if (poll(&entry, 1, 0) == 0) /* if poll fails, pausing is the safe side */
        return NOBODY_WAITING;
    say_full(reason);
    return FULL;
}

bool listener_client_is_gone(int error)
{
    switch (error) {
    case ECONNABORTED: /* BSD: the client reset the connection in the queue */
    case EPROTO:
    /* Pending errors of the new socket's network: accept(2). */
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
        return true;
    default: /* EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, and the unexpected */
        return false;
    }
}

/*
 * What a failed accept4 means.  After ACCEPT_BATCH failures in a row, stop
 * assuming that each was another client: a seccomp filter, for example, may
 * return any error without touching the queue.
 */
static enum accept_result accept_failed(struct listener *listener, int error)
{
    if (error == EAGAIN) {
        counters->again++;
        return NOBODY_WAITING;
    }
    if (!listener_client_is_gone(error) || listener->failures >= ACCEPT_BATCH)
        return full(listener, error);
    listener->failures++;
    narrate("a client left before it was accepted: %s", strerror(error));
    return CLIENT_GONE;
}

/*
 * The client that was put back, with a lower descriptor if one is free now: its
 * number may have been too high for select.
 */
static int take_put_back(struct listener *listener)
{
    int fd = listener->put_back;
    int lowest = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    int other = lowest;

    listener->put_back = 0;
    if (lowest >= 0 && lowest < fd) {
        other = fd;
        fd = lowest;
    }
    if (other >= 0)
        close(other);
    narrate("connection %d, which had to wait, is tried again", fd);
    return fd;
}

enum accept_result listener_accept(struct listener *listener, int *fd)
{
    if (listener->put_back != 0) {
        *fd = take_put_back(listener);
        return ACCEPTED;
    }
    if (listener->max_connections > 0 &&
        connection_count() >= (unsigned long)listener->max_connections)
        return full(listener, MAX_CONNECTIONS);

    struct sockaddr_storage address;
    socklen_t length;
    do {
        length = sizeof(address);
        counters->accepts++;
        *fd = accept4(listener->fd, (struct sockaddr *)&address, &length,
                      SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (*fd < 0 && errno == EINTR);
    if (*fd < 0)
        return accept_failed(listener, errno);

    listener->failures = 0;
    counters->connections_total++;
    if (narrating) {
        char name[NAME_SIZE];
        name_address((struct sockaddr *)&address, length, name);
        narrate("connection %d from %s is accepted", *fd, name);
    }
    return ACCEPTED;
}

void listener_put_back(struct listener *listener, int fd)
{
    int reason = errno;

    narrate("connection %d has to wait: %s", fd, strerror(reason));
    listener->put_back = fd;
    say_full(reason);
}

void listener_pause(struct listener *listener)
{
    narrate("full: the listener is not watched until a connection closes, or "
            "for %d ms",
            LISTENER_RETRY_MS);
    counters->listener_pauses++;
    listener->paused = true;
    listener->retry_at = idle_now() + LISTENER_RETRY_MS;
}

void listener_resume(struct listener *listener)
{
    narrate("the listener is watched again");
    listener->paused = false;
    listener->failures = 0;
}

void listener_retry_soon(struct listener *listener)
{
    listener->retry_at = 0;
}

bool listener_retry_is_due(const struct listener *listener)
{
    return listener->paused && idle_now() >= listener->retry_at;
}
