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
 *     void add_echo_cases(void)
 *     {
 *         case_add(1, "echo-one-byte", one_byte, ANY_SERVER, 20);
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

/* What a case needs, in any combination. */
enum case_needs {
    ANY_SERVER = 0,    /* nothing but the protocol */
    NEEDS_OPTIONS = 1, /* our command line, put in place of {options} */
    ALONE = 2          /* no other case beside it: it depends on CPU shares */
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

/* All that were added. */
Suite *case_suite(void);

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
 * Add the case `name`, which tests line `line` of the contract (1 to 12), if it
 * was chosen.  `needs` is a combination of enum case_needs.  The case fails
 * when it takes longer than `seconds` (CK_TIMEOUT_MULTIPLIER in the environment
 * stretches that), so be generous: a time limit is for a test that hangs.
 */
void case_add(int line, const char *name, const TTest *test, unsigned needs,
              double seconds);

/*
 * End the case here: this machine can't show what it is about.  It counts as
 * skipped, and the reason is printed.
 */
_Noreturn void case_skip(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

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
