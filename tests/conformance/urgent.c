#include "case.h"
#include "cases.h"

void add_urgent_cases(Suite *suite)
{
    (void)suite;
}
