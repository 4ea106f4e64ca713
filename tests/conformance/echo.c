/*
 * echo: every byte comes back, unchanged and in order (contract 1, RFC 862).
 *
 * Whatever the bytes are, whatever their number, in whatever pieces they
 * travel: TCP is a stream of bytes, and a server that treats it as messages or
 * as strings is found here, and one that forgets the rest of a partial write.
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <unistd.h>

enum { MEBIBYTE = 1024 * 1024 };

/* Each byte value, alone: none of them may mean anything to an echo server. */
START_TEST(each_byte_value)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    for (int value = 0; value < 256; value++) {
        unsigned char byte = (unsigned char)value;

        client_send(fd, &byte, 1);
        client_expect(fd, &byte, 1);
    }
    client_end(fd);
    client_expect_end(fd);
}
END_TEST

/* All of them in one piece, so that a string function meets its NUL inside. */
START_TEST(all_byte_values)
{
    struct server *server = server_start("");
    int fd = client_connect(server);
    unsigned char bytes[256];

    case_while("the client was sending all 256 byte values in one message");
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)(i + 128);
    client_send(fd, bytes, sizeof(bytes));
    client_expect(fd, bytes, sizeof(bytes));
}
END_TEST

START_TEST(nothing_but_nul)
{
    static const char bytes[10000];
    struct server *server = server_start("");
    int fd = client_connect(server);

    case_while("the client was sending bytes of value 0");
    client_send(fd, bytes, 1);
    client_expect(fd, bytes, 1);
    client_send(fd, bytes, sizeof(bytes));
    client_expect(fd, bytes, sizeof(bytes));
}
END_TEST

/* Sizes around those that buffers have. */
START_TEST(sizes)
{
    struct server *server = server_start("");
    int fd = client_connect(server);
    uint64_t which = 0;

    for (size_t power = 1; power <= MEBIBYTE; power *= 2) {
        client_echo(fd, which++, power - 1);
        client_echo(fd, which++, power);
        client_echo(fd, which++, power + 1);
    }
}
END_TEST

START_TEST(sixteen_mebibytes)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 16 * MEBIBYTE,
                            .half_close = true};

    streams_finish(&stream, 1);
}
END_TEST

/* Each byte is awaited before the next is sent: no reply may be held back to
   be sent with a later one. */
START_TEST(one_byte_and_wait)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    case_while("the client was waiting for each byte before it sent the next");
    for (int i = 0; i < 2000; i++)
        client_echo(fd, case_random(), 1);
}
END_TEST

/* Each byte is a send, and nobody waits for anything in between. */
START_TEST(one_byte_a_send)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 20000,
                            .send_most = 1,
                            .half_close = true};

    case_while("the client was sending one byte at a time");
    streams_finish(&stream, 1);
}
END_TEST

/* Pieces of any size, and pauses that let the server fall asleep again. */
START_TEST(random_pieces_and_pauses)
{
    struct server *server = server_start("");
    struct stream stream = {.fd = client_connect(server),
                            .which = case_random(),
                            .total = 4 * MEBIBYTE,
                            .send_most = 8 * 1024,
                            .receive_most = 8 * 1024,
                            .random_sizes = true,
                            .half_close = true};

    case_while("the client was sending in pieces of 1 to 8,192 bytes");
    while (!stream_is_done(&stream)) {
        if (streams_step(&stream, 1, client_patience()) == 0)
            streams_fail_hanging(&stream, 1);
        if (case_random() % 8 == 0)
            pause_for((double)case_random_between(1, 10) / 1000);
    }
}
END_TEST

/*
 * Many connections at once, each with bytes of its own in pieces of its own
 * size: what belongs to one must not show up in another.
 */
START_TEST(two_hundred_interleaved)
{
    enum { COUNT = 200 };
    static struct stream streams[COUNT];
    struct server *server = server_start("");

    for (int i = 0; i < COUNT; i++)
        streams[i] = (struct stream){
            .fd = client_connect(server),
            .which = case_random(),
            .total = case_random_between(1, 256 * 1024),
            .send_most = case_random_between(1, 32 * 1024),
            .receive_most = case_random_between(1024, 32 * 1024),
            .random_sizes = true,
            .half_close = true};
    streams_finish(streams, COUNT);
}
END_TEST

/*
 * All of them have sent before any reply is read, and the last is read first: a
 * server that serves one connection until it ends would never come to it.
 */
START_TEST(replies_read_in_reverse)
{
    enum { COUNT = 200, LENGTH = 1000 };
    struct server *server = server_start("");
    char bytes[LENGTH];
    int fds[COUNT];

    for (int i = 0; i < COUNT; i++)
        fds[i] = client_connect(server);
    for (int i = 0; i < COUNT; i++) {
        pattern_fill(bytes, (uint64_t)i, 0, LENGTH);
        client_send(fds[i], bytes, LENGTH);
    }
    case_while("%d clients were waiting for their bytes", COUNT);
    for (int i = COUNT - 1; i >= 0; i--) {
        pattern_fill(bytes, (uint64_t)i, 0, LENGTH);
        client_expect(fds[i], bytes, LENGTH);
    }
}
END_TEST

/* Connections come and go; the next gets nothing of the one before. */
START_TEST(one_after_another)
{
    struct server *server = server_start("");
    unsigned descriptors = server_descriptors(server);

    for (int i = 1; i <= 1000; i++) {
        case_while("client %d of 1,000 was there, the others were gone", i);
        int fd = client_connect(server);

        client_echo(fd, case_random(), case_random_between(1, 5000));
        client_end(fd);
        client_expect_end(fd);
        close(fd);
    }
    case_while(NULL);
    server_await_descriptors(server, descriptors);
}
END_TEST

void add_echo_cases(void)
{
    case_add(1, "echo-each-byte-value", each_byte_value, ANY_SERVER, 60);
    case_add(1, "echo-all-byte-values", all_byte_values, ANY_SERVER, 60);
    case_add(1, "echo-nothing-but-nul", nothing_but_nul, ANY_SERVER, 60);
    case_add(1, "echo-sizes", sizes, ANY_SERVER, 60);
    case_add(1, "echo-sixteen-mebibytes", sixteen_mebibytes, ANY_SERVER, 60);
    case_add(1, "echo-one-byte-and-wait", one_byte_and_wait, ANY_SERVER, 60);
    case_add(1, "echo-one-byte-a-send", one_byte_a_send, ANY_SERVER, 60);
    case_add(1, "echo-random-pieces-and-pauses", random_pieces_and_pauses,
             ANY_SERVER, 60);
    case_add(1, "echo-two-hundred-interleaved", two_hundred_interleaved,
             ANY_SERVER, 60);
    case_add(1, "echo-replies-read-in-reverse", replies_read_in_reverse,
             ANY_SERVER, 60);
    case_add(1, "echo-one-after-another", one_after_another, ANY_SERVER, 60);
}
