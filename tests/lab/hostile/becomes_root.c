/* Makes namespaces, in which it would be root, and a file system of its own. */
#include "echo.h"

#include <sched.h>
#include <sys/mount.h>

static void harm(void)
{
    if (unshare(CLONE_NEWUSER) == 0)
        puts("could make a user namespace");
    if (unshare(CLONE_NEWNS) == 0)
        puts("could make a mount namespace");
    if (mount("none", "/tmp", "tmpfs", 0, "") == 0)
        puts("could mount a file system");
    if (setuid(0) == 0)
        puts("could become root");
    if (sethostname("theirs", 6) == 0)
        puts("could change the name of the host");
}
