/*
 * summary: a point told to people, in units that suit each number.
 */
#include "summary.h"

#include "clock.h"

/* " p50 81.9 us": three digits and the unit that makes them readable. */
static void print_time(FILE *stream, const char *name, uint64_t ns)
{
    if (ns < 1000)
        fprintf(stream, "  %s %u ns", name, (unsigned)ns);
    else if (ns < 1000000)
        fprintf(stream, "  %s %.3g us", name, (double)ns / 1e3);
    else if (ns < 999500000)
        fprintf(stream, "  %s %.3g ms", name, (double)ns / 1e6);
    else
        fprintf(stream, "  %s %.2f s", name, (double)ns / 1e9);
}

static void print_quantile(FILE *stream, const struct histogram *latency,
                           const char *name, uint32_t parts)
{
    if (histogram_supports(latency, parts))
        print_time(stream, name, histogram_quantile(latency, parts));
    else
        fprintf(stream, "  %s n/a", name);
}

static void print_latency(FILE *stream, const struct histogram *latency)
{
    if (latency->count == 0)
        return;
    fprintf(stream, "    latency  ");
    print_quantile(stream, latency, "p50", QUANTILE_P50);
    print_quantile(stream, latency, "p90", QUANTILE_P90);
    print_quantile(stream, latency, "p99", QUANTILE_P99);
    print_quantile(stream, latency, "p99.9", QUANTILE_P999);
    print_time(stream, "max", latency->max);
    fputc('\n', stream);
}

/* All system calls of a server of ours; echo/counters.h says it is this sum. */
static uint64_t system_calls(const struct counters *counters)
{
    return counters->waits + counters->accepts + counters->receives +
           counters->sends + counters->epoll_ctls;
}

static void print_server(FILE *stream, const struct point *point,
                         const struct probe *probe)
{
    double echoes = (double)point->latency.count;
    double cpu = (double)point_server_cpu(point);

    if (probe->pid != 0)
        fprintf(stream,
                "    server     %.2f us of CPU time an echo, %.0f %% of a CPU",
                cpu / echoes / 1e3,
                100 * point_share(point, point_server_cpu(point)));
    if (probe->pid != 0 && point->server_bytes >= 0)
        fprintf(stream, ", %.1f MB of memory",
                (double)point->server_bytes / 1e6);
    if (probe->pid != 0)
        fputc('\n', stream);
    if (probe->counters != NULL)
        fprintf(stream,
                "    counters   %.2f system calls an echo, %.2f "
                "descriptors scanned\n",
                (double)(system_calls(&point->end.counters) -
                         system_calls(&point->begin.counters)) /
                    echoes,
                (double)(point->end.counters.scanned -
                         point->begin.counters.scanned) /
                    echoes);
}

static void print_load(FILE *stream, const struct point *point,
                       const struct probe *probe)
{
    fprintf(stream,
            "idle %zu, active %zu: %.0f echoes a second (%u bytes, %.2f s)\n",
            point->idle, point->active, point_rate(point),
            (unsigned)point->size, point_seconds(point));
    print_latency(stream, &point->latency);
    if (point->latency.count > 0)
        print_server(stream, point, probe);
    fprintf(stream, "    generator  %.0f %% of a CPU\n",
            100 * point_share(point, point_generator_cpu(point)));
}

static void print_held(FILE *stream, const struct point *point)
{
    fprintf(stream, "held %zu of %zu connections, opened in %.2f s\n",
            point->held, point->idle, point->opening_seconds);
    if (point->reason[0] != '\0')
        fprintf(stream, "    %s\n", point->reason);
}

void summary_print(FILE *stream, const struct point *point,
                   const struct probe *probe)
{
    if (!point->valid)
        fprintf(stream, "idle %zu, active %zu: not valid\n    %s\n",
                point->idle, point->active, point->reason);
    else if (point->mode == POINT_HOLD)
        print_held(stream, point);
    else
        print_load(stream, point, probe);
    fflush(stream);
}
