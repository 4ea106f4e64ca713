/*
 * case: how a test of the suite is written and added.
 *
 * A case is one libcheck test in a process of its own.  It starts a server
 * (server.h), talks to it (client.h) and asserts on what came back.  A file of
 * cases ends with one function that adds them:
 *
 *     START_TEST(one_byte)
 *     {
 *         struct server *server = server_start("");
 *         int fd = client_connect(server);
 *         ...
 *     }
 *     END_TEST
 *
 *     void add_echo_cases(Suite *suite)
 *     {
 *         case_add(suite, "echo-one-byte", one_byte, ANY_SERVER, 20);
 *     }
 *
 * That function is declared in cases.h and called in conformance.c.  What a
 * case leaves open is nobody's worry: its process ends, and its servers with
 * it, whether it passed or not.
 */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Which servers a case can be run on. */
enum case_needs {
    ANY_SERVER,   /* it uses the protocol only */
    NEEDS_OPTIONS /* it needs our command line, put in place of {options} */
};

/* Which cases are to be run, and how. */
struct case_choice {
    const char *name; /* those with this in their name; NULL = all */
    bool options;     /* the command has a place for {options} */
    bool list;        /* print the names instead of adding the cases */
    uint64_t seed;    /* where case_random starts */
};

/* Say how case_add is to choose.  Before the first case is added. */
void case_choose(struct case_choice choice);

/* How many cases were added, and how many only lacked their {options}. */
unsigned case_count(void);
unsigned case_left_out(void);

/*
 * Print a line for each case as it ends, and with a failed one what its servers
 * printed and the words that repeat it (`command` is the server's command).
 * NULL for `progress` leaves out the lines of passed cases.  Both must last.
 */
void case_report(const char *command, FILE *progress);

/*
 * Add the case `name` to the suite, if it was chosen.  It fails when it takes
 * longer than `seconds` (CK_TIMEOUT_MULTIPLIER in the environment stretches
 * that), so be generous: a time limit is for a test that hangs.
 */
void case_add(Suite *suite, const char *name, const TTest *test,
              enum case_needs needs, double seconds);

/*
 * The next random number of this case.  The numbers follow from --seed and the
 * name of the case, so that a case run alone sees what it saw among others.
 */
uint64_t case_random(void);

/* A random number in min..max. */
size_t case_random_between(size_t min, size_t max);

/* Seconds on a clock that never goes back. */
double now(void);

/* Do nothing for so many seconds. */
void pause_for(double seconds);

#endif
