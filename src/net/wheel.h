/* Timers of flows, in packet time: a hierarchical wheel whose levels are 64 slots each. Exact to
 * one tick (17 ms); who needs it exact compares flow->due_ns itself. One owner thread. */
#pragma once

#include "base/list.h"
#include "model/flow.h"

#define WHEEL_LEVELS   7
#define WHEEL_SLOTS    64
#define WHEEL_TICK_LOG 24 /* a tick is 2^24 ns: 7 levels of 6 bits hold every time */

struct wheel {
    int64_t tick;                /* what is due before this tick has been taken out */
    uint64_t used[WHEEL_LEVELS]; /* bit per slot that is not empty */
    struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

/* Times are never negative. */
void wheel_init(struct wheel *w, int64_t now_ns);

/* Arms flow for due_ns; it must not be armed. A time that has passed is due at the next tick. */
void wheel_add(struct wheel *w, struct flow *flow, int64_t due_ns);

/* Disarms; harmless when not armed. */
void wheel_remove(struct flow *flow);

/* True when wheel_take may have something for now_ns: one comparison. */
static inline bool wheel_is_due(const struct wheel *w, int64_t now_ns)
{
    return now_ns >> WHEEL_TICK_LOG > w->tick;
}

/* Takes out the next flow whose time lies in a tick that has passed at now_ns, in order of tick,
 * then of arming; NULL when there is none (more). */
struct flow *wheel_take(struct wheel *w, int64_t now_ns);
