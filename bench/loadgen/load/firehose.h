/*
 * firehose: connections that stream without end, beside those that talk.
 *
 * A fair server serves a small request soon although a neighbour never stops
 * sending.  So a firehose sends as much as its socket takes, reads as much as
 * comes back, and compares every byte of it with what it sent.
 *
 * The firehoses share a thread with the active connections, whose latency is
 * measured, and must not make those wait.  So they have an epoll instance of
 * their own, and the loop watches that one descriptor: it is readable when a
 * firehose can go on (epoll(7), nested).  The loop handles its active
 * connections first and then makes one move for all firehoses together: one
 * recv and one send of FIREHOSE_PIECE bytes at most.  A reply that arrives
 * meanwhile is read some tens of microseconds late, and its latency shows it.
 *
 * Megabytes are under way in the socket buffers of both sides; at the end of
 * each turn all of it still has to come back.
 *
 * Cost: both ends copy each byte twice, and we compare it besides.  So the
 * generator is about as busy as the server: check its share of the CPU before
 * you believe that the server was the limit.
 */
#ifndef LOADGEN_FIREHOSE_H
#define LOADGEN_FIREHOSE_H

#include "client/message.h"
#include "record/trial.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a send, of a recv, and of a stretch of the pattern. */
enum { FIREHOSE_PIECE = 64 * 1024 };

/* A stream: byte number p of it is byte p % FIREHOSE_PIECE of the message
 * number p / FIREHOSE_PIECE on its connection (pattern.h). */
struct firehose {
    const struct load_connection *connection;
    uint64_t sent;   /* bytes */
    uint64_t echoed; /* of those, back and found right */
};

struct firehoses {
    struct firehose *all;
    size_t count;
    int epoll_fd;    /* readable when a move is possible; -1 without any */
    bool is_drained; /* nothing more is sent */
    uint64_t echoed; /* bytes, of all of them together */
    struct trial *trial;
};

/*
 * Turn the `count` connections from `connections` on, which are quiet, into
 * firehoses, which stream from firehoses_begin on.  They stay the caller's.
 * `trial` fails when a byte is wrong or a connection ends.  Nothing is opened
 * when `count` is 0.
 */
void firehoses_open(struct firehoses *firehoses,
                    const struct load_connection *connections, size_t count,
                    struct trial *trial);

/* From now on they send, until firehoses_drain. */
void firehoses_begin(struct firehoses *firehoses);

/* One recv and one send, of one of those that are ready, if any is. */
void firehoses_move(struct firehoses *firehoses);

/* From now on nothing is sent; what is on the way still has to come back. */
void firehoses_drain(struct firehoses *firehoses);

/* Is everything that was sent back?  Always so without firehoses. */
bool firehoses_are_quiet(const struct firehoses *firehoses);

/* The end, after the drain: fails the trial when bytes never came back. */
void firehoses_judge(const struct firehoses *firehoses);

/* Free what firehoses_open took.  The connections stay open. */
void firehoses_close(struct firehoses *firehoses);

#endif
