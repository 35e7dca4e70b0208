/* Events that travel together, with the memory they live in. Filled by one worker, sealed, handed
 * over a ring, read by the pipe, given back to its worker by the last acknowledger. */
#pragma once

#include "base/arena.h"
#include "model/event.h"

#define BATCH_EVENTS 256

struct batch {
    struct arena arena;
    struct event *event[BATCH_EVENTS];
    unsigned n;
    unsigned owner;   /* index of the worker to give it back to */
    int64_t first_ns; /* packet time when the first event came in; 0 when empty */
};

void batch_init(struct batch *b, struct chunk_pool *pool, size_t max_bytes, unsigned owner);

/* Empties it for the next use: one step for all its memory. */
void batch_reset(struct batch *b);
void batch_free(struct batch *b);
