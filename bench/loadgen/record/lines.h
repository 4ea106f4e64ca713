/*
 * lines: results on their way to a file, a pipe or a terminal.
 *
 * stdio is no help here: when the descriptor is non-blocking (another program
 * that shares it may have made it so) and its reader is slow, stdio gives up,
 * and what it had buffered is lost.
 */
#ifndef LOADGEN_LINES_H
#define LOADGEN_LINES_H

#include <stddef.h>

/*
 * Write all of `text`, waiting for a slow reader.  Returns 0, or an errno:
 * EINTR when a signal of interrupt.h came while the reader did not read.
 */
int lines_write(int fd, const char *text, size_t length);

#endif
