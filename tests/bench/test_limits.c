/*
 * test_limits: fewer connections than were asked for, and whose limit that was.
 *
 *     test_limits PATH-OF-LOADGEN PATH-OF-SERVER
 */
#include "run.h"
#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *server_path;

static const struct shortage {
    enum behaviour behaviour;
    int after;
    const char *load;
    const char *reason;
    int held;
} shortages[] = {
    {SERVES_SO_MANY_ONLY, 7, "--idle=0,20",
     "the server served 7 of 21 connections", 7},
    {SERVES_SO_MANY_ONLY, 150, "--idle=0,300",
     "the server served 150 of 301 connections", 150},
    {FORGETS, 0, "--idle=0", "the server served 0 of 1 connections", 0},
    {CLOSES, 0, "--idle=0", "the server served 0 of 1 connections", 0},
};

TEST_TIMES(climbing_ends_where_the_server_is_full, COUNT(shortages))
{
    const struct shortage *shortage = &shortages[_i];

    run_server(shortage->behaviour, shortage->after);
    run_all(1, "--cycles=2 --stall=0.5 %s", shortage->load);
    const json_t *last = run_trial(run.count - 1, 0);
    run_assert_failed(last, shortage->reason, NULL);
    ck_assert_str_eq(run_string(last, "limited_by"), "server");
    ck_assert_int_eq(run_integer(last, "held"), shortage->held);
    if (shortage->held > 0)
        run_assert_valid(run_trial(0, 0)); /* the point before it stays */
}

/* One is full with 10 of 20; the other is measured there and beyond. */
TEST(the_others_climb_on)
{
    run_server(SERVES_SO_MANY_ONLY, 10);
    run_server(ECHOES, 0);
    run_all(1, "--idle=4,19,29 --stall=0.5 --cycles=2");
    ck_assert_uint_eq(run.count, 3);
    run_assert_valid(run_trial(0, 0));
    ck_assert_int_eq(run_integer(run_trial(1, 0), "held"), 10);
    ck_assert_str_eq(run_string(run_trial(1, 0), "limited_by"), "server");
    ck_assert_uint_eq(run_entries(run_trial(1, 0), "turns.place"), 0);
    run_assert_valid(run_trial(1, 1));
    ck_assert_uint_eq(run_entries(run_trial(1, 1), "turns.place"), 2);
    /* At the last point it is not asked again. */
    ck_assert_str_eq(run_string(run_trial(2, 0), "server"), "s1");
    run_assert_valid(run_trial(2, 0));
    ck_assert_uint_eq(json_array_size(run_get(run.points[2], "trials")), 1);
}

/* But where less is asked for it takes part again. */
TEST(a_full_server_is_back_at_smaller_points)
{
    run_server(SERVES_SO_MANY_ONLY, 10);
    run_all(1, "--size=1,2 --active=5,20 --stall=0.5 --cycles=2");
    ck_assert_uint_eq(run.count, 3);
    run_assert_valid(run_trial(2, 0));
    ck_assert_int_eq(run_integer(run.points[2], "size"), 2);
    ck_assert_int_eq(run_integer(run.points[2], "active"), 5);
}

/* A port that is taken by a socket which does not listen. */
TEST(nothing_listens)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    run_add("127.0.0.1:%d", ntohs(address.sin_port));
    run_all(1, "--cycles=1");
    run_assert_failed(
        run_trial(0, 0),
        "the server served 0 of 1 connections (Connection refused)", NULL);
    close(fd);
}

/* A line for each number, as long as any server has room. */
TEST(hold_counts_what_is_held)
{
    const struct fake_server *first = run_server(SERVES_SO_MANY_ONLY, 150);

    run_server(ECHOES, 0);
    run_all(0, "--hold=10,100,200,300 --stall=0.5");
    ck_assert_uint_eq(run.count, 4);
    static const int held[] = {10, 100, 150};
    for (size_t i = 0; i < 3; i++) {
        const json_t *trial = run_trial(i, 0);
        ck_assert_str_eq(run_string(run.points[i], "mode"), "hold");
        ck_assert_int_eq(run_integer(trial, "held"), held[i]);
        ck_assert(json_is_true(run_get(trial, "valid")));
        ck_assert_ptr_null(json_object_get(trial, "turns"));
        ck_assert_int_eq(run_integer(run_trial(i, 1), "held"),
                         i == 0 ? 10 : 100 * (int)i);
    }
    ck_assert_str_eq(run_string(run_trial(2, 0), "limited_by"), "server");
    ck_assert_int_eq(run_integer(run_trial(2, 0), "wanted"), 200);
    ck_assert_str_eq(run_string(run_trial(3, 0), "server"), "s1");
    /* What was held is closed before the next server's turn. */
    ck_assert_int_ge(first->accepted, 10 + 100 + 150);
}

static void limit_descriptors(rlim_t most)
{
    struct rlimit limit = {most, most};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(too_few_descriptors_are_said)
{
    run_server(ECHOES, 0);
    limit_descriptors(50);
    run_all(1, "--idle=0,10,100 --cycles=2");
    ck_assert_uint_eq(run.count, 3);
    run_assert_valid(run_trial(1, 0));
    ck_assert_str_eq(run_string(run_trial(2, 0), "limited_by"), "generator");
    run_assert_failed(run_trial(2, 0),
                      "101 connections do not fit: the limit of open files "
                      "leaves room for 34",
                      NULL);
}

/* Each server has a generator process, and each of those has descriptors. */
TEST(the_limit_is_that_of_one_server)
{
    for (int i = 0; i < 3; i++)
        run_real(server_path);
    limit_descriptors(180);
    run_all(0, "--idle=99 --cycles=2");
    run_assert_all_valid();
}

/* The most that the kernel allows at all, where this process may have it. */
TEST(an_endless_limit_is_none)
{
    unsigned long most = 0;
    FILE *stream = fopen("/proc/sys/fs/nr_open", "r");

    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(fscanf(stream, "%lu", &most), 1);
    fclose(stream);
    const struct rlimit limit = {most, most};
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        return;
    run_server(ECHOES, 0);
    run_server(ECHOES, 0);
    run_all(0, "--idle=10 --cycles=2");
    run_assert_all_valid();
}

TEST(a_refused_connection_spoils_churn)
{
    run_server(STOPS_LISTENING, 20);
    run_all(1, "--churn --turn=5");
    run_assert_failed(run_trial(0, 0),
                      "connection 20 was not accepted: Connection refused",
                      "refused");
    ck_assert_str_eq(run_string(run_trial(0, 0), "limited_by"), "server");
}

TEST(our_own_limit_in_churn_is_not_the_servers)
{
    run_server(ECHOES, 0);
    limit_descriptors(50);
    run_all(1, "--churn --active=60");
    run_assert_failed(run_trial(0, 0), "connection ", "refused");
    ck_assert_ptr_nonnull(strstr(run_string(run_trial(0, 0), "reason"),
                                 " did not fit here: Too many open files"));
    ck_assert_str_eq(run_string(run_trial(0, 0), "limited_by"), "generator");
}

/* A network of our own, with four local ports.  False when this process isn't
 * allowed to make one. */
static bool enter_a_narrow_network(void)
{
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    const char range[] = "40000 40003";

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == -1)
        return false;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &loopback), 0);
    close(fd);
    fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
    bool is_narrow = write(fd, range, strlen(range)) > 0;
    close(fd);
    return is_narrow;
}

/* The server takes one of the four, so three connections fit: in churn all come
 * from one address. */
TEST(local_ports_that_run_out_are_our_limit)
{
    if (!enter_a_narrow_network())
        return;
    run_server(READS_LATE, 100);
    run_all(1, "--churn --active=100 --turn=1");
    run_assert_failed(run_trial(0, 0),
                      "connection 3 did not fit here: Cannot assign requested "
                      "address",
                      "refused");
    ck_assert_str_eq(run_string(run_trial(0, 0), "limited_by"), "generator");
}

int main(int argc, char *argv[])
{
    run_loadgen = tap_arguments(argc, argv, 2)[0];
    server_path = argv[2];
    return tap_main("limits", run_set_up, run_tear_down);
}
