/*
 * text: see text.h for the idea.
 */
#include "record/text.h"

#include "record/clock.h"
#include "record/lines.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CELL = 16 }; /* bytes for a number and its unit */

/* "81.9 us": three digits, and the unit that makes them readable. */
static const char *time_text(char cell[CELL], double ns)
{
    if (ns < 999.5)
        snprintf(cell, CELL, "%.0f ns", ns);
    else if (ns < 999500)
        snprintf(cell, CELL, "%.3g us", ns / 1e3);
    else if (ns < 999500000)
        snprintf(cell, CELL, "%.3g ms", ns / 1e6);
    else
        snprintf(cell, CELL, "%.2f s", ns / 1e9);
    return cell;
}

static const char *
quantile_text(char cell[CELL], const struct histogram *latency, uint32_t parts)
{
    if (!histogram_supports(latency, parts))
        return "-";
    return time_text(cell, (double)histogram_quantile(latency, parts));
}

/* One line for each valid trial: what a server made of the load. */
static void write_row(FILE *stream, const struct record *record)
{
    const struct trial *trial = record->trial;
    double echoes = (double)record->sum.echoes;
    double seconds = (double)record->sum.window / NS_PER_SECOND;
    char cpu[CELL] = "-";
    char scanned[CELL] = "-";
    char p50[CELL];
    char p99[CELL];

    if (record->usage->pid != 0 && echoes > 0)
        time_text(cpu, (double)record->sum.server_cpu / echoes);
    if (record->usage->counters != NULL && echoes > 0)
        snprintf(scanned, CELL, "%.4g",
                 (double)trial->counters.scanned / echoes);
    fprintf(stream, "  %-22.22s %10.0f %10s %10s %10s %10s\n", record->server,
            seconds > 0 ? echoes / seconds : 0, cpu,
            quantile_text(p50, &trial->latency, QUANTILE_P50),
            quantile_text(p99, &trial->latency, QUANTILE_P99), scanned);
}

/* What a reader of the table should know of this trial, if anything. */
static void write_remarks(FILE *stream, const struct record *record)
{
    const struct trial *trial = record->trial;
    double seconds = (double)record->sum.window / NS_PER_SECOND;
    double waited = (double)record->sum.waited / NS_PER_SECOND / seconds;
    double awake = 100 * (double)trial->awake / (double)(trial->outside + 1);

    if (trial->point.firehoses > 0)
        fprintf(stream, "  %.22s: the firehoses got %.1f MB/s back\n",
                record->server,
                (double)record->sum.firehose_bytes / 1e6 / seconds);
    if (trial->unsent > 0)
        fprintf(stream,
                "  %.22s: %llu of %llu planned messages were never sent\n",
                record->server, (unsigned long long)trial->unsent,
                (unsigned long long)trial->planned);
    if (trial->frozen_for > 0)
        fprintf(stream, "  %.22s: stopped for %.3f s, %.3f s into the window\n",
                record->server, (double)trial->frozen_for / NS_PER_SECOND,
                (double)trial->frozen_after / NS_PER_SECOND);
    if (waited >= 0.1)
        fprintf(
            stream,
            "  %.22s: it and loadgen waited %.0f %% of the time for a CPU\n",
            record->server, 100 * waited / 2);
    if (awake >= 2)
        fprintf(stream, "  %.22s: used %.0f %% of a CPU between its turns\n",
                record->server, awake);
    if (record->sum.paused > 0)
        fprintf(stream, "  %.22s: loadgen could not run for %.1f s\n",
                record->server, (double)record->sum.paused / NS_PER_SECOND);
}

static void write_rows(FILE *stream, const struct report *report)
{
    bool churn = report->point.mode == MODE_CHURN;
    size_t rows = 0;

    for (size_t i = 0; i < report->count; i++) {
        if (!report->records[i].trial->valid)
            continue;
        if (rows++ == 0)
            fprintf(stream, "  %-22s %10s %10s %10s %10s %10s\n", "server",
                    churn ? "conn./s" : "echoes/s",
                    churn ? "CPU/conn." : "CPU/echo", "p50", "p99",
                    churn ? "scans/con." : "scans/echo");
        write_row(stream, &report->records[i]);
    }
}

static void write_load(FILE *stream, const struct report *report)
{
    const struct point *point = &report->point;

    fprintf(stream, "%zu idle, %zu active, ", point->idle, point->active);
    if (point->firehoses > 0)
        fprintf(stream, "%zu streaming, ", point->firehoses);
    if (point->mode == MODE_OPEN)
        fprintf(stream, "%llu/s planned, ", (unsigned long long)point->rate);
    fprintf(stream, "%u bytes; turns of %.4g ms, %ld each\n",
            (unsigned)point->size, report->options->turn * 1e3,
            report->options->cycles);
    write_rows(stream, report);
    for (size_t i = 0; i < report->count; i++) {
        if (report->records[i].trial->valid)
            write_remarks(stream, &report->records[i]);
    }
}

static void write_held(FILE *stream, const struct report *report)
{
    fprintf(stream, "%zu connections wanted\n", report->point.idle);
    for (size_t i = 0; i < report->count; i++) {
        const struct trial *trial = report->records[i].trial;

        if (trial->valid)
            fprintf(stream, "  %-22.22s %7zu held, opened in %.2f s\n",
                    report->records[i].server, trial->held,
                    trial->opening_seconds);
    }
}

static void write_reasons(FILE *stream, const struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct trial *trial = report->records[i].trial;

        if (trial->reason[0] != '\0')
            fprintf(stream, "  %.60s%s\n    %s\n", report->records[i].server,
                    trial->valid ? ":" : ": not valid:", trial->reason);
    }
}

void text_write(int fd, const struct report *report)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL)
        err(EXIT_FAILURE, "no memory for the summary");
    if (report->point.mode == MODE_HOLD)
        write_held(stream, report);
    else
        write_load(stream, report);
    write_reasons(stream, report);
    fclose(stream);
    errno = lines_write(fd, text, length);
    if (errno != 0 && errno != EINTR && errno != EPIPE && fd == STDOUT_FILENO)
        err(EXIT_FAILURE, "standard output");
    free(text);
}
