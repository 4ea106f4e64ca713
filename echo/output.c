#include "output.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINES_MOST = 1024 };

static int stop_fd = -1; /* poll(2) ignores a negative descriptor */
static bool finished;    /* a write has failed: write no more */
static int write_error;  /* what it failed with, unless the reader has gone */

/* A pipe without a reader is reported as POLLERR, a terminal as POLLHUP. */
static bool reader_is_gone(void)
{
    struct pollfd entry = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&entry, 1, 0) == 1 && (entry.revents & (POLLERR | POLLHUP));
}

/*
 * stdio remembers that a write failed, but not why.  exit(3) would flush the
 * stream after us, and ignore the result.
 */
static void check_at_exit(void)
{
    bool failed = ferror(stdout);

    errno = 0;
    if (fflush(stdout) != 0)
        failed = true;
    if (write_error != 0) {
        failed = true;
        errno = write_error;
    } else if (failed && reader_is_gone()) {
        failed = false;
    }
    if (!failed)
        return;
    if (errno != 0)
        warn("standard output");
    else
        warnx("standard output: not all of it could be written");
    _exit(EXIT_FAILURE);
}

void output_start(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    atexit(check_at_exit);
}

void output_stop_at(int fd)
{
    stop_fd = fd;
}

/*
 * Wait until there is room for PIPE_BUF bytes in a pipe (POLLOUT promises that
 * many: pipe(7)), or some in a terminal.  Returns false when it is time to stop
 * instead.  A regular file is always ready.
 */
static bool await_room(void)
{
    struct pollfd entries[] = {
        {.fd = STDOUT_FILENO, .events = POLLOUT},
        {.fd = stop_fd, .events = POLLIN},
    };

    while (poll(entries, 2, -1) < 0 && errno == EINTR)
        continue;
    return entries[0].revents != 0;
}

static void write_all(const char *text, size_t length)
{
    while (length > 0 && await_room()) {
        ssize_t written = write(STDOUT_FILENO, text, length);

        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            finished = true;
            write_error = errno == EPIPE ? 0 : errno;
            return;
        }
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
}

void output_print(const char *format, ...)
{
    char text[LINES_MOST];
    va_list arguments;

    if (finished)
        return;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length > 0)
        write_all(text, length < LINES_MOST ? (size_t)length : LINES_MOST - 1);
}
