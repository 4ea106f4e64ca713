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

TEST(constant_gaps_are_an_exact_grid)
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

/*
 * The first number of splitmix64 from 0 is known from its publication; a
 * fraction u of 1 becomes a gap of -ln(u) means.
 */
TEST(the_first_gap_is_known)
{
    struct schedule schedule = schedule_make(10, 10, GAPS_EXPONENTIAL, 0);
    double fraction = (double)UINT64_C(0xe220a8397b1dcdaf) / 0x1p64;

    ck_assert_double_eq_tol((double)schedule.times[0], -log(fraction) * 1e8, 2);
    schedule_free(&schedule);
}

/* The same seed gives the same plan, a longer one begins with the shorter one,
 * and another seed with something else. */
TEST(the_plan_follows_from_the_seed)
{
    struct schedule shorter = schedule_make(1000, 1, GAPS_EXPONENTIAL, 5);
    struct schedule longer = schedule_make(1000, 3, GAPS_EXPONENTIAL, 5);
    struct schedule other = schedule_make(1000, 3, GAPS_EXPONENTIAL, 6);

    ck_assert_uint_lt(shorter.count, longer.count);
    ck_assert_mem_eq(shorter.times, longer.times,
                     shorter.count * sizeof(shorter.times[0]));
    ck_assert_uint_ge(longer.times[shorter.count], NS_PER_SECOND);
    ck_assert_uint_ne(longer.times[0], other.times[0]);
    schedule_free(&shorter);
    schedule_free(&longer);
    schedule_free(&other);
}

TEST(times_ascend_and_end)
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
TEST(the_rate_is_what_was_asked_for)
{
    assert_count(100, 1000);
    assert_count(100000, 2);
    assert_count(10000000, 1);
}

/*
 * Of exponential gaps with mean m, exp(-x) are longer than x m, and the
 * standard deviation is m: of 200,000 gaps, the mean is within 0.25 % once in
 * three times, and so is a share within 0.1 %.
 */
TEST(gaps_are_exponential)
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

int main(void)
{
    return tap_main("schedule", NULL, NULL);
}
