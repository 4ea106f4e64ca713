/*
 * The order of last activity, and how long a wait may take.
 *
 * The clock is the kernel's, so a test that lets time pass sleeps for a little
 * longer than it needs and then asks; none asserts how long something took.
 * Time also passes while a test runs, on a busy machine a lot of it, so the
 * timeouts are long where something must not have happened yet.
 */
#include "idle.h"

#include "child.h"
#include "connection.h"
#include "listener.h"
#include "narrate.h"
#include "unit.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

/* A listener that is watched, and so has nothing to wait for. */
static const struct listener watched = {.fd = -1};

/* Let so many milliseconds pass. */
static void pass(long milliseconds)
{
    /* The coarse clock may be one tick, at most 10 ms, behind. */
    milliseconds += 20;
    const struct timespec time = {milliseconds / 1000,
                                  milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* The next wait may take `most` ms, less what has passed since it was set. */
static void check_wait(const struct listener *listener, int most)
{
    int wait_ms = idle_wait_ms(listener);
    ck_assert_int_le(wait_ms, most);
    ck_assert_int_gt(wait_ms, most - 10000);
}

/* Is it time to quit, as of a wait that begins now? */
static bool quit_is_due(void)
{
    idle_wait_ms(&watched);
    return idle_quit_is_due();
}

/*
 * Take the quietest connection off the order, as a server does when it closes
 * one; with --idle-timeout=1 and after a second, that is any.
 */
static const struct connection *take_quietest(void)
{
    struct connection *connection = idle_expired();
    if (connection != NULL)
        idle_remove(connection);
    return connection;
}

START_TEST(nothing_to_wait_for)
{
    idle_start(0, 0);
    ck_assert_int_eq(idle_wait_ms(&watched), -1);
    ck_assert_ptr_null(idle_expired());
    ck_assert(!idle_quit_is_due());

    /* A connection changes nothing: there is no --idle-timeout. */
    struct connection connection = {.fd = -1};
    idle_add(&connection);
    pass(1);
    ck_assert_int_eq(idle_wait_ms(&watched), -1);
    ck_assert_ptr_null(idle_expired());
    ck_assert(!idle_quit_is_due());
}
END_TEST

START_TEST(the_quietest_first)
{
    struct connection a = {.fd = 1}, b = {.fd = 2}, c = {.fd = 3};
    idle_start(1, 0);
    idle_add(&a);
    idle_add(&b);
    idle_add(&c);
    pass(1000);
    ck_assert_ptr_eq(take_quietest(), &a);
    ck_assert_ptr_eq(take_quietest(), &b);
    ck_assert_ptr_eq(take_quietest(), &c);
    ck_assert_ptr_null(take_quietest());
}
END_TEST

/* Whichever place it stood in: first, in the middle, last, or alone. */
START_TEST(touched_goes_to_the_end)
{
    static const int orders[3][3] = {{1, 2, 0}, {0, 2, 1}, {0, 1, 2}};
    struct connection three[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
    idle_start(1, 0);
    for (int i = 0; i < 3; i++) {
        idle_add(&three[i]);
        idle_touch(&three[i]);
    }
    idle_touch(&three[_i]);
    pass(1000);
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_eq(take_quietest(), &three[orders[_i][i]]);
    ck_assert_ptr_null(take_quietest());
}
END_TEST

START_TEST(removed_is_gone)
{
    struct connection three[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
    idle_start(1, 0);
    for (int i = 0; i < 3; i++)
        idle_add(&three[i]);
    idle_remove(&three[_i]);
    pass(1000);
    for (int i = 0; i < 3; i++)
        if (i != _i)
            ck_assert_ptr_eq(take_quietest(), &three[i]);
    ck_assert_ptr_null(take_quietest());

    /* And the order is fit for further use. */
    idle_add(&three[_i]);
    pass(1000);
    ck_assert_ptr_eq(take_quietest(), &three[_i]);
}
END_TEST

START_TEST(expires_after_its_time_and_not_before)
{
    struct connection connection = {.fd = 1};
    idle_start(100, 0);
    idle_add(&connection);
    ck_assert_ptr_null(idle_expired());
    check_wait(&watched, 100000);

    connection.last_active -= 50000;
    ck_assert_ptr_null(idle_expired());
    check_wait(&watched, 50000);

    connection.last_active -= 50000;
    ck_assert_ptr_eq(idle_expired(), &connection);
    ck_assert_int_eq(idle_wait_ms(&watched), 0);

    connection.last_active -= 1000000;
    ck_assert_int_eq(idle_wait_ms(&watched), 0);

    idle_touch(&connection);
    ck_assert_ptr_null(idle_expired());
    check_wait(&watched, 100000);
}
END_TEST

/* Of two, the one that moved bytes stays. */
START_TEST(only_the_silent_one_expires)
{
    struct connection silent = {.fd = 1}, busy = {.fd = 2};
    idle_start(100, 0);
    idle_add(&silent);
    idle_add(&busy);
    silent.last_active -= 100000;
    busy.last_active -= 100000;
    idle_touch(&busy);
    ck_assert_ptr_eq(take_quietest(), &silent);
    ck_assert_ptr_null(idle_expired());
    check_wait(&watched, 100000);
}
END_TEST

/*
 * The server is stopped after its wait has returned: what it then handles was
 * active when it was handled, not when the wait returned.
 */
START_TEST(active_after_a_pause)
{
    struct connection connection = {.fd = 1};
    idle_start(1, 0);
    idle_add(&connection);
    idle_wait_ms(&watched);
    pass(1000);
    idle_touch(&connection);
    ck_assert_int_ge(connection.last_active, idle_now() - 900);
    ck_assert_ptr_null(idle_expired());
}
END_TEST

START_TEST(quits_when_nothing_happens)
{
    struct child child;
    idle_start(0, 1);
    ck_assert(!quit_is_due());

    pass(1000);
    ck_assert_int_eq(idle_wait_ms(&watched), 0);
    ck_assert(idle_quit_is_due());
    if (child_fork(&child)) {
        narrate_start();
        exit(idle_quit_is_due() ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_str_eq(child.out, "nothing happened for 1 second\n");
}
END_TEST

/*
 * The time ran out after the wait began: something may have happened since,
 * which only the next wait reports.
 */
START_TEST(quits_only_after_a_wait_that_began_late)
{
    idle_start(0, 1);
    idle_wait_ms(&watched);
    pass(1000);
    ck_assert(!idle_quit_is_due());
    ck_assert_int_eq(idle_wait_ms(&watched), 0);
    ck_assert(idle_quit_is_due());
}
END_TEST

/* A client comes, moves bytes, leaves: each time the time starts again. */
START_TEST(does_not_quit_while_something_happens)
{
    struct connection connection = {.fd = 1};
    idle_start(0, 1);
    pass(1000);
    ck_assert(quit_is_due());
    idle_add(&connection);
    ck_assert(!idle_quit_is_due());
    pass(1000);
    ck_assert(quit_is_due());
    idle_touch(&connection);
    ck_assert(!idle_quit_is_due());
    pass(1000);
    ck_assert(quit_is_due());
    idle_remove(&connection);
    ck_assert(!idle_quit_is_due());
}
END_TEST

/* Three deadlines, each of them the first once. */
START_TEST(the_earliest_of_three)
{
    struct connection connection = {.fd = 1};
    struct listener full = {.fd = -1, .paused = true};
    idle_start(200, 300);
    idle_add(&connection);

    full.retry_at = idle_now() + 100000;
    check_wait(&full, 100000);
    full.retry_at = idle_now() + 250000;
    check_wait(&full, 200000);
    idle_remove(&connection);
    check_wait(&full, 250000);
    full.retry_at = idle_now() + 400000;
    check_wait(&full, 300000);

    /* What is past and what is now: no waiting. */
    full.retry_at = idle_now();
    ck_assert_int_eq(idle_wait_ms(&full), 0);
    full.retry_at = 0;
    ck_assert_int_eq(idle_wait_ms(&full), 0);

    /* A listener that is watched needs no retry. */
    full.paused = false;
    check_wait(&full, 300000);
}
END_TEST

/* The largest timeouts: 68 years are more milliseconds than an int holds. */
START_TEST(no_overflow)
{
    struct connection connection = {.fd = 1};
    idle_start(INT_MAX, INT_MAX);
    idle_add(&connection);
    ck_assert_int_eq(idle_wait_ms(&watched), INT_MAX);
    pass(1);
    ck_assert_ptr_null(idle_expired());
    ck_assert(!idle_quit_is_due());
}
END_TEST

void add_idle_tests(Suite *suite)
{
    TCase *tests = tcase_create("idle");
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, nothing_to_wait_for);
    tcase_add_test(tests, the_quietest_first);
    tcase_add_loop_test(tests, touched_goes_to_the_end, 0, 3);
    tcase_add_loop_test(tests, removed_is_gone, 0, 3);
    tcase_add_test(tests, expires_after_its_time_and_not_before);
    tcase_add_test(tests, only_the_silent_one_expires);
    tcase_add_test(tests, active_after_a_pause);
    tcase_add_test(tests, quits_when_nothing_happens);
    tcase_add_test(tests, quits_only_after_a_wait_that_began_late);
    tcase_add_test(tests, does_not_quit_while_something_happens);
    tcase_add_test(tests, the_earliest_of_three);
    tcase_add_test(tests, no_overflow);
    suite_add_tcase(suite, tests);
}
