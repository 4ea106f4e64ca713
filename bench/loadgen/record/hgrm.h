/*
 * hgrm: latency distributions for HdrHistogram's plotter.
 *
 *     Value  Percentile  TotalCount  1/(1-Percentile)
 *
 * Values are milliseconds, which is what the plotter takes them for; each is
 * the upper end of its bucket, as in HdrHistogram.  The plotter puts the n-th
 * lines of several files at the same place on its axis, so all files have the
 * same steps: five on the first half of the way to 100 %, five on half of what
 * is left, and so on.  gnuplot draws one with
 *
 *     set logscale x; plot 'NAME.hgrm' using 4:1
 */
#ifndef LOADGEN_HGRM_H
#define LOADGEN_HGRM_H

#include "record/report.h"

/*
 * Create the folder `folder` if it isn't there.  On failure: one line on stderr
 * that names the option, and exit status 64.
 */
void hgrm_open(const char *folder);

/*
 * Write a file for each valid trial of `report` that has latencies:
 * FOLDER/SERVER-IDLE-ACTIVE-SIZE-FIREHOSES-RATE.hgrm, replacing one of the same
 * name.  A slash in a server's name becomes an underscore.  On failure: one
 * line on stderr and exit status 1.
 */
void hgrm_write(const char *folder, const struct report *report);

#endif
