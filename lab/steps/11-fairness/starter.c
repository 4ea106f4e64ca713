/*
 * server: an echo server.  It sends back every byte that a client sends.
 *
 *     ./server 10001                   in one terminal
 *     nc -N 127.0.0.1 10001            in another
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16 * 1024, MAX_EVENTS = 64 };

/* One client.  Its bytes stay in the buffer until all of them are sent back. */
struct connection {
    int fd;
    size_t owed;   /* how many bytes are still to be sent back */
    size_t offset; /* where in the buffer they begin */
    char buffer[BUFFER_SIZE];
};

static int listener;
static bool listener_is_paused;
static int epoll_fd; /* the interest list is behind it, in the kernel */

/* From now on no call waits for this descriptor: it fails with EAGAIN. */
static void set_non_blocking(int fd)
{
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        err(EXIT_FAILURE, "fcntl");
}

/* Returns a socket that clients can connect to, at 127.0.0.1 and this port. */
static int listen_on(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;
    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listen_fd < 0)
        err(EXIT_FAILURE, "socket");

    /* Without this, a restart within a minute finds the port in use. */
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        err(EXIT_FAILURE, "bind");
    if (listen(listen_fd, SOMAXCONN) < 0)
        err(EXIT_FAILURE, "listen");
    set_non_blocking(listen_fd);
    return listen_fd;
}

/* A connection is registered once, for all that may ever be of interest. */
enum { ALL_EDGES = EPOLLIN | EPOLLOUT };

/*
 * Add a descriptor to the interest list (EPOLL_CTL_ADD), or change what it is
 * watched for (EPOLL_CTL_MOD).  `whose` comes back with each of its events: the
 * connection, or NULL for the listener.
 */
static int watch(int operation, int fd, uint32_t events, void *whose)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = whose};

    return epoll_ctl(epoll_fd, operation, fd, &event);
}

/*
 * A full server doesn't watch its listener.  New clients wait in the kernel's
 * queue meanwhile, connected already, but not accepted.
 */
static void pause_listener(void)
{
    watch(EPOLL_CTL_MOD, listener, 0, NULL);
    listener_is_paused = true;
}

/* EPOLL_CTL_MOD looks again: clients that wait by now are a new edge. */
static void resume_listener(void)
{
    watch(EPOLL_CTL_MOD, listener, EPOLLIN, NULL);
    listener_is_paused = false;
}

/* Closing a descriptor also takes it off the interest list. */
static void close_connection(struct connection *connection)
{
    close(connection->fd);
    free(connection);
    if (listener_is_paused)
        resume_listener(); /* there is room for one more */
}

/* Returns true if there may be more to do at once: another client. */
static bool accept_one(void)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0 && errno == EAGAIN)
        return false; /* there is none: the next one will be an edge */
    if (fd < 0 && errno == ECONNABORTED)
        return true; /* this one has gone before we came to it */
    if (fd < 0) {
        pause_listener(); /* EMFILE above all: the client is still waiting */
        return false;
    }

    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL ||
        watch(EPOLL_CTL_ADD, fd, ALL_EDGES, connection) < 0) {
        free(connection); /* there is no memory for it, or another limit */
        close(fd);
        return true;
    }
    set_non_blocking(fd);
    connection->fd = fd;
    return true;
}

static void accept_all(void)
{
    while (accept_one())
        continue;
}

/*
 * Send as many of the owed bytes as the kernel has room for.
 * MSG_NOSIGNAL: if the client is gone, send fails with EPIPE.  Without it comes
 * the signal SIGPIPE, which ends this program with all its connections.
 * Returns true if there may be more to do at once; false if the connection is
 * closed, or has no room: room will be an edge.
 */
static bool send_owed(struct connection *connection)
{
    ssize_t sent = send(connection->fd, connection->buffer + connection->offset,
                        connection->owed, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN)
        sent = 0; /* there is no room at all */
    if (sent < 0) {
        close_connection(connection); /* this client's failure, not ours */
        return false;
    }
    connection->offset += (size_t)sent;
    connection->owed -= (size_t)sent;
    return connection->owed == 0;
}

/*
 * Nothing is owed: receive once, and send back.  Returns true if there may be
 * more to do at once; false if the connection is closed, has no room, or is
 * drained: what comes from now on will be an edge.
 */
static bool receive_from(struct connection *connection)
{
    ssize_t length = recv(connection->fd, connection->buffer, BUFFER_SIZE, 0);

    if (length < 0 && errno == EAGAIN)
        return false; /* drained */

    /* A failure, or the end of the stream.  Nothing is owed at this moment. */
    if (length <= 0) {
        close_connection(connection);
        return false;
    }
    connection->owed = (size_t)length;
    connection->offset = 0;
    /* TODO: a short receive has emptied the socket.  What may yet follow? */
    return send_owed(connection);
}

/*
 * TODO: a turn has so many steps.  Keep a connection that isn't finished on a
 * ready list, with its edges, and don't sleep while there is one.
 */

/* An edge is reported once, so work until there is no more to do. */
static void drain(struct connection *connection)
{
    bool more = true;

    while (more)
        more = connection->owed > 0 ? send_owed(connection)
                                    : receive_from(connection);
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        errx(EXIT_FAILURE, "usage: ./server PORT");

    int port = atoi(argv[1]);
    listener = listen_on(port);
    epoll_fd = epoll_create1(0);
    if (epoll_fd < 0 || watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL) < 0)
        err(EXIT_FAILURE, "epoll");

    printf("listening on 127.0.0.1:%d\n", port);
    fflush(stdout);

    for (;;) {
        struct epoll_event events[MAX_EVENTS];

        /* No event reports a limit that was raised: try again each second. */
        int timeout_ms = listener_is_paused ? 1000 : -1;
        int nready = epoll_wait(epoll_fd, events, MAX_EVENTS, timeout_ms);
        if (nready < 0 && errno != EINTR) /* after Ctrl-Z and fg */
            err(EXIT_FAILURE, "epoll_wait");
        if (nready == 0)
            resume_listener();

        /* An event closes only its own connection: no other is stale. */
        for (int i = 0; i < nready; i++) {
            if (events[i].data.ptr != NULL)
                drain(events[i].data.ptr);
            else
                accept_all();
        }
    }
}
