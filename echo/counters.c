#include "counters.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct counters in_memory = {.magic = COUNTERS_MAGIC};
struct counters *counters = &in_memory;

void counters_open(const char *path)
{
    if (path == NULL)
        return;

    /* Not O_TRUNC: it would pull the file from under who still maps it. */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        err(EXIT_FAILURE, "--counters=%s", path);

    /* posix_fallocate(3) returns its error and leaves errno alone. */
    errno = posix_fallocate(fd, 0, sizeof(*counters));
    if (errno != 0)
        err(EXIT_FAILURE, "--counters=%s", path);

    void *mapping = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE,
                         MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED)
        err(EXIT_FAILURE, "--counters=%s", path);
    close(fd); /* the mapping keeps the file; a descriptor less to scan */

    counters = mapping;
    *counters = in_memory;
}

const struct counters *counters_map(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;

    /* Touching a mapping past the end of its file is a SIGBUS: mmap(2). */
    struct stat status;
    const struct counters *mapping = MAP_FAILED;
    if (fstat(fd, &status) == 0) {
        errno = EINVAL;
        if (status.st_size >= (off_t)sizeof(*mapping))
            mapping =
                mmap(NULL, sizeof(*mapping), PROT_READ, MAP_SHARED, fd, 0);
    }
    int error = errno;
    close(fd);
    errno = error;
    if (mapping == MAP_FAILED)
        return NULL;

    if (mapping->magic != COUNTERS_MAGIC) {
        munmap((void *)mapping, sizeof(*mapping));
        errno = EINVAL;
        return NULL;
    }
    return mapping;
}
