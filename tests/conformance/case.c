/*
 * case: the list of cases, and the surroundings that each one runs in.
 *
 * libcheck runs the case without a fork of its own, for keeper.c has made the
 * process already.  What came of it is noted in memory that both share.
 */
#include "case.h"

#include "process.h"
#include "server.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { CASES_MOST = 200 };

static struct test_case cases[CASES_MOST];
static size_t added;

static const struct test_case *current; /* in the process of a case */
static struct outcome *noted;
static char meanwhile[200]; /* case_while */
static uint64_t random_state;

void case_add(int line, const char *name, const TTest *test, unsigned needs,
              double seconds)
{
    if (added == CASES_MOST)
        errx(EXIT_FAILURE, "more than %d cases: raise CASES_MOST", CASES_MOST);
    cases[added++] = (struct test_case){.line = line,
                                        .name = name,
                                        .test = test,
                                        .needs = needs,
                                        .seconds = seconds};
}

/* Does one of them have exactly this name? */
static bool is_a_name(const char *name)
{
    for (size_t i = 0; i < added; i++) {
        if (strcmp(cases[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Does `name`, which no case has for its whole name, stand for this one? */
static bool is_part_of(const char *name, const struct test_case *one)
{
    if (one->needs & ON_REQUEST)
        return strncmp(one->name, name, strlen(name)) == 0;
    return strstr(one->name, name) != NULL;
}

static void choose(struct test_case *one, bool options)
{
    one->left_out = one->needs & NEEDS_OPTIONS && !options;
    one->chosen = !one->left_out;
}

/* Choose those for which the name stands.  False if there is none. */
static bool choose_named(const char *name, bool options)
{
    bool exact = is_a_name(name), any = false;

    for (size_t i = 0; i < added; i++) {
        struct test_case *one = &cases[i];

        if (!(exact ? strcmp(one->name, name) == 0 : is_part_of(name, one)))
            continue;
        choose(one, options);
        any |= one->chosen;
    }
    return any;
}

static void choose_contract(bool options)
{
    for (size_t i = 0; i < added; i++) {
        if (!(cases[i].needs & ON_REQUEST))
            choose(&cases[i], options);
    }
}

const char *case_choose(const char *names, bool options)
{
    static char words[4096];
    char *rest = words;
    const char *name;

    if (names == NULL || *names == '\0') {
        choose_contract(options);
        return NULL;
    }
    snprintf(words, sizeof(words), "%s", names);
    while ((name = strsep(&rest, ",")) != NULL) {
        if (*name == '\0' || !choose_named(name, options))
            return name;
    }
    return NULL;
}

const struct test_case *case_list(size_t *count)
{
    *count = added;
    return cases;
}

double case_time_factor(void)
{
    const char *text = getenv("CK_TIMEOUT_MULTIPLIER");
    double factor = text != NULL ? strtod(text, NULL) : 1;

    return factor > 0 ? factor : 1;
}

/* A number that follows from a name (FNV-1a, 64 bits). */
static uint64_t number_of(const char *name)
{
    uint64_t number = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        number = (number ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return number;
}

/* All that libcheck sees: after the case itself its servers must end well. */
START_TEST(the_case)
{
    current->test->fn(0);
    servers_finish();
    noted->verdict = PASSED;
}
END_TEST

/* The file's name without folders, which depend on where it was compiled. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The two halves of a message of an assertion. */
static void note_message(const char *message)
{
    size_t seen = strcspn(message, EXPECTED);

    snprintf(noted->saw, sizeof(noted->saw), "%.*s%s%s", (int)seen, message,
             *meanwhile != '\0' ? ", while " : "", meanwhile);
    if (message[seen] != '\0')
        snprintf(noted->expected, sizeof(noted->expected), "%s",
                 message + seen + 1);
}

/* What a child of the case (load.c) asserted is in the result, too. */
static void note_result(TestResult *result)
{
    if (noted->verdict == PASSED)
        return;
    note_message(tr_msg(result));
    snprintf(noted->server, sizeof(noted->server), "%s", servers_how_ended());
    snprintf(noted->at, sizeof(noted->at), "%s:%d", base_name(tr_lfile(result)),
             tr_lno(result));
    noted->verdict = FAILED;
}

/*
 * A write to a connection that the server has reset is a failed assertion, not
 * a signal.  A failed assertion in a child of the case comes back here as well,
 * and decides nothing.
 */
void case_run(const struct test_case *a_case, uint64_t seed,
              struct outcome *outcome)
{
    Suite *suite = suite_create("conformance");
    TCase *tcase = tcase_create(a_case->name);
    SRunner *runner = srunner_create(suite);
    pid_t self = getpid();
    TestResult **results;

    current = a_case;
    noted = outcome;
    random_state = seed ^ number_of(a_case->name);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGPIPE, SIG_IGN);
    tcase_add_test(tcase, the_case);
    suite_add_tcase(suite, tcase);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    if (getpid() != self)
        _exit(EXIT_FAILURE);
    results = srunner_results(runner);
    note_result(results[0]);
    /* What a server prints when our connections are closed is not the cause. */
    process_kill_descendants();
    _exit(EXIT_SUCCESS);
}

void case_skip(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(noted->saw, sizeof(noted->saw), format, arguments);
    va_end(arguments);
    noted->verdict = SKIPPED;
    _exit(EXIT_SUCCESS);
}

void case_while(const char *format, ...)
{
    va_list arguments;

    *meanwhile = '\0';
    if (format == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(meanwhile, sizeof(meanwhile), format, arguments);
    va_end(arguments);
}

void case_server_starts(void)
{
    noted->starting_since = now();
}

void case_server_has_started(void)
{
    noted->starting += now() - noted->starting_since;
    noted->starting_since = 0;
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
