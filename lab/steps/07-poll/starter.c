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
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16 * 1024 };

/* One client.  Its bytes stay in the buffer until all of them are sent back. */
struct connection {
    int fd;
    size_t owed;   /* how many bytes are still to be sent back */
    size_t offset; /* where in the buffer they begin */
    char buffer[BUFFER_SIZE];
};

/*
 * TODO: an array of struct pollfd in the place of the two sets, and connections
 * that are allocated one by one: descriptors may be larger than FD_SETSIZE.
 */

/* The connection with descriptor fd is connections[fd]. */
static struct connection connections[FD_SETSIZE];

/* The descriptors to wait for: the listener and all connections. */
static fd_set read_interest, write_interest;

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

/* A connection that owes bytes waits for room, and receives nothing. */
static void update_interest(struct connection *connection)
{
    if (connection->owed > 0) {
        FD_CLR(connection->fd, &read_interest);
        FD_SET(connection->fd, &write_interest);
    } else {
        FD_SET(connection->fd, &read_interest);
        FD_CLR(connection->fd, &write_interest);
    }
}

static void close_connection(struct connection *connection)
{
    FD_CLR(connection->fd, &read_interest);
    FD_CLR(connection->fd, &write_interest);
    close(connection->fd); /* last: the number will be given out again */
}

static void accept_one(int listen_fd)
{
    int fd = accept(listen_fd, NULL, NULL);
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
        return; /* the client has gone before we came to it */
    if (fd < 0)
        err(EXIT_FAILURE, "accept");

    if (fd >= FD_SETSIZE) { /* FD_SET would write behind the set */
        close(fd);
        return;
    }
    set_non_blocking(fd);
    connections[fd] = (struct connection){.fd = fd};
    update_interest(&connections[fd]);
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

    FD_SET(listen_fd, &read_interest);
    for (;;) {
        /* TODO: poll.  Its answer has a field of its own, so copy nothing. */
        fd_set readable = read_interest; /* copies: select overwrites them */
        fd_set writable = write_interest;

        if (select(FD_SETSIZE, &readable, &writable, NULL, NULL) < 0)
            err(EXIT_FAILURE, "select");

        for (int fd = 0; fd < FD_SETSIZE; fd++) {
            if (!FD_ISSET(fd, &readable) && !FD_ISSET(fd, &writable))
                continue;
            if (fd == listen_fd)
                accept_one(listen_fd);
            else if (connections[fd].owed > 0)
                send_owed(&connections[fd]);
            else
                receive_from(&connections[fd]);
        }
    }
}
