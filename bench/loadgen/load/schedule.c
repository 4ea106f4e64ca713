/*
 * schedule: see schedule.h for the idea.
 */
#include "load/schedule.h"

#include "record/clock.h"
#include "record/random.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>

/* A gap in ns whose mean is `mean`.  The 53 bits that a double can hold make a
 * fraction in (0, 1], whose logarithm is finite. */
static double exponential(uint64_t *state, double mean)
{
    double fraction = (double)((random_next(state) >> 11) + 1) * 0x1p-53;

    return -log(fraction) * mean;
}

static void append(struct schedule *schedule, size_t *room, uint64_t time)
{
    if (schedule->count == *room) {
        *room = *room * 2 + 1024;
        schedule->times =
            reallocarray(schedule->times, *room, sizeof(*schedule->times));
        if (schedule->times == NULL)
            err(EXIT_FAILURE, "memory to plan %zu messages", *room);
    }
    schedule->times[schedule->count++] = time;
}

struct schedule schedule_make(uint64_t rate, double seconds, enum gaps gaps,
                              uint64_t seed)
{
    struct schedule schedule = {.times = NULL};
    size_t room = 0;
    uint64_t end = clock_seconds(seconds);
    double mean = (double)NS_PER_SECOND / (double)rate;
    double random = exponential(&seed, mean);
    uint64_t time = gaps == GAPS_CONSTANT ? 0 : (uint64_t)random;

    while (time < end) {
        append(&schedule, &room, time);
        /* From the count, not from the time before: no rounding adds up. */
        if (gaps == GAPS_CONSTANT) {
            time = schedule.count * NS_PER_SECOND / rate;
        } else {
            random += exponential(&seed, mean);
            time = (uint64_t)random;
        }
    }
    return schedule;
}

void schedule_free(struct schedule *schedule)
{
    free(schedule->times);
    *schedule = (struct schedule){.times = NULL};
}
