#include "startup.h"

#include "output.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

enum { CLOSED_MOST = 4096 }; /* descriptors, where close_range is refused */

static void fill_standard_descriptors(void)
{
    int fd;

    /*
     * open(2) takes the lowest number that is free.  A container may lack
     * /dev/null; then the root directory keeps the number: with O_PATH it can't
     * be read or written.
     */
    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            fd = open("/", O_PATH);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (number == SIGHUP || number == SIGINT || number == SIGQUIT)
            continue;
        if (sigaction(number, NULL, &action) == 0 &&
            action.sa_handler == SIG_IGN)
            signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void startup(void)
{
    fill_standard_descriptors();
    alarm(0);
    reset_signals();
    output_start();
}

void startup_close_inherited(void)
{
    if (close_range(STDERR_FILENO + 1, UINT_MAX, 0) == 0)
        return;
    /* An old kernel, or a container's seccomp filter, that doesn't know it. */
    for (int fd = STDERR_FILENO + 1; fd < CLOSED_MOST; fd++)
        close(fd);
}
