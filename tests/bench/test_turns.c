/*
 * test_turns: one server at a time is under load, all in the same number of
 * turns, in an order that follows from the seed; and whatever happens to one of
 * them, the others go on.
 *
 *     test_turns PATH-OF-LOADGEN PATH-OF-SERVER
 */
#include "run.h"
#include "tap.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVERS = 4, CYCLES = 20 };

static const char *server_path;

static int place(size_t server, size_t cycle)
{
    const json_t *places = run_get(run_trial(0, server), "turns.place");

    ck_assert_uint_eq(json_array_size(places), CYCLES);
    return (int)json_integer_value(json_array_get(places, cycle));
}

/* The server that had this place in that cycle; there is exactly one. */
static size_t server_at(int where, size_t cycle)
{
    size_t found = SERVERS;

    for (size_t i = 0; i < SERVERS; i++) {
        if (place(i, cycle) != where)
            continue;
        ck_assert_uint_eq(found, SERVERS);
        found = i;
    }
    ck_assert_uint_lt(found, SERVERS);
    return found;
}

/* Another visit, unless that server was the last one to be visited. */
static size_t visit(const struct fake_server *expected[], size_t count,
                    const struct fake_server *server)
{
    if (count > 0 && expected[count - 1] == server)
        return count;
    expected[count] = server;
    return count + 1;
}

static const char *const loads[] = {
    "--active=3",
    "--active=3 --rate=5000",
    "--active=3 --churn",
    "--active=2 --firehoses=1",
};

/*
 * Opening, then turn after turn: that is what loadgen reports and what the
 * servers see.  A single byte in flight after its turn would be a visit more.
 */
TEST_TIMES(only_the_server_whose_turn_it_is_works, 4)
{
    const struct fake_server *servers[SERVERS];
    const struct fake_server *expected[SERVERS * (CYCLES + 1)];
    const struct fake_server *const *seen;
    size_t count = 0;

    for (size_t i = 0; i < SERVERS; i++)
        servers[i] = run_server(ECHOES, 0);
    run_all(0, "--cycles=20 --settle=0 --turn=0.004 --start=0.001 %s",
            loads[_i]);
    run_assert_all_valid();
    for (size_t i = 0; i < SERVERS; i++) {
        if (run_integer(run_trial(0, i), "held") > 0)
            count = visit(expected, count, servers[i]);
    }
    for (size_t cycle = 0; cycle < CYCLES; cycle++) {
        for (int i = 0; i < SERVERS; i++)
            count = visit(expected, count, servers[server_at(i, cycle)]);
    }
    ck_assert_uint_eq(fake_server_visits(&seen), count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(seen[i] == expected[i], "visit %zu", i);
}

TEST(the_order_follows_from_the_seed)
{
    static const char *const options[] = {
        "--seed=7", "--seed=7 --size=9 --active=3 --turn=0.01", "--seed=8"};
    json_t *places[3][SERVERS];
    bool same = true;
    bool is_drawn_anew = false;

    for (size_t i = 0; i < SERVERS; i++)
        run_server(ECHOES, 0);
    for (size_t k = 0; k < 3; k++) {
        run_again();
        run_all(0, "--turn=0.001 --cycles=20 %s", options[k]);
        for (size_t i = 0; i < SERVERS; i++)
            places[k][i] = json_incref(run_get(run_trial(0, i), "turns.place"));
    }
    for (size_t i = 0; i < SERVERS; i++) {
        for (size_t cycle = 1; cycle < CYCLES; cycle++)
            is_drawn_anew |= !json_equal(json_array_get(places[0][i], 0),
                                         json_array_get(places[0][i], cycle));
        ck_assert(json_equal(places[0][i], places[1][i]));
        same = same && json_equal(places[0][i], places[2][i]);
        for (size_t k = 0; k < 3; k++)
            json_decref(places[k][i]);
    }
    ck_assert(!same);
    ck_assert(is_drawn_anew);
}

/* All that the server receives: a proof per connection, and the echoes.  Of
 * those, as many as there are connections in each start, at least, are not
 * counted, and nothing of the cycles before the first. */
TEST_TIMES(the_start_is_not_counted, 2)
{
    const struct fake_server *server = run_fake(ECHOES, 0);

    run_add("127.0.0.1:%s,counters=%s", server->port, run_counters());
    run_all(0, "--active=5 --cycles=4 --settle=%d --turn=0.005", 4 * _i);
    const json_t *trial = run_trial(0, 0);
    run_assert_valid(trial);
    json_int_t echoes = run_integer(trial, "echoes");
    json_int_t all = run_integer(trial, "server_use.echoes_all");
    ck_assert_int_ge(all, echoes + 4 * 5 + (_i == 0 ? 0 : 4 * (5 + 30)));
    ck_assert_uint_eq(server->bytes, 64 * (uint64_t)(all + 5));
    ck_assert_uint_eq(run_entries(trial, "turns.place"), 4);
    /* What the server counts at either end of a turn may be on its way. */
    json_int_t counted =
        run_integer(trial, "server_use.counters.bytes_received") / 64;
    ck_assert_int_le(llabs(counted - echoes), 4 * 5);
}

TEST_TIMES(the_turns_add_up_to_the_trial, 4)
{
    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    run_all(0, "--active=3 %s", loads[_i]);
    for (size_t i = 0; i < 2; i++) {
        const json_t *trial = run_trial(0, i);
        run_assert_valid(trial);
        ck_assert_double_eq(run_sum(trial, "turns.echoes"),
                            (double)run_integer(trial, "echoes"));
        ck_assert_double_eq_tol(run_sum(trial, "turns.seconds"),
                                run_real_number(trial, "seconds"), 1e-6);
        ck_assert_double_eq_tol(run_sum(trial, "turns.generator_cpu"),
                                run_real_number(trial, "generator.cpu_seconds"),
                                1e-6);
        ck_assert_double_eq_tol(
            run_sum(trial, "turns.spin"),
            run_real_number(trial, "generator.spin_seconds"), 1e-6);
        /* One at a time: together they can't take longer than the point. */
        ck_assert_double_ge(run_real_number(trial, "seconds"), 10 * 0.02);
    }
    ck_assert_double_le(run_real_number(run_trial(0, 0), "seconds") +
                            run_real_number(run_trial(0, 1), "seconds"),
                        run_real_number(run.points[0], "seconds"));
}

/* It takes 20 ms or more per echo: 30 of them, or 20 turns and a second. */
TEST(a_slow_server_has_longer_turns)
{
    run_server(IS_SLOW, 0);
    run_server(ECHOES, 0);
    run_all(0, "--cycles=3 --settle=0");
    run_assert_all_valid();
    const json_t *turns = run_get(run_trial(0, 0), "turns");
    for (size_t i = 0; i < 2; i++)
        ck_assert_uint_eq(run_entries(run_trial(0, i), "turns.place"), 3);
    for (size_t i = 0; i < 3; i++) {
        double seconds = json_number_value(
            json_array_get(json_object_get(turns, "seconds"), i));
        double echoes = json_number_value(
            json_array_get(json_object_get(turns, "echoes"), i));
        ck_assert(echoes >= 30 || seconds >= 20 * 0.02 + 1);
        ck_assert_double_ge(seconds, (echoes - 1) * 0.02);
    }
}

/* The first and the last of three went through all cycles; the one between
 * them did not, and is out. */
static void assert_the_others_went_on(const char *reason, const char *error)
{
    ck_assert_uint_eq(run.count, 2);
    run_assert_failed(run_trial(0, 1), reason, error);
    ck_assert_uint_lt(run_entries(run_trial(0, 1), "turns.place"), 30);
    for (size_t i = 0; i < 2; i++) {
        run_assert_valid(run_trial(0, 2 * i));
        run_assert_valid(run_trial(1, i));
        ck_assert_uint_eq(run_entries(run_trial(0, 2 * i), "turns.place"), 30);
        ck_assert_uint_eq(run_entries(run_trial(1, i), "turns.place"), 30);
    }
    ck_assert_uint_eq(json_array_size(run_get(run.points[1], "trials")), 2);
}

/* A turn has 30 echoes, and so in one of the first it goes wrong. */
static const struct wrong {
    enum behaviour behaviour;
    const char *reason;
    const char *error;
} wrongs[] = {
    {CHANGES_A_BIT, "wrong byte: connection 0,", "wrong_bytes"},
    {LOSES_A_BYTE, "the last reply never came on 1 of 1 active ", "lost"},
    {FORGETS, "the last reply never came on 1 of 1 active ", "lost"},
    {CLOSES, "the server closed connection 0: end of stream", "closed"},
    {RESETS, "the server closed connection 0: Connection reset", "closed"},
};

TEST_TIMES(the_others_go_on_when_one_fails, COUNT(wrongs))
{
    run_server(ECHOES, 0);
    run_server(wrongs[_i].behaviour, 200);
    run_server(ECHOES, 0);
    run_all(1, "--active=1,2 --cycles=30 --turn=0.005 --stall=0.5");
    assert_the_others_went_on(wrongs[_i].reason, wrongs[_i].error);
}

TEST(the_others_go_on_when_one_is_killed)
{
    run_server(ECHOES, 0);
    const struct real_server *server = run_real(server_path);
    run_server(ECHOES, 0);
    run_start("--active=1,2 --cycles=30");
    run_await(500); /* that the others received */
    kill(server->program.pid, SIGKILL);
    run_end(1);
    assert_the_others_went_on("the server closed connection 0: ", "closed");
}

/* A process that does nothing, or all the time; on one CPU if that isn't -1. */
static pid_t start_process(bool is_busy, int cpu)
{
    pid_t pid = fork();
    cpu_set_t set;

    ck_assert_int_ne(pid, -1);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing */
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        if (cpu != -1)
            sched_setaffinity(0, sizeof(set), &set);
        while (!is_busy)
            pause();
        for (;;)
            continue;
    }
    return pid;
}

TEST(a_server_that_does_not_sleep_is_seen)
{
    const pid_t pids[] = {start_process(true, -1), start_process(false, -1)};

    for (size_t i = 0; i < 2; i++)
        run_add("%s=127.0.0.1:%s,pid=%d", i == 0 ? "busy" : "asleep",
                run_fake(ECHOES, 0)->port, (int)pids[i]);
    run_all(0, "--cycles=20");
    run_assert_all_valid();
    for (size_t i = 0; i < 2; i++) {
        const json_t *use = run_get(run_trial(0, i), "server_use");
        double awake = run_real_number(use, "awake_seconds");
        ck_assert_double_gt(run_real_number(use, "outside_seconds"), 0);
        ck_assert_int_eq(awake > 0, i == 0);
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    ck_assert_ptr_nonnull(strstr(run.program.err, "  busy: used "));
    ck_assert_ptr_null(strstr(run.program.err, "  asleep: used "));
}

/* The first CPU that we may run on, or -1 if it is the only one. */
static int one_of_several_cpus(void)
{
    cpu_set_t set;
    int cpu = 0;

    sched_getaffinity(0, sizeof(set), &set);
    while (!CPU_ISSET((size_t)cpu, &set))
        cpu++;
    return CPU_COUNT(&set) > 1 ? cpu : -1;
}

/*
 * loadgen shares its CPU with a process that never sleeps.  What the turns that
 * it takes again have measured is in no sum.
 */
TEST_TIMES(a_disturbed_turn_is_taken_again, 2)
{
    int cpu = one_of_several_cpus();
    pid_t neighbour = start_process(true, cpu);

    run_server(ECHOES, 0);
    run_all(0, "--active=50 --cycles=4 --cpu=%d --retakes=%d",
            cpu == -1 ? 0 : cpu, _i == 0 ? 3 : 0);
    kill(neighbour, SIGKILL);
    waitpid(neighbour, NULL, 0);
    const json_t *trial = run_trial(0, 0);
    run_assert_valid(trial);
    json_int_t echoes = run_integer(trial, "echoes");
    json_int_t retaken = run_integer(trial, "retaken");
    ck_assert_uint_eq(run_entries(trial, "turns.place"), 4);
    ck_assert_int_eq(run_integer(trial, "latency.count"), echoes);
    ck_assert_int_le(retaken, _i == 0 ? 3 * 4 : 0);
    if (_i == 0 && cpu != -1)
        ck_assert_int_gt(retaken, 0);
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 2)[0];
    server_path = argv[2];
    return tap_main("turns", run_set_up, run_tear_down);
}
