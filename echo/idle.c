#include "idle.h"

#include "connection.h"
#include "listener.h"
#include "narrate.h"

#include <limits.h>
#include <time.h>

static struct connection *quietest, *busiest;
static int64_t idle_timeout_ms, quit_after_ms; /* 0: never */
static int64_t last_event_ms, wait_began_ms;

void idle_start(int idle_timeout, int quit_after)
{
    idle_timeout_ms = 1000 * (int64_t)idle_timeout;
    quit_after_ms = 1000 * (int64_t)quit_after;
    last_event_ms = wait_began_ms = idle_now();
}

int64_t idle_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return 1000 * (int64_t)now.tv_sec + now.tv_nsec / 1000000;
}

static void append(struct connection *connection)
{
    connection->busier = NULL;
    connection->quieter = busiest;
    if (busiest != NULL)
        busiest->busier = connection;
    else
        quietest = connection;
    busiest = connection;
}

static void take_out(struct connection *connection)
{
    if (connection->quieter != NULL)
        connection->quieter->busier = connection->busier;
    else
        quietest = connection->busier;
    if (connection->busier != NULL)
        connection->busier->quieter = connection->quieter;
    else
        busiest = connection->quieter;
}

void idle_add(struct connection *connection)
{
    last_event_ms = connection->last_active = idle_now();
    append(connection);
}

void idle_touch(struct connection *connection)
{
    take_out(connection);
    idle_add(connection);
}

void idle_remove(struct connection *connection)
{
    last_event_ms = idle_now();
    take_out(connection);
}

struct connection *idle_expired(void)
{
    if (idle_timeout_ms == 0 || quietest == NULL)
        return NULL;
    if (idle_now() - quietest->last_active < idle_timeout_ms)
        return NULL;
    return quietest;
}

bool idle_quit_is_due(void)
{
    if (quit_after_ms == 0 || wait_began_ms - last_event_ms < quit_after_ms)
        return false;
    narrate("nothing happened for %d second%s", (int)(quit_after_ms / 1000),
            quit_after_ms == 1000 ? "" : "s");
    return true;
}

/* The earlier of two deadlines. */
static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int idle_wait_ms(const struct listener *listener)
{
    int64_t deadline = INT64_MAX;

    wait_began_ms = idle_now();
    if (idle_timeout_ms > 0 && quietest != NULL)
        deadline = earlier(deadline, quietest->last_active + idle_timeout_ms);
    if (quit_after_ms > 0)
        deadline = earlier(deadline, last_event_ms + quit_after_ms);
    if (listener->paused)
        deadline = earlier(deadline, listener->retry_at);

    if (deadline == INT64_MAX)
        return -1;
    if (deadline <= wait_began_ms)
        return 0;
    return (int)earlier(deadline - wait_began_ms, INT_MAX);
}
