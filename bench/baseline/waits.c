/*
 * waits: what one wait for readiness costs, and nothing else.
 *
 * N sockets are watched with select, poll, epoll level-triggered and epoll
 * edge-triggered.  One, ten or all of them are ready.  There is no network, no
 * load generator and no second process, so little can disturb the result: the
 * CPU time per wait.  Kerrisk showed such a table in 2006 (linux.conf.au; The
 * Linux Programming Interface, 63.4.5), and its shape has not changed.
 *
 * One wait goes like this:
 *
 *     ready    send a byte to each of K sockets, chosen at random each time
 *     wait     * select: copy the interest set, call select, look through the
 *                sockets until as many as it counted are found
 *              * poll: call poll, look through the array in the same way
 *              * epoll: call epoll_wait once, with room for all N events
 *     consume  receive the byte from each socket found, and from no other
 *
 * Only the wait is timed, from before the call until the program has a list of
 * the sockets that are ready: that is what a server pays before it can serve.
 * The calls may sleep (no timeout), as those of a server may, so that select
 * and poll join each socket's wait queue as they do there.  Each byte is a new
 * edge, so edge-triggered epoll reports it too.  Every answer is checked: a
 * wrong count, or a socket without its byte, ends the program.
 *
 * Why socket pairs?  The kernel checks each kind of file with a function of its
 * own.  Seen on a 2-core virtual machine, with 1,000 watched: poll took 25 ns
 * per eventfd, 28 per pipe, 58 per socket of a pair and 77 per TCP socket.  A
 * server watches TCP sockets, and without a network a pair comes closest.
 *
 * Reading the clock of the thread's CPU time is a system call itself, which
 * takes as long as a short wait.  Hence a third reading after the second: what
 * lies between those two is the cost of one reading, and is subtracted.
 *
 * The mechanisms take turns of about a millisecond, in a new random order each
 * time.  A turn yields the median of its waits, which an interrupt now and then
 * doesn't change.  The result is the median of the turns with its
 * order-statistic interval (at least 95 % from six turns on).
 *
 * Cost: two to four seconds (--seconds), and 20,006 descriptors.
 * Limit: where fewer are allowed, it watches fewer, and says so.  select stops
 * at FD_SETSIZE: the watched ends of the pairs get the low numbers, so 1,000 of
 * them still fit.
 *
 * To try it:
 *     build/bench/baseline/waits
 *     build/bench/baseline/waits --json=-
 */
#include "options.h"
#include "startup.h"

#include <argp.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum mechanism { SELECT, POLL, EPOLL_LT, EPOLL_ET, MECHANISMS };

enum {
    WATCHED_MOST = 10000,
    TURN_NS = 1000000,
    WAITS_MOST = 1000, /* in a turn */
    TURNS_LEAST = 6,   /* or there is no interval of 95 % */
    TURNS_MOST = 500,
    COLUMN = 17, /* of the table */
    SHARES = 40, /* a point gets one of so many; large ones take longer */
};

static const char *const names[] = {"select", "poll", "epoll_lt", "epoll_et"};
static const int sizes[] = {10, 100, 500, 1000, 5000, WATCHED_MOST};

/* The pairs: we watch one end, and send to it at the other. */
static int count;
static int watched[WATCHED_MOST];
static int peers[WATCHED_MOST];

/* What each mechanism watches with. */
static fd_set interest_set;
static int max_fd;
static struct pollfd poll_array[WATCHED_MOST];
static int epoll_fds[MECHANISMS];

/* What a wait has found: places in `watched`. */
static struct epoll_event events[WATCHED_MOST];
static int found[WATCHED_MOST];

static int order[WATCHED_MOST]; /* places in `watched`, shuffled */

/* The command line. */
static double seconds = 2;
static int cpu = -1;
static FILE *json;

/* One mechanism at one point; times in ns per wait. */
struct series {
    double turns[TURNS_MOST]; /* the median of each turn */
    int count;                /* of turns; 0: it can't watch so many */
    long waits;
    double median, low, high;
};

static const struct argp_option known_options[] = {
    {"seconds", 's', "S", 0,
     "Take about this long, 0.1 to 600; six turns of each mechanism at each "
     "point in any case (2)",
     0},
    {"cpu", 'C', "N", 0, "Run on CPU number N only (any)", 0},
    {"json", 'j', "FILE", 0,
     "Write a line of JSON for each result to FILE; with - to standard output, "
     "in place of the table",
     0},
    {0},
};

static double parse_seconds(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0.1 && value <= 600))
        errx(EX_USAGE, "--seconds=%s: not a number from 0.1 to 600", text);
    return value;
}

static FILE *open_json(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");

    if (file == NULL)
        err(EXIT_FAILURE, "--json=%s", path);
    return file;
}

/* A full disk may show only now. */
static void close_json(void)
{
    bool failed = ferror(json) != 0;

    if (fclose(json) != 0 || failed)
        err(EXIT_FAILURE, "--json: some of it was not written");
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        /* getopt(3) says in one line what is wrong; argp would add a second. */
        state->err_stream = NULL;
        return 0;
    case 's':
        seconds = parse_seconds(text);
        return 0;
    case 'C':
        cpu = (int)options_number("--cpu", text, 0, CPU_SETSIZE - 1);
        return 0;
    case 'j':
        json = open_json(text);
        return 0;
    case ARGP_KEY_ARG:
        errx(EX_USAGE, "%s: not an option; see --help", text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static double read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* A number from 0 to below - 1. */
static int random_below(int below)
{
    return (int)(random() % below);
}

static void swap(int *a, int *b)
{
    int other = *a;

    *a = *b;
    *b = other;
}

/* Watch one more socket with all of them, but with select only if it fits. */
static void watch(int fd)
{
    for (enum mechanism m = EPOLL_LT; m <= EPOLL_ET; m++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = count};
        if (m == EPOLL_ET)
            event.events |= EPOLLET;
        if (epoll_ctl(epoll_fds[m], EPOLL_CTL_ADD, fd, &event) == -1)
            err(EXIT_FAILURE, "epoll_ctl");
    }
    poll_array[count] = (struct pollfd){.fd = fd, .events = POLLIN};
    if (fd < FD_SETSIZE)
        FD_SET(fd, &interest_set);
    if (fd > max_fd)
        max_fd = fd;
    order[count] = count;
    watched[count++] = fd;
}

/* One more pair; false, with errno set, when there is no descriptor left. */
static bool open_pair(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   pair) == -1)
        return false;
    /* The numbers that an fd_set can hold are for those that we watch. */
    int moved = fcntl(pair[1], F_DUPFD_CLOEXEC, FD_SETSIZE);
    if (moved != -1)
        close(pair[1]);
    peers[count] = moved != -1 ? moved : pair[1];
    watch(pair[0]);
    return true;
}

/* Send a byte to each of `ready` random sockets. */
static void make_ready(int ready)
{
    for (int i = 0; i < ready; i++) {
        swap(&order[i], &order[i + random_below(count - i)]);
        if (send(peers[order[i]], "!", 1, 0) != 1)
            err(EXIT_FAILURE, "send");
    }
}

static int wait_with_select(void)
{
    fd_set ready = interest_set; /* select overwrites it */
    int nready = select(max_fd + 1, &ready, NULL, NULL, NULL);
    int n = 0;

    for (int i = 0; i < count && n < nready; i++) {
        if (FD_ISSET(watched[i], &ready))
            found[n++] = i;
    }
    return nready;
}

static int wait_with_poll(void)
{
    int nready = poll(poll_array, (nfds_t)count, -1);
    int n = 0;

    for (int i = 0; i < count && n < nready; i++) {
        if (poll_array[i].revents != 0)
            found[n++] = i;
    }
    return nready;
}

static int wait_with_epoll(int epoll_fd)
{
    int nready = epoll_wait(epoll_fd, events, count, -1);

    for (int n = 0; n < nready; n++)
        found[n] = (int)events[n].data.u32;
    return nready;
}

/* Fill `found`, and return how many are in it. */
static int wait_with(enum mechanism mechanism)
{
    switch (mechanism) {
    case SELECT:
        return wait_with_select();
    case POLL:
        return wait_with_poll();
    default:
        return wait_with_epoll(epoll_fds[mechanism]);
    }
}

/* Each socket found has one byte, and there are no others. */
static void consume(enum mechanism mechanism, int nready, int ready)
{
    char byte;

    if (nready != ready)
        errx(EXIT_FAILURE, "%s reports %d of %d ready sockets",
             names[mechanism], nready, ready);
    for (int i = 0; i < nready; i++) {
        if (recv(watched[found[i]], &byte, 1, 0) != 1)
            err(EXIT_FAILURE, "%s reports a socket that is not ready",
                names[mechanism]);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of at least one value; sorts them. */
static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), compare);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/*
 * As many waits as fit into a turn, and at least one.  Sockets that became
 * ready in the turns of the others are still on epoll's ready list.  Its next
 * call removes them, with nothing to report; that one isn't timed.
 */
static void take_turn(enum mechanism mechanism, int ready,
                      struct series *series)
{
    double end = read_clock(CLOCK_MONOTONIC) + TURN_NS;
    double waits[WAITS_MOST], readings[WAITS_MOST];
    int n = 0;

    if (mechanism == EPOLL_LT || mechanism == EPOLL_ET)
        epoll_wait(epoll_fds[mechanism], events, count, 0);
    do {
        make_ready(ready);
        double before = read_clock(CLOCK_THREAD_CPUTIME_ID);
        int nready = wait_with(mechanism);
        double after = read_clock(CLOCK_THREAD_CPUTIME_ID);
        readings[n] = read_clock(CLOCK_THREAD_CPUTIME_ID) - after;
        waits[n++] = after - before;
        consume(mechanism, nready, ready);
    } while (n < WAITS_MOST && read_clock(CLOCK_MONOTONIC) < end);
    series->turns[series->count++] = median(waits, n) - median(readings, n);
    series->waits += n;
}

/* Each mechanism that can watch them all takes turns, for `ns` or longer. */
static void take_turns(int ready, double ns, struct series series[MECHANISMS])
{
    double end = read_clock(CLOCK_MONOTONIC) + ns;
    int line[MECHANISMS] = {SELECT, POLL, EPOLL_LT, EPOLL_ET};

    memset(series, 0, MECHANISMS * sizeof(*series));
    for (int turn = 0; turn < TURNS_MOST; turn++) {
        if (turn >= TURNS_LEAST && read_clock(CLOCK_MONOTONIC) >= end)
            break;
        for (int i = 0; i < MECHANISMS; i++) {
            swap(&line[i], &line[i + random_below(MECHANISMS - i)]);
            if (line[i] != SELECT || max_fd < FD_SETSIZE)
                take_turn(line[i], ready, &series[line[i]]);
        }
    }
}

/*
 * The median of the turns and its interval: the binomial distribution says how
 * many values to leave outside, so that the chance of missing the true median
 * is 2.5 % on either side, or a little less, for any number of turns here.
 */
static void sum_up(struct series *series)
{
    int n = series->count;
    int outside = (int)((n + 1) / 2.0 - 0.98 * sqrt(n)) - 1;

    series->median = median(series->turns, n);
    series->low = series->turns[outside];
    series->high = series->turns[n - 1 - outside];
}

static void write_json(const char *name, int ready, const struct series *series)
{
    fprintf(json,
            "{\"schema\":1,\"mechanism\":\"%s\",\"watched\":%d,\"ready\":%d,"
            "\"waits\":%ld,\"cpu_ns_per_wait\":%.1f,\"low\":%.1f,\"high\":%.1f}"
            "\n",
            name, count, ready, series->waits, series->median, series->low,
            series->high);
}

/* In microseconds: 1.31 [1.29..1.35], or without the interval if that is too
 * long for the column. */
static void print_cell(const struct series *series)
{
    char text[64] = "-";
    double high = series->high / 1000;
    int digits = high < 10 ? 2 : high < 100 ? 1 : 0;
    int length = 0;

    if (series->count > 0)
        length = snprintf(text, sizeof(text), "%.*f [%.*f..%.*f]", digits,
                          series->median / 1000, digits, series->low / 1000,
                          digits, high);
    if (length > COLUMN)
        *strchr(text, ' ') = '\0';
    printf(" %*s", COLUMN, text);
}

/* One point: `ready` of all that are watched. */
static void measure(int ready)
{
    static struct series series[MECHANISMS];
    bool is_row = ready == 1 && json != stdout; /* of the table */

    take_turns(ready, seconds * 1e9 / SHARES, series);
    if (is_row)
        printf("%7d", count);
    for (enum mechanism m = SELECT; m < MECHANISMS; m++) {
        if (series[m].count > 0)
            sum_up(&series[m]);
        if (series[m].count > 0 && json != NULL)
            write_json(names[m], ready, &series[m]);
        if (is_row)
            print_cell(&series[m]);
    }
    if (is_row)
        printf("\n");
}

/* Watch `size` sockets, or say why there are fewer. */
static void grow_to(int size)
{
    while (count < size && open_pair())
        continue;
    if (count < size)
        warnx("only %d of %d pairs of sockets: %s", count, size,
              strerror(errno));
}

static void measure_all(void)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int before = count;

        grow_to(sizes[i]);
        if (count == 0)
            exit(EXIT_FAILURE);
        if (count > before)
            measure(1);
        if (count > before && count > 10)
            measure(10);
        if (count > before && count > 1)
            measure(count);
        if (count < sizes[i])
            return;
    }
}

static void close_pairs(void)
{
    for (int i = 0; i < count; i++) {
        close(watched[i]);
        close(peers[i]);
    }
}

/* Keep to the CPU that was asked for, and take all descriptors there are. */
static void set_up(void)
{
    struct rlimit limit;
    cpu_set_t only;

    CPU_ZERO(&only);
    if (cpu != -1)
        CPU_SET((size_t)cpu, &only);
    if (cpu != -1 && sched_setaffinity(0, sizeof(only), &only) == -1)
        err(EX_USAGE, "--cpu=%d", cpu);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* may be forbidden: then fewer */
    for (enum mechanism m = EPOLL_LT; m <= EPOLL_ET; m++) {
        epoll_fds[m] = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_fds[m] == -1)
            err(EXIT_FAILURE, "epoll_create1");
    }
}

int main(int argc, char *argv[])
{
    static const struct argp argp = {
        .options = known_options,
        .parser = parse_option,
        .doc = "What a wait costs: CPU time per select, poll and epoll_wait "
               "with N sockets watched, of which one, ten or all are ready."
               "\vThe table has the waits with one ready; --json has them all.",
    };

    startup();
    startup_close_inherited();
    argp_program_version = "waits " FOUR_WAYS_VERSION;
    if (argp_parse(&argp, argc, argv, 0, NULL, NULL) != 0)
        exit(EX_USAGE);
    set_up();
    setlinebuf(stdout);
    if (json != stdout)
        printf("CPU time per wait in microseconds [95 %% interval], one of N "
               "sockets ready\n%7s %*s %*s %*s %*s\n",
               "N", COLUMN, "select", COLUMN, "poll", COLUMN, "epoll LT",
               COLUMN, "epoll ET");
    measure_all();
    close_pairs();
    if (json != NULL && json != stdout)
        close_json();
    return EXIT_SUCCESS;
}
