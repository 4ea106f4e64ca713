/*
 * test_schedule: the plan of an open loop.
 *
 * The random gaps follow from a seed, so what is said of them here is the same
 * in every run; the tolerances are several standard deviations wide, so that
 * any right generator of random numbers would do.
 */
#include "load/schedule.h"
#include "record/clock.h"
#include "tap.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>

/* Message j of `rate` leaves at j / rate seconds, to the ns. */
static void assert_grid(uint64_t rate, double seconds, size_t count)
{
    struct schedule schedule = schedule_make(rate, seconds, GAPS_CONSTANT, 1);
    size_t right = 0;

    ck_assert_uint_eq(schedule.count, count);
    while (right < count &&
           schedule.times[right] == right * NS_PER_SECOND / rate)
        right++;
    ck_assert_uint_eq(right, count);
    schedule_free(&schedule);
}

START_TEST(constant_gaps_are_an_exact_grid)
{
    assert_grid(1, 1, 1);
    assert_grid(1000, 1.5, 1500);
    assert_grid(1000, 0, 0);
    assert_grid(2, 0.25, 1);
    assert_grid(1000000, 1, 1000000);
    /* A gap that is no whole number of ns: after an hour a sum of rounded gaps
     * would be 3 us and 11 us off, which is many of the last one's gaps. */
    assert_grid(3, 3600, 10800);
    assert_grid(7, 3600, 25200);
    assert_grid(9999991, 1, 9999991);
}
END_TEST

static bool is_same(const struct schedule *a, const struct schedule *b)
{
    bool same = a->count == b->count;

    for (size_t j = 0; same && j < a->count; j++)
        same = a->times[j] == b->times[j];
    return same;
}

START_TEST(the_same_seed_gives_the_same_plan)
{
    struct schedule one = schedule_make(1000, 2, GAPS_EXPONENTIAL, 1);
    struct schedule again = schedule_make(1000, 2, GAPS_EXPONENTIAL, 1);
    struct schedule two = schedule_make(1000, 2, GAPS_EXPONENTIAL, 2);

    ck_assert(is_same(&one, &again));
    ck_assert(!is_same(&one, &two));
    schedule_free(&one);
    schedule_free(&again);
    schedule_free(&two);
}
END_TEST

/*
 * The first number of splitmix64 from 0 is known from its publication; a
 * fraction u of 1 becomes a gap of -ln(u) means.
 */
START_TEST(the_first_gap_is_known)
{
    struct schedule schedule = schedule_make(10, 10, GAPS_EXPONENTIAL, 0);
    double fraction = (double)UINT64_C(0xe220a8397b1dcdaf) / 0x1p64;

    ck_assert_double_eq_tol((double)schedule.times[0], -log(fraction) * 1e8, 2);
    schedule_free(&schedule);
}
END_TEST

START_TEST(a_longer_plan_begins_with_the_shorter_one)
{
    struct schedule shorter = schedule_make(1000, 1, GAPS_EXPONENTIAL, 5);
    struct schedule longer = schedule_make(1000, 3, GAPS_EXPONENTIAL, 5);

    ck_assert_uint_lt(shorter.count, longer.count);
    for (size_t j = 0; j < shorter.count; j++)
        ck_assert_uint_eq(shorter.times[j], longer.times[j]);
    ck_assert_uint_ge(longer.times[shorter.count], NS_PER_SECOND);
    schedule_free(&shorter);
    schedule_free(&longer);
}
END_TEST

START_TEST(times_ascend_and_end)
{
    for (uint64_t rate = 1; rate <= 1000000; rate *= 10) {
        struct schedule schedule =
            schedule_make(rate, 4, GAPS_EXPONENTIAL, rate);
        size_t j = 1;
        while (j < schedule.count && schedule.times[j] >= schedule.times[j - 1])
            j++;
        ck_assert_uint_eq(j, schedule.count);
        ck_assert_uint_lt(schedule.times[j - 1], 4 * NS_PER_SECOND);
        schedule_free(&schedule);
    }
}
END_TEST

/* The number of messages in a Poisson process: its variance is its mean. */
static void assert_count(uint64_t rate, double seconds)
{
    struct schedule schedule =
        schedule_make(rate, seconds, GAPS_EXPONENTIAL, 1);
    double mean = (double)rate * seconds;

    ck_assert_double_eq_tol((double)schedule.count, mean, 5 * sqrt(mean));
    schedule_free(&schedule);
}

/* With a gap of 100 ns, rounding each one down would make 5 in 1,000 too many.
 */
START_TEST(the_rate_is_what_was_asked_for)
{
    assert_count(100, 1000);
    assert_count(100000, 2);
    assert_count(10000000, 1);
}
END_TEST

/*
 * Of exponential gaps with mean m, exp(-x) are longer than x m, and the
 * standard deviation is m: of 200,000 gaps, the mean is within 0.25 % once in
 * three times, and so is a share within 0.1 %.
 */
START_TEST(gaps_are_exponential)
{
    struct schedule schedule = schedule_make(100000, 2, GAPS_EXPONENTIAL, 1);
    double mean = 10000;
    double sum = 0;
    double squares = 0;
    double longer[4] = {0};

    for (size_t j = 0; j < schedule.count; j++) {
        double gap =
            (double)(schedule.times[j] - (j == 0 ? 0 : schedule.times[j - 1]));
        sum += gap / mean;
        squares += (gap / mean) * (gap / mean);
        for (int x = 0; x < 4; x++)
            longer[x] += gap > x * mean;
    }
    double count = (double)schedule.count;
    ck_assert_double_eq_tol(sum / count, 1, 0.01);
    ck_assert_double_eq_tol(squares / count, 2, 0.05);
    for (int x = 0; x < 4; x++)
        ck_assert_double_eq_tol(longer[x] / count, exp(-x), 0.005);
    schedule_free(&schedule);
}
END_TEST

START_TEST(freeing_leaves_an_empty_plan)
{
    struct schedule schedule = schedule_make(10, 1, GAPS_CONSTANT, 1);

    schedule_free(&schedule);
    ck_assert_uint_eq(schedule.count, 0);
    schedule_free(&schedule);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tcase = tcase_create("schedule");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, constant_gaps_are_an_exact_grid);
    tcase_add_test(tcase, the_same_seed_gives_the_same_plan);
    tcase_add_test(tcase, the_first_gap_is_known);
    tcase_add_test(tcase, a_longer_plan_begins_with_the_shorter_one);
    tcase_add_test(tcase, times_ascend_and_end);
    tcase_add_test(tcase, the_rate_is_what_was_asked_for);
    tcase_add_test(tcase, gaps_are_exponential);
    tcase_add_test(tcase, freeing_leaves_an_empty_plan);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
