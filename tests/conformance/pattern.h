/*
 * pattern: what the clients send, and how a wrong byte is found.
 *
 * From a number (which), the byte at each offset follows.  So each byte that
 * comes back is compared with the one that was sent at this place of this
 * connection, and a lost, doubled, swapped or foreign byte is found where it
 * is.  That is stricter than a checksum, and it needs no copy of what was sent.
 */
#ifndef CONFORMANCE_PATTERN_H
#define CONFORMANCE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes offset..offset + length of the pattern `which`. */
void pattern_fill(void *data, uint64_t which, size_t offset, size_t length);

/*
 * Are these the bytes offset..offset + length of the pattern `which`?  Returns
 * how many of them are right before the first wrong one: `length` if all are.
 */
size_t pattern_match(const void *data, uint64_t which, size_t offset,
                     size_t length);

/*
 * Where in the first `total` bytes of the pattern `which` are these eight?
 * False if they are nowhere.
 */
bool pattern_find(const void *eight, uint64_t which, size_t total,
                  size_t *offset);

#endif
