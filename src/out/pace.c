/* Backoff with equal jitter and slow start, as Beats pace themselves. */
#include "out/pace.h"

#define SLOW_START_EVENTS 10

int64_t backoff_wait(struct backoff *b, uint32_t random)
{
    if (b->next_ns == 0)
        backoff_reset(b);
    int64_t half = b->next_ns / 2;
    int64_t wait = half + (int64_t)((double)half * random / 4294967296.0);
    b->next_ns = b->next_ns > b->max_ns / 2 ? b->max_ns : b->next_ns * 2;
    return wait;
}

void backoff_reset(struct backoff *b)
{
    b->next_ns = b->init_ns > b->max_ns / 2 ? b->max_ns : 2 * b->init_ns;
}

void slow_start_begin(struct slow_start *s, unsigned max)
{
    s->max = max;
    s->size = max < SLOW_START_EVENTS ? max : SLOW_START_EVENTS;
}

unsigned slow_start_size(const struct slow_start *s)
{
    return s->size ? s->size : s->max;
}

void slow_start_grow(struct slow_start *s)
{
    unsigned grown = s->size + (s->size + 1) / 2;
    if (s->size)
        s->size = grown < s->max ? grown : s->max;
}

void slow_start_shrink(struct slow_start *s)
{
    if (s->size > 1)
        s->size /= 2;
}
