/*
 * child: a process whose last words and exit status are to be tested.
 *
 *     struct child child;
 *     if (child_fork(&child)) {
 *         options_parse(...);          (in the child)
 *         exit(EXIT_SUCCESS);
 *     }
 *     child_wait(&child);
 *     ck_assert_int_eq(child.status, 64);
 */
#ifndef UNIT_CHILD_H
#define UNIT_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum { CHILD_WORDS = 8192 };

struct child {
    pid_t pid;
    FILE *out_file, *error_file;
    int status;               /* its exit status; -1: ended by a signal */
    char out[CHILD_WORDS];    /* what it wrote on stdout */
    char errors[CHILD_WORDS]; /* and on stderr */
};

/* As fork(2), with stdout and stderr in files.  Returns true in the child. */
bool child_fork(struct child *child);

/* Wait for the child to exit, and read what it wrote. */
void child_wait(struct child *child);

/* How many lines the text has; one without its newline counts, too. */
unsigned count_lines(const char *text);

#endif
