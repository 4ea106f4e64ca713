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

enum { SCHEMA = 3 };

/* As in the documents: the order is that of the enums. */
static const char *const modes[] = {"closed", "open", "churn", "hold"};
static const char *const limits[] = {NULL, "server", "generator"};

/* The counters of echo/counters.h, in their order there, behind `magic`. */
static const char *const counter_names[] = {
    "waits",
    "ready_events",
    "scanned",
    "accepts",
    "receives",
    "sends",
    "again",
    "epoll_ctls",
    "bytes_received",
    "bytes_sent",
    "connections_total",
    "connections",
    "connections_peak",
    "listener_pauses",
};

enum { COUNTERS = sizeof(counter_names) / sizeof(counter_names[0]) };

/* The points of a latency curve, in parts of QUANTILE_WHOLE. */
static const uint32_t curve[] = {
    1000,  10000, 20000, 30000, 40000, 50000, 60000, 70000, 75000,
    80000, 85000, 90000, 92500, 95000, 97000, 98000, 99000, 99250,
    99500, 99750, 99900, 99950, 99975, 99990, 99999,
};

static json_t *json_count(uint64_t number)
{
    return json_integer((json_int_t)number);
}

static json_t *json_seconds(uint64_t ns)
{
    return json_real((double)ns / NS_PER_SECOND);
}

/* What -1 says is unknown. */
static json_t *json_known(int64_t number)
{
    return number == -1 ? json_null() : json_integer(number);
}

/* A quantile, or null when there are too few samples to speak of it. */
static json_t *json_quantile(const struct histogram *latency, uint32_t parts)
{
    if (!histogram_supports(latency, parts))
        return json_null();
    return json_count(histogram_quantile(latency, parts));
}

/* Only the quantiles that the samples support, as [percent, ns]. */
static json_t *json_curve(const struct histogram *latency)
{
    json_t *array = json_array();

    for (size_t i = 0; i < sizeof(curve) / sizeof(curve[0]); i++) {
        if (histogram_supports(latency, curve[i]))
            json_array_append_new(
                array, json_pack("[f,o]", curve[i] * 100.0 / QUANTILE_WHOLE,
                                 json_quantile(latency, curve[i])));
    }
    return array;
}

static json_t *json_latency(const struct histogram *latency)
{
    bool empty = latency->count == 0;

    return json_pack("{so so so so so so so so so}", "count",
                     json_count(latency->count), "sum",
                     json_count(latency->sum), "min",
                     empty ? json_null() : json_count(latency->min), "max",
                     empty ? json_null() : json_count(latency->max), "p50",
                     json_quantile(latency, QUANTILE_P50), "p90",
                     json_quantile(latency, QUANTILE_P90), "p99",
                     json_quantile(latency, QUANTILE_P99), "p999",
                     json_quantile(latency, QUANTILE_P999), "quantiles",
                     json_curve(latency));
}

/* What belongs to some modes only is null in the others. */
static json_t *json_latency_if(bool belongs, const struct histogram *latency)
{
    return belongs ? json_latency(latency) : json_null();
}

/* An entry of one of the arrays of `turns`; a null for what is unknown. */
static json_t *json_figure(const struct turn *turn, const char *name,
                           bool has_cpu)
{
    const struct figures *figures = &turn->figures;

    if (turn->place == -1)
        return json_null();
    if (strcmp(name, "place") == 0)
        return json_integer(turn->place);
    if (strcmp(name, "seconds") == 0)
        return json_seconds(figures->window);
    if (strcmp(name, "echoes") == 0)
        return json_count(figures->echoes);
    if (strcmp(name, "cpu") == 0)
        return has_cpu ? json_seconds(figures->server_cpu) : json_null();
    if (strcmp(name, "generator_cpu") == 0)
        return json_seconds(figures->generator_cpu);
    if (strcmp(name, "spin") == 0)
        return json_seconds(figures->spin);
    if (strcmp(name, "p50") == 0)
        return figures->p50 == 0 ? json_null() : json_count(figures->p50);
    if (strcmp(name, "waited") == 0)
        return figures->waited == -1 ? json_null()
                                     : json_seconds((uint64_t)figures->waited);
    return json_known(figures->instructions);
}

static json_t *json_turns(const struct record *record, long cycles)
{
    static const char *const names[] = {
        "place", "seconds", "echoes", "cpu",         "generator_cpu",
        "spin",  "p50",     "waited", "instructions"};
    bool has_cpu = record->usage->pid != 0;
    json_t *object = json_object();

    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        json_t *array = json_array();
        for (long i = 0; i < cycles; i++)
            json_array_append_new(
                array, json_figure(&record->turns[i], names[k], has_cpu));
        json_object_set_new(object, names[k], array);
    }
    if (record->usage->instructions_fd == -1)
        json_object_set_new(object, "instructions", json_null());
    return object;
}

static json_t *json_counters(const struct counters *counters)
{
    json_t *object = json_object();
    uint64_t value;

    _Static_assert(sizeof(*counters) == (COUNTERS + 1) * sizeof(value),
                   "each counter has a name");
    for (size_t i = 0; i < COUNTERS; i++) {
        memcpy(&value, &counters->magic + 1 + i, sizeof(value));
        json_object_set_new(object, counter_names[i], json_count(value));
    }
    return object;
}

/* What is known of the server: null when neither its pid nor its counters are.
 */
static json_t *json_server_use(const struct record *record)
{
    const struct trial *trial = record->trial;
    bool has_pid = record->usage->pid != 0;
    bool has_counters = record->usage->counters != NULL;

    if (!has_pid && !has_counters)
        return json_null();
    return json_pack(
        "{so so so so s{so so} so so}", "cpu_seconds",
        has_pid ? json_seconds(record->sum.server_cpu) : json_null(),
        "awake_seconds", has_pid ? json_seconds(trial->awake) : json_null(),
        "outside_seconds", json_seconds(trial->outside), "user_bytes",
        json_known(trial->server_bytes), "context_switches", "voluntary",
        has_pid ? json_count(trial->switches.voluntary) : json_null(),
        "involuntary",
        has_pid ? json_count(trial->switches.involuntary) : json_null(),
        "echoes_all", json_count(trial->echoes_all), "counters",
        has_counters ? json_counters(&trial->counters) : json_null());
}

static json_t *json_errors(const struct trial *trial)
{
    return json_pack("{so so so so so}", "wrong_bytes",
                     json_count(trial->wrong_bytes), "refused",
                     json_count(trial->refused), "closed",
                     json_count(trial->closed), "lost", json_count(trial->lost),
                     "unserved", json_count(trial->unserved));
}

/* What a trial has in all modes. */
static json_t *json_head(const struct record *record)
{
    const struct trial *trial = record->trial;
    const char *reason = trial->reason[0] == '\0' ? NULL : trial->reason;

    return json_pack(
        "{ss so so sb ss? ss? so s{so sf} so so s{so so}}", "server",
        record->server, "wanted", json_count(point_connections(&trial->point)),
        "held", json_count(trial->held), "valid", trial->valid, "reason",
        reason, "limited_by", limits[trial->limited_by], "retaken",
        json_count(trial->retaken), "opened", "connections",
        json_count(trial->opened), "seconds", trial->opening_seconds, "errors",
        json_errors(trial), "server_use", json_server_use(record), "kernel",
        "slab_bytes", json_known(trial->kernel.slab_bytes), "tcp_bytes",
        json_known(trial->kernel.tcp_bytes));
}

/* As it really was; null when the server wasn't stopped and let go on. */
static json_t *json_freeze(const struct trial *trial)
{
    if (trial->frozen_for == 0)
        return json_null();
    return json_pack("{so so}", "at", json_seconds(trial->frozen_after),
                     "seconds", json_seconds(trial->frozen_for));
}

/* What it has under load. */
static json_t *json_load(const struct record *record, long cycles)
{
    const struct trial *trial = record->trial;
    const struct figures *sum = &record->sum;
    bool open = trial->point.mode == MODE_OPEN;
    bool churn = trial->point.mode == MODE_CHURN;

    return json_pack(
        "{so so so so so so so so so so so s{so so so}}", "turns",
        json_turns(record, cycles), "echoes", json_count(sum->echoes),
        "seconds", json_seconds(sum->window), "firehose_bytes",
        json_count(sum->firehose_bytes), "latency",
        json_latency(&trial->latency), "service",
        json_latency_if(open, &trial->service), "lag",
        json_latency_if(open, &trial->lag), "handshake",
        json_latency_if(churn, &trial->handshake), "planned",
        open ? json_count(trial->planned) : json_null(), "unsent",
        open ? json_count(trial->unsent) : json_null(), "freeze",
        json_freeze(trial), "generator", "cpu_seconds",
        json_seconds(sum->generator_cpu), "spin_seconds",
        json_seconds(sum->spin), "paused_seconds", json_seconds(sum->paused));
}

static json_t *json_trials(const struct report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->count; i++) {
        const struct record *record = &report->records[i];
        json_t *object = json_head(record);

        if (report->point.mode != MODE_HOLD)
            json_object_update_new(object,
                                   json_load(record, report->options->cycles));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *json_point(const struct report *report)
{
    const struct load_options *options = report->options;
    const struct point *point = &report->point;
    bool open = point->mode == MODE_OPEN;
    const char *gaps =
        options->gaps == GAPS_CONSTANT ? "constant" : "exponential";

    return json_pack(
        "{si ss so so so si so ss? si sf sf si so so si so}", "schema", SCHEMA,
        "mode", modes[point->mode], "idle", json_count(point->idle), "active",
        json_count(point->active), "firehoses", json_count(point->firehoses),
        "size", (int)point->size, "rate_planned",
        open ? json_count(point->rate) : json_null(), "gaps",
        open ? gaps : NULL, "seed", (int)options->seed, "turn", options->turn,
        "start", options->start, "cycles", (int)options->cycles,
        "steal_seconds", json_seconds(report->stolen), "seconds",
        json_seconds(report->duration), "cpus", report->cpus, "trials",
        json_trials(report));
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

void json_line_write(int fd, const struct report *report)
{
    json_t *object = json_point(report);
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
