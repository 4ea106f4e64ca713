/*
 * text: a point told to people.
 */
#ifndef LOADGEN_TEXT_H
#define LOADGEN_TEXT_H

#include "record/point.h"
#include "record/usage.h"

#include <stdio.h>

/* A few lines of at most 80 columns on `stream`. */
void text_print(FILE *stream, const struct point *point,
                const struct usage *usage);

#endif
