/*
 * One process listens, and sleeps in poll.  The one that serves isn't its
 * child: both are children of a third.  (No harm, so it needs no sandbox.)
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int fd)
{
    char buffer[4096];
    ssize_t length;

    while ((length = recv(fd, buffer, sizeof(buffer), 0)) > 0)
        send(fd, buffer, (size_t)length, MSG_NOSIGNAL);
    _exit(0);
}

static void serve_all(int listen_fd)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listen_fd, NULL, NULL);

        if (fork() == 0)
            serve(fd);
        close(fd);
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd nothing = {.fd = -1};

    if (argc != 2)
        errx(EXIT_FAILURE, "usage: ./server PORT");
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    if (bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        err(EXIT_FAILURE, "bind");
    listen(listen_fd, SOMAXCONN);
    if (fork() == 0)
        for (;;)
            poll(&nothing, 1, -1);
    if (fork() == 0)
        serve_all(listen_fd);
    close(listen_fd);
    wait(NULL);
}
