/*
 * text: a point told to people, in units that suit each number.
 */
#include "record/text.h"

#include "record/clock.h"

/* " p50 81.9 us": three digits and the unit that makes them readable. */
static void print_time(FILE *stream, const char *name, uint64_t ns)
{
    if (ns < 1000)
        fprintf(stream, "  %s %u ns", name, (unsigned)ns);
    else if (ns < 999500)
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

static void print_latency(FILE *stream, const char *name,
                          const struct histogram *latency)
{
    if (latency->count == 0)
        return;
    fprintf(stream, "    %-9s", name);
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
                         const struct usage *usage)
{
    double echoes = (double)point->echoes;
    double cpu = (double)point_server_cpu(point);
    const char *each = point->mode == POINT_CHURN ? "a connection" : "an echo";

    if (usage->pid != 0)
        fprintf(stream,
                "    server     %.2f us of CPU time %s, %.0f %% of a CPU",
                cpu / echoes / 1e3, each,
                100 * point_share(point, point_server_cpu(point)));
    if (usage->pid != 0 && point->server_bytes >= 0)
        fprintf(stream, ", %.1f MB of memory",
                (double)point->server_bytes / 1e6);
    if (usage->pid != 0)
        fputc('\n', stream);
    if (usage->counters != NULL)
        fprintf(stream,
                "    counters   %.2f system calls %s, %.2f "
                "descriptors scanned\n",
                (double)(system_calls(&point->end.counters) -
                         system_calls(&point->begin.counters)) /
                    echoes,
                each,
                (double)(point->end.counters.scanned -
                         point->begin.counters.scanned) /
                    echoes);
}

/* The three times of an open loop, and what they count from: open.h. */
static void print_open(FILE *stream, const struct point *point)
{
    fprintf(
        stream, "    planned    %llu a second, %s gaps; %llu of %llu unsent\n",
        (unsigned long long)point->rate,
        point->gaps == GAPS_CONSTANT ? "constant" : "exponential",
        (unsigned long long)point->unsent, (unsigned long long)point->planned);
    print_latency(stream, "response", &point->latency);
    print_latency(stream, "service", &point->service);
    print_latency(stream, "lag", &point->lag);
}

static void print_times(FILE *stream, const struct point *point)
{
    if (point->mode == POINT_OPEN)
        print_open(stream, point);
    else
        print_latency(stream, "latency", &point->latency);
    if (point->mode == POINT_CHURN)
        print_latency(stream, "handshake", &point->handshake);
}

/* What went on beside the talkers, if anything did. */
static void print_disturbance(FILE *stream, const struct point *point)
{
    const struct freeze *freeze = &point->freeze;

    if (point->firehoses > 0)
        fprintf(stream, "    firehoses  %zu, %.1f MB a second came back\n",
                point->firehoses,
                (double)point->firehose_bytes / 1e6 / point_seconds(point));
    if (freeze->continued != 0)
        fprintf(stream, "    freeze     %.3f s, from %.3f s into the window\n",
                (double)(freeze->continued - freeze->stopped) / NS_PER_SECOND,
                (double)(freeze->stopped - point->begin.now) / NS_PER_SECOND);
}

static void print_generator(FILE *stream, const struct point *point)
{
    uint64_t cpu = point_generator_cpu(point);
    uint64_t busy = cpu > point->spin ? cpu - point->spin : 0;

    fprintf(stream, "    generator  %.0f %% of a CPU",
            100 * point_share(point, busy));
    if (point->spin > 0)
        fprintf(stream, ", and %.0f %% awake, waiting",
                100 * point_share(point, point->spin));
    fputc('\n', stream);
}

static void print_load(FILE *stream, const struct point *point,
                       const struct usage *usage)
{
    fprintf(stream,
            "idle %zu, active %zu: %.0f %s a second (%u bytes, %.2f s)\n",
            point->idle, point->active, point_rate(point),
            point->mode == POINT_CHURN ? "connections" : "echoes",
            (unsigned)point->size, point_seconds(point));
    print_times(stream, point);
    print_disturbance(stream, point);
    if (point->echoes > 0)
        print_server(stream, point, usage);
    print_generator(stream, point);
}

static void print_held(FILE *stream, const struct point *point)
{
    fprintf(stream, "held %zu of %zu connections, opened in %.2f s\n",
            point->held, point->idle, point->opening_seconds);
    if (point->reason[0] != '\0')
        fprintf(stream, "    %s\n", point->reason);
}

void text_print(FILE *stream, const struct point *point,
                const struct usage *usage)
{
    if (!point->valid)
        fprintf(stream, "idle %zu, active %zu: not valid\n    %s\n",
                point->idle, point->active, point->reason);
    else if (point->mode == POINT_HOLD)
        print_held(stream, point);
    else
        print_load(stream, point, usage);
}
