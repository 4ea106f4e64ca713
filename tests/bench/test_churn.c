/*
 * test_churn: connect, one echo, reset, again.  What goes wrong in the middle
 * of it is in test_wrong and test_limits.
 *
 *     test_churn PATH-OF-LOADGEN
 */
#include "run.h"
#include "tap.h"

/*
 * The handshake is a part of each connection that was counted.  And in a slot
 * one connection comes after the other: together they can't take longer than
 * the windows and the parts of the first of each that lie before it.
 */
static void assert_arithmetic(const json_t *trial, double slots)
{
    static const char *const names[] = {"min", "max", "sum"};
    json_int_t echoes = run_integer(trial, "echoes");
    double sum = (double)run_integer(trial, "latency.sum") / 1e9;
    double max = (double)run_integer(trial, "latency.max") / 1e9;
    double turns = (double)run_entries(trial, "turns.place");

    run_assert_valid(trial);
    ck_assert_int_gt(echoes, 0);
    ck_assert_int_eq(run_integer(trial, "latency.count"), echoes);
    ck_assert_int_eq(run_integer(trial, "handshake.count"), echoes);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_lt(run_integer(run_get(trial, "handshake"), names[i]),
                         run_integer(run_get(trial, "latency"), names[i]));
    ck_assert_double_le(
        sum, slots * (run_real_number(trial, "seconds") + turns * max));
}

/* A connection that the server accepted is an idle one, or one that had its
 * echo, of 64 bytes: between two turns there is none. */
TEST(every_connection_is_counted)
{
    static const int idle[] = {0, 0, 20, 20}, slots[] = {1, 5, 1, 5};
    const struct fake_server *server = run_fake(ECHOES, 0);
    json_int_t echoes = 0;

    run_add("127.0.0.1:%s,counters=%s", server->port, run_counters());
    run_all(0, "--churn --idle=0,20 --active=1,5");
    ck_assert_uint_eq(run.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *trial = run_trial(i, 0);
        assert_arithmetic(trial, slots[i]);
        ck_assert_str_eq(run_string(run.points[i], "mode"), "churn");
        ck_assert_int_eq(run_integer(run.points[i], "active"), slots[i]);
        ck_assert_int_eq(run_integer(trial, "wanted"), idle[i]);
        ck_assert_int_eq(run_integer(trial, "held"), idle[i]);
        ck_assert_int_gt(run_integer(trial, "server_use.echoes_all"),
                         run_integer(trial, "echoes"));
        echoes += run_integer(trial, "server_use.echoes_all");
    }
    ck_assert_int_eq(server->accepted, echoes + 20);
    ck_assert_uint_eq(counters->bytes_received,
                      64 * (uint64_t)server->accepted);
}

/* The server sleeps for 20 ms before each reply.  The kernel, which answers
 * the connect, doesn't. */
TEST(latency_is_from_the_connect_to_the_last_byte)
{
    run_server(IS_SLOW, 0);
    run_all(0, "--churn --cycles=2");
    assert_arithmetic(run_trial(0, 0), 1);
    ck_assert_int_ge(run_integer(run_trial(0, 0), "latency.min"), 20000000);
    ck_assert_int_lt(run_integer(run_trial(0, 0), "handshake.min"), 20000000);
}

static const char *const sizes[] = {"1", "100000", "1048576"};

TEST_TIMES(any_size_comes_back, 3)
{
    run_server(ECHOES, 0);
    run_all(0, "--churn --active=3 --cycles=2 --size=%s", sizes[_i]);
    assert_arithmetic(run_trial(0, 0), 3);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("churn", run_set_up, run_tear_down);
}
