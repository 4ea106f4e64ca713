#include "keeper.h"

#include "process.h"
#include "server.h"
#include "surroundings.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double TICK = 0.1; /* seconds */

static void note_failure(struct outcome *outcome, const char *reason)
{
    outcome->verdict = FAILED;
    snprintf(outcome->saw, sizeof(outcome->saw), "%s", reason);
}

/* What became of a case whose process has ended without saying it. */
static void note_status(struct outcome *outcome, int status)
{
    char reason[128];

    if (outcome->verdict != UNFINISHED)
        return;
    if (WIFSIGNALED(status))
        snprintf(reason, sizeof(reason),
                 "the case was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(reason, sizeof(reason), "the case ended with status %d",
                 WEXITSTATUS(status));
    note_failure(outcome, reason);
}

/* Its time, without that in which servers were started. */
static double time_used(const struct outcome *outcome, double started_at)
{
    double since = outcome->starting_since, at = now();

    return at - started_at - outcome->starting - (since > 0 ? at - since : 0);
}

/* Wait for a signal of the set, a tick at most. */
static int await_signal(const sigset_t *set, struct outcome *outcome)
{
    struct timespec tick = {.tv_nsec = (long)(TICK * 1e9)};
    double before = now(), late;
    int number = sigtimedwait(set, NULL, &tick);

    late = now() - before - TICK;
    if (late > outcome->standstill)
        outcome->standstill = late;
    return number;
}

/* Wait for the end of the case, or of its time, or of all. */
static void watch(pid_t child, const struct test_case *a_case,
                  const sigset_t *set, struct outcome *outcome)
{
    double limit = a_case->seconds * case_time_factor(), started_at = now();
    char reason[128];
    int status;

    for (;;) {
        int number = await_signal(set, outcome);

        if (number > 0 && number != SIGCHLD) {
            note_failure(outcome, "interrupted");
            return;
        }
        if (waitpid(child, &status, WNOHANG) == child) {
            note_status(outcome, status);
            return;
        }
        if (time_used(outcome, started_at) > limit) {
            snprintf(reason, sizeof(reason), "the case was not done after %g s",
                     limit);
            note_failure(outcome, reason);
            return;
        }
    }
}

/* The signals that a keeper waits for. */
static sigset_t signals_of_keeper(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* In the process of the case. */
static _Noreturn void become_case(const struct test_case *a_case, uint64_t seed,
                                  pid_t parent, struct outcome *outcome)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE); /* it was gone before we asked for the signal */
    surroundings_reset_signals();
    case_run(a_case, seed, outcome);
}

/*
 * In a process group of its own: Ctrl-C is for conformance, which then ends the
 * cases in order.
 */
static _Noreturn void keep(const struct test_case *a_case, uint64_t seed,
                           pid_t parent, struct outcome *outcome, FILE *report)
{
    sigset_t set = signals_of_keeper();
    double started_at = now();
    pid_t self = getpid(), child;

    setpgid(0, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    servers_prepare();
    child = fork();
    if (child == 0)
        become_case(a_case, seed, self, outcome);
    if (child < 0)
        note_failure(outcome, strerror(errno));
    else
        watch(child, a_case, &set, outcome);
    process_kill_descendants();
    outcome->seconds = now() - started_at;
    if (outcome->verdict == FAILED)
        servers_show_output(report);
    fflush(report);
    _exit(EXIT_SUCCESS);
}

pid_t keeper_start(const struct test_case *a_case, uint64_t seed,
                   struct outcome *outcome, FILE *report)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        err(EXIT_FAILURE, "fork");
    if (pid == 0)
        keep(a_case, seed, parent, outcome, report);
    return pid;
}
