/* Single producer, single consumer queue. Each side writes one index with release after it has
 * touched the slot, and reads the other's with acquire before it does; so a slot is never seen half
 * written and never overwritten before it was read. */
#include "base/ring.h"

#include <stdlib.h>

#include "base/bug.h"

void ring_init(struct ring *r, size_t size)
{
    size_t slots = 1;
    BUG_ON(size == 0 || size > SIZE_MAX / sizeof(void *) / 2);
    while (slots < size)
        slots *= 2;
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    r->slot = xcalloc(slots, sizeof *r->slot);
    r->mask = slots - 1;
}

void ring_free(struct ring *r)
{
    free(r->slot);
    r->slot = NULL;
}

bool ring_push(struct ring *r, void *item)
{
    BUG_ON(!item); /* ring_pop could not tell it from an empty ring */
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    if (tail - head > r->mask)
        return false;
    r->slot[tail & r->mask] = item;
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return true;
}

void *ring_pop(struct ring *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (head == tail)
        return NULL;
    void *item = r->slot[head & r->mask];
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return item;
}

size_t ring_count(const struct ring *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    return tail - head;
}
