/*
 * orders: what the conductor and its generator processes say to each other.
 *
 * One stream (a socket pair, unix(7)) joins the conductor with each of them.
 * The conductor sends an order, and the generator answers when it is done:
 *
 *     ORDER_POINT   open the connections of a point    answer
 *     ORDER_TURN    put the server under load once     answer, with its figures
 *     ORDER_END     check all connections              struct trial
 *
 * All are the same program on the same machine, so structures travel as they
 * are.  The end of the stream is an order, too: to end.
 */
#ifndef LOADGEN_ORDERS_H
#define LOADGEN_ORDERS_H

#include "record/trial.h"

#include <stdbool.h>
#include <stddef.h>

enum order_kind { ORDER_POINT, ORDER_TURN, ORDER_END };

struct order {
    enum order_kind kind;
    size_t point; /* number in load_options_point */
    long cycle;   /* from 0; ORDER_TURN: the first --settle aren't reported */
};

struct answer {
    bool valid;             /* or has the trial failed by now? */
    struct figures figures; /* ORDER_TURN: if it is valid */
};

/*
 * Write all of `data` to stream `fd`, or read all of it.  False when the other
 * end is gone, or with a signal of interrupt.h.
 */
bool orders_write(int fd, const void *data, size_t size);
bool orders_read(int fd, void *data, size_t size);

#endif
