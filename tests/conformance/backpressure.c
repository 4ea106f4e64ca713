#include "case.h"
#include "cases.h"

void add_backpressure_cases(Suite *suite)
{
    (void)suite;
}
