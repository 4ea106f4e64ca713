/* Connects to the network, and to the other servers of the machine. */
#include "echo.h"

#ifndef SECRET_PORT
#define SECRET_PORT 22
#endif

static void try_to_connect(const char *host, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    alarm(5); /* should the network swallow it */
    inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        printf("could connect to %s, port %d\n", host, port);
    alarm(0);
    close(fd);
}

/* An address for documentation (RFC 5737): no machine has it. */
static void harm(void)
{
    try_to_connect("192.0.2.1", 80);
    try_to_connect("127.0.0.1", SECRET_PORT);
}
