/*
 * threads: an echo server with a thread for each connection, which blocks.
 *
 * The idea: no readiness, no events.  A thread calls recv and sleeps in it
 * until bytes come, then send, and sleeps in that until they are gone.  What
 * the program would have to remember of a connection is where its thread is.
 * Backpressure needs no line: who sleeps in send doesn't receive.
 *
 * The cost: a switch of threads for each echo; and for each connection, idle or
 * not, a stack here (the pages of it that were touched) and a thread with a
 * stack of its own in the kernel.
 * The limit: RLIMIT_NOFILE, and how many threads there may be:
 * pthread_create(3) names five limits.
 *
 * To try it:
 *     build/bench/baseline/peers/threads &
 *     build/lab/echo_client
 */
#include "peer.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * The buffer is on the thread's stack.  Of a stack only the pages that were
 * touched are memory, but all of it is address space: the usual 8 MiB for each
 * connection would be too much of that.  And glibc keeps the stacks of threads
 * that have ended for those to come, 40 MiB of them: the larger, the fewer.
 */
enum { BUFFER_SIZE = 64 * 1024, STACK_SIZE = 256 * 1024 };

static pthread_attr_t thread_attributes;

/* How many connections have ended: a full server waits for the next one. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_has_left;
static unsigned long left;

/* Send all of it, however long that takes; false when the client is gone. */
static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, 0);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static void echo(int fd)
{
    char buffer[BUFFER_SIZE];
    ssize_t length;

    do {
        length = recv(fd, buffer, sizeof(buffer), 0);
        if (length > 0 && !send_all(fd, buffer, (size_t)length))
            return;
    } while (length > 0 || (length < 0 && errno == EINTR));
}

/* A connection's life. */
static void *serve(void *connection)
{
    int fd = (int)(intptr_t)connection;

    echo(fd);
    close(fd);
    pthread_mutex_lock(&mutex);
    left++;
    pthread_cond_signal(&one_has_left);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static unsigned long how_many_have_left(void)
{
    pthread_mutex_lock(&mutex);
    unsigned long count = left;
    pthread_mutex_unlock(&mutex);
    return count;
}

/*
 * No descriptor or no thread is to be had: wait until a connection has ended
 * since `seen` of them had, or for a second, as the cause may be elsewhere.
 */
static void wait_for_room(int error, unsigned long seen)
{
    struct timespec deadline;

    if (how_many_have_left() == seen)
        peer_tell_full(error);
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += LISTENER_RETRY_MS / 1000;
    pthread_mutex_lock(&mutex);
    while (left == seen && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&one_has_left, &mutex, &deadline);
    pthread_mutex_unlock(&mutex);
}

/* A thread for a connection; when there can be none now, the client waits. */
static void start_thread(int fd)
{
    pthread_t thread;

    for (;;) {
        unsigned long seen = how_many_have_left();
        int error = pthread_create(&thread, &thread_attributes, serve,
                                   (void *)(intptr_t)fd);
        if (error == 0)
            return;
        wait_for_room(error, seen);
    }
}

/* accept4 failed with `error`.  Without a client in the queue nothing is amiss:
 * only then is room needed. */
static void wait_for_client_and_room(int listen_fd, int error,
                                     unsigned long seen)
{
    struct pollfd entry = {.fd = listen_fd, .events = POLLIN};

    poll(&entry, 1, -1);
    wait_for_room(error, seen);
}

/* The thread that accepts, forever. */
static void *accept_connections(void *listener)
{
    int listen_fd = ((const struct listener *)listener)->fd;

    for (;;) {
        unsigned long seen = how_many_have_left();
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            peer_accepted();
            start_thread(fd);
        } else if (errno != EINTR && !peer_try_next(errno)) {
            wait_for_client_and_room(listen_fd, errno, seen);
        }
    }
    return NULL;
}

/* Threads that nobody joins, with small stacks; and a clock that is steady. */
static void prepare_threads(void)
{
    pthread_condattr_t attributes;

    pthread_attr_init(&thread_attributes);
    pthread_attr_setdetachstate(&thread_attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_attr_setstacksize(&thread_attributes, STACK_SIZE);
    if (error != 0)
        errx(EXIT_FAILURE, "pthread_attr_setstacksize: %s", strerror(error));
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&one_has_left, &attributes);
}

/* The signals that end the program: no thread gets them, main waits for one. */
static sigset_t block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
        errx(EXIT_FAILURE, "pthread_sigmask");
    return signals;
}

int main(int argc, char *argv[])
{
    struct listener listener = peer_open(
        argc, argv,
        "An echo server with a thread for each connection, which blocks.");
    pthread_t acceptor;
    int signal;

    if (fcntl(listener.fd, F_SETFL, 0) < 0)
        err(EXIT_FAILURE, "fcntl");
    prepare_threads();
    sigset_t signals = block_signals();
    listener_announce(&listener);
    int error = pthread_create(&acceptor, &thread_attributes,
                               accept_connections, &listener);
    if (error != 0)
        errx(EXIT_FAILURE, "pthread_create: %s", strerror(error));
    sigwait(&signals, &signal);
    return EXIT_SUCCESS;
}
