/*
 * Takes memory that no process shows as its own: children fill what is shared
 * with their parent, and end.  4 GiB at most.
 */
#include "echo.h"

#include <sys/mman.h>

static void harm(void)
{
    const size_t size = (size_t)64 << 20;

    for (int i = 0; i < 64; i++) {
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
            break;
        if (fork() == 0) {
            memset(memory, 1, size);
            _exit(EXIT_SUCCESS);
        }
        wait(NULL);
    }
    puts("filled 4096 MiB");
}
