/*
 * closed: the load.  Each active connection has one message in flight; the
 * next one leaves when the reply is there.
 *
 * That shows how much the server can do.  It never gets more than that, because
 * a slow server makes its own clients wait.  For the same reason a closed loop
 * can't say how long a client would wait if it came at a time of its own: that
 * takes an open loop.
 *
 * Every reply that comes within the window is recorded; loop.h has the phases.
 *
 * Cost: an echo takes one recv, one send, one reading of the clock, one
 * comparison and its share of an epoll_wait, which reports up to 128 of them.
 */
#ifndef LOADGEN_CLOSED_H
#define LOADGEN_CLOSED_H

#include "load/loop.h"

/*
 * One turn of `loop`, which loop_open has prepared.  Fails the trial when a
 * byte was wrong, a connection ended or a reply didn't come.  Ends at most ten
 * seconds after the window, whatever the server does, and at once with a
 * signal.
 */
void closed_turn(struct loop *loop);

#endif
