/*
 * summary: a point told to people.
 */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "point.h"
#include "probe.h"

#include <stdio.h>

/* A few lines of at most 80 columns on `stream`. */
void summary_print(FILE *stream, const struct point *point,
                   const struct probe *probe);

#endif
