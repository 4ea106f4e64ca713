/*
 * The order of last activity, and how long a wait may take.
 *
 * The clock is the kernel's, so a test that lets time pass sleeps for a little
 * longer than it needs and then asks; none asserts how long something took.
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

/* Let so many milliseconds pass, and be told of them. */
static void pass(long milliseconds)
{
    /* The coarse clock may be one tick, at most 10 ms, behind. */
    milliseconds += 20;
    const struct timespec time = {milliseconds / 1000,
                                  milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
    idle_tick();
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
    idle_start(1, 0);
    idle_add(&connection);
    ck_assert_ptr_null(idle_expired());
    ck_assert_int_eq(idle_wait_ms(&watched), 1000);

    connection.last_active -= 999;
    ck_assert_ptr_null(idle_expired());
    ck_assert_int_eq(idle_wait_ms(&watched), 1);

    connection.last_active -= 1;
    ck_assert_ptr_eq(idle_expired(), &connection);
    ck_assert_int_eq(idle_wait_ms(&watched), 0);

    connection.last_active -= 1000000;
    ck_assert_int_eq(idle_wait_ms(&watched), 0);

    idle_touch(&connection);
    ck_assert_ptr_null(idle_expired());
    ck_assert_int_eq(idle_wait_ms(&watched), 1000);
}
END_TEST

/* Of two, the one that moved bytes stays. */
START_TEST(only_who_was_silent_expires)
{
    struct connection silent = {.fd = 1}, busy = {.fd = 2};
    idle_start(1, 0);
    idle_add(&silent);
    idle_add(&busy);
    pass(1000);
    idle_touch(&busy);
    ck_assert_ptr_eq(take_quietest(), &silent);
    ck_assert_ptr_null(idle_expired());
    ck_assert_int_eq(idle_wait_ms(&watched), 1000);
}
END_TEST

START_TEST(quits_when_nothing_happens)
{
    struct child child;
    idle_start(0, 1);
    ck_assert_int_eq(idle_wait_ms(&watched), 1000);
    ck_assert(!idle_quit_is_due());

    pass(1000);
    ck_assert_int_eq(idle_wait_ms(&watched), 0);
    ck_assert(idle_quit_is_due());
    if (child_fork(&child)) {
        narrate_start();
        exit(idle_quit_is_due() ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    child_wait(&child);
    ck_assert_str_eq(child.out, "nothing happened for 1 second\n");

    /* A wait that reports what nothing comes of is nothing. */
    idle_tick();
    ck_assert(idle_quit_is_due());
}
END_TEST

/* A client comes, moves bytes, leaves: each time the time starts again. */
START_TEST(does_not_quit_while_something_happens)
{
    struct connection connection = {.fd = 1};
    idle_start(0, 1);
    pass(1000);
    ck_assert(idle_quit_is_due());
    idle_add(&connection);
    ck_assert(!idle_quit_is_due());
    ck_assert_int_eq(idle_wait_ms(&watched), 1000);
    pass(1000);
    ck_assert(idle_quit_is_due());
    idle_touch(&connection);
    ck_assert(!idle_quit_is_due());
    pass(1000);
    ck_assert(idle_quit_is_due());
    idle_remove(&connection);
    ck_assert(!idle_quit_is_due());
    ck_assert_int_eq(idle_wait_ms(&watched), 1000);
}
END_TEST

/* Three deadlines, in each order of who comes first. */
START_TEST(the_earliest_of_three)
{
    struct connection connection = {.fd = 1};
    struct listener full = {.fd = -1, .paused = true};
    idle_start(20, 30);
    idle_add(&connection);

    full.retry_at = idle_now() + 10000;
    ck_assert_int_eq(idle_wait_ms(&full), 10000);
    full.retry_at = idle_now() + 25000;
    ck_assert_int_eq(idle_wait_ms(&full), 20000);
    idle_remove(&connection);
    ck_assert_int_eq(idle_wait_ms(&full), 25000);
    full.retry_at = idle_now() + 40000;
    ck_assert_int_eq(idle_wait_ms(&full), 30000);

    /* What is past and what is now: no waiting. */
    full.retry_at = idle_now();
    ck_assert_int_eq(idle_wait_ms(&full), 0);
    full.retry_at = idle_now() - 1;
    ck_assert_int_eq(idle_wait_ms(&full), 0);

    /* Who watches its listener doesn't wait for a retry. */
    full.paused = false;
    ck_assert_int_eq(idle_wait_ms(&full), 30000);
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

START_TEST(the_clock_stands_still_between_ticks)
{
    const struct timespec time = {.tv_nsec = 30000000};
    idle_start(0, 0);
    int64_t before = idle_now();
    nanosleep(&time, NULL);
    ck_assert_int_eq(idle_now(), before);
    idle_tick();
    ck_assert_int_ge(idle_now(), before + 20);
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
    tcase_add_test(tests, only_who_was_silent_expires);
    tcase_add_test(tests, quits_when_nothing_happens);
    tcase_add_test(tests, does_not_quit_while_something_happens);
    tcase_add_test(tests, the_earliest_of_three);
    tcase_add_test(tests, no_overflow);
    tcase_add_test(tests, the_clock_stands_still_between_ticks);
    suite_add_tcase(suite, tests);
}
