/*
 * json: see json.h for the idea.
 */
#include "record/json.h"

#include "record/clock.h"
#include "record/lines.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { SCHEMA = 2 };

/* As in the documents: the order is that of enum point_mode. */
static const char *const modes[] = {"closed", "open", "churn", "hold"};

/* The counters that only grow: what we report is their difference. */
static const struct {
    const char *name;
    size_t offset;
} growing[] = {
    {"waits", offsetof(struct counters, waits)},
    {"ready_events", offsetof(struct counters, ready_events)},
    {"scanned", offsetof(struct counters, scanned)},
    {"accepts", offsetof(struct counters, accepts)},
    {"receives", offsetof(struct counters, receives)},
    {"sends", offsetof(struct counters, sends)},
    {"again", offsetof(struct counters, again)},
    {"epoll_ctls", offsetof(struct counters, epoll_ctls)},
    {"bytes_received", offsetof(struct counters, bytes_received)},
    {"bytes_sent", offsetof(struct counters, bytes_sent)},
    {"connections_total", offsetof(struct counters, connections_total)},
    {"listener_pauses", offsetof(struct counters, listener_pauses)},
};

enum { GROWING = sizeof(growing) / sizeof(growing[0]) };

static uint64_t counter(const struct counters *counters, size_t i)
{
    uint64_t value;

    memcpy(&value, (const char *)counters + growing[i].offset, sizeof(value));
    return value;
}

static double to_seconds(uint64_t ns)
{
    return (double)ns / NS_PER_SECOND;
}

static json_t *json_count(uint64_t number)
{
    return json_integer((json_int_t)number);
}

/* How much it grew; 0 when the process ended and the later one is missing. */
static json_t *json_difference(uint64_t begin, uint64_t end)
{
    return json_count(end > begin ? end - begin : 0);
}

/* The same for ns, in seconds. */
static json_t *json_seconds(uint64_t begin, uint64_t end)
{
    return json_real(end > begin ? to_seconds(end - begin) : 0);
}

/* Memory in bytes; -1 is what nobody could read. */
static json_t *json_bytes(int64_t bytes)
{
    return bytes == -1 ? json_null() : json_integer(bytes);
}

/* A quantile, or null when there are too few samples to speak of it. */
static json_t *json_quantile(const struct histogram *latency, uint32_t parts)
{
    if (!histogram_supports(latency, parts))
        return json_null();
    return json_count(histogram_quantile(latency, parts));
}

/* Only the buckets that hold something, as [index, count]. */
static json_t *json_buckets(const struct histogram *latency)
{
    json_t *buckets = json_array();

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (latency->buckets[i] > 0)
            json_array_append_new(buckets,
                                  json_pack("[oo]", json_count(i),
                                            json_count(latency->buckets[i])));
    }
    return buckets;
}

static json_t *json_histogram(const struct histogram *latency)
{
    bool empty = latency->count == 0;

    return json_pack("{ss si so so so so so so so so so so}", "unit", "ns", "k",
                     HISTOGRAM_K, "count", json_count(latency->count), "min",
                     empty ? json_null() : json_count(latency->min), "max",
                     empty ? json_null() : json_count(latency->max), "sum",
                     json_count(latency->sum), "overflow",
                     json_count(latency->overflow), "p50",
                     json_quantile(latency, QUANTILE_P50), "p90",
                     json_quantile(latency, QUANTILE_P90), "p99",
                     json_quantile(latency, QUANTILE_P99), "p999",
                     json_quantile(latency, QUANTILE_P999), "buckets",
                     json_buckets(latency));
}

static json_t *json_counters(const struct point *point)
{
    const struct counters *end = &point->end.counters;
    json_t *object = json_object();

    for (size_t i = 0; i < GROWING; i++)
        json_object_set_new(object, growing[i].name,
                            json_difference(counter(&point->begin.counters, i),
                                            counter(end, i)));
    json_object_set_new(object, "connections", json_count(end->connections));
    json_object_set_new(object, "connections_peak",
                        json_count(end->connections_peak));
    return object;
}

static void add_process(json_t *server, const struct point *point)
{
    const struct snapshot *begin = &point->begin;
    const struct snapshot *end = &point->end;

    json_object_set_new(server, "cpu_seconds",
                        json_real(to_seconds(point_server_cpu(point))));
    json_object_set_new(server, "cpu_user_seconds",
                        json_seconds(begin->server_user, end->server_user));
    json_object_set_new(server, "cpu_system_seconds",
                        json_seconds(begin->server_system, end->server_system));
    json_object_set_new(server, "user_bytes", json_bytes(point->server_bytes));
    json_object_set_new(
        server, "context_switches",
        json_pack("{so so}", "voluntary",
                  json_difference(begin->voluntary, end->voluntary),
                  "involuntary",
                  json_difference(begin->involuntary, end->involuntary)));
}

/* What is known of the server: null when nobody told which process it is, or
 * when the point came to nothing before there was anything to look at. */
static json_t *json_server(const struct point *point, const struct usage *usage)
{
    if ((usage->pid == 0 && usage->counters == NULL) || point->begin.now == 0)
        return json_null();
    json_t *server = json_object();
    if (usage->pid != 0)
        add_process(server, point);
    json_object_set_new(server, "counters",
                        usage->counters == NULL ? json_null()
                                                : json_counters(point));
    return server;
}

static json_t *json_errors(const struct point *point)
{
    return json_pack("{so so so so so}", "wrong_bytes",
                     json_count(point->wrong_bytes), "refused",
                     json_count(point->refused), "closed",
                     json_count(point->closed), "lost", json_count(point->lost),
                     "unserved", json_count(point->unserved));
}

/* What all modes have in common. */
static json_t *json_head(const struct point *point)
{
    const char *reason = point->reason[0] == '\0' ? NULL : point->reason;

    return json_pack("{si ss so so sb ss? ss? s{so sf} so}", "schema", SCHEMA,
                     "mode", modes[point->mode], "wanted",
                     json_count(point_connections(point)), "held",
                     json_count(point->held), "valid", point->valid, "reason",
                     reason, "limited_by", point->limited_by, "opened",
                     "connections", json_count(point->opened), "seconds",
                     point->opening_seconds, "errors", json_errors(point));
}

/* As it really was; null when the server wasn't stopped and let go on. */
static json_t *json_freeze(const struct point *point)
{
    const struct freeze *freeze = &point->freeze;

    if (freeze->continued == 0)
        return json_null();
    return json_pack("{so so}", "at",
                     json_seconds(point->begin.now, freeze->stopped), "seconds",
                     json_seconds(freeze->stopped, freeze->continued));
}

static json_t *json_load(const struct point *point)
{
    return json_pack(
        "{so so so si sf sf so sf so so so}", "idle", json_count(point->idle),
        "active", json_count(point->active), "firehoses",
        json_count(point->firehoses), "size", (int)point->size, "warm_up",
        point->warm_up, "seconds", point_seconds(point), "echoes",
        json_count(point->echoes), "rate", point_rate(point), "latency",
        json_histogram(&point->latency), "firehose_bytes",
        json_count(point->firehose_bytes), "freeze", json_freeze(point));
}

/* What only an open loop has, and only churn: null in the other modes. */
static json_t *json_of_mode(const struct point *point)
{
    bool open = point->mode == POINT_OPEN;
    bool churn = point->mode == POINT_CHURN;

    const char *gaps =
        point->gaps == GAPS_CONSTANT ? "constant" : "exponential";

    return json_pack("{so so so so so so so so}", "rate_planned",
                     open ? json_count(point->rate) : json_null(), "gaps",
                     open ? json_string(gaps) : json_null(), "gaps_seed",
                     open ? json_count(point->seed) : json_null(), "planned",
                     open ? json_count(point->planned) : json_null(), "unsent",
                     open ? json_count(point->unsent) : json_null(), "service",
                     open ? json_histogram(&point->service) : json_null(),
                     "lag", open ? json_histogram(&point->lag) : json_null(),
                     "handshake",
                     churn ? json_histogram(&point->handshake) : json_null());
}

static json_t *json_generator(const struct point *point)
{
    uint64_t cpu = point_generator_cpu(point);

    return json_pack("{sf sf sf sf}", "cpu_seconds", to_seconds(cpu),
                     "cpu_share", point_share(point, cpu), "spin_seconds",
                     to_seconds(point->spin), "paused_seconds",
                     to_seconds(point->paused));
}

static json_t *json_point(const struct point *point, const struct usage *usage)
{
    json_t *object = json_head(point);

    if (point->mode != POINT_HOLD) {
        json_object_update_missing_new(object, json_load(point));
        json_object_update_missing_new(object, json_of_mode(point));
    }
    json_object_set_new(object, "server", json_server(point, usage));
    json_object_set_new(
        object, "kernel",
        json_pack("{so so}", "slab_bytes", json_bytes(point->kernel.slab_bytes),
                  "tcp_bytes", json_bytes(point->kernel.tcp_bytes)));
    json_object_set_new(object, "generator", json_generator(point));
    json_object_set_new(object, "steal_seconds",
                        json_seconds(point->begin.stolen, point->end.stolen));
    return object;
}

int json_line_open(const char *path)
{
    if (strcmp(path, "-") == 0)
        return STDOUT_FILENO;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd == -1)
        err(EX_USAGE, "--json=%s", path);
    return fd;
}

void json_line_write(int fd, const struct point *point,
                     const struct usage *usage)
{
    json_t *object = json_point(point, usage);
    char *json = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    char *line;
    int length = json == NULL ? -1 : asprintf(&line, "%s\n", json);

    if (length == -1)
        errx(EXIT_FAILURE, "no memory for the result");
    errno = lines_write(fd, line, (size_t)length);
    if (errno != 0 && errno != EINTR)
        err(EXIT_FAILURE, "--json: the result can't be written");
    free(line);
    free(json);
    json_decref(object);
}
