/* Makes the assembler copy a file into the program: SECRET is a path. */
#include "echo.h"

#ifndef SECRET
#define SECRET "/dev/null"
#endif

__asm__(".section .rodata\nsecret: .incbin \"" SECRET "\"\n"
        ".byte 0\n.previous\n");

static void harm(void)
{
}
