/*
 * pattern: what each message says, so that every byte of a reply can be judged.
 *
 * The text of a message depends on its connection and on its number there: a
 * byte that is lost, changed, doubled, late, or delivered to the wrong
 * connection does not match.  That must cost little, or we would measure the
 * generator.  So there is one array of pseudo-random bytes, made once, and a
 * message is a window into it: making it costs nothing, judging it a memcmp.
 *
 * The limit: two messages share a window by chance once in 16,384 times, and
 * two wrong bytes agree once in 256 times.  A server that goes wrong as a habit
 * is caught within a few messages.
 */
#ifndef LOADGEN_PATTERN_H
#define LOADGEN_PATTERN_H

#include <stddef.h>
#include <stdint.h>

enum {
    PATTERN_WINDOWS = 1 << 14,  /* different messages; 16 KiB stay in cache */
    MESSAGE_SIZE_MAX = 1 << 20, /* bytes in the longest message */
};

/* Make the array.  To be called once, before pattern_message. */
void pattern_init(void);

/*
 * The bytes of message number `sequence` on the connection number `connection`;
 * MESSAGE_SIZE_MAX of them may be read there.
 */
const char *pattern_message(uint32_t connection, uint32_t sequence);

/*
 * How many of the `length` bytes from `received` on are as they should be,
 * which begin at byte `position` of that message: `length` when all are right,
 * otherwise the number of bytes before the first wrong one.
 */
size_t pattern_matching(uint32_t connection, uint32_t sequence, size_t position,
                        const char *received, size_t length);

#endif
