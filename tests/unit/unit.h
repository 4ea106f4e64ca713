/*
 * unit: one function for each file of tests, which adds them to the suite.
 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <check.h>

void add_connection_tests(Suite *suite);
void add_counters_tests(Suite *suite);
void add_idle_tests(Suite *suite);
void add_listener_tests(Suite *suite);
void add_narrate_tests(Suite *suite);
void add_options_tests(Suite *suite);
void add_output_tests(Suite *suite);
void add_startup_tests(Suite *suite);
void add_stop_tests(Suite *suite);

#endif
