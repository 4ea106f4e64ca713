/*
 * startup: a server either starts as it was told, or says in one line why not
 * (contract 12).  Also what it says of itself: the line that tells that it is
 * ready, --help, --version, --verbose, --counters.
 *
 * The traps: atoi, which takes "abc" for port 0; usage over many lines, in
 * which the reason is lost; to go on with half of what was asked; IPv6.
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { SOON = 5 /* seconds */ };

/* Start the server with options with which it prints something and ends. */
static struct server *run_to_end(const char *options, int port, int status)
{
    struct server *server =
        server_spawn((struct server_setup){.options = options, .port = port});
    int ended = server_wait(server, SOON);

    ck_assert_msg(ended == status, "%s: exit status %d, not %d", options, ended,
                  status);
    return server;
}

/*
 * The server refuses to start: the exit status, nothing on stdout, and on
 * stderr one line, in which all of the words occur (the last of them is NULL).
 */
static void assert_refused(const char *options, int port, int status,
                           const char *const words[])
{
    const struct server *server = run_to_end(options, port, status);
    const char *line = server_errors(server), *end = strchr(line, '\n');

    ck_assert_msg(end != NULL && end[1] == '\0',
                  "%s: not one line on stderr, but: %s", options, line);
    ck_assert_str_eq(server_out(server), "");
    for (; *words != NULL; words++)
        ck_assert_msg(strstr(line, *words) != NULL, "%s: no '%s' in: %s",
                      options, *words, line);
}

/* Options that are wrong, and what the line must name: option and value. */
static const struct bad_option {
    const char *options;
    const char *words[3];
} bad_options[] = {
    {"--colour=red", {"--colour"}},
    {"-x", {"x"}},
    {"stray", {"stray"}},
    {"--port=70000", {"--port", "70000"}},
    {"--port=65536", {"--port", "65536"}},
    {"--port=-1", {"--port", "-1"}},
    {"--port=abc", {"--port", "abc"}},
    {"--port=80x", {"--port", "80x"}},
    {"--port=8.5", {"--port", "8.5"}},
    {"--port=0x50", {"--port", "0x50"}},
    {"--port=+80", {"--port", "+80"}},
    {"--port=' 80'", {"--port", " 80"}},
    {"--port=99999999999999999999", {"--port", "99999999999999999999"}},
    {"--port=", {"--port"}},
    {"--port", {"--port"}},
    {"--backlog=0", {"--backlog", "0"}},
    {"--backlog=many", {"--backlog", "many"}},
    {"--max-connections=0", {"--max-connections", "0"}},
    {"--max-connections=x", {"--max-connections", "x"}},
    {"--max-connections=-3", {"--max-connections", "-3"}},
    {"--idle-timeout=-5", {"--idle-timeout", "-5"}},
    {"--idle-timeout=1s", {"--idle-timeout", "1s"}},
    {"--idle-timeout=0.5", {"--idle-timeout", "0.5"}},
    {"--quit-after=-1", {"--quit-after", "-1"}},
    {"--quit-after=", {"--quit-after"}},
    {"--quit-after=99999999999", {"--quit-after", "99999999999"}},
    {"--verbose=5", {"--verbose"}},
    {"--counters", {"--counters"}},
    {"--address", {"--address"}},
};

START_TEST(refused_options)
{
    for (size_t i = 0; i < sizeof(bad_options) / sizeof(bad_options[0]); i++)
        assert_refused(bad_options[i].options, 0, EX_USAGE,
                       bad_options[i].words);
}
END_TEST

/* What is understood, but can't be done, is named as well. */
START_TEST(unusable_values)
{
    assert_refused("--counters=/nonexistent/file", 0, EXIT_FAILURE,
                   (const char *[]){"/nonexistent/file", NULL});
    assert_refused("--counters=/", 0, EXIT_FAILURE,
                   (const char *[]){"/", NULL});
    /* No name, as it has an empty part; so no name server is asked for it. */
    assert_refused("--address=no..name", 0, EXIT_FAILURE,
                   (const char *[]){"no..name", NULL});
    /* An address for documentation (RFC 5737): no machine has it. */
    assert_refused("--address=192.0.2.1", 0, EXIT_FAILURE,
                   (const char *[]){"192.0.2.1", NULL});
}
END_TEST

/* Another server has the port. */
START_TEST(port_in_use)
{
    struct server *first = server_start("");
    char port[16];

    snprintf(port, sizeof(port), "%d", first->port);
    assert_refused("", first->port, EXIT_FAILURE, (const char *[]){port, NULL});
    client_echo(client_connect(first), 1, 1000);
}
END_TEST

/*
 * A server that ends leaves its connections in TIME_WAIT; the next one can
 * have the port all the same, at once.
 */
START_TEST(port_used_again)
{
    struct server *first = server_start(""), *second;
    int fd = client_connect(first);

    client_echo(fd, 1, 1000);
    kill(first->pid, SIGTERM);
    ck_assert_int_eq(server_wait(first, SOON), 0);
    client_expect_end(fd);
    second = server_start_with((struct server_setup){.port = first->port});
    client_echo(client_connect(second), 2, 1000);
}
END_TEST

/* Only root may listen below 1024: ip(7), ip_unprivileged_port_start. */
START_TEST(privileged_port)
{
    int first_free = 1024;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");

    if (file != NULL) {
        if (fscanf(file, "%d", &first_free) != 1)
            first_free = 1024;
        fclose(file);
    }
    if (geteuid() == 0 || first_free <= 7)
        case_skip("we may listen on port 7, so nothing is refused");
    assert_refused("", 7, EXIT_FAILURE, (const char *[]){"7", NULL});
}
END_TEST

/*
 * Wait for the line that says that the server is ready.  Returns what stands
 * behind "listening on ", and fails unless that is the first line of stdout.
 */
static const char *await_ready_line(struct server *server)
{
    static char where[128];
    double deadline = now() + SOON;

    while (strchr(server_out(server), '\n') == NULL) {
        server_assert_running(server);
        ck_assert_msg(now() < deadline, "no line on stdout");
        pause_for(0.005);
    }
    ck_assert_int_eq(
        sscanf(server_out(server), "%*[^:\n]: listening on %127s\n", where), 1);
    return where;
}

/* The line tells address and port, and is flushed although it isn't a tty. */
START_TEST(ready_line)
{
    struct server *server = server_spawn((struct server_setup){.options = ""});
    char expected[64];

    snprintf(expected, sizeof(expected), "127.0.0.1:%d", server->port);
    ck_assert_str_eq(await_ready_line(server), expected);
    client_echo(client_connect(server), 1, 1000);
}
END_TEST

/*
 * Start a server with --port=0 and learn from its line which port the kernel
 * chose.  The server was asked for another port before, and this option wins.
 */
static struct server *start_at_any_port(void)
{
    struct server *server =
        server_spawn((struct server_setup){.options = "--port=0"});
    struct sockaddr_in *address = (struct sockaddr_in *)&server->address;
    int port;

    ck_assert_int_eq(sscanf(await_ready_line(server), "127.0.0.1:%d", &port),
                     1);
    ck_assert_int_gt(port, 0);
    ck_assert_int_ne(port, server->port);
    server->port = port;
    address->sin_port = htons((uint16_t)port);
    return server;
}

/* Two servers, so that it is not one and the same port that is "chosen". */
START_TEST(port_0)
{
    const struct server *first = start_at_any_port();
    const struct server *second = start_at_any_port();

    ck_assert_int_ne(first->port, second->port);
    client_echo(client_connect(first), 1, 1000);
    client_echo(client_connect(second), 2, 1000);
}
END_TEST

/* An address in the 127.0.0.0/8 that is not the usual one, and no other. */
START_TEST(ipv4_address)
{
    struct server *server = server_start_with((struct server_setup){
        .options = "--address=127.0.0.2", .address = "127.0.0.2"});
    struct sockaddr_in *address = (struct sockaddr_in *)&server->address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    client_echo(client_connect(server), 1, 1000);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)address, sizeof(*address)),
                     -1);
    ck_assert_int_eq(errno, ECONNREFUSED);
}
END_TEST

/* Has this machine IPv6, with the address ::1? */
static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool usable =
        fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0)
        close(fd);
    return usable;
}

START_TEST(ipv6_address)
{
    struct server *server;
    char expected[64];

    if (!has_ipv6())
        case_skip("this machine has no IPv6");
    server = server_start_with(
        (struct server_setup){.options = "--address=::1", .address = "::1"});
    client_echo(client_connect(server), 1, 1000);
    snprintf(expected, sizeof(expected), "[::1]:%d", server->port);
    ck_assert_str_eq(await_ready_line(server), expected);
}
END_TEST

/* A name; it may stand for 127.0.0.1 or for ::1, and the line tells. */
START_TEST(host_name)
{
    struct server *server =
        server_spawn((struct server_setup){.options = "--address=localhost"});
    const char *where = await_ready_line(server);

    if (where[0] == '[')
        server = server_start_with((struct server_setup){
            .options = "--address=localhost", .address = "::1"});
    client_echo(client_connect(server), 1, 1000);
}
END_TEST

/* --help tells of every option, on stdout, with status 0. */
START_TEST(help)
{
    static const char *const options[] = {
        "--address",      "--port",       "--backlog",  "--max-connections",
        "--idle-timeout", "--quit-after", "--counters", "--verbose",
        "--help",         "--version"};
    const struct server *server = run_to_end("--help", 0, EXIT_SUCCESS);

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        ck_assert_msg(strstr(server_out(server), options[i]) != NULL,
                      "--help doesn't tell of %s", options[i]);
    ck_assert_str_eq(server_errors(server), "");
}
END_TEST

/* --version: one line with the name and a version number. */
START_TEST(version)
{
    const struct server *server = run_to_end("--version", 0, EXIT_SUCCESS);
    int major, minor;

    ck_assert_int_eq(sscanf(server_out(server), "%*s %d.%d", &major, &minor),
                     2);
    ck_assert_str_eq(server_errors(server), "");
}
END_TEST

/* A known exchange, and what the counters must be during and after it. */
START_TEST(counted)
{
    enum { COUNT = 5, LENGTH = 10000 };
    const struct counters *counts;
    const struct server *server = server_start_counted("", &counts);
    int fds[COUNT];
    uint64_t before;

    server_await_count(&counts->connections, 0);
    before = counts->connections_total;

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server);
        client_echo(fds[i], (uint64_t)i, LENGTH);
    }
    server_await_count(&counts->connections, COUNT);
    server_await_count(&counts->connections_total, before + COUNT);
    server_await_count(&counts->bytes_received, COUNT * LENGTH);
    server_await_count(&counts->bytes_sent, COUNT * LENGTH);
    ck_assert_uint_eq(counts->connections_peak, COUNT);
    for (int i = 0; i < COUNT; i++)
        client_end(fds[i]);
    server_await_count(&counts->connections, 0);
    ck_assert_uint_eq(counts->connections_peak, COUNT);
    ck_assert_uint_ge(counts->accepts, counts->connections_total);
    ck_assert_uint_ge(counts->receives, COUNT + COUNT);
    ck_assert_uint_ge(counts->sends, COUNT);
    ck_assert_uint_ge(counts->waits, 1);
    ck_assert_uint_ge(counts->ready_events, COUNT);
    ck_assert_uint_ge(counts->scanned, counts->ready_events);
}
END_TEST

/* Whatever happens to its file of counters, the server's work goes on. */
START_TEST(counters_truncated)
{
    char path[] = "/tmp/conformance-XXXXXX", options[128];
    int file = mkstemp(path);
    struct server *server;
    int fd;

    ck_assert_int_ge(file, 0);
    snprintf(options, sizeof(options), "--max-connections=5 --counters=%s",
             path);
    server = server_start(options);
    fd = client_connect(server);
    client_echo(fd, 1, 1000);
    for (uint64_t i = 2; i < 5; i++) {
        ck_assert_int_eq(ftruncate(file, 0), 0);
        client_echo(fd, i, 1000);
        client_echo(client_connect(server), i, 1000);
    }
    kill(server->pid, SIGTERM);
    ck_assert_int_eq(server_wait(server, SOON), 0);
    unlink(path);
}
END_TEST

/* A second server on the same file is refused; the first is not affected. */
START_TEST(counters_in_use)
{
    char path[] = "/tmp/conformance-XXXXXX", options[128];
    int file = mkstemp(path);
    struct server *server;

    ck_assert_int_ge(file, 0);
    close(file);
    snprintf(options, sizeof(options), "--max-connections=5 --counters=%s",
             path);
    server = server_start(options);
    client_echo(client_connect(server), 1, 1000);
    assert_refused(options, 0, EXIT_FAILURE, (const char *[]){path, NULL});
    client_echo(client_connect(server), 2, 1000);
    unlink(path);
}
END_TEST

/* --verbose tells of a connection, what it sent and that it ended. */
START_TEST(verbose)
{
    struct server *server = server_start("--verbose");
    int fd = client_connect(server);

    client_send(fd, "Good morning!", 13);
    client_expect(fd, "Good morning!", 13);
    client_end(fd);
    client_expect_end(fd);
    ck_assert_ptr_nonnull(strstr(server_out(server), "127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(server_out(server), "13 bytes"));
    ck_assert_ptr_nonnull(strstr(server_out(server), "Good morning!"));
    ck_assert_ptr_nonnull(strstr(server_out(server), "closed"));
    ck_assert_str_eq(server_errors(server), "");
}
END_TEST

void add_startup_cases(void)
{
    case_add(12, "startup-refused-options", refused_options, NEEDS_OPTIONS, 90);
    case_add(12, "startup-unusable-values", unusable_values, NEEDS_OPTIONS, 60);
    case_add(12, "startup-port-in-use", port_in_use, NEEDS_OPTIONS, 30);
    case_add(12, "startup-port-used-again", port_used_again, NEEDS_OPTIONS, 30);
    case_add(12, "startup-privileged-port", privileged_port, NEEDS_OPTIONS, 30);
    case_add(12, "startup-ready-line", ready_line, NEEDS_OPTIONS, 30);
    case_add(12, "startup-port-0", port_0, NEEDS_OPTIONS, 30);
    case_add(12, "startup-ipv4-address", ipv4_address, NEEDS_OPTIONS, 30);
    case_add(12, "startup-ipv6-address", ipv6_address, NEEDS_OPTIONS, 30);
    case_add(12, "startup-host-name", host_name, NEEDS_OPTIONS, 30);
    case_add(12, "startup-help", help, NEEDS_OPTIONS, 30);
    case_add(12, "startup-version", version, NEEDS_OPTIONS, 30);
    case_add(12, "startup-counted", counted, NEEDS_OPTIONS, 30);
    case_add(4, "startup-counters-truncated", counters_truncated, NEEDS_OPTIONS,
             30);
    case_add(12, "startup-counters-in-use", counters_in_use, NEEDS_OPTIONS, 30);
    case_add(12, "startup-verbose", verbose, NEEDS_OPTIONS, 30);
}
