/*
 * test_agreement: is what loadgen measures true?  Measurements that share no
 * code with it are held against it.
 *
 *   - the p50 of one connection: ping_pong, the plainest client there is
 *   - the rate of a hundred connections: the bytes that the server counts
 *   - the memory of the kernel: a look into /proc of our own
 *
 *     test_agreement PATH-OF-LOADGEN PATH-OF-PING_PONG PATH-OF-SERVER
 *
 * Nothing here depends on how fast the machine is, or how busy: only ratios
 * count, of measurements that are a moment apart or the very same moment.
 */
#include "counters.h"
#include "tap.h"
#include "trial.h"

#include <check.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CALM_PAIRS = 31,            /* that are judged ... */
    PAIRS = 2 * CALM_PAIRS - 1, /* ... of all that are measured ... */
    TRIES = 2 * PAIRS,          /* ... of so many at the most */
    SIZE = 64,
    ACTIVE = 100,
    STEP_US = 500,        /* between two looks at the server's counters */
    SILENCE_US = 2000000, /* without a byte: the load is over */
};

static const char *ping_pong;
static const char *server_path;

struct server {
    struct program program;
    char port[8];
    const struct counters *counters; /* the server's, not ours */
};

/*
 * Stay on CPU `number`, and so does what is started from here on: where the two
 * ends of a connection run decides on the latency more than anything else.
 * With one CPU they all share it.
 */
static void stay_on_cpu(size_t number)
{
    cpu_set_t allowed, one;
    size_t found = 0;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && found++ == number)
            CPU_SET(cpu, &one);
    }
    if (CPU_COUNT(&one) == 1)
        ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* The server has the first CPU; the clients have all the others. */
static struct server server_start(void)
{
    struct server server = {.counters = NULL};
    char file[64], option[96], line[100];
    cpu_set_t all;

    snprintf(file, sizeof(file), "/tmp/test_agreement.%d", (int)getpid());
    snprintf(option, sizeof(option), "--counters=%s", file);
    ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    stay_on_cpu(0);
    server.program = program_start(
        (const char *const[]){server_path, "--port=0", option, NULL});
    ck_assert_int_eq(sched_setaffinity(0, sizeof(all), &all), 0);
    program_first_line(&server.program, line, sizeof(line));
    snprintf(server.port, sizeof(server.port), "%s", strrchr(line, ':') + 1);
    server.counters = counters_map(file);
    ck_assert_ptr_nonnull(server.counters);
    unlink(file);
    return server;
}

static void server_stop(struct server *server)
{
    kill(server->program.pid, SIGTERM);
    program_wait(&server->program);
    program_free(&server->program);
}

/* 0 when there were too few echoes to speak of one, or none at all: for a
 * twentieth of a second other programs had the machine. */
static double p50_of_loadgen(const struct server *server)
{
    struct run trial;
    double p50 = 0;

    trial_run(&trial, server->port,
              (const char *const[]){"--seconds=0.05", "--warm-up=0.01", NULL});
    const json_t *point = trial.points[0];
    if (trial_integer(point, "errors.unserved") == 0)
        trial_assert_valid(point);
    if (!json_is_null(trial_get(point, "latency.p50")))
        p50 = (double)trial_integer(point, "latency.p50");
    trial_free(&trial);
    return p50;
}

static double p50_of_ping_pong(const struct server *server)
{
    struct program program = program_start(
        (const char *const[]){ping_pong, server->port, "1000", NULL});

    program_wait(&program);
    ck_assert_msg(program.status == 0, "%s", program.err);
    double p50 = strtod(program.out, NULL);
    program_free(&program);
    ck_assert_double_gt(p50, 0);
    return p50;
}

/* Two p50 that were measured a moment apart, in ns. */
struct pair {
    double ours;
    double theirs;
};

/* Who goes first changes from pair to pair, so that neither always meets the
 * machine as the other left it. */
static struct pair measure_pair(const struct server *server, bool loadgen_first)
{
    struct pair pair = {.ours = 0};

    if (loadgen_first)
        pair.ours = p50_of_loadgen(server);
    pair.theirs = p50_of_ping_pong(server);
    if (!loadgen_first)
        pair.ours = p50_of_loadgen(server);
    return pair;
}

static int ascending(double x, double y)
{
    return (x > y) - (x < y);
}

static int by_duration(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;

    return ascending(x->ours + x->theirs, y->ours + y->theirs);
}

static int by_ratio(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;

    return ascending(x->ours / x->theirs, y->ours / y->theirs);
}

/*
 * Other programs that run meanwhile can make a message take longer, never
 * shorter.  So the calmer half of the pairs is judged, where both together took
 * least, and of those the median ratio.
 */
START_TEST(the_latency_is_that_of_a_plain_client)
{
    struct server server = server_start();
    struct pair pairs[PAIRS];
    size_t count = 0;

    stay_on_cpu(1);
    for (size_t i = 0; i < TRIES && count < PAIRS; i++) {
        pairs[count] = measure_pair(&server, i % 2 == 0);
        count += pairs[count].ours > 0;
    }
    server_stop(&server);
    ck_assert_uint_eq(count, PAIRS);
    qsort(pairs, PAIRS, sizeof(pairs[0]), by_duration);
    qsort(pairs, CALM_PAIRS, sizeof(pairs[0]), by_ratio);
    const struct pair *median = &pairs[CALM_PAIRS / 2];
    ck_assert_double_gt(median->ours / median->theirs, 0.85);
    ck_assert_double_lt(median->ours / median->theirs, 1.15);
}
END_TEST

/* What the server has received, and when that was read. */
struct reading {
    uint64_t bytes;
    double seconds;
};

static struct reading read_server(const struct server *server)
{
    const volatile uint64_t *bytes = &server->counters->bytes_received;
    struct timespec now;
    struct reading reading = {.bytes = *bytes};

    clock_gettime(CLOCK_MONOTONIC, &now);
    reading.seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    return reading;
}

/* The first reading with more than `bytes`; the test has a time limit. */
static struct reading wait_for_more(const struct server *server, uint64_t bytes)
{
    struct reading reading = read_server(server);

    while (reading.bytes <= bytes) {
        usleep(STEP_US);
        reading = read_server(server);
    }
    return reading;
}

/* The reading with which the bytes came to their end. */
static struct reading wait_for_silence(const struct server *server)
{
    struct reading last = read_server(server);
    struct reading now = last;

    while (now.seconds - last.seconds < SILENCE_US / 1e6) {
        usleep(STEP_US);
        now = read_server(server);
        if (now.bytes > last.bytes)
            last = now;
    }
    return last;
}

/*
 * Without a warm-up the load begins right behind the proofs of the connections,
 * one message each, and what the server counts from there to the end is what
 * loadgen counts, but for the messages that were in flight at the end.
 */
START_TEST(the_rate_is_what_the_server_counts)
{
    struct server server = server_start();
    struct run trial;

    trial_start(&trial, server.port,
                (const char *const[]){"--active=100", "--seconds=4",
                                      "--warm-up=0", NULL});
    struct reading begin = wait_for_more(&server, ACTIVE * SIZE);
    struct reading end = wait_for_silence(&server);
    trial_wait(&trial);
    server_stop(&server);

    const json_t *point = trial.points[0];
    double rate = (double)(end.bytes - begin.bytes) / SIZE /
                  (end.seconds - begin.seconds);
    trial_assert_valid(point);
    ck_assert_double_gt(trial_real(point, "rate") / rate, 0.9);
    ck_assert_double_lt(trial_real(point, "rate") / rate, 1.1);
    json_int_t counted = (json_int_t)(end.bytes / SIZE) - ACTIVE;
    json_int_t in_flight = counted - trial_integer(point, "echoes");
    ck_assert_int_ge(in_flight, 0);
    ck_assert_int_le(in_flight, ACTIVE);
    trial_free(&trial);
}
END_TEST

/* The number behind `name` at the beginning of a line of /proc/meminfo. */
static double kilobytes(const char *name)
{
    char line[200];
    double number = -1;
    FILE *stream = fopen("/proc/meminfo", "r");

    ck_assert_ptr_nonnull(stream);
    while (fgets(line, sizeof(line), stream) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            number = strtod(line + strlen(name), NULL);
    }
    fclose(stream);
    return number;
}

/* The rest of the machine doesn't stand still: before and after differ. */
START_TEST(the_memory_of_the_kernel_is_what_proc_says)
{
    struct server server = server_start();
    struct run trial;

    double before = 1024 * kilobytes("Slab:");
    trial_run(&trial, server.port, (const char *const[]){"--hold=1,50", NULL});
    double after = 1024 * kilobytes("Slab:");
    server_stop(&server);
    ck_assert_uint_eq(trial.count, 2);
    for (size_t i = 0; i < trial.count; i++) {
        const json_t *point = trial.points[i];
        double slab = (double)trial_integer(point, "kernel.slab_bytes");
        ck_assert_double_gt(slab, 0.7 * (before < after ? before : after));
        ck_assert_double_lt(slab, 1.4 * (before > after ? before : after));
        ck_assert_int_ge(trial_integer(point, "kernel.tcp_bytes"), 0);
        ck_assert_int_eq(trial_integer(point, "kernel.tcp_bytes") %
                             sysconf(_SC_PAGESIZE),
                         0);
    }
    trial_free(&trial);
}
END_TEST

int main(int argc, char *argv[])
{
    char **paths = tap_arguments(argc, argv, 3);

    trial_loadgen = paths[0];
    ping_pong = paths[1];
    server_path = paths[2];
    Suite *suite = suite_create("agreement");
    TCase *tcase = tcase_create("agreement");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_test(tcase, the_latency_is_that_of_a_plain_client);
    tcase_add_test(tcase, the_rate_is_what_the_server_counts);
    tcase_add_test(tcase, the_memory_of_the_kernel_is_what_proc_says);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
