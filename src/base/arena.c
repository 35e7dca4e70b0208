/* Arenas: a chain of chunks, the newest first, cut from front to back. */
#include "base/arena.h"

#include <stdlib.h>

#include "base/poison.h"

#define ALIGNMENT ((size_t)8)

struct chunk {
    struct chunk *next;
    size_t bytes; /* of data */
    _Alignas(16) uint8_t data[];
};

#define CHUNK_DATA (ARENA_CHUNK_BYTES - sizeof(struct chunk))

static size_t chunk_cost(const struct chunk *c)
{
    return sizeof *c + c->bytes;
}

static void chunk_destroy(struct chunk_pool *pool, struct chunk *c)
{
    if (pool)
        pool->taken_bytes -= chunk_cost(c);
    unpoison(c->data, c->bytes);
    free(c);
}

static void destroy_all(struct chunk_pool *pool, struct chunk **list)
{
    while (*list) {
        struct chunk *c = *list;
        *list = c->next;
        pool->idle_bytes -= chunk_cost(c);
        chunk_destroy(pool, c);
    }
}

static bool pool_has_room(const struct chunk_pool *pool, size_t cost)
{
    return cost <= pool->max_bytes && pool->taken_bytes <= pool->max_bytes - cost;
}

/* Room for `cost` bytes below the pool's bound, if need be made by giving back free chunks: the
 * large ones first, which fit fewest. */
static bool pool_may_take(struct chunk_pool *pool, size_t cost)
{
    if (!pool_has_room(pool, cost))
        destroy_all(pool, &pool->large);
    if (!pool_has_room(pool, cost))
        destroy_all(pool, &pool->free);
    return pool_has_room(pool, cost);
}

static struct chunk *chunk_create(struct chunk_pool *pool, size_t bytes)
{
    if (bytes > SIZE_MAX / 2 || (pool && !pool_may_take(pool, sizeof(struct chunk) + bytes)))
        return NULL;
    struct chunk *c = malloc(sizeof *c + bytes);
    if (!c)
        return NULL;
    c->bytes = bytes;
    if (pool)
        pool->taken_bytes += chunk_cost(c);
    poison(c->data, c->bytes);
    return c;
}

static struct chunk *take_first(struct chunk **list, size_t bytes)
{
    for (; *list; list = &(*list)->next) {
        struct chunk *c = *list;
        if (c->bytes >= bytes) {
            *list = c->next;
            return c;
        }
    }
    return NULL;
}

static struct chunk *chunk_get(struct chunk_pool *pool, size_t bytes)
{
    struct chunk *c = NULL;
    if (pool)
        c = take_first(bytes > CHUNK_DATA ? &pool->large : &pool->free, bytes);
    if (c)
        pool->idle_bytes -= chunk_cost(c);
    return c ? c : chunk_create(pool, bytes > CHUNK_DATA ? bytes : CHUNK_DATA);
}

static void chunk_put(struct chunk_pool *pool, struct chunk *c)
{
    if (!pool) {
        chunk_destroy(NULL, c);
        return;
    }
    struct chunk **list = c->bytes > CHUNK_DATA ? &pool->large : &pool->free;
    poison(c->data, c->bytes);
    c->next = *list;
    *list = c;
    pool->idle_bytes += chunk_cost(c);
}

void arena_init(struct arena *a, struct chunk_pool *pool, size_t max_bytes)
{
    *a = (struct arena){ .pool = pool, .max_bytes = max_bytes };
}

/* A new chunk in front; what is left in the one before is given up. */
static bool arena_grow(struct arena *a, size_t bytes)
{
    struct chunk *c = chunk_get(a->pool, bytes);
    if (!c)
        return false;
    c->next = a->head;
    a->head = c;
    a->p = c->data;
    a->end = c->data + c->bytes;
    return true;
}

static bool within_bound(const struct arena *a, size_t bytes)
{
    return a->max_bytes == 0 || (bytes <= a->max_bytes && a->used_bytes <= a->max_bytes - bytes);
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (UNLIKELY(n > SIZE_MAX / 4)) {
        a->full = true;
        return NULL;
    }
    size_t bytes = (n + !n + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    size_t cut = bytes + POISON_GAP;
    if (UNLIKELY(!within_bound(a, bytes) ||
                 ((size_t)(a->end - a->p) < cut && !arena_grow(a, cut)))) {
        a->full = true;
        return NULL;
    }
    void *got = a->p;
    a->p += cut;
    a->used_bytes += bytes;
    unpoison(got, n);
    return got;
}

void *arena_zalloc(struct arena *a, size_t n)
{
    void *p = arena_alloc(a, n);
    return p ? memset(p, 0, n) : NULL;
}

void *arena_zalloc_line(struct arena *a, size_t n)
{
    uint8_t *p = arena_zalloc(a, n + ARENA_LINE - ALIGNMENT);
    size_t past = (uintptr_t)p % ARENA_LINE;
    return p ? p + (past ? ARENA_LINE - past : 0) : NULL;
}

struct slice arena_dup(struct arena *a, struct slice s)
{
    void *p = arena_alloc(a, s.n);
    if (!p)
        return slice_of(NULL, 0);
    if (s.n)
        memcpy(p, s.p, s.n);
    return slice_of(p, s.n);
}

/* The oldest chunk stays when it is of the usual size, so that a small user keeps one for ever. */
void arena_reset(struct arena *a)
{
    struct chunk *kept = NULL;
    while (a->head) {
        struct chunk *c = a->head;
        a->head = c->next;
        if (!c->next && c->bytes == CHUNK_DATA)
            kept = c;
        else
            chunk_put(a->pool, c);
    }
    if (kept) {
        poison(kept->data, kept->bytes);
        kept->next = NULL;
    }
    a->head = kept;
    a->p = kept ? kept->data : NULL;
    a->end = kept ? kept->data + kept->bytes : NULL;
    a->used_bytes = 0;
    a->full = false;
}

void arena_free(struct arena *a)
{
    while (a->head) {
        struct chunk *c = a->head;
        a->head = c->next;
        chunk_put(a->pool, c);
    }
    arena_init(a, a->pool, a->max_bytes);
}

void chunk_pool_free(struct chunk_pool *pool)
{
    destroy_all(pool, &pool->free);
    destroy_all(pool, &pool->large);
}
