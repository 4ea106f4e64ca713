#include "program.h"

#include <check.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP_US = 5000, STEPS = PROGRAM_DEADLINE_SECONDS * (1000000 / STEP_US) };

struct program program_start(const char *const argv[])
{
    return program_start_to(memfd_create("stdout", MFD_CLOEXEC), argv);
}

struct program program_start_to(int out_fd, const char *const argv[])
{
    struct program program = {
        .out_fd = out_fd,
        .err_fd = memfd_create("stderr", MFD_CLOEXEC),
    };

    ck_assert_int_ne(program.out_fd, -1);
    ck_assert_int_ne(program.err_fd, -1);
    program.pid = fork();
    ck_assert_int_ne(program.pid, -1);
    if (program.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing */
        setpgid(0, 0);
        dup2(program.out_fd, STDOUT_FILENO);
        dup2(program.err_fd, STDERR_FILENO);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    return program;
}

void program_refuse(int call, int error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* All of a regular file; of anything else, nothing. */
static char *read_all(int fd)
{
    struct stat stat;

    ck_assert_int_eq(fstat(fd, &stat), 0);
    char *text = calloc(1, (size_t)stat.st_size + 1);
    ck_assert_ptr_nonnull(text);
    if (S_ISREG(stat.st_mode))
        ck_assert_int_eq(pread(fd, text, (size_t)stat.st_size, 0),
                         stat.st_size);
    return text;
}

void program_wait(struct program *program)
{
    int status = 0;
    pid_t ended = 0;

    for (int i = 0; i < STEPS && ended == 0; i++) {
        usleep(STEP_US);
        ended = waitpid(program->pid, &status, WNOHANG);
    }
    program->out = read_all(program->out_fd);
    program->err = read_all(program->err_fd);
    if (ended == 0) {
        kill(program->pid, SIGKILL);
        ck_abort_msg("no end in sight after %d s; it said:\n%.500s%.500s",
                     PROGRAM_DEADLINE_SECONDS, program->out, program->err);
    }
    program->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_first_line(const struct program *program, char *line, size_t size)
{
    for (int i = 0; i < STEPS; i++) {
        ssize_t n = pread(program->out_fd, line, size - 1, 0);
        line[n > 0 ? n : 0] = '\0';
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
            return;
        }
        usleep(STEP_US);
    }
    ck_abort_msg("it said nothing");
}

void program_free(struct program *program)
{
    free(program->out);
    free(program->err);
    close(program->out_fd);
    close(program->err_fd);
}
