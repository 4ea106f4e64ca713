/*
 * histogram: see histogram.h for the idea.
 *
 * How a value finds its bucket, with k = 7: while it has at most seven bits it
 * is its own index.  Otherwise b bits stick out above the lowest seven.  The
 * highest bit says which power of two it is (that is b), the seven bits below
 * it say which of the 128 buckets in there, and what is left of those is what
 * we are ready to forget:
 *
 *     1 0110100 11010      b = 6 bits above the lowest 7
 *       ------- bucket     index = 6 << 7 | 0110100
 */
#include "record/histogram.h"

enum { SUB_BUCKETS = 1 << HISTOGRAM_K };

size_t histogram_index(uint64_t value)
{
    uint64_t high_bits = value >> HISTOGRAM_K;

    if (high_bits == 0)
        return value;
    unsigned b = 64 - (unsigned)__builtin_clzll(high_bits);
    return (size_t)b << HISTOGRAM_K |
           (value >> (b - 1) & (uint64_t)(SUB_BUCKETS - 1));
}

uint64_t histogram_low(size_t index)
{
    if (index < SUB_BUCKETS)
        return index;
    uint64_t mantissa = SUB_BUCKETS + (index & (SUB_BUCKETS - 1));
    return mantissa << ((index >> HISTOGRAM_K) - 1);
}

uint64_t histogram_high(size_t index)
{
    return histogram_low(index + 1) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
    if (histogram->count == 0 || value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count++;
    histogram->sum += value;
    if (value >> HISTOGRAM_BITS)
        histogram->overflow++;
    else
        histogram->buckets[histogram_index(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0)
        return;
    if (into->count == 0 || from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    into->overflow += from->overflow;
    into->sum += from->sum;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

/* ceil(q N), computed without ever leaving the integers; at least 1. */
static uint64_t nearest_rank(uint64_t count, uint32_t parts)
{
    uint64_t rank = (count * parts + QUANTILE_WHOLE - 1) / QUANTILE_WHOLE;

    return rank == 0 ? 1 : rank;
}

/* The middle of a bucket, but no less than the least value and no more than the
 * greatest. */
static uint64_t middle(const struct histogram *histogram, size_t i)
{
    uint64_t low = histogram_low(i);
    uint64_t value = low + (histogram_high(i) - low) / 2;

    if (value < histogram->min)
        return histogram->min;
    return value < histogram->max ? value : histogram->max;
}

uint64_t histogram_quantile(const struct histogram *histogram, uint32_t parts)
{
    uint64_t rank = nearest_rank(histogram->count, parts);
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank)
            return middle(histogram, i);
    }
    return histogram->max; /* among the overflow, or nothing recorded */
}

bool histogram_supports(const struct histogram *histogram, uint32_t parts)
{
    enum { ENOUGH = 10 };

    return histogram->count * (QUANTILE_WHOLE - parts) >=
           (uint64_t)ENOUGH * QUANTILE_WHOLE;
}
