/*
 * address: see address.h for the idea.
 */
#include "client/address.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SOURCE_ADDRESSES = 16,
    FIRST_SOURCE = 0x7f000002, /* 127.0.0.2: easy to tell from the server's */
};

static bool is_ipv4_loopback(const struct sockaddr *address)
{
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;

    return address->sa_family == AF_INET &&
           ntohl(ipv4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* Always -1, for the caller to return, with errno as it was. */
static int close_keeping_errno(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

static int bind_source(int fd, uint32_t number)
{
    int yes = 1;
    struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(FIRST_SOURCE + number % SOURCE_ADDRESSES),
    };

    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes,
                   sizeof(yes)) == -1)
        return -1;
    return bind(fd, (struct sockaddr *)&source, sizeof(source));
}

int address_socket(const struct address *address, uint32_t number)
{
    int yes = 1;
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd = socket(address->address.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (address->is_ipv4_loopback && bind_source(fd, number) == -1)
        return close_keeping_errno(fd);
    return fd;
}

int address_begin(const struct address *address, int fd)
{
    if (connect(fd, (const struct sockaddr *)&address->address,
                address->length) == -1 &&
        errno != EINPROGRESS)
        return -1;
    return 0;
}

int address_connect(const struct address *address, uint32_t number)
{
    int fd = address_socket(address, number);

    if (fd != -1 && address_begin(address, fd) == -1)
        return close_keeping_errno(fd);
    return fd;
}

int address_reset(int fd)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    return connect(fd, &nowhere, sizeof(nowhere));
}

bool address_is_our_limit(int error)
{
    return error == EMFILE || error == ENFILE || error == EADDRNOTAVAIL ||
           error == ENOBUFS || error == ENOMEM;
}

static struct address make_target(const struct addrinfo *info)
{
    struct address address = {
        .length = info->ai_addrlen,
        .is_ipv4_loopback = is_ipv4_loopback(info->ai_addr),
    };

    memcpy(&address.address, info->ai_addr, info->ai_addrlen);
    return address;
}

/* Does a server accept there?  The connection is closed again. */
static bool accepts(const struct addrinfo *info)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};

    if (fd == -1)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    bool connected = connect(fd, info->ai_addr, info->ai_addrlen) == 0;
    close(fd);
    return connected;
}

struct address address_resolve(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int error = getaddrinfo(host, port, &hints, &list);

    if (error != 0)
        errx(EXIT_FAILURE, "cannot find the address of '%s': %s", host,
             gai_strerror(error));
    const struct addrinfo *chosen = list;
    while (chosen->ai_next != NULL && !accepts(chosen))
        chosen = chosen->ai_next;
    struct address address = make_target(chosen);
    freeaddrinfo(list);
    return address;
}
