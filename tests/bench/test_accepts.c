/*
 * test_accepts: accepts counts every client once, and finds what the book says
 * of the four ways to share a listener.
 *
 *     test_accepts PATH-OF-ACCEPTS
 */
#include "program.h"
#include "tap.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { WORKERS = 4, CLIENTS = 200 };

struct row {
    int accepted[WORKERS];
    int total, most; /* of all workers; of the one that accepted the most */
    double wake_ups; /* per client */
};

static const char *accepts_path;

/* The row of the table in `text` that begins with `way`. */
static struct row read_row(const char *text, const char *way)
{
    struct row row = {0};
    const char *line = strstr(text, way);

    ck_assert_msg(line != NULL, "no %s in %s", way, text);
    ck_assert_int_eq(sscanf(line, "%*s %d %d %d %d %lf", &row.accepted[0],
                            &row.accepted[1], &row.accepted[2],
                            &row.accepted[3], &row.wake_ups),
                     WORKERS + 1);
    for (int i = 0; i < WORKERS; i++) {
        row.total += row.accepted[i];
        if (row.accepted[i] > row.most)
            row.most = row.accepted[i];
    }
    return row;
}

START_TEST(each_way_to_share_a_listener)
{
    struct program program = program_start(
        (const char *const[]){accepts_path, "--clients=200", NULL});
    struct row accept, epoll, exclusive, reuseport;

    program_wait(&program);
    ck_assert_msg(program.status == 0, "%s", program.err);
    accept = read_row(program.out, "accept");
    epoll = read_row(program.out, "epoll");
    exclusive = read_row(program.out, "exclusive");
    reuseport = read_row(program.out, "reuseport");

    ck_assert_int_eq(accept.total, CLIENTS);
    ck_assert_int_eq(epoll.total, CLIENTS);
    ck_assert_int_eq(exclusive.total, CLIENTS);
    ck_assert_int_eq(reuseport.total, CLIENTS);

    /* In turn; some may be slow to fall asleep on a busy machine. */
    ck_assert_int_lt(accept.most, CLIENTS / 2);
    /* The first in the queue that is asleep is woken. */
    ck_assert_int_gt(exclusive.most, CLIENTS / 2);
    /* The herd. */
    ck_assert_double_gt(epoll.wake_ups, 1.5 * exclusive.wake_ups);
    program_free(&program);
}
END_TEST

static const char *const mistakes[] = {"--workers=0", "--workers=65",
                                       "--clients=many"};

START_TEST(a_mistake_is_one_line_that_names_it)
{
    struct program program =
        program_start((const char *const[]){accepts_path, mistakes[_i], NULL});

    program_wait(&program);
    ck_assert_int_eq(program.status, 64);
    ck_assert_ptr_nonnull(strstr(program.err, mistakes[_i]));
    ck_assert_ptr_eq(strchr(program.err, '\n'), strrchr(program.err, '\n'));
    program_free(&program);
}
END_TEST

int main(int argc, char *argv[])
{
    accepts_path = tap_arguments(argc, argv, 1)[0];
    Suite *suite = suite_create("accepts");
    TCase *tcase = tcase_create("accepts");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_test(tcase, each_way_to_share_a_listener);
    tcase_add_loop_test(tcase, a_mistake_is_one_line_that_names_it, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
