/*
 * The student's program in the tests of the lab's command: an echo server that
 * is right, or wrong in the one way that a macro in front of it names.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct pollfd entries[64];
static int count;

static int make_listener(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((in_port_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        perror("bind");
        exit(1);
    }
    if (listen(fd, 64) < 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static void add(int fd)
{
    entries[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Echo what has come on a connection, or take it out of the array. */
static void serve(struct pollfd *entry)
{
    char buffer[4096];
    ssize_t length = recv(entry->fd, buffer, sizeof(buffer), 0);

#ifdef HANGS
    if (length > 0)
        return;
#endif
#ifdef OVERFLOWS
    if (length > 0)
        buffer[sizeof(buffer) + (size_t)count] = 'x';
#endif
#ifdef USES_NULL
    if (length == 0)
        *(volatile int *)NULL = 1;
#endif
#ifdef CRASHES
    if (length == 0)
        abort();
#endif
    if (length > 0) {
        send(entry->fd, buffer, (size_t)length, MSG_NOSIGNAL);
        return;
    }
    close(entry->fd);
    *entry = entries[--count];
}

int main(int argc, char *argv[])
{
    int listener;

    if (argc != 2)
        return 2;
#ifdef EXITS
    fprintf(stderr, "I have nothing to do\n");
    return 3;
#endif
#ifdef DEAF
    pause();
#endif
#ifdef TAKEN
    fprintf(stderr, "bind: Address already in use\n");
    return 1;
#endif
#ifdef STUBBORN
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
#endif
    listener = make_listener(atoi(argv[1]));
    add(listener);
#ifdef DAEMON
    if (fork() != 0)
        _exit(0);
#endif
#ifdef FORKS
    if (fork() == 0) {
        setsid();
        signal(SIGTERM, SIG_IGN);
        for (;;)
            pause();
    }
#endif
#ifdef PRINTS
    if (fork() == 0) {
        for (;;)
            fputs("one line more\n", stdout);
    }
#endif
    while (poll(entries, (nfds_t)count, -1) >= 0) {
        for (int i = count - 1; i > 0; i--) {
            if (entries[i].revents != 0)
                serve(&entries[i]);
        }
        if (entries[0].revents != 0 && count < 64)
            add(accept(listener, NULL, NULL));
    }
    return 1;
}
