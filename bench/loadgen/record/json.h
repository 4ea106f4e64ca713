/*
 * json: a point as a line of JSON.
 *
 * A line is written as soon as its point is measured, so that a run that is
 * interrupted loses no more than the point underway.  bench/README.md explains
 * the fields.
 */
#ifndef LOADGEN_JSON_H
#define LOADGEN_JSON_H

#include "record/report.h"

/*
 * Open the file `path` to append to it; "-" is stdout.  On failure: one line
 * on stderr that names the option, and exit status 64.
 */
int json_line_open(const char *path);

/*
 * Append the point to the file `fd` as one line of JSON.  When it can't be
 * written: one line on stderr and exit status 1.  A signal of interrupt.h may
 * cut it short.
 */
void json_line_write(int fd, const struct report *report);

#endif
