#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef struct connection {
    int fd;
    size_t owed;
    size_t offset;
    char buffer[16384];
} conn_t;

conn_t connections[FD_SETSIZE];
fd_set read_interest;
int maxfd;

void die(const char *msg)
{
    fprintf(stderr, "%s: %s\n", msg, strerror(errno));
    exit(EXIT_FAILURE);
}

int listen_on(int port)
{
    int sock, opt = 1;
    struct sockaddr_in addr;

    if ((sock = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) < 0)
        die("socket");
    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, (void *)&opt, sizeof(opt));
    bzero(&addr, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons(port);
    if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
        die("bind");
    if (listen(sock, 5) < 0)
        die("listen");
    return sock;
}

void close_connection(conn_t *conn)
{
    FD_CLR(conn->fd, &read_interest);
    close(conn->fd);
    memset(conn, 0, sizeof(*conn));
}

void accept_one(int listen_fd)
{
    struct sockaddr_in peer;
    socklen_t len = sizeof(peer);
    int newfd = accept(listen_fd, (struct sockaddr *)&peer, &len);

    if (newfd < 0)
        die("accept");
    if (newfd >= FD_SETSIZE) {
        close(newfd);
        return;
    }
    if (newfd > maxfd)
        maxfd = newfd;
    memset(&connections[newfd], 0, sizeof(conn_t));
    connections[newfd].fd = newfd;
    FD_SET(newfd, &read_interest);
}

void send_owed(conn_t *conn)
{
    ssize_t ret;

    do {
        ret = send(conn->fd, conn->buffer + conn->offset, conn->owed,
                   MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (ret < 0 && errno == EINTR);
    switch (ret) {
    case -1:
        if (errno == EAGAIN)
            break;
        die("send");
        break;
    default:
        conn->offset = conn->offset + ret;
        conn->owed = conn->owed - ret;
        break;
    }
}

void receive_from(conn_t *conn)
{
    ssize_t ret = recv(conn->fd, conn->buffer, sizeof(conn->buffer), 0);

    switch (ret) {
    case -1:
        die("recv");
        break;
    case 0:
        close_connection(conn);
        break;
    default:
        conn->owed = ret;
        conn->offset = 0;
        send_owed(conn);
    }
}

int main(int argc, char **argv)
{
    int lfd, i;

    if (argc < 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 1;
    }
    lfd = listen_on(atoi(argv[1]));
    printf("listening\n");
    fflush(stdout);
    FD_ZERO(&read_interest);
    FD_SET(lfd, &read_interest);
    maxfd = lfd;

    for (;;) {
        fd_set rfds;
        struct timeval tv;

        memcpy(&rfds, &read_interest, sizeof(rfds));
        tv.tv_sec = 0;
        tv.tv_usec = 10000;
        if (select(maxfd + 1, &rfds, NULL, NULL, &tv) < 0)
            die("select");
        if (FD_ISSET(lfd, &rfds))
            accept_one(lfd);
        for (i = lfd + 1; i <= maxfd; i++)
            if (connections[i].owed)
                send_owed(&connections[i]);
            else if (FD_ISSET(i, &rfds))
                receive_from(&connections[i]);
    }
    return 0;
}
