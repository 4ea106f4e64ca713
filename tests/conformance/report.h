/*
 * report: what conformance prints: a line for each case, the table, TAP.
 */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "case.h"

#include <stdint.h>

enum { LINES = 12 }; /* of the contract */

struct report_setup {
    const char *command; /* the server's */
    const char *program; /* conformance, as it was called */
    const char *tap;     /* a file for TAP, "-": stdout; NULL: no TAP */
    uint64_t seed;
};

/*
 * Begin: open the files and write the first line to each.  Like every function
 * here it ends the process with one line and status 1 when something can't be
 * written, unless the reader has gone away: what is left then goes unwritten.
 */
void report_begin(const struct report_setup *setup);

/*
 * Report a case that has ended.  `printed` are the lines that its servers
 * printed, shown when it has failed.
 */
void report_case(const struct test_case *a_case, const struct outcome *outcome,
                 const char *printed);

/* The server did not even start, so there is nothing to test. */
void report_no_server(const struct outcome *outcome, const char *printed);

/* Print the table and the sums.  Returns how many cases have failed. */
unsigned report_end(void);

/* Print a line on stdout, for --list. */
void report_line(const char *text);

#endif
