/*
 * accepts: which of several waiting processes accepts the next client?
 *
 * Some workers wait for clients on one port.  Clients come one at a time: each
 * connects, waits for the byte that its worker sends, and leaves.  So all the
 * workers are idle whenever a client comes, and any of them could serve it.
 * Which of them does depends on how they wait:
 *
 *     accept     all sleep in accept on the same listener
 *     epoll      each has an epoll of its own, which watches the same listener
 *     exclusive  the same, with EPOLLEXCLUSIVE: epoll_ctl(2)
 *     reuseport  each has an epoll and a listener of its own, with SO_REUSEPORT
 *
 * For each way, the program counts the clients that each worker accepted, and
 * the wake-ups per client.  More than one wake-up per client means that workers
 * were woken for nothing.  A worker seldom notices that itself: epoll_wait
 * checks the listener again, finds no client in its queue any more, and goes
 * back to sleep without returning.  So the number comes from the kernel, which
 * counts how often a process gave up its CPU to sleep (ru_nvcsw in
 * getrusage(2)).
 *
 * Cost: a second or two.
 *
 * To try it:
 *     build/bench/baseline/accepts
 *     build/bench/baseline/accepts --workers=8 --clients=10000
 */
#include "options.h"
#include "startup.h"

#include <argp.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum way { BLOCKING_ACCEPT, EPOLL, EXCLUSIVE, REUSEPORT, WAYS };

enum {
    WORKERS_MOST = 64,
    SETTLE_US =
        200, /* for a worker to be asleep again before the next client */
};

static const char *const names[] = {"accept", "epoll", "exclusive",
                                    "reuseport"};

static int workers = 4, clients = 1000;

/* Of one worker, in memory that all processes share. */
struct record {
    volatile bool is_ready; /* it is about to wait for the first time */
    volatile uint64_t accepted;
};

static struct record *records;

static const struct argp_option known_options[] = {
    {"workers", 'w', "N", 0, "Processes that wait, 1 to 64 (4)", 0},
    {"clients", 'c', "N", 0, "Clients for each way (1000)", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    (void)state;
    switch (key) {
    case 'w':
        workers = (int)options_number("--workers", arg, 1, WORKERS_MOST);
        return 0;
    case 'c':
        clients = (int)options_number("--clients", arg, 1, 1000000);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* A listener on the port in `address`, which is filled in if it is 0. */
static int listen_on(struct sockaddr_in *address, bool blocks)
{
    socklen_t length = sizeof(*address);
    const int on = 1;
    int fd = socket(
        AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocks ? 0 : SOCK_NONBLOCK), 0);

    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)address, length) < 0 ||
        listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &length) < 0)
        err(EXIT_FAILURE, "a listener on 127.0.0.1");
    return fd;
}

/* An epoll that reports clients in the listener's queue; -1 for no epoll. */
static int watch_listener(enum way way, int listen_fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll_fd;

    if (way == BLOCKING_ACCEPT)
        return -1;
    if (way == EXCLUSIVE)
        event.events |= EPOLLEXCLUSIVE;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) < 0)
        err(EXIT_FAILURE, "epoll");
    return epoll_fd;
}

/* Wait, accept one client, send it a byte; and again, until we are killed. */
static void work(struct record *record, int listen_fd, int epoll_fd)
{
    struct epoll_event event;

    record->is_ready = true;
    for (;;) {
        if (epoll_fd >= 0 && epoll_wait(epoll_fd, &event, 1, -1) < 0)
            err(EXIT_FAILURE, "epoll_wait");
        int fd = accept(listen_fd, NULL, NULL);
        if (fd < 0 && errno == EAGAIN)
            continue; /* another worker was faster */
        if (fd < 0)
            err(EXIT_FAILURE, "accept");
        record->accepted++;
        if (send(fd, "x", 1, 0) < 0)
            err(EXIT_FAILURE, "send");
        close(fd);
    }
}

/*
 * fork(2) a worker, which ends with its parent.  With SO_REUSEPORT each has a
 * listener of its own, which is open before any client comes.
 */
static pid_t start_worker(enum way way, int number, int listen_fd)
{
    pid_t parent = getpid(), child;
    int epoll_fd = watch_listener(way, listen_fd);

    child = fork();
    if (child < 0)
        err(EXIT_FAILURE, "fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            work(&records[number], listen_fd, epoll_fd);
        _exit(EXIT_FAILURE);
    }
    if (epoll_fd >= 0)
        close(epoll_fd);
    while (!records[number].is_ready)
        usleep(SETTLE_US);
    return child;
}

/* One client: connect, wait for the byte and the end of the stream, close. */
static void be_a_client(const struct sockaddr_in *address)
{
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        err(EXIT_FAILURE, "connect");
    if (recv(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 0)
        errx(EXIT_FAILURE, "a client was not served");
    close(fd);
    usleep(SETTLE_US);
}

static void print_row(enum way way, long wake_ups)
{
    printf("%-9s", names[way]);
    for (int i = 0; i < workers; i++)
        printf(" %6llu", (unsigned long long)records[i].accepted);
    printf("  %19.2f\n", (double)wake_ups / clients);
}

static void try_way(enum way way)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listen_fds[WORKERS_MOST];
    pid_t children[WORKERS_MOST];
    struct rusage usage;
    long wake_ups = 0;

    for (int i = 0; i < workers; i++) {
        records[i] = (struct record){0};
        listen_fds[i] = i == 0 || way == REUSEPORT
                            ? listen_on(&address, way == BLOCKING_ACCEPT)
                            : listen_fds[0];
    }
    for (int i = 0; i < workers; i++)
        children[i] = start_worker(way, i, listen_fds[i]);
    usleep(100 * SETTLE_US); /* all of them sleep now */
    for (int i = 0; i < clients; i++)
        be_a_client(&address);
    for (int i = 0; i < workers; i++) {
        kill(children[i], SIGKILL);
        wait4(children[i], NULL, 0, &usage);
        wake_ups += usage.ru_nvcsw;
        if (i == 0 || way == REUSEPORT)
            close(listen_fds[i]);
    }
    print_row(way, wake_ups);
}

int main(int argc, char *argv[])
{
    const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .doc = "Count which of several waiting processes accepts each client, "
               "for four ways to wait.",
    };

    startup();
    startup_close_inherited();
    argp_program_version = "accepts " FOUR_WAYS_VERSION;
    if (argp_parse(&argp, argc, argv, 0, NULL, NULL) != 0)
        return EXIT_FAILURE;
    records = mmap(NULL, sizeof(*records) * WORKERS_MOST,
                   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (records == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    setlinebuf(stdout);
    printf("%-9s", "");
    for (int i = 0; i < workers; i++)
        printf(" %6d", i + 1);
    printf("  wake-ups per client\n");
    for (enum way way = 0; way < WAYS; way++)
        try_way(way);
    return EXIT_SUCCESS;
}
