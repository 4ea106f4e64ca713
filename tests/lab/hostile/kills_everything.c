/* Stops, traces and kills every process that it may. */
#include "echo.h"

#include <sys/ptrace.h>

static int is_ours(pid_t pid, const pid_t *own, int count)
{
    for (int i = 0; i < count; i++) {
        if (own[i] == pid)
            return 1;
    }
    return 0;
}

/* Process 1 of a sandbox shrugs it off, so only what is seen to happen counts.
 */
static void harm(void)
{
    const pid_t own[] = {1, 2, getpid(), getppid()};
    const pid_t child = fork();

    if (child < 0)
        return;
    if (child == 0) {
        for (pid_t pid = 1; pid < 40000; pid++) {
            if (is_ours(pid, own, 4) || pid == getpid())
                continue;
            if (kill(pid, 0) == 0)
                printf("could signal process %d\n", (int)pid);
            if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
                printf("could trace process %d\n", (int)pid);
        }
        fflush(stdout);
        kill(-1, SIGSTOP);
        kill(-1, SIGKILL);
        _exit(EXIT_SUCCESS);
    }
    kill(getppid(), SIGTERM);
    waitpid(child, NULL, 0);
}
