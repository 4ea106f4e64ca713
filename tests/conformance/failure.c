/*
 * failure: what happens to one peer ends its connection alone (contract 4).
 *
 * A RST can come at any moment: before the server has accepted, while it reads,
 * while it owes bytes, after the client's FIN.  The server sees ECONNRESET or
 * EPIPE from whatever call it makes next, and SIGPIPE if it did not say no to
 * that.  Afterwards everybody else is served as before, and neither a
 * descriptor nor the memory of those connections is left behind.
 */
#include "case.h"
#include "cases.h"
#include "client.h"
#include "words.h"

#include <unistd.h>

enum {
    KIBIBYTE = 1024,
    MEBIBYTE = 1024 * KIBIBYTE,
    FAILURES = 1000, /* clients that fail one by one, in a batch */
    FEWEST_BATCHES = 2,
    ENOUGH_BATCHES = 8, /* to call growth a leak, */
    MOST_BATCHES = 30,  /* and if there is time, */
    PLAY_SECONDS = 20,
    BATCH_SECONDS = 4,      /* a short queue makes each client wait a second */
    SLACK = 256 * KIBIBYTE, /* memory that a batch may cost in any case, */
    SLACK_EACH = 512        /* and for each of its failures */
};

/* A server, and a client of it that does nothing wrong. */
struct scene {
    struct server *server;
    int witness;
    unsigned descriptors;
};

static struct scene scene_open(void)
{
    struct scene scene = {.server = server_start("")};

    scene.witness = client_connect(scene.server);
    client_echo(scene.witness, 0, 100);
    scene.descriptors = server_descriptors(scene.server);
    return scene;
}

/*
 * The server still serves the witness and new clients, and has given back all
 * descriptors of those that failed.
 */
static void scene_assert_intact(const struct scene *scene)
{
    int fd = client_connect(scene->server);

    client_echo(fd, 1, 1000);
    client_end(fd);
    client_expect_end(fd);
    close(fd);
    client_echo(scene->witness, 2, 1000);
    server_await_descriptors(scene->server, scene->descriptors);
}

/* What a batch may cost the server in memory. */
static size_t slack_of(size_t failures)
{
    size_t slack = failures * SLACK_EACH;

    return slack > SLACK ? slack : SLACK;
}

/*
 * Make clients fail, batch by batch, and the server must be intact after each.
 * `failing` says in words how they do it.
 *
 * Its memory may grow, as long as that comes to an end: how many connections it
 * had at the same time is chance, and a heap, or the C library's stock of
 * stacks for threads, becomes as large as the most that was ever needed, and in
 * pieces.  A leak takes its share of every batch.  So look at the later half of
 * all batches together: as soon as that has grown by less than its failures
 * could leak, it is good, and a server that never grows needs two batches.
 * (Where there is a sanitizer we leave the memory to it.)
 */
static void play(const char *failing, size_t (*batch)(struct server *))
{
    struct scene scene = scene_open();
    bool sanitized = server_is_sanitized(scene.server);
    double stop_at = now() + PLAY_SECONDS;
    size_t memory[MOST_BATCHES + 1], allowed[MOST_BATCHES + 1] = {0}, count = 0;

    memory[0] = server_memory(scene.server);
    while (count < ENOUGH_BATCHES ||
           (count < MOST_BATCHES && now() < stop_at)) {
        size_t failures, half;

        case_while("%s", failing);
        failures = batch(scene.server);
        half = ++count / 2;
        scene_assert_intact(&scene);
        memory[count] = server_memory(scene.server);
        allowed[count] = allowed[count - 1] + slack_of(failures);
        if (count >= FEWEST_BATCHES &&
            (sanitized ||
             memory[count] < memory[half] + allowed[count] - allowed[half]))
            return;
    }
    case_while(NULL);
    ck_abort_msg("the server's memory grew all along %zu batches of failed "
                 "clients, from %s to %s KiB" EXPECTED
                 "memory that is given back, or used again",
                 count, words_number(memory[0] / KIBIBYTE),
                 words_number(memory[count] / KIBIBYTE));
}

/* Is there time for one more failure in this batch? */
static bool is_in_time(double start)
{
    return now() < start + BATCH_SECONDS;
}

/* Send `length` bytes of whatever, and wait for nothing. */
static void send_some(int fd, size_t length)
{
    static const char bytes[64 * KIBIBYTE];

    client_send(fd, bytes, length);
}

/* Connected, and gone: perhaps before the server has even accepted. */
static size_t reset_before(struct server *server)
{
    double start = now();
    size_t i;

    for (i = 0; i < FAILURES && is_in_time(start); i++)
        client_reset(client_connect(server));
    return i;
}

/* Gone with the echo under way: it has come to nobody, a part, or all. */
static size_t reset_during(struct server *server)
{
    double start = now();
    size_t i;

    for (i = 0; i < FAILURES && is_in_time(start); i++) {
        int fd = client_connect(server);

        send_some(fd, case_random_between(1, 64 * KIBIBYTE));
        if (i % 3 == 1)
            client_await_readable(fd);
        if (i % 3 == 2)
            pause_for(0.0001);
        client_reset(fd);
    }
    return i;
}

/* Gone after the echo, with nothing under way. */
static size_t reset_after(struct server *server)
{
    double start = now();
    size_t i;

    for (i = 0; i < FAILURES && is_in_time(start); i++) {
        int fd = client_connect(server);

        client_echo(fd, case_random(), case_random_between(1, 5000));
        client_reset(fd);
    }
    return i;
}

/* Gone after its own FIN: the server is about to close anyway. */
static size_t reset_half_closed(struct server *server)
{
    double start = now();
    size_t i;

    for (i = 0; i < FAILURES && is_in_time(start); i++) {
        int fd = client_connect(server);

        send_some(fd, case_random_between(1, 64 * KIBIBYTE));
        client_end(fd);
        client_reset(fd);
    }
    return i;
}

/* An ordinary close(2), but the echo was not read: so the kernel sends RST. */
static size_t close_with_unread_data(struct server *server)
{
    double start = now();
    size_t i;

    for (i = 0; i < FAILURES && is_in_time(start); i++) {
        int fd = client_connect(server);

        send_some(fd, case_random_between(1, 64 * KIBIBYTE));
        client_await_readable(fd);
        close(fd);
    }
    return i;
}

/*
 * Gone while the server owes them bytes: clients that send without reading,
 * until it can't send to any of them.
 */
static size_t reset_while_owed(struct server *server)
{
    enum { COUNT = 32 };
    struct stream streams[COUNT];

    for (int i = 0; i < COUNT; i++)
        streams[i] = (struct stream){
            .fd = client_connect_with(server, 16 * KIBIBYTE, 64 * KIBIBYTE),
            .which = case_random(),
            .total = 64 * MEBIBYTE};
    streams_stall(streams, COUNT);
    for (int i = 0; i < COUNT; i++)
        client_reset(streams[i].fd);
    return COUNT;
}

/*
 * The same after the client's FIN has come to the server, who waits to send.
 * The answer to its next send is EPIPE then, and with it comes SIGPIPE.
 */
static size_t reset_half_closed_while_owed(struct server *server)
{
    enum { COUNT = 8 };
    struct stream streams[COUNT];

    for (int i = 0; i < COUNT; i++) {
        streams[i] =
            (struct stream){.fd = client_connect_with(server, 16 * KIBIBYTE, 0),
                            .which = case_random(),
                            .total = 64 * MEBIBYTE};
        stream_make_owed(&streams[i]);
        client_end(streams[i].fd);
    }
    pause_for(0.1);
    for (int i = 0; i < COUNT; i++)
        client_reset(streams[i].fd);
    return COUNT;
}

/*
 * The server sleeps, and then finds bytes that it can still receive, but has
 * nobody to send them to: ECONNRESET, or behind a FIN EPIPE and SIGPIPE, which
 * ends a program that has not thought of it.
 */
static size_t reset_found_with_data(struct server *server)
{
    enum { COUNT = 100 };
    int fds[COUNT];

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server);
        client_echo(fds[i], 0, 1);
    }
    server_freeze(server);
    for (int i = 0; i < COUNT; i++) {
        send_some(fds[i], case_random_between(1, KIBIBYTE));
        if (i % 2 == 0)
            client_end(fds[i]);
        client_reset(fds[i]);
    }
    server_thaw(server);
    return COUNT;
}

/*
 * Half of many connections are reset and the others have sent something, new
 * ones come, and the server finds all of that in one batch of events: whose
 * turn it is must not be mistaken when the one before was closed.
 */
static size_t many_at_once(struct server *server)
{
    enum { COUNT = 200, LENGTH = 1000 };
    char bytes[LENGTH];
    int fds[2 * COUNT];

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server);
        client_echo(fds[i], 0, 1);
    }
    server_freeze(server);
    for (int i = 0; i < 2 * COUNT; i++) {
        if (i >= COUNT)
            fds[i] = client_connect(server);
        pattern_fill(bytes, (uint64_t)i, 0, LENGTH);
        client_send(fds[i], bytes, LENGTH);
        if (case_random() % 2 == 0) {
            client_reset(fds[i]);
            fds[i] = -1;
        }
    }
    server_thaw(server);
    for (int i = 0; i < 2 * COUNT; i++) {
        if (fds[i] < 0)
            continue;
        pattern_fill(bytes, (uint64_t)i, 0, LENGTH);
        client_expect(fds[i], bytes, LENGTH);
        client_end(fds[i]);
        client_expect_end(fds[i]);
        close(fds[i]);
    }
    return COUNT;
}

/* A long echo goes on while others fail beside it, and in the end is whole. */
static size_t beside_a_long_echo(struct server *server)
{
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 32 * MEBIBYTE,
                            .send_most = 32 * KIBIBYTE,
                            .half_close = true};
    double start = now();
    size_t failures = 0;

    for (; !stream_is_done(&stream) && is_in_time(start); failures++) {
        int fd = client_connect(server);

        send_some(fd, case_random_between(1, 1000));
        if (streams_step(&stream, 1, client_patience()) == 0)
            streams_fail_hanging(&stream, 1);
        client_reset(fd);
    }
    streams_finish(&stream, 1);
    close(stream.fd);
    return failures;
}

/* A case for each of these ways to fail. */
START_TEST(test_reset_before)
{
    play("clients were connecting and resetting at once", reset_before);
}
END_TEST

START_TEST(test_reset_during)
{
    play("clients were resetting in the middle of their echo", reset_during);
}
END_TEST

START_TEST(test_reset_after)
{
    play("clients were resetting after their echo", reset_after);
}
END_TEST

START_TEST(test_reset_half_closed)
{
    play("clients were sending bytes and a FIN, and then resetting",
         reset_half_closed);
}
END_TEST

START_TEST(test_close_with_unread_data)
{
    play("clients were closing without reading their bytes",
         close_with_unread_data);
}
END_TEST

START_TEST(test_reset_while_owed)
{
    play("clients were resetting while bytes were owed to them",
         reset_while_owed);
}
END_TEST

START_TEST(test_reset_half_closed_while_owed)
{
    play("clients were resetting, after their FIN, while bytes were owed to "
         "them",
         reset_half_closed_while_owed);
}
END_TEST

START_TEST(test_reset_found_with_data)
{
    play("resets were coming right behind the bytes", reset_found_with_data);
}
END_TEST

START_TEST(test_many_at_once)
{
    play("half of the clients were resetting and the others sending",
         many_at_once);
}
END_TEST

START_TEST(test_beside_a_long_echo)
{
    play("clients were resetting beside a long echo", beside_a_long_echo);
}
END_TEST

void add_failure_cases(void)
{
    case_add(4, "failure-reset-before", test_reset_before, ANY_SERVER, 90);
    case_add(4, "failure-reset-during", test_reset_during, ANY_SERVER, 90);
    case_add(4, "failure-reset-after", test_reset_after, ANY_SERVER, 90);
    case_add(4, "failure-reset-half-closed", test_reset_half_closed, ANY_SERVER,
             90);
    case_add(4, "failure-close-with-unread-data", test_close_with_unread_data,
             ANY_SERVER, 90);
    case_add(4, "failure-reset-while-owed", test_reset_while_owed, ANY_SERVER,
             90);
    case_add(4, "failure-reset-half-closed-while-owed",
             test_reset_half_closed_while_owed, ANY_SERVER, 90);
    case_add(4, "failure-reset-found-with-data", test_reset_found_with_data,
             ANY_SERVER, 90);
    case_add(4, "failure-many-at-once", test_many_at_once, ANY_SERVER, 90);
    case_add(4, "failure-beside-a-long-echo", test_beside_a_long_echo,
             ANY_SERVER, 90);
}
