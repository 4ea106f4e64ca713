/*
 * blocking_server: an echo server that can only wait for one thing at a time.
 *
 * The idea: accept a client, send back whatever it sends until it ends its
 * stream, and then accept the next one.  The limit: a client that says nothing
 * stops the server for all others, because recv(2) waits for that one client.
 *
 * To try it, with port 10001 of this machine:
 *     cc -o blocking_server docs/examples/blocking_server.c
 *     ./blocking_server
 */
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_here(void)
{
    const struct sockaddr_in here = {
        .sin_family = AF_INET,
        .sin_port = htons(10001),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;

    if (fd < 0)
        err(EXIT_FAILURE, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
        err(EXIT_FAILURE, "bind");
    if (listen(fd, SOMAXCONN) < 0)
        err(EXIT_FAILURE, "listen");
    return fd;
}

/* Echo until the client ends its stream.  The whole program waits in recv. */
static void serve(int fd)
{
    char buffer[4096];
    ssize_t length;

    while ((length = recv(fd, buffer, sizeof(buffer), 0)) > 0)
        if (send(fd, buffer, (size_t)length, 0) != length)
            return; /* the client is gone */
}

int main(void)
{
    int listen_fd = listen_here();

    signal(SIGPIPE, SIG_IGN); /* a send to a client that left just fails */
    printf("blocking_server: listening on 127.0.0.1:10001\n");
    fflush(stdout);
    for (;;) {
        int fd = accept(listen_fd, NULL, NULL);
        if (fd < 0)
            err(EXIT_FAILURE, "accept");
        printf("a client is accepted\n");
        fflush(stdout);
        serve(fd);
        close(fd);
    }
}
