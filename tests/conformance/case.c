/*
 * case: choosing the cases, and the surroundings that each one runs in.
 *
 * libcheck forks a process for each test.  Two things have to come back from
 * it to the program that runs the suite: whether the case got to its end, which
 * it notes in memory that both share, and what the servers printed, which is in
 * files that both have open (server.h).
 */
#include "case.h"

#include "server.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { CASES_MOST = 200 };

static Suite *suite;
static struct case_choice chosen;
static const char *names[CASES_MOST]; /* of the cases added, in their order */
static unsigned added;
static unsigned left_out;

static const char *command;
static FILE *progress;

static unsigned current;  /* the place in `names` of the case that runs */
static double started_at; /* when it began */
static bool *passed;      /* shared with the process of the case */
static uint64_t random_state;

void case_choose(struct case_choice choice)
{
    chosen = choice;
    passed = mmap(NULL, sizeof(*passed), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (passed == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
}

Suite *case_suite(void)
{
    return suite;
}

void case_skip(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    servers_finish();
    *passed = true;
    exit(EXIT_SUCCESS);
}

unsigned case_count(void)
{
    return added;
}

unsigned case_left_out(void)
{
    return left_out;
}

void case_report(const char *the_command, FILE *the_progress)
{
    command = the_command;
    progress = the_progress;
}

/* A number that follows from a name (FNV-1a, 64 bits). */
static uint64_t number_of(const char *name)
{
    uint64_t number = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        number = (number ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return number;
}

/* In the suite's process, before that of the case is forked. */
static void before_case(void)
{
    *passed = false;
    started_at = now();
    random_state = chosen.seed ^ number_of(names[current]);
    servers_prepare();
}

/*
 * In the process of the case, first of all.  When the suite is killed, so is
 * the case, and with it its servers.  A write to a connection that the server
 * has reset is a failed assertion, not a signal.
 */
static void begin_case(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
}

/* In the process of the case, when it has failed nothing. */
static void end_case(void)
{
    servers_finish();
    *passed = true;
}

/* In the suite's process, when that of the case is gone. */
static void after_case(void)
{
    const char *name = names[current++];

    if (*passed) {
        if (progress != NULL)
            fprintf(progress, "passed  %s (%.1f s)\n", name,
                    now() - started_at);
        return;
    }
    fprintf(stderr, "FAILED  %s (%.1f s); to repeat it:\n", name,
            now() - started_at);
    fprintf(stderr, "    %s --seed=%llu --case=%s '%s'\n",
            program_invocation_name, (unsigned long long)chosen.seed, name,
            command);
    servers_show_output(stderr);
}

/*
 * Each case is a libcheck TCase of its own.  The functions around it that are
 * "unchecked" run in the process of the suite, the "checked" ones in that of
 * the case, the last of them only when nothing has failed.
 */
void case_add(int line, const char *name, const TTest *test, unsigned needs,
              double seconds)
{
    TCase *tcase;

    (void)line;
    if (suite == NULL)
        suite = suite_create("conformance");

    if (chosen.name != NULL && strstr(name, chosen.name) == NULL)
        return;
    if (needs & NEEDS_OPTIONS && !chosen.options) {
        left_out++;
        return;
    }
    if (added == CASES_MOST)
        errx(EXIT_FAILURE, "more than %d cases: raise CASES_MOST", CASES_MOST);
    names[added++] = name;
    if (chosen.list) {
        puts(name);
        return;
    }
    tcase = tcase_create(name);
    tcase_set_timeout(tcase, seconds);
    tcase_add_unchecked_fixture(tcase, before_case, after_case);
    tcase_add_checked_fixture(tcase, begin_case, end_case);
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

/* splitmix64: small, fast, and good enough for choosing sizes. */
uint64_t case_random(void)
{
    uint64_t mixed = random_state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

size_t case_random_between(size_t min, size_t max)
{
    return min + case_random() % (max - min + 1);
}

double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void pause_for(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};

    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
}
