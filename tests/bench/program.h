/*
 * program: run one of the programs under test and see what it says.
 */
#ifndef TESTS_BENCH_PROGRAM_H
#define TESTS_BENCH_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/* No program here has to run longer; one that does is ended, and the test. */
enum { PROGRAM_DEADLINE_SECONDS = 60 };

struct program {
    pid_t pid;
    int out_fd; /* its standard output and error, in memory */
    int err_fd;
    int status; /* after program_wait: exit status, or 128 + signal */
    char *out;  /* after program_wait: what it wrote, until program_free */
    char *err;
};

/* Start the program argv[0] with these arguments; the last one is NULL.  It has
 * a process group of its own. */
struct program program_start(const char *const argv[]);

/* The same, with this descriptor as its standard output. */
struct program program_start_to(int out_fd, const char *const argv[]);

/*
 * Let this system call (SYS_...) fail with `error`, here and in all programs
 * that are started from now on: seccomp(2), which many containers use like
 * this.
 */
void program_refuse(int call, int error);

/* Wait for its end and collect what it wrote.  Fails the test at the deadline.
 */
void program_wait(struct program *program);

/* Wait until its standard output has a line, and return that line in `line`. */
void program_first_line(const struct program *program, char *line, size_t size);

void program_free(struct program *program);

#endif
