#include "output.h"

#include <errno.h> /* and program_invocation_short_name */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MOST = 1024 };

static int stop_fd = -1; /* poll(2) ignores a negative descriptor */
static int stdout_error; /* why a write of output_print failed, or 0 */

/* A pipe without a reader is reported as POLLERR, a terminal as POLLHUP. */
static bool reader_is_gone(void)
{
    struct pollfd entry = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&entry, 1, 0) == 1 && (entry.revents & (POLLERR | POLLHUP));
}

/*
 * Flush what stdio still holds.  (exit(3) would do that after us, and ignore
 * the result.)  Of an earlier failure stdio remembers that there was one, but
 * not the reason.
 */
static void check_at_exit(void)
{
    bool failed = ferror(stdout);

    errno = 0;
    if (fflush(stdout) != 0)
        failed = true;
    if (failed && !reader_is_gone()) {
        output_warn("standard output: %s",
                    errno != 0 ? strerror(errno)
                               : "not all of it could be written");
        _exit(EXIT_FAILURE);
    }
    if (stdout_error != 0 && stdout_error != EPIPE) /* said already */
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
 * Wait until there is room: for PIPE_BUF bytes in a pipe (that is what POLLOUT
 * promises: pipe(7)), for a line in a terminal.  A regular file is always
 * ready.  Returns false when it is time to stop instead.
 */
static bool await_room(int fd)
{
    struct pollfd entries[] = {
        {.fd = fd, .events = POLLOUT},
        {.fd = stop_fd, .events = POLLIN},
    };

    while (poll(entries, 2, -1) < 0) {
        if (errno != EINTR)
            return true; /* RLIMIT_NOFILE is below 2: then just write */
    }
    return entries[0].revents != 0;
}

/* Returns 0, or the error of write(2). */
static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0 && await_room(fd)) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

bool output_print(const char *format, ...)
{
    char text[LINES_MOST];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (stdout_error == 0) {
        stdout_error = write_all(STDOUT_FILENO, text, strlen(text));
        if (stdout_error != 0 && stdout_error != EPIPE)
            output_warn("standard output: %s", strerror(stdout_error));
    }
    return stdout_error == 0 || stdout_error == EPIPE;
}

void output_warn(const char *format, ...)
{
    char text[LINES_MOST];
    va_list arguments;
    int length =
        snprintf(text, sizeof(text), "%.200s: ", program_invocation_short_name);

    va_start(arguments, format);
    vsnprintf(text + length, sizeof(text) - (size_t)length, format, arguments);
    va_end(arguments);
    length = (int)strlen(text);
    text[length] = '\n'; /* in place of the NUL */
    write_all(STDERR_FILENO, text, (size_t)length + 1);
}
