/* Tables in memory that rules change: entries are copied into one block each, under a cap. Until
 * the first change questions go to what stands in pack.yml and take no mutex. */
#include "pack/lookup_kept.h"

#include <stdatomic.h>

#include "base/bug.h"
#include "base/hash.h"
#include "base/slab.h"
#include "os/thread.h"
#include "pack/lookup_copy.h"

#define EACH_MAX 64 /* expired entries that one change takes away */

static const struct slice nothing; /* copies are whole */

/* One block: this, the key, and all that the values point to. */
struct entry {
    struct list by_change; /* the one that changed longest ago first; what is written: alone */
    struct entry *next;    /* of its bucket */
    size_t bytes;
    struct slice key;
    uint32_t hash;
    bool written;       /* stands in pack.yml: is not evicted */
    int64_t expires_ms; /* INT64_MAX: never */
    struct lookup_answer a;
};

struct lookup_kept {
    const struct lookup_map *written;
    uint32_t max_entries;
    struct hash_key secret;        /* keys come from messages */
    atomic_bool changed;           /* once true, for ever */
    pthread_mutex_t entries_mutex; /* guards all that follows; nothing waits under it */
    struct slab mem;
    struct entry **bucket;
    uint32_t n, mask;
    struct list by_change;
    struct lookup_kept_count count;
};

/* ---- copies */

/* The answer in the message's memory; nothing when that is out of budget. */
static struct lookup_answer answer_copy(const struct lookup_answer *a, struct arena *mem)
{
    struct lookup_answer out = *a;
    uint8_t *room = arena_alloc(mem, lookup_copy_bytes(a, nothing));
    if (!room)
        return (struct lookup_answer){ .failed = true };
    lookup_copy(&out, room, nothing);
    return out;
}

/* ---- entries; all under entries_mutex */

static struct entry **find(struct lookup_kept *k, struct slice key, uint32_t hash)
{
    struct entry **at = &k->bucket[hash & k->mask];
    while (*at && !((*at)->hash == hash && slice_eq((*at)->key, key)))
        at = &(*at)->next;
    return at;
}

static void take_out(struct lookup_kept *k, struct entry **at)
{
    struct entry *e = *at;
    *at = e->next;
    list_remove(&e->by_change);
    slab_free(&k->mem, e, e->bytes);
    k->n--;
}

static void evict(struct lookup_kept *k, struct entry *e)
{
    take_out(k, find(k, e->key, e->hash));
    k->count.evicted++;
}

/* The oldest ones that have expired: a change pays for a few. */
static void expire(struct lookup_kept *k, int64_t now_ms)
{
    for (unsigned i = 0; i < EACH_MAX && !list_is_empty(&k->by_change); i++) {
        struct entry *e = (struct entry *)(void *)list_first(&k->by_change);
        if (e->expires_ms > now_ms)
            return;
        take_out(k, find(k, e->key, e->hash));
        k->count.expired++;
    }
}

static struct entry *entry_make(struct lookup_kept *k, const struct entry *from)
{
    size_t values = lookup_copy_bytes(&from->a, nothing), key = (from->key.n + 7) & ~(size_t)7;
    if (values > LOOKUP_KEPT_VALUE_BYTES || key > LOOKUP_KEPT_VALUE_BYTES)
        return NULL;
    size_t n = sizeof *from + key + values;
    struct entry *e = slab_alloc(&k->mem, n);
    while (!e && !list_is_empty(&k->by_change)) {
        evict(k, (struct entry *)(void *)list_first(&k->by_change));
        e = slab_alloc(&k->mem, n);
    }
    if (!e)
        return NULL;
    uint8_t *at = (uint8_t *)(e + 1);
    *e = *from;
    e->bytes = n;
    list_init(&e->by_change);
    e->key.p = at;
    memcpy(at, from->key.p, from->key.n);
    lookup_copy(&e->a, at + key, nothing);
    return e;
}

/* Puts e where it belongs, in place of the one with its key. What e points to must not lie in an
 * entry. */
static bool put_entry(struct lookup_kept *k, const struct entry *e)
{
    struct entry **at = find(k, e->key, e->hash);
    if (*at)
        take_out(k, at);
    if (k->n >= k->max_entries && !list_is_empty(&k->by_change))
        evict(k, (struct entry *)(void *)list_first(&k->by_change));
    struct entry *made = k->n < k->max_entries || e->written ? entry_make(k, e) : NULL;
    if (!made) {
        k->count.refused++;
        return false;
    }
    at = &k->bucket[made->hash & k->mask];
    made->next = *at;
    *at = made;
    if (!made->written)
        list_append(&k->by_change, &made->by_change);
    k->n++;
    return true;
}

static uint32_t key_hash(const struct lookup_kept *k, struct slice key)
{
    return (uint32_t)hash_bytes(&k->secret, key.p, key.n);
}

/* At the first change: what stands in pack.yml becomes entries. */
static void begin(struct lookup_kept *k)
{
    uint32_t buckets = 64;
    while (buckets < k->max_entries && buckets < LOOKUP_KEPT_MAX)
        buckets *= 2;
    k->bucket = xcalloc(buckets, sizeof(struct entry *));
    k->mask = buckets - 1;
    for (uint32_t i = 0; i < k->written->n; i++) {
        const struct lookup_row *row = &k->written->row[i];
        struct entry e = { .key = row->key, .written = true, .expires_ms = INT64_MAX };
        e.hash = key_hash(k, e.key);
        e.a.single = row->single;
        e.a.list = row->list;
        if (row->single.kind == K_NULL) /* else it is made of that one */
            e.a.multi = row->multi;
        put_entry(k, &e);
    }
}

/* ---- the adapter */

static void ask(const void *data, const struct rule_value *key, int64_t now_ms, struct arena *mem,
                struct lookup_answer *out)
{
    struct lookup_kept *k = (struct lookup_kept *)(uintptr_t)data;
    if (!atomic_load_explicit(&k->changed, memory_order_acquire)) {
        lookup_map_adapter.ask(k->written, key, now_ms, mem, out);
        return;
    }
    struct slice text = lookup_map_text(k->written, key, mem);
    uint32_t hash = key_hash(k, text);
    pthread_mutex_lock(&k->entries_mutex);
    const struct entry *e = *find(k, text, hash);
    if (e && e->expires_ms > now_ms)
        *out = answer_copy(&e->a, mem);
    pthread_mutex_unlock(&k->entries_mutex);
}

static int64_t end_of(int64_t now_ms, int64_t ttl_s)
{
    int64_t ms, at;
    if (ttl_s <= 0 || __builtin_mul_overflow(ttl_s, 1000, &ms) ||
        __builtin_add_overflow(now_ms, ms, &at))
        return INT64_MAX;
    return at;
}

/* What the change makes of e, whose values are copies in mem. */
static void apply(struct entry *e, const struct lookup_change *c, struct arena *mem)
{
    if (c->kind == LOOKUP_SET || c->kind == LOOKUP_SET_LIST || c->kind == LOOKUP_TTL)
        e->expires_ms = end_of(c->now_ms, c->ttl_s);
    if (c->kind == LOOKUP_SET)
        e->a.single = *c->value;
    if (c->kind == LOOKUP_SET || c->kind == LOOKUP_TTL)
        return;
    e->a.list = lookup_changed_list(c, &e->a.list, mem);
    e->a.failed |= e->a.list.kind != K_LIST; /* memory is out */
}

static void change_entry(struct lookup_kept *k, const struct lookup_change *c, struct entry *e,
                         struct arena *mem)
{
    struct entry **at = find(k, e->key, e->hash);
    bool there = *at && (*at)->expires_ms > c->now_ms;
    if (c->kind == LOOKUP_CLEAR && *at)
        take_out(k, at);
    if (c->kind == LOOKUP_CLEAR || (!there && c->kind == LOOKUP_TTL))
        return;
    if (there) {
        e->a = answer_copy(&(*at)->a, mem);
        e->expires_ms = (*at)->expires_ms;
        e->written = (*at)->written;
    }
    apply(e, c, mem);
    if (e->a.failed || !put_entry(k, e))
        e->a = (struct lookup_answer){ .failed = true };
}

static void change(void *data, const struct lookup_change *c, struct arena *mem,
                   struct lookup_answer *out)
{
    struct lookup_kept *k = data;
    struct entry e = { .key = lookup_map_text(k->written, c->key, mem), .expires_ms = INT64_MAX };
    e.hash = key_hash(k, e.key);
    pthread_mutex_lock(&k->entries_mutex);
    if (!k->bucket)
        begin(k);
    expire(k, c->now_ms);
    change_entry(k, c, &e, mem);
    atomic_store_explicit(&k->changed, true, memory_order_release);
    pthread_mutex_unlock(&k->entries_mutex);
    *out = e.a;
}

static void close_kept(void *data)
{
    struct lookup_kept *k = data;
    slab_destroy(&k->mem);
    xfree(k->bucket);
    pthread_mutex_destroy(&k->entries_mutex);
    xfree(k);
}

const struct lookup_adapter lookup_kept_adapter = {
    .name = "memory", .ask = ask, .change = change, .close = close_kept
};

struct lookup_kept *lookup_kept_new(const struct lookup_map *written, uint32_t max_entries)
{
    struct lookup_kept *k = xcalloc(1, sizeof *k);
    k->written = written;
    k->secret = hash_key_random();
    k->max_entries = max_entries < LOOKUP_KEPT_MAX ? max_entries : LOOKUP_KEPT_MAX;
    slab_init(&k->mem, LOOKUP_KEPT_BYTES);
    list_init(&k->by_change);
    pthread_mutex_init(&k->entries_mutex, NULL);
    return k;
}

struct lookup_kept_count lookup_kept_counts(struct lookup_kept *k)
{
    pthread_mutex_lock(&k->entries_mutex);
    struct lookup_kept_count count = k->count;
    pthread_mutex_unlock(&k->entries_mutex);
    return count;
}
