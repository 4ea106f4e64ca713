/*
 * test_histogram: the histogram against what sorting all samples says.
 *
 * The property test draws samples from a seeded generator; to repeat it with
 * another seed, set SEED in the environment.
 */
#include "record/histogram.h"
#include "tap.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t end = UINT64_C(1) << HISTOGRAM_BITS;

static struct histogram histogram;
static struct histogram other;

START_TEST(a_bucket_begins_where_the_last_one_ends)
{
    ck_assert_uint_eq(histogram_low(0), 0);
    for (size_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++)
        ck_assert_uint_eq(histogram_high(i) + 1, histogram_low(i + 1));
    ck_assert_uint_eq(histogram_high(HISTOGRAM_BUCKETS - 1), end - 1);
}
END_TEST

START_TEST(both_bounds_lead_back_to_their_bucket)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        ck_assert_uint_eq(histogram_index(histogram_low(i)), i);
        ck_assert_uint_eq(histogram_index(histogram_high(i)), i);
    }
}
END_TEST

START_TEST(the_layout_is_the_documented_one)
{
    /* By hand: 1000 = 0b1111101000 has three bits above the lowest seven, and
     * the seven below the highest of its ten are 1111010. */
    ck_assert_uint_eq(histogram_index(1000), 3 << 7 | 0x7a);
    ck_assert_uint_eq(histogram_low(3 << 7 | 0x7a), 1000);
    ck_assert_uint_eq(histogram_high(3 << 7 | 0x7a), 1003);
    ck_assert_int_eq(HISTOGRAM_BUCKETS, 3840);
    ck_assert_uint_eq(sizeof(histogram.buckets), 30 * 1024);
}
END_TEST

START_TEST(a_power_of_two_begins_a_bucket)
{
    for (int k = HISTOGRAM_K; k < HISTOGRAM_BITS; k++) {
        uint64_t power = UINT64_C(1) << k;
        size_t i = histogram_index(power);

        ck_assert_uint_eq(histogram_low(i), power);
        ck_assert_uint_eq(histogram_index(power - 1), i - 1);
        /* Up to 2^8 each value has a bucket of its own. */
        ck_assert_uint_eq(histogram_index(power + 1), k < 8 ? i + 1 : i);
    }
}
END_TEST

START_TEST(no_bucket_is_wider_than_its_share)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double low = (double)histogram_low(i);
        double high = (double)histogram_high(i);
        double middle = (low + high) / 2;

        ck_assert_double_le(high - low, low / (1 << HISTOGRAM_K));
        /* 0.4 % from the middle to either end */
        ck_assert_double_le(high - middle, 0.004 * low);
    }
}
END_TEST

START_TEST(nothing_recorded_answers_zero)
{
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), 0);
    ck_assert_uint_eq(histogram.count, 0);
    ck_assert(!histogram_supports(&histogram, QUANTILE_P50));
}
END_TEST

START_TEST(a_single_sample_is_every_quantile)
{
    histogram_record(&histogram, 123457);
    ck_assert_uint_eq(histogram_quantile(&histogram, 0), 123457);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), 123457);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_WHOLE), 123457);
    ck_assert_uint_eq(histogram.min, 123457);
    ck_assert_uint_eq(histogram.max, 123457);
    ck_assert_uint_eq(histogram.sum, 123457);
}
END_TEST

START_TEST(zero_is_a_value)
{
    histogram_record(&histogram, 5);
    histogram_record(&histogram, 0);
    ck_assert_uint_eq(histogram.min, 0);
    ck_assert_uint_eq(histogram.buckets[0], 1);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), 0);
}
END_TEST

START_TEST(what_is_past_the_end_is_counted_apart)
{
    histogram_record(&histogram, end - 1);
    ck_assert_uint_eq(histogram.overflow, 0);
    ck_assert_uint_eq(histogram.buckets[HISTOGRAM_BUCKETS - 1], 1);
    histogram_record(&histogram, end);
    histogram_record(&histogram, 3 * end);
    ck_assert_uint_eq(histogram.overflow, 2);
    ck_assert_uint_eq(histogram.count, 3);
    ck_assert_uint_eq(histogram.max, 3 * end);
    ck_assert_uint_eq(histogram.sum, 5 * end - 1);
    ck_assert_uint_eq(histogram_quantile(&histogram, 33000), end - 1);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), 3 * end);
}
END_TEST

START_TEST(ranks_are_rounded_up)
{
    /* 1..10, each in its own bucket: the answers are exact. */
    for (uint64_t value = 1; value <= 10; value++)
        histogram_record(&histogram, value);
    ck_assert_uint_eq(histogram_quantile(&histogram, 0), 1);
    ck_assert_uint_eq(histogram_quantile(&histogram, 10000), 1);
    ck_assert_uint_eq(histogram_quantile(&histogram, 10001), 2);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), 5);
    ck_assert_uint_eq(histogram_quantile(&histogram, 50001), 6);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P99), 10);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_WHOLE), 10);
}
END_TEST

START_TEST(a_quantile_is_never_outside_of_the_extremes)
{
    uint64_t low = histogram_low(2000), high = histogram_high(2000);

    histogram_record(&histogram, low);
    histogram_record(&histogram, low + 1);
    ck_assert_uint_gt(low + (high - low) / 2, low + 1);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), low + 1);

    memset(&histogram, 0, sizeof(histogram));
    histogram_record(&histogram, high);
    histogram_record(&histogram, high);
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), high);
}
END_TEST

START_TEST(ten_samples_must_lie_above)
{
    for (int i = 0; i < 999; i++)
        histogram_record(&histogram, 1);
    ck_assert(histogram_supports(&histogram, QUANTILE_P90));
    ck_assert(!histogram_supports(&histogram, QUANTILE_P99));
    histogram_record(&histogram, 1);
    ck_assert(histogram_supports(&histogram, QUANTILE_P99));
    ck_assert(!histogram_supports(&histogram, QUANTILE_P999));
}
END_TEST

static int ascending(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Anything from a nanosecond to past the end, each magnitude as often. */
static uint64_t random_latency(void)
{
    uint64_t bits = ((uint64_t)random() << 31 | (uint64_t)random()) & (end - 1);

    return bits >> (random() % HISTOGRAM_BITS) << (random() % 100 == 0);
}

/* Nearest rank from the sorted samples themselves. */
static uint64_t exact_quantile(const uint64_t *sorted, uint64_t n,
                               uint32_t parts)
{
    uint64_t rank = n * parts / QUANTILE_WHOLE;

    if (n * parts % QUANTILE_WHOLE != 0)
        rank++;
    return sorted[rank == 0 ? 0 : rank - 1];
}

static void compare_with_sorted(const uint64_t *sorted, uint64_t n)
{
    for (uint32_t parts = 0; parts <= QUANTILE_WHOLE; parts += 97) {
        uint64_t exact = exact_quantile(sorted, n, parts);
        uint64_t answer = histogram_quantile(&histogram, parts);

        ck_assert_uint_le(histogram.min, answer);
        ck_assert_uint_le(answer, histogram.max);
        if (exact >= end)
            continue; /* no bucket: the maximum is the answer */
        /* Half a bucket is 1/256 of the values in it at most: 0.4 %. */
        uint64_t error = answer > exact ? answer - exact : exact - answer;
        ck_assert_uint_le(error, exact >> (HISTOGRAM_K + 1));
    }
    ck_assert_uint_eq(histogram.min, sorted[0]);
    ck_assert_uint_eq(histogram.max, sorted[n - 1]);
}

START_TEST(random_samples_agree_with_sorting_them)
{
    enum { TRIALS = 100, MOST = 3000 };
    static uint64_t samples[MOST];
    const char *seed = getenv("SEED");

    srandom(seed == NULL ? 1 : (unsigned)atoi(seed));
    for (int trial = 0; trial < TRIALS; trial++) {
        uint64_t n = 1 + (uint64_t)random() % MOST;
        uint64_t sum = 0;

        memset(&histogram, 0, sizeof(histogram));
        for (uint64_t i = 0; i < n; i++) {
            samples[i] = random_latency();
            sum += samples[i];
            histogram_record(&histogram, samples[i]);
        }
        qsort(samples, n, sizeof(samples[0]), ascending);
        compare_with_sorted(samples, n);
        ck_assert_uint_eq(histogram.count, n);
        ck_assert_uint_eq(histogram.sum, sum);
    }
}
END_TEST

START_TEST(merged_parts_equal_the_whole)
{
    static struct histogram whole;

    srandom(2);
    for (int i = 0; i < 20000; i++) {
        uint64_t value = random_latency();
        histogram_record(&whole, value);
        histogram_record(i % 3 == 0 ? &histogram : &other, value);
    }
    ck_assert_uint_gt(whole.overflow, 0);
    histogram_merge(&histogram, &other);
    ck_assert_mem_eq(&histogram, &whole, sizeof(whole));
}
END_TEST

START_TEST(an_empty_part_changes_nothing)
{
    static struct histogram empty;

    histogram_record(&histogram, 1000);
    histogram_merge(&other, &histogram);
    histogram_merge(&histogram, &empty);
    ck_assert_mem_eq(&histogram, &other, sizeof(other));
    ck_assert_uint_eq(other.min, 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("histogram");
    TCase *layout = tcase_create("layout");
    TCase *recording = tcase_create("recording");

    tcase_add_test(layout, a_bucket_begins_where_the_last_one_ends);
    tcase_add_test(layout, both_bounds_lead_back_to_their_bucket);
    tcase_add_test(layout, the_layout_is_the_documented_one);
    tcase_add_test(layout, a_power_of_two_begins_a_bucket);
    tcase_add_test(layout, no_bucket_is_wider_than_its_share);
    suite_add_tcase(suite, layout);

    tcase_add_test(recording, nothing_recorded_answers_zero);
    tcase_add_test(recording, a_single_sample_is_every_quantile);
    tcase_add_test(recording, zero_is_a_value);
    tcase_add_test(recording, what_is_past_the_end_is_counted_apart);
    tcase_add_test(recording, ranks_are_rounded_up);
    tcase_add_test(recording, a_quantile_is_never_outside_of_the_extremes);
    tcase_add_test(recording, ten_samples_must_lie_above);
    tcase_add_test(recording, random_samples_agree_with_sorting_them);
    tcase_add_test(recording, merged_parts_equal_the_whole);
    tcase_add_test(recording, an_empty_part_changes_nothing);
    suite_add_tcase(suite, recording);
    return tap_run(suite);
}
