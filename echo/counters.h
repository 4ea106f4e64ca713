/*
 * counters: what a server did, countable from outside while it runs.
 *
 * With --counters=FILE the counters live in a mapping of that file, so the
 * benchmark reads them at the start and at the end of a trial without a request
 * to the server: the server pays one increment in memory, not a system call.
 * Without the option they live in ordinary memory.
 *
 * One thread writes, in place.  A reader sees each field whole on a 64-bit
 * machine, where an aligned 64-bit store is one store; but two fields may come
 * from two different moments.
 *
 * The server never reads them to decide anything: any program that may write
 * the file could change them.
 */
#ifndef ECHO_COUNTERS_H
#define ECHO_COUNTERS_H

#include <stdint.h>

/* The first eight bytes of a counters file: a name, and the layout's number. */
#define COUNTERS_MAGIC UINT64_C(0x31544e434f484345) /* "ECHOCNT1" */

/*
 * All counts start at 0 and only grow, except `connections`, which is how many
 * there are now.  While a server serves, its system calls are the sum of waits,
 * accepts, receives, sends and epoll_ctls.  Not counted are the close of a
 * connection, what only a full server or an expiring --idle-timeout needs, and
 * output.
 */
struct counters {
    uint64_t magic;             /* COUNTERS_MAGIC */
    uint64_t waits;             /* select, poll or epoll_wait was called */
    uint64_t ready_events;      /* ready descriptors that the waits reported */
    uint64_t scanned;           /* descriptors scanned to find those */
    uint64_t accepts;           /* accept4 was called, whatever it returned */
    uint64_t receives;          /* recv was called, whatever it returned */
    uint64_t sends;             /* send was called, whatever it returned */
    uint64_t again;             /* accept4, recv or send failed with EAGAIN */
    uint64_t epoll_ctls;        /* epoll_ctl was called */
    uint64_t bytes_received;    /* from all connections */
    uint64_t bytes_sent;        /* to all connections */
    uint64_t connections_total; /* connections accepted since the start */
    uint64_t connections;       /* connections open now */
    uint64_t connections_peak;  /* the most that were open at once */
    uint64_t listener_pauses;   /* the listener was left unwatched: full */
};

/* The counters of this process.  Never NULL. */
extern struct counters *counters;

/*
 * Put this process's counters into the file `path`, which is created, or
 * overwritten if it exists; with NULL they stay in ordinary memory.  The file
 * is locked (flock(2)) as long as the process lives, and its blocks are
 * allocated at once: a file that another server uses, or a full disk, is an
 * error here.  On failure: one line on stderr and exit status 1.
 *
 * If the file is truncated later, the counters start again from 0 in ordinary
 * memory.
 */
void counters_open(const char *path);

/*
 * Map the counters of another process for reading.  Returns NULL with errno set
 * when the file can't be opened or mapped, EINVAL when it holds no counters of
 * this layout.  The mapping lasts until the process ends.
 */
const struct counters *counters_map(const char *path);

#endif
