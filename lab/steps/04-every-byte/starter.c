/*
 * server: an echo server.  It sends back every byte that a client sends.
 *
 *     ./server 10001                   in one terminal
 *     nc -N 127.0.0.1 10001            in another
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16 * 1024 };

/* TODO: a struct connection that keeps the bytes which are owed. */

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

static void close_connection(int fd)
{
    FD_CLR(fd, &read_interest); /* first: the number will be given out again */
    close(fd);
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
    FD_SET(fd, &read_interest);
}

/* TODO: a send that doesn't wait, and may send a part.  Keep the rest. */

/* The connection is readable: receive what is there, once, and send it back. */
static void receive_from(int fd)
{
    char buffer[BUFFER_SIZE];
    ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

    if (length < 0)
        err(EXIT_FAILURE, "recv");
    if (length == 0)
        close_connection(fd);
    else if (send(fd, buffer, (size_t)length, 0) < 0)
        err(EXIT_FAILURE, "send");
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
        /* TODO: try again for the connections that owe bytes. */
        fd_set readable = read_interest; /* a copy: select overwrites it */

        if (select(FD_SETSIZE, &readable, NULL, NULL, NULL) < 0)
            err(EXIT_FAILURE, "select");

        for (int fd = 0; fd < FD_SETSIZE; fd++) {
            if (!FD_ISSET(fd, &readable))
                continue;
            if (fd == listen_fd)
                accept_one(listen_fd);
            else
                receive_from(fd);
        }
    }
}
