/*
 * command: the command that starts a server, its words, and how to quote it.
 *
 * It is split into words as a shell does it, by wordexp(3), with quotes and
 * $VARIABLES, but no shell runs it.
 */
#ifndef CONFORMANCE_COMMAND_H
#define CONFORMANCE_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

/*
 * The command of all servers to come: it has {port} in it, and {options} or
 * not.  The text must last.
 */
void command_set(const char *command);

/* Has the command a place for options? */
bool command_takes_options(void);

/*
 * The words of the command, ready for execvp; valid until the next call.  NULL
 * if it can't be split, and then `*problem` says why.
 */
char **command_words(int port, const char *options, const char **problem);

/*
 * End this process with one line and status 64 if the command can't be split
 * into words or the first of them is no program.
 */
void command_check(void);

/* Print a word so that a shell takes it for exactly that. */
void command_quote(FILE *file, const char *word);

#endif
