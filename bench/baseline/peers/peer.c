/*
 * peer: see peer.h for the idea.
 */
#include "peer.h"

#include "options.h"
#include "startup.h"

#include <argp.h>
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

enum { ERRORS = 200 }; /* more than there are: errno(3) */

static const struct argp_option known_options[] = {
    {"port", 'p', "PORT", 0,
     "Listen at this port of 127.0.0.1; 0 lets the kernel choose one (10001)",
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
    case ARGP_KEY_ARG:
        errx(EX_USAGE, "%s: not an option; see --help", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state)
{
    fprintf(stream, "%s %s\n", state->name, FOUR_WAYS_VERSION);
}

struct listener peer_open(int argc, char *argv[], const char *description)
{
    const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .doc = description,
    };
    struct options options = {
        .address = "127.0.0.1", .port = 10001, .backlog = SOMAXCONN};

    startup();
    startup_close_inherited();
    argp_program_version_hook = print_version;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        exit(EX_USAGE);
    return listener_open(&options);
}

static int failures; /* of accept, in a row */

bool peer_try_next(int error)
{
    return listener_client_is_gone(error) && ++failures < ACCEPT_BATCH;
}

void peer_accepted(void)
{
    failures = 0;
}

bool peer_client_waits(int listen_fd)
{
    struct pollfd entry = {.fd = listen_fd, .events = POLLIN};

    return poll(&entry, 1, 0) != 0;
}

void peer_tell_full(int error)
{
    static bool told[ERRORS];

    if (error >= 0 && error < ERRORS && !told[error]) {
        warnx("full (%s): new clients wait until one leaves", strerror(error));
        told[error] = true;
    }
}
