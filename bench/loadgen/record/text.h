/*
 * text: a point for people, as a table.
 */
#ifndef LOADGEN_TEXT_H
#define LOADGEN_TEXT_H

#include "record/report.h"

/*
 * Write a few lines of at most 80 columns to `fd`: one line per server, and
 * remarks.  A reader that has left (`| head -3`) is no error; on any other
 * failure to write to standard output: one line on stderr and exit status 1.
 */
void text_write(int fd, const struct report *report);

#endif
