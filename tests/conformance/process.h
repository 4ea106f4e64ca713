/*
 * process: what /proc says of processes, and which of them is the server.
 *
 * A command may start the server through others: a shell, npm, uv, a master
 * that forks workers.  What counts is who holds the listening socket.
 */
#ifndef CONFORMANCE_PROCESS_H
#define CONFORMANCE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    pid_t parent;
    double cpu_seconds; /* with those of the children it has waited for */
};

/*
 * The process `pid` and all its descendants that are alive.  Returns how many
 * there are; `*family` is valid until the next call of a function here.
 */
size_t process_family(pid_t pid, const struct process **family);

/*
 * Which descendant of `ancestor` serves the TCP port?  The one that holds the
 * listening socket; if several do, the nearest ancestor that they have in
 * common, as the master of a server with workers.  That it is `likely` is
 * looked at first.  Returns 0 if none does, and -1 if the port has a listening
 * socket, but in no process that we can see.
 */
pid_t process_that_serves(pid_t ancestor, pid_t likely, int port);

/* Is it there, and not a zombie? */
bool process_is_alive(pid_t pid);

/* Have all its threads stopped (SIGSTOP, or a debugger)? */
bool process_is_stopped(pid_t pid);

/* Anonymous pages in bytes, and open descriptors; 0 if the process is gone. */
size_t process_memory(pid_t pid);
unsigned process_descriptors(pid_t pid);

/* Size of the address space in bytes. */
size_t process_address_space(pid_t pid);

/* As prlimit(2), for a process of another user, too, if we are root. */
int process_limit(pid_t pid, int resource, const struct rlimit *new_limit,
                  struct rlimit *old_limit);

/* Kill all descendants of this process, a subreaper, and wait for them. */
void process_kill_descendants(void);

#endif
