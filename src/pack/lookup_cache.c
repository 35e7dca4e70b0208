/* A cache of answers: each in one block under a cap, copied to the message at every hit. */
#include "pack/lookup_cache.h"

#include "base/bug.h"
#include "base/hash.h"
#include "base/slab.h"
#include "os/thread.h"
#include "pack/lookup_copy.h"

#define KEY_BYTES 256 /* longer keys are not kept */
#define EACH_MAX  8   /* expired entries that one miss takes away */

/* One block: this, the key, and all that the values point to. */
struct entry {
    struct list by_use; /* the one used longest ago first */
    struct entry *next; /* of its bucket */
    size_t bytes;
    struct slice key;
    uint32_t hash;
    int64_t made_ms, used_ms;
    struct lookup_answer a;
};

struct lookup_cache {
    struct lookup_adapter adapter; /* of the table: a name and the three functions here */
    const struct lookup_adapter *inner;
    void *data; /* of it */
    struct lookup_cache_conf conf;
    struct slice fixed;
    struct hash_key secret;        /* keys come from messages */
    pthread_mutex_t entries_mutex; /* guards all that follows; nothing waits under it */
    struct slab mem;
    struct entry **bucket;
    uint32_t n, mask;
    struct list by_use;
    struct lookup_cache_count count;
};

/* ---- entries; all under entries_mutex */

static struct entry **find(struct lookup_cache *c, struct slice key, uint32_t hash)
{
    struct entry **at = &c->bucket[hash & c->mask];
    while (*at && !((*at)->hash == hash && slice_eq((*at)->key, key)))
        at = &(*at)->next;
    return at;
}

static void take_out(struct lookup_cache *c, struct entry **at)
{
    struct entry *e = *at;
    *at = e->next;
    list_remove(&e->by_use);
    slab_free(&c->mem, e, e->bytes);
    c->n--;
}

static struct entry *oldest(struct lookup_cache *c)
{
    return (struct entry *)(void *)list_first(&c->by_use);
}

static void evict(struct lookup_cache *c)
{
    struct entry *e = oldest(c);
    take_out(c, find(c, e->key, e->hash));
    c->count.evicted++;
}

static bool is_expired(const struct lookup_cache *c, const struct entry *e, int64_t now_ms)
{
    return (c->conf.access_ms && now_ms - e->used_ms >= c->conf.access_ms) ||
           (c->conf.write_ms && now_ms - e->made_ms >= c->conf.write_ms);
}

static void expire(struct lookup_cache *c, int64_t now_ms)
{
    for (unsigned i = 0; i < EACH_MAX && c->n && is_expired(c, oldest(c), now_ms); i++) {
        take_out(c, find(c, oldest(c)->key, oldest(c)->hash));
        c->count.expired++;
    }
}

static struct entry *make_room(struct lookup_cache *c, size_t n)
{
    while (c->n >= c->conf.max_size)
        evict(c);
    struct entry *e = slab_alloc(&c->mem, n);
    while (!e && c->n) {
        evict(c);
        e = slab_alloc(&c->mem, n);
    }
    return e;
}

static void keep(struct lookup_cache *c, const struct entry *from)
{
    size_t values = lookup_copy_bytes(&from->a, c->fixed), key = (from->key.n + 7) & ~(size_t)7;
    struct entry **at = find(c, from->key, from->hash);
    if (*at)
        return; /* another thread was faster */
    struct entry *e = values <= LOOKUP_COPY_BYTES ? make_room(c, sizeof *e + key + values) : NULL;
    if (!e) {
        c->count.refused++;
        return;
    }
    uint8_t *room = (uint8_t *)(e + 1);
    *e = *from;
    e->bytes = sizeof *e + key + values;
    e->key.p = room;
    memcpy(room, from->key.p, from->key.n);
    lookup_copy(&e->a, room + key, c->fixed);
    at = &c->bucket[e->hash & c->mask];
    e->next = *at;
    *at = e;
    list_init(&e->by_use);
    list_append(&c->by_use, &e->by_use);
    c->n++;
}

/* A hit's answer in the message's memory. */
static bool take(struct lookup_cache *c, struct entry *e, int64_t now_ms, struct arena *mem,
                 struct lookup_answer *out)
{
    uint8_t *room = arena_alloc(mem, lookup_copy_bytes(&e->a, c->fixed));
    e->used_ms = now_ms;
    list_remove(&e->by_use);
    list_append(&c->by_use, &e->by_use);
    c->count.hits++;
    *out = e->a;
    out->failed = !room;
    if (room)
        lookup_copy(out, room, c->fixed);
    else
        *out = (struct lookup_answer){ .failed = true };
    return true;
}

static bool hit(struct lookup_cache *c, const struct entry *k, int64_t now_ms, struct arena *mem,
                struct lookup_answer *out)
{
    struct entry **at = find(c, k->key, k->hash);
    if (*at && is_expired(c, *at, now_ms)) {
        take_out(c, at);
        c->count.expired++;
        at = find(c, k->key, k->hash);
    }
    if (*at)
        return take(c, *at, now_ms, mem, out);
    c->count.misses++;
    return false;
}

/* ---- the adapter */

static bool is_nothing(const struct lookup_answer *a)
{
    return a->single.kind == K_NULL && a->multi.kind == K_NULL && a->list.kind == K_NULL;
}

/* One byte of kind before it: an address is not its text. */
static struct slice key_of(const struct rule_value *v, struct arena *mem,
                           uint8_t room[KEY_BYTES + 1])
{
    struct slice s = v->kind == K_IP ? slice_of(v->p, sizeof(struct addr)) : value_to_text(v, mem);
    if (s.n > KEY_BYTES)
        return slice_of(NULL, 0);
    room[0] = v->kind == K_IP;
    if (s.n)
        memcpy(room + 1, s.p, s.n);
    return slice_of(room, s.n + 1);
}

static void ask(const void *data, const struct rule_value *key, int64_t now_ms, struct arena *mem,
                struct lookup_answer *out)
{
    struct lookup_cache *c = (struct lookup_cache *)(uintptr_t)data;
    uint8_t room[KEY_BYTES + 1];
    struct entry k = { .key = key_of(key, mem, room), .made_ms = now_ms, .used_ms = now_ms };
    if (!k.key.n) {
        c->inner->ask(c->data, key, now_ms, mem, out);
        return;
    }
    k.hash = (uint32_t)hash_bytes(&c->secret, k.key.p, k.key.n);
    pthread_mutex_lock(&c->entries_mutex);
    bool found = hit(c, &k, now_ms, mem, out);
    pthread_mutex_unlock(&c->entries_mutex);
    if (found)
        return;
    c->inner->ask(c->data, key, now_ms, mem, out);
    if (out->failed || mem->full || (c->conf.ignore_null && is_nothing(out)))
        return;
    k.a = *out;
    pthread_mutex_lock(&c->entries_mutex);
    expire(c, now_ms);
    keep(c, &k);
    pthread_mutex_unlock(&c->entries_mutex);
}

static void close_cache(void *data)
{
    struct lookup_cache *c = data;
    if (c->inner->close)
        c->inner->close(c->data);
    slab_destroy(&c->mem);
    xfree(c->bucket);
    pthread_mutex_destroy(&c->entries_mutex);
    xfree(c);
}

void lookup_cache_put(struct lookup_table *t, const struct lookup_cache_conf *conf)
{
    uint32_t buckets = 64;
    if (!t->adapter || t->adapter->change || !conf->max_size)
        return;
    struct lookup_cache *c = xcalloc(1, sizeof *c);
    c->conf = *conf;
    c->conf.max_size = conf->max_size < LOOKUP_CACHE_MAX ? conf->max_size : LOOKUP_CACHE_MAX;
    while (buckets < c->conf.max_size)
        buckets *= 2;
    c->adapter =
        (struct lookup_adapter){ .name = t->adapter->name, .ask = ask, .close = close_cache };
    c->inner = t->adapter;
    c->data = t->data;
    c->fixed = t->fixed;
    c->secret = hash_key_random();
    c->bucket = xcalloc(buckets, sizeof(struct entry *));
    c->mask = buckets - 1;
    slab_init(&c->mem, LOOKUP_CACHE_BYTES);
    list_init(&c->by_use);
    pthread_mutex_init(&c->entries_mutex, NULL);
    t->adapter = &c->adapter;
    t->data = c;
}

bool lookup_cache_counts(const struct lookup_table *t, struct lookup_cache_count *out)
{
    if (!t->adapter || t->adapter->ask != ask)
        return false;
    struct lookup_cache *c = t->data;
    pthread_mutex_lock(&c->entries_mutex);
    *out = c->count;
    pthread_mutex_unlock(&c->entries_mutex);
    return true;
}
