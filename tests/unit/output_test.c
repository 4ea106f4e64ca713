/*
 * Standard output that is a full disk, or a pipe without room or reader.
 *
 * /dev/full answers each write with ENOSPC: full(4).
 */
#include "output.h"

#include "child.h"
#include "stop.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In a child: let standard output be something else. */
static void print_to(int fd)
{
    dup2(fd, STDOUT_FILENO);
}

static void print_to_full_disk(void)
{
    print_to(open("/dev/full", O_WRONLY));
}

/* A pipe that takes no more, and that has a reader or not. */
static void print_to_pipe(bool with_reader)
{
    static const char bytes[4096];
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], bytes, sizeof(bytes)) > 0)
        continue;
    fcntl(ends[1], F_SETFL, 0);
    print_to(ends[1]);
    close(ends[1]);
    if (!with_reader)
        close(ends[0]);
}

static void check_child(struct child *child, int status, const char *errors)
{
    child_wait(child);
    ck_assert_int_eq(child->status, status);
    ck_assert_str_eq(child->errors, errors);
}

/* Said once, though there are two lines; and the exit status is that of a
   failure, even if the program ends as if all were well. */
START_TEST(a_full_disk)
{
    struct child child;
    if (child_fork(&child)) {
        print_to_full_disk();
        output_start();
        bool first = output_print("one\n"), second = output_print("two\n");
        exit(first || second ? 3 : EXIT_SUCCESS);
    }
    check_child(&child, EXIT_FAILURE,
                "unit: standard output: No space left on device\n");
}
END_TEST

START_TEST(a_full_disk_and_stdio)
{
    struct child child;
    if (child_fork(&child)) {
        print_to_full_disk();
        output_start();
        puts("one"); /* it is in the buffer until the program exits */
        exit(EXIT_SUCCESS);
    }
    check_child(&child, EXIT_FAILURE,
                "unit: standard output: No space left on device\n");
}
END_TEST

/* The buffer was written and lost long before the end. */
START_TEST(a_full_disk_and_flushed_stdio)
{
    struct child child;
    if (child_fork(&child)) {
        print_to_full_disk();
        output_start();
        puts("one");
        fflush(stdout);
        exit(EXIT_SUCCESS);
    }
    check_child(&child, EXIT_FAILURE,
                "unit: standard output: some output was lost\n");
}
END_TEST

START_TEST(the_reader_has_gone)
{
    struct child child;
    if (child_fork(&child)) {
        print_to_pipe(false);
        output_start();
        exit(output_print("one\n") && output_print("two\n") ? EXIT_SUCCESS : 3);
    }
    check_child(&child, EXIT_SUCCESS, "");
}
END_TEST

START_TEST(the_reader_has_gone_and_stdio)
{
    struct child child;
    if (child_fork(&child)) {
        print_to_pipe(false);
        output_start();
        puts("one");
        exit(EXIT_SUCCESS);
    }
    check_child(&child, EXIT_SUCCESS, "");
}
END_TEST

/* As after a signal that the signalfd would report. */
static void let_stop_be_pending(void)
{
    stop_open();
    kill(getpid(), SIGTERM);
}

/* Otherwise it would block for ever. */
START_TEST(no_room_and_time_to_stop)
{
    struct child child;
    if (child_fork(&child)) {
        print_to_pipe(true);
        output_start();
        let_stop_be_pending();
        exit(output_print("one\n") ? EXIT_SUCCESS : 3);
    }
    check_child(&child, EXIT_SUCCESS, "");
}
END_TEST

/* A terminal says that it is writable, and then takes a part of a line. */
START_TEST(a_terminal_that_is_not_read)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    struct child child;
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return; /* there are no pseudo-terminals here: pts(4) */
    if (child_fork(&child)) {
        print_to(open(ptsname(master), O_WRONLY | O_NOCTTY));
        output_start();
        let_stop_be_pending();
        for (int i = 0; i < 1000; i++)
            output_print("%0200d\n", i);
        exit(EXIT_SUCCESS);
    }
    check_child(&child, EXIT_SUCCESS, "");
    close(master);
}
END_TEST

START_TEST(a_terminal_that_went_away)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    struct child child;
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return;
    int terminal = open(ptsname(master), O_WRONLY | O_NOCTTY);
    close(master);
    if (child_fork(&child)) {
        print_to(terminal);
        output_start();
        exit(output_print("one\n") ? EXIT_SUCCESS : 3);
    }
    check_child(&child, EXIT_SUCCESS, "");
}
END_TEST

/* When it is time to stop, what there is room for is still written. */
START_TEST(room_and_time_to_stop)
{
    struct child child;
    if (child_fork(&child)) {
        output_start();
        let_stop_be_pending();
        output_print("number %d\n", 1);
        exit(EXIT_SUCCESS);
    }
    check_child(&child, EXIT_SUCCESS, "");
    ck_assert_str_eq(child.out, "number 1\n");
}
END_TEST

/* A descriptor that does not block, because another program wanted that. */
START_TEST(without_blocking)
{
    static char bytes[1 << 17];
    struct child child;
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    if (child_fork(&child)) {
        print_to(ends[1]);
        output_start();
        for (int i = 0; i < 200; i++)
            output_print("%01000d", i);
        exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, 0);
    size_t length = 0;
    ssize_t count;
    while ((count = read(ends[0], bytes, sizeof(bytes))) > 0)
        length += (size_t)count;
    check_child(&child, EXIT_SUCCESS, "");
    ck_assert_uint_eq(length, 200 * 1000);
}
END_TEST

START_TEST(warnings)
{
    struct child child;
    if (child_fork(&child)) {
        output_warn("%d bytes", 5);
        exit(EXIT_SUCCESS);
    }
    check_child(&child, EXIT_SUCCESS, "unit: 5 bytes\n");
}
END_TEST

/* What is too long is cut, and still a line. */
START_TEST(long_warnings)
{
    struct child child;
    if (child_fork(&child)) {
        output_warn("%05000d", 5);
        exit(EXIT_SUCCESS);
    }
    child_wait(&child);
    ck_assert_uint_eq(strlen(child.errors), 1024);
    ck_assert_uint_eq(count_lines(child.errors), 1);
}
END_TEST

void add_output_tests(Suite *suite)
{
    TCase *tests = tcase_create("output");
    tcase_add_test(tests, a_full_disk);
    tcase_add_test(tests, a_full_disk_and_stdio);
    tcase_add_test(tests, a_full_disk_and_flushed_stdio);
    tcase_add_test(tests, the_reader_has_gone);
    tcase_add_test(tests, the_reader_has_gone_and_stdio);
    tcase_add_test(tests, no_room_and_time_to_stop);
    tcase_add_test(tests, a_terminal_that_is_not_read);
    tcase_add_test(tests, a_terminal_that_went_away);
    tcase_add_test(tests, room_and_time_to_stop);
    tcase_add_test(tests, without_blocking);
    tcase_add_test(tests, warnings);
    tcase_add_test(tests, long_warnings);
    suite_add_tcase(suite, tests);
}
