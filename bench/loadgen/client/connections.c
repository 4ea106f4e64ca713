/*
 * connections: see connections.h for the idea.
 *
 * While it is being opened, a connection goes through three states, and the
 * poll set says which one it is in:
 *
 *   connecting   watch for writable: that is how connect(2) reports
 *   proving      watch for readable: its first message is on the way
 *   settled      not watched (a negative descriptor, poll(2)): proved or lost
 */
#include "client/connections.h"

#include "interrupt.h"
#include "record/clock.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    OTHER_DESCRIPTORS = 16, /* streams, epoll, and a reserve */
    PROOF_SIZE = 64,        /* the first message, when --size is larger */
};

/* The connections that are opened together. */
struct batch {
    struct load_connection *connections;
    struct pollfd watched[OPENING_BATCH];
    size_t count;
    size_t settled;
    size_t proved;
    int error; /* the first errno that was not the peer's silence */
};

void connections_init(struct connections *set, struct address address,
                      double stall)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(EXIT_FAILURE, "getrlimit");
    struct rlimit highest = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &highest) == 0)
        limit = highest; /* else it is forbidden here: make do with the rest */
    *set = (struct connections){.address = address, .stall = stall};
    if (limit.rlim_cur > OTHER_DESCRIPTORS)
        set->most = limit.rlim_cur - OTHER_DESCRIPTORS;
}

void connections_blame(const struct load_connection *connection,
                       enum message_state state, struct trial *trial)
{
    unsigned number = connection->number;

    if (state == MESSAGE_WRONG) {
        trial->wrong_bytes++;
        trial_fail(trial, "wrong byte: connection %u, message %u, byte %u",
                   number, connection->sequence, connection->received);
        return;
    }
    trial->closed++;
    trial_fail(trial, "the server closed connection %u: %s", number,
               connection->error == 0 ? "end of stream"
                                      : strerror(connection->error));
}

/* Not watched from here on. */
static void settle(struct batch *batch, size_t i)
{
    batch->watched[i].fd = -1;
    batch->settled++;
}

static void give_up(struct batch *batch, size_t i, int error)
{
    if (batch->error == 0)
        batch->error = error;
    if (batch->connections[i].fd != -1)
        close(batch->connections[i].fd);
    batch->connections[i].fd = -1;
    settle(batch, i);
}

static void begin_connecting(struct connections *set, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        uint32_t number = set->next_number++;
        int fd = address_connect(&set->address, number);

        batch->connections[i] =
            (struct load_connection){.fd = fd, .number = number};
        batch->watched[i] = (struct pollfd){.fd = fd, .events = POLLOUT};
        if (fd == -1)
            give_up(batch, i, errno);
    }
}

/* connect has an answer: send the first message, or note why not. */
static void begin_proof(struct batch *batch, size_t i, uint32_t size)
{
    struct load_connection *connection = &batch->connections[i];
    int error = 0;
    socklen_t length = sizeof(error);

    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
        give_up(batch, i, error);
        return;
    }
    message_begin(connection, size < PROOF_SIZE ? size : PROOF_SIZE, 0);
    if (message_send(connection) == MESSAGE_CLOSED)
        give_up(batch, i, connection->error);
    else
        batch->watched[i].events = POLLIN;
}

/* Something came in answer to the first message. */
static void end_proof(struct batch *batch, size_t i, struct trial *trial)
{
    struct load_connection *connection = &batch->connections[i];

    switch (message_receive(connection)) {
    case MESSAGE_WAITING:
        break;
    case MESSAGE_COMPLETE:
        batch->proved++;
        settle(batch, i);
        break;
    case MESSAGE_WRONG:
        connections_blame(connection, MESSAGE_WRONG, trial);
        give_up(batch, i, 0);
        break;
    case MESSAGE_CLOSED:
        give_up(batch, i, connection->error);
        break;
    }
}

static void handle_ready(struct batch *batch, struct trial *trial)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->watched[i].fd == -1 || batch->watched[i].revents == 0)
            continue;
        if (batch->watched[i].events == POLLOUT)
            begin_proof(batch, i, trial->point.size);
        else
            end_proof(batch, i, trial);
    }
}

/*
 * Until all are settled, or no proof came for `stall` ns.  After a pause of our
 * own there may be proofs that are not read yet: then wait that long
 * again.
 */
static void settle_all(struct batch *batch, double stall, struct trial *trial)
{
    uint64_t now = clock_now();
    uint64_t deadline = now + clock_seconds(stall);

    while (batch->settled < batch->count && now < deadline &&
           interrupt_signal() == 0) {
        size_t proved = batch->proved;
        uint64_t before = now;
        int n = poll(batch->watched, batch->count, INTERRUPT_LATENCY_MS);

        if (n == -1 && errno != EINTR)
            err(EXIT_FAILURE, "poll");
        if (n > 0)
            handle_ready(batch, trial);
        now = clock_now();
        if (batch->proved > proved ||
            now - before >= PAUSE_MS * UINT64_C(1000000))
            deadline = now + clock_seconds(stall);
    }
}

/* Keep the proved ones, in their order, and reset the others. */
static void keep_proved(struct connections *set, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct load_connection *connection = &batch->connections[i];
        bool proved = connection->size > 0 && !message_in_flight(connection);

        if (connection->fd == -1)
            continue;
        if (proved)
            set->all[set->count++] = *connection;
        else
            close(connection->fd);
    }
}

/* Returns whether all `count` of them were proved; `error` says why not. */
static bool open_batch(struct connections *set, size_t count,
                       struct trial *trial, int *error)
{
    struct batch batch = {.connections = set->all + set->count, .count = count};

    begin_connecting(set, &batch);
    settle_all(&batch, set->stall, trial);
    keep_proved(set, &batch);
    *error = batch.error;
    return batch.proved == count;
}

static void explain_shortage(size_t held, size_t wanted, int error,
                             struct trial *trial)
{
    trial->limited_by =
        address_is_our_limit(error) ? LIMIT_GENERATOR : LIMIT_SERVER;
    if (error == 0)
        trial_fail(trial, "the server served %zu of %zu connections", held,
                   wanted);
    else
        trial_fail(trial, "the server served %zu of %zu connections (%s)", held,
                   wanted, strerror(error));
}

static void grow(struct connections *set, size_t wanted, struct trial *trial)
{
    int error = 0;
    bool all_proved = true;
    uint64_t start = clock_now();
    size_t before = set->count;

    set->all = reallocarray(set->all, wanted, sizeof(*set->all));
    if (set->all == NULL)
        err(EXIT_FAILURE, "memory for %zu connections", wanted);
    while (all_proved && set->count < wanted && interrupt_signal() == 0) {
        size_t missing = wanted - set->count;
        size_t count = missing < OPENING_BATCH ? missing : OPENING_BATCH;
        all_proved = open_batch(set, count, trial, &error);
    }
    if (set->count < wanted)
        explain_shortage(set->count, wanted, error, trial);
    trial->opened = set->count - before;
    trial->opening_seconds = (double)(clock_now() - start) / NS_PER_SECOND;
}

static void shrink(struct connections *set, size_t wanted)
{
    while (set->count > wanted)
        close(set->all[--set->count].fd);
}

/* More connections than descriptors: a part of them is an answer for --hold
 * only.  Returns how many to have open. */
static size_t cut(const struct connections *set, size_t wanted,
                  struct trial *trial)
{
    trial->limited_by = LIMIT_GENERATOR;
    trial_fail(trial,
               "%zu connections do not fit: the limit of open files leaves "
               "room for %zu",
               wanted, set->most);
    return trial->point.mode == MODE_HOLD ? set->most : set->count;
}

void connections_hold(struct connections *set, size_t wanted,
                      struct trial *trial)
{
    if (wanted > set->most)
        wanted = cut(set, wanted, trial);
    shrink(set, wanted);
    if (set->count < wanted)
        grow(set, wanted, trial);
    trial->held = set->count;
}

/* Without poll(2), which may fail for all of them: when the limit of open files
 * was lowered meanwhile, say. */
void connections_check(const struct connections *set, struct trial *trial)
{
    for (size_t i = 0; i < set->count; i++) {
        struct load_connection *connection = &set->all[i];
        char byte;
        ssize_t n = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

        if (n == -1 && errno == EAGAIN)
            continue;
        connection->error = n == -1 ? errno : 0;
        connections_blame(connection, n > 0 ? MESSAGE_WRONG : MESSAGE_CLOSED,
                          trial);
    }
}

void connections_close(struct connections *set)
{
    shrink(set, 0);
    free(set->all);
    set->all = NULL;
}
