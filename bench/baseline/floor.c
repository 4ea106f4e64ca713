/*
 * floor: the least that an echo can cost here, to compare the servers with.
 *
 * It accepts exactly N connections and then serves them in turn, forever: a
 * bare recv, a bare send, the next one.  Nothing waits for readiness, nothing
 * is searched or remembered.  With one message in flight on each connection the
 * next message in turn has usually arrived long ago.  The CPU time of an echo
 * is then that of the two system calls which none of the four can avoid; what a
 * real server uses beyond it is the price of knowing where to look.  With one
 * connection, the default, it sleeps in every recv and is no floor.
 *
 * It is no server: one client that pauses makes all the others wait, and nobody
 * can come or go.  It ends when a client leaves.  And one recv has to bring a
 * whole message, so keep to small ones; a part of a message would be an echo of
 * its own, and cost the turn of all the others.
 *
 * To try it:
 *     build/bench/baseline/floor --connections=100
 *     build/bench/loadgen --active=100 127.0.0.1 10001  (in a second terminal)
 */
#include "listener.h"
#include "options.h"
#include "startup.h"

#include <argp.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>

/* The generator opens that many at a time, and proves one batch before it opens
 * the next: with more of them each would wait for the other. */
enum { CONNECTIONS_MAX = 128 };

static int connections[CONNECTIONS_MAX];
static int count = 1;
static char buffer[64 * 1024];

static const struct argp_option known_options[] = {
    {"port", 'p', "PORT", 0,
     "Listen at this port of 127.0.0.1; 0 lets the kernel choose one (10001)",
     0},
    {"connections", 'n', "N", 0, "Serve exactly N connections, 1 to 128 (1)",
     0},
    {0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        /* getopt(3) says in one line what is wrong; argp would add a second. */
        state->err_stream = NULL;
        return 0;
    case 'p':
        options->port = (int)options_number("--port", text, 0, 65535);
        return 0;
    case 'n':
        count = (int)options_number("--connections", text, 1, CONNECTIONS_MAX);
        return 0;
    case ARGP_KEY_ARG:
        errx(EX_USAGE, "%s: not an option; see --help", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Nothing here may return before it is done: no O_NONBLOCK anywhere. */
static void accept_all(int listen_fd)
{
    if (fcntl(listen_fd, F_SETFL, 0) == -1)
        err(EXIT_FAILURE, "fcntl");
    for (int i = 0; i < count; i++) {
        connections[i] = accept(listen_fd, NULL, NULL);
        if (connections[i] == -1)
            err(EXIT_FAILURE, "accept");
    }
}

/* The kernel may take a part only; the next send begins behind it. */
static bool send_all(int fd, size_t length)
{
    size_t sent = 0;

    while (sent < length) {
        ssize_t n = send(fd, buffer + sent, length - sent, MSG_NOSIGNAL);
        if (n == -1)
            return false;
        sent += (size_t)n;
    }
    return true;
}

/* One message there and back; false when the client has left. */
static bool echo(int fd)
{
    ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

    return n > 0 && send_all(fd, (size_t)n);
}

int main(int argc, char *argv[])
{
    static const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .doc = "The floor that all servers are compared with: bare recv and "
               "send, on each of N connections in turn.",
    };
    struct options options = {
        .address = "127.0.0.1", .port = 10001, .backlog = CONNECTIONS_MAX};
    int turn = 0;

    startup();
    startup_close_inherited();
    argp_program_version = "floor " FOUR_WAYS_VERSION;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        exit(EX_USAGE);
    struct listener listener = listener_open(&options);
    listener_announce(&listener);
    accept_all(listener.fd);
    while (echo(connections[turn]))
        turn = (turn + 1) % count;
    return EXIT_SUCCESS;
}
