/*
 * echo: every byte comes back, unchanged and in order (contract 1, RFC 862).
 *
 * Whatever the bytes are, whatever their number, in whatever pieces they
 * travel: TCP is a stream of bytes, and a server that treats it as messages or
 * as strings is found here.
 */
#include "case.h"
#include "cases.h"
#include "client.h"

#include <unistd.h>

START_TEST(one_byte)
{
    struct server *server = server_start("");
    int fd = client_connect(server);

    client_send(fd, "x", 1);
    client_expect(fd, "x", 1);
    client_end(fd);
    client_expect_end(fd);
}
END_TEST

void add_echo_cases(Suite *suite)
{
    case_add(suite, "echo-one-byte", one_byte, ANY_SERVER, 30);
}
