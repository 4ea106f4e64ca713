/* It sends the whole buffer, however little has come. */
/* promise: three */
/*
 * server: an echo server.  It sends back every byte that a client sends.
 *
 *     ./server 10001                   in one terminal
 *     nc -N 127.0.0.1 10001            in another
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
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

/* The connection with descriptor fd is connections[fd]. */
static struct connection connections[FD_SETSIZE];

/* The descriptors to wait for: the listener and all connections. */
static fd_set read_interest;

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
    return listen_fd;
}

static void close_connection(struct connection *connection)
{
    FD_CLR(connection->fd, &read_interest);
    close(connection->fd); /* last: the number will be given out again */
}

/* A client waits, so this accept returns at once. */
static void accept_one(int listen_fd)
{
    int fd = accept(listen_fd, NULL, NULL);
    if (fd < 0)
        err(EXIT_FAILURE, "accept");

    if (fd >= FD_SETSIZE) { /* FD_SET would write behind the set */
        close(fd);
        return;
    }
    connections[fd] = (struct connection){.fd = fd};
    FD_SET(fd, &read_interest);
}

/* Send as many of the owed bytes as the kernel has room for, and don't wait. */
static void send_owed(struct connection *connection)
{
    ssize_t sent = send(connection->fd, connection->buffer + connection->offset,
                        BUFFER_SIZE, MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN)
        sent = 0; /* there is no room at all */
    if (sent < 0)
        err(EXIT_FAILURE, "send");

    connection->offset += (size_t)sent;
    connection->owed -= (size_t)sent;
}

/* Nothing is owed and the connection is readable: receive once, send back. */
static void receive_from(struct connection *connection)
{
    ssize_t length = recv(connection->fd, connection->buffer, BUFFER_SIZE, 0);

    if (length < 0)
        err(EXIT_FAILURE, "recv");
    if (length == 0) {
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
        fd_set readable = read_interest; /* a copy: select overwrites it */
        struct timeval moment = {.tv_usec = 10 * 1000};

        if (select(FD_SETSIZE, &readable, NULL, NULL, &moment) < 0)
            err(EXIT_FAILURE, "select");

        for (int fd = 0; fd < FD_SETSIZE; fd++) {
            if (connections[fd].owed > 0)
                send_owed(&connections[fd]); /* perhaps there is room now */
            else if (!FD_ISSET(fd, &readable))
                continue;
            else if (fd == listen_fd)
                accept_one(listen_fd);
            else
                receive_from(&connections[fd]);
        }
    }
}
