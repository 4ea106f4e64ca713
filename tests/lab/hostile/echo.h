/*
 * A right server for one client at a time, which calls harm() once it listens.
 * Each file here defines that function, and reports what it could do in lines
 * that begin with "could ".
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void harm(void);

static void serve(int fd)
{
    char buffer[16 * 1024];
    ssize_t length;

    while ((length = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
        if (send(fd, buffer, (size_t)length, MSG_NOSIGNAL) < 0)
            break;
    }
    close(fd);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listen_fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (argc != 2)
        errx(EXIT_FAILURE, "usage: ./server PORT");
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        err(EXIT_FAILURE, "bind");
    listen(listen_fd, SOMAXCONN);
    signal(SIGPIPE, SIG_IGN);
    harm();
    fflush(stdout);
    for (;;)
        serve(accept(listen_fd, NULL, NULL));
}
