/*
 * server: start a command, find the process that serves, watch it, stop it.
 */
#include "server.h"

#include "case.h"
#include "client.h"
#include "command.h"
#include "process.h"
#include "startup.h"
#include "words.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SERVERS_MOST = 32,     /* in one case */
    OUTPUT_ROOM = 1 << 24, /* bytes that a server may print to each file, */
    OUTPUT_MOST = 1 << 16, /* and those that a case reads of it */
    SHOWN_FIRST = 10,      /* lines of it that are shown, */
    SHOWN_LAST = 10,       /* at its beginning and its end, */
    SHOWN_MOST = 20,       /* together, or of a sanitizer's report, */
    SHOWN_WIDTH = 300,     /* and bytes of each */
    FIRST_PORT = 12000,    /* the ephemeral range begins at 32768 */
    LAST_PORT = 31999,
    STOP_SECONDS = 5,
    START_FACTOR = 6 /* by default a minute: npm, a JVM, a first compilation */
};

static struct server servers[SERVERS_MOST];
static unsigned server_count;

/* As long as a server takes to end when its connections are gone already. */
static const double END_SECONDS = 0.2;

bool server_takes_options(void)
{
    return command_takes_options();
}

/* memfd_create(2) may be refused in a container; then it is a file in /tmp. */
int server_output_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    FILE *file;

    if (fd < 0 && (file = tmpfile()) != NULL) {
        fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
        fclose(file);
    }
    if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
        err(EXIT_FAILURE, "a file for the output of servers");
    return fd;
}

/*
 * A file as large as it may become, for a server that prints without end would
 * fill the memory: after so many bytes a write fails (EPERM).  What was never
 * written is a hole.  A file that can't be sealed stays as it is.
 */
static int bounded_file(const char *name)
{
    int fd = server_output_file(name);

    if (ftruncate(fd, OUTPUT_ROOM) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0)
        return ftruncate(fd, 0) < 0 ? -1 : fd;
    fcntl(fd, F_SETFL, 0); /* without O_APPEND: begin at the beginning */
    return fd;
}

/*
 * The files are made before the process of the case is forked from the
 * keeper's, so that both have them: the one lets its servers write them, the
 * other shows them when the case is gone.
 */
void servers_prepare(void)
{
    for (int i = 0; i < SERVERS_MOST; i++)
        servers[i] = (struct server){.out = bounded_file("stdout"),
                                     .errors = bounded_file("stderr")};
    server_count = 0;
}

/*
 * In the process that becomes the server.  It must find no descriptors but
 * three, and SIGPIPE deadly, as every program does.  A session of its own, for
 * a script may end its whole process group: kill 0.
 */
static _Noreturn void become_server(const struct server *server, char **words,
                                    pid_t parent, struct server_setup setup)
{
    struct rlimit limit = {(rlim_t)setup.descriptors,
                           (rlim_t)setup.descriptors};
    int null = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE); /* it was gone before we asked for the signal */
    setsid();
    dup2(null, STDIN_FILENO);
    dup2(setup.out != 0 ? setup.out : server->out, STDOUT_FILENO);
    dup2(server->errors, STDERR_FILENO);
    startup_close_inherited();
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (setup.descriptors != 0 && setrlimit(RLIMIT_NOFILE, &limit) < 0)
        err(EXIT_FAILURE, "setrlimit");
    execvp(words[0], words);
    err(127, "%s", words[0]);
}

/* The address `host` (a numeric one) and `port` in binary. */
static void set_address(struct server *server, const char *host, int port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port_text[16];
    int error;

    snprintf(port_text, sizeof(port_text), "%d", port);
    error = getaddrinfo(host, port_text, &hints, &found);
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
    const char *problem;
    struct server *server;
    char **words;
    pid_t parent = getpid();

    ck_assert_msg(server_count < SERVERS_MOST, "too many servers in a case");
    server = &servers[server_count++];
    server->any_address = setup.address == NULL;
    set_address(server, setup.address != NULL ? setup.address : "127.0.0.1",
                setup.port != 0 ? setup.port : server_free_port());
    words = command_words(server->port, options, &problem);
    if (words == NULL)
        ck_abort_msg("the command can't be split into words: %s", problem);
    server->started = server->pid = fork();
    if (server->pid < 0)
        ck_abort_msg("fork: %s", strerror(errno));
    if (server->pid == 0)
        become_server(server, words, parent, setup);
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
    double deadline = now() + client_patience();

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
static bool answers(const struct server *server)
{
    struct timeval second = {.tv_sec = 1};
    int fd = socket(server->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected;
    char byte;

    if (fd < 0)
        return false;
    connected = connect(fd, (const struct sockaddr *)&server->address,
                        server->address_length) == 0;
    if (connected) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
        shutdown(fd, SHUT_WR);
        if (recv(fd, &byte, 1, 0) > 0)
            ck_abort_msg("the server sent a byte to a client that had sent "
                         "none" EXPECTED "nothing but what a client has sent");
    }
    close(fd);
    return connected;
}

/* A server that listens on "localhost" may mean ::1 by that, and only that. */
static bool answers_anywhere(struct server *server)
{
    if (answers(server))
        return true;
    if (!server->any_address)
        return false;
    set_address(server, "::1", server->port);
    if (answers(server))
        return true;
    set_address(server, "127.0.0.1", server->port);
    return false;
}

/*
 * The process that we have started may end with status 0 and leave the server
 * behind, a daemon, which is then our child: the case is a subreaper.
 */
static void assert_starting(struct server *server)
{
    const struct process *family;

    if (server_is_running(server))
        return;
    if (server->ended && server->status == 0 &&
        process_family(getpid(), &family) > server_count)
        return;
    server_assert_running(server);
}

/* Where no process can be seen to serve, it must be the one we have started. */
static void find_process(struct server *server)
{
    pid_t pid = process_that_serves(getpid(), server->started, server->port);

    if (pid <= 0 && !server_is_running(server) && server->ended)
        ck_abort_msg("the server was gone after a client had connected and "
                     "left: %s" EXPECTED
                     "it goes on and serves the next client",
                     words_status(server->status));
    if (pid <= 0)
        server_assert_running(server);
    if (pid < 0)
        ck_abort_msg("port %d is served by a process that the command has not "
                     "started, or that we can't see into",
                     server->port);
    if (pid > 0)
        server->pid = pid;
}

void server_await(struct server *server)
{
    double seconds = START_FACTOR * client_patience() * case_time_factor();
    double deadline = now() + seconds, pause = 0.005;

    case_server_starts();
    while (!answers_anywhere(server)) {
        assert_starting(server);
        if (now() > deadline)
            ck_abort_msg("no connection to port %d in %g s" EXPECTED
                         "a server that listens on the port it is given",
                         server->port, seconds);
        pause_for(pause);
        pause = pause < 0.1 ? pause * 1.2 : pause;
    }
    find_process(server);
    case_server_has_started();
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
 * Keep the port from all other cases, of this suite and of others that run at
 * the same moment, until this process ends: by a Unix socket with an abstract
 * name (unix(7)), which exists once in each network namespace, as a port does.
 */
static bool reserve(int port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
                          "four-ways-conformance-%d", port);

    if (fd < 0)
        return true;
    if (bind(fd, (struct sockaddr *)&name,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
                 (socklen_t)length) == 0)
        return true;
    close(fd);
    return false;
}

/* At random, and not from --seed: what was free then may not be free now. */
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

        if (reserve(port) && port_is_free(port))
            return port;
    }
    ck_abort_msg("no free port in %d..%d", FIRST_PORT, LAST_PORT);
    return -1;
}

/* A shell or a sandbox ends with 128 + N when signal N has ended the server. */
static int status_behind(int status)
{
    int number = WIFEXITED(status) ? WEXITSTATUS(status) - 128 : 0;

    return number > 0 && number <= SIGRTMAX ? W_EXITCODE(0, number) : status;
}

/* Take the status of what we have started, if it has ended. */
static void reap(struct server *server)
{
    int status;

    if (!server->ended &&
        waitpid(server->started, &status, WNOHANG) == server->started) {
        server->ended = true;
        server->status =
            server->pid == server->started ? status : status_behind(status);
    }
    /* A daemon: its status is the one that counts. */
    if (server->ended && server->pid != server->started &&
        waitpid(server->pid, &status, WNOHANG) == server->pid)
        server->status = status;
}

bool server_is_running(struct server *server)
{
    reap(server);
    return server->pid == server->started ? !server->ended
                                          : process_is_alive(server->pid);
}

/* What has started the server tells how it ended, a moment later. */
static void await_status(struct server *server)
{
    double deadline = now() + END_SECONDS;

    while (!server->ended && now() < deadline) {
        pause_for(0.005);
        reap(server);
    }
}

void server_assert_running(struct server *server)
{
    if (server_is_running(server))
        return;
    await_status(server);
    ck_abort_msg("the server was gone: %s" EXPECTED
                     "a server that goes on running",
                     server->ended ? words_status(server->status)
                                   : "what started it still runs");
}

/* Wait at most so many seconds for the end of the process that serves. */
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

/* The status is that of the process we have started, which ends a bit later. */
int server_wait(struct server *server, double seconds)
{
    double deadline = now() + seconds;

    if (!ends_within(server, seconds))
        ck_abort_msg("the server was still running after %g s" EXPECTED
                     "the server ends",
                     seconds);
    while (!server->ended) {
        reap(server);
        if (now() > deadline)
            ck_abort_msg("the server has ended, but not what started it");
        pause_for(0.005);
    }
    if (!WIFEXITED(server->status))
        ck_abort_msg("the server was %s" EXPECTED "it ends by itself",
                     words_status(server->status));
    return WEXITSTATUS(server->status);
}

/* Stop those that have not stopped yet.  Returns how many these are. */
static size_t stop_family(pid_t pid)
{
    const struct process *family;
    size_t count = process_family(pid, &family), left = 0;

    for (size_t i = 0; i < count; i++) {
        if (process_is_stopped(family[i].pid))
            continue;
        kill(family[i].pid, SIGSTOP);
        left++;
    }
    return left;
}

void server_freeze(struct server *server)
{
    double deadline = now() + STOP_SECONDS;

    while (stop_family(server->pid) > 0) {
        server_assert_running(server);
        ck_assert_msg(now() < deadline, "the server does not stop");
        pause_for(0.0005);
    }
    server_assert_running(server);
}

void server_thaw(struct server *server)
{
    const struct process *family;
    size_t count = process_family(server->pid, &family);

    for (size_t i = 0; i < count; i++)
        kill(family[i].pid, SIGCONT);
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
    const struct process *family;
    size_t count = process_family(server->pid, &family);
    double seconds = 0;

    if (count == 0)
        ck_abort_msg("no CPU time of the server: is it gone?");
    for (size_t i = 0; i < count; i++)
        seconds += family[i].cpu_seconds;
    return seconds;
}

void server_assert_quiet(const struct server *server, double seconds)
{
    double before = server_cpu_seconds(server), used;

    pause_for(seconds);
    used = server_cpu_seconds(server) - before;
    ck_assert_msg(used < seconds / 10,
                  "the server had nothing to do, but used %.2f s of CPU time "
                  "in %g s" EXPECTED "a server that sleeps until it can do "
                  "something",
                  used, seconds);
}

size_t server_memory(const struct server *server)
{
    const struct process *family;
    size_t count = process_family(server->pid, &family), bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += process_memory(family[i].pid);
    if (bytes == 0)
        ck_abort_msg("no memory of the server in /proc: is it gone?");
    return bytes;
}

/* The shadow memory of ASan and its kin takes terabytes of addresses. */
bool server_is_sanitized(const struct server *server)
{
    return process_address_space(server->pid) > (size_t)4 << 40;
}

unsigned server_descriptors(const struct server *server)
{
    const struct process *family;
    size_t count = process_family(server->pid, &family);
    unsigned descriptors = 0;

    for (size_t i = 0; i < count; i++)
        descriptors += process_descriptors(family[i].pid);
    if (descriptors == 0)
        ck_abort_msg("no descriptors of the server in /proc: is it gone?");
    return descriptors;
}

void server_await_descriptors(struct server *server, unsigned count)
{
    double deadline = now() + client_patience(), pause = 0.005;
    unsigned have;

    while ((have = server_descriptors(server)) > count) {
        server_assert_running(server);
        if (now() > deadline)
            ck_abort_msg(
                "%s descriptors were still open in the server %g s "
                "after the clients had left" EXPECTED "%s, as before they came",
                words_number(have), client_patience(), words_number(count));
        pause_for(pause);
        pause = pause < 0.1 ? pause * 1.2 : pause;
    }
}

/* AddressSanitizer reports an error and then ends the server: let it finish. */
static void let_it_report(struct server *server)
{
    if (strstr(server_errors(server), "AddressSanitizer") != NULL)
        ends_within(server, STOP_SECONDS);
}

/* A leak checker runs when the process exits, so it gets the time to exit. */
static void finish(struct server *server)
{
    let_it_report(server);
    if (!server->ended || server_is_running(server)) {
        server_assert_running(server);
        server->stopped = true;
        kill(server->pid, SIGTERM);
        if (!ends_within(server, STOP_SECONDS))
            kill(server->pid, SIGKILL);
        ends_within(server, STOP_SECONDS);
    }
    if (strstr(server_errors(server), "Sanitizer") != NULL ||
        strstr(server_errors(server), "runtime error:") != NULL)
        ck_abort_msg("a sanitizer found an error in the server (see its "
                     "stderr)" EXPECTED "no error");
}

void servers_finish(void)
{
    for (unsigned i = 0; i < server_count; i++)
        finish(&servers[i]);
}

/* It is late to look only when the client noticed first. */
const char *servers_how_ended(void)
{
    const double deadline = now() + END_SECONDS;

    do {
        for (unsigned i = 0; i < server_count; i++) {
            struct server *server = &servers[i];

            if (server->stopped || server_is_running(server))
                continue;
            await_status(server);
            return server->ended ? words_status(server->status) : "gone";
        }
        pause_for(0.01);
    } while (now() < deadline);
    return "";
}

static unsigned count_lines(const char *text, size_t length)
{
    unsigned lines = 0;

    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines + (length > 0 && text[length - 1] != '\n');
}

/* The number of the line where a sanitizer's report begins; -1 if none does. */
static int line_of_report(const char *text, size_t size)
{
    static const char *const words[] = {"ERROR: ", "runtime error: "};

    for (int i = 0; i < 2; i++) {
        const char *found = memmem(text, size, words[i], strlen(words[i]));

        if (found != NULL && (i == 1 || memmem(text, size, "Sanitizer", 9)))
            return (int)count_lines(text, (size_t)(found - text) + 1) - 1;
    }
    return -1;
}

/* A line behind a label, cut short if it is very long. */
static void show_line(FILE *file, const char *label, const char *line,
                      size_t length)
{
    fprintf(file, "%s: %.*s%s\n", label,
            (int)(length < SHOWN_WIDTH ? length : SHOWN_WIDTH), line,
            length < SHOWN_WIDTH ? "" : "...");
}

/*
 * Some lines of the text, each behind a label: those of a sanitizer's report,
 * or the first ones and the last ones.
 */
static void show(FILE *file, const char *label, const char *text, size_t size)
{
    unsigned lines = count_lines(text, size), first = SHOWN_FIRST, behind;
    int report = line_of_report(text, size);
    const char *end = text + size;

    behind = lines > SHOWN_MOST ? lines - SHOWN_LAST : first;
    if (report >= 0) {
        first = 0;
        behind = (unsigned)report;
    }
    for (unsigned i = 0; i < lines; i++) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));

        if (line_end == NULL)
            line_end = end;
        if (i == first && behind > first + 1)
            fprintf(file, "%s: ... %u lines left out ...\n", label,
                    behind - first);
        if (i < first || (i >= behind && i < behind + SHOWN_MOST))
            show_line(file, label, text, (size_t)(line_end - text));
        text = line_end + (line_end < end);
    }
}

/* How much of the text was written: NULs are what is left of a page. */
static size_t written(const char *text, size_t size)
{
    while (size > 0 && text[size - 1] == '\0')
        size--;
    return size;
}

static void show_file(FILE *file, const char *label, int fd)
{
    off_t size = lseek(fd, 0, SEEK_HOLE);
    char *text;

    if (size <= 0)
        return;
    text = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (text == MAP_FAILED)
        return;
    show(file, label, text, written(text, (size_t)size));
    munmap(text, (size_t)size);
}

void servers_show_output(FILE *file)
{
    for (int i = 0; i < SERVERS_MOST; i++) {
        show_file(file, "stdout", servers[i].out);
        show_file(file, "stderr", servers[i].errors);
    }
}
