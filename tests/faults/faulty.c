#include "faulty.h"

#include "counters.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *server_path;

void faulty_set_path(const char *path)
{
    server_path = path;
}

enum mechanism faulty_mechanism(void)
{
    if (strstr(server_path, "select") != NULL)
        return SELECT;
    if (strstr(server_path, "poll_server") == NULL)
        return strstr(server_path, "epoll_lt") != NULL ? LEVEL : EDGE;
    return POLL;
}

/* The child becomes the server; the parent's end is its end, too. */
static _Noreturn void become_server(const struct faulty *server,
                                    const char *schedule, const char *option,
                                    const char *option2)
{
    char counters_option[128];
    snprintf(counters_option, sizeof(counters_option), "--counters=%s",
             server->counters_path);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fileno(server->out_file), STDOUT_FILENO);
    dup2(fileno(server->error_file), STDERR_FILENO);
    setenv("FAULTS", schedule, 1);
    execl(server_path, server_path, "--port=0", counters_option, option,
          option2, (char *)NULL);
    _exit(127);
}

static void spawn(struct faulty *server, const char *schedule,
                  const char *option, const char *option2)
{
    memset(server, 0, sizeof(*server));
    server->out_file = tmpfile();
    server->error_file = tmpfile();
    ck_assert_ptr_nonnull(server->out_file);
    ck_assert_ptr_nonnull(server->error_file);
    /* The server finds its counters behind a descriptor of this process. */
    FILE *counters_file = tmpfile();
    ck_assert_ptr_nonnull(counters_file);
    snprintf(server->counters_path, sizeof(server->counters_path),
             "/proc/%d/fd/%d", (int)getpid(), fileno(counters_file));

    server->pid = fork();
    ck_assert_int_ge(server->pid, 0);
    if (server->pid == 0)
        become_server(server, schedule, option, option2);
}

void faulty_spawn(struct faulty *server, const char *schedule)
{
    spawn(server, schedule, NULL, NULL);
}

/* What is in the file so far, as a string. */
static void read_words(FILE *file, char words[FAULTY_WORDS])
{
    ssize_t length = pread(fileno(file), words, FAULTY_WORDS - 1, 0);
    ck_assert_int_ge(length, 0);
    words[length] = '\0';
}

/* Has the server said where it listens?  Then its port is noted. */
static bool is_listening(struct faulty *server)
{
    static const char sentence[] = "listening on 127.0.0.1:";
    read_words(server->out_file, server->out);
    const char *found = strstr(server->out, sentence);
    if (found == NULL || strchr(found, '\n') == NULL)
        return false;
    server->port = atoi(found + strlen(sentence));
    return true;
}

void faulty_start(struct faulty *server, const char *schedule)
{
    faulty_start_with(server, schedule, NULL, NULL);
}

void faulty_start_with(struct faulty *server, const char *schedule,
                       const char *option, const char *option2)
{
    const struct timespec moment = {.tv_nsec = 2000000};
    spawn(server, schedule, option, option2);
    while (!is_listening(server)) {
        int ended = waitpid(server->pid, NULL, WNOHANG);
        ck_assert_msg(ended == 0, "the server has ended before it listens");
        nanosleep(&moment, NULL);
    }
    server->counters = counters_map(server->counters_path);
    ck_assert_ptr_nonnull(server->counters);
}

/*
 * Check what faults.c has told of each rule, "applied N of M times", and cut it
 * off, so that what is left was said by the server itself.
 */
static void check_rules_were_applied(char *errors)
{
    char *told = strstr(errors, "faults: ");
    ck_assert_msg(told != NULL, "no rule was read: %s", errors);
    for (char *line = told; line != NULL; line = strstr(line + 1, "faults: "))
        ck_assert_msg(strtol(strstr(line, " applied ") + 9, NULL, 10) > 0,
                      "not tested: %s", line);
    *told = '\0';
}

void faulty_wait(struct faulty *server)
{
    int status;
    ck_assert_int_eq(waitpid(server->pid, &status, 0), server->pid);
    read_words(server->out_file, server->out);
    read_words(server->error_file, server->errors);
    ck_assert_msg(WIFEXITED(status), "ended by signal %d: %s", WTERMSIG(status),
                  server->errors);
    server->status = WEXITSTATUS(status);
    check_rules_were_applied(server->errors);
}

void faulty_stop(struct faulty *server)
{
    kill(server->pid, SIGTERM);
    faulty_wait(server);
    ck_assert_msg(server->status == EXIT_SUCCESS, "exit status %d: %s",
                  server->status, server->errors);
}

unsigned faulty_descriptors(const struct faulty *server)
{
    char path[64];
    unsigned count = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 2; /* without "." and ".." */
}
