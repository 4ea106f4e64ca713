/*
 * test_output: the results on their way to files, pipes and terminals, and the
 * files for HdrHistogram's plotter.
 *
 *     test_output PATH-OF-LOADGEN
 */
#include "run.h"
#include "tap.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 5 };

/* The last --json counts: run_all's own is `-'. */
TEST(lines_are_appended_to_a_file)
{
    char file[64], line[100000];
    int lines = 0;

    snprintf(file, sizeof(file), "/tmp/test_output.%d", (int)getpid());
    for (int i = 0; i < 2; i++) {
        run_server(ECHOES, 0);
        run_start("--json=%s --cycles=2", file);
        program_wait(&run.program);
        ck_assert_int_eq(run.program.status, 0);
        /* Without "-" the summary is for stdout. */
        ck_assert_ptr_nonnull(strstr(run.program.out, "0 idle, 1 active, "));
        ck_assert_str_eq(run.program.err, "");
        run_forget();
    }
    FILE *stream = fopen(file, "r");
    ck_assert_ptr_nonnull(stream);
    while (fgets(line, sizeof(line), stream) != NULL)
        lines += line[0] == '{' && strchr(line, '\n') != NULL;
    fclose(stream);
    unlink(file);
    ck_assert_int_eq(lines, 2);
}

TEST(a_full_disk_is_said)
{
    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    run_all(1, "--json=/dev/full --cycles=2");
    ck_assert_str_eq(run.program.err,
                     "loadgen: --json: the result can't be written: No space "
                     "left on device\n");
}

/* Each prints something. */
static const char *const talkative[] = {"--cycles=2", "--help", "--version"};

TEST_TIMES(a_full_standard_output_is_said, 3)
{
    char server[32];

    snprintf(server, sizeof(server), "127.0.0.1:%s", run_fake(ECHOES, 0)->port);
    struct program program = program_start_to(
        open("/dev/full", O_WRONLY),
        (const char *const[]){run_loadgen, talkative[_i], server, NULL});
    program_wait(&program);
    ck_assert_int_eq(program.status, 1);
    ck_assert_ptr_eq(strstr(program.err, "loadgen: standard output: "),
                     program.err);
    program_free(&program);
}

/* A pipe that is full, whose other end is not read yet.  Returns that end. */
static int full_pipe(int *write_fd, size_t *held)
{
    static char page[4096];
    int ends[2];
    ssize_t n;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, (int)sizeof(page)), 0);
    *held = 0;
    while ((n = write(ends[1], page, sizeof(page))) > 0)
        *held += (size_t)n;
    *write_fd = ends[1];
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, 0), 0); /* we do wait */
    return ends[0];
}

/* Its reader is slow, and another program has made the pipe non-blocking: it
 * has no room for the JSON, or for a long summary, of 50 points. */
TEST_TIMES(a_slow_reader_gets_all_of_it, 2)
{
    static char text[1000000];
    char server[32], list[400] = "--idle=0";
    size_t held, length = 0;
    ssize_t n = 1;
    int write_fd;
    int read_fd = full_pipe(&write_fd, &held);

    for (int i = 1; i < 50; i++)
        sprintf(list + strlen(list), ",%d", i);
    snprintf(server, sizeof(server), "127.0.0.1:%s", run_fake(ECHOES, 0)->port);
    struct program program = program_start_to(
        write_fd, (const char *const[]){
                      run_loadgen, _i == 0 ? "--json=-" : "--json=/dev/null",
                      list, "--cycles=2", "--turn=0.005", server, NULL});
    run_await(1);
    usleep(500000); /* soon it has something to write */
    close(write_fd);
    for (; n > 0 && length < sizeof(text); length += (size_t)n) {
        n = read(read_fd, text + length, sizeof(text) - length);
        ck_assert_int_ge(n, 0);
    }
    program.out_fd = read_fd;
    program_wait(&program);
    ck_assert_msg(program.status == 0, "%s", program.err);
    size_t ends = 0; /* of the points */
    for (size_t i = held; i < length; i++)
        ends += _i == 0 ? text[i] == '\n' : text[i] == ';';
    ck_assert_uint_eq(ends, 50);
    ck_assert_int_eq(text[length - 1], '\n');
    program_free(&program);
}

/* Like `loadgen ... | head -1`: all points are measured all the same. */
TEST(a_reader_that_has_left_is_no_failure)
{
    const struct fake_server *fake = run_fake(ECHOES, 0);
    char server[32];
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    snprintf(server, sizeof(server), "127.0.0.1:%s", fake->port);
    struct program program = program_start_to(
        ends[1], (const char *const[]){run_loadgen, "--idle=0,1,2",
                                       "--cycles=2", server, NULL});
    program_wait(&program);
    ck_assert_int_eq(program.status, 0);
    ck_assert_str_eq(program.err, "");
    ck_assert_int_eq(fake->accepted, 3);
    program_free(&program);
}

static const char *const loads[] = {
    "--idle=9 --active=100",
    "--active=100 --rate=20000",
    "--churn --active=100",
    "--active=100 --firehoses=100",
    "--hold=400",
    "--rate=5000 --start=0 --cycles=1 --active=50",
};

/* With names that are too long for their column, and a server that fails. */
TEST_TIMES(the_summary_fits_into_a_terminal, COUNT(loads))
{
    run_server(ECHOES, 0);
    run_add("a_server_with_a_rather_long_name=127.0.0.1:%s,pid=%d,counters=%s",
            run_fake(ECHOES, 0)->port, (int)getpid(), run_counters());
    run_add("a_server_that_is_wrong=127.0.0.1:%s", run_fake(FORGETS, 0)->port);
    /* Beside busy programs, a server that is right may stall, too. */
    bool has_row = false;
    for (int i = 0; i < TRIES && !has_row; i++) {
        run_again();
        run_start("%s --stall=0.3 --json=/dev/null", loads[_i]);
        program_wait(&run.program);
        ck_assert_int_eq(run.program.status, 1);
        has_row = strstr(run.program.out, "  s0 ") != NULL;
    }
    ck_assert(has_row);
    char *rest = run.program.out;
    for (const char *line; (line = strsep(&rest, "\n")) != NULL;)
        ck_assert_msg(strlen(line) <= 80, "%s", line);
}

/* How many values the file counts, and the greatest of them in `last`: it ends
 * with 100 %, and no column of it descends. */
static unsigned long long read_hgrm(const char *path, double *last)
{
    char line[200];
    double value = 0, percentile = 0, before[2] = {0, 0};
    unsigned long long count = 0, counted = 0;
    FILE *stream = fopen(path, "r");

    ck_assert_msg(stream != NULL, "%s", path);
    while (fgets(line, sizeof(line), stream) != NULL) {
        if (sscanf(line, "%lf %lf %llu", &value, &percentile, &count) != 3)
            continue;
        ck_assert_double_ge(value, before[0]);
        ck_assert_double_ge(percentile, before[1]);
        ck_assert_uint_ge(count, counted);
        before[0] = value;
        before[1] = percentile;
        counted = count;
    }
    fclose(stream);
    ck_assert_double_eq(percentile, 1);
    *last = value;
    unlink(path);
    return counted;
}

TEST_TIMES(each_trial_has_a_file_that_adds_up, 3)
{
    static const char *const modes[] = {"", "--rate=1000", "--churn"};
    char folder[64], path[128];
    double last;

    snprintf(folder, sizeof(folder), "/tmp/test_output.%d", (int)getpid());
    for (int i = 0; i < 2; i++)
        run_add("a/%d=127.0.0.1:%s", i, run_fake(ECHOES, 0)->port);
    run_all(0, "--hgrm=%s --active=1,2 %s", folder, modes[_i]);
    for (int i = 0; i < 4; i++) {
        const json_t *trial = run_trial((size_t)i / 2, (size_t)i % 2);
        snprintf(path, sizeof(path), "%s/a_%d-0-%d-64-0-%d.hgrm", folder, i % 2,
                 1 + i / 2, _i == 1 ? 1000 : 0);
        ck_assert_uint_eq(
            read_hgrm(path, &last),
            (unsigned long long)run_integer(trial, "latency.count"));
        ck_assert_double_eq_tol(
            last, (double)run_integer(trial, "latency.max") / 1e6, 1e-6);
    }
    ck_assert_int_eq(rmdir(folder), 0); /* there was nothing else in it */
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 1)[0];
    return tap_main("output", run_set_up, run_tear_down);
}
