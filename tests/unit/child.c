#include "child.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Let `stream` write to `file`.  It is opened anew and not just given another
 * descriptor, because setvbuf(3) works only on a stream that was never used.
 */
static void reopen(FILE *stream, FILE *file)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
    stream = freopen(path, "a", stream);
    if (stream == NULL)
        _exit(EXIT_FAILURE);
}

bool child_fork(struct child *child)
{
    /* What stdio still holds back would otherwise be written by both. */
    fflush(NULL);

    child->out_file = tmpfile();
    child->error_file = tmpfile();
    ck_assert_ptr_nonnull(child->out_file);
    ck_assert_ptr_nonnull(child->error_file);
    child->pid = fork();
    ck_assert_int_ge(child->pid, 0);
    if (child->pid > 0)
        return false;

    reopen(stdout, child->out_file);
    reopen(stderr, child->error_file);
    return true;
}

/* All that is in the file, as a string, and close it. */
static void read_words(FILE *file, char words[CHILD_WORDS])
{
    rewind(file);
    size_t length = fread(words, 1, CHILD_WORDS - 1, file);
    words[length] = '\0';
    fclose(file);
}

void child_wait(struct child *child)
{
    int status;
    ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
    child->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_words(child->out_file, child->out);
    read_words(child->error_file, child->errors);
}

unsigned count_lines(const char *text)
{
    unsigned lines = 0;
    while (*text != '\0') {
        lines++;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return lines;
}
