/*
 * fake_server: an echo server in a thread of the test, right or wrong at will.
 *
 * The programs that measure must notice each way in which a server can be
 * wrong, so here is one that can be wrong in each.  On every connection it
 * echoes correctly for `after` receives, and then it misbehaves.  (A message of
 * a few bytes is one receive.)  It can spare the first connections altogether.
 */
#ifndef TESTS_BENCH_FAKE_SERVER_H
#define TESTS_BENCH_FAKE_SERVER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum behaviour {
    ECHOES,             /* never wrong */
    CHANGES_A_BIT,      /* in the last byte of a reply */
    LOSES_A_BYTE,       /* the last one of a reply */
    DOUBLES_A_BYTE,     /* the last one of a reply */
    REPLIES_TO_ANOTHER, /* what the first connection says goes to the second */
    CLOSES,
    RESETS,
    TURNS_AWAY,          /* closes after the accept, without any receive */
    STOPS_LISTENING,     /* after it has accepted `after` connections */
    FORGETS,             /* receives and does not reply */
    FORGETS_THE_FIRST,   /* connection 0, as soon as there are `after` */
    SERVES_SO_MANY_ONLY, /* accepts all, but reads only the first `after` */
    SPEAKS_TO_THE_FIRST, /* a byte to connection 0, beside the echo */
    CLOSES_THE_FIRST,    /* connection 0, beside the echo */
    IS_SLOW,             /* each receive and its reply take 20 ms */
    READS_LATE,          /* nothing, before `after` connections have spoken */
};

enum {
    FAKE_CONNECTIONS = 512, /* open at once */
    FAKE_VISITS = 1024,     /* that are noted */
};

struct fake_server {
    enum behaviour behaviour;
    int after;
    int spares_first; /* connections, however many: 0 at the start */
    int listen_fd;    /* -1 when it has stopped listening */
    char port[8];     /* decimal; chosen by the kernel */
    pthread_t thread;
    int stop[2];    /* a pipe: closing it ends the thread */
    uint64_t bytes; /* that it has received */
    int accepted;   /* connections ever accepted */
    int count;      /* of places: a closed connection leaves one */
    int numbers[FAKE_CONNECTIONS]; /* of each, in the order of accepting */
    int fds[FAKE_CONNECTIONS];
    int receives[FAKE_CONNECTIONS];
};

/*
 * Start it on 127.0.0.1.  `server` must live until fake_server_stop.  Whom it
 * spares may be set before the first connection comes.  It keeps count in
 * echo/counters.h, of receives, of bytes received and of connections only.
 */
void fake_server_start(struct fake_server *server, enum behaviour behaviour,
                       int after);

/*
 * Which of the servers were served one after the other?  Their number is
 * returned, and they are left in `all`; a server that is served again without
 * another in between is there once.
 */
size_t fake_server_visits(const struct fake_server *const **all);

/* End the thread and close everything. */
void fake_server_stop(struct fake_server *server);

#endif
