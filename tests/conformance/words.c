#include "words.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { TEXTS = 8, SIZE = 48 };

const char *words_number(size_t number)
{
    static char texts[TEXTS][SIZE];
    static unsigned used;
    char *text = texts[used++ % TEXTS], *next = text + SIZE - 1;

    *next = '\0';
    for (int digits = 0; number > 0 || digits == 0; digits++) {
        if (digits > 0 && digits % 3 == 0)
            *--next = ',';
        *--next = (char)('0' + number % 10);
        number /= 10;
    }
    return next;
}

const char *words_bytes(size_t number)
{
    static char texts[TEXTS][SIZE];
    static unsigned used;
    char *text = texts[used++ % TEXTS];

    snprintf(text, SIZE, "%s byte%s", words_number(number),
             number == 1 ? "" : "s");
    return text;
}

const char *words_all(size_t number)
{
    static char texts[TEXTS][SIZE];
    static unsigned used;
    char *text = texts[used++ % TEXTS];

    snprintf(text, SIZE, number == 1 ? "the byte" : "all %s bytes",
             words_number(number));
    return text;
}

/* Above 128 it may be what a shell or a sandbox says of a signal. */
static const char *exit_status(int status)
{
    static char text[96];
    const char *name = status > 128 ? sigabbrev_np(status - 128) : NULL;

    if (name != NULL)
        snprintf(text, sizeof(text), "ended with status %d (128 + SIG%s)",
                 status, name);
    else
        snprintf(text, sizeof(text), "ended with status %d", status);
    return text;
}

const char *words_status(int status)
{
    static char text[96];
    const char *name;

    if (!WIFSIGNALED(status))
        return exit_status(WEXITSTATUS(status));
    name = sigabbrev_np(WTERMSIG(status));
    if (name != NULL)
        snprintf(text, sizeof(text), "killed by SIG%s (%s)", name,
                 strsignal(WTERMSIG(status)));
    else
        snprintf(text, sizeof(text), "killed by signal %d", WTERMSIG(status));
    return text;
}
