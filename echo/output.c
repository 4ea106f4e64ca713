#include "output.h"

#include "stop.h"

#include <errno.h> /* and program_invocation_short_name */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    LINES_MOST = 1024,
    LOOK_MS = 50 /* how often a blocked write checks whether to stop */
};

static int stdout_error; /* why a write of output_print failed, or 0 */

/* A pipe without a reader is reported as POLLERR, a terminal as POLLHUP. */
static bool reader_is_gone(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLOUT};

    return poll(&entry, 1, 0) == 1 && (entry.revents & (POLLERR | POLLHUP));
}

/*
 * Flush what stdio still holds.  (exit(3) would do that after us, and ignore
 * the result.)  stdio remembers that an earlier write failed, but not why.
 */
static void check_at_exit(void)
{
    bool failed = ferror(stdout);

    errno = 0;
    if (fflush(stdout) != 0)
        failed = true;
    if (failed && !reader_is_gone(STDOUT_FILENO)) {
        output_warn("standard output: %s",
                    errno != 0 ? strerror(errno) : "some output was lost");
        _exit(EXIT_FAILURE);
    }
    if (stdout_error != 0 && stdout_error != EPIPE) /* said already */
        _exit(EXIT_FAILURE);
}

/* Empty: all that the signal has to do is to interrupt a system call. */
static void interrupt(int number)
{
    (void)number;
}

void output_start(void)
{
    /* Without SA_RESTART: the interrupted call is to fail with EINTR. */
    struct sigaction action = {.sa_handler = interrupt};

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigaction(SIGALRM, &action, NULL);
    atexit(check_at_exit);
}

/* Send us SIGALRM every `interval_ms` milliseconds, or, with 0, no more. */
static void set_alarm(int interval_ms)
{
    const struct timeval interval = {.tv_usec = interval_ms * 1000};
    const struct itimerval timer = {interval, interval};

    setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * write(2), but it doesn't block for longer than LOOK_MS: then it fails with
 * EINTR.  Polling for room first would not be enough: a terminal is reported as
 * writable if it has room for a byte, and then blocks in the middle of a line.
 */
static ssize_t write_briefly(int fd, const char *text, size_t length)
{
    set_alarm(LOOK_MS);
    ssize_t written = write(fd, text, length);
    int error = errno;
    set_alarm(0);
    errno = error;
    return written;
}

/*
 * Returns 0, or an error of write(2): EPIPE if the reader is gone, or if it
 * does not read and it is time to stop.
 */
static int write_all(int fd, const char *text, size_t length)
{
    const struct timespec moment = {.tv_nsec = LOOK_MS * 1000000};

    while (length > 0) {
        ssize_t written = write_briefly(fd, text, length);

        if (written >= 0) {
            text += written;
            length -= (size_t)written;
            continue;
        }
        if (errno != EINTR && errno != EAGAIN)
            return reader_is_gone(fd) ? EPIPE : errno;
        if (errno == EAGAIN) /* it was made non-blocking by another program */
            nanosleep(&moment, NULL);
        if (stop_is_pending())
            return EPIPE;
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
