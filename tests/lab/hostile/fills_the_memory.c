/* Allocates memory and touches it, until it is ended: 16 GiB at most. */
#include "echo.h"

#include <sys/mman.h>

static void harm(void)
{
    const size_t size = (size_t)64 << 20;

    for (int i = 0; i < 256; i++) {
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
            break;
        memset(memory, 1, size);
    }
    puts("could take 16 GiB");
}
