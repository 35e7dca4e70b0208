/* Chunks of GELF messages: 1e 0f, message id (8 bytes), number from 0, count. */
#include "in/gelf_chunks.h"

#include "base/bug.h"
#include "base/cursor.h"
#include "base/hash.h"

#define LIFE_NS INT64_C(5000000000)

/* One message. Parts are pieces of the slab until the last one comes. */
struct partial {
    struct list age;      /* by time of the first chunk */
    struct partial *next; /* in its bucket */
    uint64_t id, sender;
    int64_t first_ns;
    size_t bytes;
    unsigned count, have;
    struct {
        uint8_t *p;
        uint32_t n;
    } part[GELF_CHUNKS_MAX];
};

struct gelf_chunks {
    struct slab slab;
    struct counters *counters;
    struct list age; /* oldest first */
    struct partial **bucket;
    uint64_t mask;
    struct hash_key key;
    unsigned n, max;
    uint8_t *whole; /* the last message that was put together */
    size_t whole_n;
};

struct gelf_chunks *gelf_chunks_new(unsigned messages, size_t memory_bytes, struct counters *c)
{
    struct gelf_chunks *t = xcalloc(1, sizeof *t);
    t->counters = c;
    t->max = messages;
    for (t->mask = 15; t->mask < messages; t->mask = t->mask * 2 + 1)
        ;
    t->bucket = xcalloc(t->mask + 1, sizeof(struct partial *));
    t->key = hash_key_random();
    slab_init(&t->slab, memory_bytes);
    list_init(&t->age);
    return t;
}

void gelf_chunks_free(struct gelf_chunks *t)
{
    slab_destroy(&t->slab);
    xfree(t->bucket);
    xfree(t);
}

static struct partial **bucket_of(struct gelf_chunks *t, uint64_t id, uint64_t sender)
{
    uint64_t both[] = { id, sender };
    return &t->bucket[hash_bytes(&t->key, both, sizeof both) & t->mask];
}

static void forget(struct gelf_chunks *t, struct partial *m)
{
    struct partial **at = bucket_of(t, m->id, m->sender);
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    list_remove(&m->age);
    for (unsigned i = 0; i < m->count; i++)
        slab_free(&t->slab, m->part[i].p, m->part[i].n);
    slab_free(&t->slab, m, sizeof *m);
    t->n--;
}

static struct partial *oldest(struct gelf_chunks *t)
{
    struct list *first = list_first(&t->age);
    return first ? container_of(first, struct partial, age) : NULL;
}

/* n bytes, if need be at the cost of the oldest messages but `keep`. */
static void *room(struct gelf_chunks *t, size_t n, const struct partial *keep)
{
    void *p;
    struct partial *m;
    while (!(p = slab_alloc(&t->slab, n)) && (m = oldest(t)) && m != keep) {
        counter_add(t->counters, COUNTER_GELF_CHUNKS_EVICTED, 1);
        forget(t, m);
    }
    return p;
}

static struct partial *begin(struct gelf_chunks *t, uint64_t id, uint64_t sender, int64_t now_ns)
{
    struct partial **at = bucket_of(t, id, sender);
    if (t->n == t->max) {
        counter_add(t->counters, COUNTER_GELF_CHUNKS_EVICTED, 1);
        forget(t, oldest(t));
    }
    struct partial *m = room(t, sizeof *m, NULL);
    if (!m)
        return NULL;
    m->id = id;
    m->sender = sender;
    m->first_ns = now_ns;
    m->next = *at;
    *at = m;
    list_append(&t->age, &m->age);
    t->n++;
    return m;
}

static struct partial *find(struct gelf_chunks *t, uint64_t id, uint64_t sender)
{
    struct partial *m = *bucket_of(t, id, sender);
    while (m && (m->id != id || m->sender != sender))
        m = m->next;
    return m;
}

static bool join(struct gelf_chunks *t, struct partial *m, struct slice *out)
{
    uint8_t *p = room(t, m->bytes ? m->bytes : 1, m);
    size_t at = 0;
    if (!p) {
        counter_add(t->counters, COUNTER_GELF_CHUNKS_EVICTED, 1);
        forget(t, m);
        return false;
    }
    for (unsigned i = 0; i < m->count; i++) {
        memcpy(p + at, m->part[i].p, m->part[i].n);
        at += m->part[i].n;
    }
    t->whole = p;
    t->whole_n = m->bytes ? m->bytes : 1;
    *out = slice_of(p, at);
    forget(t, m);
    return true;
}

static bool refuse(struct gelf_chunks *t, enum counter_id id)
{
    counter_add(t->counters, id, 1);
    return false;
}

bool gelf_chunks_add(struct gelf_chunks *t, struct slice datagram, uint64_t sender, int64_t now_ns,
                     struct slice *out)
{
    struct cursor c = cur_of(datagram);
    slab_free(&t->slab, t->whole, t->whole_n);
    t->whole = NULL;
    cur_skip(&c, 2);
    uint64_t id = cur_u64be(&c);
    unsigned number = cur_u8(&c), count = cur_u8(&c);
    struct slice data = cur_rest(&c);
    counter_add(t->counters, COUNTER_GELF_CHUNKS, 1);
    if (!cur_ok(&c) || count == 0 || count > GELF_CHUNKS_MAX || number >= count || data.n == 0)
        return refuse(t, COUNTER_GELF_CHUNKS_BAD);
    gelf_chunks_expire(t, now_ns);
    struct partial *m = find(t, id, sender);
    if (m && m->count != count)
        return refuse(t, COUNTER_GELF_CHUNKS_BAD);
    if (m && m->part[number].p)
        return refuse(t, COUNTER_GELF_CHUNKS_REPEATED);
    if (!m && !(m = begin(t, id, sender, now_ns)))
        return refuse(t, COUNTER_GELF_CHUNKS_EVICTED);
    m->count = count;
    uint8_t *p = room(t, data.n, m);
    if (!p) {
        forget(t, m);
        return refuse(t, COUNTER_GELF_CHUNKS_EVICTED);
    }
    memcpy(p, data.p, data.n);
    m->part[number].p = p;
    m->part[number].n = (uint32_t)data.n;
    m->bytes += data.n;
    return ++m->have == count && join(t, m, out);
}

void gelf_chunks_expire(struct gelf_chunks *t, int64_t now_ns)
{
    struct partial *m;
    while ((m = oldest(t)) && now_ns - m->first_ns > LIFE_NS) {
        counter_add(t->counters, COUNTER_GELF_CHUNKS_EXPIRED, 1);
        forget(t, m);
    }
}
