/*
 * test_wrong: a server that is wrong, in every way and under every load, is not
 * measured.
 *
 *     test_wrong PATH-OF-LOADGEN
 */
#include "run.h"
#include "tap.h"

#include <sys/resource.h>

#define CLOSED "--active=3 --idle=0,1"
#define OPEN "--active=3 --rate=200,300 --turn=0.2"
#define CHURN "--churn --active=3 --idle=0,1"
#define STREAM "--active=2 --firehoses=1,2 --turn=0.2"
#define BYTE "wrong byte: connection "
#define GONE "the server closed connection "

static const struct wrong {
    enum behaviour behaviour;
    int after, spares_first;
    const char *load;
    const char *reason; /* begins so */
    const char *error;  /* and this is counted */
} wrongs[] = {
    {CHANGES_A_BIT, 5, 0, CLOSED, BYTE, "wrong_bytes"},
    {CHANGES_A_BIT, 0, 0, CLOSED, BYTE, "wrong_bytes"}, /* proof */
    {DOUBLES_A_BYTE, 5, 0, CLOSED, BYTE, "wrong_bytes"},
    {REPLIES_TO_ANOTHER, 5, 0, CLOSED, BYTE "1,", "wrong_bytes"},
    {LOSES_A_BYTE, 5, 0, CLOSED, "the last reply never came on ", "lost"},
    {FORGETS, 5, 0, CLOSED, "the last reply never came on 3 of 3 ", "lost"},
    {FORGETS, 1, 0, CLOSED, "no reply at all on 3 of 3 active ", "unserved"},
    {CLOSES, 5, 0, CLOSED, GONE, "closed"},
    {RESETS, 5, 0, CLOSED, GONE, "closed"},
    {RESETS, 1, 0, CLOSED " --size=1048576", GONE, "closed"},

    {CHANGES_A_BIT, 5, 0, OPEN, BYTE, "wrong_bytes"},
    {DOUBLES_A_BYTE, 5, 0, OPEN, BYTE, "wrong_bytes"},
    {SPEAKS_TO_THE_FIRST, 3, 0, OPEN, BYTE "0,", "wrong_bytes"},
    {LOSES_A_BYTE, 5, 0, OPEN, "the last reply never came on ", "lost"},
    {FORGETS, 5, 0, OPEN, "the last reply never came on 3 of 3 ", "lost"},
    {FORGETS, 1, 0, OPEN, "no reply at all on 3 of 3 active ", "unserved"},
    {CLOSES, 5, 0, OPEN, GONE, "closed"},
    {RESETS, 5, 0, OPEN, GONE, "closed"},

    /* 20 connections are served as they should be; the others aren't. */
    {CHANGES_A_BIT, 0, 20, CHURN, BYTE, "wrong_bytes"},
    {CHANGES_A_BIT, 0, 0, CHURN, BYTE, "wrong_bytes"},
    {DOUBLES_A_BYTE, 0, 20, CHURN, BYTE, "wrong_bytes"},
    {LOSES_A_BYTE, 0, 20, CHURN, "the last echo never came in 3 of 3", "lost"},
    {FORGETS, 0, 20, CHURN, "the last echo never came in 3 of 3 ", "lost"},
    {FORGETS, 0, 0, CHURN, "no connection was served in 3 of 3", "unserved"},
    {CLOSES, 0, 20, CHURN, GONE, "closed"},
    {RESETS, 0, 20, CHURN, GONE, "closed"},
    {TURNS_AWAY, 0, 20, CHURN, GONE, "closed"},

    /* The active connections are served; the stream beside them isn't. */
    {CHANGES_A_BIT, 50, 2, STREAM, BYTE "2, a firehose, ", "wrong_bytes"},
    {LOSES_A_BYTE, 50, 2, STREAM, BYTE "2, a firehose, ", "wrong_bytes"},
    {DOUBLES_A_BYTE, 50, 2, STREAM, BYTE "2, a firehose, ", "wrong_bytes"},
    {CLOSES, 50, 2, STREAM, GONE "2, a firehose: ", "closed"},
    {RESETS, 50, 2, STREAM, GONE "2, a firehose: ", "closed"},
    {FORGETS, 50, 2, STREAM, "bytes never came back on 1 of 1 ", "lost"},

    /* An idle connection, 0, is looked after as well. */
    {SPEAKS_TO_THE_FIRST, 5, 0, "--idle=2", BYTE "0, message 0, byte 64",
     "wrong_bytes"},
    {CLOSES_THE_FIRST, 5, 0, "--idle=2", GONE "0: end of stream", "closed"},
    {SPEAKS_TO_THE_FIRST, 0, 1, "--churn --idle=1", BYTE "0,", "wrong_bytes"},
    {CLOSES_THE_FIRST, 0, 1, "--churn --idle=1", GONE "0: ", "closed"},
};

TEST_TIMES(a_wrong_server_is_not_measured, COUNT(wrongs))
{
    const struct wrong *wrong = &wrongs[_i];
    struct fake_server *server = run_server(wrong->behaviour, wrong->after);

    server->spares_first = wrong->spares_first;
    run_all(1, "--stall=0.5 %s", wrong->load);
    ck_assert_uint_eq(run.count, 1); /* it did not go on */
    run_assert_failed(run_trial(0, 0), wrong->reason, wrong->error);
}

/* Reported as writable and as reset at once: one end of one connection. */
TEST(an_end_is_counted_once)
{
    run_server(RESETS, 1);
    run_all(1, "--size=1048576");
    ck_assert_int_eq(run_integer(run_trial(0, 0), "errors.closed"), 1);
}

/* Served in the first point, forgotten in the second. */
TEST(each_point_asks_again_what_is_served)
{
    run_server(FORGETS_THE_FIRST, 2);
    run_all(1, "--active=1,2 --stall=0.5");
    ck_assert_uint_eq(run.count, 2);
    run_assert_valid(run_trial(0, 0));
    run_assert_failed(run_trial(1, 0), "no reply at all on 1 of 2 active",
                      "unserved");
    ck_assert_int_eq(run_integer(run_trial(1, 0), "errors.unserved"), 1);
}

/* poll(2) fails for more descriptors than may be open, and says nothing of any
 * connection; one of them was closed. */
TEST(idle_ones_are_looked_after_when_the_limit_was_lowered)
{
    struct rlimit few = {8, 8};
    pid_t children[RUN_CHILDREN];

    run_server(CLOSES_THE_FIRST, 200);
    run_start("--idle=30 --turn=1.5 --cycles=1 --settle=0");
    run_await(100);
    ck_assert_uint_eq(run_children(children), 1);
    ck_assert_int_eq(prlimit(children[0], RLIMIT_NOFILE, &few, NULL), 0);
    run_end(1);
    run_assert_failed(run_trial(0, 0), GONE "0", "closed");
}

/* For each of them it would wait ten seconds, as for a server that is still
 * busy with the rest: longer than a program may run here. */
TEST(a_silent_server_is_given_up_soon)
{
    for (int i = 0; i < 7; i++)
        run_server(FORGETS, 1);
    run_all(1, "--stall=0.2");
}

/* A hundred proofs take two seconds, but each is soon followed by the next. */
TEST(a_slow_server_is_not_given_up)
{
    run_server(IS_SLOW, 0);
    run_all(0, "--hold=100 --stall=1");
    ck_assert_int_eq(run_integer(run_trial(0, 0), "held"), 100);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("wrong", run_set_up, run_tear_down);
}
