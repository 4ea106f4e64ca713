/*
 * test_message: whether a message that came back changed is noticed.
 *
 * The messages travel over a socketpair whose other end the test holds, so that
 * it plays the server, byte by byte.
 */
#include "client/message.h"
#include "client/pattern.h"
#include "tap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 64 };

static struct load_connection ours;
static int server;
static char text[MESSAGE_SIZE_MAX];

static void set_up(void)
{
    int pair[2];

    pattern_init();
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
                     0);
    ours = (struct load_connection){.fd = pair[0], .number = 7};
    server = pair[1];
}

/* Send a message of ours; the server has received it into `text`. */
static void say(void)
{
    message_begin(&ours, SIZE, 0);
    ck_assert_int_eq(message_send(&ours), MESSAGE_WAITING);
    ck_assert_int_eq(recv(server, text, SIZE, 0), SIZE);
}

/* The server sends that, and loadgen judges it. */
static enum message_state answer(const char *bytes, size_t length)
{
    ck_assert_int_eq(send(server, bytes, length, 0), length);
    return message_receive(&ours);
}

TEST(each_message_is_another)
{
    /* Connections 0, 7, 14, ... and the first messages of connection 3. */
    for (uint32_t i = 1; i < 200; i++) {
        for (uint32_t j = 0; j < i; j++) {
            ck_assert_mem_ne(pattern_message(3, i), pattern_message(3, j), 16);
            ck_assert_mem_ne(pattern_message(7 * i, 0),
                             pattern_message(7 * j, 0), 16);
        }
    }
}

TEST(the_first_wrong_byte_is_found)
{
    char received[100];

    memcpy(received, pattern_message(5, 6) + 10, sizeof(received));
    ck_assert_uint_eq(pattern_matching(5, 6, 10, received, 100), 100);
    for (size_t i = 0; i < sizeof(received); i++) {
        received[i] ^= 1;
        ck_assert_uint_eq(pattern_matching(5, 6, 10, received, 100), i);
        received[i] ^= 1;
    }
}

TEST(the_longest_message_stays_in_the_array)
{
    /* The last bytes of any window may be read: ASan would report it. */
    for (uint32_t sequence = 0; sequence < PATTERN_WINDOWS; sequence++) {
        const char *last = pattern_message(0, sequence) + MESSAGE_SIZE_MAX - 1;
        ck_assert_uint_eq(
            pattern_matching(0, sequence, MESSAGE_SIZE_MAX - 1, last, 1), 1);
    }
}

TEST(an_echo_may_come_in_parts)
{
    for (uint32_t i = 0; i < 3; i++) {
        say();
        ck_assert_uint_eq(ours.sequence, i);
        ck_assert_int_eq(answer(text, 10), MESSAGE_WAITING);
        ck_assert_int_eq(message_receive(&ours), MESSAGE_WAITING); /* EAGAIN */
        ck_assert(message_in_flight(&ours));
        ck_assert_int_eq(answer(text + 10, SIZE - 10), MESSAGE_COMPLETE);
        ck_assert(!message_in_flight(&ours));
    }
}

TEST(a_long_message_goes_out_in_parts)
{
    size_t echoed = 0;
    enum message_state state = MESSAGE_WAITING;

    message_begin(&ours, MESSAGE_SIZE_MAX, 0);
    message_send(&ours);
    ck_assert(message_is_sending(&ours));
    while (state == MESSAGE_WAITING) {
        ssize_t n = recv(server, text, 5000, 0);
        if (n > 0)
            echoed += (size_t)send(server, text, (size_t)n, 0);
        if (message_is_sending(&ours))
            ck_assert_int_eq(message_send(&ours), MESSAGE_WAITING);
        state = message_receive(&ours);
    }
    ck_assert_int_eq(state, MESSAGE_COMPLETE);
    ck_assert_uint_eq(echoed, MESSAGE_SIZE_MAX);
}

/* Changed, missing, and one too many. */
TEST_TIMES(a_wrong_byte_is_found, 3)
{
    static const uint32_t lengths[] = {SIZE, SIZE - 1, SIZE + 1};
    static const uint32_t right[] = {63, 20, SIZE};

    say();
    if (_i == 0)
        text[63] ^= 0x20;
    if (_i == 1)
        memmove(text + 20, text + 21, 43);
    ck_assert_int_eq(answer(text, lengths[_i]), MESSAGE_WRONG);
    ck_assert_uint_eq(ours.received, right[_i]);
}

/* The message before, and one of another connection. */
TEST_TIMES(another_message_is_wrong, 2)
{
    say();
    ck_assert_int_eq(answer(text, SIZE), MESSAGE_COMPLETE);
    say();
    ck_assert_int_eq(answer(pattern_message(ours.number + (uint32_t)_i,
                                            ours.sequence - 1 + (uint32_t)_i),
                            SIZE),
                     MESSAGE_WRONG);
}

TEST(bytes_before_they_were_sent_are_wrong)
{
    /* Only the first byte has left when the server answers with two. */
    message_begin(&ours, SIZE, 0);
    ours.sent = 1;
    ck_assert_int_eq(answer(pattern_message(ours.number, 0), 2), MESSAGE_WRONG);
    ck_assert_uint_eq(ours.received, 1);
}

TEST(the_end_of_the_stream_is_noticed)
{
    say();
    ck_assert_int_eq(answer(text, SIZE - 1), MESSAGE_WAITING);
    close(server);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_CLOSED);
    ck_assert_int_eq(ours.error, 0);
    message_begin(&ours, SIZE, 0);
    ck_assert_int_eq(message_send(&ours), MESSAGE_CLOSED);
    ck_assert_int_ne(ours.error, 0);
}

int main(void)
{
    return tap_main("message", set_up, NULL);
}
