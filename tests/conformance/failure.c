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

#include <unistd.h>

enum {
    KIBIBYTE = 1024,
    MEBIBYTE = 1024 * KIBIBYTE,
    ROUNDS = 2000 /* clients that fail, a case */
};

/* A server, and a client of it that does nothing wrong. */
struct scene {
    struct server *server;
    int witness;
    unsigned descriptors;
    size_t memory;
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
 * Call this when the server has seen some failures, and needs no more memory
 * for the next ones.
 */
static void scene_settle(struct scene *scene)
{
    client_echo(scene->witness, 1, 100);
    scene->memory = server_memory(scene->server);
}

/*
 * The server still serves the witness and new clients, and has given back what
 * the failed ones had: all descriptors, and memory but for one MiB.  (Where
 * there is a sanitizer we leave the memory to it.)
 */
static void scene_close(struct scene *scene)
{
    struct server *server = scene->server;
    int fd = client_connect(server);
    size_t memory;

    client_echo(fd, 2, 1000);
    client_end(fd);
    client_expect_end(fd);
    client_echo(scene->witness, 3, 1000);
    server_await_descriptors(server, scene->descriptors);
    memory = server_memory(server);
    ck_assert_msg(server_is_sanitized(server) ||
                      memory < scene->memory + MEBIBYTE,
                  "the server grew from %zu to %zu KiB",
                  scene->memory / KIBIBYTE, memory / KIBIBYTE);
}

/* Send `length` bytes of whatever, and wait for nothing. */
static void send_some(int fd, size_t length)
{
    static const char bytes[64 * KIBIBYTE];

    client_send(fd, bytes, length);
}

/* Connected, and gone: perhaps before the server has even accepted. */
START_TEST(reset_before)
{
    struct scene scene = scene_open();

    for (int i = 0; i < ROUNDS; i++) {
        if (i == ROUNDS / 4)
            scene_settle(&scene);
        client_reset(client_connect(scene.server));
    }
    scene_close(&scene);
}
END_TEST

/* Gone with the echo under way: it has come to nobody, a part, or all. */
START_TEST(reset_during)
{
    struct scene scene = scene_open();

    for (int i = 0; i < ROUNDS; i++) {
        int fd = client_connect(scene.server);

        if (i == ROUNDS / 4)
            scene_settle(&scene);
        send_some(fd, case_random_between(1, 64 * KIBIBYTE));
        if (i % 3 == 1)
            client_await_readable(fd);
        if (i % 3 == 2)
            pause_for(0.0001);
        client_reset(fd);
    }
    scene_close(&scene);
}
END_TEST

/* Gone after the echo, with nothing under way. */
START_TEST(reset_after)
{
    struct scene scene = scene_open();

    for (int i = 0; i < ROUNDS; i++) {
        int fd = client_connect(scene.server);

        if (i == ROUNDS / 4)
            scene_settle(&scene);
        client_echo(fd, case_random(), case_random_between(1, 5000));
        client_reset(fd);
    }
    scene_close(&scene);
}
END_TEST

/* Gone after its own FIN: the server is about to close anyway. */
START_TEST(reset_half_closed)
{
    struct scene scene = scene_open();

    for (int i = 0; i < ROUNDS; i++) {
        int fd = client_connect(scene.server);

        if (i == ROUNDS / 4)
            scene_settle(&scene);
        send_some(fd, case_random_between(1, 64 * KIBIBYTE));
        client_end(fd);
        client_reset(fd);
    }
    scene_close(&scene);
}
END_TEST

/* An ordinary close(2), but the echo was not read: so the kernel sends RST. */
START_TEST(close_with_unread_data)
{
    struct scene scene = scene_open();

    for (int i = 0; i < ROUNDS; i++) {
        int fd = client_connect(scene.server);

        if (i == ROUNDS / 4)
            scene_settle(&scene);
        send_some(fd, case_random_between(1, 64 * KIBIBYTE));
        client_await_readable(fd);
        close(fd);
    }
    scene_close(&scene);
}
END_TEST

/*
 * Gone while the server owes them bytes: clients that send without reading,
 * until it can't send to any of them.  What it holds for all of them at once is
 * the most that it ever needs.  It gets that back with the RSTs, but a heap
 * need not return to the kernel what is free again: so we compare with the
 * most, of which a server that kept it all would have three times as much in
 * the end.
 */
START_TEST(reset_while_owed)
{
    enum { COUNT = 32 };
    struct scene scene = scene_open();
    struct stream streams[COUNT];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++)
            streams[i] =
                (struct stream){.fd = client_connect_with(
                                    scene.server, 16 * KIBIBYTE, 64 * KIBIBYTE),
                                .which = case_random(),
                                .total = 64 * MEBIBYTE};
        streams_stall(streams, COUNT);
        if (round == 0)
            scene_settle(&scene);
        for (int i = 0; i < COUNT; i++)
            client_reset(streams[i].fd);
    }
    scene_close(&scene);
}
END_TEST

/*
 * The same after the client's FIN has come to the server, who waits to send.
 * The answer to its next send is EPIPE then, and with it comes SIGPIPE.
 */
START_TEST(reset_half_closed_while_owed)
{
    struct scene scene = scene_open();
    struct stream stream = {
        .fd = client_connect_with(scene.server, 16 * KIBIBYTE, 0),
        .which = case_random(),
        .total = 64 * MEBIBYTE};

    stream_make_owed(&stream);
    scene_settle(&scene);
    client_end(stream.fd);
    pause_for(0.1);
    client_reset(stream.fd);
    scene_close(&scene);
}
END_TEST

/*
 * The server sleeps, and then finds bytes that it can still receive, but has
 * nobody to send them to: ECONNRESET, or behind a FIN EPIPE and SIGPIPE, which
 * ends a program that has not thought of it.
 */
START_TEST(reset_found_with_data)
{
    enum { COUNT = 100 };
    struct scene scene = scene_open();
    int fds[COUNT];

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(scene.server);
        client_echo(fds[i], 0, 1);
    }
    scene_settle(&scene);
    server_freeze(scene.server);
    for (int i = 0; i < COUNT; i++) {
        send_some(fds[i], case_random_between(1, KIBIBYTE));
        if (i % 2 == 0)
            client_end(fds[i]);
        client_reset(fds[i]);
    }
    server_thaw(scene.server);
    scene_close(&scene);
}
END_TEST

/*
 * Half of many connections are reset and the others have sent something, new
 * ones come, and the server finds all of that in one batch of events: whose
 * turn it is must not be mistaken when the one before was closed.
 */
START_TEST(many_at_once)
{
    enum { COUNT = 200, LENGTH = 1000 };
    struct scene scene = scene_open();
    char bytes[LENGTH];
    int fds[2 * COUNT];

    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(scene.server);
        client_echo(fds[i], 0, 1);
    }
    scene_settle(&scene);
    server_freeze(scene.server);
    for (int i = 0; i < 2 * COUNT; i++) {
        if (i >= COUNT)
            fds[i] = client_connect(scene.server);
        pattern_fill(bytes, (uint64_t)i, 0, LENGTH);
        client_send(fds[i], bytes, LENGTH);
        if (case_random() % 2 == 0) {
            client_reset(fds[i]);
            fds[i] = -1;
        }
    }
    server_thaw(scene.server);
    for (int i = 0; i < 2 * COUNT; i++) {
        if (fds[i] < 0)
            continue;
        pattern_fill(bytes, (uint64_t)i, 0, LENGTH);
        client_expect(fds[i], bytes, LENGTH);
        client_end(fds[i]);
        client_expect_end(fds[i]);
        close(fds[i]);
    }
    scene_close(&scene);
}
END_TEST

/* A long echo goes on while others fail beside it. */
START_TEST(beside_a_long_echo)
{
    struct scene scene = scene_open();
    struct stream stream = {.fd = client_connect(scene.server),
                            .which = case_random(),
                            .total = 32 * MEBIBYTE,
                            .send_most = 32 * KIBIBYTE,
                            .half_close = true};

    scene_settle(&scene);
    while (!stream_is_done(&stream)) {
        int fd = client_connect(scene.server);

        send_some(fd, case_random_between(1, 1000));
        if (streams_step(&stream, 1, CLIENT_SECONDS) == 0)
            ck_abort_msg("nothing moves after %zu bytes", stream.received);
        client_reset(fd);
    }
    close(stream.fd);
    scene_close(&scene);
}
END_TEST

void add_failure_cases(Suite *suite)
{
    case_add(suite, "failure-reset-before", reset_before, ANY_SERVER, 90);
    case_add(suite, "failure-reset-during", reset_during, ANY_SERVER, 90);
    case_add(suite, "failure-reset-after", reset_after, ANY_SERVER, 90);
    case_add(suite, "failure-reset-half-closed", reset_half_closed, ANY_SERVER,
             90);
    case_add(suite, "failure-close-with-unread-data", close_with_unread_data,
             ANY_SERVER, 90);
    case_add(suite, "failure-reset-while-owed", reset_while_owed, ANY_SERVER,
             90);
    case_add(suite, "failure-reset-half-closed-while-owed",
             reset_half_closed_while_owed, ANY_SERVER, 90);
    case_add(suite, "failure-reset-found-with-data", reset_found_with_data,
             ANY_SERVER, 90);
    case_add(suite, "failure-many-at-once", many_at_once, ANY_SERVER, 90);
    case_add(suite, "failure-beside-a-long-echo", beside_a_long_echo,
             ANY_SERVER, 90);
}
