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
    SMALL = 64, /* bytes a round trip */
    MEBIBYTE = 1024 * 1024
};

/*
 * A talker of 64 bytes at a time beside four firehoses, two of which were there
 * before it.  While it has 200 round trips the server may echo some 100 MiB for
 * the others, a few hundred KiB for each turn of its loop.  libuv receives up
 * to 32 times from each in a turn, which makes 8 MiB, or twice that when it
 * misses a turn: 1,100 MiB were measured.  A server that drains one connection
 * after the other echoes 5,000 MiB and more.
 */
START_TEST(beside_firehoses)
{
    const uint64_t most = (uint64_t)ROUND_TRIPS * 16 * MEBIBYTE;
    struct server *server = server_start("");
    const volatile uint64_t *before = load_firehoses(server, 2);
    int talker = client_connect(server);
    const volatile uint64_t *behind = load_firehoses(server, 2);
    uint64_t streamed;

    case_while("four other clients were streaming without end");
    load_await(before, 10 * MEBIBYTE);
    load_await(behind, 10 * MEBIBYTE);
    streamed = *before + *behind;
    for (uint64_t i = 0; i < ROUND_TRIPS; i++)
        client_echo(talker, i, SMALL);
    streamed = *before + *behind - streamed;
    ck_assert_msg(
        streamed < most,
        "the streams got %llu MiB during %d short messages" EXPECTED
        "at most %llu: a turn for each connection that has something to do",
        (unsigned long long)streamed / MEBIBYTE, ROUND_TRIPS,
        (unsigned long long)most / MEBIBYTE);
    load_await(before, 10 * MEBIBYTE);
    load_await(behind, 10 * MEBIBYTE);
}
END_TEST

/*
 * 900 clients and a talker's bytes come while the server is stopped, so that it
 * finds all of them at once.  Who accepts the clients in turns has waits
 * between these, and each tells of the talker; who accepts until nobody is left
 * has one or two.
 */
START_TEST(beside_a_flood)
{
    enum { FLOOD = 900, TURNS = 8 };
    const struct counters *counts;
    struct server *server = server_start_counted("--backlog=1024", &counts);
    int talker = client_connect(server);
    uint64_t accepted, waits;
    char bytes[SMALL];

    client_echo(talker, 0, SMALL);
    server_freeze(server);
    accepted = counts->connections_total;
    waits = counts->waits;
    for (int i = 0; i < FLOOD; i++)
        client_connect(server);
    pattern_fill(bytes, 1, 0, SMALL);
    client_send(talker, bytes, SMALL);
    server_thaw(server);
    client_expect(talker, bytes, SMALL);
    server_await_count(&counts->connections_total, accepted + FLOOD);
    waits = counts->waits - waits;
    ck_assert_msg(
        waits >= TURNS,
        "%d new clients were accepted in %llu turns of the loop" EXPECTED
        "at least %d turns, so that other connections are served",
        FLOOD, (unsigned long long)waits, TURNS);
}
END_TEST

/* Clients come, send and reset without end: the talker is served all along. */
START_TEST(beside_visitors)
{
    struct server *server = server_start("");
    int talker = client_connect(server);
    const volatile uint64_t *visits = load_visitors(server, 2);

    case_while("other clients were connecting, sending and resetting without "
               "end");
    load_await(visits, 100);
    for (uint64_t i = 0; i < ROUND_TRIPS; i++)
        client_echo(talker, i, SMALL);
    load_await(visits, 100);
}
END_TEST

void add_fairness_cases(void)
{
    case_add(6, "fairness-beside-firehoses", beside_firehoses, ALONE, 90);
    case_add(6, "fairness-beside-a-flood", beside_a_flood, NEEDS_OPTIONS, 60);
    case_add(6, "fairness-beside-visitors", beside_visitors, ALONE, 60);
}
