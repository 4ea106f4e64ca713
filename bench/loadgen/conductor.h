/*
 * conductor: decides which server has the turn.
 *
 * On a machine that does other work, too, the speed changes from one second to
 * the next.  Servers that are measured one after the other differ by that; so
 * they take turns instead, of some milliseconds each.  A cycle is one turn for
 * each server, in an order that is drawn anew, and what disturbs one turn
 * disturbs its neighbours as well: ratios of figures from the same cycle can be
 * compared.  (Known as randomized multiple interleaved trials: Abedi and
 * Brecht, ICPE 2017.)
 *
 * At each point: all servers' connections are opened, one server after the
 * other.  Then come --settle cycles that are not reported, and --cycles that
 * are.  Then all connections are checked.
 *
 * A server that fails drops out, and the others go on.  One that holds too few
 * connections takes part again at points that ask for no more than it held; any
 * other failure is for good.
 */
#ifndef LOADGEN_CONDUCTOR_H
#define LOADGEN_CONDUCTOR_H

#include "load_options.h"

#include <stdbool.h>

/*
 * Measure all points of `options`, and write each to `json_fd` (-1: nowhere) as
 * a line of JSON and to `text_fd` as text, as soon as it is complete; only the
 * point underway is dropped when a signal of interrupt.h comes.  Returns
 * whether all trials were valid.  Starts a process for each server, which has
 * ended when this returns.  A server that can't be found or read: one line on
 * stderr and exit status 1 or 64.
 */
bool conductor_run(const struct load_options *options, int json_fd,
                   int text_fd);

#endif
