#include "report.h"

#include "command.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    PIECE = 4096, /* PIPE_BUF: poll(2) promises room for that much */
    TICK = 100    /* milliseconds */
};

/* A file to write to. */
struct sink {
    int fd; /* -1: none, or its reader has gone away */
    const char *name;
};

static const char *const titles[LINES + 1] = {
    "",
    "every byte comes back, in order",
    "half-close: the rest is still sent back",
    "backpressure, bounded memory",
    "a peer's failure ends one connection",
    "full: new clients wait, nothing spins",
    "fairness",
    "urgent data arrives in line",
    "SIGINT, SIGTERM: it ends with status 0",
    "interrupted calls go on",
    "--idle-timeout",
    "--quit-after",
    "startup, bad options, IPv4 and IPv6"};

static struct report_setup setup;
static struct sink text = {STDOUT_FILENO, "standard output"};
static struct sink tap = {-1, NULL};

static struct {
    unsigned passed, failed, skipped;
} sums[LINES + 1]; /* [0] is the sum of all */

static unsigned reported;

/* The cases that have failed, in order. */
static const struct test_case **failed;

/* Has a signal come that is to end us?  We have them blocked (run.c). */
static bool is_to_end(void)
{
    sigset_t pending;

    sigpending(&pending);
    return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
           sigismember(&pending, SIGHUP);
}

/*
 * Write all of it, in pieces that don't block: a reader may be slow, or our
 * standard output non-blocking.
 */
static void put(struct sink *sink, const char *data, size_t length)
{
    struct pollfd entry = {.fd = sink->fd, .events = POLLOUT};

    while (sink->fd >= 0 && length > 0) {
        size_t piece = length < PIECE ? length : PIECE;
        ssize_t written;

        if (poll(&entry, 1, TICK) == 0) {
            if (is_to_end())
                return;
            continue;
        }
        written = write(sink->fd, data, piece);
        if (written < 0 && errno == EPIPE)
            sink->fd = -1;
        else if (written < 0 && errno != EAGAIN && errno != EINTR)
            err(EXIT_FAILURE, "%s", sink->name);
        if (written > 0) {
            data += written;
            length -= (size_t)written;
        }
    }
}

/* The same for a text that is made as by printf(3). */
__attribute__((format(printf, 2, 3))) static void print(struct sink *sink,
                                                        const char *format, ...)
{
    char *made;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vasprintf(&made, format, arguments);
    va_end(arguments);
    if (length < 0)
        err(EXIT_FAILURE, "vasprintf");
    put(sink, made, (size_t)length);
    free(made);
}

void report_line(const char *line)
{
    print(&text, "%s\n", line);
}

/* Count the cases that are to be run, and those left out as skipped. */
static unsigned count_chosen(void)
{
    size_t count;
    const struct test_case *cases = case_list(&count);
    unsigned chosen = 0;

    for (size_t i = 0; i < count; i++) {
        chosen += cases[i].chosen;
        sums[0].skipped += cases[i].left_out;
        sums[cases[i].line].skipped += cases[i].left_out;
    }
    return chosen;
}

/* With TAP on stdout the text for people goes to stderr, and only failures. */
void report_begin(const struct report_setup *the_setup)
{
    unsigned count = count_chosen();

    setup = *the_setup;
    failed = calloc(count + 1, sizeof(const struct test_case *));
    if (failed == NULL)
        err(EXIT_FAILURE, "calloc");
    if (setup.tap != NULL && strcmp(setup.tap, "-") == 0) {
        tap = text;
        text = (struct sink){STDERR_FILENO, "standard error"};
    } else if (setup.tap != NULL) {
        tap.name = setup.tap;
        tap.fd = open(tap.name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (tap.fd < 0)
            err(EX_CANTCREAT, "--tap=%s", tap.name);
    }
    print(&tap, "1..%u\n", count);
    if (tap.fd != STDOUT_FILENO)
        print(&text, "%u cases, --seed=%llu\n", count,
              (unsigned long long)setup.seed);
    if (sums[0].skipped > 0)
        print(&text,
              "%u cases are left out: they need our command line, and the "
              "command has no {options} in it\n",
              sums[0].skipped);
}

/* The words that repeat one case. */
static void print_repeat(FILE *file, const char *name)
{
    fputs("    ", file);
    command_quote(file, setup.program);
    fprintf(file, " --seed=%llu --case=%s ", (unsigned long long)setup.seed,
            name);
    command_quote(file, setup.command);
    fputc('\n', file);
}

/* A newline would end the line. */
static void print_on_one_line(FILE *file, const char *words)
{
    for (; *words != '\0'; words++)
        fputc(*words == '\n' ? ' ' : *words, file);
    fputc('\n', file);
}

static void print_fact(FILE *file, const char *indent, const char *label,
                       const char *fact)
{
    if (*fact == '\0')
        return;
    fprintf(file, "%s%s: ", indent, label);
    print_on_one_line(file, fact);
}

/* The lines of `printed` that begin with `start`, each behind `indent`. */
static void print_lines(FILE *file, const char *indent, const char *printed,
                        const char *start)
{
    while (*printed != '\0') {
        const char *end = strchrnul(printed, '\n');

        if (strncmp(printed, start, strlen(start)) == 0)
            fprintf(file, "%s%.*s\n", indent, (int)(end - printed), printed);
        printed = end + (*end != '\0');
    }
}

/* Why a case has failed.  What the server printed on stdout is for people. */
static void print_facts(FILE *file, const char *indent,
                        const struct outcome *outcome, const char *printed)
{
    bool for_tap = *indent == '#';

    print_fact(file, indent, "saw", outcome->saw);
    print_fact(file, indent, "expected", outcome->expected);
    print_fact(file, indent, "server", outcome->server);
    print_lines(file, indent, printed, for_tap ? "stderr" : "");
    print_fact(file, indent, "at", outcome->at);
}

static void tap_case(const struct test_case *a_case,
                     const struct outcome *outcome, const char *printed)
{
    char *made;
    size_t size;
    FILE *file = open_memstream(&made, &size);

    if (file == NULL)
        err(EXIT_FAILURE, "open_memstream");
    fprintf(file, "%s %u - %02d %s",
            outcome->verdict == FAILED ? "not ok" : "ok", reported,
            a_case->line, a_case->name);
    if (outcome->verdict == SKIPPED)
        fputs(" # SKIP ", file);
    print_on_one_line(file, outcome->verdict == SKIPPED ? outcome->saw : "");
    if (outcome->verdict == FAILED)
        print_facts(file, "# ", outcome, printed);
    fclose(file);
    put(&tap, made, size);
    free(made);
}

static void text_case(const struct test_case *a_case,
                      const struct outcome *outcome, const char *printed)
{
    char *made;
    size_t size;
    FILE *file = open_memstream(&made, &size);

    if (file == NULL)
        err(EXIT_FAILURE, "open_memstream");
    switch (outcome->verdict) {
    case PASSED:
        if (tap.fd != STDOUT_FILENO)
            fprintf(file, "passed  %s (%.1f s)\n", a_case->name,
                    outcome->seconds);
        break;
    case SKIPPED:
        fprintf(file, "skipped %s: %s\n", a_case->name, outcome->saw);
        break;
    default:
        fprintf(file, "FAILED  %s (%.1f s)\n", a_case->name, outcome->seconds);
        print_facts(file, "    ", outcome, printed);
    }
    fclose(file);
    put(&text, made, size);
    free(made);
}

static void add_up(const struct test_case *a_case, int verdict)
{
    const int places[] = {0, a_case->line};

    for (int i = 0; i < 2; i++) {
        sums[places[i]].passed += verdict == PASSED;
        sums[places[i]].failed += verdict == FAILED;
        sums[places[i]].skipped += verdict == SKIPPED;
    }
}

void report_case(const struct test_case *a_case, const struct outcome *outcome,
                 const char *printed)
{
    reported++;
    if (outcome->verdict == FAILED)
        failed[sums[0].failed] = a_case;
    add_up(a_case, (int)outcome->verdict);
    tap_case(a_case, outcome, printed);
    text_case(a_case, outcome, printed);
}

void report_no_server(const struct outcome *outcome, const char *printed)
{
    struct sink *const sinks[] = {&tap, &text};

    for (int i = 0; i < 2; i++) {
        char *made;
        size_t size;
        FILE *file = open_memstream(&made, &size);

        if (file == NULL)
            err(EXIT_FAILURE, "open_memstream");
        print_facts(file, i == 0 ? "# " : "    ", outcome, printed);
        if (i == 0)
            fprintf(file, "Bail out! %s\n", outcome->saw);
        fclose(file);
        put(sinks[i], made, size);
        free(made);
    }
    errx(EXIT_FAILURE, "the server does not start: %s", outcome->saw);
}

static void print_table(FILE *file)
{
    fprintf(file, "\nline of the contract%28s%8s%9s\n", "passed", "failed",
            "skipped");
    for (int line = 1; line <= LINES; line++)
        fprintf(file, "%2d %-40s%6u%8u%9u\n", line, titles[line],
                sums[line].passed, sums[line].failed, sums[line].skipped);
}

unsigned report_end(void)
{
    char *made;
    size_t size;
    FILE *file = open_memstream(&made, &size);

    if (file == NULL)
        err(EXIT_FAILURE, "open_memstream");
    if (tap.fd != STDOUT_FILENO)
        print_table(file);
    if (sums[0].failed > 0)
        fputs("\nTo repeat what has failed:\n", file);
    for (unsigned i = 0; i < sums[0].failed; i++)
        print_repeat(file, failed[i]->name);
    if (tap.fd != STDOUT_FILENO)
        fprintf(file, "\n%u passed, %u failed, %u skipped\n", sums[0].passed,
                sums[0].failed, sums[0].skipped);
    fclose(file);
    put(&text, made, size);
    free(made);
    return sums[0].failed;
}
