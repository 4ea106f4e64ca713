/*
 * conductor: see conductor.h for the idea.
 */
#include "conductor.h"

#include "client/address.h"
#include "interrupt.h"
#include "load/freeze.h"
#include "load/turns.h"
#include "orders.h"
#include "record/clock.h"
#include "record/hgrm.h"
#include "record/json.h"
#include "record/random.h"
#include "record/report.h"
#include "record/text.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* A server and the process that puts it under load. */
struct server {
    const char *name;
    struct address address;
    pid_t generator;     /* 0: it has ended, and takes part in nothing */
    int fd;              /* the stream to it */
    size_t room;         /* the most connections to ask for */
    bool takes_part;     /* in the point underway */
    bool takes_turns;    /* in it, as long as it has not failed */
    struct trial *trial; /* of the point underway */
    struct turn *turns;  /* of that, as many as --cycles */
};

struct conductor {
    const struct load_options *options;
    struct server servers[SERVERS_MAX];
    struct usage usages[SERVERS_MAX]; /* of these */
    size_t count;
    struct freeze freeze;
    bool all_valid; /* so far */
};

static void stay_on_cpu(long cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) == -1)
        err(EX_USAGE, "--cpu=%ld", cpu);
}

/* Whatever the command line says that is not so on this machine ends here. */
static void prepare(struct conductor *conductor)
{
    const struct load_options *options = conductor->options;

    for (size_t i = 0; i < conductor->count; i++) {
        const struct server_option *option = &options->servers[i];
        struct server *server = &conductor->servers[i];

        server->name = option->name;
        conductor->usages[i] =
            usage_open(option->name, (pid_t)option->pid, option->counters);
        server->address = address_resolve(option->host, option->port);
        server->room = SIZE_MAX;
        server->trial = malloc(sizeof(*server->trial));
        server->turns = calloc((size_t)options->cycles, sizeof(*server->turns));
        if (server->trial == NULL || server->turns == NULL)
            err(EXIT_FAILURE, "memory for %zu servers", conductor->count);
    }
    if (options->cpu != -1)
        stay_on_cpu(options->cpu);
    if (options->freeze_for > 0)
        conductor->freeze =
            freeze_prepare((pid_t)options->servers[0].pid, options->freeze_at,
                           options->freeze_for);
}

/*
 * In the generator process of server number `i`.  Only the conductor may hold
 * the other end of a stream, or its end would never be seen; and descriptors
 * are for connections.  Should the conductor be killed, this process is, too.
 */
static _Noreturn void generate(struct conductor *conductor, size_t i, int fd,
                               pid_t parent)
{
    struct server *server = &conductor->servers[i];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    for (size_t k = 0; k <= i; k++)
        close(conductor->servers[k].fd);
    for (size_t k = 0; k < conductor->count; k++) {
        if (k != i)
            usage_close(&conductor->usages[k]);
    }
    turns_follow(fd, conductor->options, server->address, &conductor->usages[i],
                 &conductor->freeze);
    _exit(EXIT_SUCCESS);
}

static void start_generator(struct conductor *conductor, size_t i)
{
    struct server *server = &conductor->servers[i];
    pid_t parent = getpid();
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
        err(EXIT_FAILURE, "socketpair");
    server->fd = ends[0];
    server->generator = fork();
    if (server->generator == -1)
        err(EXIT_FAILURE, "fork");
    if (server->generator == 0)
        generate(conductor, i, ends[1], parent);
    close(ends[1]);
}

/* The stream has ended, or shall end: what became of the process? */
static int end_generator(struct server *server)
{
    int status = 0;

    close(server->fd);
    if (interrupt_signal() != 0)
        kill(server->generator, SIGTERM);
    while (waitpid(server->generator, &status, 0) == -1 && errno == EINTR)
        continue;
    server->generator = 0;
    server->takes_turns = false;
    return status;
}

/* The trial of a generator that ended by itself, as far as it is known. */
static void bury(struct server *server, const struct point *point)
{
    int status = end_generator(server);

    if (interrupt_signal() != 0)
        return;
    trial_init(server->trial, point);
    if (WIFSIGNALED(status))
        trial_fail(server->trial, "the generator process was killed: %s",
                   strsignal(WTERMSIG(status)));
    else
        trial_fail(server->trial, "the generator process ended: status %d",
                   WEXITSTATUS(status));
}

/* Send an order, and wait until it has been carried out.  False: it was not,
 * because the generator has ended. */
static bool command(struct server *server, const struct point *point,
                    struct order order, void *answer, size_t size)
{
    if (orders_write(server->fd, &order, sizeof(order)) &&
        orders_read(server->fd, answer, size))
        return true;
    bury(server, point);
    return false;
}

static void begin_trial(struct conductor *conductor, struct server *server,
                        const struct point *point, size_t n)
{
    struct order order = {.kind = ORDER_POINT, .point = n};
    struct answer answer;

    for (long i = 0; i < conductor->options->cycles; i++)
        server->turns[i].place = -1;
    server->takes_turns =
        command(server, point, order, &answer, sizeof(answer)) && answer.valid;
}

static void take_turn(struct conductor *conductor, struct server *server,
                      const struct point *point, struct order order, int place)
{
    long counted = order.cycle - conductor->options->settle;
    struct answer answer;

    if (!command(server, point, order, &answer, sizeof(answer)))
        return;
    server->takes_turns = answer.valid;
    if (answer.valid && counted >= 0)
        server->turns[counted] = (struct turn){place, answer.figures};
}

/* Those that take turns, in an order that follows from the seed. */
static size_t draw_order(struct conductor *conductor, uint64_t seed,
                         struct server *drawn[])
{
    size_t count = 0;

    for (size_t i = 0; i < conductor->count; i++) {
        if (!conductor->servers[i].takes_turns)
            continue;
        /* It gets any place up to the next free one; what was there moves to
         * the end (Fisher-Yates shuffle, inside-out). */
        size_t place = random_next(&seed) % (count + 1);
        drawn[count++] = drawn[place];
        drawn[place] = &conductor->servers[i];
    }
    return count;
}

static void run_cycle(struct conductor *conductor, const struct point *point,
                      struct order order)
{
    struct server *drawn[SERVERS_MAX + 1] = {NULL};
    uint64_t seed = random_seed((uint64_t)conductor->options->seed, order.point,
                                order.cycle);
    size_t count = draw_order(conductor, seed, drawn);

    for (size_t i = 0; i < count && interrupt_signal() == 0; i++)
        take_turn(conductor, drawn[i], point, order, (int)i);
}

static void run_cycles(struct conductor *conductor, struct report *report,
                       size_t n)
{
    const struct load_options *options = conductor->options;
    uint64_t begin = clock_now();
    uint64_t stolen = usage_stolen();

    for (long cycle = 0;
         cycle < options->settle + options->cycles && interrupt_signal() == 0;
         cycle++)
        run_cycle(conductor, &report->point,
                  (struct order){ORDER_TURN, n, cycle});
    report->duration = clock_now() - begin;
    report->stolen = usage_between(stolen, usage_stolen());
}

/* Decide in which later points this server may take part. */
static void draw_consequences(struct conductor *conductor,
                              struct server *server)
{
    const struct trial *trial = server->trial;

    if (!trial->valid)
        conductor->all_valid = false;
    if (trial->held < point_connections(&trial->point) &&
        trial->wrong_bytes == 0)
        server->room = trial->held;
    else if (!trial->valid && server->generator != 0)
        end_generator(server);
}

static void end_trial(struct conductor *conductor, struct server *server,
                      const struct point *point)
{
    struct order order = {.kind = ORDER_END};

    if (server->generator != 0)
        command(server, point, order, server->trial, sizeof(*server->trial));
    if (interrupt_signal() == 0)
        draw_consequences(conductor, server);
}

/* Without load there are no turns: one server after the other. */
static void measure(struct conductor *conductor, struct report *report,
                    size_t n)
{
    bool hold = report->point.mode == MODE_HOLD;

    for (size_t i = 0; i < conductor->count && interrupt_signal() == 0; i++) {
        struct server *server = &conductor->servers[i];

        if (server->takes_part)
            begin_trial(conductor, server, &report->point, n);
        if (server->takes_part && hold)
            end_trial(conductor, server, &report->point);
    }
    if (hold)
        return;
    run_cycles(conductor, report, n);
    for (size_t i = 0; i < conductor->count && interrupt_signal() == 0; i++) {
        if (conductor->servers[i].takes_part)
            end_trial(conductor, &conductor->servers[i], &report->point);
    }
}

static void add_record(struct report *report, const struct server *server,
                       const struct usage *usage)
{
    struct record *record = &report->records[report->count++];

    *record = (struct record){.server = server->name,
                              .usage = usage,
                              .trial = server->trial,
                              .turns = server->turns};
    for (long i = 0; i < report->options->cycles; i++) {
        if (server->turns[i].place != -1)
            figures_add(&record->sum, &server->turns[i].figures);
    }
}

/* Decide which servers take part in this point, and return how many. */
static size_t invite(struct conductor *conductor, const struct point *point)
{
    size_t count = 0;

    for (size_t i = 0; i < conductor->count; i++) {
        struct server *server = &conductor->servers[i];

        server->takes_part =
            server->generator != 0 && point_connections(point) <= server->room;
        server->takes_turns = false;
        count += server->takes_part;
    }
    return count;
}

static void write_report(const struct conductor *conductor,
                         struct report *report, int json_fd, int text_fd)
{
    for (size_t i = 0; i < conductor->count; i++) {
        if (conductor->servers[i].takes_part)
            add_record(report, &conductor->servers[i], &conductor->usages[i]);
    }
    if (json_fd != -1)
        json_line_write(json_fd, report);
    if (conductor->options->hgrm != NULL)
        hgrm_write(conductor->options->hgrm, report);
    text_write(text_fd, report);
}

bool conductor_run(const struct load_options *options, int json_fd, int text_fd)
{
    static struct conductor conductor;
    struct report report = {.options = options};

    conductor.options = options;
    conductor.count = options->server_count;
    conductor.all_valid = true;
    prepare(&conductor);
    report.cpus = usage_cpus(conductor.usages, conductor.count);
    for (size_t i = 0; i < conductor.count; i++)
        start_generator(&conductor, i);
    for (size_t n = 0; load_options_point(options, n, &report.point) &&
                       interrupt_signal() == 0;
         n++) {
        report.count = 0;
        if (invite(&conductor, &report.point) == 0)
            continue;
        measure(&conductor, &report, n);
        if (interrupt_signal() == 0)
            write_report(&conductor, &report, json_fd, text_fd);
    }
    for (size_t i = 0; i < conductor.count; i++) {
        if (conductor.servers[i].generator != 0)
            end_generator(&conductor.servers[i]);
    }
    return conductor.all_valid;
}
