/*
 * run: all chosen cases, several of them side by side.
 */
#ifndef CONFORMANCE_RUN_H
#define CONFORMANCE_RUN_H

#include "case.h"

#include <stdint.h>

/*
 * Run the chosen cases, `jobs` of them side by side, and after those, one by
 * one, the cases that must be alone.  Each is reported (report.h) when it ends.
 * SIGINT, SIGTERM and SIGHUP end all cases, and then this process.
 */
void run_cases(unsigned jobs, uint64_t seed);

/*
 * Run this one case, which needs not be of the list.  If it has failed, what
 * its server printed is in `printed`, which the caller frees.
 */
struct outcome run_one(const struct test_case *a_case, uint64_t seed,
                       char **printed);

#endif
