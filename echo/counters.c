#include "counters.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct counters in_memory = {.magic = COUNTERS_MAGIC};
struct counters *counters = &in_memory;

/*
 * Access to a mapping whose file was truncated is a SIGBUS: mmap(2).  Put
 * ordinary memory in its place, and the access that failed is repeated there.
 */
static void replace_mapping(int number, siginfo_t *info, void *context)
{
    const char *start = (const char *)counters, *fault = info->si_addr;
    int error = errno;

    (void)context;
    if (fault < start || fault >= start + sizeof(*counters) ||
        mmap(counters, sizeof(*counters), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        signal(number,
               SIG_DFL); /* the access is repeated, and ends the process */
    errno = error;
}

static void survive_truncation(void)
{
    struct sigaction action = {
        .sa_sigaction = replace_mapping,
        .sa_flags = SA_SIGINFO,
    };
    sigaction(SIGBUS, &action, NULL);
}

void counters_open(const char *path)
{
    if (path == NULL)
        return;

    /* Not O_TRUNC: the file may be another server's, as the lock will show. */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        err(EXIT_FAILURE, "--counters=%s", path);
    /* Some file systems have no locks: then go without. */
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        errx(EXIT_FAILURE, "--counters=%s: another server counts in this file",
             path);

    /* posix_fallocate(3) returns its error and leaves errno alone. */
    errno = posix_fallocate(fd, 0, sizeof(*counters));
    if (errno != 0)
        err(EXIT_FAILURE, "--counters=%s", path);

    void *mapping = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE,
                         MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED)
        err(EXIT_FAILURE, "--counters=%s", path);

    /* `fd` stays open: closing it would give up the lock. */
    counters = mapping;
    survive_truncation();
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
