/*
 * lab: what a server of the first steps can do already (contract 1 and 3).
 *
 * The other cases want all of the contract at once.  These want as much of it
 * as a step has taught: one client, the next client, several clients whose
 * messages are short, one of them late to read; and a few show one trap of a
 * later step alone.  They run only where --case names them.
 *
 * What fails each of them: a wrong solution in lab/steps, named below where the
 * case is added.
 *
 * The traps: to serve one connection until it ends while others wait, to end
 * with the first client, to wait in recv for a client that is silent, and in
 * send for one that does not read; with edge-triggered epoll, to accept or
 * receive once where there is more.
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Send a text, and receive the same. */
static void echo_text(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
    client_expect(fd, text, strlen(text));
}

/* The second line shows that the server goes on receiving. */
START_TEST(one_line)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    echo_text(fd, "hello\n");
    echo_text(fd, "and hello again\n");
}
END_TEST

/*
 * A server that ends with the first client that has sent something, or waits on
 * for it, is found.  (One that ends with any client is found at its start.)
 */
START_TEST(next_client)
{
    enum { CLIENTS = 5 };
    struct server *server = server_start("");

    for (int i = 0; i < CLIENTS; i++) {
        int fd = client_connect(server);

        echo_text(fd, "hello\n");
        close(fd);
    }
}
END_TEST

/* All three are connected, and two of them are silent at any time. */
START_TEST(three_at_once)
{
    enum { CLIENTS = 3, ROUNDS = 5, LENGTH = 64 };
    struct server *server = server_start("");
    int fds[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        fds[i] = client_connect(server);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (int i = CLIENTS - 1; i >= 0; i--)
            client_echo(fds[i], case_random(), LENGTH);
    }
}
END_TEST

/*
 * Twenty clients, and one message of each is under way at a time: so short that
 * one send takes all of it.  Some leave, and others come in their place.
 */
START_TEST(short_messages)
{
    enum { CLIENTS = 20, ROUNDS = 20, LENGTH_MOST = 512 };
    struct server *server = server_start("");
    struct stream streams[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        streams[i] = (struct stream){.fd = client_connect(server),
                                     .which = case_random()};
    for (int round = 0; round < ROUNDS; round++) {
        int leaving = round % CLIENTS;

        for (int i = 0; i < CLIENTS; i++)
            streams[i].total += case_random_between(1, LENGTH_MOST);
        streams_finish(streams, CLIENTS);
        close(streams[leaving].fd);
        streams[leaving] = (struct stream){.fd = client_connect(server),
                                           .which = case_random()};
    }
}
END_TEST

/*
 * One client sends as much as it can and reads nothing for a while: a server
 * whose send waits for it serves nobody else.  Then it reads, and all of its
 * bytes must be there, those included that a send has left over.
 */
START_TEST(late_reader)
{
    enum { LENGTH = 64 };
    struct server *server = server_start("");
    int other = client_connect(server), newcomer;
    struct stream late = {.fd = client_connect(server),
                          .which = case_random(),
                          .total = 256 << 20};

    client_echo(other, case_random(), LENGTH);
    streams_stall(&late, 1);
    client_echo(other, case_random(), LENGTH);
    newcomer = client_connect(server);
    client_echo(newcomer, case_random(), LENGTH);
    late.total = late.sent;
    late.stalled = false;
    late.half_close = true;
    streams_finish(&late, 1);
}
END_TEST

/* More clients at a time than select can watch: FD_SETSIZE is 1024. */
START_TEST(twelve_hundred)
{
    enum { CLIENTS = 1200, SPARE = 24, LENGTH = 64 };
    struct server *server;
    struct rlimit limit = {0};
    int fds[CLIENTS];

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < CLIENTS + SPARE)
        case_skip("only %llu descriptors may be opened here (ulimit -Hn)",
                  (unsigned long long)limit.rlim_max);
    server = server_start("");
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = client_connect(server);
        client_echo(fds[i], case_random(), LENGTH);
    }
    for (int i = 0; i < CLIENTS; i += 100)
        client_echo(fds[i], case_random(), LENGTH);
}
END_TEST

/*
 * The server sleeps while fifty clients come, so it finds them all at once:
 * edge-triggered, that is one edge.
 */
START_TEST(burst)
{
    enum { CLIENTS = 50, LENGTH = 64 };
    struct server *server = server_start("");
    int fds[CLIENTS];

    server_freeze(server);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = client_connect(server);
    server_thaw(server);
    for (int i = 0; i < CLIENTS; i++)
        client_echo(fds[i], case_random(), LENGTH);
}
END_TEST

/*
 * A message that is larger than the server's buffer is there whole when it
 * wakes up: no byte comes later that would make another edge.
 */
START_TEST(found_whole)
{
    enum { LENGTH = 48 * 1024 }; /* it fits in the kernel's receive buffer */
    struct server *server = server_start("");
    int fd = client_connect(server);
    char bytes[LENGTH];

    client_echo(fd, 0, 1);
    pattern_fill(bytes, 1, 0, LENGTH);
    server_freeze(server);
    client_send(fd, bytes, LENGTH);
    server_thaw(server);
    client_expect(fd, bytes, LENGTH);
}
END_TEST

void add_lab_cases(void)
{
    /* 01: wrong-one-receive */
    case_add(1, "lab-one-line", one_line, ON_REQUEST, 30);
    /* 01: solution without the test for the end of the stream */
    case_add(1, "lab-next-client", next_client, ON_REQUEST, 30);
    /* 03: wrong-serves-to-the-end */
    case_add(1, "lab-three-at-once", three_at_once, ON_REQUEST, 30);
    /* 03: wrong-sets-not-copied */
    case_add(1, "lab-short-messages", short_messages, ON_REQUEST, 30);
    /* 04: wrong-drops-the-rest */
    case_add(3, "lab-late-reader", late_reader, ON_REQUEST, 60);
    /* 07: wrong-table-of-1024 */
    case_add(1, "lab-twelve-hundred", twelve_hundred, ON_REQUEST, 30);
    /* 10: wrong-accepts-once */
    case_add(1, "lab-burst", burst, ON_REQUEST, 30);
    /* 10: wrong-receives-once */
    case_add(1, "lab-found-whole", found_whole, ON_REQUEST, 30);
}
