/* Slabs: size classes in steps of a third or a half. Small pieces are cut from blocks and never go
 * back to malloc; a large piece is a block of its own, kept in its class's free list, and given
 * back only when the cap would be passed otherwise. */
#include "base/slab.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/pages.h"
#include "base/poison.h"

#define BLOCK_BYTES ((size_t)256 * 1024)
#define HUGE_FROM   ((size_t)8 * 1024 * 1024) /* a slab of this size grows by huge pages */
#define SMALL_MAX   ((size_t)64 * 1024)       /* larger ones are blocks of their own */

struct slab_free {
    struct slab_free *next;
};

struct block {
    struct list list;
    size_t bytes; /* of data */
    bool is_huge; /* PAGES_HUGE_BYTES from the system */
    _Alignas(16) uint8_t data[];
};

static size_t class_bytes(unsigned cls)
{
    if (cls < 2)
        return (size_t)8 << cls;
    size_t base = (size_t)32 << (cls - 2) / 2;
    return cls % 2 ? base + base / 2 : base;
}

/* The smallest class that holds n; SLAB_CLASSES when none does. */
static unsigned class_of(size_t n)
{
    if (n <= 16)
        return n > 8;
    if (n > SLAB_MAX_BYTES)
        return SLAB_CLASSES;
    if (n <= 32)
        return 2;
    unsigned log2 = 63 - (unsigned)__builtin_clzll(n - 1); /* 2^log2 < n <= 2^(log2+1) */
    unsigned upper_half = (n - 1) >> (log2 - 1) & 1;
    return 2 + 2 * (log2 - 5) + 1 + upper_half;
}

size_t slab_class_bytes(size_t n)
{
    unsigned cls = class_of(n);
    return cls < SLAB_CLASSES ? class_bytes(cls) : 0;
}

void slab_init(struct slab *s, size_t max_bytes)
{
    *s = (struct slab){ .max_bytes = max_bytes };
    list_init(&s->blocks);
}

/* A block for small pieces of a slab that is large: NULL when it is not, or without memory. */
static struct block *create_huge(const struct slab *s, size_t bytes)
{
    bool wanted = bytes == BLOCK_BYTES && s->taken_bytes >= HUGE_FROM;
    struct block *b = wanted ? pages_alloc(PAGES_HUGE_BYTES, 0) : NULL;
    if (b) {
        b->bytes = PAGES_HUGE_BYTES - sizeof *b;
        b->is_huge = true;
    }
    return b;
}

/* Zeroed, poisoned; at least `bytes`. */
static struct block *block_create(struct slab *s, size_t bytes)
{
    struct block *b = create_huge(s, bytes);
    if (!b) {
        b = calloc(1, sizeof *b + bytes);
        if (!b)
            return NULL;
        b->bytes = bytes;
    }
    bytes = b->bytes;
    list_append(&s->blocks, &b->list);
    s->taken_bytes += sizeof *b + bytes;
    poison(b->data, bytes);
    return b;
}

static void block_destroy(struct slab *s, struct block *b)
{
    list_remove(&b->list);
    s->taken_bytes -= sizeof *b + b->bytes;
    unpoison(b->data, b->bytes);
    if (b->is_huge)
        pages_free(b, PAGES_HUGE_BYTES);
    else
        free(b);
}

static void push(struct slab *s, unsigned cls, void *p)
{
    struct slab_free *f = p;
    unpoison(f, sizeof *f);
    f->next = s->free[cls];
    s->free[cls] = f;
    poison(p, class_bytes(cls));
}

/* NULL when the class has no free piece. Not cleared, still poisoned. */
static void *pop(struct slab *s, unsigned cls)
{
    struct slab_free *f = s->free[cls];
    if (f) {
        unpoison(f, sizeof *f);
        s->free[cls] = f->next;
    }
    return f;
}

/* Large pieces that nobody uses go back to malloc, so that a cap spent on one class can serve
 * another. */
static void release_large(struct slab *s)
{
    for (unsigned cls = class_of(SMALL_MAX) + 1; cls < SLAB_CLASSES; cls++)
        for (void *p; (p = pop(s, cls));)
            block_destroy(s, container_of(p, struct block, data));
}

/* What is left of the block that was being cut is made into free pieces. */
static void use_up(struct slab *s)
{
    for (unsigned cls = class_of(SMALL_MAX) + 1; cls-- > 0;)
        while ((size_t)(s->carve_end - s->carve) >= class_bytes(cls) + POISON_GAP) {
            push(s, cls, s->carve);
            s->carve += class_bytes(cls) + POISON_GAP;
        }
}

/* Whole cache lines lie on cache lines; the rest on 16 (pieces of 8 bytes anywhere). */
static uint8_t *aligned(uint8_t *p, unsigned cls)
{
    size_t align = cls == 0 ? 8 : class_bytes(cls) % 64 ? 16 : 64;
    return p ? p + (-(uintptr_t)p & (align - 1)) : p;
}

static void *carve(struct slab *s, unsigned cls)
{
    size_t bytes = class_bytes(cls) + POISON_GAP;
    s->carve = aligned(s->carve, cls);
    if (s->carve > s->carve_end || (size_t)(s->carve_end - s->carve) < bytes) {
        if (s->carve < s->carve_end)
            use_up(s);
        struct block *b = block_create(s, BLOCK_BYTES);
        if (!b)
            return NULL;
        s->carve = aligned(b->data, cls);
        s->carve_end = b->data + b->bytes;
    }
    void *p = s->carve;
    s->carve += bytes;
    return p;
}

static void *create_large(struct slab *s, size_t bytes)
{
    if (s->taken_bytes + bytes > s->max_bytes)
        release_large(s);
    struct block *b = block_create(s, bytes);
    return b ? b->data : NULL;
}

void *slab_alloc(struct slab *s, size_t n)
{
    unsigned cls = class_of(n);
    size_t bytes = cls < SLAB_CLASSES ? class_bytes(cls) : 0;
    if (UNLIKELY(!bytes || bytes > s->max_bytes || s->used_bytes > s->max_bytes - bytes)) {
        s->refused++;
        return NULL;
    }
    void *p = pop(s, cls);
    if (p) {
        unpoison(p, n);
        memset(p, 0, n);
    } else {
        p = bytes > SMALL_MAX ? create_large(s, bytes) : carve(s, cls);
        if (UNLIKELY(!p)) {
            s->refused++;
            return NULL;
        }
        unpoison(p, n);
    }
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
    push(s, cls, p);
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

void slab_destroy(struct slab *s)
{
    while (!list_is_empty(&s->blocks))
        block_destroy(s, container_of(list_first(&s->blocks), struct block, list));
    slab_init(s, s->max_bytes);
}
