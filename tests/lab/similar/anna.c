/* my echo server, step 4 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE 8192

struct connection {
    int fd;
    size_t owed;
    size_t offset;
    char buffer[BUFFER_SIZE];
};

static struct connection connections[FD_SETSIZE];
static fd_set read_interest;

static int listen_on(int port)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s == -1) {
        perror("socket");
        exit(1);
    }
    int yes = 1;
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == -1) {
        perror("setsockopt");
        exit(1);
    }
    struct sockaddr_in sa;
    memset(&sa, 0, sizeof sa);
    sa.sin_family = AF_INET;
    sa.sin_port = htons(port);
    sa.sin_addr.s_addr = inet_addr("127.0.0.1");
    if (bind(s, (struct sockaddr *)&sa, sizeof sa) == -1) {
        perror("bind");
        exit(1);
    }
    if (listen(s, 128) == -1) {
        perror("listen");
        exit(1);
    }
    return s;
}

static void close_connection(struct connection *c)
{
    FD_CLR(c->fd, &read_interest);
    c->owed = 0;
    close(c->fd);
}

static void accept_one(int listen_fd)
{
    int fd = accept(listen_fd, NULL, NULL);
    if (fd == -1) {
        perror("accept");
        return;
    }
    if (fd >= FD_SETSIZE) {
        fprintf(stderr, "too many\n");
        close(fd);
    } else {
        connections[fd].fd = fd;
        connections[fd].owed = 0;
        connections[fd].offset = 0;
        FD_SET(fd, &read_interest);
    }
}

static void send_owed(struct connection *c)
{
    ssize_t n = send(c->fd, &c->buffer[c->offset], c->owed, MSG_DONTWAIT);
    if (n == -1) {
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            close_connection(c);
        return;
    }
    c->offset += n;
    c->owed -= n;
}

static void receive_from(struct connection *c)
{
    if (c->owed != 0)
        return;
    ssize_t n = recv(c->fd, c->buffer, sizeof c->buffer, 0);
    if (n <= 0) {
        close_connection(c);
    } else {
        c->owed = n;
        c->offset = 0;
        send_owed(c);
    }
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

    while (1) {
        fd_set readable = read_interest;
        struct timeval moment = {.tv_usec = 10 * 1000};
        int nready = select(FD_SETSIZE, &readable, NULL, NULL, &moment);
        if (nready == -1 && errno != EINTR) {
            perror("select");
            return 1;
        }
        int i;
        for (i = 0; i < FD_SETSIZE; i++) {
            if (i == listen_fd) {
                if (FD_ISSET(i, &readable))
                    accept_one(i);
                continue;
            }
            struct connection *c = &connections[i];
            if (c->owed > 0) {
                send_owed(c);
                continue;
            }
            if (FD_ISSET(i, &readable))
                receive_from(c);
        }
    }
}
