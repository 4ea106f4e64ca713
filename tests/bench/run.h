/*
 * run: one run of loadgen against servers of the test, and what it wrote.
 *
 * libcheck gives each test a process of its own, so there is one run in a test
 * at a time, and its parts are static.  Each of these functions fails the test
 * when what it promises is not there.
 */
#ifndef TESTS_BENCH_RUN_H
#define TESTS_BENCH_RUN_H

#include "counters.h"
#include "fake_server.h"
#include "program.h"

#include <check.h>
#include <jansson.h>
#include <stddef.h>

enum {
    RUN_POINTS = 8,   /* at most */
    RUN_SERVERS = 8,  /* fake ones, and as many real ones */
    RUN_CHILDREN = 8, /* processes of a loadgen */
};

/* The loadgen to run, for all tests of this program. */
extern const char *run_loadgen;

struct run {
    struct program program;
    json_t *points[RUN_POINTS]; /* the lines of JSON that it wrote */
    size_t count;
};

extern struct run run;

/* Before each test, and after it: stop everything that was started here. */
void run_set_up(void);
void run_tear_down(void);

/* Start a fake server; it is on no command line yet. */
struct fake_server *run_fake(enum behaviour behaviour, int after);

/* Another server for the command line, formatted like printf's. */
void run_add(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Both: its name is s0, s1, ... in the order of these calls. */
struct fake_server *run_server(enum behaviour behaviour, int after);

/* A server program, and what it counts. */
struct real_server {
    struct program program;
    char port[8]; /* decimal */
    const struct counters *counters;
    char path[64]; /* of those */
};

/* Start the server program at `path`; its name is r0, r1, ...  loadgen knows
 * its pid and its counters. */
const struct real_server *run_real(const char *path);

/* Let the counters of this process, where the fake servers are, live in a
 * file.  Returns its path. */
const char *run_counters(void);

/* No points any more: another run follows against the same servers ... */
void run_again(void);

/* ... or against others. */
void run_forget(void);

/* Start loadgen with these options, separated by blanks, with --json=- and with
 * the servers so far.  No turn is taken again unless they say so: tests run
 * side by side, and each would keep the others busy. */
void run_start(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wait until the fake servers have received `count` times. */
void run_await(uint64_t count);

/* Wait for its end with this exit status, and read its points.  None of its
 * processes may be left. */
void run_end(int status);

/* Both in one. */
void run_all(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The processes of loadgen's servers, in the order of the command line. */
size_t run_children(pid_t children[RUN_CHILDREN]);

/* Trial number `i` at point number `point`. */
json_t *run_trial(size_t point, size_t i);

/* The member of an object at a path like "latency.count". */
json_t *run_get(const json_t *object, const char *path);
json_int_t run_integer(const json_t *object, const char *path);
double run_real_number(const json_t *object, const char *path);
const char *run_string(const json_t *object, const char *path);

/* The entries of an array that aren't null: how many, and their sum. */
size_t run_entries(const json_t *object, const char *path);
double run_sum(const json_t *object, const char *path);

/* Valid, without a reason and without an error of any kind. */
void run_assert_valid(const json_t *trial);

/* All of them, at all points, and there is one. */
void run_assert_all_valid(void);

/* Not valid: the reason begins so, and if there is an `error`, that member of
 * `errors` isn't 0. */
void run_assert_failed(const json_t *trial, const char *reason,
                       const char *error);

#endif
