/*
 * test_floor: the floor works under the load generator, in turn on each of its
 * connections, and ends when they leave.
 *
 *     test_floor PATH-OF-FLOOR PATH-OF-LOADGEN PATH-OF-ECHO_CLIENT
 */
#include "program.h"
#include "tap.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *floor_path;
static const char *loadgen;
static const char *echo_client;

/* How many connections; 128 are opened at once, and no more may be asked for.
 */
static const char *const counts[] = {"1", "10", "128"};

TEST_TIMES(it_serves_as_many_as_asked_for, COUNT(counts))
{
    char connections[32], active[32], line[100];

    snprintf(connections, sizeof(connections), "--connections=%s", counts[_i]);
    snprintf(active, sizeof(active), "--active=%s", counts[_i]);
    struct program server = program_start(
        (const char *const[]){floor_path, "--port=0", connections, NULL});
    program_first_line(&server, line, sizeof(line));
    ck_assert_ptr_nonnull(strstr(line, "floor: listening on 127.0.0.1:"));

    struct program load = program_start(
        (const char *const[]){loadgen, active, strrchr(line, ' ') + 1, NULL});
    program_wait(&load);
    ck_assert_msg(load.status == 0, "%s%s", load.out, load.err);
    program_wait(&server); /* its clients have left */
    ck_assert_int_eq(server.status, 0);
    program_free(&load);
    program_free(&server);
}

TEST(it_ends_when_a_client_ends_its_stream)
{
    char line[100], port[32];
    struct program server = program_start(
        (const char *const[]){floor_path, "--port=0", "--connections=3", NULL});

    program_first_line(&server, line, sizeof(line));
    snprintf(port, sizeof(port), "--port=%s", strrchr(line, ':') + 1);
    struct program client = program_start(
        (const char *const[]){echo_client, port, "--connections=3", NULL});
    program_wait(&client);
    ck_assert_msg(client.status == 0, "%s", client.err);
    program_wait(&server);
    ck_assert_int_eq(server.status, 0);
    program_free(&client);
    program_free(&server);
}

/* SIGTERM was blocked and ignored by its parent. */
TEST(an_inherited_mask_keeps_no_signal_away)
{
    sigset_t all;
    char line[100];

    signal(SIGTERM, SIG_IGN);
    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
    struct program server =
        program_start((const char *const[]){floor_path, "--port=0", NULL});
    program_first_line(&server, line, sizeof(line));
    kill(server.pid, SIGTERM);
    program_wait(&server);
    ck_assert_int_eq(server.status, 128 + SIGTERM);
    program_free(&server);
}

static const char *const mistakes[] = {"--connections=129", "--connections=0",
                                       "--port=65536", "stray", "--nothing"};

TEST_TIMES(a_mistake_is_one_line_that_names_it, COUNT(mistakes))
{
    struct program program =
        program_start((const char *const[]){floor_path, mistakes[_i], NULL});

    program_wait(&program);
    ck_assert_int_eq(program.status, 64);
    ck_assert_ptr_nonnull(strstr(program.err, mistakes[_i]));
    program_free(&program);
}

int main(int argc, char *argv[])
{
    char **paths = tap_arguments(argc, argv, 3);
    floor_path = paths[0];
    loadgen = paths[1];
    echo_client = paths[2];
    return tap_main("floor", NULL, NULL);
}
