/*
 * orders: see orders.h for the idea.
 */
#include "orders.h"

#include "interrupt.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* A signal that arrives between the check for it and poll(2) is seen that late.
 * More often, and the generators that wait would disturb the one that works. */
enum { CHECK_MS = 1000 };

bool orders_write(int fd, const void *data, size_t size)
{
    const char *rest = data;

    while (size > 0) {
        ssize_t n = send(fd, rest, size, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return false;
        rest += n;
        size -= (size_t)n;
    }
    return true;
}

bool orders_read(int fd, void *data, size_t size)
{
    char *rest = data;
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    while (size > 0 && interrupt_signal() == 0) {
        if (poll(&entry, 1, CHECK_MS) < 1)
            continue;
        ssize_t n = recv(fd, rest, size, 0);
        if (n == 0 || (n == -1 && errno != EINTR))
            return false;
        rest += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return size == 0;
}
