/*
 * firehose: see firehose.h for the idea.
 */
#include "load/firehose.h"

#include "client/pattern.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* All firehoses receive into this one: what came is judged at once. */
static char buffer[FIREHOSE_PIECE];

static void watch(const struct firehoses *firehoses, struct firehose *firehose,
                  int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = firehose};

    if (!firehoses->is_drained)
        event.events |= EPOLLOUT;
    if (epoll_ctl(firehoses->epoll_fd, operation, firehose->connection->fd,
                  &event) == -1)
        err(EXIT_FAILURE, "epoll_ctl");
}

void firehoses_open(struct firehoses *firehoses,
                    const struct load_connection *connections, size_t count,
                    struct trial *trial)
{
    *firehoses =
        (struct firehoses){.epoll_fd = -1, .is_drained = true, .trial = trial};
    if (count == 0)
        return;
    firehoses->count = count;
    firehoses->all = calloc(count, sizeof(*firehoses->all));
    if (firehoses->all == NULL)
        err(EXIT_FAILURE, "memory for %zu firehoses", count);
    firehoses->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (firehoses->epoll_fd == -1)
        err(EXIT_FAILURE, "epoll_create1");
    for (size_t i = 0; i < count; i++) {
        firehoses->all[i].connection = &connections[i];
        watch(firehoses, &firehoses->all[i], EPOLL_CTL_ADD);
    }
}

/* Of a stretch of the pattern, how much is left from `position` on? */
static size_t rest_of_piece(uint64_t position)
{
    return FIREHOSE_PIECE - position % FIREHOSE_PIECE;
}

static void blame_end(struct trial *trial, const struct firehose *firehose,
                      int error)
{
    trial->closed++;
    trial_fail(trial, "the server closed connection %u, a firehose: %s",
               (unsigned)firehose->connection->number,
               error == 0 ? "end of stream" : strerror(error));
}

static void send_piece(struct firehoses *firehoses, struct firehose *firehose)
{
    uint32_t piece = (uint32_t)(firehose->sent / FIREHOSE_PIECE);
    const char *text = pattern_message(firehose->connection->number, piece);
    ssize_t n =
        send(firehose->connection->fd, text + firehose->sent % FIREHOSE_PIECE,
             rest_of_piece(firehose->sent), MSG_NOSIGNAL);

    if (n > 0)
        firehose->sent += (uint64_t)n;
    else if (errno != EAGAIN && errno != EINTR)
        blame_end(firehoses->trial, firehose, errno);
}

/* `length` bytes have come, all of one piece: those from `echoed` on? */
static void judge(struct firehoses *firehoses, struct firehose *firehose,
                  size_t length)
{
    uint32_t number = firehose->connection->number;
    uint64_t owed = firehose->sent - firehose->echoed;
    size_t judged = length < owed ? length : (size_t)owed;
    size_t right =
        pattern_matching(number, (uint32_t)(firehose->echoed / FIREHOSE_PIECE),
                         firehose->echoed % FIREHOSE_PIECE, buffer, judged);

    firehose->echoed += right;
    firehoses->echoed += right;
    if (right == length)
        return;
    firehoses->trial->wrong_bytes++;
    trial_fail(firehoses->trial,
               "wrong byte: connection %u, a firehose, byte %llu of its stream",
               (unsigned)number, (unsigned long long)firehose->echoed);
}

static void receive_piece(struct firehoses *firehoses,
                          struct firehose *firehose)
{
    ssize_t n = recv(firehose->connection->fd, buffer,
                     rest_of_piece(firehose->echoed), 0);

    if (n > 0)
        judge(firehoses, firehose, (size_t)n);
    else if (n == 0)
        blame_end(firehoses->trial, firehose, 0);
    else if (errno != EAGAIN && errno != EINTR)
        blame_end(firehoses->trial, firehose, errno);
}

/* epoll(7) reports its ready list in rotation, so all get their share. */
void firehoses_move(struct firehoses *firehoses)
{
    struct epoll_event event;

    if (firehoses->count == 0 || !firehoses->trial->valid ||
        epoll_wait(firehoses->epoll_fd, &event, 1, 0) != 1)
        return;
    if (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive_piece(firehoses, event.data.ptr);
    if (event.events & EPOLLOUT && firehoses->trial->valid)
        send_piece(firehoses, event.data.ptr);
}

static void set_drained(struct firehoses *firehoses, bool is_drained)
{
    firehoses->is_drained = is_drained;
    for (size_t i = 0; i < firehoses->count; i++)
        watch(firehoses, &firehoses->all[i], EPOLL_CTL_MOD);
}

void firehoses_begin(struct firehoses *firehoses)
{
    set_drained(firehoses, false);
}

void firehoses_drain(struct firehoses *firehoses)
{
    set_drained(firehoses, true);
}

bool firehoses_are_quiet(const struct firehoses *firehoses)
{
    for (size_t i = 0; i < firehoses->count; i++) {
        if (firehoses->all[i].echoed < firehoses->all[i].sent)
            return false;
    }
    return true;
}

void firehoses_judge(const struct firehoses *firehoses)
{
    struct trial *trial = firehoses->trial;
    size_t lost = 0;

    for (size_t i = 0; i < firehoses->count; i++)
        lost += firehoses->all[i].echoed < firehoses->all[i].sent;
    trial->lost += lost;
    if (lost > 0)
        trial_fail(trial, "bytes never came back on %zu of %zu firehoses", lost,
                   firehoses->count);
}

void firehoses_close(struct firehoses *firehoses)
{
    if (firehoses->count == 0)
        return;
    close(firehoses->epoll_fd);
    free(firehoses->all);
    *firehoses = (struct firehoses){.epoll_fd = -1};
}
