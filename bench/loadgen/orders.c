/*
 * orders: see orders.h for the idea.
 */
#include "orders.h"

#include "interrupt.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

/* After a call that moved `n` bytes, or failed: may there be another? */
static bool may_go_on(ssize_t n)
{
    return n > 0 || (n == -1 && errno == EINTR && interrupt_signal() == 0);
}

bool orders_write(int fd, const void *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n =
            send(fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
        if (!may_go_on(n))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/*
 * A signal that arrives just before recv(2) does not interrupt it.  That does
 * no harm: Ctrl-C is for all processes of the terminal, so the other end closes
 * the stream, and any other signal is seen with the answer.
 */
bool orders_read(int fd, void *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = recv(fd, (char *)data + done, size - done, 0);
        if (!may_go_on(n))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}
