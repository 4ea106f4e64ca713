/*
 * lines: see lines.h for the idea.
 */
#include "record/lines.h"

#include "interrupt.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* After a failed write: wait until another makes sense, or return why none
 * does. */
static int await_room(int fd, int error)
{
    struct pollfd entry = {.fd = fd, .events = POLLOUT};

    if (error != EAGAIN && error != EINTR)
        return error;
    if (interrupt_signal() != 0)
        return EINTR;
    if (error == EAGAIN)
        poll(&entry, 1, INTERRUPT_LATENCY_MS);
    return 0;
}

int lines_write(int fd, const char *text, size_t length)
{
    int error = 0;

    while (length > 0 && error == 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0) {
            error = await_room(fd, errno);
        } else {
            text += n;
            length -= (size_t)n;
        }
    }
    return error;
}
