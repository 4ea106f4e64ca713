/*
 * churn: connect, one echo, reset, and again, as fast as it goes.
 *
 * Most clients don't stay.  Each of the `active` slots has one connection at a
 * time; it sends one message, compares the reply, resets the connection and
 * opens the next one at once.  So the server accepts, registers, serves, and
 * cleans up: work that an echo on an open connection doesn't need.  It is a
 * closed loop: as many connections at a time as there are slots.
 *
 *     latency     from just before connect(2) to the last byte of the echo
 *     handshake   from just before connect(2) to when a message may leave
 *
 * The handshake is the kernel's, which completes a connection before the server
 * has accepted it (listen(2)); on loopback it is over when connect(2) returns.
 * So it says nothing about a server that accepts slowly: the latency does.
 *
 * A reset leaves neither side in TIME_WAIT: otherwise the local ports would be
 * used up within seconds, and we would measure that.  Should they run out all
 * the same, or the descriptors, the point says that it was our limit.
 *
 * Cost: on loopback the sender's system call performs the receiver's protocol
 * work, so the whole handshake, up to the new connection in the server's queue,
 * and the server's side of the reset are done in the generator's time: 38 % of
 * it, seen with perf(1).  That can't be avoided, so the generator may do little
 * else, or it limits the rate, and not the server.
 *
 * Therefore a slot has one socket for all of its connections.  A connect to an
 * address of family AF_UNSPEC resets one, and the socket keeps its options and
 * its place in the interest list: connect, send, recv, connect.  With a new
 * socket each time there were ten calls (socket, three of setsockopt, bind,
 * epoll_ctl, close), and the generator used 1.4 to 1.9 times the CPU time of
 * epoll_lt_server; now it uses 1.0 to 1.1 times with 10 slots, and up to 1.2
 * times with 100.  Nor does a slot bind a source address, 1 us of 25: a port is
 * free again at once, and there are no more connections than slots.
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
