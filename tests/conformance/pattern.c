#include "pattern.h"

/* Eight bytes of the pattern: those at block * 8 (mixed as in splitmix64). */
static uint64_t pattern_block(uint64_t which, size_t block)
{
    uint64_t mixed = which * UINT64_C(0xd1342543de82ef95) +
                     ((uint64_t)block + 1) * UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

void pattern_fill(void *data, uint64_t which, size_t offset, size_t length)
{
    unsigned char *bytes = data;
    uint64_t block = pattern_block(which, offset / 8) >> offset % 8 * 8;

    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)block;
        block >>= 8;
        if ((offset + i + 1) % 8 == 0)
            block = pattern_block(which, (offset + i + 1) / 8);
    }
}

size_t pattern_match(const void *data, uint64_t which, size_t offset,
                     size_t length)
{
    const unsigned char *bytes = data;
    unsigned char expected[4096];
    size_t i = 0;

    while (i < length) {
        size_t part = length - i;

        if (part > sizeof(expected))
            part = sizeof(expected);
        pattern_fill(expected, which, offset + i, part);
        for (size_t j = 0; j < part; j++) {
            if (bytes[i + j] != expected[j])
                return i + j;
        }
        i += part;
    }
    return length;
}

bool pattern_find(const void *eight, uint64_t which, size_t total,
                  size_t *offset)
{
    uint64_t wanted = 0, window = 0, block = 0;
    const unsigned char *bytes = eight;

    for (int i = 7; i >= 0; i--)
        wanted = wanted << 8 | bytes[i];
    for (size_t i = 0; i < total; i++) {
        block = i % 8 == 0 ? pattern_block(which, i / 8) : block >> 8;
        window = window >> 8 | (block & 0xff) << 56;
        if (i >= 7 && window == wanted) {
            *offset = i - 7;
            return true;
        }
    }
    return false;
}
