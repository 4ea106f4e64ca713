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
#include <sys/socket.h>
#include <unistd.h>

/* Returns a socket that clients can connect to, at 127.0.0.1 and this port. */
static int listen_on(int port)
{
    (void)port; /* TODO: socket, setsockopt, bind, listen */
    return -1;
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        errx(EXIT_FAILURE, "usage: ./server PORT");

    int port = atoi(argv[1]);
    int listen_fd = listen_on(port);

    printf("listening on 127.0.0.1:%d\n", port);
    fflush(stdout);

    close(listen_fd); /* TODO: accept a client, serve it, and again */
    return EXIT_SUCCESS;
}
