#include "run.h"

#include "keeper.h"
#include "report.h"
#include "server.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    JOBS_MOST = 64, /* as --jobs allows */
    TRIES_MOST = 3
};

/* A machine that stood still for longer (seconds) proves nothing. */
static const double STANDSTILL = 1;

/* A case that runs. */
struct job {
    pid_t pid; /* of its keeper; 0: this place is free */
    const struct test_case *a_case;
    struct outcome *outcome;
    FILE *report;
    int tries;
};

static struct job jobs[JOBS_MOST];
static unsigned running;
static uint64_t seed;

static sigset_t signals_to_await(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

static void start(struct job *job, const struct test_case *a_case)
{
    if (job->outcome == NULL) {
        job->outcome = mmap(NULL, sizeof(*job->outcome), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (job->outcome == MAP_FAILED)
            err(EXIT_FAILURE, "mmap");
    }
    *job->outcome = (struct outcome){0};
    job->a_case = a_case;
    job->report = fdopen(server_output_file("report"), "w+");
    if (job->report == NULL)
        err(EXIT_FAILURE, "fdopen");
    job->tries++;
    job->pid = keeper_start(a_case, seed, job->outcome, job->report);
    running++;
}

/* What the keeper has written, as a string. */
static char *contents(FILE *file)
{
    enum { MOST = 1 << 20 };
    char *text = malloc(MOST + 1);
    ssize_t length = pread(fileno(file), text, MOST, 0);

    text[length < 0 ? 0 : length] = '\0';
    return text;
}

/* The keeper is gone: take what it has left.  The place stays taken. */
static char *collect(struct job *job)
{
    char *text = contents(job->report);

    fclose(job->report);
    running--;
    if (job->outcome->verdict == UNFINISHED) {
        job->outcome->verdict = FAILED;
        strcpy(job->outcome->saw, "its keeper was killed");
    }
    return text;
}

/*
 * While the whole machine was paused (a frozen container, a suspended laptop)
 * the server could do nothing, but time went by: so that is no verdict.
 */
static bool is_worthless(const struct job *job)
{
    return job->outcome->verdict == FAILED &&
           job->outcome->standstill > STANDSTILL && job->tries < TRIES_MOST;
}

static void finish(struct job *job)
{
    char *printed = collect(job);

    if (is_worthless(job)) {
        warnx("%s: nothing ran for %.1f seconds, so it is repeated",
              job->a_case->name, job->outcome->standstill);
        start(job, job->a_case);
    } else {
        report_case(job->a_case, job->outcome, printed);
        job->pid = 0;
    }
    free(printed);
}

/* End all that runs, then ourselves, by the same signal. */
static _Noreturn void end_by(int number)
{
    sigset_t set;

    for (int i = 0; i < JOBS_MOST; i++) {
        if (jobs[i].pid != 0)
            kill(jobs[i].pid, SIGTERM);
    }
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    sigemptyset(&set);
    sigaddset(&set, number);
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(EXIT_FAILURE);
}

static struct job *job_of(pid_t pid)
{
    for (int i = 0; i < JOBS_MOST; i++) {
        if (jobs[i].pid == pid)
            return &jobs[i];
    }
    return NULL;
}

/* Wait until one of the keepers is gone.  Returns its job. */
static struct job *await_one(void)
{
    sigset_t set = signals_to_await();
    int number;
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) == 0) {
        do
            number = sigwaitinfo(&set, NULL);
        while (number < 0);
        if (number != SIGCHLD)
            end_by(number);
    }
    if (pid < 0)
        err(EXIT_FAILURE, "waitpid");
    return job_of(pid);
}

/* Run those of the list that do or don't need to be alone. */
static void run_those(unsigned alone, unsigned side_by_side)
{
    size_t count;
    const struct test_case *cases = case_list(&count);
    struct job *job;

    for (size_t i = 0; i < count; i++) {
        if (!cases[i].chosen || (cases[i].needs & ALONE) != alone)
            continue;
        while (running >= side_by_side)
            if ((job = await_one()) != NULL)
                finish(job);
        job = job_of(0);
        job->tries = 0;
        start(job, &cases[i]);
    }
    while (running > 0)
        if ((job = await_one()) != NULL)
            finish(job);
}

void run_cases(unsigned the_jobs, uint64_t the_seed)
{
    sigset_t set = signals_to_await();

    seed = the_seed;
    sigprocmask(SIG_BLOCK, &set, NULL);
    run_those(0, the_jobs);
    run_those(ALONE, 1);
}

struct outcome run_one(const struct test_case *a_case, uint64_t the_seed,
                       char **printed)
{
    sigset_t set = signals_to_await();
    struct job *job = &jobs[0];

    seed = the_seed;
    sigprocmask(SIG_BLOCK, &set, NULL);
    job->tries = 0;
    start(job, a_case);
    while (await_one() != job)
        continue;
    *printed = collect(job);
    job->pid = 0;
    return *job->outcome;
}
