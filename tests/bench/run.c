#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 64, WORD_MAX = 200, TEXT_MAX = 4096 };

const char *run_loadgen;
struct run run;

static struct fake_server fakes[RUN_SERVERS];
static struct real_server reals[RUN_SERVERS];
static size_t fakes_count, reals_count;
static char words[RUN_SERVERS][WORD_MAX]; /* of the command line */
static size_t words_count;
static char counters_path[64];

void run_set_up(void)
{
    /* What loadgen leaves behind becomes our child, and is seen. */
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

void run_tear_down(void)
{
    run_forget();
    for (size_t i = 0; i < fakes_count; i++)
        fake_server_stop(&fakes[i]);
    for (size_t i = 0; i < reals_count; i++) {
        kill(reals[i].program.pid, SIGTERM);
        program_wait(&reals[i].program);
        program_free(&reals[i].program);
        unlink(reals[i].path);
    }
    if (counters_path[0] != '\0')
        unlink(counters_path);
}

struct fake_server *run_fake(enum behaviour behaviour, int after)
{
    ck_assert_uint_lt(fakes_count, RUN_SERVERS);
    struct fake_server *server = &fakes[fakes_count];
    fake_server_start(server, behaviour, after);
    fakes_count++;
    return server;
}

void run_add(const char *format, ...)
{
    va_list arguments;

    ck_assert_uint_lt(words_count, RUN_SERVERS);
    va_start(arguments, format);
    vsnprintf(words[words_count++], WORD_MAX, format, arguments);
    va_end(arguments);
}

struct fake_server *run_server(enum behaviour behaviour, int after)
{
    struct fake_server *server = run_fake(behaviour, after);

    run_add("s%zu=127.0.0.1:%s", words_count, server->port);
    return server;
}

const struct real_server *run_real(const char *path)
{
    struct real_server *server = &reals[reals_count];
    char option[96], line[100];

    ck_assert_uint_lt(reals_count, RUN_SERVERS);
    snprintf(server->path, sizeof(server->path), "/tmp/run_real.%d.%zu",
             (int)getpid(), reals_count);
    snprintf(option, sizeof(option), "--counters=%s", server->path);
    server->program =
        program_start((const char *const[]){path, "--port=0", option, NULL});
    program_first_line(&server->program, line, sizeof(line));
    snprintf(server->port, sizeof(server->port), "%s", strrchr(line, ':') + 1);
    server->counters = counters_map(server->path);
    ck_assert_ptr_nonnull(server->counters);
    run_add("r%zu=127.0.0.1:%s,pid=%d,counters=%s", reals_count, server->port,
            (int)server->program.pid, server->path);
    reals_count++;
    return server;
}

const char *run_counters(void)
{
    snprintf(counters_path, sizeof(counters_path), "/tmp/run_counters.%d",
             (int)getpid());
    counters_open(counters_path);
    return counters_path;
}

void run_again(void)
{
    for (size_t i = 0; i < run.count; i++)
        json_decref(run.points[i]);
    if (run.program.out != NULL)
        program_free(&run.program);
    run = (struct run){.count = 0};
}

void run_forget(void)
{
    run_again();
    words_count = 0;
}

static void start(const char *options)
{
    static char text[TEXT_MAX];
    const char *argv[WORDS_MAX] = {run_loadgen, "--json=-"};
    size_t n = 2;
    char *rest = text;

    snprintf(text, sizeof(text), "%s", options);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        ck_assert_uint_lt(n, WORDS_MAX - RUN_SERVERS - 1);
        if (word[0] != '\0')
            argv[n++] = word;
    }
    for (size_t i = 0; i < words_count; i++)
        argv[n++] = words[i];
    run.program = program_start(argv);
}

void run_start(const char *format, ...)
{
    char options[TEXT_MAX] = "--retakes=0 ";
    size_t length = strlen(options);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(options + length, sizeof(options) - length, format, arguments);
    va_end(arguments);
    start(options);
}

void run_await(uint64_t count)
{
    const volatile uint64_t *receives = &counters->receives;

    while (*receives < count)
        usleep(1000); /* the test has a time limit */
}

/* Each program has a process group, so its processes are found there.  They
 * are our children when loadgen is gone; should one stay, the test has a time
 * limit. */
static void assert_nothing_is_left(void)
{
    while (waitpid(-run.program.pid, NULL, 0) > 0)
        continue;
    ck_assert_int_eq(kill(-run.program.pid, 0), -1);
    ck_assert_int_eq(errno, ESRCH);
}

void run_end(int status)
{
    program_wait(&run.program);
    const char *line = run.program.out;
    const char *end;

    ck_assert_msg(run.program.status == status, "status %d: %s",
                  run.program.status, run.program.err);
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        json_error_t error;
        ck_assert_uint_lt(run.count, RUN_POINTS);
        run.points[run.count] =
            json_loads(line, JSON_DISABLE_EOF_CHECK, &error);
        ck_assert_msg(run.points[run.count] != NULL, "%s in: %s", error.text,
                      line);
        run.count++;
    }
    ck_assert_str_eq(line, ""); /* whole lines only */
    assert_nothing_is_left();
}

void run_all(int status, const char *format, ...)
{
    char options[TEXT_MAX] = "--retakes=0 ";
    size_t length = strlen(options);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(options + length, sizeof(options) - length, format, arguments);
    va_end(arguments);
    start(options);
    run_end(status);
}

size_t run_children(pid_t children[RUN_CHILDREN])
{
    char path[64];
    size_t count = 0;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
             (int)run.program.pid, (int)run.program.pid);
    FILE *stream = fopen(path, "r");
    ck_assert_ptr_nonnull(stream);
    while (count < RUN_CHILDREN && fscanf(stream, "%d", &children[count]) == 1)
        count++;
    fclose(stream);
    return count;
}

json_t *run_trial(size_t point, size_t i)
{
    ck_assert_uint_lt(point, run.count);
    json_t *trials = run_get(run.points[point], "trials");
    ck_assert_uint_lt(i, json_array_size(trials));
    return json_array_get(trials, i);
}

json_t *run_get(const json_t *object, const char *path)
{
    char copy[100];
    char *rest = copy;
    const char *name;
    json_t *found = (json_t *)object;

    snprintf(copy, sizeof(copy), "%s", path);
    while ((name = strsep(&rest, ".")) != NULL) {
        found = json_object_get(found, name);
        ck_assert_msg(found != NULL, "there is no %s", path);
    }
    return found;
}

json_int_t run_integer(const json_t *object, const char *path)
{
    const json_t *found = run_get(object, path);

    ck_assert_msg(json_is_integer(found), "%s is no whole number", path);
    return json_integer_value(found);
}

double run_real_number(const json_t *object, const char *path)
{
    const json_t *found = run_get(object, path);

    ck_assert_msg(json_is_real(found), "%s is no fraction", path);
    return json_real_value(found);
}

const char *run_string(const json_t *object, const char *path)
{
    const json_t *found = run_get(object, path);

    ck_assert_msg(json_is_string(found), "%s is no string", path);
    return json_string_value(found);
}

size_t run_entries(const json_t *object, const char *path)
{
    const json_t *array = run_get(object, path);
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(array); i++)
        count += !json_is_null(json_array_get(array, i));
    return count;
}

double run_sum(const json_t *object, const char *path)
{
    const json_t *array = run_get(object, path);
    double sum = 0;

    for (size_t i = 0; i < json_array_size(array); i++)
        sum += json_number_value(json_array_get(array, i));
    return sum;
}

void run_assert_valid(const json_t *trial)
{
    const json_t *reason = run_get(trial, "reason");
    json_t *errors = run_get(trial, "errors");

    ck_assert_msg(json_is_null(reason), "%s", json_string_value(reason));
    ck_assert(json_is_true(run_get(trial, "valid")));
    ck_assert(json_is_null(run_get(trial, "limited_by")));
    for (void *i = json_object_iter(errors); i != NULL;
         i = json_object_iter_next(errors, i))
        ck_assert_int_eq(json_integer_value(json_object_iter_value(i)), 0);
}

void run_assert_all_valid(void)
{
    ck_assert_uint_gt(run.count, 0);
    for (size_t i = 0; i < run.count; i++) {
        const json_t *trials = run_get(run.points[i], "trials");
        ck_assert_uint_gt(json_array_size(trials), 0);
        for (size_t k = 0; k < json_array_size(trials); k++)
            run_assert_valid(json_array_get(trials, k));
    }
}

void run_assert_failed(const json_t *trial, const char *reason,
                       const char *error)
{
    char path[64];
    const char *said = run_string(trial, "reason");

    ck_assert(json_is_false(run_get(trial, "valid")));
    ck_assert_msg(strncmp(said, reason, strlen(reason)) == 0, "%s", said);
    ck_assert_ptr_nonnull(strstr(run.program.err, said)); /* in the summary */
    if (error == NULL)
        return;
    snprintf(path, sizeof(path), "errors.%s", error);
    ck_assert_int_gt(run_integer(trial, path), 0);
}
