/* Bounded queue of pointers from exactly one producer thread to exactly one consumer thread,
 * without locks (C11 acquire/release). */
#pragma once

#include <stdatomic.h>

#include "base/attr.h"

struct ring {
    /* shared: head written by the consumer, tail by the producer */
    _Alignas(64) _Atomic size_t head;
    _Alignas(64) _Atomic size_t tail;
    _Alignas(64) void **slot;
    size_t mask;
};

/* `size` is rounded up to a power of two. Exits on lack of memory (boot). */
void ring_init(struct ring *r, size_t size);
void ring_free(struct ring *r);

/* Producer only. False when full: nothing was queued. */
bool ring_push(struct ring *r, void *item);

/* Consumer only. NULL when empty. */
void *ring_pop(struct ring *r);

/* Items queued at this moment; exact only for the two owners. */
size_t ring_count(const struct ring *r);
