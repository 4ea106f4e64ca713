/*
 * A sentence about the kernel, and the program that proves it.
 *
 * Ends with 0 if the claim holds, with 1 if it doesn't.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static void expect(bool holds, const char *claim)
{
    if (holds)
        return;
    printf("does not hold: %s\n", claim);
    exit(EXIT_FAILURE);
}

int main(void)
{
    expect(false, "your sentence");
    return EXIT_SUCCESS;
}
