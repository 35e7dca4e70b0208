/* Batches: an arena and the events that live in it. */
#include "model/batch.h"

void batch_init(struct batch *b, struct chunk_pool *pool, size_t max_bytes, unsigned owner)
{
    *b = (struct batch){ .owner = owner };
    arena_init(&b->arena, pool, max_bytes);
}

void batch_reset(struct batch *b)
{
    arena_reset(&b->arena);
    b->n = 0;
    b->first_ns = 0;
}

void batch_free(struct batch *b)
{
    arena_free(&b->arena);
    b->n = 0;
}
