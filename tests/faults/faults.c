/*
 * faults: the system calls of a server, made to fail on a schedule.
 *
 * Some errors can't be ordered from the kernel: it interrupts, runs out of
 * memory or aborts a client when it likes.  So each server is linked a second
 * time, with this file and the linker's option --wrap=CALL, which turns every
 * call of CALL into one of __wrap_CALL, below; __real_CALL is what it was.
 * The source of the servers is the same, and no other library is involved.
 *
 * The schedule is in the environment, one or more rules with commas between:
 *
 *     FAULTS=accept4:ENOBUFS:1-3,send:short:2/2,recv:EINTR:5
 *            CALL:WHAT:WHEN
 *
 *     CALL  a function wrapped below; "wait" is all of select, poll, epoll_wait
 *     WHAT  an error, which is answered without asking the kernel; or
 *           short     recv and send: ask the kernel for SHORT bytes at most
 *           spurious  wait: all that is watched is said to be ready
 *           pause     recv: sleep for 2.5 s before it; wait: behind it.  So the
 *                     server seems stopped, but no signal interrupts anything
 *     WHEN  which of the calls, counted from 1: 5, 1-3, 4- (and all after it),
 *           and with "/2" behind it, every second of these
 *
 * When the server ends it prints, a line a rule, how often the rule was applied
 * on stderr: "faults: send:short:2/2 applied 17 of 34 times".
 *
 * Told only what the kernel could tell.  A level-triggered server may be lied
 * to: if recv says EAGAIN although bytes are there, the next wait tells of them
 * again.  For an edge-triggered one they would be lost, and rightly so, for the
 * kernel never does that.  So after a short or refused transfer the descriptor
 * is put on epoll's ready list once more, by an EPOLL_CTL_MOD that changes
 * nothing: as if the other bytes, or the room for them, had come just then.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* What a call does: nothing unusual, one of these, or a positive errno. */
enum { NO_FAULT = 0, SHORT_TRANSFER = -1, SPURIOUS = -2, PAUSE = -3 };

/* The most bytes of a short transfer. */
enum { SHORT = 7 };

struct rule {
    const char *text; /* as it stands in the schedule */
    char call[16];
    int fault;
    unsigned long first, last, every; /* which of the calls */
    unsigned long seen, applied;      /* how many there were so far */
};

enum { MOST_RULES = 20, MOST_DESCRIPTORS = 4096 };
static struct rule rules[MOST_RULES];
static unsigned rule_count;

/* What epoll was told to watch: spurious events and new edges need it. */
static struct epoll_event registered[MOST_DESCRIPTORS];
static int epoll_of_all = -1;

static bool pause_after_wait;

/* The signalfd is never said to be ready: a server ends when it is. */
static int signal_fd = -1;

/* The number of an error's name, as ENOMEM for "ENOMEM"; 0 for no error. */
static int error_of_name(const char *name)
{
    for (int error = 1; error < 200; error++) {
        const char *known = strerrorname_np(error);
        if (known != NULL && strcmp(known, name) == 0)
            return error;
    }
    return 0;
}

static int fault_of_name(const char *name)
{
    if (strcmp(name, "short") == 0)
        return SHORT_TRANSFER;
    if (strcmp(name, "spurious") == 0)
        return SPURIOUS;
    if (strcmp(name, "pause") == 0)
        return PAUSE;
    return error_of_name(name);
}

/* Read WHEN: "5", "1-3" or "4-", perhaps with "/2". */
static bool parse_when(const char *text, struct rule *rule)
{
    char *end;
    rule->first = rule->last = strtoul(text, &end, 10);
    rule->every = 1;
    if (*end == '-') {
        rule->last = strtoul(end + 1, &end, 10);
        if (rule->last == 0)
            rule->last = ULONG_MAX;
    }
    if (*end == '/')
        rule->every = strtoul(end + 1, &end, 10);
    return *end == '\0' && rule->first > 0 && rule->every > 0;
}

/* Add one rule of the schedule; `text` must last. */
static void add_rule(const char *text)
{
    char what[32], when[32];
    struct rule *rule = &rules[rule_count];
    if (rule_count == MOST_RULES ||
        sscanf(text, "%15[^:]:%31[^:]:%31s", rule->call, what, when) != 3 ||
        (rule->fault = fault_of_name(what)) == NO_FAULT ||
        !parse_when(when, rule))
        errx(EX_USAGE, "FAULTS: not a rule, or one too many: %s", text);
    rule->text = text;
    rule_count++;
}

static __attribute__((constructor)) void read_schedule(void)
{
    static char schedule[1024];
    const char *wanted = getenv("FAULTS");
    snprintf(schedule, sizeof(schedule), "%s", wanted == NULL ? "" : wanted);
    for (char *text = strtok(schedule, ","); text != NULL;
         text = strtok(NULL, ","))
        add_rule(text);
}

static __attribute__((destructor)) void tell_what_was_applied(void)
{
    for (const struct rule *rule = rules; rule < rules + rule_count; rule++)
        fprintf(stderr, "faults: %s applied %lu of %lu times\n", rule->text,
                rule->applied, rule->seen);
}

/*
 * What this call of `call` is to do.  With an error it is also put into errno,
 * so that a wrapper can answer -1 at once.
 */
static int next_fault(const char *call)
{
    int fault = NO_FAULT;
    for (struct rule *rule = rules; rule < rules + rule_count; rule++) {
        if (strcmp(rule->call, call) != 0)
            continue;
        rule->seen++;
        if (rule->seen < rule->first || rule->seen > rule->last ||
            (rule->seen - rule->first) % rule->every != 0)
            continue;
        rule->applied++;
        fault = rule->fault;
    }
    if (fault > 0)
        errno = fault;
    return fault;
}

static void pause_here(void)
{
    const struct timespec time = {.tv_sec = 2, .tv_nsec = 500000000};
    nanosleep(&time, NULL);
}

/* As next_fault, for the waits; after a pause the wait's answer is true. */
static int next_wait_fault(void)
{
    int fault = next_fault("wait");
    pause_after_wait = fault == PAUSE;
    return fault == PAUSE ? NO_FAULT : fault;
}

/* Pause, if that is the fault, and pass on the answer of the wait. */
static int after_wait(int nready)
{
    if (pause_after_wait)
        pause_here();
    return nready;
}

/* What --wrap makes of the plain functions. */
int __real_accept4(int, struct sockaddr *, socklen_t *, int);
ssize_t __real_recv(int, void *, size_t, int);
ssize_t __real_send(int, const void *, size_t, int);
int __real_select(int, fd_set *, fd_set *, fd_set *, struct timeval *);
int __real_poll(struct pollfd *, nfds_t, int);
int __real_epoll_create1(int);
int __real_epoll_ctl(int, int, int, struct epoll_event *);
int __real_epoll_wait(int, struct epoll_event *, int, int);
int __real_close(int);
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_reallocarray(void *, size_t, size_t);
int __real_socket(int, int, int);
int __real_listen(int, int);
int __real_getsockname(int, struct sockaddr *, socklen_t *);
int __real_getnameinfo(const struct sockaddr *, socklen_t, char *, socklen_t,
                       char *, socklen_t, int);
int __real_getaddrinfo(const char *, const char *, const struct addrinfo *,
                       struct addrinfo **);
int __real_sigprocmask(int, const sigset_t *, sigset_t *);
int __real_signalfd(int, const sigset_t *, int);
int __real_getrlimit(int, struct rlimit *);
int __real_setrlimit(int, const struct rlimit *);
void *__real_mmap(void *, size_t, int, int, int, off_t);
int __real_posix_fallocate(int, off_t, off_t);

/*
 * Let an edge-triggered epoll tell of the descriptor again, if it has anything
 * to tell: the rest of what we have just held back.
 */
static void make_new_edge(int fd)
{
    int error = errno;
    if (fd < MOST_DESCRIPTORS && (registered[fd].events & EPOLLET) != 0)
        __real_epoll_ctl(epoll_of_all, EPOLL_CTL_MOD, fd, &registered[fd]);
    errno = error;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length,
                   int flags)
{
    int fault = next_fault("accept4");
    if (fault == NO_FAULT)
        return __real_accept4(fd, address, length, flags);
    if (fault == EAGAIN)
        make_new_edge(fd);
    return -1;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t length, int flags)
{
    int fault = next_fault("recv");
    if (fault > 0) {
        if (fault == EAGAIN)
            make_new_edge(fd);
        return -1;
    }
    if (fault == PAUSE)
        pause_here();
    if (fault != SHORT_TRANSFER || length <= SHORT)
        return __real_recv(fd, bytes, length, flags);
    ssize_t received = __real_recv(fd, bytes, SHORT, flags);
    make_new_edge(fd);
    return received;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
    int fault = next_fault("send");
    if (fault > 0) {
        if (fault == EAGAIN)
            make_new_edge(fd);
        return -1;
    }
    if (fault == NO_FAULT || length <= SHORT)
        return __real_send(fd, bytes, length, flags);
    ssize_t sent = __real_send(fd, bytes, SHORT, flags);
    make_new_edge(fd);
    return sent;
}

int __wrap_select(int count, fd_set *readable, fd_set *writable, fd_set *others,
                  struct timeval *timeout)
{
    int fault = next_wait_fault();
    if (fault == NO_FAULT)
        return after_wait(
            __real_select(count, readable, writable, others, timeout));
    if (fault > 0) {
        /* They hold no answer: whoever looks for one here finds lies. */
        memset(readable, 0xff, sizeof(*readable));
        memset(writable, 0xff, sizeof(*writable));
        return -1;
    }

    /* The sets come with what is watched: leave them, and all is ready. */
    int nready = 0;
    FD_CLR(signal_fd, readable);
    for (int fd = 0; fd < count; fd++)
        nready += !!FD_ISSET(fd, readable) + !!FD_ISSET(fd, writable);
    return nready;
}

/*
 * Is this poll the wait of poll_server?  All servers use poll for other things
 * as well: a look at one descriptor, room on standard output, a pause.
 */
static bool is_wait(const struct pollfd *entries, nfds_t count, int timeout)
{
    bool is_look = count == 1 && timeout == 0;
    return count > 0 && !is_look && entries[0].fd > STDERR_FILENO;
}

int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout)
{
    if (!is_wait(entries, count, timeout))
        return __real_poll(entries, count, timeout);
    int fault = next_wait_fault();
    if (fault > 0)
        return -1;
    if (fault == NO_FAULT)
        return after_wait(__real_poll(entries, count, timeout));

    int nready = 0;
    for (nfds_t i = 0; i < count; i++) {
        bool left_out = entries[i].fd == signal_fd;
        entries[i].revents = left_out ? 0 : entries[i].events;
        nready += entries[i].revents != 0;
    }
    return nready;
}

int __wrap_epoll_create1(int flags)
{
    if (next_fault("epoll_create1") != NO_FAULT)
        return -1;
    epoll_of_all = __real_epoll_create1(flags);
    return epoll_of_all;
}

int __wrap_epoll_ctl(int epoll_fd, int operation, int fd,
                     struct epoll_event *event)
{
    if (next_fault("epoll_ctl") != NO_FAULT)
        return -1;
    if (fd < MOST_DESCRIPTORS)
        registered[fd] = *event;
    return __real_epoll_ctl(epoll_fd, operation, fd, event);
}

/* The kernel takes what is closed off the interest list by itself. */
int __wrap_close(int fd)
{
    if (fd >= 0 && fd < MOST_DESCRIPTORS)
        registered[fd].events = 0;
    return __real_close(fd);
}

int __wrap_epoll_wait(int epoll_fd, struct epoll_event *events, int most,
                      int timeout)
{
    int fault = next_wait_fault();
    if (fault > 0)
        return -1;
    if (fault == NO_FAULT)
        return after_wait(__real_epoll_wait(epoll_fd, events, most, timeout));

    int nready = 0;
    for (int fd = 0; fd < MOST_DESCRIPTORS && nready < most; fd++) {
        uint32_t told = registered[fd].events & (EPOLLIN | EPOLLOUT);
        if (told == 0 || fd == signal_fd)
            continue;
        events[nready] = registered[fd];
        events[nready].events = told;
        nready++;
    }
    return nready;
}

void *__wrap_malloc(size_t size)
{
    return next_fault("malloc") != NO_FAULT ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return next_fault("calloc") != NO_FAULT ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return next_fault("reallocarray") != NO_FAULT
               ? NULL
               : __real_reallocarray(old, count, size);
}

/* What is called once, when the server starts. */

int __wrap_socket(int family, int type, int protocol)
{
    return next_fault("socket") != NO_FAULT
               ? -1
               : __real_socket(family, type, protocol);
}

int __wrap_listen(int fd, int backlog)
{
    return next_fault("listen") != NO_FAULT ? -1 : __real_listen(fd, backlog);
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
    return next_fault("getsockname") != NO_FAULT
               ? -1
               : __real_getsockname(fd, address, length);
}

/* These two have errors of their own; EAI_SYSTEM says that errno knows it. */
int __wrap_getnameinfo(const struct sockaddr *address, socklen_t length,
                       char *host, socklen_t host_size, char *port,
                       socklen_t port_size, int flags)
{
    return next_fault("getnameinfo") != NO_FAULT
               ? EAI_SYSTEM
               : __real_getnameinfo(address, length, host, host_size, port,
                                    port_size, flags);
}

int __wrap_getaddrinfo(const char *host, const char *port,
                       const struct addrinfo *hints, struct addrinfo **result)
{
    return next_fault("getaddrinfo") != NO_FAULT
               ? EAI_SYSTEM
               : __real_getaddrinfo(host, port, hints, result);
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return next_fault("sigprocmask") != NO_FAULT
               ? -1
               : __real_sigprocmask(how, set, old);
}

int __wrap_signalfd(int fd, const sigset_t *signals, int flags)
{
    if (next_fault("signalfd") != NO_FAULT)
        return -1;
    signal_fd = __real_signalfd(fd, signals, flags);
    return signal_fd;
}

int __wrap_getrlimit(int resource, struct rlimit *limit)
{
    return next_fault("getrlimit") != NO_FAULT
               ? -1
               : __real_getrlimit(resource, limit);
}

int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
    return next_fault("setrlimit") != NO_FAULT
               ? -1
               : __real_setrlimit(resource, limit);
}

void *__wrap_mmap(void *wanted, size_t length, int protection, int flags,
                  int fd, off_t offset)
{
    return next_fault("mmap") != NO_FAULT
               ? MAP_FAILED
               : __real_mmap(wanted, length, protection, flags, fd, offset);
}

/* posix_fallocate(3) returns its error. */
int __wrap_posix_fallocate(int fd, off_t offset, off_t length)
{
    int fault = next_fault("posix_fallocate");
    return fault != NO_FAULT ? fault
                             : __real_posix_fallocate(fd, offset, length);
}

/*
 * With -D_FILE_OFFSET_BITS=64, meson's habit, the headers call these by other
 * names; where a long has 64 bits they are the same functions.
 */
int __wrap_getrlimit64(int, struct rlimit *)
    __attribute__((alias("__wrap_getrlimit")));
int __wrap_setrlimit64(int, const struct rlimit *)
    __attribute__((alias("__wrap_setrlimit")));
void *__wrap_mmap64(void *, size_t, int, int, int, off_t)
    __attribute__((alias("__wrap_mmap")));
int __wrap_posix_fallocate64(int, off_t, off_t)
    __attribute__((alias("__wrap_posix_fallocate")));
