#include "trial.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { ARGUMENTS_MAX = 20 };

const char *trial_loadgen;

void trial_start(struct run *trial, const char *port,
                 const char *const options[])
{
    const char *argv[ARGUMENTS_MAX] = {trial_loadgen, "--json=-"};
    char server[64];
    size_t n = 2;

    *trial = (struct run){0};
    for (size_t i = 0; options[i] != NULL; i++) {
        ck_assert_uint_lt(n, ARGUMENTS_MAX - 2);
        argv[n++] = options[i];
    }
    snprintf(server, sizeof(server), "127.0.0.1:%s", port);
    argv[n++] = server;
    trial->program = program_start(argv);
}

static json_t *read_point(const char *line)
{
    json_error_t error;
    json_t *point = json_loads(line, 0, &error);

    ck_assert_msg(point != NULL, "%s in: %s", error.text, line);
    json_t *trials = json_object_get(point, "trials");
    ck_assert_uint_eq(json_array_size(trials), 1);
    json_t *trial = json_incref(json_array_get(trials, 0));
    json_object_del(point, "trials");
    json_object_update_missing(trial, point);
    json_decref(point);
    return trial;
}

void trial_wait(struct run *trial)
{
    program_wait(&trial->program);
    char *rest = trial->program.out;
    const char *line;

    while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
        ck_assert_uint_lt(trial->count, POINTS_MAX);
        trial->points[trial->count++] = read_point(line);
    }
    ck_assert_msg(trial->count > 0, "no point: %s", trial->program.err);
}

void trial_run(struct run *trial, const char *port, const char *const options[])
{
    trial_start(trial, port, options);
    trial_wait(trial);
}

void trial_free(struct run *trial)
{
    for (size_t i = 0; i < trial->count; i++)
        json_decref(trial->points[i]);
    program_free(&trial->program);
}

json_t *trial_get(const json_t *point, const char *path)
{
    char copy[100];
    char *rest = copy;
    const char *name;
    json_t *found = (json_t *)point;

    snprintf(copy, sizeof(copy), "%s", path);
    while ((name = strsep(&rest, ".")) != NULL) {
        found = json_object_get(found, name);
        ck_assert_msg(found != NULL, "there is no %s", path);
    }
    return found;
}

json_int_t trial_integer(const json_t *point, const char *path)
{
    const json_t *found = trial_get(point, path);

    ck_assert_msg(json_is_integer(found), "%s is no whole number", path);
    return json_integer_value(found);
}

double trial_real(const json_t *point, const char *path)
{
    const json_t *found = trial_get(point, path);

    ck_assert_msg(json_is_real(found), "%s is no fraction", path);
    return json_real_value(found);
}

const char *trial_string(const json_t *point, const char *path)
{
    const json_t *found = trial_get(point, path);

    ck_assert_msg(json_is_string(found), "%s is no string", path);
    return json_string_value(found);
}

void trial_assert_valid(const json_t *point)
{
    const json_t *reason = trial_get(point, "reason");
    json_t *errors = trial_get(point, "errors");

    ck_assert_msg(json_is_null(reason), "%s", json_string_value(reason));
    ck_assert(json_is_true(trial_get(point, "valid")));
    ck_assert(json_is_null(trial_get(point, "limited_by")));
    for (void *i = json_object_iter(errors); i != NULL;
         i = json_object_iter_next(errors, i))
        ck_assert_int_eq(json_integer_value(json_object_iter_value(i)), 0);
}

void trial_assert_wrong(const json_t *point, const char *reason,
                        const char *error)
{
    char path[64];
    const char *said = trial_string(point, "reason");

    ck_assert(json_is_false(trial_get(point, "valid")));
    ck_assert_msg(strncmp(said, reason, strlen(reason)) == 0, "%s", said);
    snprintf(path, sizeof(path), "errors.%s", error);
    ck_assert_int_gt(trial_integer(point, path), 0);
}
