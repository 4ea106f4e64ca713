/*
 * cases: one function for each file of cases, which adds them.
 */
#ifndef CONFORMANCE_CASES_H
#define CONFORMANCE_CASES_H

void add_echo_cases(void);         /* contract 1 */
void add_half_close_cases(void);   /* contract 2 */
void add_backpressure_cases(void); /* contract 3 */
void add_failure_cases(void);      /* contract 4 */
void add_full_cases(void);         /* contract 5 */
void add_fairness_cases(void);     /* contract 6 */
void add_urgent_cases(void);       /* contract 7 */
void add_signal_cases(void);       /* contract 8 and 9 */
void add_output_cases(void);       /* contract 8, 10 and 12 */
void add_timeout_cases(void);      /* contract 10 and 11 */
void add_startup_cases(void);      /* contract 12 */
void add_schedule_cases(void);     /* all of it, at random */
void add_lab_cases(void);          /* the lab's first steps */

#endif
