/*
 * server: the program under test, seen from outside.
 *
 * The suite knows three things of a server: the command that starts it, the
 * bytes that it sends, and what /proc tells of its process.  So any server can
 * be tested, in whatever language it is written.
 *
 * Every function that can go wrong fails the case (ck_abort_msg) and does not
 * return then.  A server is stopped when its case ends, however it ends: it is
 * killed with the process of the case (PR_SET_PDEATHSIG).
 */
#ifndef CONFORMANCE_SERVER_H
#define CONFORMANCE_SERVER_H

#include "counters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

struct server {
    pid_t pid;     /* the process that serves, once it answers */
    pid_t started; /* the process that we have started: often the same one */
    int port;
    struct sockaddr_storage address; /* to connect to */
    socklen_t address_length;
    bool any_address; /* ::1 will do as well */
    bool ended;       /* `started` was waited for */
    int status;       /* then, the server's, as of waitpid(2) */
    bool stopped;     /* by us, at the end of the case */
    int out;          /* a file with what it printed on stdout */
    int errors;       /* and on stderr */
};

/* How to start a server.  What is left out (0, NULL) has its usual value. */
struct server_setup {
    const char *options; /* put in place of {options}; usually nothing */
    const char *address; /* a numeric one to connect to; usually 127.0.0.1 */
    int port;            /* put in place of {port}; usually one that is free */
    int descriptors;     /* its RLIMIT_NOFILE, soft and hard */
    int out;             /* its stdout; usually the file of server_out */
};

/* Has the command a place for options? */
bool server_takes_options(void);

/*
 * Start a server and wait until it answers, which means that connecting to it
 * succeeds (on 127.0.0.1 or, failing that, ::1), as long as it lives and for at
 * most six times as long as a client waits.  One connection was opened and
 * closed for that, and the server has closed it, too, if it does so within a
 * second.
 *
 * `pid` is then the process that holds the listening socket, or the master of
 * several that do (process.h).  What is said below of the server's CPU time,
 * memory and descriptors is the sum over it and all its descendants.  A wrapper
 * that has started it is not counted.
 * The result is valid to the end of the case, which may start up to 32.
 */
struct server *server_start(const char *options);
struct server *server_start_with(struct server_setup setup);

/*
 * Start a server that counts (--counters), and map what it counts.  The one
 * connection of the start is in it.
 */
struct server *server_start_counted(const char *options,
                                    const struct counters **counts);

/* Wait until one of its counts is what it must be, as long as a client would.
 */
void server_await_count(const uint64_t *count, uint64_t expected);

/* Start a server and don't wait until it answers: perhaps it never will. */
struct server *server_spawn(struct server_setup setup);

/* Wait until the server answers, as server_start does. */
void server_await(struct server *server);

/* A TCP port below the ephemeral range that nobody listens on. */
int server_free_port(void);

/*
 * Wait at most so many seconds for the server to end by itself.  Returns its
 * exit status.  Fails the case when it doesn't end or is killed by a signal.
 */
int server_wait(struct server *server, double seconds);

/* Is the process that serves there? */
bool server_is_running(struct server *server);

/* Fail the case if the server has ended. */
void server_assert_running(struct server *server);

/*
 * Stop the server (SIGSTOP) and wait until it has stopped; let it go on.  What
 * happens to its connections between the two, it finds all at once: that makes
 * races certain that otherwise come once in a thousand times.
 */
void server_freeze(struct server *server);
void server_thaw(struct server *server);

/*
 * What the server has printed so far, on stdout and on stderr, as a string
 * that the next call of the same function overwrites: at most 64 KiB of it.  To
 * each it may print 16 MiB; then its writes fail with EPERM.
 */
const char *server_out(const struct server *server);
const char *server_errors(const struct server *server);

/* CPU time, user and system, that the server has used so far, in seconds. */
double server_cpu_seconds(const struct server *server);

/*
 * Watch the server for so many seconds.  Fails the case if it has used the CPU
 * for more than a tenth of that time: it had nothing to do, so it spins.
 */
void server_assert_quiet(const struct server *server, double seconds);

/*
 * Memory that the server has allocated and touched, in bytes: the anonymous
 * pages of its process, so code and files don't count.
 */
size_t server_memory(const struct server *server);

/*
 * Was the server built with a sanitizer?  Then memory says little: ASan keeps
 * what was freed for a while, to catch a use after free.
 */
bool server_is_sanitized(const struct server *server);

/* How many descriptors the server has open. */
unsigned server_descriptors(const struct server *server);

/*
 * Wait until the server has at most `count` descriptors open.  Fails the case
 * when it keeps more for longer than a client waits.
 */
void server_await_descriptors(struct server *server, unsigned count);

/* An empty file without a name, opened for appending. */
int server_output_file(const char *name);

/* For keeper.c: before the case is forked, make files for what servers print.
 */
void servers_prepare(void);

/*
 * For case.c: end all servers of the case with SIGTERM, after five seconds with
 * SIGKILL.  Fails the case when one had ended before without being waited for,
 * or when a sanitizer has found something in it.
 */
void servers_finish(void);

/*
 * For case.c: how a server of the case has ended by itself, in words; "" if
 * none has.
 */
const char *servers_how_ended(void);

/*
 * For keeper.c: show the first and last lines that the servers printed, or a
 * sanitizer's report, as "stdout: ..." and "stderr: ...".
 */
void servers_show_output(FILE *file);

#endif
