/*
 * test_message: whether a message that came back changed is noticed.
 *
 * The messages travel over a socketpair whose other end the test holds, so that
 * it plays the server, byte by byte.
 */
#include "client/message.h"
#include "client/pattern.h"
#include "tap.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
static void say(uint32_t size)
{
    message_begin(&ours, size, 0);
    ck_assert_int_eq(message_send(&ours), MESSAGE_WAITING);
    ck_assert_int_eq(recv(server, text, size, 0), size);
}

static void answer(const char *bytes, size_t length)
{
    ck_assert_int_eq(send(server, bytes, length, 0), length);
}

START_TEST(each_message_is_another)
{
    enum { MESSAGES = 200, SIZE = 16 };

    /* Connections 0, 7, 14, ... and the first messages of connection 3. */
    for (uint32_t i = 1; i < MESSAGES; i++) {
        for (uint32_t j = 0; j < i; j++) {
            ck_assert_mem_ne(pattern_message(3, i), pattern_message(3, j),
                             SIZE);
            ck_assert_mem_ne(pattern_message(7 * i, 0),
                             pattern_message(7 * j, 0), SIZE);
        }
    }
}
END_TEST

START_TEST(the_first_wrong_byte_is_found)
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
END_TEST

START_TEST(the_longest_message_stays_in_the_array)
{
    /* The last bytes of any window may be read: ASan would tell. */
    for (uint32_t sequence = 0; sequence < PATTERN_WINDOWS; sequence++) {
        const char *last = pattern_message(0, sequence) + MESSAGE_SIZE_MAX - 1;
        ck_assert_uint_eq(
            pattern_matching(0, sequence, MESSAGE_SIZE_MAX - 1, last, 1), 1);
    }
}
END_TEST

START_TEST(an_echo_is_complete)
{
    for (uint32_t i = 0; i < 3; i++) {
        say(64);
        ck_assert_uint_eq(ours.sequence, i);
        ck_assert(message_in_flight(&ours));
        answer(text, 64);
        ck_assert_int_eq(message_receive(&ours), MESSAGE_COMPLETE);
        ck_assert(!message_in_flight(&ours));
    }
}
END_TEST

START_TEST(an_echo_may_come_in_parts)
{
    say(64);
    answer(text, 10);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WAITING);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WAITING); /* EAGAIN */
    answer(text + 10, 54);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_COMPLETE);
}
END_TEST

START_TEST(a_long_message_goes_out_in_parts)
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
END_TEST

START_TEST(a_changed_byte_is_wrong)
{
    say(64);
    text[63] ^= 0x20;
    answer(text, 64);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WRONG);
    ck_assert_uint_eq(ours.received, 63);
}
END_TEST

START_TEST(a_missing_byte_is_wrong)
{
    say(64);
    memmove(text + 20, text + 21, 43);
    answer(text, 63);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WRONG);
}
END_TEST

START_TEST(a_byte_too_many_is_wrong)
{
    say(64);
    answer(text, 64);
    answer(text, 1);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WRONG);
    ck_assert_uint_eq(ours.received, 64);
}
END_TEST

START_TEST(the_message_before_is_wrong)
{
    char before[64];

    say(64);
    memcpy(before, text, 64);
    answer(before, 64);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_COMPLETE);
    say(64);
    answer(before, 64);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WRONG);
}
END_TEST

START_TEST(a_message_of_another_connection_is_wrong)
{
    say(64);
    answer(pattern_message(ours.number + 1, ours.sequence), 64);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WRONG);
}
END_TEST

START_TEST(bytes_before_they_were_sent_are_wrong)
{
    /* Only the first byte has left when the server answers with two. */
    message_begin(&ours, 64, 0);
    ours.sent = 1;
    answer(pattern_message(ours.number, 0), 2);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WRONG);
    ck_assert_uint_eq(ours.received, 1);
}
END_TEST

START_TEST(the_end_of_the_stream_is_noticed)
{
    say(64);
    answer(text, 63);
    close(server);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_WAITING);
    ck_assert_int_eq(message_receive(&ours), MESSAGE_CLOSED);
    ck_assert_int_eq(ours.error, 0);
    message_begin(&ours, 64, 0);
    ck_assert_int_eq(message_send(&ours), MESSAGE_CLOSED);
    ck_assert_int_ne(ours.error, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message");
    TCase *tcase = tcase_create("message");

    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, each_message_is_another);
    tcase_add_test(tcase, the_first_wrong_byte_is_found);
    tcase_add_test(tcase, the_longest_message_stays_in_the_array);
    tcase_add_test(tcase, an_echo_is_complete);
    tcase_add_test(tcase, an_echo_may_come_in_parts);
    tcase_add_test(tcase, a_long_message_goes_out_in_parts);
    tcase_add_test(tcase, a_changed_byte_is_wrong);
    tcase_add_test(tcase, a_missing_byte_is_wrong);
    tcase_add_test(tcase, a_byte_too_many_is_wrong);
    tcase_add_test(tcase, the_message_before_is_wrong);
    tcase_add_test(tcase, a_message_of_another_connection_is_wrong);
    tcase_add_test(tcase, bytes_before_they_were_sent_are_wrong);
    tcase_add_test(tcase, the_end_of_the_stream_is_noticed);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
