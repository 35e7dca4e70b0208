/* Timers of flows, in packet time: a hierarchical wheel whose levels are 64 slots each. Exact to
 * one tick (17 ms). A flow knows the tick's lower bits only, so a timer more than WHEEL_FAR ticks
 * (more than a year) away comes earlier. One owner thread. */
#pragma once

#include "net/flowlist.h"

#define WHEEL_LEVELS   7
#define WHEEL_SLOTS    64
#define WHEEL_FAR      ((int64_t)1 << 31)
#define WHEEL_TICK_LOG 24 /* a tick is 2^24 ns: 7 levels of 6 bits hold every time */

struct wheel {
    int64_t tick;                /* what is due before this tick has been taken out */
    uint64_t used[WHEEL_LEVELS]; /* bit per slot that is not empty */
    uint8_t *space;              /* that flows lie in */
    struct flow_list slot[WHEEL_LEVELS * WHEEL_SLOTS];
};

/* Times are never negative. space: base of the flows' slab_ref. */
void wheel_init(struct wheel *w, int64_t now_ns, uint8_t *space);

/* Arms flow for due_ns; it must not be armed. A time that has passed is due at the next tick. */
void wheel_add(struct wheel *w, struct flow *flow, int64_t due_ns);

/* Disarms; harmless when not armed. */
void wheel_remove(struct wheel *w, struct flow *flow);

/* The tick that an armed flow stands at. */
static inline int64_t wheel_tick_of(const struct wheel *w, const struct flow *flow)
{
    return w->tick + (int64_t)(uint32_t)(flow->due_tick - (uint32_t)w->tick);
}

/* For an armed flow, after wheel_take had nothing (more) for now_ns: its time lies in the tick of
 * now_ns, and may have come. */
static inline bool wheel_is_near(const struct flow *flow, int64_t now_ns)
{
    return flow->due_tick == (uint32_t)(now_ns >> WHEEL_TICK_LOG);
}

/* True when wheel_take may have something for now_ns: one comparison. */
static inline bool wheel_is_due(const struct wheel *w, int64_t now_ns)
{
    return now_ns >> WHEEL_TICK_LOG > w->tick;
}

/* Takes out the next flow whose time lies in a tick that has passed at now_ns, in order of tick,
 * then of arming; NULL when there is none (more). */
struct flow *wheel_take(struct wheel *w, int64_t now_ns);
