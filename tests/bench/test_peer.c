/*
 * test_peer: what conformance does not look at in a peer: its command line,
 * what it inherits, and a listener that can't be accepted from.
 *
 *     test_peer PATH-OF-PEER
 */
#include "program.h"
#include "tap.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

TEST_TIMES(a_mistake_is_one_line_that_names_it, COUNT(mistakes))
{
    struct program program = run(mistakes[_i], 64);

    assert_one_line(program.err);
    ck_assert_ptr_nonnull(strstr(program.err, mistakes[_i]));
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}

TEST(help_and_version_are_said)
{
    struct program help = run("--help", 0);
    struct program version = run("--version", 0);
    int major, minor;

    ck_assert_ptr_nonnull(strstr(help.out, "--port"));
    ck_assert_str_eq(help.err, "");
    ck_assert_int_eq(sscanf(version.out, "%*s %d.%d", &major, &minor), 2);
    assert_one_line(version.out);
    program_free(&help);
    program_free(&version);
}

/* Start it on a port that the kernel chooses, and connect to it. */
static int connect_to(struct program *program)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char line[100];

    *program = program_start((const char *const[]){peer, "--port=0", NULL});
    program_first_line(program, line, sizeof(line));
    address.sin_port = htons((uint16_t)atoi(strrchr(line, ':') + 1));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    return fd;
}

static void assert_it_ends(struct program *program)
{
    kill(program->pid, SIGTERM);
    program_wait(program);
    ck_assert_int_eq(program->status, 0);
}

/* CPU time that it has used, in seconds. */
static double cpu_seconds(const struct program *program)
{
    struct timespec used;
    clockid_t clock;

    ck_assert_int_eq(clock_getcpuclockid(program->pid, &clock), 0);
    ck_assert_int_eq(clock_gettime(clock, &used), 0);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/*
 * accept4 fails, and the client stays in the queue: the peer has to leave it
 * there, or it would do nothing else.  ENETDOWN is said of a client that is
 * gone, but not of the same one for ever.
 */
TEST_TIMES(a_refused_accept_does_not_spin, 2)
{
    struct program program;

    program_refuse(SYS_accept4, _i == 0 ? EPERM : ENETDOWN);
    int fd = connect_to(&program);
    usleep(1500000);
    ck_assert_double_lt(cpu_seconds(&program), 0.5);
    assert_it_ends(&program);
    /* io_uring needs no system call to accept, so it serves the client. */
    if (strstr(peer, "io_uring") == NULL)
        assert_one_line(program.err);
    close(fd);
    program_free(&program);
}

/* SIGTERM was blocked and ignored by its parent. */
TEST(an_inherited_mask_keeps_no_signal_away)
{
    struct program program;
    sigset_t all;

    signal(SIGTERM, SIG_IGN);
    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
    int fd = connect_to(&program);
    assert_it_ends(&program);
    close(fd);
    program_free(&program);
}

/* A pipe of its parent, which another program may read to its end. */
TEST(it_keeps_nothing_open_that_it_inherited)
{
    struct program program;
    int ends[2];
    char byte;

    ck_assert_int_eq(pipe(ends), 0);
    int fd = connect_to(&program);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* the test has a limit */
    assert_it_ends(&program);
    close(ends[0]);
    close(fd);
    program_free(&program);
}

/* Leave the peer descriptors for one connection. */
static void leave_one_descriptor(const struct program *program)
{
    struct rlimit limit;
    char path[64];
    rlim_t lowest = 0; /* that is free */

    do
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)program->pid,
                 (int)lowest++);
    while (access(path, F_OK) == 0);
    if (strstr(peer, "libuv") != NULL)
        lowest = 18; /* it keeps some in reserve */
    ck_assert_int_eq(prlimit(program->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = lowest;
    ck_assert_int_eq(prlimit(program->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* To end well a sanitizer opens files. */
static void allow_descriptors(const struct program *program)
{
    struct rlimit limit;

    ck_assert_int_eq(prlimit(program->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(prlimit(program->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

static int connect_once_more(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    int other = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&address, &length), 0);
    ck_assert_int_eq(connect(other, (struct sockaddr *)&address, length), 0);
    return other;
}

static void await_echo(int fd)
{
    char byte = 'x';

    ck_assert_int_eq(send(fd, &byte, 1, 0), 1);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
}

/* How many bytes it has said on stderr. */
static off_t complaints(const struct program *program)
{
    struct stat status;

    ck_assert_int_eq(fstat(program->err_fd, &status), 0);
    return status.st_size;
}

/* The last descriptor is used, and no client waits: that is not full.  Then one
 * does. */
TEST(full_is_said_when_a_client_waits)
{
    struct program program;
    int first = connect_to(&program);

    await_echo(first);
    leave_one_descriptor(&program);
    int fd = connect_once_more(first);
    await_echo(fd);
    usleep(300000);
    ck_assert_int_eq(complaints(&program), 0);
    int other = connect_once_more(fd);
    while (complaints(&program) == 0)
        usleep(1000); /* the test has a time limit */
    close(fd);
    await_echo(other);
    allow_descriptors(&program);
    assert_it_ends(&program);
    assert_one_line(program.err);
    close(other);
    close(first);
    program_free(&program);
}

TEST(a_full_output_is_said)
{
    struct program program =
        program_start_to(open("/dev/full", O_WRONLY),
                         (const char *const[]){peer, "--help", NULL});

    program_wait(&program);
    ck_assert_int_eq(program.status, 1);
    assert_one_line(program.err);
    program_free(&program);
}

/* The port that it is to have is ours. */
TEST(a_busy_port_is_one_line)
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

int main(int argc, char *argv[])
{
    peer = tap_arguments(argc, argv, 1)[0];
    return tap_main("peer", NULL, NULL);
}
