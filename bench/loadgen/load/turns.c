/*
 * turns: see turns.h for the idea.
 */
#include "load/turns.h"

#include "client/connections.h"
#include "interrupt.h"
#include "load/churn.h"
#include "load/closed.h"
#include "load/open.h"
#include "orders.h"
#include "record/random.h"

#include <string.h>

enum {
    DISTURBED_PART = 20, /* of a turn: 5 % */
    RETAKES_AT_ONCE = 4, /* before we know how busy the machine is */
};

struct turns {
    const struct load_options *options;
    const struct usage *usage;
    struct freeze *freeze;
    struct connections connections;
    struct trial trial;
    struct trial before; /* the turn that may have to be taken again */
    uint64_t kept;       /* turns, of this point */
    bool is_open;        /* are the two below? */
    struct loop loop;
    struct churn churn;
    struct switches switches; /* after the opening */
};

/* How many does it hold?  Fewer than asked for is an answer, none is not. */
static void judge_hold(struct trial *trial)
{
    trial->valid = trial->held > 0 && trial->wrong_bytes == 0;
}

static struct answer begin_point(struct turns *turns, size_t n)
{
    struct trial *trial = &turns->trial;
    struct point point;

    load_options_point(turns->options, n, &point);
    trial_init(trial, &point);
    turns->kept = 0;
    turns->switches = usage_switches(turns->usage);
    connections_hold(&turns->connections, point_connections(&point), trial);
    if (point.mode == MODE_HOLD) {
        judge_hold(trial);
    } else if (trial->valid) {
        turns->switches = usage_switches(turns->usage);
        loop_open(&turns->loop, turns->options, turns->usage,
                  &turns->connections, turns->freeze, trial);
        if (point.mode == MODE_CHURN)
            churn_open(&turns->churn, &turns->loop);
        turns->is_open = true;
    }
    return (struct answer){.valid = trial->valid};
}

static void load_once(struct turns *turns, const struct order *order)
{
    uint64_t seed =
        random_seed((uint64_t)turns->options->seed, order->point, order->cycle);

    if (turns->trial.point.mode == MODE_CHURN)
        churn_turn(&turns->churn);
    else if (turns->trial.point.mode == MODE_OPEN)
        open_turn(&turns->loop, seed);
    else
        closed_turn(&turns->loop);
}

/* Other programs had the CPU while server or generator could have run. */
static bool was_disturbed(const struct turns *turns)
{
    const struct figures *figures = &turns->loop.figures;

    return figures->waited > (int64_t)(figures->window / DISTURBED_PART);
}

/* Where every turn is disturbed, taking each again many times is no help. */
static bool may_retake(const struct turns *turns, const struct order *order,
                       long retakes)
{
    return order->cycle >= turns->options->settle &&
           retakes < turns->options->retakes && turns->trial.valid &&
           turns->trial.retaken < RETAKES_AT_ONCE + 2 * turns->kept &&
           turns->options->freeze_for == 0 && interrupt_signal() == 0;
}

static struct answer take_turn(struct turns *turns, const struct order *order)
{
    struct trial *trial = &turns->trial;

    if (order->cycle == turns->options->settle)
        trial_forget(trial);
    turns->before = *trial;
    load_once(turns, order);
    for (long i = 0; may_retake(turns, order, i) && was_disturbed(turns); i++) {
        trial_undo_turn(trial, &turns->before);
        trial->retaken++;
        load_once(turns, order);
    }
    turns->kept++;
    return (struct answer){trial->valid, turns->loop.figures};
}

static void judge_service(struct turns *turns)
{
    if (turns->trial.point.mode == MODE_CHURN)
        churn_judge(&turns->churn);
    else
        loop_judge(&turns->loop);
}

static void end_point(struct turns *turns)
{
    struct trial *trial = &turns->trial;
    struct switches switches = usage_switches(turns->usage);

    trial->switches.voluntary =
        usage_between(turns->switches.voluntary, switches.voluntary);
    trial->switches.involuntary =
        usage_between(turns->switches.involuntary, switches.involuntary);
    trial->server_bytes = usage_memory(turns->usage);
    trial->kernel = usage_kernel();
    if (trial->valid && turns->is_open)
        judge_service(turns);
    if (trial->valid)
        connections_check(&turns->connections, trial);
    if (turns->is_open && trial->point.mode == MODE_CHURN)
        churn_close(&turns->churn);
    if (turns->is_open)
        loop_close(&turns->loop);
    turns->is_open = false;
    /* The next server's memory is measured without this one's. */
    if (trial->point.mode == MODE_HOLD && turns->options->server_count > 1)
        connections_close(&turns->connections);
}

/* Returns whether the answer was sent. */
static bool follow(struct turns *turns, int fd, const struct order *order)
{
    struct answer answer;

    if (order->kind == ORDER_END) {
        end_point(turns);
        return orders_write(fd, &turns->trial, sizeof(turns->trial));
    }
    if (order->kind == ORDER_POINT)
        answer = begin_point(turns, order->point);
    else
        answer = take_turn(turns, order);
    return interrupt_signal() == 0 && orders_write(fd, &answer, sizeof(answer));
}

void turns_follow(int fd, const struct load_options *options,
                  struct address address, const struct usage *usage,
                  struct freeze *freeze)
{
    static struct turns turns;
    struct order order;

    turns.options = options;
    turns.usage = usage;
    turns.freeze = freeze;
    connections_init(&turns.connections, address, options->stall);
    while (orders_read(fd, &order, sizeof(order)) && follow(&turns, fd, &order))
        continue;
}
