/*
 * faulty: a server with a schedule of faults (faults.c), seen from its test.
 *
 * A function that doesn't get what its comment promises fails the test and does
 * not return.  The server is killed with the process of its test.
 */
#ifndef FAULTS_FAULTY_H
#define FAULTS_FAULTY_H

#include <stdio.h>
#include <sys/types.h>

enum { FAULTY_WORDS = 8192 };

struct faulty {
    pid_t pid;
    int port; /* where it listens */
    FILE *out_file, *error_file;
    char counters_path[64];
    const struct counters *counters; /* live, while it runs */
    int status;                      /* when it has ended: its exit status */
    char out[FAULTY_WORDS];          /* and what it wrote on stdout */
    char errors[FAULTY_WORDS];       /* and on stderr */
};

/* Which program is to be started: the path of a faulty server. */
void faulty_set_path(const char *path);

/* Its mechanism, from its name: select, poll, or epoll, level- or edge-. */
enum mechanism { SELECT = 's', POLL = 'p', LEVEL = 'l', EDGE = 'e' };
enum mechanism faulty_mechanism(void);

/* Start a server with this schedule, and wait until it listens. */
void faulty_start(struct faulty *server, const char *schedule);

/* The same with up to two more options, as "--quit-after=1"; NULL for none. */
void faulty_start_with(struct faulty *server, const char *schedule,
                       const char *option, const char *option2);

/* Start a server of which is not expected that it ever listens. */
void faulty_spawn(struct faulty *server, const char *schedule);

/*
 * Wait until the server ends by itself.  Fails if it was ended by a signal, or
 * if a rule of its schedule was never applied: then nothing was tested.
 */
void faulty_wait(struct faulty *server);

/* End the server with SIGTERM; its exit status must be 0. */
void faulty_stop(struct faulty *server);

/* How many descriptors the server has open. */
unsigned faulty_descriptors(const struct faulty *server);

#endif
