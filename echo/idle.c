#include "idle.h"

#include "connection.h"
#include "listener.h"
#include "narrate.h"

#include <limits.h>
#include <time.h>

static struct connection *quietest, *busiest;
static int64_t idle_timeout_ms, quit_after_ms; /* 0: never */
static int64_t now_ms, last_event_ms;

void idle_start(int idle_timeout, int quit_after)
{
    idle_timeout_ms = 1000 * (int64_t)idle_timeout;
    quit_after_ms = 1000 * (int64_t)quit_after;
    idle_tick();
    last_event_ms = now_ms;
}

void idle_tick(void)
{
    /*
     * The coarse clock is a few milliseconds behind and costs a few
     * nanoseconds: right for timeouts in seconds.  See clock_gettime(2).
     */
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    now_ms = 1000 * (int64_t)now.tv_sec + now.tv_nsec / 1000000;
}

int64_t idle_now(void)
{
    return now_ms;
}

void idle_add(struct connection *connection)
{
    last_event_ms = connection->last_active = now_ms;
    connection->busier = NULL;
    connection->quieter = busiest;
    if (busiest != NULL)
        busiest->busier = connection;
    else
        quietest = connection;
    busiest = connection;
}

void idle_remove(struct connection *connection)
{
    last_event_ms = now_ms;
    if (connection->quieter != NULL)
        connection->quieter->busier = connection->busier;
    else
        quietest = connection->busier;
    if (connection->busier != NULL)
        connection->busier->quieter = connection->quieter;
    else
        busiest = connection->quieter;
}

void idle_touch(struct connection *connection)
{
    idle_remove(connection);
    idle_add(connection);
}

struct connection *idle_expired(void)
{
    if (idle_timeout_ms == 0 || quietest == NULL)
        return NULL;
    if (now_ms - quietest->last_active < idle_timeout_ms)
        return NULL;
    return quietest;
}

bool idle_quit_is_due(void)
{
    if (quit_after_ms == 0 || now_ms - last_event_ms < quit_after_ms)
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

    if (idle_timeout_ms > 0 && quietest != NULL)
        deadline = earlier(deadline, quietest->last_active + idle_timeout_ms);
    if (quit_after_ms > 0)
        deadline = earlier(deadline, last_event_ms + quit_after_ms);
    if (listener->paused)
        deadline = earlier(deadline, listener->retry_at);

    if (deadline == INT64_MAX)
        return -1;
    if (deadline <= now_ms)
        return 0;
    return (int)earlier(deadline - now_ms, INT_MAX);
}
