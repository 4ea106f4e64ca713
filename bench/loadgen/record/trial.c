/*
 * trial: see trial.h for the idea.
 */
#include "record/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t point_connections(const struct point *point)
{
    if (point->mode == MODE_CHURN || point->mode == MODE_HOLD)
        return point->idle;
    return point->idle + point->active + point->firehoses;
}

void figures_add(struct figures *sum, const struct figures *turn)
{
    sum->window += turn->window;
    sum->echoes += turn->echoes;
    sum->server_cpu += turn->server_cpu;
    sum->generator_cpu += turn->generator_cpu;
    sum->spin += turn->spin;
    sum->paused += turn->paused;
    sum->waited += turn->waited;
    sum->firehose_bytes += turn->firehose_bytes;
}

void trial_init(struct trial *trial, const struct point *point)
{
    memset(trial, 0, sizeof(*trial));
    trial->point = *point;
    trial->valid = true;
    trial->server_bytes = -1;
    trial->kernel = (struct kernel_memory){-1, -1};
}

void trial_forget(struct trial *trial)
{
    size_t counted = offsetof(struct trial, counters);

    memset((char *)trial + counted, 0, sizeof(*trial) - counted);
}

void trial_undo_turn(struct trial *trial, const struct trial *before)
{
    size_t counted = offsetof(struct trial, counters);

    memcpy((char *)trial + counted, (const char *)before + counted,
           sizeof(*trial) - counted);
}

void trial_fail(struct trial *trial, const char *format, ...)
{
    va_list arguments;

    trial->valid = false;
    if (trial->reason[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(trial->reason, sizeof(trial->reason), format, arguments);
    va_end(arguments);
}
