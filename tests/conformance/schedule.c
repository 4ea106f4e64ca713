/*
 * schedule: random sequences of all that a client may do, over many connections
 * at once, held against a model of what the server owes to each of them.
 *
 * The other files test what somebody thought of.  This one tests the rest: a
 * reset while the neighbour is stalled, urgent data behind a half-close of
 * somebody else, the descriptor of a closed connection used again at once.
 *
 * The model is a stream for each place (client.h): how many bytes of its
 * pattern were sent, how many came back and were right, and whether it is
 * stalled or has ended.  What is to be done next follows from --seed alone and
 * never from what came back in time, so that a failure can be repeated.
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <unistd.h>

enum {
    KIBIBYTE = 1024,
    PLACES = 64,
    STEPS = 4000,
    TOTAL_MOST = 16 * 1024 * KIBIBYTE /* bytes of one connection */
};

/* A place without a connection has -1 for a descriptor, and zeros. */
static const struct stream nobody = {.fd = -1};

/* One of two sizes or, half of the time, 0: whatever the kernel chooses. */
static int random_size(int small, int large)
{
    size_t choice = case_random_between(0, 3);

    return choice == 0 ? small : choice == 1 ? large : 0;
}

static void open_connection(const struct server *server, struct stream *stream)
{
    int receive_buffer = random_size(4 * KIBIBYTE, 64 * KIBIBYTE);
    int send_buffer = random_size(8 * KIBIBYTE, 128 * KIBIBYTE);

    *stream = (struct stream){
        .fd = client_connect_with(server, receive_buffer, send_buffer),
        .which = case_random(),
        .send_most = (size_t)random_size(1000, 10000),
        .receive_most = (size_t)random_size(1000, 10000),
        .urgent = case_random_between(0, 7) == 0};
}

/* More bytes are to be sent: up to 8 MiB, but small amounts as often. */
static void send_more(struct stream *stream)
{
    size_t bits = case_random_between(0, 23);
    size_t more = case_random_between(1, (size_t)1 << bits);

    if (!stream->half_close && stream->total + more <= TOTAL_MOST)
        stream->total += more;
}

/* Receive all that is owed, and the end of the stream if it was half-closed. */
static void settle(struct stream *stream)
{
    stream->stalled = false;
    streams_finish(stream, 1);
    if (stream->half_close) {
        close(stream->fd);
        *stream = nobody;
    }
}

/* Leave: with a FIN or, if the client has not read all, with a reset. */
static void leave(struct stream *stream)
{
    close(stream->fd);
    *stream = nobody;
}

static void leave_with_reset(struct stream *stream)
{
    client_reset(stream->fd);
    *stream = nobody;
}

/* One thing, chosen at random, is done to a connection. */
static void do_something(struct stream *stream)
{
    size_t choice = case_random_between(0, 99);

    if (choice < 40)
        send_more(stream);
    else if (choice < 55)
        stream->stalled = true;
    else if (choice < 75)
        stream->stalled = false;
    else if (choice < 85)
        settle(stream);
    else if (choice < 94)
        stream->half_close = true;
    else if (choice < 97)
        leave(stream);
    else
        leave_with_reset(stream);
}

/* At the end everybody reads what is owed, ends and leaves. */
static void all_leave(struct stream *streams)
{
    for (int i = 0; i < PLACES; i++) {
        if (streams[i].fd < 0)
            continue;
        streams[i].half_close = true;
        streams[i].stalled = false;
    }
    streams_finish(streams, PLACES);
    for (int i = 0; i < PLACES; i++) {
        if (streams[i].fd >= 0)
            leave(&streams[i]);
    }
}

START_TEST(random_schedule)
{
    struct server *server = server_start("");
    unsigned before = server_descriptors(server);
    struct stream streams[PLACES];

    for (int i = 0; i < PLACES; i++)
        streams[i] = nobody;
    for (int step = 0; step < STEPS; step++) {
        struct stream *stream = &streams[case_random_between(0, PLACES - 1)];

        if (stream->fd < 0)
            open_connection(server, stream);
        else
            do_something(stream);
        streams_step(streams, PLACES, 0);
    }
    all_leave(streams);
    server_await_descriptors(server, before);
}
END_TEST

void add_schedule_cases(void)
{
    case_add(1, "schedule-random", random_schedule, ANY_SERVER, 120);
}
