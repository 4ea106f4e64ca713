/*
 * test_histogram: the histogram against what sorting all samples says.
 *
 * The property test draws samples from a seeded generator; to repeat it with
 * another seed, set SEED in the environment.
 */
#include "record/histogram.h"
#include "tap.h"

#include <string.h>

static const uint64_t end = UINT64_C(1) << HISTOGRAM_BITS;

static struct histogram histogram;
static struct histogram other;

/* Without a gap, none wider than its share, and 0.4 % from its middle to
 * either end. */
TEST(the_buckets_cover_everything)
{
    ck_assert_uint_eq(histogram_low(0), 0);
    ck_assert_uint_eq(histogram_high(HISTOGRAM_BUCKETS - 1), end - 1);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t low = histogram_low(i), high = histogram_high(i);
        ck_assert_uint_eq(histogram_index(low), i);
        ck_assert_uint_eq(histogram_index(high), i);
        ck_assert_uint_eq(high + 1, histogram_low(i + 1));
        ck_assert_uint_le(high - low, low >> HISTOGRAM_K);
    }
}

TEST(the_layout_is_the_documented_one)
{
    /* By hand: 1000 = 0b1111101000 has three bits above the lowest seven, and
     * the seven below the highest of its ten are 1111010. */
    ck_assert_uint_eq(histogram_index(1000), 3 << 7 | 0x7a);
    ck_assert_uint_eq(histogram_low(3 << 7 | 0x7a), 1000);
    ck_assert_uint_eq(histogram_high(3 << 7 | 0x7a), 1003);
    ck_assert_int_eq(HISTOGRAM_BUCKETS, 3840);
    ck_assert_uint_eq(sizeof(histogram.buckets), 30 * 1024);
    for (int k = HISTOGRAM_K; k < HISTOGRAM_BITS; k++) {
        uint64_t power = UINT64_C(1) << k;
        ck_assert_uint_eq(histogram_low(histogram_index(power)), power);
    }
}

TEST(what_is_past_the_end_is_counted_apart)
{
    ck_assert_uint_eq(histogram_quantile(&histogram, QUANTILE_P50), 0);
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

TEST(ten_samples_must_lie_above)
{
    for (int i = 0; i < 999; i++)
        histogram_record(&histogram, 1);
    ck_assert(histogram_supports(&histogram, QUANTILE_P90));
    ck_assert(!histogram_supports(&histogram, QUANTILE_P99));
    histogram_record(&histogram, 1);
    ck_assert(histogram_supports(&histogram, QUANTILE_P99));
    ck_assert(!histogram_supports(&histogram, QUANTILE_P999));
}

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

TEST(random_samples_agree_with_sorting_them)
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

TEST(merged_parts_equal_the_whole)
{
    static struct histogram whole, empty;

    srandom(2);
    for (int i = 0; i < 20000; i++) {
        uint64_t value = random_latency();
        histogram_record(&whole, value);
        histogram_record(i % 3 == 0 ? &histogram : &other, value);
    }
    ck_assert_uint_gt(whole.overflow, 0);
    histogram_merge(&histogram, &other);
    ck_assert_mem_eq(&histogram, &whole, sizeof(whole));
    histogram_merge(&histogram, &empty);
    ck_assert_mem_eq(&histogram, &whole, sizeof(whole));
    histogram_merge(&empty, &histogram);
    ck_assert_mem_eq(&empty, &whole, sizeof(whole));
}

int main(void)
{
    return tap_main("histogram", NULL, NULL);
}
