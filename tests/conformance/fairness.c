/*
 * fairness: nobody has the server to himself (contract 6).
 *
 * The traps: to receive from one connection until nothing is left, which is
 * never with a client that streams without end (starvation, epoll(7)), and to
 * accept until nobody waits, while a flood of clients comes.
 */
#include "case.h"
#include "cases.h"
#include "client.h"
#include "load.h"

enum {
    ROUND_TRIPS = 200,
    SMALL = 64,  /* bytes a round trip */
    FLOOD = 900, /* clients that come at once */
    MEBIBYTE = 1024 * 1024
};

/*
 * A talker of 64 bytes at a time beside four firehoses, two of which were there
 * before it.  While it has 200 round trips the server may echo some 100 MiB for
 * the others, a few hundred KiB for each turn of its loop; a server that drains
 * one connection after the other echoes gigabytes.
 */
START_TEST(beside_firehoses)
{
    const uint64_t most = (uint64_t)ROUND_TRIPS * 8 * MEBIBYTE;
    struct server *server = server_start("");
    const volatile uint64_t *before = load_firehoses(server, 2);
    int talker = client_connect(server);
    const volatile uint64_t *behind = load_firehoses(server, 2);
    uint64_t streamed;

    load_await(before, 10 * MEBIBYTE);
    load_await(behind, 10 * MEBIBYTE);
    streamed = *before + *behind;
    for (uint64_t i = 0; i < ROUND_TRIPS; i++)
        client_echo(talker, i, SMALL);
    streamed = *before + *behind - streamed;
    ck_assert_msg(
        streamed < most,
        "%llu MiB went by during %d small round trips, more than %llu",
        (unsigned long long)streamed / MEBIBYTE, ROUND_TRIPS,
        (unsigned long long)most / MEBIBYTE);
    load_await(before, 10 * MEBIBYTE);
    load_await(behind, 10 * MEBIBYTE);
}
END_TEST

/*
 * Let a flood of clients come while the server is stopped, so that it finds
 * them all at once, beside a talker's bytes.  Returns how many of them it has
 * accepted after three of the talker's round trips.
 */
static unsigned accepted_meanwhile(struct server *server, int talker)
{
    unsigned before = server_descriptors(server), accepted;
    int fds[FLOOD];

    server_freeze(server);
    for (unsigned i = 0; i < FLOOD; i++)
        fds[i] = client_connect(server);
    server_thaw(server);
    for (uint64_t i = 0; i < 3; i++)
        client_echo(talker, i, SMALL);
    server_freeze(server);
    accepted = server_descriptors(server) - before;
    server_thaw(server);
    for (unsigned i = 0; i < FLOOD; i++)
        client_reset(fds[i]);
    server_await_descriptors(server, before);
    return accepted;
}

/*
 * 900 wait at once, and the talker has his round trips before all of them are
 * accepted.  On a busy machine it is perhaps the talker that comes too late, so
 * one time in twenty will do; a server that accepts all that wait before it
 * looks at its connections does it every time.
 */
START_TEST(beside_a_flood)
{
    enum { TIMES = 20 };
    struct server *server = server_start("--backlog=1024");
    int talker = client_connect(server), times = 0;

    client_echo(talker, 0, SMALL);
    while (accepted_meanwhile(server, talker) == FLOOD)
        ck_assert_msg(++times < TIMES,
                      "%d times all of %d clients were accepted first", TIMES,
                      FLOOD);
}
END_TEST

/* Clients come, send and reset without end: the talker is served all along. */
START_TEST(beside_visitors)
{
    struct server *server = server_start("");
    int talker = client_connect(server);
    const volatile uint64_t *visits = load_visitors(server, 2);

    load_await(visits, 100);
    for (uint64_t i = 0; i < ROUND_TRIPS; i++)
        client_echo(talker, i, SMALL);
    load_await(visits, 100);
}
END_TEST

void add_fairness_cases(Suite *suite)
{
    case_add(suite, "fairness-beside-firehoses", beside_firehoses, ANY_SERVER,
             90);
    case_add(suite, "fairness-beside-a-flood", beside_a_flood, NEEDS_OPTIONS,
             60);
    case_add(suite, "fairness-beside-visitors", beside_visitors, ANY_SERVER,
             60);
}
