/*
 * hgrm: see hgrm.h for the idea.
 */
#include "record/hgrm.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>

enum { PARTS = 5 }; /* steps in each half of what is left */

void hgrm_open(const char *folder)
{
    if (mkdir(folder, 0777) == -1 && errno != EEXIST)
        err(EX_USAGE, "--hgrm=%s", folder);
}

/* One step: the value that `part` (below 1) of all stay within. */
static void write_step(FILE *file, const struct histogram *latency, double part)
{
    uint64_t rank = (uint64_t)(part * (double)latency->count) + 1;
    uint64_t seen = 0;
    size_t i = 0;
    uint64_t value = latency->max;

    while (i < HISTOGRAM_BUCKETS && seen + latency->buckets[i] < rank)
        seen += latency->buckets[i++];
    if (i < HISTOGRAM_BUCKETS) {
        seen += latency->buckets[i];
        value = histogram_high(i) < value ? histogram_high(i) : value;
    } else {
        seen = latency->count; /* among the overflow */
    }
    fprintf(file, "%12.6f %14.12f %10llu %16.2f\n", (double)value / 1e6, part,
            (unsigned long long)seen, 1 / (1 - part));
}

/* The last line is exact: the greatest value, for which 1/(1-1) has no number.
 * HdrHistogram writes the same. */
static void write_distribution(FILE *file, const struct histogram *latency)
{
    double count = (double)latency->count;

    fprintf(file, "%12s %14s %10s %16s\n\n", "Value", "Percentile",
            "TotalCount", "1/(1-Percentile)");
    for (double left = 1; left * count >= 1; left /= 2) {
        for (int i = 0; i < PARTS; i++) {
            double part = 1 - left + left / 2 * i / PARTS;
            if ((1 - part) * count >= 1)
                write_step(file, latency, part);
        }
    }
    fprintf(file, "%12.6f %14.12f %10llu\n", (double)latency->max / 1e6, 1.0,
            (unsigned long long)latency->count);
    fprintf(file, "#[Mean    = %12.6f]\n#[Max     = %12.6f, Total = %llu]\n",
            (double)latency->sum / count / 1e6, (double)latency->max / 1e6,
            (unsigned long long)latency->count);
}

static FILE *create(const char *folder, const struct record *record)
{
    const struct point *point = &record->trial->point;
    char path[PATH_MAX];
    int start = snprintf(path, sizeof(path), "%s/", folder);
    int length = snprintf(path, sizeof(path), "%s/%s-%zu-%zu-%u-%zu-%llu.hgrm",
                          folder, record->server, point->idle, point->active,
                          (unsigned)point->size, point->firehoses,
                          (unsigned long long)point->rate);

    for (int i = start; i < length && i < PATH_MAX - 1; i++) {
        if (path[i] == '/')
            path[i] = '_';
    }
    FILE *file = fopen(path, "we");
    if (file == NULL)
        err(EXIT_FAILURE, "--hgrm: %s", path);
    return file;
}

void hgrm_write(const char *folder, const struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct trial *trial = report->records[i].trial;

        if (!trial->valid || trial->latency.count == 0)
            continue;
        FILE *file = create(folder, &report->records[i]);
        write_distribution(file, &trial->latency);
        if (fclose(file) != 0)
            err(EXIT_FAILURE, "--hgrm=%s", folder);
    }
}
