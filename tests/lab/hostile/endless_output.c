/* Prints without end, on standard output and standard error. */
#include "echo.h"

static void harm(void)
{
    char text[1 << 16];

    if (fork() != 0)
        return;
    memset(text, 'x', sizeof(text));
    for (;;) {
        if (write(STDOUT_FILENO, text, sizeof(text)) < 0 &&
            write(STDERR_FILENO, text, sizeof(text)) < 0)
            usleep(1000);
    }
}
