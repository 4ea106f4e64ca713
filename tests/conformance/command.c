#include "command.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <wordexp.h>

static const char *command;

void command_set(const char *the_command)
{
    command = the_command;
}

bool command_takes_options(void)
{
    return strstr(command, "{options}") != NULL;
}

/* A copy of `text` with `word` replaced by `value` wherever it stands. */
static char *replaced(const char *text, const char *word, const char *value)
{
    char *result;
    size_t size;
    FILE *file = open_memstream(&result, &size);
    const char *found;

    if (file == NULL)
        err(EXIT_FAILURE, "open_memstream");
    while ((found = strstr(text, word)) != NULL) {
        fwrite(text, 1, (size_t)(found - text), file);
        fputs(value, file);
        text = found + strlen(word);
    }
    fputs(text, file);
    fclose(file);
    return result;
}

static const char *problem_text(int error)
{
    switch (error) {
    case WRDE_BADCHAR:
        return "one of | & ; < > ( ) { } or a newline stands outside quotes, "
               "and no shell runs the command (sh -c '...' does)";
    case WRDE_BADVAL:
        return "it names a variable that is not set";
    case WRDE_CMDSUB:
        return "it has a command in it ($(...) or `...`), and no shell runs it";
    case WRDE_SYNTAX:
        return "a quote or bracket is not closed";
    default:
        return "no memory is left";
    }
}

char **command_words(int port, const char *options, const char **problem)
{
    static wordexp_t words;
    char port_text[16];
    char *with_port, *with_both;
    int error;

    snprintf(port_text, sizeof(port_text), "%d", port);
    with_port = replaced(command, "{port}", port_text);
    with_both = replaced(with_port, "{options}", options);
    error = wordexp(with_both, &words, WRDE_NOCMD | WRDE_UNDEF | WRDE_REUSE);
    free(with_port);
    free(with_both);
    if (error == 0)
        return words.we_wordv;
    *problem = problem_text(error);
    return NULL;
}

static bool is_program(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return false;
    errno = EACCES;
    return S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Would execvp(3) find it?  If not, errno says why. */
static bool is_found(const char *word)
{
    const char *folders = getenv("PATH");
    char *path;
    bool found = false;

    if (strchr(word, '/') != NULL)
        return is_program(word);
    if (folders == NULL)
        folders = "/bin:/usr/bin";
    while (!found && folders != NULL && *word != '\0') {
        int length = (int)strcspn(folders, ":");

        if (asprintf(&path, "%.*s/%s", length, length > 0 ? folders : ".",
                     word) < 0)
            err(EXIT_FAILURE, "asprintf");
        found = is_program(path);
        free(path);
        folders = strchr(folders, ':');
        folders += folders != NULL;
    }
    errno = ENOENT;
    return found;
}

void command_check(void)
{
    enum { ANY_PORT = 10001 };
    const char *problem;
    char **words = command_words(ANY_PORT, "", &problem);

    if (words == NULL)
        errx(EX_USAGE, "COMMAND '%s' can't be split into words: %s", command,
             problem);
    if (words[0] == NULL || !is_found(words[0]))
        err(EX_USAGE, "COMMAND '%s': %s", command,
            words[0] != NULL ? words[0] : "no program");
}

void command_quote(FILE *file, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./=:,+@%";

    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, file);
        return;
    }
    fputc('\'', file);
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            fputs("'\\''", file);
        else
            fputc(*word, file);
    }
    fputc('\'', file);
}
