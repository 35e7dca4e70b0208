/* Memory of one lifetime: allocated piece by piece, freed in one step. Chunks come from a pool, so
 * a warm arena never calls malloc. One owner thread at a time; handing over needs a ring. */
#pragma once

#include "base/slice.h"

#define ARENA_CHUNK_BYTES ((size_t)64 * 1024)

struct chunk;

/* Free chunks of one thread. `max_bytes` bounds what the pool ever takes from malloc. */
struct chunk_pool {
    struct chunk *free;
    size_t taken_bytes, max_bytes;
    struct chunk *large; /* free chunks of more than ARENA_CHUNK_BYTES */
    size_t idle_bytes;   /* of the free chunks, part of taken_bytes */
};

/* Bytes that arenas may still take. */
static inline size_t chunk_pool_room(const struct chunk_pool *pool)
{
    size_t used = pool->taken_bytes - pool->idle_bytes;
    return used < pool->max_bytes ? pool->max_bytes - used : 0;
}

struct arena {
    struct chunk *head; /* the chunk in use; earlier ones behind it */
    uint8_t *p, *end;
    size_t used_bytes, max_bytes;
    struct chunk_pool *pool; /* NULL: chunks come from malloc and go back to free */
    bool full;               /* an allocation was refused since the last reset */
};

/* max_bytes 0: no bound of its own (the pool's still holds). */
void arena_init(struct arena *a, struct chunk_pool *pool, size_t max_bytes);

/* n bytes, aligned to 8, not cleared; NULL when over a bound (then `full` is set). Lives until
 * arena_reset. n may be larger than a chunk. n == 0 gives a non-NULL pointer. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);

/* The same where a line of the cache begins. */
#define ARENA_LINE 64
void *arena_zalloc_line(struct arena *a, size_t n);

/* A copy of s in the arena; the empty slice when over a bound (then `full` is set). */
struct slice arena_dup(struct arena *a, struct slice s);

/* Gives every chunk but one back to the pool; what was allocated is poisoned under ASan. */
void arena_reset(struct arena *a);

/* Gives all chunks back. The arena may be used again. */
void arena_free(struct arena *a);

/* Frees the pool's chunks. All its arenas must have been freed. */
void chunk_pool_free(struct chunk_pool *pool);
