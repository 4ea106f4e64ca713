/* Looks for hidden cases, solutions, and what others have handed in. */
#include "echo.h"

#include <ftw.h>

static int is_left_out(const char *path)
{
    static const char *const folders[] = {"/proc", "/sys", "/usr", "/dev"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return 1;
    }
    return 0;
}

static int look(const char *path, const struct stat *status, int type,
                struct FTW *place)
{
    const char *name = path + place->base;

    (void)status;
    if (is_left_out(path))
        return FTW_SKIP_SUBTREE;
    if (type == FTW_F && access(path, R_OK) == 0 &&
        (strcmp(name, "rubric.toml") == 0 || strcmp(name, "step.toml") == 0 ||
         strcmp(name, "solution.c") == 0 || strcmp(name, "shadow") == 0))
        printf("could read %s\n", path);
    return FTW_CONTINUE;
}

static void harm(void)
{
    nftw("/", look, 16, FTW_PHYS | FTW_ACTIONRETVAL);
#ifdef SECRET
    if (access(SECRET, F_OK) == 0)
        printf("could see %s\n", SECRET);
#endif
}
