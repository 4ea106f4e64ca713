/*
 * schedule: when each message of an open loop is to leave, planned beforehand.
 *
 * A closed loop sends when the server has answered, so a server that stops
 * stops its own clients, and nothing shows what they would have sent.
 * Independent clients come at times of their own.  So the times are drawn
 * before the first message leaves, and nothing that the server does can change
 * them.
 *
 * Exponential gaps are what many independent clients look like together (a
 * Poisson process): bursts and lulls, the same mean.  Constant gaps are for
 * arithmetic: what a known stop does to the latencies can be predicted.
 *
 * The plan is absolute.  A generator that slept one gap after each message
 * would add its own delays up and send ever later.
 *
 * Cost: 8 bytes per message.
 */
#ifndef LOADGEN_SCHEDULE_H
#define LOADGEN_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

enum gaps { GAPS_EXPONENTIAL, GAPS_CONSTANT };

struct schedule {
    uint64_t *times; /* ns after the load begins; they never descend */
    size_t count;
};

/*
 * All messages of `seconds` (0 or more) at `rate` messages per second (1 or
 * more) on average: every time is less than `seconds`.  Constant gaps put
 * message number j exactly at j / rate, rounded down to a ns.  Exponential ones
 * follow from `seed` alone: the same seed gives the same plan on any machine.
 * Ends the process when there is no memory for it.  To be freed by
 * schedule_free.
 */
struct schedule schedule_make(uint64_t rate, double seconds, enum gaps gaps,
                              uint64_t seed);

/* Give the memory back. */
void schedule_free(struct schedule *schedule);

#endif
