/*
 * trial: run loadgen against a server, and look into what it wrote.
 *
 * Each of these fails the test when what it promises is not there.
 */
#ifndef TESTS_BENCH_TRIAL_H
#define TESTS_BENCH_TRIAL_H

#include "program.h"

#include <jansson.h>
#include <stddef.h>

enum { POINTS_MAX = 8 };

struct run {
    struct program program;
    json_t *points[POINTS_MAX]; /* of each point: its only trial, and
                                   `active` and all else that it has itself */
    size_t count;
};

/* The program to run, for all trials of this test. */
extern const char *trial_loadgen;

/*
 * Start it against one server, 127.0.0.1:port, with these options, which end
 * with NULL, and with --json=-.
 */
void trial_start(struct run *trial, const char *port,
                 const char *const options[]);

/* Wait for its end and read its points. */
void trial_wait(struct run *trial);

/* Both in one. */
void trial_run(struct run *trial, const char *port,
               const char *const options[]);

void trial_free(struct run *trial);

/* The member at a path like "latency.count". */
json_t *trial_get(const json_t *point, const char *path);
json_int_t trial_integer(const json_t *point, const char *path);
double trial_real(const json_t *point, const char *path);
const char *trial_string(const json_t *point, const char *path);

/* Valid, without a reason and without an error of any kind. */
void trial_assert_valid(const json_t *point);

/* Not valid: the reason begins so, and that member of `errors` isn't 0. */
void trial_assert_wrong(const json_t *point, const char *reason,
                        const char *error);

#endif
