/*
 * words: how numbers and the ends of processes are put in messages.
 */
#ifndef CONFORMANCE_WORDS_H
#define CONFORMANCE_WORDS_H

#include <stddef.h>

/*
 * A number with commas, "4,096".  Each of these texts is valid until eight more
 * of its kind have been made.
 */
const char *words_number(size_t number);

/* The same as "1 byte" or "4,096 bytes", */
const char *words_bytes(size_t number);

/* and as "the byte" or "all 4,096 bytes". */
const char *words_all(size_t number);

/*
 * How a process ended, from the status of waitpid(2): "killed by SIGSEGV
 * (Segmentation fault)" or "ended with status 1".  The next call overwrites it.
 */
const char *words_status(int status);

#endif
