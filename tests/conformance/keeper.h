/*
 * keeper: the process that keeps one case, and outlives it.
 *
 *     conformance -+- keeper --- case --- server (and whatever it starts)
 *                  +- keeper --- case --- ...
 *
 * A case can fail at any point, hang, or be killed, and a server may have been
 * started through others or have left its parent.  The keeper adopts what is
 * left behind (a subreaper: prctl(2)) and kills it, also when conformance
 * itself is killed.
 */
#ifndef CONFORMANCE_KEEPER_H
#define CONFORMANCE_KEEPER_H

#include "case.h"

#include <stdio.h>
#include <sys/types.h>

/*
 * Start a process that runs the case, kills what is left of it, and exits when
 * `outcome`, which must be shared memory, is set.  What the servers printed is
 * then in `report`, in shortened form, if the case has failed.  SIGTERM ends
 * the keeper early, with the case.  Returns its pid.
 */
pid_t keeper_start(const struct test_case *a_case, uint64_t seed,
                   struct outcome *outcome, FILE *report);

#endif
