/*
 * guard: memory that ends at a page which may not be touched.
 *
 * Whoever reads one byte past its end is killed with SIGSEGV at once, with any
 * compiler and in any build: mprotect(2), PROT_NONE.
 */
#ifndef UNIT_GUARD_H
#define UNIT_GUARD_H

#include <stddef.h>

/* A copy of the bytes, the last of them right before such a page. */
char *guarded_bytes(const void *bytes, size_t length);

/* A copy of the string, its '\0' right before such a page. */
char *guarded_string(const char *string);

#endif
