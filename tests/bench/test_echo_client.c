/*
 * test_echo_client: the demonstration client must not be fooled.
 *
 *     test_echo_client PATH-OF-ECHO_CLIENT
 */
#include "counters.h"
#include "fake_server.h"
#include "program.h"
#include "tap.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *echo_client;

/* Run it with up to three arguments against such a server, to its end. */
static struct program talk(enum behaviour behaviour, int after,
                           const char *const arguments[3])
{
    static struct fake_server server;
    char port[32];

    fake_server_start(&server, behaviour, after);
    snprintf(port, sizeof(port), "--port=%s", server.port);
    struct program program = program_start((const char *const[]){
        echo_client, port, arguments[0], arguments[1], arguments[2], NULL});
    program_wait(&program);
    fake_server_stop(&server);
    return program;
}

static int count(const char *text, const char *part)
{
    int found = 0;

    while ((text = strstr(text, part)) != NULL) {
        found++;
        text += strlen(part);
    }
    return found;
}

TEST(three_phrases_on_ten_connections)
{
    struct program program = talk(ECHOES, 0, (const char *const[3]){NULL});

    ck_assert_int_eq(program.status, 0);
    ck_assert_str_eq(program.err, "");
    ck_assert_int_eq(count(program.out, " sent "), 30);
    ck_assert_int_eq(count(program.out, " received "), 30);
    /* Numbered: no two messages are alike, each is sent and received. */
    for (int i = 1; i <= 30; i++) {
        char number[16];
        snprintf(number, sizeof(number), " %d\"\n", i);
        ck_assert_int_eq(count(program.out, number), 2);
    }
    ck_assert_ptr_nonnull(
        strstr(program.out, "30 of 30 messages came back unchanged\n"));
    program_free(&program);
}

TEST(its_arguments_are_what_it_says)
{
    struct program program =
        talk(ECHOES, 0,
             (const char *const[3]){"--connections=2", "Hello", "good bye"});

    ck_assert_int_eq(program.status, 0);
    ck_assert_int_eq(count(program.out, " sent     \"Hello\"\n"), 2);
    ck_assert_int_eq(count(program.out, " received \"good bye\"\n"), 2);
    ck_assert_ptr_nonnull(strstr(program.out, "4 of 4 messages"));
    program_free(&program);
}

/* Nor if the server reads nothing before it could read from all ten, which also
 * means that the client speaks on all before it listens. */
TEST_TIMES(the_longest_argument_does_not_block, 2)
{
    static char longest[1 << 17]; /* execve(2): with its end, 128 KiB */
    enum behaviour behaviour = _i == 0 ? ECHOES : READS_LATE;

    memset(longest, 'x', sizeof(longest) - 1);
    struct program program =
        talk(behaviour, 10, (const char *const[3]){longest, longest, NULL});
    ck_assert_msg(program.status == 0, "%s", program.err);
    ck_assert_ptr_nonnull(strstr(program.out, "20 of 20 messages"));
    program_free(&program);
}

static const struct wrong {
    enum behaviour behaviour;
    int after;
    const char *complaint;
} wrongs[] = {
    {CHANGES_A_BIT, 2, "did not receive what it sent"},
    {REPLIES_TO_ANOTHER, 2, "was silent"},
    {LOSES_A_BYTE, 2, "was silent"},
    {DOUBLES_A_BYTE, 2, "received more than it sent"},
    {CLOSES, 1, "did not receive what it sent"},
    {RESETS, 2, "cannot receive: Connection reset by peer"},
    {FORGETS, 0, "waited 3 s, and the server was silent"},
};

static void talk_to_wrong(const struct wrong *wrong)
{
    struct program program =
        talk(wrong->behaviour, wrong->after, (const char *const[3]){NULL});

    ck_assert_int_eq(program.status, 1);
    ck_assert_msg(strstr(program.err, wrong->complaint) != NULL, "%s",
                  program.err);
    program_free(&program);
}

TEST_TIMES(a_wrong_server_is_noticed, COUNT(wrongs))
{
    talk_to_wrong(&wrongs[_i]);
}

/* Its phrases, written on a full disk and for a reader that has left. */
TEST_TIMES(only_a_full_output_is_a_failure, 2)
{
    static struct fake_server server;
    char port[32];
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    fake_server_start(&server, ECHOES, 0);
    snprintf(port, sizeof(port), "--port=%s", server.port);
    struct program program =
        program_start_to(_i == 0 ? open("/dev/full", O_WRONLY) : ends[1],
                         (const char *const[]){echo_client, port, NULL});
    program_wait(&program);
    ck_assert_int_eq(program.status, _i == 0 ? 1 : 0);
    ck_assert_int_eq(count(program.err, "standard output: "), _i == 0);
    program_free(&program);
    fake_server_stop(&server);
}

/* It waits for a reply; its parent has blocked and ignored the signal. */
TEST(an_inherited_mask_keeps_no_signal_away)
{
    static struct fake_server server;
    char port[32];
    sigset_t all;

    signal(SIGTERM, SIG_IGN);
    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
    fake_server_start(&server, FORGETS, 0);
    snprintf(port, sizeof(port), "--port=%s", server.port);
    struct program program =
        program_start((const char *const[]){echo_client, port, NULL});
    while (counters->receives == 0)
        usleep(1000); /* until it is at work; the test has a time limit */
    kill(program.pid, SIGTERM);
    program_wait(&program);
    ck_assert_int_eq(program.status, 128 + SIGTERM);
    program_free(&program);
    fake_server_stop(&server);
}

static const char *const mistakes[] = {
    "--port=0",        "--port=65536", "--port=x",
    "--connections=0", "--nothing",    "--connections=x",
};

TEST_TIMES(a_mistake_is_one_line_that_names_it, COUNT(mistakes))
{
    struct program program =
        program_start((const char *const[]){echo_client, mistakes[_i], NULL});

    program_wait(&program);
    ck_assert_int_eq(program.status, 64);
    ck_assert_ptr_nonnull(strstr(program.err, mistakes[_i]));
    ck_assert_int_eq(count(program.err, "\n"), 1);
    program_free(&program);
}

int main(int argc, char *argv[])
{
    char **paths = tap_arguments(argc, argv, 1);
    echo_client = paths[0];
    return tap_main("echo_client", NULL, NULL);
}
