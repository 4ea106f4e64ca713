/*
 * histogram: the latencies of a whole trial in 30 KiB.
 *
 * Keeping every sample would cost memory that grows with the rate; keeping an
 * average would hide exactly what matters.  A log-linear histogram does
 * neither: each power of two is cut into 2^k buckets of the same width (k = 7),
 * so a bucket is never wider than 1/128 of the values in it, whether they are
 * microseconds or minutes, and its middle is within 0.4 % of all of them.
 *
 * Values are nanoseconds.  Up to 2^8 each has a bucket of its own; from 2^36
 * (68.7 s) on they are counted as overflow, apart, and never dropped: a
 * quantile that falls among them is answered with the exact maximum.
 *
 * Two histograms of this layout are merged by adding their counts, and that is
 * exact; averaging the percentiles of the parts would be wrong.
 *
 * Cost: recording is a shift, a count-leading-zeros and an increment.
 */
#ifndef LOADGEN_HISTOGRAM_H
#define LOADGEN_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_K = 7,     /* 2^k buckets per power of two */
    HISTOGRAM_BITS = 36, /* values below 2^36 have a bucket */
    HISTOGRAM_BUCKETS = (HISTOGRAM_BITS - HISTOGRAM_K + 1) << HISTOGRAM_K,
};

/* Quantiles are whole parts of 100,000, so that ranks are exact integers. */
enum {
    QUANTILE_P50 = 50000,
    QUANTILE_P90 = 90000,
    QUANTILE_P99 = 99000,
    QUANTILE_P999 = 99900,
    QUANTILE_WHOLE = 100000,
};

/* All zero is an empty histogram. */
struct histogram {
    uint64_t count;    /* values recorded, overflow included */
    uint64_t overflow; /* of those, the ones past the last bucket */
    uint64_t min;      /* exact; means nothing while count is 0 */
    uint64_t max;      /* exact */
    uint64_t sum;      /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* The bucket of `value`, which must be below 2^HISTOGRAM_BITS. */
size_t histogram_index(uint64_t value);

/* The smallest and the largest value of bucket `index`. */
uint64_t histogram_low(size_t index);
uint64_t histogram_high(size_t index);

/* Count one value, whatever its size. */
void histogram_record(struct histogram *histogram, uint64_t value);

/* Add all that `from` has counted to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * The quantile `parts` (0..QUANTILE_WHOLE) by nearest rank: of N values in
 * ascending order, number ceil(q N), and number 1 for q = 0.  The answer is the
 * middle of that value's bucket, which is within 0.4 % of the value, but never
 * outside of the exact minimum and maximum.  0 when nothing was recorded.
 */
uint64_t histogram_quantile(const struct histogram *histogram, uint32_t parts);

/*
 * Do the samples support that quantile?  Fewer than ten values above it say
 * more about luck than about the server, so N (1 - q) must be at least 10.
 */
bool histogram_supports(const struct histogram *histogram, uint32_t parts);

#endif
