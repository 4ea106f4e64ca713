/*
 * idle: what is to happen when nothing happens.
 *
 * Three things wait for time to pass: --idle-timeout closes a silent
 * connection, --quit-after ends an unused server, and a full server tries its
 * listener again.  None of them needs a timer: the wait call has a timeout, and
 * idle_wait_ms says what it must be.
 *
 * The connections stand in the order of their last activity, the quietest
 * first.  A connection that moves bytes goes to the end, so the order keeps
 * itself, the only one to look at is the first, and each step costs O(1).
 */
#ifndef ECHO_IDLE_H
#define ECHO_IDLE_H

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct listener;

/* Set both timeouts, in seconds; 0 is never.  The clock starts here. */
void idle_start(int idle_timeout, int quit_after);

/*
 * The wait has returned: read the clock, once for all that is done before the
 * next wait.
 */
void idle_tick(void);

/* Milliseconds since some moment in the past, as of the last idle_tick. */
int64_t idle_now(void);

/*
 * A new connection, a connection that moved bytes, one that is closing.  These
 * are what happens, for --quit-after.  That the wait has reported something is
 * not enough: a full server is told of waiting clients at each try, and can't
 * do anything about it.
 */
void idle_add(struct connection *connection);
void idle_touch(struct connection *connection);
void idle_remove(struct connection *connection);

/* The quietest connection if --idle-timeout has run out for it, or NULL. */
struct connection *idle_expired(void);

/* Has none of these happened for --quit-after seconds? */
bool idle_quit_is_due(void);

/*
 * How long the next wait may take, in milliseconds, before one of the three has
 * to be looked at; -1 is for ever, as in poll(2) and epoll_wait(2).
 */
int idle_wait_ms(const struct listener *listener);

#endif
