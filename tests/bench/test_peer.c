/*
 * test_peer: the command line of a peer, which conformance does not look at.
 *
 *     test_peer PATH-OF-PEER
 */
#include "program.h"
#include "tap.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char *peer;

/* Run it with one argument to its end, which must have this status. */
static struct program run(const char *argument, int status)
{
    struct program program =
        program_start((const char *const[]){peer, argument, NULL});

    program_wait(&program);
    ck_assert_msg(program.status == status, "status %d: %s%s", program.status,
                  program.out, program.err);
    return program;
}

/* One line, and nothing else. */
static void assert_one_line(const char *text)
{
    ck_assert_ptr_nonnull(strchr(text, '\n'));
    ck_assert_str_eq(strchr(text, '\n'), "\n");
}

static const char *const mistakes[] = {"--port=65536", "--port=-1", "--port=x",
                                       "stray", "--nothing"};

START_TEST(a_mistake_is_one_line_that_names_it)
{
    struct program program = run(mistakes[_i], 64);

    assert_one_line(program.err);
    ck_assert_ptr_nonnull(strstr(program.err, mistakes[_i]));
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}
END_TEST

START_TEST(help_tells_of_the_port)
{
    struct program program = run("--help", 0);

    ck_assert_ptr_nonnull(strstr(program.out, "--port"));
    ck_assert_str_eq(program.err, "");
    program_free(&program);
}
END_TEST

START_TEST(version_is_a_name_and_a_number)
{
    struct program program = run("--version", 0);
    int major, minor;

    ck_assert_int_eq(sscanf(program.out, "%*s %d.%d", &major, &minor), 2);
    assert_one_line(program.out);
    program_free(&program);
}
END_TEST

/* The port that it is to have is ours. */
START_TEST(a_busy_port_is_one_line)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char option[32], port[16];

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
    snprintf(option, sizeof(option), "--port=%s", port);

    struct program program = run(option, 1);
    assert_one_line(program.err);
    ck_assert_ptr_nonnull(strstr(program.err, port));
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}
END_TEST

int main(int argc, char *argv[])
{
    peer = tap_arguments(argc, argv, 1)[0];
    Suite *suite = suite_create("peer");
    TCase *tcase = tcase_create("peer");

    tcase_set_timeout(tcase, 2 * PROGRAM_DEADLINE_SECONDS);
    tcase_add_loop_test(tcase, a_mistake_is_one_line_that_names_it, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(tcase, help_tells_of_the_port);
    tcase_add_test(tcase, version_is_a_name_and_a_number);
    tcase_add_test(tcase, a_busy_port_is_one_line);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
