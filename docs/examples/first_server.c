/* first_server: an echo server for several clients at once, with select(2). */
#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static fd_set watched; /* the listener and all connections; empty at first */

static int listen_on(int port)
{
    struct sockaddr_in here = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        err(EXIT_FAILURE, "port %d", port);
    return fd;
}

static void serve(int fd)
{
    char buffer[4096];
    ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

    if (length > 0) {
        send(fd, buffer, (size_t)length, 0);
    } else {
        FD_CLR(fd, &watched);
        close(fd);
    }
}

int main(int argc, char *argv[])
{
    int listen_fd = listen_on(argc > 1 ? atoi(argv[1]) : 10001);

    FD_SET(listen_fd, &watched);
    for (;;) {
        fd_set ready = watched;
        if (select(FD_SETSIZE, &ready, NULL, NULL, NULL) < 0)
            err(EXIT_FAILURE, "select");
        for (int fd = 0; fd < FD_SETSIZE; fd++) {
            if (!FD_ISSET(fd, &ready))
                continue;
            if (fd != listen_fd) {
                serve(fd);
                continue;
            }
            int client = accept(listen_fd, NULL, NULL);
            if (client < 0)
                err(EXIT_FAILURE, "accept");
            FD_SET(client, &watched);
        }
    }
}
