/*
 * test_firehose: a stream without end is compared byte by byte, and a move of
 * it is bounded.
 *
 * First the moves, one by one, over socketpairs whose other ends the test
 * holds; then loadgen end to end.  That a wrong stream spoils a trial is in
 * test_wrong.
 *
 *     test_firehose PATH-OF-LOADGEN
 */
#include "client/pattern.h"
#include "load/firehose.h"
#include "run.h"
#include "tap.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STREAMS = 3 };

static struct load_connection ours[STREAMS];
static int theirs[STREAMS];
static struct firehoses firehoses;
static struct trial trial;
static char text[4 * FIREHOSE_PIECE];

static void set_up(void)
{
    const int space = 2 * FIREHOSE_PIECE;

    run_set_up();
    pattern_init();
    trial = (struct trial){.valid = true};
    for (uint32_t i = 0; i < STREAMS; i++) {
        int pair[2];
        ck_assert_int_eq(
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &space, sizeof(space));
        ours[i] = (struct load_connection){.fd = pair[0], .number = 10 + i};
        theirs[i] = pair[1];
    }
}

static void tear_down(void)
{
    firehoses_close(&firehoses);
    run_tear_down();
}

/* Let the first `count` stream. */
static void open_some(size_t count)
{
    firehoses_open(&firehoses, ours, count, &trial);
    firehoses_begin(&firehoses);
}

/* What number `i` has sent since the last time is in `text`. */
static size_t hear(size_t i)
{
    ssize_t n = recv(theirs[i], text, sizeof(text), 0);

    return n > 0 ? (size_t)n : 0;
}

static void answer(size_t i, const char *bytes, size_t length)
{
    ck_assert_int_eq(send(theirs[i], bytes, length, 0), (ssize_t)length);
}

TEST(a_move_is_one_piece_of_one_firehose)
{
    open_some(1);
    for (uint64_t sent = 0; sent < 3 * FIREHOSE_PIECE;) {
        firehoses_move(&firehoses);
        size_t heard = hear(0);
        ck_assert_uint_gt(heard, 0);
        ck_assert_uint_le(heard, FIREHOSE_PIECE);
        sent += heard;
        ck_assert_uint_eq(firehoses.all[0].sent, sent);
        answer(0, text, heard);
    }
    ck_assert(trial.valid);
}

/* As long as they are ready, each is served as often as the others. */
TEST(the_firehoses_move_in_rotation)
{
    size_t heard[STREAMS] = {0};

    open_some(STREAMS);
    for (size_t move = 0; move < 10 * STREAMS; move++) {
        firehoses_move(&firehoses);
        for (size_t i = 0; i < STREAMS; i++)
            heard[i] += hear(i) > 0;
    }
    for (size_t i = 0; i < STREAMS; i++)
        ck_assert_uint_eq(heard[i], 10);
}

TEST(an_echo_is_counted_when_it_is_right)
{
    open_some(2);
    firehoses_move(&firehoses);
    firehoses_move(&firehoses);
    ck_assert(!firehoses_are_quiet(&firehoses));
    firehoses_drain(&firehoses);
    for (size_t i = 0; i < 2; i++)
        answer(i, text, hear(i));
    for (size_t i = 0; i < 100; i++)
        firehoses_move(&firehoses);
    ck_assert(trial.valid);
    ck_assert(firehoses_are_quiet(&firehoses));
    ck_assert_uint_eq(firehoses.echoed,
                      firehoses.all[0].sent + firehoses.all[1].sent);
    firehoses_judge(&firehoses);
    ck_assert(trial.valid);
}

TEST(nothing_is_sent_in_the_drain)
{
    open_some(1);
    firehoses_move(&firehoses);
    size_t length = hear(0);
    firehoses_drain(&firehoses);
    answer(0, text, length / 2);
    for (size_t i = 0; i < 100; i++)
        firehoses_move(&firehoses);
    ck_assert_uint_eq(hear(0), 0);
    ck_assert(!firehoses_are_quiet(&firehoses));
    firehoses_judge(&firehoses);
    ck_assert(!trial.valid);
    ck_assert_uint_eq(trial.lost, 1);
    ck_assert_str_eq(trial.reason, "bytes never came back on 1 of 1 firehoses");
}

/* Byte 0, one within, one past the first piece of the pattern. */
static const size_t places[] = {0, 4711, FIREHOSE_PIECE + 17};

TEST_TIMES(a_changed_byte_is_found, COUNT(places))
{
    size_t length = 0;

    open_some(1);
    while (length <= places[_i]) {
        firehoses_move(&firehoses);
        size_t heard = hear(0);
        if (places[_i] >= length && places[_i] < length + heard)
            text[places[_i] - length] ^= 0x20;
        answer(0, text, heard);
        length += heard;
    }
    for (size_t i = 0; i < 4; i++)
        firehoses_move(&firehoses);
    ck_assert(!trial.valid);
    ck_assert_uint_eq(trial.wrong_bytes, 1);
    ck_assert_uint_eq(firehoses.echoed, places[_i]);
}

/* The stretch of the pattern that came first is not the second one. */
TEST(a_repeated_piece_is_wrong)
{
    static char first[FIREHOSE_PIECE];

    open_some(1);
    for (size_t heard = 0; heard < FIREHOSE_PIECE;) {
        firehoses_move(&firehoses);
        size_t length = hear(0);
        memcpy(first + heard, text, length);
        heard += length;
        answer(0, text, length);
    }
    firehoses_move(&firehoses);
    answer(0, first, hear(0));
    for (size_t i = 0; i < 4; i++)
        firehoses_move(&firehoses);
    ck_assert_uint_eq(trial.wrong_bytes, 1);
    ck_assert_uint_eq(firehoses.echoed, FIREHOSE_PIECE);
}

TEST(bytes_before_they_were_sent_are_wrong)
{
    open_some(1);
    answer(0, pattern_message(ours[0].number, 0), 1);
    firehoses_move(&firehoses);
    ck_assert_uint_eq(trial.wrong_bytes, 1);
}

/* Which of the connections stream changes from point to point. */
TEST_TIMES(they_stream_beside_the_active_ones, 2)
{
    static const char *const kinds[] = {"--size=64", "--rate=500"};
    const struct fake_server *server = run_server(ECHOES, 0);
    json_int_t echoed = 0;

    run_all(0, "%s --idle=0,5 --active=3 --firehoses=0,2 --turn=0.1 --cycles=3",
            kinds[_i]);
    ck_assert_uint_eq(run.count, 4);
    run_assert_all_valid();
    for (size_t i = 0; i < 4; i++) {
        const json_t *measured = run_trial(i, 0);
        json_int_t bytes = run_integer(measured, "firehose_bytes");
        ck_assert_int_eq(run_integer(run.points[i], "firehoses"), i % 2 * 2);
        ck_assert_int_gt(run_integer(measured, "echoes"), 0);
        ck_assert_int_eq(bytes > 0, i % 2 > 0);
        echoed += bytes + 64 * run_integer(measured, "echoes");
    }
    ck_assert_int_eq(run_integer(run_trial(3, 0), "held"), 10);
    /* The server has also had the starts, the drains and the proofs. */
    ck_assert_uint_gt(server->bytes, (uint64_t)echoed);
}

/* The server counts what it receives, in the counters of this process. */
TEST(bytes_are_counted_in_the_window_only)
{
    run_add("127.0.0.1:%s,counters=%s", run_fake(ECHOES, 0)->port,
            run_counters());
    run_all(0, "--firehoses=1 --turn=0.2 --start=0.5 --cycles=2");
    run_assert_all_valid();
    json_int_t echoed = run_integer(run_trial(0, 0), "firehose_bytes");
    json_int_t received =
        run_integer(run_trial(0, 0), "server_use.counters.bytes_received");
    /* What lies in the buffers at both ends of the window is in the margin. */
    ck_assert_int_gt(echoed, received / 2);
    ck_assert_int_lt(echoed, received * 2);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("firehose", set_up, tear_down);
}
