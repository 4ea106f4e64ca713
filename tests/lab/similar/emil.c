#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 14 };

struct connection {
    int fd;
    size_t owed;
    size_t offset;
    char buffer[BUFFER_SIZE];
};

static struct connection connections[FD_SETSIZE];
static fd_set read_interest;

static int check(int result, const char *name)
{
    if (result < 0)
        err(EXIT_FAILURE, "%s", name);
    return result;
}

static int listen_on(int port)
{
    int on = 1;
    int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    struct sockaddr_in where = {
        AF_INET, htons((uint16_t)port), {htonl(INADDR_LOOPBACK)}, {0}};

    check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "sockopt");
    check(bind(fd, (struct sockaddr *)&where, sizeof where), "bind");
    check(listen(fd, SOMAXCONN), "listen");
    return fd;
}

static void close_connection(struct connection *gone)
{
    FD_CLR(gone->fd, &read_interest);
    check(close(gone->fd), "close");
    gone->fd = -1;
}

static void accept_one(int listen_fd)
{
    int fd = check(accept(listen_fd, NULL, NULL), "accept");
    struct connection *new = fd < FD_SETSIZE ? &connections[fd] : NULL;

    if (!new) {
        close(fd);
        return;
    }
    *new = (struct connection){fd, 0, 0, {0}};
    FD_SET(fd, &read_interest);
}

/* How many bytes the kernel took; 0 when there was no room. */
static size_t try_send(int fd, const char *from, size_t count)
{
    ssize_t taken = send(fd, from, count, MSG_DONTWAIT);

    return taken < 0 && errno == EAGAIN ? 0 : (size_t)check(taken, "send");
}

static void send_owed(struct connection *one)
{
    const char *from = one->buffer + one->offset;
    size_t taken = try_send(one->fd, from, one->owed);

    one->owed -= taken;
    one->offset += taken;
}

static void receive_from(struct connection *one)
{
    one->offset = 0;
    one->owed = check(recv(one->fd, one->buffer, BUFFER_SIZE, 0), "recv");
    if (one->owed == 0)
        close_connection(one);
    else
        send_owed(one);
}

static fd_set wait_for_some(void)
{
    fd_set readable = read_interest;
    struct timeval moment = {.tv_usec = 10 * 1000};

    check(select(FD_SETSIZE, &readable, NULL, NULL, &moment), "select");
    return readable;
}

static void send_to_all_that_are_owed(void)
{
    struct connection *end = connections + FD_SETSIZE;

    for (struct connection *one = connections; one < end; one++)
        if (one->owed > 0)
            send_owed(one);
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
        fd_set readable = wait_for_some();

        if (FD_ISSET(listen_fd, &readable))
            accept_one(listen_fd);
        FD_CLR(listen_fd, &readable);
        for (int fd = 0; fd < FD_SETSIZE; fd++)
            if (FD_ISSET(fd, &readable) && connections[fd].owed == 0)
                receive_from(&connections[fd]);
        send_to_all_that_are_owed();
    }
}
