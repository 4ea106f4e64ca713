/*
 * output: a server's own standard output is no part of its service (contract
 * 8, 10 and 12).
 *
 * `-v | less` is a pipe that is not read for a while, the reader of `| head -1`
 * exits, and a log may fill the disk.
 *
 * The traps: blocking in a write and missing SIGTERM there; SIGPIPE, which ends
 * a server with all its connections; a clock that was read before the write
 * blocked; and exiting with 0 although output was lost.
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SOON = 5,               /* seconds: "at once" on a busy machine */
    PIPE_SIZE = 16 * 1024,  /* bytes: what fits in before a write blocks */
    MESSAGES_MOST = 100000, /* that fill it: each makes several sentences */
    TALKERS = 20
};

/* The two ends of a pipe, small enough to be filled quickly. */
static void open_pipe(int *reader, int *writer)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        ck_abort_msg("pipe2: %s", strerror(errno));
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
    *reader = ends[0];
    *writer = ends[1];
}

/* Is there a reply within half a second? */
static bool is_answered(int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    char byte;

    if (poll(&entry, 1, 500) == 0)
        return false;
    client_receive(fd, &byte, 1);
    return true;
}

/* Talk until the server answers no more: its standard output is full. */
static void fill_output(const struct server *server)
{
    int fd = client_connect(server);

    for (int i = 0; i < MESSAGES_MOST; i++) {
        client_send(fd, "x", 1);
        if (!is_answered(fd))
            return;
    }
    ck_abort_msg("nothing fills the pipe that is the server's stdout");
}

static struct server *start_with_full_output(const char *options, int *reader)
{
    int writer;

    open_pipe(reader, &writer);
    struct server *server = server_start_with(
        (struct server_setup){.options = options, .out = writer});
    close(writer);
    fill_output(server);
    return server;
}

static void end_with_full_output(int number)
{
    int reader;
    struct server *server = start_with_full_output("--verbose", &reader);

    kill(server->pid, number);
    ck_assert_int_eq(server_wait(server, SOON), 0);
    ck_assert_str_eq(server_errors(server), "");
    close(reader);
}

START_TEST(unread_sigterm)
{
    end_with_full_output(SIGTERM);
}
END_TEST

START_TEST(unread_sigint)
{
    end_with_full_output(SIGINT);
}
END_TEST

/* Read what the server has printed, and go on, until there is a reply. */
static void drain_output_until_answered(int reader, int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    char text[4096];

    for (double end = now() + client_patience(); poll(&entry, 1, 5) == 0;) {
        ck_assert_msg(now() < end, "no reply, though stdout is read again");
        while (read(reader, text, sizeof(text)) > 0)
            continue;
    }
}

/*
 * Twenty clients talk at the same time, until the pipe is full in the middle of
 * a turn, and the server stuck for longer than --idle-timeout.  Then the pipe
 * is read again.  All clients have sent something meanwhile, so they are in
 * use.
 */
START_TEST(unread_for_a_while)
{
    int reader, writer, fds[TALKERS];
    bool stuck = false;
    struct server *server;

    open_pipe(&reader, &writer);
    server = server_start_with((struct server_setup){
        .options = "--verbose --idle-timeout=2", .out = writer});
    close(writer);
    for (int i = 0; i < TALKERS; i++)
        fds[i] = client_connect(server);
    while (!stuck) {
        server_freeze(server);
        for (int i = 0; i < TALKERS; i++)
            client_send(fds[i], "x", 1);
        server_thaw(server);
        for (int i = 0; i < TALKERS && !stuck; i++)
            stuck = !is_answered(fds[i]);
    }
    for (int i = 0; i < TALKERS; i++)
        client_send(fds[i], "x", 1);
    pause_for(3);
    fcntl(reader, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < TALKERS; i++) {
        drain_output_until_answered(reader, fds[i]);
        client_send(fds[i], "y", 1);
    }
    for (int i = 0; i < TALKERS; i++) {
        char last = 'x';

        while (last != 'y') {
            drain_output_until_answered(reader, fds[i]);
            client_receive(fds[i], &last, 1);
        }
    }
}
END_TEST

/* A terminal, as the master's side and the other one; skip if there are none.
 */
static void open_terminal(int *reader, int *writer)
{
    *reader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*reader < 0 || grantpt(*reader) < 0 || unlockpt(*reader) < 0)
        case_skip("there are no pseudo-terminals here: %s", strerror(errno));
    *writer = open(ptsname(*reader), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*writer < 0)
        ck_abort_msg("%s: %s", ptsname(*reader), strerror(errno));
}

/* A verbose server on a terminal, of which the case is the master's side. */
static struct server *start_on_terminal(int *reader)
{
    int writer;

    open_terminal(reader, &writer);
    struct server *server = server_start_with(
        (struct server_setup){.options = "--verbose", .out = writer});
    close(writer);
    return server;
}

static void end_on_terminal(struct server *server)
{
    kill(server->pid, SIGTERM);
    ck_assert_int_eq(server_wait(server, SOON), 0);
    ck_assert_str_eq(server_errors(server), "");
}

/* A terminal that is writable has perhaps not room for a whole line. */
START_TEST(unread_terminal)
{
    int reader;
    struct server *server = start_on_terminal(&reader);

    fill_output(server);
    end_on_terminal(server);
}
END_TEST

/* The terminal's window is closed, and the server outlives that (nohup). */
START_TEST(terminal_gone)
{
    int reader;
    struct server *server = start_on_terminal(&reader);

    close(reader);
    client_echo(client_connect(server), 1, 1000);
    end_on_terminal(server);
}
END_TEST

/* `| head -1` is how a script learns the port of --port=0. */
static void go_on_without_reader(const char *options)
{
    int reader, writer;
    struct server *server;

    open_pipe(&reader, &writer);
    server = server_start_with(
        (struct server_setup){.options = options, .out = writer});
    close(writer);
    int fd = client_connect(server);
    client_echo(fd, 1, 1000);
    close(reader);
    for (uint64_t i = 2; i < 10; i++)
        client_echo(fd, i, 1000);
    client_echo(client_connect(server), 10, 1000);
    kill(server->pid, SIGTERM);
    ck_assert_int_eq(server_wait(server, SOON), 0);
    ck_assert_str_eq(server_errors(server), "");
}

START_TEST(without_reader)
{
    go_on_without_reader("");
}
END_TEST

START_TEST(without_reader_verbose)
{
    go_on_without_reader("--verbose");
}
END_TEST

/* /dev/full has no space left for any byte: full(4). */
START_TEST(full_disk)
{
    static const char *const options[] = {"", "--help", "--version"};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
        struct server *server = server_spawn(
            (struct server_setup){.options = options[i], .out = full});
        const char *line;

        ck_assert_int_eq(server_wait(server, SOON), 1);
        line = server_errors(server);
        ck_assert_msg(strstr(line, "No space left on device\n") != NULL &&
                          strchr(line, '\n')[1] == '\0',
                      "%s: not one line that says why, but: %s", options[i],
                      line);
        close(full);
    }
}
END_TEST

void add_output_cases(void)
{
    case_add(8, "output-unread-sigterm", unread_sigterm, NEEDS_OPTIONS, 60);
    case_add(8, "output-unread-sigint", unread_sigint, NEEDS_OPTIONS, 60);
    case_add(8, "output-unread-terminal", unread_terminal, NEEDS_OPTIONS, 60);
    case_add(8, "output-terminal-gone", terminal_gone, NEEDS_OPTIONS, 30);
    case_add(8, "output-without-reader", without_reader, ANY_SERVER, 30);
    case_add(8, "output-without-reader-verbose", without_reader_verbose,
             NEEDS_OPTIONS, 30);
    case_add(10, "output-unread-for-a-while", unread_for_a_while, NEEDS_OPTIONS,
             60);
    case_add(12, "output-full-disk", full_disk, NEEDS_OPTIONS, 30);
}
