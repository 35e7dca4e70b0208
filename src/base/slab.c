/* Slabs: size classes in steps of a half at most. Small pieces are cut from blocks, each of one
 * class; a block of which no piece is in use serves any class again. Blocks are parts of regions
 * that never go back to malloc. A large piece is memory of its own, kept in its class's free list,
 * and given back only when a cap would be passed otherwise. */
#include "base/slab.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/pages.h"
#include "base/poison.h"

#define BLOCK_BYTES   ((size_t)64 * 1024) /* and its alignment */
#define REGION_BLOCKS 4
#define HUGE_FROM     ((size_t)8 * 1024 * 1024) /* a slab of this size grows by huge pages */
#define SMALL_MAX     ((size_t)8 * 1024)        /* larger pieces have memory of their own */
#define SPACE_MAX     ((size_t)SLAB_REF_UNIT << 32)
#define SHORT_PART    32 /* of the cap that is left when it is short, */
#define SHORT_SPARE   4  /* or blocks that are, when no more can be taken */

struct slab_free {
    struct slab_free *next;
};

struct block {
    struct list list; /* of its class's that have room, or of the spare ones */
    struct slab_free *free;
    uint8_t *carve; /* pieces from here on were never used */
    uint32_t live;
    uint8_t cls;
    bool is_clean; /* what was never used is zero */
    _Alignas(64) uint8_t data[];
};

struct slab_region {
    struct slab_region *next;
    void *p;
    size_t bytes;
    bool is_huge; /* from pages_alloc */
};

struct large {
    struct list list;
    size_t bytes; /* of data */
    _Alignas(16) uint8_t data[];
};

/* Up to 128 bytes in steps of 16, as there are many of them; then two classes a power of two. */
#define CLASS_128 8

static size_t class_bytes(unsigned cls)
{
    if (cls <= CLASS_128)
        return cls ? (size_t)16 * cls : 8;
    size_t base = (size_t)128 << (cls - CLASS_128) / 2;
    return (cls - CLASS_128) % 2 ? base + base / 2 : base;
}

/* The smallest class that holds n; SLAB_CLASSES when none does. */
static unsigned class_of(size_t n)
{
    if (n <= 128)
        return n > 8 ? (unsigned)(n + 15) / 16 : 0;
    if (n > SLAB_MAX_BYTES)
        return SLAB_CLASSES;
    unsigned log2 = 63 - (unsigned)__builtin_clzll(n - 1); /* 2^log2 < n <= 2^(log2+1) */
    unsigned upper_half = (n - 1) >> (log2 - 1) & 1;
    return CLASS_128 + 2 * (log2 - 7) + 1 + upper_half;
}

size_t slab_class_bytes(size_t n)
{
    unsigned cls = class_of(n);
    return cls < SLAB_CLASSES ? class_bytes(cls) : 0;
}

void slab_init(struct slab *s, size_t max_bytes)
{
    *s = (struct slab){ .max_bytes = max_bytes };
    for (unsigned i = 0; i < SLAB_CLASSES; i++)
        list_init(&s->partial[i]);
    list_init(&s->spare);
    list_init(&s->large);
}

static bool may_take(const struct slab *s, size_t bytes)
{
    size_t max = s->max_taken_bytes;
    return !max || (bytes <= max && s->taken_bytes <= max - bytes);
}

/* ---- blocks */

static uint8_t *block_end(const struct block *b)
{
    return (uint8_t *)(uintptr_t)b + BLOCK_BYTES;
}

static struct block *block_of(void *p)
{
    return (struct block *)((uintptr_t)p & ~(uintptr_t)(BLOCK_BYTES - 1));
}

static void spare_add(struct slab *s, struct block *b)
{
    poison(b->data, (size_t)(block_end(b) - b->data));
    b->free = NULL;
    b->live = 0;
    list_append(&s->spare, &b->list);
    s->n_spare++;
}

void slab_reserve(struct slab *s)
{
    BUG_ON(s->taken_bytes || !s->max_taken_bytes);
    s->space_bytes = 2 * s->max_taken_bytes + PAGES_HUGE_BYTES; /* alignment leaves parts unused */
    if (s->space_bytes > SPACE_MAX || s->space_bytes < s->max_taken_bytes)
        s->space_bytes = SPACE_MAX;
    s->space = xpages_reserve(s->space_bytes);
    s->space_used = 0;
}

/* The next part of the reserved space. Never given back, so that it needs no record. */
static void *space_take(struct slab *s, size_t bytes)
{
    size_t from = (s->space_used + bytes - 1) / bytes * bytes;
    bool is_huge = bytes >= PAGES_HUGE_BYTES;
    if (from > s->space_bytes || s->space_bytes - from < bytes ||
        !pages_use(s->space + from, bytes, is_huge))
        return NULL;
    s->space_used = from + bytes;
    return s->space + from;
}

/* malloc's memory, with room to align it: `bytes` of it are used. */
static void *region_memory(const struct slab *s, size_t *bytes, bool *is_huge)
{
    *is_huge = s->taken_bytes >= HUGE_FROM && may_take(s, PAGES_HUGE_BYTES);
    void *p = *is_huge ? pages_alloc(PAGES_HUGE_BYTES, 0) : NULL;
    *bytes = PAGES_HUGE_BYTES;
    if (p)
        return p;
    *is_huge = false;
    *bytes = REGION_BLOCKS * BLOCK_BYTES;
    return may_take(s, *bytes) ? calloc(1, *bytes + BLOCK_BYTES) : NULL;
}

static void blocks_add(struct slab *s, uint8_t *at, size_t bytes)
{
    s->taken_bytes += bytes;
    for (; bytes; bytes -= BLOCK_BYTES, at += BLOCK_BYTES) {
        struct block *b = (struct block *)(void *)at;
        b->is_clean = true;
        spare_add(s, b);
    }
}

static bool space_add(struct slab *s)
{
    bool is_huge = s->taken_bytes >= HUGE_FROM && may_take(s, PAGES_HUGE_BYTES);
    size_t bytes = is_huge ? PAGES_HUGE_BYTES : REGION_BLOCKS * BLOCK_BYTES;
    uint8_t *p = may_take(s, bytes) ? space_take(s, bytes) : NULL;
    if (p)
        blocks_add(s, p, bytes);
    return p != NULL;
}

/* More spare blocks; false beyond the cap, or without memory. */
static bool region_add(struct slab *s)
{
    if (s->space)
        return space_add(s);
    size_t bytes;
    bool is_huge;
    void *p = region_memory(s, &bytes, &is_huge);
    struct slab_region *r = p ? malloc(sizeof *r) : NULL;
    if (!r) {
        if (p && is_huge)
            pages_free(p, PAGES_HUGE_BYTES);
        else
            free(p);
        return false;
    }
    *r = (struct slab_region){ s->regions, p, bytes, is_huge };
    s->regions = r;
    blocks_add(s, (uint8_t *)p + (-(uintptr_t)p & (BLOCK_BYTES - 1)), bytes);
    return true;
}

/* Large pieces that nobody uses go back to malloc, so that a cap spent on one class can serve
 * another. */
static void large_release(struct slab *s)
{
    for (unsigned cls = 0; cls < SLAB_CLASSES; cls++) {
        struct slab_free *f;
        while ((f = s->large_free[cls])) {
            struct large *l = container_of((void *)f, struct large, data);
            unpoison(l->data, l->bytes);
            s->large_free[cls] = f->next;
            list_remove(&l->list);
            s->taken_bytes -= sizeof *l + l->bytes;
            free(l);
        }
    }
}

/* A block for pieces of the class; NULL beyond the cap. */
static struct block *block_begin(struct slab *s, unsigned cls)
{
    if (list_is_empty(&s->spare) && !region_add(s)) {
        large_release(s);
        if (!region_add(s))
            return NULL;
    }
    struct block *b = container_of(list_first(&s->spare), struct block, list);
    list_remove(&b->list);
    s->n_spare--;
    b->cls = (uint8_t)cls;
    b->carve = b->data;
    list_append(&s->partial[cls], &b->list);
    return b;
}

/* ---- small pieces */

/* Whole cache lines lie on cache lines; the rest on 16 (pieces of 8 bytes anywhere). */
static uint8_t *aligned(uint8_t *p, unsigned cls)
{
    size_t align = cls == 0 ? 8 : class_bytes(cls) % 64 ? 16 : 64;
    return p + (-(uintptr_t)p & (align - 1));
}

static bool can_carve(const struct block *b)
{
    uint8_t *at = aligned(b->carve, b->cls);
    return (size_t)(block_end(b) - at) >= class_bytes(b->cls) + POISON_GAP && at < block_end(b);
}

/* Not cleared, unless *is_clean; still poisoned. */
static void *piece_take(struct block *b, bool *is_clean)
{
    void *p = b->free;
    *is_clean = !p && b->is_clean;
    if (p) {
        unpoison(p, sizeof(struct slab_free));
        b->free = b->free->next;
    } else {
        p = aligned(b->carve, b->cls);
        b->carve = (uint8_t *)p + class_bytes(b->cls) + POISON_GAP;
    }
    b->live++;
    if (!b->free && !can_carve(b))
        list_remove(&b->list);
    return p;
}

static void *small_alloc(struct slab *s, unsigned cls, bool *is_clean)
{
    struct list *first = list_first(&s->partial[cls]);
    struct block *b = first ? container_of(first, struct block, list) : block_begin(s, cls);
    return b ? piece_take(b, is_clean) : NULL;
}

/* One empty block of a class stays with it, so that a single piece that comes and goes is cheap. */
static void small_free(struct slab *s, void *p, unsigned cls)
{
    struct block *b = block_of(p);
    BUG_ON(b->cls != cls || b->live == 0);
    if (!b->free && !can_carve(b))
        list_append(&s->partial[cls], &b->list);
    struct slab_free *f = p;
    unpoison(f, sizeof *f);
    f->next = b->free;
    b->free = f;
    poison(p, class_bytes(cls));
    b->live--;
    if (b->live || s->partial[cls].next == s->partial[cls].prev)
        return;
    list_remove(&b->list);
    b->is_clean = false;
    spare_add(s, b);
}

/* ---- large pieces */

static void *large_alloc(struct slab *s, unsigned cls, bool *is_clean)
{
    size_t bytes = class_bytes(cls);
    struct slab_free *f = s->large_free[cls];
    *is_clean = !f;
    if (f) {
        unpoison(f, sizeof *f);
        s->large_free[cls] = f->next;
        return f;
    }
    if (s->taken_bytes + bytes > s->max_bytes || !may_take(s, sizeof(struct large) + bytes))
        large_release(s);
    if (!may_take(s, sizeof(struct large) + bytes))
        return NULL;
    struct large *l = calloc(1, sizeof *l + bytes);
    if (!l)
        return NULL;
    l->bytes = bytes;
    list_append(&s->large, &l->list);
    s->taken_bytes += sizeof *l + bytes;
    poison(l->data, bytes);
    return l->data;
}

static void large_free(struct slab *s, void *p, unsigned cls)
{
    struct slab_free *f = p;
    unpoison(f, sizeof *f);
    f->next = s->large_free[cls];
    s->large_free[cls] = f;
    poison(p, class_bytes(cls));
}

/* ---- all pieces */

static bool is_small(unsigned cls)
{
    return class_bytes(cls) <= SMALL_MAX;
}

void *slab_alloc(struct slab *s, size_t n)
{
    unsigned cls = class_of(n);
    size_t bytes = cls < SLAB_CLASSES ? class_bytes(cls) : 0;
    if (UNLIKELY(!bytes || bytes > s->max_bytes || s->used_bytes > s->max_bytes - bytes)) {
        s->refused++;
        return NULL;
    }
    bool is_clean;
    void *p = is_small(cls) ? small_alloc(s, cls, &is_clean) : large_alloc(s, cls, &is_clean);
    if (UNLIKELY(!p)) {
        s->refused++;
        return NULL;
    }
    unpoison(p, n);
    if (!is_clean)
        memset(p, 0, n);
    s->used_bytes += bytes;
    return p;
}

void slab_free(struct slab *s, void *p, size_t n)
{
    if (!p)
        return;
    unsigned cls = class_of(n);
    BUG_ON(cls >= SLAB_CLASSES || s->used_bytes < class_bytes(cls));
    s->used_bytes -= class_bytes(cls);
    if (is_small(cls))
        small_free(s, p, cls);
    else
        large_free(s, p, cls);
}

void *slab_resize(struct slab *s, void *p, size_t old_n, size_t new_n)
{
    if (!p)
        return slab_alloc(s, new_n);
    size_t kept = old_n < new_n ? old_n : new_n;
    if (class_of(old_n) == class_of(new_n)) {
        poison(p, class_bytes(class_of(old_n)));
        unpoison(p, new_n);
        memset((uint8_t *)p + kept, 0, new_n - kept);
        return p;
    }
    void *to = slab_alloc(s, new_n);
    if (!to)
        return NULL;
    memcpy(to, p, kept);
    slab_free(s, p, old_n);
    return to;
}

bool slab_is_short(const struct slab *s)
{
    if (s->used_bytes > s->max_bytes - s->max_bytes / SHORT_PART)
        return true;
    return s->n_spare < SHORT_SPARE && !may_take(s, REGION_BLOCKS * BLOCK_BYTES);
}

void slab_destroy(struct slab *s)
{
    size_t max_taken = s->max_taken_bytes;
    for (struct list *it; (it = list_first(&s->large));) {
        struct large *l = container_of(it, struct large, list);
        list_remove(it);
        unpoison(l->data, l->bytes);
        free(l);
    }
    for (struct slab_region *r; (r = s->regions);) {
        s->regions = r->next;
        if (r->is_huge) {
            unpoison(r->p, r->bytes);
            pages_free(r->p, PAGES_HUGE_BYTES);
        } else {
            unpoison(r->p, r->bytes + BLOCK_BYTES);
            free(r->p);
        }
        free(r);
    }
    if (s->space) {
        unpoison(s->space, s->space_used);
        pages_free(s->space, s->space_bytes);
    }
    slab_init(s, s->max_bytes);
    s->max_taken_bytes = max_taken;
}
