#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 4096 };

struct connection {
    int fd;
    size_t owed;
    size_t offset;
    char buffer[BUFFER_SIZE];
};
static struct connection connections[FD_SETSIZE];
static fd_set read_interest;

static void must(bool ok, const char *what)
{
    if (!ok)
        err(EXIT_FAILURE, "%s", what);
}

static int listen_on(int port)
{
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);

    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    must(fd >= 0, "socket");
    must(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), "reuse");
    must(!bind(fd, (void *)&address, sizeof(address)), "bind");
    must(!listen(fd, 50), "listen");
    return fd;
}

static void close_connection(struct connection *connection)
{
    FD_CLR(connection->fd, &read_interest);
    close(connection->fd);
}

static void accept_one(int listen_fd)
{
    int fd;
    must((fd = accept(listen_fd, 0, 0)) >= 0, "accept");
    if (fd < FD_SETSIZE) {
        struct connection *connection = connections + fd;
        connection->fd = fd;
        connection->owed = connection->offset = 0;
        FD_SET(fd, &read_interest);
    } else
        close(fd);
}

static bool is_owing(const struct connection *connection)
{
    return connection->owed > 0;
}

static void send_owed(struct connection *connection)
{
    char *rest = connection->buffer + connection->offset;
    ssize_t taken = send(connection->fd, rest, connection->owed, MSG_DONTWAIT);
    if (taken >= 0) {
        connection->owed -= taken;
        connection->offset += taken;
    } else
        must(errno == EAGAIN, "send");
}

static void receive_from(struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->buffer, BUFFER_SIZE, 0);
    must(got >= 0, "recv");
    connection->offset = 0;
    connection->owed = (size_t)got;
    if (got)
        send_owed(connection);
    else
        close_connection(connection);
}

static void handle(int fd, fd_set *readable, int listen_fd)
{
    bool ready = FD_ISSET(fd, readable);
    if (fd == listen_fd && ready)
        accept_one(fd);
    else if (is_owing(&connections[fd]))
        send_owed(&connections[fd]);
    else if (ready)
        receive_from(&connections[fd]);
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
    while (true) {
        fd_set readable = read_interest;
        struct timeval moment = {.tv_usec = 10 * 1000};
        must(select(FD_SETSIZE, &readable, NULL, NULL, &moment) >= 0, "select");
        for (int fd = 0; fd < FD_SETSIZE; ++fd)
            handle(fd, &readable, listen_fd);
    }
}
