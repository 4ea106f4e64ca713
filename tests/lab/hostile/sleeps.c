/* Listens, and sleeps. */
#include "echo.h"

static void harm(void)
{
    for (;;)
        pause();
}
