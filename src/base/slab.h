/* Memory of flow lifetime: size classes with free lists under one hard cap. One owner thread. Warm,
 * it never calls malloc. Freed memory is poisoned under ASan. */
#pragma once

#include "base/list.h"

#define SLAB_CLASSES   44                         /* 8, 16, 32, 48, 64, ... 112, 128, 192, ... */
#define SLAB_MAX_BYTES ((size_t)24 * 1024 * 1024) /* largest single allocation */

struct slab_free;
struct slab_region;

struct slab {
    struct list partial[SLAB_CLASSES];          /* blocks of a small class with room */
    struct slab_free *large_free[SLAB_CLASSES]; /* pieces of large classes that nobody uses */
    struct list spare;                          /* blocks of no class */
    size_t n_spare;
    struct slab_region *regions;   /* that blocks are parts of */
    struct list large;             /* all pieces of large classes */
    size_t used_bytes;             /* handed out, rounded up to their classes */
    size_t taken_bytes, max_bytes; /* taken from malloc; cap on used_bytes */
    size_t max_taken_bytes;        /* cap on taken_bytes; 0: none. Set after slab_init */
    uint64_t refused;              /* allocations refused because of a cap */
    uint8_t *space;                /* slab_reserve's, or NULL */
    size_t space_bytes, space_used;
};

void slab_init(struct slab *s, size_t max_bytes);

/* After max_taken_bytes is set, before the first piece: small pieces (up to 8 KiB) then lie in one
 * stretch of address space, where 32 bits name each (slab_ref). Boot: exits without it. */
void slab_reserve(struct slab *s);

/* The name of a small piece of 16 bytes or more, never 0, and the piece of a name. NULL is 0. */
#define SLAB_REF_UNIT 16
static inline uint32_t slab_ref(const uint8_t *space, const void *p)
{
    return p ? (uint32_t)((size_t)((const uint8_t *)p - space) / SLAB_REF_UNIT) : 0;
}

static inline void *slab_at(uint8_t *space, uint32_t ref)
{
    return ref ? space + (size_t)ref * SLAB_REF_UNIT : NULL;
}

/* n zeroed bytes, aligned to 16 (n up to 8: to 8), or NULL when the cap is reached or n is over
 * SLAB_MAX_BYTES (counted in `refused`). */
void *slab_alloc(struct slab *s, size_t n);

/* p from slab_alloc(s, n) with the same n; NULL is accepted. */
void slab_free(struct slab *s, void *p, size_t n);

/* A larger or smaller piece with the first min(old_n, new_n) bytes of p, which is freed; NULL (and
 * p untouched) when refused. New bytes are zero. */
void *slab_resize(struct slab *s, void *p, size_t old_n, size_t new_n);

/* Bytes that an allocation of n really takes (its size class); 0 when n is too large. */
size_t slab_class_bytes(size_t n);

/* So near to a cap that whoever can give memory back should: pieces of one size do not serve
 * another until a whole block of them is free. */
bool slab_is_short(const struct slab *s);

/* Frees everything at once. */
void slab_destroy(struct slab *s);
