/* Listens on every port that it can have. */
#include "echo.h"

static void harm(void)
{
    for (int port = 1; port < 65536; port++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)port)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fd < 0)
            return; /* no descriptor is left */
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(fd, 1) < 0)
            close(fd);
    }
}
