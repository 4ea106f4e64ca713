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
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16 * 1024, MAX_WATCHED = 10000 };

/* One client.  Its bytes stay in the buffer until all of them are sent back. */
struct connection {
    int fd;
    int slot;      /* its place in the two arrays below */
    size_t owed;   /* how many bytes are still to be sent back */
    size_t offset; /* where in the buffer they begin */
    char buffer[BUFFER_SIZE];
};

/*
 * What poll watches, and whose descriptor it is.  The first entry is that of
 * the listener, which is no connection.
 */
static struct pollfd interest[MAX_WATCHED];
static struct connection *connections[MAX_WATCHED];
static int watched; /* how many entries there are */

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

/* Append an entry; the caller has made sure that there is room for it. */
static void watch_readable(int fd, struct connection *connection)
{
    interest[watched] = (struct pollfd){.fd = fd, .events = POLLIN};
    connections[watched] = connection;
    watched++;
}

/* A connection that owes bytes waits for room, and receives nothing. */
static void update_interest(struct connection *connection)
{
    interest[connection->slot].events = connection->owed > 0 ? POLLOUT : POLLIN;
}

/* The last entry moves into the gap, so the arrays have none. */
static void close_connection(struct connection *connection)
{
    int gap = connection->slot, last = watched - 1;

    interest[gap] = interest[last];
    connections[gap] = connections[last];
    connections[gap]->slot = gap;
    watched--;
    close(connection->fd);
    free(connection);
    /* TODO: there is room for one more */
}

static void accept_one(int listen_fd)
{
    int fd = accept(listen_fd, NULL, NULL);
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
        return; /* the client has gone before we came to it */
    /* TODO: the server is full.  Neither end it nor try again at once. */
    if (fd < 0)
        err(EXIT_FAILURE, "accept");

    struct connection *connection =
        watched < MAX_WATCHED ? calloc(1, sizeof(*connection)) : NULL;
    if (connection == NULL) { /* TODO: if the array is full, let it wait */
        close(fd);
        return;
    }
    set_non_blocking(fd);
    connection->fd = fd;
    connection->slot = watched;
    watch_readable(fd, connection);
}

/*
 * Send as many of the owed bytes as the kernel has room for.
 * MSG_NOSIGNAL: if the client is gone, send fails with EPIPE.  Without it comes
 * the signal SIGPIPE, which ends this program with all its connections.
 */
static void send_owed(struct connection *connection)
{
    ssize_t sent = send(connection->fd, connection->buffer + connection->offset,
                        connection->owed, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN)
        sent = 0; /* there is no room at all */
    if (sent < 0) {
        close_connection(connection); /* this client's failure, not ours */
        return;
    }
    connection->offset += (size_t)sent;
    connection->owed -= (size_t)sent;
    update_interest(connection);
}

/* Nothing is owed and the connection is readable: receive once, send back. */
static void receive_from(struct connection *connection)
{
    ssize_t length = recv(connection->fd, connection->buffer, BUFFER_SIZE, 0);

    if (length < 0 && errno == EAGAIN)
        return; /* readiness is a hint */

    /* A failure, or the end of the stream.  Nothing is owed at this moment. */
    if (length <= 0) {
        close_connection(connection);
        return;
    }
    connection->owed = (size_t)length;
    connection->offset = 0;
    send_owed(connection);
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        errx(EXIT_FAILURE, "usage: ./server PORT");

    int port = atoi(argv[1]);
    int listen_fd = listen_on(port);

    printf("listening on 127.0.0.1:%d\n", port);
    fflush(stdout);

    watch_readable(listen_fd, NULL);
    for (;;) {
        if (poll(interest, (nfds_t)watched, -1) < 0)
            err(EXIT_FAILURE, "poll");

        /*
         * From the last to the first: the entry that close_connection moves
         * into a gap has been handled already.
         */
        for (int slot = watched - 1; slot >= 0; slot--) {
            if (interest[slot].revents == 0)
                continue;
            if (slot == 0)
                accept_one(listen_fd);
            else if (connections[slot]->owed > 0)
                send_owed(connections[slot]);
            else
                receive_from(connections[slot]);
        }
    }
}
