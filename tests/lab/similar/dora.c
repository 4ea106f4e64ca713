#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16 * 1024 };

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

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        err(1, "socket");
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(int));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
        err(1, "bind");
    if (listen(fd, 10) != 0)
        err(1, "listen");
    return fd;
}

static void close_connection(struct connection *c)
{
    FD_CLR(c->fd, &read_interest);
    close(c->fd);
}

static void accept_one(int listen_fd)
{
    int fd = accept(listen_fd, NULL, NULL);
    if (fd < 0)
        err(1, "accept");
    if (fd >= FD_SETSIZE) {
        close(fd);
        return;
    }
    struct connection *c = &connections[fd];
    c->fd = fd;
    c->owed = 0;
    FD_SET(fd, &read_interest);
}

static void send_owed(struct connection *c)
{
    ssize_t n = send(c->fd, c->buffer + c->offset, c->owed, MSG_DONTWAIT);
    if (n < 0) {
        if (errno == EAGAIN)
            return;
        err(1, "send");
    }
    c->offset += n;
    c->owed -= n;
}

static void receive_from(struct connection *c)
{
    ssize_t n = recv(c->fd, c->buffer, BUFFER_SIZE, 0);
    if (n < 0)
        err(1, "recv");
    if (n == 0) {
        close_connection(c);
        return;
    }
    c->offset = 0;
    c->owed = n;
    send_owed(c);
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
        fd_set readable = read_interest;
        struct timeval moment = {.tv_usec = 10 * 1000};
        if (select(FD_SETSIZE, &readable, NULL, NULL, &moment) < 0)
            err(1, "select");
        for (int fd = 0; fd < FD_SETSIZE; fd++) {
            struct connection *c = &connections[fd];
            if (fd != listen_fd && c->owed > 0)
                send_owed(c);
            else if (FD_ISSET(fd, &readable)) {
                if (fd == listen_fd)
                    accept_one(fd);
                else
                    receive_from(c);
            }
        }
    }
}
