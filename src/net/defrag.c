/* Reassembly of IPv4 (RFC 791, 815) and IPv6 (RFC 8200 section 4.5) fragments.
 * Overlaps: in IPv4 the bytes that came first stay; an IPv6 datagram with an overlap is dropped
 * whole (RFC 5722). Exact copies of a fragment are harmless in both. */
#include "net/defrag.h"

#include "base/bug.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/trace.h"

#define BUCKETS 1024 /* a power of two */

/* No padding: it is hashed and compared as bytes. IPv6 leaves proto 0: only the first fragment's
 * next header counts. */
struct key {
    struct addr src, dst;
    uint64_t tunnel_key;
    uint32_t id;
    uint16_t vlan[2];
    uint8_t ip_ver, proto, n_vlan, pad[5];
};
_Static_assert(sizeof(struct key) == 56, "no padding");

/* A run of received bytes. */
struct piece {
    struct piece *next;
    uint32_t offset, n;
    uint8_t bytes[];
};

struct datagram {
    struct datagram *hash_next;
    struct list age; /* of all with the same timeout, oldest first */
    struct key key;
    int64_t first_ns;
    struct piece *first, *last; /* by offset, disjoint */
    uint32_t number;            /* of all since boot */
    uint32_t have;              /* bytes in pieces */
    uint32_t total;             /* payload bytes; known with the last fragment, until then 0 */
    uint32_t packets, wire_bytes;
    uint16_t n_pieces;
    uint8_t proto;
    bool dead; /* IPv6 with an overlap: waits for its timeout, keeps nothing */
};

enum { AGE_V4, AGE_V6, AGES };

struct defrag {
    const struct net_conf *conf;
    struct counters *counters, *overdue; /* overdue: of datagrams whose time is over */
    struct slab slab;
    struct list age[AGES];
    struct piece *given; /* payloads handed out since defrag_begin */
    size_t waiting;
    uint32_t number; /* of the newest datagram */
    struct touched touched;
    struct datagram *bucket[BUCKETS];
};

struct defrag *defrag_new(const struct net_conf *conf, struct counters *counters)
{
    struct defrag *f = xcalloc(1, sizeof *f);
    f->conf = conf;
    f->counters = f->overdue = counters;
    slab_init(&f->slab, conf->defrag_bytes > 0 ? (size_t)conf->defrag_bytes : 0);
    for (unsigned i = 0; i < AGES; i++)
        list_init(&f->age[i]);
    return f;
}

void defrag_free(struct defrag *f)
{
    if (!f)
        return;
    slab_destroy(&f->slab);
    xfree(f);
}

size_t defrag_waiting(const struct defrag *f)
{
    return f->waiting;
}

size_t defrag_bytes(const struct defrag *f)
{
    return f->slab.used_bytes;
}

void defrag_count_overdue_in(struct defrag *f, struct counters *counters)
{
    f->overdue = counters;
}

void defrag_count_in(struct defrag *f, struct counters *counters)
{
    f->counters = counters;
}

const struct touched *defrag_touched(const struct defrag *f)
{
    return &f->touched;
}

static void touch(struct defrag *f, const struct datagram *g)
{
    if (f->touched.n == DEFRAG_TOUCHED_MAX)
        return;
    f->touched.number[f->touched.n++] = g->number;
    f->touched.is_open = true;
}

static struct datagram **bucket_of(struct defrag *f, const struct key *key)
{
    return &f->bucket[hash_bytes(&f->conf->key, key, sizeof *key) & (BUCKETS - 1)];
}

static void pieces_free(struct defrag *f, struct datagram *g)
{
    struct piece *next;
    for (struct piece *at = g->first; at; at = next) {
        next = at->next;
        slab_free(&f->slab, at, sizeof *at + at->n);
    }
    g->first = g->last = NULL;
    g->n_pieces = 0;
}

static void datagram_drop(struct defrag *f, struct datagram *g)
{
    struct datagram **at = bucket_of(f, &g->key);
    while (*at != g)
        at = &(*at)->hash_next;
    *at = g->hash_next;
    list_remove(&g->age);
    pieces_free(f, g);
    slab_free(&f->slab, g, sizeof *g);
    f->waiting--;
}

static struct datagram *oldest(const struct defrag *f, unsigned age)
{
    struct list *l = list_first(&f->age[age]);
    return l ? container_of(l, struct datagram, age) : NULL;
}

/* Makes room by giving up the oldest datagram but `spare`; false when there is no other. */
static bool evict(struct defrag *f, const struct datagram *spare)
{
    struct datagram *found = NULL;
    for (unsigned i = 0; i < AGES; i++) {
        struct datagram *g = oldest(f, i);
        if (g && g == spare)
            g = g->age.next == &f->age[i] ? NULL : container_of(g->age.next, struct datagram, age);
        if (g && (!found || g->first_ns < found->first_ns))
            found = g;
    }
    if (!found)
        return false;
    TRACE(TRACE_IP, "defrag: datagram %u evicted", found->key.id);
    counter_add(f->counters, COUNTER_DEFRAG_EVICTED, 1);
    datagram_drop(f, found);
    return true;
}

/* Memory for `spare`, at the cost of others. */
static void *alloc(struct defrag *f, const struct datagram *spare, size_t n)
{
    void *p;
    while (!(p = slab_alloc(&f->slab, n))) {
        if (!evict(f, spare))
            return NULL;
    }
    return p;
}

/* Packet time may run backwards, then nothing is over. */
static bool is_over(const struct datagram *g, int64_t now_ns, int64_t timeout_ns)
{
    return now_ns > g->first_ns && (uint64_t)now_ns - (uint64_t)g->first_ns >= (uint64_t)timeout_ns;
}

static void expire(struct defrag *f, int64_t now_ns)
{
    static const int64_t timeout_ns[] = { DEFRAG_TIMEOUT_V4_NS, DEFRAG_TIMEOUT_V6_NS };
    for (unsigned i = 0; i < AGES; i++) {
        struct datagram *g;
        while ((g = oldest(f, i)) && is_over(g, now_ns, timeout_ns[i])) {
            TRACE(TRACE_IP, "defrag: datagram %u timed out", g->key.id);
            if (!g->dead)
                counter_add(f->overdue, COUNTER_DEFRAG_TIMEOUT, 1);
            datagram_drop(f, g);
        }
    }
}

void defrag_begin(struct defrag *f, int64_t now_ns)
{
    f->touched.n = 0;
    while (UNLIKELY(f->given != NULL)) {
        struct piece *next = f->given->next;
        slab_free(&f->slab, f->given, sizeof *next + f->given->n);
        f->given = next;
    }
    if (UNLIKELY(f->waiting))
        expire(f, now_ns);
}

static struct key key_of(const struct packet *p, const struct fragment *frag)
{
    struct key k = { .src = p->src, .dst = p->dst, .tunnel_key = p->tunnel_key, .id = frag->id };
    k.vlan[0] = p->vlan[0];
    k.vlan[1] = p->vlan[1];
    k.ip_ver = p->ip_ver;
    k.proto = p->ip_ver == 4 ? frag->proto : 0;
    k.n_vlan = p->n_vlan;
    return k;
}

/* The datagram of a key, made if new; NULL without memory. */
static struct datagram *datagram_of(struct defrag *f, const struct key *key, int64_t now_ns)
{
    struct datagram **at = bucket_of(f, key);
    for (struct datagram *g = *at; g; g = g->hash_next) {
        if (memcmp(&g->key, key, sizeof *key) == 0)
            return g;
    }
    if (f->waiting >= DEFRAG_DATAGRAMS_MAX)
        evict(f, NULL);
    struct datagram *g = alloc(f, NULL, sizeof *g);
    if (!g)
        return NULL;
    g->key = *key;
    g->number = ++f->number;
    g->first_ns = now_ns;
    g->hash_next = *at;
    *at = g;
    list_append(&f->age[key->ip_ver == 6 ? AGE_V6 : AGE_V4], &g->age);
    f->waiting++;
    return g;
}

/* A new piece between `before` (NULL: at the beginning) and its follower. */
static bool piece_insert(struct defrag *f, struct datagram *g, struct piece *before,
                         uint32_t offset, struct slice bytes)
{
    if (g->n_pieces >= DEFRAG_PIECES_MAX)
        return false;
    struct piece *new = alloc(f, g, sizeof *new + bytes.n);
    if (!new)
        return false;
    new->offset = offset;
    new->n = (uint32_t)bytes.n;
    memcpy(new->bytes, bytes.p, bytes.n);
    struct piece **link = before ? &before->next : &g->first;
    new->next = *link;
    *link = new;
    if (!new->next)
        g->last = new;
    g->n_pieces++;
    g->have += new->n;
    return true;
}

/* Fills the holes that the fragment covers; bytes that are there stay. False without memory. */
static bool pieces_fill(struct defrag *f, struct datagram *g, const struct fragment *frag)
{
    uint32_t at = frag->offset, end = frag->offset + (uint32_t)frag->bytes.n;
    struct piece *before = NULL, *next = g->first;
    if (g->last && g->last->offset + g->last->n <= at) { /* in order: the usual case */
        before = g->last;
        next = NULL;
    }
    while (at < end) {
        if (next && next->offset <= at) {
            before = next;
            next = next->next;
            if (before->offset + before->n > at)
                at = before->offset + before->n;
            continue;
        }
        uint32_t stop = next && next->offset < end ? next->offset : end;
        struct slice part = slice_first(slice_after(frag->bytes, at - frag->offset), stop - at);
        if (!piece_insert(f, g, before, at, part))
            return false;
        before = before ? before->next : g->first;
        at = stop;
    }
    return true;
}

static bool is_copy(const struct datagram *g, const struct fragment *frag)
{
    for (const struct piece *at = g->first; at && at->offset <= frag->offset; at = at->next) {
        if (at->offset == frag->offset)
            return slice_eq(slice_of(at->bytes, at->n), frag->bytes);
    }
    return false;
}

static bool overlaps(const struct datagram *g, const struct fragment *frag)
{
    size_t end = frag->offset + frag->bytes.n;
    if (g->last && g->last->offset + g->last->n <= frag->offset)
        return false;
    for (const struct piece *at = g->first; at && at->offset < end; at = at->next) {
        if (at->offset + at->n > frag->offset)
            return true;
    }
    return false;
}

/* A fragment that no sender makes: nothing in it, not a multiple of 8 before the last, or too far
 * out. */
static bool is_possible(const struct fragment *frag)
{
    if (frag->bytes.n == 0 || (frag->more && frag->bytes.n % 8 != 0))
        return false;
    return frag->offset + frag->bytes.n <= DEFRAG_DATAGRAM_BYTES;
}

/* The datagram's length, once its last fragment came, must agree with all fragments. */
static bool length_agrees(const struct datagram *g, const struct fragment *frag)
{
    uint32_t end = frag->offset + (uint32_t)frag->bytes.n;
    if (g->total)
        return frag->more ? end <= g->total : end == g->total;
    return frag->more || !g->last || g->last->offset + g->last->n <= end;
}

static enum defrag_result refuse(struct defrag *f, enum counter_id why)
{
    counter_add(f->counters, why, 1);
    return DEFRAG_REFUSED;
}

static enum defrag_result overlap_found(struct defrag *f, struct datagram *g)
{
    counter_add(f->counters, COUNTER_DEFRAG_OVERLAP, 1);
    if (g->key.ip_ver == 4)
        return DEFRAG_WAIT;
    TRACE(TRACE_IP, "defrag: datagram %u overlaps and is dropped (RFC 5722)", g->key.id);
    pieces_free(f, g);
    g->dead = true;
    return DEFRAG_REFUSED;
}

/* All pieces in one, which lives until the next frame; the datagram is done with. */
static enum defrag_result datagram_finish(struct defrag *f, struct datagram *g, struct packet *p,
                                          struct slice *whole)
{
    struct piece *all = alloc(f, g, sizeof *all + g->total);
    if (!all) {
        datagram_drop(f, g);
        return refuse(f, COUNTER_DEFRAG_EVICTED);
    }
    for (const struct piece *at = g->first; at; at = at->next) {
        BUG_ON(at->offset + at->n > g->total);
        memcpy(all->bytes + at->offset, at->bytes, at->n);
    }
    all->n = g->total;
    all->next = f->given;
    f->given = all;
    *whole = slice_of(all->bytes, all->n);
    TRACE(TRACE_IP, "defrag: datagram %u whole: %u bytes of %u earlier fragments", g->key.id,
          g->total, g->packets);
    p->frag_packets += g->packets;
    p->frag_bytes += g->wire_bytes;
    f->touched.is_open = false;
    counter_add(f->counters, COUNTER_DEFRAG_REASSEMBLED, 1);
    datagram_drop(f, g);
    return DEFRAG_WHOLE;
}

/* Notes what a fragment that was taken says of its datagram. */
static void datagram_note(struct datagram *g, const struct fragment *frag)
{
    if (!frag->more)
        g->total = frag->offset + (uint32_t)frag->bytes.n;
    if (frag->offset == 0)
        g->proto = frag->proto;
}

enum defrag_result defrag_add(struct defrag *f, struct packet *p, struct fragment *frag,
                              struct slice *whole)
{
    counter_add(f->counters, COUNTER_DEFRAG_FRAGMENTS, 1);
    TRACE(TRACE_IP, "defrag: datagram %u, fragment at %u, %zu bytes%s", frag->id, frag->offset,
          frag->bytes.n, frag->more ? "" : ", the last");
    if (frag->cut)
        return DEFRAG_REFUSED;
    if (!is_possible(frag))
        return refuse(f, COUNTER_DEFRAG_BAD);
    struct key key = key_of(p, frag);
    struct datagram *g = datagram_of(f, &key, p->ts_ns);
    if (!g)
        return refuse(f, COUNTER_DEFRAG_EVICTED);
    touch(f, g);
    if (g->dead)
        return refuse(f, COUNTER_DEFRAG_OVERLAP);
    if (!length_agrees(g, frag))
        return refuse(f, COUNTER_DEFRAG_BAD);
    bool overlap = overlaps(g, frag), copy = overlap && is_copy(g, frag);
    if (overlap && !copy && overlap_found(f, g) == DEFRAG_REFUSED)
        return DEFRAG_REFUSED;
    if (!copy && !pieces_fill(f, g, frag)) {
        datagram_drop(f, g);
        return refuse(f, COUNTER_DEFRAG_EVICTED);
    }
    datagram_note(g, frag);
    if (g->total && g->have == g->total) {
        frag->proto = g->proto;
        return datagram_finish(f, g, p, whole);
    }
    g->packets += 1 + p->frag_packets;
    g->wire_bytes += p->wire_len + p->frag_bytes;
    return DEFRAG_WAIT;
}
