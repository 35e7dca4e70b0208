/* Requests that wait for their answers. An entry is in three places: a hash chain (by flow and
 * key; only in flows with many), its flow's list (first in, first out) and its protocol's queue (in
 * order of deadline, because the timeout of a protocol is constant). */
#include "proto/pair.h"

#include "proto/proto.h"

/* A flow with at most so many is searched by its list, which is at hand; the hash is for those with
 * more, and holds all of such a flow's. */
#define LIST_MAX 8

struct pair {
    struct pair *hash_next, **hash_at; /* hash_at: what points to this one; NULL: in no chain */
    struct list in_flow, in_queue;
    struct flow *flow;
    uint64_t key;
    int64_t ts_ns, deadline_ns;
    uint32_t size;
    uint8_t proto;
    uint8_t busy; /* its orphan call is running */
    uint64_t pad;
};
_Static_assert(sizeof(struct pair) % 16 == 0, "the request behind it is aligned");

struct pair_table {
    struct proto_env *env;
    struct hash_key hash_key;
    struct pair **bucket;
    size_t mask, n, max;
    struct list queue[PROTO_COUNT];
};

struct pair_table *pair_table_new(struct proto_env *env, const struct hash_key *key,
                                  size_t max_entries)
{
    struct pair_table *t = xcalloc(1, sizeof *t);
    size_t buckets = 256;
    while (buckets < max_entries)
        buckets *= 2;
    *t = (struct pair_table){ .env = env,
                              .hash_key = *key,
                              .bucket = xcalloc(buckets, sizeof *t->bucket),
                              .mask = buckets - 1,
                              .max = max_entries };
    for (unsigned i = 0; i < PROTO_COUNT; i++)
        list_init(&t->queue[i]);
    return t;
}

void pair_table_free(struct pair_table *t)
{
    if (!t)
        return;
    xfree(t->bucket);
    xfree(t);
}

static struct pair **bucket_of(struct pair_table *t, const struct flow *flow, uint64_t key)
{
    struct {
        uint64_t serial, key;
    } at = { (uint64_t)(uintptr_t)flow, key };
    return &t->bucket[hash_bytes(&t->hash_key, &at, sizeof at) & t->mask];
}

static struct pair *pair_of(void *request)
{
    return (struct pair *)request - 1;
}

static void take_out(struct pair_table *t, struct pair *p)
{
    if (p->hash_at) {
        BUG_ON(*p->hash_at != p);
        *p->hash_at = p->hash_next;
        if (p->hash_next)
            p->hash_next->hash_at = p->hash_at;
    }
    list_remove(&p->in_flow);
    list_remove(&p->in_queue);
    p->flow->more->n_pairs--;
    t->n--;
    slab_free(t->env->slab, p, sizeof *p + p->size);
}

static void give_up(struct pair_table *t, struct pair *p, unsigned reason, int64_t now_ns)
{
    struct proto_ctx x;
    const struct proto *proto = protos[p->proto];
    proto_ctx_of_flow(&x, t->env, p->flow, p->proto);
    x.now_ns = now_ns;
    x.start_ns = p->ts_ns;
    x.had_loss = t->env->loss_ns && t->env->loss_ns >= p->ts_ns;
    counter_proto(t->env->counters, p->proto, PC_UNMATCHED_REQUEST);
    TRACE(TRACE_PROTO, "%s: request given up, reason %u", proto->name, reason);
    p->busy = 1;
    if (proto->orphan)
        proto->orphan(&x, p + 1, reason);
    take_out(t, p);
}

/* Makes room when a cap is reached: the flow's oldest goes first, else the oldest of its protocol.
 */
static void make_room(struct pair_table *t, struct proto_ctx *x)
{
    struct list *oldest = NULL;
    bool of_flow = pair_count(x) >= PAIR_FLOW_MAX;
    if (of_flow)
        oldest = list_first(&x->flow->more->pairs);
    else if (t->n >= t->max)
        oldest = list_first(&t->queue[x->id]);
    if (!oldest)
        return;
    struct pair *p = of_flow ? container_of(oldest, struct pair, in_flow)
                             : container_of(oldest, struct pair, in_queue);
    counter_proto(t->env->counters, p->proto, PC_EVICTED);
    give_up(t, p, ORPHAN_EVICTED, x->now_ns);
}

/* Behind all entries with an earlier or equal deadline: nearly always at the end. */
static void enqueue(struct list *queue, struct pair *p)
{
    struct list *after = queue->prev;
    while (after != queue &&
           container_of(after, struct pair, in_queue)->deadline_ns > p->deadline_ns)
        after = after->prev;
    list_append(after->next, &p->in_queue);
}

/* At the head of its chain: newest first. */
static void put_in_chain(struct pair_table *t, struct pair *p)
{
    struct pair **at = bucket_of(t, p->flow, p->key);
    p->hash_next = *at;
    p->hash_at = at;
    if (p->hash_next)
        p->hash_next->hash_at = &p->hash_next;
    *at = p;
}

/* A flow that has many from now on: those that are in no chain are put into theirs, in order. */
static void put_all_in_chains(struct pair_table *t, const struct flow *flow)
{
    list_each (it, &flow->more->pairs) {
        struct pair *p = container_of(it, struct pair, in_flow);
        if (!p->hash_at)
            put_in_chain(t, p);
    }
}

/* From the time that timers go by, which a packet may be behind. */
static int64_t deadline_of(const struct proto_ctx *x, int64_t ts_ns)
{
    const struct proto_conf *conf = x->conf;
    int64_t from_ns = ts_ns > x->env->now_ns ? ts_ns : x->env->now_ns;
    return from_ns + conf->transaction_timeout_ns;
}

void *pair_add(struct proto_ctx *x, uint64_t key, int64_t ts_ns, size_t size)
{
    struct pair_table *t = x->env->pairs;
    make_room(t, x);
    struct pair *p = t->n < t->max ? slab_alloc(x->env->slab, sizeof *p + size) : NULL;
    if (!p) {
        counter_proto(x->env->counters, x->id, PC_NO_MEMORY);
        return NULL;
    }
    *p = (struct pair){ .flow = x->flow,
                        .key = key,
                        .ts_ns = ts_ns,
                        .deadline_ns = deadline_of(x, ts_ns),
                        .size = (uint32_t)size,
                        .proto = x->id };
    t->n++;
    x->flow->more->n_pairs++;
    list_append(&x->flow->more->pairs, &p->in_flow);
    if (x->flow->more->n_pairs == LIST_MAX + 1)
        put_all_in_chains(t, x->flow);
    else if (x->flow->more->n_pairs > LIST_MAX)
        put_in_chain(t, p);
    enqueue(&t->queue[x->id], p);
    return p + 1;
}

static struct pair *find_in_list(const struct flow *flow, uint64_t key)
{
    list_each (it, &flow->more->pairs) {
        struct pair *p = container_of(it, struct pair, in_flow);
        if (p->key == key && !p->busy)
            return p;
    }
    return NULL;
}

void *pair_find(struct proto_ctx *x, uint64_t key)
{
    struct pair *oldest = NULL;
    if (x->flow->more->n_pairs <= LIST_MAX) {
        oldest = find_in_list(x->flow, key);
        return oldest ? oldest + 1 : NULL;
    }
    for (struct pair *p = *bucket_of(x->env->pairs, x->flow, key); p; p = p->hash_next) {
        if (p->flow == x->flow && p->key == key && !p->busy)
            oldest = p; /* chains are newest first */
    }
    return oldest ? oldest + 1 : NULL;
}

void *pair_first(struct proto_ctx *x)
{
    list_each (it, &x->flow->more->pairs) {
        struct pair *p = container_of(it, struct pair, in_flow);
        if (!p->busy)
            return p + 1;
    }
    return NULL;
}

/* Only once a quarter of the time is gone: a body of many segments does not move the entries for
 * each of them. Keeps the queue in order, for what is appended has the latest deadline. */
void pair_touch(struct proto_ctx *x)
{
    const struct proto_conf *conf = x->conf;
    int64_t deadline_ns = deadline_of(x, x->now_ns);
    list_each (it, &x->flow->more->pairs) {
        struct pair *p = container_of(it, struct pair, in_flow);
        if (p->deadline_ns > deadline_ns - conf->transaction_timeout_ns / 4)
            break;
        list_remove(&p->in_queue);
        p->deadline_ns = deadline_ns;
        enqueue(&x->env->pairs->queue[p->proto], p);
    }
}

void pair_renew(struct proto_ctx *x, void *request)
{
    struct pair *p = pair_of(request);
    list_remove(&p->in_queue);
    p->deadline_ns = deadline_of(x, x->now_ns);
    enqueue(&x->env->pairs->queue[p->proto], p);
}

unsigned pair_count(const struct proto_ctx *x)
{
    return x->flow->more->n_pairs;
}

void pair_drop(struct proto_ctx *x, void *request)
{
    BUG_ON(pair_of(request)->flow != x->flow || pair_of(request)->busy);
    take_out(x->env->pairs, pair_of(request));
}

int64_t pair_ts_ns(const void *request)
{
    return ((const struct pair *)request - 1)->ts_ns;
}

void pair_orphan(struct proto_ctx *x, void *request, unsigned orphan_reason)
{
    give_up(x->env->pairs, pair_of(request), orphan_reason, x->now_ns);
}

int64_t pair_next_ns(const struct pair_table *t)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        struct list *oldest = list_first(&t->queue[i]);
        int64_t deadline = oldest ? container_of(oldest, struct pair, in_queue)->deadline_ns : next;
        next = deadline < next ? deadline : next;
    }
    return next;
}

/* The waiting request with the earliest deadline of all protocols, or NULL. */
static struct pair *earliest(struct pair_table *t)
{
    struct pair *best = NULL;
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        struct list *oldest = list_first(&t->queue[i]);
        struct pair *p = oldest ? container_of(oldest, struct pair, in_queue) : NULL;
        if (p && (!best || p->deadline_ns < best->deadline_ns))
            best = p;
    }
    return best;
}

void pair_expire(struct pair_table *t, int64_t now_ns)
{
    for (struct pair *p = earliest(t); p && p->deadline_ns <= now_ns; p = earliest(t))
        give_up(t, p, ORPHAN_TIMEOUT, p->deadline_ns);
}

void pair_flow_end(struct pair_table *t, struct flow *flow, unsigned orphan_reason, int64_t now_ns)
{
    struct list *oldest;
    while ((oldest = list_first(&flow->more->pairs)))
        give_up(t, container_of(oldest, struct pair, in_flow), orphan_reason, now_ns);
}

bool pair_flow_waits(const struct flow *flow)
{
    return flow->more && flow->more->n_pairs > 0;
}
