/*
 * churn: connect, one echo, reset, and again, as fast as it goes.
 *
 * Most clients don't stay.  Each of the `active` slots has one connection at a
 * time; it says one message, compares the reply, resets the connection and
 * opens the next one at once.  So the server accepts, registers, serves, and
 * cleans up: all that an echo on an open connection does not ask of it.  It is
 * a closed loop: as many connections at a time as there are slots.
 *
 *     latency     from just before connect(2) to the last byte of the echo
 *     handshake   from just before connect(2) to when a message may leave
 *
 * The handshake is the kernel's, which completes a connection before the server
 * has accepted it (listen(2)); on loopback it is over when connect(2) returns.
 * So a server that accepts slowly does not show there, but in what the latency
 * has beyond it.
 *
 * A reset leaves neither side in TIME_WAIT, and the connections rotate
 * through the source addresses of address.h: otherwise the local ports would be
 * used up within seconds, and we would measure that.  Should they run out all
 * the same, or the descriptors, the point says that it was our limit.
 *
 * Cost: the kernel's work for a connection, on both sides of it, is much more
 * than for an echo, so the generator needs a lot of CPU time itself.
 */
#ifndef LOADGEN_CHURN_H
#define LOADGEN_CHURN_H

#include "load/loop.h"

struct churn {
    struct loop *loop;  /* what is in flight is connections here */
    struct slot *slots; /* as many as the point has active connections */
};

/* Get ready for the turns of the trial that `loop` was opened for. */
void churn_open(struct churn *churn, struct loop *loop);

/*
 * One turn.  All connections are made anew, and gone at its end.  The trial's
 * latency and handshake have those that were completed in the window.  Fails
 * the trial when a connection was refused or ended, a byte was wrong, or an
 * echo didn't come.  Ends as closed_turn does.
 */
void churn_turn(struct churn *churn);

/* After the last turn: slots that were never served fail the trial. */
void churn_judge(const struct churn *churn);

/* Give back what churn_open took. */
void churn_close(struct churn *churn);

#endif
