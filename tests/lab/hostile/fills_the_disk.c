/* Writes wherever it may until there is no more room, 4 GiB at most. */
#include "echo.h"

#include <sys/mman.h>

enum { PIECE = 1 << 20, FILES_MOST = 512, PIECES_MOST = 4096 };

static char piece[PIECE];
static int pieces;

static void fill(int fd)
{
    while (fd >= 0 && pieces < PIECES_MOST && write(fd, piece, PIECE) == PIECE)
        pieces++;
}

static void fill_folder(const char *folder)
{
    char path[300];

    for (int i = 0; i < FILES_MOST && pieces < PIECES_MOST; i++) {
        int fd, before = pieces;

        snprintf(path, sizeof(path), "%s/filler-%d", folder, i);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        fill(fd);
        if (fd >= 0)
            close(fd);
        if (pieces == before)
            break;
    }
}

static void harm(void)
{
    static const char *const folders[] = {".",        "/tmp",  "/dev/shm",
                                          "/var/tmp", "/dev",  "/",
                                          "/run",     "/home", "/handed-in"};

    signal(SIGXFSZ, SIG_IGN);
    memset(piece, 'x', PIECE);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        fill_folder(folders[i]);
    for (int i = 0; i < FILES_MOST && pieces < PIECES_MOST; i++)
        fill(memfd_create("filler", 0));
    printf("filled %d MiB\n", pieces);
}
