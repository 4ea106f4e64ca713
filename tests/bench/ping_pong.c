/*
 * ping_pong: measure an echo server in the plainest way there is.
 *
 * One connection that blocks: send a message, read until all of it is back,
 * note the time; the median of them is printed, in nanoseconds.  It shares no
 * code with the load generator, which test_agreement compares with it: two
 * measurements that agree are a reason to believe both.
 *
 *     ping_pong PORT MESSAGES
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { SIZE = 64 };

static long long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long round_trip(int fd, char fill)
{
    char said[SIZE], heard[SIZE];
    long long start = now_ns();

    memset(said, fill, SIZE);
    if (send(fd, said, SIZE, MSG_NOSIGNAL) != SIZE ||
        recv(fd, heard, SIZE, MSG_WAITALL) != SIZE ||
        memcmp(said, heard, SIZE) != 0)
        errx(EXIT_FAILURE, "no echo, or a wrong one");
    return now_ns() - start;
}

static int ascending(const void *a, const void *b)
{
    long long difference = *(const long long *)a - *(const long long *)b;

    return (difference > 0) - (difference < 0);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in server = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int count = argc == 3 ? atoi(argv[2]) : 0;
    long long *times = calloc((size_t)count + 1, sizeof(*times));

    if (count < 1 || times == NULL)
        errx(EXIT_FAILURE, "usage: ping_pong PORT MESSAGES");
    server.sin_port = htons((unsigned short)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(fd, (struct sockaddr *)&server, sizeof(server)) == -1)
        err(EXIT_FAILURE, "connect");
    for (int i = 0; i < count; i++)
        times[i] = round_trip(fd, (char)i);
    qsort(times, (size_t)count, sizeof(*times), ascending);
    printf("%lld\n", times[count / 2]);
    free(times);
    return EXIT_SUCCESS;
}
