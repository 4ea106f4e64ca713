/*
 * test_waits: waits measures every mechanism at every point, as far as there
 * are descriptors, and says what it left out.
 *
 *     test_waits PATH-OF-WAITS
 *
 * That each wait finds the sockets that are ready, and no others, is checked by
 * the program itself: it ends with status 1 otherwise.
 */
#include "program.h"
#include "tap.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

static const char *waits_path;

static const char *const mechanisms[] = {"select", "poll", "epoll_lt",
                                         "epoll_et"};

struct result {
    char mechanism[16];
    int watched, ready;
    long waits;
    double value, low, high;
};

/* With that many descriptors at most. */
static struct program start(rlim_t descriptors, const char *option)
{
    const struct rlimit limit = {descriptors, descriptors};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return program_start(
        (const char *const[]){waits_path, "--seconds=0.1", option, NULL});
}

/* The line of JSON at `text`, which is complete and plausible. */
static struct result read_result(const char *text)
{
    struct result r;
    int end = 0;

    sscanf(text,
           "{\"schema\":1,\"mechanism\":\"%15[a-z_]\",\"watched\":%d,"
           "\"ready\":%d,\"waits\":%ld,\"cpu_ns_per_wait\":%lf,\"low\":%lf,"
           "\"high\":%lf}%n",
           r.mechanism, &r.watched, &r.ready, &r.waits, &r.value, &r.low,
           &r.high, &end);
    ck_assert_msg(end > 0 && text[end] == '\n', "%s", text);
    ck_assert_int_ge(r.waits, 6);
    ck_assert(r.low <= r.value && r.value <= r.high);
    return r;
}

/* Move on in `text` past the lines of one point, which are as they should. */
static void expect_point(const char **text, int watched, int ready)
{
    for (int i = watched < FD_SETSIZE ? 0 : 1; i < 4; i++) {
        struct result result = read_result(*text);
        ck_assert_str_eq(result.mechanism, mechanisms[i]);
        ck_assert_int_eq(result.watched, watched);
        ck_assert_int_eq(result.ready, ready);
        *text = strchr(*text, '\n') + 1;
    }
}

/* 1,000 of the low numbers are free for select; 1,200 pairs are too many. */
static const struct {
    int descriptors;
    int sizes[5]; /* N, in the order in which it grows */
} limits[] = {
    {11, {3}}, {305, {10, 100, 150}}, {2405, {10, 100, 500, 1000, 1200}}};

START_TEST(every_mechanism_is_measured_at_every_point)
{
    struct program program = start(limits[_i].descriptors, "--json=-");

    program_wait(&program);
    ck_assert_msg(program.status == 0, "%s", program.err);
    const char *text = program.out;
    for (int i = 0; i < 5 && limits[_i].sizes[i] > 0; i++) {
        int size = limits[_i].sizes[i];
        expect_point(&text, size, 1);
        if (size > 10)
            expect_point(&text, size, 10);
        expect_point(&text, size, size);
    }
    ck_assert_str_eq(text, "");
    ck_assert_ptr_nonnull(strstr(program.err, "Too many open files"));
    program_free(&program);
}
END_TEST

START_TEST(people_get_a_table_of_80_columns)
{
    struct program program = start(305, NULL);
    int lines = 0;

    program_wait(&program);
    ck_assert_int_eq(program.status, 0);
    for (char *line = strtok(program.out, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        ck_assert_uint_le(strlen(line), 80);
        lines++;
    }
    ck_assert_int_eq(lines, 2 + 3); /* the head, and 10, 100, 150 */
    program_free(&program);
}
END_TEST

START_TEST(without_descriptors_it_fails_and_says_so)
{
    struct program program = start(6, NULL);

    program_wait(&program);
    ck_assert_int_eq(program.status, 1);
    ck_assert_ptr_nonnull(strstr(program.err, "only 0 of 10 pairs"));
    program_free(&program);
}
END_TEST

START_TEST(results_that_are_lost_are_an_error)
{
    struct program program = start(305, "--json=/dev/full");

    program_wait(&program);
    ck_assert_int_eq(program.status, 1);
    ck_assert_ptr_nonnull(strstr(program.err, "No space left"));
    program_free(&program);
}
END_TEST

START_TEST(a_reader_that_leaves_is_no_error)
{
    const struct rlimit limit = {305, 305};
    int ends[2];

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    struct program program = program_start_to(
        ends[1], (const char *const[]){waits_path, "--seconds=0.1", NULL});
    close(ends[1]);
    program.out_fd = program.err_fd; /* there is nothing to collect */
    program_wait(&program);
    ck_assert_int_eq(program.status, 0);
    program_free(&program);
}
END_TEST

static const char *const mistakes[] = {
    "--seconds=0",  "--seconds=1s",         "--seconds=nan", "--cpu=-1",
    "--cpu=100000", "--json=/no/such/file", "stray",         "--nothing"};

START_TEST(a_mistake_is_one_line_that_names_it)
{
    struct program program =
        program_start((const char *const[]){waits_path, mistakes[_i], NULL});

    program_wait(&program);
    ck_assert_int_ne(program.status, 0);
    ck_assert_ptr_nonnull(strstr(program.err, mistakes[_i]));
    ck_assert_ptr_eq(strchr(program.err, '\n'), strrchr(program.err, '\n'));
    program_free(&program);
}
END_TEST

int main(int argc, char *argv[])
{
    waits_path = tap_arguments(argc, argv, 1)[0];
    Suite *suite = suite_create("waits");
    TCase *tcase = tcase_create("waits");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_loop_test(tcase, every_mechanism_is_measured_at_every_point, 0,
                        sizeof(limits) / sizeof(limits[0]));
    tcase_add_test(tcase, people_get_a_table_of_80_columns);
    tcase_add_test(tcase, without_descriptors_it_fails_and_says_so);
    tcase_add_test(tcase, results_that_are_lost_are_an_error);
    tcase_add_test(tcase, a_reader_that_leaves_is_no_error);
    tcase_add_loop_test(tcase, a_mistake_is_one_line_that_names_it, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
