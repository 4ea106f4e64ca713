/*
 * cases: one function for each file of cases, which adds them to the suite.
 */
#ifndef CONFORMANCE_CASES_H
#define CONFORMANCE_CASES_H

#include <check.h>

void add_echo_cases(Suite *suite);         /* contract 1 */
void add_half_close_cases(Suite *suite);   /* contract 2 */
void add_backpressure_cases(Suite *suite); /* contract 3 */
void add_failure_cases(Suite *suite);      /* contract 4 */
void add_full_cases(Suite *suite);         /* contract 5 */
void add_fairness_cases(Suite *suite);     /* contract 6 */
void add_urgent_cases(Suite *suite);       /* contract 7 */
void add_signal_cases(Suite *suite);       /* contract 8 and 9 */
void add_timeout_cases(Suite *suite);      /* contract 10 and 11 */
void add_startup_cases(Suite *suite);      /* contract 12 */
void add_schedule_cases(Suite *suite);     /* all of it, at random */

#endif
