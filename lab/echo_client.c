/*
 * echo_client: show that a server waits for many clients at once.
 *
 * It opens ten connections and sends a message on *all* of them before it
 * reads any reply.  A server that serves one client at a time would answer the
 * first connection only; one that waits for all of them answers each, in
 * whatever order it finds them ready.  Then each reply is read and compared.
 *
 * The client needs no readiness notification itself: it reads one reply after
 * the other, in a fixed order, so its sockets can simply block.
 *
 * To try it:
 *     select_server/select_server --verbose
 *     ./echo_client                        (in a second terminal)
 *     ./echo_client --connections=3 Hello "Are you there?"
 */
#include "options.h"
#include "startup.h"

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
    PATIENCE_SECONDS = 3,   /* without a reply, before we give up */
    ARGUMENT_MAX = 1 << 17, /* no argument is longer: execve(2), Linux */
    SHOWN = 40,             /* of a message, in a line of the output */
};

/* To the server, each is a client of its own. */
struct connection {
    int fd;
    char name[NI_MAXHOST + NI_MAXSERV]; /* as a verbose server calls it */
    char *said;                         /* what the reply must be */
};

static const char *address = "127.0.0.1";
static const char *port = "10001";
static int count = 10;

/* What to send, up to a NULL: these, each with a number, or the arguments. */
static char *phrases[] = {
    "Is anybody there?",
    "We all talk at once.",
    "Goodbye!",
    NULL,
};
static char **messages = phrases;

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
        messages = state->argv + state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/*
 * No call may block forever, and no send may block until we read: the send
 * buffer has room for the longest message, whatever the server does.
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
            continue; /* a family that this machine doesn't have, say */
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

static void open_connection(struct connection *connection)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof(own);
    char host[NI_MAXHOST], service[NI_MAXSERV];

    connection->fd = connect_to_server();
    getsockname(connection->fd, (struct sockaddr *)&own, &length);
    getnameinfo((struct sockaddr *)&own, length, host, sizeof(host), service,
                sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(connection->name, sizeof(connection->name),
             own.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}

/* A line like: 127.0.0.1:40222 sent     "Is anybody there? 1" */
static void show(const struct connection *connection, const char *verb,
                 const char *text, size_t length)
{
    printf("%s %-8s \"", connection->name, verb);
    for (size_t i = 0; i < length && i < SHOWN; i++)
        putchar(text[i] >= ' ' && text[i] <= '~' ? text[i] : '.');
    printf(length > SHOWN ? "...\" (%zu bytes)\n" : "\"\n", length);
}

static void say(struct connection *connection, const char *text)
{
    size_t length = strlen(text);
    size_t sent = 0;

    while (sent < length) {
        ssize_t n =
            send(connection->fd, text + sent, length - sent, MSG_NOSIGNAL);
        if (n == -1)
            err(EXIT_FAILURE, "%s cannot send", connection->name);
        sent += (size_t)n;
    }
    show(connection, "sent", text, length);
}

/*
 * Read up to `length` bytes, all that were asked for unless the server ends
 * the stream before.  Returns how many came.
 */
static size_t hear(const struct connection *connection, char *text,
                   size_t length)
{
    size_t received = 0;
    ssize_t n = 1;

    while (received < length && n > 0) {
        n = recv(connection->fd, text + received, length - received, 0);
        if (n == -1 && errno == EAGAIN)
            errx(EXIT_FAILURE, "%s waited %d s, and the server was silent",
                 connection->name, PATIENCE_SECONDS);
        if (n == -1)
            err(EXIT_FAILURE, "%s cannot receive", connection->name);
        received += (size_t)n;
    }
    return received;
}

/* Read the reply and compare it with what was sent: is it an echo? */
static bool hear_echo(struct connection *connection)
{
    size_t length = strlen(connection->said);
    char *text = malloc(length + 1);

    if (text == NULL)
        err(EXIT_FAILURE, "malloc");
    size_t received = hear(connection, text, length);
    bool same =
        received == length && memcmp(text, connection->said, length) == 0;
    show(connection, "received", text, received);
    if (!same)
        warnx("%s did not receive what it sent", connection->name);
    free(text);
    free(connection->said);
    return same;
}

/* We have sent everything: now the server must end its stream, too. */
static bool hear_end(struct connection *connection)
{
    char byte;

    shutdown(connection->fd, SHUT_WR);
    bool ended = hear(connection, &byte, 1) == 0;
    if (!ended)
        warnx("%s received more than it sent", connection->name);
    close(connection->fd);
    return ended;
}

/* What connection `i` sends in this round; numbered phrases all differ. */
static char *make_message(int round, int i)
{
    char *text;

    if (messages != phrases)
        text = strdup(messages[round]);
    else if (asprintf(&text, "%s %d", phrases[round], round * count + i + 1) ==
             -1)
        text = NULL;
    if (text == NULL)
        err(EXIT_FAILURE, "no memory for a message");
    return text;
}

/* Send on all, and only then receive on all.  Returns how many echoes came. */
static int talk(struct connection *connections, int round)
{
    int right = 0;

    for (int i = 0; i < count; i++) {
        connections[i].said = make_message(round, i);
        say(&connections[i], connections[i].said);
    }
    for (int i = 0; i < count; i++)
        right += hear_echo(&connections[i]);
    return right;
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
    int sent = 0;
    int right = 0;
    int ended = 0;

    startup();
    argp_program_version = "echo_client " FOUR_WAYS_VERSION;
    if (argp_parse(&argp, argc, argv, 0, NULL, NULL) != 0)
        exit(EX_USAGE);
    struct connection *connections =
        calloc((size_t)count, sizeof(*connections));
    if (connections == NULL)
        err(EXIT_FAILURE, "calloc");
    setlinebuf(stdout); /* so that errors stand where they happened */

    for (int i = 0; i < count; i++)
        open_connection(&connections[i]);
    for (int round = 0; messages[round] != NULL; round++) {
        sent += count;
        right += talk(connections, round);
    }
    for (int i = 0; i < count; i++)
        ended += hear_end(&connections[i]);
    free(connections);

    printf("%d of %d messages came back unchanged\n", right, sent);
    return right == sent && ended == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
