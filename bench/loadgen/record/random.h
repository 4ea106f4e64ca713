/*
 * random: numbers that look random and follow from a seed alone.
 *
 * splitmix64: a few lines that give the same numbers with every C library, so
 * the same --seed gives the same run anywhere.
 */
#ifndef LOADGEN_RANDOM_H
#define LOADGEN_RANDOM_H

#include <stdint.h>

/* The next number, from `state`, which it advances. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A seed for cycle number `cycle` at point number `point` of a run's `seed`. */
static inline uint64_t random_seed(uint64_t seed, uint64_t point, long cycle)
{
    seed = random_next(&seed) ^ point;
    seed = random_next(&seed) ^ (uint64_t)cycle;
    return random_next(&seed);
}

#endif
