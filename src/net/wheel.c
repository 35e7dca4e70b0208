/* The timer wheel. A timer stands on the level of the highest 6-bit digit in which its tick differs
 * from the wheel's; so all of a lower level come before all of a higher one, and the next slot is
 * found by the bits in use, however far away it is. */
#include "net/wheel.h"

#include "base/bug.h"

#define DIGIT_BITS 6
_Static_assert(1 << DIGIT_BITS == WHEEL_SLOTS, "one digit is one level");
_Static_assert(WHEEL_LEVELS *DIGIT_BITS + WHEEL_TICK_LOG >= 63, "every time has its level");

static unsigned digit(int64_t tick, unsigned level)
{
    return (unsigned)(tick >> (DIGIT_BITS * level)) & (WHEEL_SLOTS - 1);
}

void wheel_init(struct wheel *w, int64_t now_ns, uint8_t *space)
{
    memset(w, 0, sizeof *w);
    w->tick = now_ns >> WHEEL_TICK_LOG;
    w->space = space;
}

static struct flow *flow_at(const struct wheel *w, uint32_t ref)
{
    return slab_at(w->space, ref);
}

static void add_at_tick(struct wheel *w, struct flow *flow, int64_t tick)
{
    uint64_t differs = (uint64_t)(tick ^ w->tick) | 1;
    unsigned level = (63 - (unsigned)__builtin_clzll(differs)) / DIGIT_BITS;
    BUG_ON(level >= WHEEL_LEVELS);
    unsigned i = digit(tick, level), slot = level * WHEEL_SLOTS + i;
    flow->due_tick = (uint32_t)tick;
    flow->slot = (slot + 1) & 0x3ff;
    flow_list_append(&w->slot[slot], w->space, flow, offsetof(struct flow, wheel));
    w->used[level] |= (uint64_t)1 << i;
}

void wheel_add(struct wheel *w, struct flow *flow, int64_t due_ns)
{
    int64_t tick = due_ns >> WHEEL_TICK_LOG;
    if (tick < w->tick)
        tick = w->tick;
    if (UNLIKELY(tick - w->tick > WHEEL_FAR))
        tick = w->tick + WHEEL_FAR;
    add_at_tick(w, flow, tick);
}

void wheel_remove(struct wheel *w, struct flow *flow)
{
    if (!flow->slot)
        return;
    flow_list_remove(&w->slot[flow->slot - 1u], w->space, flow, offsetof(struct flow, wheel));
    flow->slot = 0; /* the slot's bit may stay: it is cleared when the slot is met */
}

/* The first tick of slot i of a level, given that the digits above are the wheel's. */
static int64_t slot_tick(const struct wheel *w, unsigned level, unsigned i)
{
    unsigned shift = DIGIT_BITS * level;
    return (((w->tick >> shift) & ~(int64_t)(WHEEL_SLOTS - 1)) | i) << shift;
}

/* Deals a slot of a higher level out to the lower ones. The wheel stands at its first tick. */
static void spread(struct wheel *w, unsigned slot)
{
    struct flow *flow = flow_at(w, w->slot[slot].first);
    w->slot[slot] = (struct flow_list){ 0 };
    while (flow) {
        struct flow *next = flow_at(w, flow->wheel.next);
        add_at_tick(w, flow, wheel_tick_of(w, flow));
        flow = next;
    }
}

struct flow *wheel_take(struct wheel *w, int64_t now_ns)
{
    int64_t end = now_ns >> WHEEL_TICK_LOG;
    while (w->tick < end) {
        unsigned level = 0;
        while (level < WHEEL_LEVELS && !w->used[level])
            level++;
        if (level == WHEEL_LEVELS)
            break;
        unsigned i = (unsigned)__builtin_ctzll(w->used[level]);
        unsigned slot = level * WHEEL_SLOTS + i;
        struct flow *first = flow_at(w, w->slot[slot].first);
        if (!first) {
            w->used[level] &= w->used[level] - 1;
            continue;
        }
        int64_t tick = slot_tick(w, level, i);
        BUG_ON(tick < w->tick);
        if (level == 0 ? tick >= end : tick > end)
            break;
        w->tick = tick;
        if (level == 0) {
            wheel_remove(w, first);
            return first;
        }
        w->used[level] &= w->used[level] - 1;
        spread(w, slot);
    }
    w->tick = end > w->tick ? end : w->tick;
    return NULL;
}
