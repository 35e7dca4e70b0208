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

void wheel_init(struct wheel *w, int64_t now_ns)
{
    w->tick = now_ns >> WHEEL_TICK_LOG;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        w->used[level] = 0;
        for (unsigned i = 0; i < WHEEL_SLOTS; i++)
            list_init(&w->slot[level][i]);
    }
}

void wheel_add(struct wheel *w, struct flow *flow, int64_t due_ns)
{
    int64_t tick = due_ns >> WHEEL_TICK_LOG;
    if (tick < w->tick)
        tick = w->tick;
    uint64_t differs = (uint64_t)(tick ^ w->tick) | 1;
    unsigned level = (63 - (unsigned)__builtin_clzll(differs)) / DIGIT_BITS;
    BUG_ON(level >= WHEEL_LEVELS);
    unsigned i = digit(tick, level);
    list_append(&w->slot[level][i], &flow->wheel);
    w->used[level] |= (uint64_t)1 << i;
}

void wheel_remove(struct flow *flow)
{
    list_remove(&flow->wheel); /* the slot's bit may stay: it is cleared when the slot is met */
}

/* The first tick of slot i of a level, given that the digits above are the wheel's. */
static int64_t slot_tick(const struct wheel *w, unsigned level, unsigned i)
{
    unsigned shift = DIGIT_BITS * level;
    return (((w->tick >> shift) & ~(int64_t)(WHEEL_SLOTS - 1)) | i) << shift;
}

/* Deals a slot of a higher level out to the lower ones. The wheel stands at its first tick. */
static void spread(struct wheel *w, struct list *slot)
{
    struct list all;
    list_init(&all);
    list_append(slot, &all); /* the circle now hangs on `all` too; */
    list_remove(slot);       /* and no longer on the slot */
    struct list *it;
    while ((it = list_first(&all))) {
        list_remove(it);
        struct flow *flow = container_of(it, struct flow, wheel);
        wheel_add(w, flow, flow->due_ns);
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
        struct list *slot = &w->slot[level][i];
        if (list_is_empty(slot)) {
            w->used[level] &= w->used[level] - 1;
            continue;
        }
        int64_t tick = slot_tick(w, level, i);
        BUG_ON(tick < w->tick);
        if (level == 0 ? tick >= end : tick > end)
            break;
        w->tick = tick;
        if (level == 0) {
            struct list *first = list_first(slot);
            list_remove(first);
            return container_of(first, struct flow, wheel);
        }
        w->used[level] &= w->used[level] - 1;
        spread(w, slot);
    }
    w->tick = end > w->tick ? end : w->tick;
    return NULL;
}
