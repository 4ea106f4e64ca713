/*
 * options: the command line, the same for all four servers.
 */
#ifndef ECHO_OPTIONS_H
#define ECHO_OPTIONS_H

#include <stdbool.h>

/* What --version prints behind the program's name, here and in the bench. */
#define FOUR_WAYS_VERSION "0.1.0"

struct options {
    const char *address;  /* --address: a host name, IPv4 or IPv6 address */
    int port;             /* --port: 0 lets the kernel choose */
    int backlog;          /* --backlog: clients that may wait for accept */
    int max_connections;  /* --max-connections: at once; 0 = no limit */
    int idle_timeout;     /* --idle-timeout: seconds; 0 = never */
    int quit_after;       /* --quit-after: seconds; 0 = never */
    const char *counters; /* --counters: a file's path, or NULL */
    bool verbose;         /* --verbose */
};

/*
 * Read the command line of a server that waits with `mechanism`, which --help
 * names.  Ends the process with one line on stderr and status 64 (EX_USAGE)
 * when an option or its value is not understood, and with status 0 after --help
 * and --version.  The strings in the result belong to argv.
 */
struct options options_parse(int argc, char *argv[], const char *mechanism);

/*
 * The whole number that `text` spells in decimal, if it lies in min..max.
 * Otherwise ends the process with status 64 and one line that names the option
 * (as "--port"), the text and the range.
 */
long options_number(const char *option, const char *text, long min, long max);

#endif
