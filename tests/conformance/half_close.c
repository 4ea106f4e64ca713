#include "case.h"
#include "cases.h"

void add_half_close_cases(Suite *suite)
{
    (void)suite;
}
