#include "process.h"

#include "case.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INODES_MOST = 256, KILL_SECONDS = 10 };

static int death_signal;

/*
 * Root in a container may lack CAP_SYS_PTRACE.  It then sees what another
 * user's process has open only with that user's rights on files: ptrace(2).
 * As signals go by other IDs, that user can't do more to us than before.
 */
static void see_as_owner(const char *path)
{
    struct stat owner;

    if (geteuid() != 0)
        return;
    prctl(PR_GET_PDEATHSIG, &death_signal);
    if (stat(path, &owner) < 0)
        return;
    setfsgid(owner.st_gid);
    setfsuid(owner.st_uid);
}

/* Other IDs have cleared the signal that ends us with our parent: prctl(2). */
static void see_as_ourselves(void)
{
    if (geteuid() != 0)
        return;
    setfsuid(geteuid());
    setfsgid(getegid());
    prctl(PR_SET_PDEATHSIG, death_signal);
}

/* All processes, as they were found last, and those of one family. */
static struct process *all, *chosen;
static size_t all_count, all_room;

/*
 * The fields of /proc/PID/stat behind the name, which may have blanks and
 * brackets in it: state, parent, ... proc_pid_stat(5).
 */
static bool read_stat(const char *path, char *state, struct process *process)
{
    char line[1024];
    FILE *file = fopen(path, "re");
    size_t length;
    const char *rest;
    unsigned long user, system;
    long children_user, children_system;

    if (file == NULL)
        return false;
    length = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[length] = '\0';
    rest = strrchr(line, ')');
    if (rest == NULL ||
        sscanf(rest + 1,
               " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
               state, &process->parent, &user, &system, &children_user,
               &children_system) != 6)
        return false;
    process->cpu_seconds =
        (double)(user + system + (unsigned long)children_user +
                 (unsigned long)children_system) /
        (double)sysconf(_SC_CLK_TCK);
    return true;
}

static bool is_dead(char state)
{
    return state == 'Z' || state == 'X';
}

/* Both lists with room for so many. */
static void make_room(size_t room)
{
    struct process *longer = reallocarray(all, room, sizeof(*all));
    struct process *other = reallocarray(chosen, room, sizeof(*chosen));

    if (longer == NULL || other == NULL)
        ck_abort_msg("no memory for a list of %zu processes", room);
    all = longer;
    chosen = other;
    all_room = room;
}

static void append(struct process process)
{
    if (all_count == all_room)
        make_room(all_room == 0 ? 256 : 2 * all_room);
    all[all_count++] = process;
}

static void find_all(void)
{
    DIR *directory = opendir("/proc");
    const struct dirent *entry;
    struct process process;
    char path[64], state;

    all_count = 0;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        process.pid = (pid_t)strtol(entry->d_name, NULL, 10);
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)process.pid);
        if (read_stat(path, &state, &process) && !is_dead(state))
            append(process);
    }
    if (directory != NULL)
        closedir(directory);
}

static pid_t parent_of(pid_t pid)
{
    for (size_t i = 0; i < all_count; i++) {
        if (all[i].pid == pid)
            return all[i].parent;
    }
    return 0;
}

/* Is it `ancestor` or below it? */
static bool is_of_family(pid_t pid, pid_t ancestor)
{
    while (pid > 0 && pid != ancestor)
        pid = parent_of(pid);
    return pid == ancestor;
}

size_t process_family(pid_t pid, const struct process **family)
{
    size_t count = 0;

    find_all();
    for (size_t i = 0; i < all_count; i++) {
        if (is_of_family(all[i].pid, pid))
            chosen[count++] = all[i];
    }
    *family = chosen;
    return count;
}

/* The inodes of the sockets in this table that listen on the port. */
static size_t add_listening(const char *table, int port, unsigned long *inodes,
                            size_t count)
{
    enum { LISTEN = 10 };
    FILE *file = fopen(table, "re");
    char line[512];
    unsigned local, state;

    while (file != NULL && count < INODES_MOST &&
           fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line,
                   " %*u: %*x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu",
                   &local, &state, &inodes[count]) == 3 &&
            local == (unsigned)port && state == LISTEN)
            count++;
    }
    if (file != NULL)
        fclose(file);
    return count;
}

static bool is_one_of(unsigned long inode, const unsigned long *inodes,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (inodes[i] == inode)
            return true;
    }
    return false;
}

/* Does the process have one of these sockets open? */
static bool holds(pid_t pid, const unsigned long *inodes, size_t count)
{
    char path[64], link[400], target[64];
    const struct dirent *entry;
    unsigned long inode;
    bool found = false;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    see_as_owner(path);
    directory = opendir(path);
    while (directory != NULL && !found &&
           (entry = readdir(directory)) != NULL) {
        ssize_t length;

        snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
        length = readlink(link, target, sizeof(target) - 1);
        if (length < 0)
            continue;
        target[length] = '\0';
        found = sscanf(target, "socket:[%lu]", &inode) == 1 &&
                is_one_of(inode, inodes, count);
    }
    see_as_ourselves();
    if (directory != NULL)
        closedir(directory);
    return found;
}

/* Climb from the first to where all of them are below. */
static pid_t common_ancestor(const pid_t *pids, size_t count, pid_t top)
{
    pid_t candidate = pids[0];

    for (size_t i = 1; i < count; i++) {
        while (candidate != top && !is_of_family(pids[i], candidate))
            candidate = parent_of(candidate);
    }
    return candidate == top ? pids[0] : candidate;
}

/* If the likely one holds it then all others that do are below that one. */
pid_t process_that_serves(pid_t ancestor, pid_t likely, int port)
{
    unsigned long inodes[INODES_MOST];
    pid_t holders[INODES_MOST];
    const struct process *family;
    size_t inode_count, holder_count = 0, family_count;

    inode_count = add_listening("/proc/net/tcp", port, inodes, 0);
    inode_count = add_listening("/proc/net/tcp6", port, inodes, inode_count);
    if (inode_count == 0)
        return 0;
    if (holds(likely, inodes, inode_count))
        return likely;
    family_count = process_family(ancestor, &family);
    for (size_t i = 0; i < family_count && holder_count < INODES_MOST; i++) {
        if (family[i].pid != ancestor &&
            holds(family[i].pid, inodes, inode_count))
            holders[holder_count++] = family[i].pid;
    }
    return holder_count == 0 ? -1
                             : common_ancestor(holders, holder_count, ancestor);
}

bool process_is_alive(pid_t pid)
{
    struct process process;
    char path[64], state;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    return read_stat(path, &state, &process) && !is_dead(state);
}

bool process_is_stopped(pid_t pid)
{
    char path[64], stat[400], state;
    const struct dirent *entry;
    struct process process;
    bool stopped = true;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    directory = opendir(path);
    while (directory != NULL && stopped &&
           (entry = readdir(directory)) != NULL) {
        snprintf(stat, sizeof(stat), "%s/%s/stat", path, entry->d_name);
        if (entry->d_name[0] != '.' && read_stat(stat, &state, &process))
            stopped = state == 'T' || state == 't' || is_dead(state);
    }
    if (directory != NULL)
        closedir(directory);
    return stopped;
}

/* The number behind `label` in /proc/PID/`file`, which is in KiB, in bytes. */
static size_t bytes_of(pid_t pid, const char *file, const char *label)
{
    char path[64], line[256];
    unsigned long kib = 0;
    FILE *stream;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    see_as_owner(path);
    stream = fopen(path, "re");
    see_as_ourselves();
    if (stream == NULL)
        return 0;
    while (kib == 0 && fgets(line, sizeof(line), stream) != NULL) {
        if (strncmp(line, label, strlen(label)) == 0)
            kib = strtoul(line + strlen(label), NULL, 10);
    }
    fclose(stream);
    return kib * 1024;
}

/*
 * smaps_rollup walks the pages; what status says is an estimate, for kernels
 * that have no smaps_rollup.
 */
size_t process_memory(pid_t pid)
{
    size_t bytes = bytes_of(pid, "smaps_rollup", "Anonymous:");

    return bytes != 0 ? bytes : bytes_of(pid, "status", "RssAnon:");
}

size_t process_address_space(pid_t pid)
{
    return bytes_of(pid, "status", "VmSize:");
}

unsigned process_descriptors(pid_t pid)
{
    char path[64];
    unsigned count = 0;
    const struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    see_as_owner(path);
    directory = opendir(path);
    see_as_ourselves();
    if (directory == NULL)
        return 0;
    while ((entry = readdir(directory)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

/* In a child: prlimit(2) with the owner's real IDs.  The old limit goes back.
 */
static void limit_as(const struct stat *owner, pid_t pid, int resource,
                     const struct rlimit *new_limit, int answer)
{
    struct rlimit old_limit;

    if (setregid(owner->st_gid, (gid_t)-1) == 0 &&
        setreuid(owner->st_uid, (uid_t)-1) == 0 &&
        prlimit(pid, resource, new_limit, &old_limit) == 0 &&
        write(answer, &old_limit, sizeof(old_limit)) < 0)
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

/* Wait for the child, which the owner may have killed or stopped. */
static void await_child(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status))
        kill(child, SIGKILL);
}

/*
 * Changing the limits of another user's process takes that user's real IDs.
 * As long as we had them, that user could send us signals: kill(2).  So a
 * child takes them.
 */
static int limit_as_owner(pid_t pid, int resource,
                          const struct rlimit *new_limit,
                          struct rlimit *old_limit)
{
    struct rlimit answer;
    bool answered = false;
    struct stat owner;
    char path[64];
    int ends[2];
    pid_t child;

    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    if (stat(path, &owner) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    child = fork();
    if (child == 0)
        limit_as(&owner, pid, resource, new_limit, ends[1]);
    close(ends[1]);
    if (child > 0) {
        await_child(child);
        answered = read(ends[0], &answer, sizeof(answer)) == sizeof(answer);
    }
    close(ends[0]);
    if (answered && old_limit != NULL)
        *old_limit = answer;
    errno = answered ? 0 : EPERM;
    return answered ? 0 : -1;
}

int process_limit(pid_t pid, int resource, const struct rlimit *new_limit,
                  struct rlimit *old_limit)
{
    int result = prlimit(pid, resource, new_limit, old_limit);

    if (result == 0 || errno != EPERM || geteuid() != 0)
        return result;
    return limit_as_owner(pid, resource, new_limit, old_limit);
}

/*
 * Those below a killed process become our children, since we are a subreaper:
 * prctl(2), PR_SET_CHILD_SUBREAPER.  So it is done when there is none left.
 */
void process_kill_descendants(void)
{
    double deadline = now() + KILL_SECONDS;
    pid_t self = getpid(), pid;
    const struct process *family;

    do {
        size_t count = process_family(self, &family);

        for (size_t i = 0; i < count; i++) {
            if (family[i].pid != self)
                kill(family[i].pid, SIGKILL);
        }
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            continue;
        if (pid == 0)
            pause_for(0.002);
    } while (pid == 0 && now() < deadline);
}
