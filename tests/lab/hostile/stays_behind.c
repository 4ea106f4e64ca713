/* Leaves its session, ignores every signal that it may, and stays behind. */
#include "echo.h"

static void harm(void)
{
    for (int number = 1; number <= SIGRTMAX; number++)
        signal(number, SIG_IGN);
    if (fork() > 0)
        _exit(EXIT_SUCCESS);
    setsid();
    if (fork() > 0)
        _exit(EXIT_SUCCESS);
    setsid();
}
