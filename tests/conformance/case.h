/*
 * case: how a test of the suite is written and added.
 *
 * A case is a test of libcheck in a process of its own.  It starts a server
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
 * case leaves open needs no care: its process ends, and its servers with it,
 * whether it passed or not.
 *
 * Cases run side by side unless they are added as ALONE.  So a case may look at
 * its own server's CPU time, but not at how much it gets done in a second.
 */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a case needs, in any combination. */
enum case_needs {
    ANY_SERVER = 0,    /* nothing but the protocol */
    NEEDS_OPTIONS = 1, /* our command line, put in place of {options} */
    ALONE = 2,         /* no other case beside it: it depends on CPU shares */
    ON_REQUEST = 4     /* run only where --case names it (lab.c) */
};

struct test_case {
    int line; /* of the contract */
    const char *name;
    const TTest *test;
    unsigned needs;
    double seconds; /* its time limit */
    bool chosen;    /* it is to be run */
    bool left_out;  /* it would be, but the server takes no options */
};

/*
 * Stands in the message of an assertion between what the client saw and what it
 * expected instead.  Whoever reads it knows neither the case nor this suite:
 *
 *     ck_abort_msg("no byte for %g s" EXPECTED "the byte that it sent", 2.0);
 */
#define EXPECTED "\036"

/* What came of a case.  Its process shares it with the one that started it. */
struct outcome {
    enum { UNFINISHED, PASSED, FAILED, SKIPPED } verdict;
    char saw[1024];        /* why it failed or was skipped */
    char expected[512];    /* instead; "": that goes without saying */
    char server[96];       /* how the server has ended; "": it has not */
    char at[64];           /* the line of the suite that failed it */
    double seconds;        /* how long it took */
    double standstill;     /* the longest time that nothing ran at all */
    double starting;       /* of its seconds, those in which servers started */
    double starting_since; /* 0, or when it began to wait for one */
};

/*
 * Add the case `name`, which tests line `line` of the contract (1 to 12).
 * `needs` is a combination of enum case_needs.  The case fails when it takes
 * longer than `seconds` (CK_TIMEOUT_MULTIPLIER in the environment stretches
 * that), so be generous: a time limit is for a test that hangs.
 */
void case_add(int line, const char *name, const TTest *test, unsigned needs,
              double seconds);

/*
 * Choose the cases to run.  Each of `names`, which commas separate, stands for
 * the case that has it for its whole name or, if there is none, for all that
 * have it in their name; NULL or "" stands for all of the contract.  (A case
 * that is ON_REQUEST must begin with it.)  Cases that need options are left out
 * if the server takes none.  Returns NULL or, when there is a name for which no
 * case is left, that name.
 */
const char *case_choose(const char *names, bool options);

/* All cases added, in that order. */
const struct test_case *case_list(size_t *count);

/*
 * In a process of its own: run the case and set its outcome.  The random
 * numbers follow from the seed and the case's name.
 */
_Noreturn void case_run(const struct test_case *a_case, uint64_t seed,
                        struct outcome *outcome);

/* The factor from CK_TIMEOUT_MULTIPLIER, for a slow machine; usually 1. */
double case_time_factor(void);

/*
 * For the case itself from here on.  End it: this machine can't show what it is
 * about.  It counts as skipped, and the reason is printed.
 */
_Noreturn void case_skip(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * What the other clients were doing: if the case fails from here on, the
 * message ends with ", while ...".  NULL: nothing to speak of.
 */
void case_while(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* While a server starts the case's time limit waits. */
void case_server_starts(void);
void case_server_has_started(void);

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
