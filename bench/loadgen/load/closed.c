/*
 * closed: see closed.h for the idea.
 */
#include "load/closed.h"

#include "record/clock.h"

/* One reading of the clock ends this message and begins the next. */
static void handle_reply(struct loop *loop, size_t i)
{
    struct load_connection *connection = loop->active[i];
    uint64_t now = clock_now();

    loop->last_reply = now;
    loop->replies++;
    if (loop->phase == DRAIN)
        return;
    connection->replies++;
    if (loop->phase == WINDOW)
        histogram_record(&loop->latency, now - connection->sent_at);
    loop_send(loop, i, now);
}

static void run(struct loop *loop)
{
    uint64_t now = clock_now();
    size_t i;

    while (!loop_is_over(loop)) {
        int n = loop_wait(loop, now, UINT64_MAX);

        now = clock_now();
        loop_step(loop, now);
        for (int k = 0; k < n && loop->trial->valid; k++) {
            if (loop_handle(loop, &loop->events[k], &i))
                handle_reply(loop, i);
        }
        loop_stream(loop, now);
    }
}

void closed_turn(struct loop *loop)
{
    loop_begin(loop);
    for (size_t i = 0; i < loop->count && loop->trial->valid; i++)
        loop_send(loop, i, clock_now());
    run(loop);
    loop_end(loop);
}
