#include "narrate.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

bool narrating;

void narrate_start(void)
{
    narrating = true;
    /* A pipe or a file would otherwise get the story in blocks of 4 KiB. */
    setvbuf(stdout, NULL, _IOLBF, 0);
}

void narrate(const char *format, ...)
{
    if (!narrating)
        return;

    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static const char *plural(long count)
{
    return count == 1 ? "" : "s";
}

void narrate_waiting(const char *call, int timeout_ms)
{
    if (timeout_ms < 0)
        narrate("%s: waiting, for as long as it takes", call);
    else if (timeout_ms == 0)
        narrate("%s: looking, without waiting: there is work left", call);
    else
        narrate("%s: waiting, for at most %.1f seconds", call,
                timeout_ms / 1000.0);
}

void narrate_ready(const char *call, int nready)
{
    if (nready == 0)
        narrate("%s returned: nothing is ready", call);
    else
        narrate("%s returned: %d descriptor%s ready", call, nready,
                nready == 1 ? " is" : "s are");
}

void narrate_flags(int descriptor, uint32_t flags,
                   const struct flag_name names[])
{
    if (!narrating)
        return;

    const char *separator = " ";
    printf("    descriptor %d:", descriptor);
    for (const struct flag_name *name = names; name->name != NULL; name++) {
        if (flags & name->flag) {
            printf("%s%s", separator, name->name);
            separator = "|";
        }
    }
    putchar('\n');
}

/* How many of the received bytes are shown. */
enum { SHOWN = 40 };

void narrate_received(int descriptor, const char *bytes, size_t length)
{
    char shown[SHOWN + 1];
    size_t count = 0;

    for (; count < length && count < SHOWN; count++)
        shown[count] =
            isprint((unsigned char)bytes[count]) ? bytes[count] : '.';
    shown[count] = '\0';
    narrate("connection %d: received %zu byte%s: \"%s\"%s", descriptor, length,
            plural((long)length), shown, length > SHOWN ? "..." : "");
}

void narrate_sent(int descriptor, size_t sent, size_t owed)
{
    if (owed == 0)
        narrate("connection %d: sent %zu byte%s", descriptor, sent,
                plural((long)sent));
    else
        narrate("connection %d: sent %zu byte%s, the kernel takes no more: "
                "%zu owed",
                descriptor, sent, plural((long)sent), owed);
}
