#include "narrate.h"

#include "output.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

/* Room for the longest: an accepted connection with its address. */
enum { SENTENCE_MOST = 512 };

bool narrating;

void narrate_start(void)
{
    narrating = true;
}

void narrate(const char *format, ...)
{
    char sentence[SENTENCE_MOST];
    va_list arguments;

    if (!narrating)
        return;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    output_print("%s\n", sentence);
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
        narrate("%s: checking, without waiting", call);
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
    char list[SENTENCE_MOST] = "";
    size_t length = 0;

    if (!narrating)
        return;
    for (const struct flag_name *name = names; name->name != NULL; name++) {
        if (flags & name->flag)
            length +=
                (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
                                 length == 0 ? " " : "|", name->name);
    }
    narrate("    descriptor %d:%s", descriptor, list);
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
