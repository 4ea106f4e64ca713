/*
 * point: see point.h for the idea.
 */
#include "record/point.h"

#include "record/clock.h"

#include <stdarg.h>
#include <stdio.h>

void point_fail(struct point *point, const char *format, ...)
{
    va_list arguments;

    point->valid = false;
    if (point->reason[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(point->reason, sizeof(point->reason), format, arguments);
    va_end(arguments);
}

size_t point_connections(const struct point *point)
{
    if (point->mode == POINT_CHURN)
        return point->idle;
    return point->idle + point->active + point->firehoses;
}

/* From one reading to the next; 0 when the second is missing. */
static uint64_t elapsed(uint64_t begin, uint64_t end)
{
    return end > begin ? end - begin : 0;
}

double point_seconds(const struct point *point)
{
    return (double)elapsed(point->begin.now, point->end.now) / NS_PER_SECOND;
}

double point_rate(const struct point *point)
{
    double seconds = point_seconds(point);

    return seconds > 0 ? (double)point->echoes / seconds : 0;
}

uint64_t point_server_cpu(const struct point *point)
{
    return elapsed(point->begin.server_cpu, point->end.server_cpu);
}

uint64_t point_generator_cpu(const struct point *point)
{
    return elapsed(point->begin.generator_cpu, point->end.generator_cpu);
}

double point_share(const struct point *point, uint64_t cpu)
{
    uint64_t window = elapsed(point->begin.now, point->end.now);

    return window == 0 ? 0 : (double)cpu / (double)window;
}
