/*
 * server: start a command, watch its process, stop it.
 *
 * The command is split into words as a shell does it, by wordexp(3), with
 * quotes and $VARIABLES but without running any other command: no shell stands
 * between the suite and the server, so the process that is started is the
 * server, and its pid leads to its /proc files.
 */
#include "server.h"

#include "case.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

enum {
    SERVERS_MOST = 32,     /* in one case */
    OUTPUT_MOST = 1 << 16, /* bytes of what a server printed */
    FIRST_PORT = 12000,    /* the ephemeral range begins at 32768 */
    LAST_PORT = 31999,
    START_SECONDS = 10,
    STOP_SECONDS = 5
};

static const char *command;
static struct server servers[SERVERS_MOST];
static unsigned server_count;

void server_set_command(const char *the_command)
{
    command = the_command;
}

bool server_takes_options(void)
{
    return strstr(command, "{options}") != NULL;
}

/* An empty file without a name, opened for appending. */
static int output_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
        err(EXIT_FAILURE, "a file for the output of servers");
    return fd;
}

/*
 * The files are made before the process of the case is forked from the suite's,
 * so that both have them: the one lets its servers write them, the other shows
 * them when the case is gone.
 */
void servers_prepare(void)
{
    for (int i = 0; i < SERVERS_MOST; i++) {
        if (servers[i].out > 0) {
            close(servers[i].out);
            close(servers[i].errors);
        }
        servers[i] = (struct server){.out = output_file("stdout"),
                                     .errors = output_file("stderr")};
    }
    server_count = 0;
}

/* A copy of `text` with `word` replaced by `value` wherever it stands. */
static char *replaced(const char *text, const char *word, const char *value)
{
    char *result;
    size_t size;
    FILE *file = open_memstream(&result, &size);
    const char *found;

    if (file == NULL)
        ck_abort_msg("open_memstream: %s", strerror(errno));
    while ((found = strstr(text, word)) != NULL) {
        fwrite(text, 1, (size_t)(found - text), file);
        fputs(value, file);
        text = found + strlen(word);
    }
    fputs(text, file);
    fclose(file);
    return result;
}

/* The words of the command, ready for execvp; valid until the next call. */
static char **words_of_command(int port, const char *options)
{
    static wordexp_t words;
    char port_text[16];
    char *with_port, *with_both;

    snprintf(port_text, sizeof(port_text), "%d", port);
    with_port = replaced(command, "{port}", port_text);
    with_both = replaced(with_port, "{options}", options);
    if (wordexp(with_both, &words, WRDE_NOCMD | WRDE_UNDEF | WRDE_REUSE) != 0)
        ck_abort_msg("can't split this command into words: %s", with_both);
    free(with_port);
    free(with_both);
    return words.we_wordv;
}

/* In the process that becomes the server. */
static _Noreturn void become_server(const struct server *server, char **words,
                                    pid_t parent, int descriptors)
{
    struct rlimit limit = {(rlim_t)descriptors, (rlim_t)descriptors};
    int null = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE); /* it was gone before we asked for the signal */
    dup2(null, STDIN_FILENO);
    dup2(server->out, STDOUT_FILENO);
    dup2(server->errors, STDERR_FILENO);
    /* The server must find no descriptors but these three, and must find
       SIGPIPE deadly, as every program does. */
    close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    signal(SIGPIPE, SIG_DFL);
    if (descriptors != 0 && setrlimit(RLIMIT_NOFILE, &limit) < 0)
        err(EXIT_FAILURE, "setrlimit");
    execvp(words[0], words);
    err(127, "%s", words[0]);
}

/* The address `host` (NULL: 127.0.0.1) and `port` in binary. */
static void set_address(struct server *server, const char *host, int port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port_text[16];
    int error;

    snprintf(port_text, sizeof(port_text), "%d", port);
    error = getaddrinfo(host != NULL ? host : "127.0.0.1", port_text, &hints,
                        &found);
    if (error != 0)
        ck_abort_msg("%s: %s", host, gai_strerror(error));
    memcpy(&server->address, found->ai_addr, found->ai_addrlen);
    server->address_length = found->ai_addrlen;
    server->port = port;
    freeaddrinfo(found);
}

struct server *server_spawn(struct server_setup setup)
{
    const char *options = setup.options != NULL ? setup.options : "";
    struct server *server;
    char **words;
    pid_t parent = getpid();

    ck_assert_msg(server_count < SERVERS_MOST, "too many servers in a case");
    server = &servers[server_count++];
    set_address(server, setup.address,
                setup.port != 0 ? setup.port : server_free_port());
    words = words_of_command(server->port, options);
    server->pid = fork();
    if (server->pid < 0)
        ck_abort_msg("fork: %s", strerror(errno));
    if (server->pid == 0)
        become_server(server, words, parent, setup.descriptors);
    return server;
}

struct server *server_start_with(struct server_setup setup)
{
    struct server *server = server_spawn(setup);

    server_await(server);
    return server;
}

struct server *server_start(const char *options)
{
    return server_start_with((struct server_setup){.options = options});
}

struct server *server_start_counted(const char *options,
                                    const struct counters **counts)
{
    char path[] = "/tmp/conformance-XXXXXX", all[128];
    int file = mkstemp(path);
    struct server *server;

    if (file < 0)
        ck_abort_msg("%s: %s", path, strerror(errno));
    close(file);
    snprintf(all, sizeof(all), "%s --counters=%s", options, path);
    server = server_start(all);
    *counts = counters_map(path);
    unlink(path);
    ck_assert_ptr_nonnull(*counts);
    return server;
}

void server_await_count(const uint64_t *count, uint64_t expected)
{
    double deadline = now() + 10;

    while (*(const volatile uint64_t *)count != expected) {
        ck_assert_msg(now() < deadline, "a count is %llu, not %llu",
                      (unsigned long long)*count, (unsigned long long)expected);
        pause_for(0.005);
    }
}

/*
 * Connect once.  When that succeeds, end the connection and wait a moment for
 * the server to end it, so that the case finds a server with no connections.
 */
static bool server_answers(const struct server *server)
{
    struct timeval second = {.tv_sec = 1};
    int fd = socket(server->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected;
    char byte;

    if (fd < 0)
        ck_abort_msg("socket: %s", strerror(errno));
    connected = connect(fd, (const struct sockaddr *)&server->address,
                        server->address_length) == 0;
    if (connected) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
        shutdown(fd, SHUT_WR);
        if (recv(fd, &byte, 1, 0) > 0)
            ck_abort_msg("the server speaks before it is spoken to");
    }
    close(fd);
    return connected;
}

/* How a process ended, in words. */
static const char *status_text(int status)
{
    static char text[64];

    if (WIFSIGNALED(status))
        snprintf(text, sizeof(text), "killed by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
    return text;
}

void server_await(struct server *server)
{
    double deadline = now() + START_SECONDS;

    do {
        server_assert_running(server);
        if (server_answers(server))
            return;
        pause_for(0.005);
    } while (now() < deadline);
    ck_abort_msg("nobody answers on port %d after %d seconds", server->port,
                 START_SECONDS);
}

/* Can a server without SO_REUSEADDR be bound to this port, on any address? */
static bool port_is_free(int port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in address4 = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int only = 1;
    bool is_free;

    is_free = bind(fd, (struct sockaddr *)&address4, sizeof(address4)) == 0;
    /* A machine without IPv6 has no second socket, and nobody listens there. */
    if (is_free && fd6 >= 0) {
        setsockopt(fd6, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
        is_free = bind(fd6, (struct sockaddr *)&address, sizeof(address)) == 0;
    }
    close(fd);
    if (fd6 >= 0)
        close(fd6);
    return is_free;
}

/*
 * Several suites may run at the same moment, so the ports are drawn at random,
 * and not from --seed: what is free now was perhaps not free the last time.
 */
int server_free_port(void)
{
    struct timespec time;
    unsigned short state[3];

    clock_gettime(CLOCK_REALTIME, &time);
    state[0] = (unsigned short)getpid();
    state[1] = (unsigned short)time.tv_nsec;
    state[2] = (unsigned short)(time.tv_nsec >> 16);
    for (int tries = 0; tries < 1000; tries++) {
        int port =
            FIRST_PORT + (int)(nrand48(state) % (LAST_PORT - FIRST_PORT + 1));

        if (port_is_free(port))
            return port;
    }
    ck_abort_msg("no free port in %d..%d", FIRST_PORT, LAST_PORT);
    return -1;
}

bool server_is_running(struct server *server)
{
    pid_t pid;

    if (server->ended)
        return false;
    pid = waitpid(server->pid, &server->status, WNOHANG);
    server->ended = pid == server->pid;
    return !server->ended;
}

void server_assert_running(struct server *server)
{
    if (!server_is_running(server))
        ck_abort_msg("the server has ended: %s", status_text(server->status));
}

/* Wait at most so many seconds for the end of the process. */
static bool ends_within(struct server *server, double seconds)
{
    double deadline = now() + seconds;

    while (server_is_running(server)) {
        if (now() > deadline)
            return false;
        pause_for(0.005);
    }
    return true;
}

int server_wait(struct server *server, double seconds)
{
    if (!ends_within(server, seconds))
        ck_abort_msg("the server still runs after %.1f seconds", seconds);
    if (!WIFEXITED(server->status))
        ck_abort_msg("the server was %s", status_text(server->status));
    return WEXITSTATUS(server->status);
}

void server_freeze(struct server *server)
{
    int status;

    kill(server->pid, SIGSTOP);
    if (waitpid(server->pid, &status, WUNTRACED) == server->pid &&
        WIFSTOPPED(status))
        return;
    server->ended = true;
    server->status = status;
    ck_abort_msg("the server has ended: %s", status_text(status));
}

void server_thaw(struct server *server)
{
    kill(server->pid, SIGCONT);
}

/* What is in the file, as a string of at most OUTPUT_MOST bytes. */
static const char *contents(int fd, char *text)
{
    ssize_t length = pread(fd, text, OUTPUT_MOST, 0);

    text[length < 0 ? 0 : length] = '\0';
    return text;
}

const char *server_out(const struct server *server)
{
    static char text[OUTPUT_MOST + 1];

    return contents(server->out, text);
}

const char *server_errors(const struct server *server)
{
    static char text[OUTPUT_MOST + 1];

    return contents(server->errors, text);
}

double server_cpu_seconds(const struct server *server)
{
    clockid_t clock;
    struct timespec time;
    int error = clock_getcpuclockid(server->pid, &clock);

    if (error != 0 || clock_gettime(clock, &time) < 0)
        ck_abort_msg("no CPU clock of the server: is it gone?");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void server_assert_quiet(const struct server *server, double seconds)
{
    double before = server_cpu_seconds(server), used;

    pause_for(seconds);
    used = server_cpu_seconds(server) - before;
    ck_assert_msg(used < seconds / 10,
                  "nothing to do, but %.2f s of CPU time in %.1f s", used,
                  seconds);
}

/*
 * The number behind `label` in /proc/PID/`file`, which tells it in KiB, in
 * bytes.
 */
static size_t proc_bytes(const struct server *server, const char *file,
                         const char *label)
{
    char path[64], line[256];
    unsigned long kib = 0;
    bool found = false;
    FILE *stream;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)server->pid, file);
    stream = fopen(path, "re");
    ck_assert_msg(stream != NULL, "%s: %s", path, strerror(errno));
    while (!found && fgets(line, sizeof(line), stream) != NULL) {
        found = strncmp(line, label, strlen(label)) == 0;
        if (found)
            kib = strtoul(line + strlen(label), NULL, 10);
    }
    fclose(stream);
    if (!found)
        ck_abort_msg("%s has no line \"%s\"", path, label);
    return kib * 1024;
}

/* smaps_rollup walks the pages; VmRSS and its like in status are estimates. */
size_t server_memory(const struct server *server)
{
    return proc_bytes(server, "smaps_rollup", "Anonymous:");
}

/* The shadow memory of ASan and its kin takes terabytes of addresses. */
bool server_is_sanitized(const struct server *server)
{
    return proc_bytes(server, "status", "VmSize:") > (size_t)4 << 40;
}

unsigned server_descriptors(const struct server *server)
{
    char path[64];
    unsigned count = 0;
    const struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
    directory = opendir(path);
    if (directory == NULL)
        ck_abort_msg("%s: %s", path, strerror(errno));
    while ((entry = readdir(directory)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

void server_await_descriptors(struct server *server, unsigned count)
{
    double deadline = now() + 10;
    unsigned have;

    while ((have = server_descriptors(server)) > count) {
        server_assert_running(server);
        if (now() > deadline)
            ck_abort_msg("the server keeps %u descriptors open, not %u", have,
                         count);
        pause_for(0.01);
    }
}

/* A leak checker runs when the process exits, so it gets the time to exit. */
static void finish(struct server *server)
{
    if (!server->ended) {
        server_assert_running(server);
        kill(server->pid, SIGTERM);
        if (!ends_within(server, STOP_SECONDS))
            kill(server->pid, SIGKILL);
        ends_within(server, STOP_SECONDS);
    }
    if (strstr(server_errors(server), "Sanitizer") != NULL ||
        strstr(server_errors(server), "runtime error:") != NULL)
        ck_abort_msg("a sanitizer has found something in the server");
}

void servers_finish(void)
{
    for (unsigned i = 0; i < server_count; i++)
        finish(&servers[i]);
}

/* The text, if there is any, each line behind a label. */
static void show(FILE *file, const char *label, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        fprintf(file, "    %s: %.*s\n", label, (int)length, text);
        text += length;
        text += *text == '\n';
    }
}

void servers_show_output(FILE *file)
{
    for (int i = 0; i < SERVERS_MOST; i++) {
        show(file, "server's stdout", server_out(&servers[i]));
        show(file, "server's stderr", server_errors(&servers[i]));
    }
}
