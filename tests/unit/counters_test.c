/*
 * The counters of this process and, mapped, of another.
 */
#include "child.h"
#include "counters.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/counters-XXXXXX";

static void make_file(void)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

/* Let the file have `length` bytes that no counters could be. */
static void fill_file(size_t length)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (size_t i = 0; i < length; i++)
        fputc(0xff, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void remove_file(void)
{
    unlink(path);
}

static off_t file_size(void)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    return status.st_size;
}

START_TEST(in_memory_they_start_at_zero)
{
    const struct counters fresh = {.magic = COUNTERS_MAGIC};
    ck_assert_mem_eq(counters, &fresh, sizeof(fresh));
    counters_open(NULL);
    ck_assert_mem_eq(counters, &fresh, sizeof(fresh));
}
END_TEST

START_TEST(in_a_file_they_start_at_zero)
{
    const struct counters fresh = {.magic = COUNTERS_MAGIC};
    unlink(path); /* so that it is created */
    counters_open(path);
    ck_assert_mem_eq(counters, &fresh, sizeof(fresh));
    ck_assert_int_eq(file_size(), sizeof(fresh));
}
END_TEST

/*
 * What an earlier run has left, be it longer or shorter, counts no more.  The
 * file never becomes shorter: somebody may still have it mapped.
 */
START_TEST(an_old_file_is_written_over)
{
    static const size_t sizes[] = {1, sizeof(struct counters), 100000};
    const struct counters fresh = {.magic = COUNTERS_MAGIC};
    fill_file(sizes[_i]);
    counters_open(path);
    ck_assert_mem_eq(counters, &fresh, sizeof(fresh));
    ck_assert_int_ge(file_size(), sizeof(fresh));
}
END_TEST

/* The file stays open for its lock, and a second server is refused. */
START_TEST(a_file_in_use)
{
    struct child child;
    char expected[256];
    counters_open(path);
    counters->waits = 7;
    if (child_fork(&child)) {
        counters_open(path);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    snprintf(expected, sizeof(expected),
             "unit: --counters=%s: another server counts in this file\n", path);
    ck_assert_int_eq(child.status, EXIT_FAILURE);
    ck_assert_str_eq(child.errors, expected);
    ck_assert_uint_eq(counters->waits, 7);
}
END_TEST

/* The pages of the mapping are gone: counting must not end the process. */
START_TEST(truncated_while_in_use)
{
    counters_open(path);
    counters->waits = 7;
    ck_assert_int_eq(truncate(path, 0), 0);
    for (int i = 0; i < 3; i++)
        counters->sends++;
    ck_assert_uint_eq(counters->sends, 3);
    ck_assert_uint_eq(counters->waits, 0);
    ck_assert_int_eq(file_size(), 0);
}
END_TEST

/* Any other SIGBUS still ends the process. */
START_TEST(another_bus_error)
{
    struct child child;
    if (child_fork(&child)) {
        counters_open(path);
        kill(getpid(), SIGBUS);
        kill(getpid(), SIGBUS);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_int_eq(child.status, -1);
}
END_TEST

START_TEST(another_process_sees_them_grow)
{
    counters_open(path);
    const struct counters *seen = counters_map(path);
    ck_assert_ptr_nonnull(seen);
    ck_assert_uint_eq(seen->waits, 0);

    struct child child;
    if (child_fork(&child)) {
        counters->waits = 7; /* the mapping is shared with the parent */
        counters->listener_pauses = UINT64_MAX;
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_uint_eq(seen->waits, 7);
    ck_assert_uint_eq(seen->listener_pauses, UINT64_MAX);
}
END_TEST

START_TEST(map_no_file)
{
    unlink(path);
    ck_assert_ptr_null(counters_map(path));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* Touching what is not there would be a SIGBUS, so it is not mapped. */
START_TEST(map_a_file_too_short)
{
    counters_open(path);
    ck_assert_int_eq(truncate(path, sizeof(struct counters) - 1), 0);
    ck_assert_ptr_null(counters_map(path));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_ptr_null(counters_map(path));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(map_another_magic)
{
    fill_file(sizeof(struct counters));
    ck_assert_ptr_null(counters_map(path));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* mmap(2) refuses a folder, however large it says that it is. */
START_TEST(map_a_folder)
{
    ck_assert_ptr_null(counters_map("/proc"));
    ck_assert_ptr_null(counters_map("/dev"));
}
END_TEST

START_TEST(a_path_that_cannot_be_written)
{
    static const char *const paths[] = {"/no/such/folder/c", "/dev", ""};
    static const char *const reasons[] = {"No such file or directory",
                                          "Is a directory",
                                          "No such file or directory"};
    struct child child;
    char expected[256];
    if (child_fork(&child)) {
        counters_open(paths[_i]);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    snprintf(expected, sizeof(expected), "unit: --counters=%s: %s\n", paths[_i],
             reasons[_i]);
    ck_assert_int_eq(child.status, EXIT_FAILURE);
    ck_assert_str_eq(child.errors, expected);
}
END_TEST

/* No room for the file is an error at the start and not a SIGBUS later. */
START_TEST(no_room_for_the_file)
{
    struct child child;
    char expected[256];
    if (child_fork(&child)) {
        /* Enough for the line that tells it, and not for the counters. */
        const struct rlimit limit = {100, 100};
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_IGN);
        counters_open(path);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    snprintf(expected, sizeof(expected),
             "unit: --counters=%s: File too large\n", path);
    ck_assert_int_eq(child.status, EXIT_FAILURE);
    ck_assert_str_eq(child.errors, expected);
}
END_TEST

void add_counters_tests(Suite *suite)
{
    TCase *tests = tcase_create("counters");
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_test(tests, in_memory_they_start_at_zero);
    tcase_add_test(tests, in_a_file_they_start_at_zero);
    tcase_add_loop_test(tests, an_old_file_is_written_over, 0, 3);
    tcase_add_test(tests, a_file_in_use);
    tcase_add_test(tests, truncated_while_in_use);
    tcase_add_test(tests, another_bus_error);
    tcase_add_test(tests, another_process_sees_them_grow);
    tcase_add_test(tests, map_no_file);
    tcase_add_test(tests, map_a_file_too_short);
    tcase_add_test(tests, map_another_magic);
    tcase_add_test(tests, map_a_folder);
    tcase_add_loop_test(tests, a_path_that_cannot_be_written, 0, 3);
    tcase_add_test(tests, no_room_for_the_file);
    suite_add_tcase(suite, tests);
}
