#include "surroundings.h"

#include "startup.h"

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FEWEST = 200,   /* descriptors that each case needs */
    FEW = 1300,     /* and the largest one */
    SMALL = 1 << 20 /* bytes of a file */
};

void surroundings_reset_signals(void)
{
    struct sigaction action;
    sigset_t none;

    /* What has a handler already, a sanitizer's, is to keep it. */
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (sigaction(number, NULL, &action) == 0 &&
            action.sa_handler == SIG_IGN)
            signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static struct rlimit raise_to_hard(__rlimit_resource_t resource)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    getrlimit(resource, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
    return limit;
}

static void raise_limits(void)
{
    static const __rlimit_resource_t others[] = {RLIMIT_AS, RLIMIT_DATA,
                                                 RLIMIT_CPU, RLIMIT_NPROC};
    rlim_t descriptors = raise_to_hard(RLIMIT_NOFILE).rlim_max;
    rlim_t file_size = raise_to_hard(RLIMIT_FSIZE).rlim_max;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        raise_to_hard(others[i]);
    if (descriptors < FEWEST)
        errx(EXIT_FAILURE,
             "only %llu descriptors may be open here (ulimit -Hn)",
             (unsigned long long)descriptors);
    if (descriptors < FEW)
        warnx("only %llu descriptors may be open here (ulimit -Hn): cases that "
              "need more are skipped",
              (unsigned long long)descriptors);
    if (file_size < SMALL)
        errx(EXIT_FAILURE,
             "files may have only %llu bytes here (ulimit -Hf): what a server "
             "prints has no room",
             (unsigned long long)file_size);
}

/* libcheck would run other tests, or elsewhere, or print more than we want. */
static void clear_environment(void)
{
    static const char *const names[] = {"CK_RUN_SUITE",
                                        "CK_RUN_CASE",
                                        "CK_INCLUDE_TAGS",
                                        "CK_EXCLUDE_TAGS",
                                        "CK_FORK",
                                        "CK_VERBOSITY",
                                        "CK_LOG_FILE_NAME",
                                        "CK_XML_LOG_FILE_NAME",
                                        "CK_TAP_LOG_FILE_NAME",
                                        "CK_MAX_MSG_SIZE",
                                        "IFS"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
}

void surroundings_set_back(void)
{
    struct stat status;

    if (fstat(STDOUT_FILENO, &status) < 0)
        err(EXIT_FAILURE, "standard output");
    startup();
    startup_close_inherited();
    umask(S_IWGRP | S_IWOTH);
    clear_environment();
    raise_limits();
}
