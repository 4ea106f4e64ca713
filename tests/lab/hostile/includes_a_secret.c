/* Makes the compiler read what the program will not see: SECRET is a path. */
#include "echo.h"

#ifdef SECRET
#if __has_include(SECRET)
#define COULD "could see " SECRET " when it was compiled"
#endif
#endif

static void harm(void)
{
#ifdef COULD
    puts(COULD);
#endif
}
