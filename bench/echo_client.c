/*
 * echo_client: show that a server waits for many clients at once.
 *
 * It opens ten connections and says something on *all* of them before it
 * listens to any reply.  A server that waits for one client at a time would
 * hear the first only; one that waits for all of them answers everybody, in
 * whatever order it finds them ready.  Then each reply is read and compared.
 *
 * The client needs no readiness notification itself: it knows what it waits
 * for, one reply after the other, and so its sockets simply block.
 *
 * To try it:
 *     select_server --verbose
 *     echo_client                          (in a second terminal)
 *     echo_client --connections=3 Hello "Are you there?"
 */
#include "options.h"

#include <argp.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    PATIENCE_SECONDS = 3,   /* for a server that is silent */
    ARGUMENT_MAX = 1 << 17, /* no argument is longer: execve(2), Linux */
    SHOWN = 40,             /* of a message, in a line of the output */
};

/* One of the clients that we play. */
struct client {
    int fd;
    char name[NI_MAXHOST + NI_MAXSERV]; /* as a verbose server calls it */
    char *said;                         /* what the reply must be */
};

static const char *address = "127.0.0.1";
static const char *port = "10001";
static int count = 10;
static char **arguments; /* what to say; NULL: the phrases below */

static const char *const phrases[] = {
    "Is anybody there?",
    "We all talk at once.",
    "Goodbye!",
};

static const struct argp_option known_options[] = {
    {"address", 'a', "ADDR", 0, "Connect to this address or name (127.0.0.1)",
     0},
    {"port", 'p', "PORT", 0, "Connect to this port (10001)", 0},
    {"connections", 'n', "N", 0, "Open N connections, 1 to 1000 (10)", 0},
    {0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        /* getopt(3) says in one line what is wrong; argp would add a second. */
        state->err_stream = NULL;
        return 0;
    case 'a':
        address = text;
        return 0;
    case 'p':
        options_number("--port", text, 1, 65535);
        port = text;
        return 0;
    case 'n':
        count = (int)options_number("--connections", text, 1, 1000);
        return 0;
    case ARGP_KEY_ARGS:
        arguments = state->argv + state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/*
 * No call may wait for ever, and no send may wait for us to read: the send
 * buffer holds the longest message there can be, whatever the server does.
 */
static void set_up(int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    const int size = ARGUMENT_MAX;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* A connection to the first address of the server that works. */
static int connect_to_server(void)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int error = getaddrinfo(address, port, &hints, &list);

    if (error != 0)
        errx(EXIT_FAILURE, "--address=%s: %s", address, gai_strerror(error));
    for (struct addrinfo *to = list; to != NULL; to = to->ai_next) {
        int fd = socket(to->ai_family, to->ai_socktype, to->ai_protocol);
        if (fd == -1)
            err(EXIT_FAILURE, "socket");
        set_up(fd);
        if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) {
            freeaddrinfo(list);
            return fd;
        }
        close(fd);
    }
    err(EXIT_FAILURE, "cannot connect to --address=%s --port=%s", address,
        port);
}

static void client_open(struct client *client)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof(own);
    char host[NI_MAXHOST], service[NI_MAXSERV];

    client->fd = connect_to_server();
    getsockname(client->fd, (struct sockaddr *)&own, &length);
    getnameinfo((struct sockaddr *)&own, length, host, sizeof(host), service,
                sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(client->name, sizeof(client->name),
             own.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}

/* A line like: 127.0.0.1:40222 sent     "Is anybody there? 1" */
static void show(const struct client *client, const char *verb,
                 const char *text, size_t length)
{
    printf("%s %-8s \"", client->name, verb);
    for (size_t i = 0; i < length && i < SHOWN; i++)
        putchar(text[i] >= ' ' && text[i] <= '~' ? text[i] : '.');
    printf(length > SHOWN ? "...\" (%zu bytes)\n" : "\"\n", length);
}

static void say(struct client *client, const char *text)
{
    size_t length = strlen(text);
    size_t sent = 0;

    while (sent < length) {
        ssize_t n = send(client->fd, text + sent, length - sent, MSG_NOSIGNAL);
        if (n == -1)
            err(EXIT_FAILURE, "%s cannot send", client->name);
        sent += (size_t)n;
    }
    show(client, "sent", text, length);
}

/*
 * Read up to `length` bytes, all that were asked for unless the server ends
 * the stream before.  Returns how many came.
 */
static size_t hear(const struct client *client, char *text, size_t length)
{
    size_t received = 0;
    ssize_t n = 1;

    while (received < length && n > 0) {
        n = recv(client->fd, text + received, length - received, 0);
        if (n == -1 && errno == EAGAIN)
            errx(EXIT_FAILURE, "%s waited %d s, and the server was silent",
                 client->name, PATIENCE_SECONDS);
        if (n == -1)
            err(EXIT_FAILURE, "%s cannot receive", client->name);
        received += (size_t)n;
    }
    return received;
}

/* Read the reply and compare it with what was said: is it an echo? */
static bool hear_echo(struct client *client)
{
    size_t length = strlen(client->said);
    char *text = malloc(length + 1);

    if (text == NULL)
        err(EXIT_FAILURE, "malloc");
    size_t received = hear(client, text, length);
    bool same = received == length && memcmp(text, client->said, length) == 0;
    show(client, "received", text, received);
    if (!same)
        warnx("%s did not receive what it sent", client->name);
    free(text);
    free(client->said);
    return same;
}

/* Nothing more will be said: now the server must end the stream, too. */
static bool hear_end(struct client *client)
{
    char byte;

    shutdown(client->fd, SHUT_WR);
    bool ended = hear(client, &byte, 1) == 0;
    if (!ended)
        warnx("%s received more than it sent", client->name);
    close(client->fd);
    return ended;
}

/* Message number `round` of client `i`: an argument, or a numbered phrase. */
static char *make_message(int round, int i)
{
    char *text;

    if (arguments != NULL)
        text = strdup(arguments[round]);
    else if (asprintf(&text, "%s %d", phrases[round], round * count + i + 1) <
             0)
        text = NULL;
    if (text == NULL)
        err(EXIT_FAILURE, "no memory for a message");
    return text;
}

/* All speak, and only then all listen.  Returns how many heard their echo. */
static int talk(struct client *clients, int round)
{
    int right = 0;

    for (int i = 0; i < count; i++) {
        clients[i].said = make_message(round, i);
        say(&clients[i], clients[i].said);
    }
    for (int i = 0; i < count; i++)
        right += hear_echo(&clients[i]);
    return right;
}

static int number_of_rounds(void)
{
    int rounds = 0;

    if (arguments == NULL)
        return sizeof(phrases) / sizeof(phrases[0]);
    while (arguments[rounds] != NULL)
        rounds++;
    return rounds;
}

int main(int argc, char *argv[])
{
    static const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .args_doc = "[MESSAGE...]",
        .doc = "Say each MESSAGE on all of N connections to an echo server "
               "before any reply is read; then read and compare them all.",
    };
    int right = 0;
    int ended = 0;

    argp_program_version = "echo_client " FOUR_WAYS_VERSION;
    if (argp_parse(&argp, argc, argv, 0, NULL, NULL) != 0)
        exit(EX_USAGE);
    struct client *clients = calloc((size_t)count, sizeof(*clients));
    if (clients == NULL)
        err(EXIT_FAILURE, "calloc");
    setlinebuf(stdout); /* so that errors stand where they happened */

    for (int i = 0; i < count; i++)
        client_open(&clients[i]);
    for (int round = 0; round < number_of_rounds(); round++)
        right += talk(clients, round);
    for (int i = 0; i < count; i++)
        ended += hear_end(&clients[i]);
    free(clients);

    int sent = count * number_of_rounds();
    printf("%d of %d messages came back unchanged\n", right, sent);
    return right == sent && ended == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
