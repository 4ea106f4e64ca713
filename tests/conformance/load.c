#include "load.h"

#include "case.h"
#include "client.h"
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { CHUNK_SIZE = 256 * 1024 };

/* A count that this process and its children share. */
static volatile uint64_t *shared_count(void)
{
    void *count = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (count == MAP_FAILED)
        ck_abort_msg("mmap: %s", strerror(errno));
    return count;
}

/* fork(2), but the child dies with its parent. */
static pid_t fork_client(void)
{
    pid_t parent = getpid(), child = fork();

    if (child < 0)
        ck_abort_msg("fork: %s", strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(EXIT_FAILURE);
    }
    return child;
}

const volatile uint64_t *load_firehoses(const struct server *server, int count)
{
    static const char zeros[CHUNK_SIZE];
    volatile uint64_t *returned = shared_count();

    for (int i = 0; i < count; i++) {
        int fd = client_connect(server);

        fcntl(fd, F_SETFL, 0); /* these two may well block */
        if (fork_client() == 0) {
            while (send(fd, zeros, CHUNK_SIZE, MSG_NOSIGNAL) > 0)
                continue;
            _exit(EXIT_SUCCESS);
        }
        if (fork_client() == 0) {
            ssize_t length;
            /* MSG_TRUNC throws the bytes away without a copy: tcp(7). */
            while ((length = recv(fd, NULL, CHUNK_SIZE, MSG_TRUNC)) > 0)
                __atomic_fetch_add(returned, (uint64_t)length,
                                   __ATOMIC_RELAXED);
            _exit(EXIT_SUCCESS);
        }
        close(fd);
    }
    return returned;
}

const volatile uint64_t *load_visitors(const struct server *server, int count)
{
    volatile uint64_t *visits = shared_count();

    for (int i = 0; i < count; i++) {
        if (fork_client() != 0)
            continue;
        for (;;) {
            int fd = client_connect(server);

            client_send(fd, "x", 1);
            client_reset(fd);
            __atomic_fetch_add(visits, 1, __ATOMIC_RELAXED);
        }
    }
    return visits;
}

void load_await(const volatile uint64_t *count, uint64_t more)
{
    uint64_t goal = *count + more;
    double deadline = now() + client_patience();

    while (*count < goal) {
        ck_assert_msg(
            now() < deadline,
            "the other clients got no further than %s of %s in %g s" EXPECTED
            "each client is served in its turn",
            words_number(*count - (goal - more)), words_number(more),
            client_patience());
        pause_for(0.001);
    }
}
