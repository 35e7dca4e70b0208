/* Two windows of ten seconds, the one being filled and the one before it; each is a table of
 * addresses and a list of slow transactions. */
#include "pipe/glance.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/hash.h"
#include "codec/json.h"

#define WINDOW_NS  INT64_C(10000000000)
#define NS_PER_S   1e9
#define WAYS       8 /* places that an address, or a flow, may have */
#define SETS       64
#define FLOW_SETS  1024
#define SLOW       16
#define SHOWN      16 /* talkers in an answer */
#define TEXT_BYTES 96

struct talker {
    struct addr addr;
    uint64_t bytes, events;
};

struct slow {
    int64_t duration_ns;
    struct addr client, server;
    uint16_t port;
    char type[16], status[16], query[TEXT_BYTES];
};

struct window {
    int64_t from_ns;
    struct talker talker[SETS][WAYS];
    struct slow slow[SLOW]; /* the slowest first */
    unsigned n_slow;
};

/* What the last report of a flow said: reports count from the flow's start. */
struct known_flow {
    uint64_t hash, bytes[2], used;
};

struct glance {
    pthread_mutex_t lock; /* guards all */
    struct hash_key key;
    struct window window[2]; /* 0: being filled */
    struct known_flow flow[FLOW_SETS][WAYS];
    uint64_t uses;
    bool has_flows;
};

struct glance *glance_new(void)
{
    struct glance *g = xcalloc(1, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    g->key = hash_key_random();
    return g;
}

void glance_free(struct glance *g)
{
    if (!g)
        return;
    pthread_mutex_destroy(&g->lock);
    xfree(g);
}

/* The windows move on; after a long silence both are empty. */
static void pass_time(struct glance *g, int64_t now_ns)
{
    struct window *w = g->window;
    if (!w[0].from_ns)
        w[0].from_ns = now_ns;
    if (now_ns - w[0].from_ns < WINDOW_NS)
        return;
    if (now_ns - w[0].from_ns < 2 * WINDOW_NS)
        w[1] = w[0];
    else
        w[1] = (struct window){ .from_ns = now_ns - WINDOW_NS };
    w[0] = (struct window){ .from_ns = now_ns };
}

/* ---- talkers */

static void add_talker(struct glance *g, const struct addr *a, uint64_t bytes, uint64_t events)
{
    struct talker *set = g->window[0].talker[hash_bytes(&g->key, a, sizeof *a) % SETS];
    struct talker *least = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (addr_eq(&set[i].addr, a)) {
            least = &set[i];
            break;
        }
        if (set[i].bytes < least->bytes)
            least = &set[i];
    }
    if (!addr_eq(&least->addr, a))
        *least = (struct talker){ .addr = *a };
    least->bytes += bytes;
    least->events += events;
}

static uint64_t number_of(const struct event *e, enum ecs_id id)
{
    const struct value *v = event_get(e, &ecs[id]);
    return v && v->type == VT_INT && v->i > 0 ? (uint64_t)v->i : 0;
}

static struct slice text_of(const struct event *e, enum ecs_id id)
{
    const struct value *v = event_get(e, &ecs[id]);
    return v && v->type == VT_STR ? slice_of(v->p, v->n) : slice_of(NULL, 0);
}

/* Bytes since the last report. */
static void new_bytes(struct glance *g, struct slice id, uint64_t bytes[2])
{
    uint64_t hash = hash_bytes(&g->key, id.p, id.n);
    struct known_flow *set = g->flow[hash % FLOW_SETS], *oldest = set;
    for (unsigned i = 0; i < WAYS && oldest->hash != hash; i++)
        if (set[i].hash == hash || set[i].used < oldest->used)
            oldest = &set[i];
    uint64_t total[2] = { bytes[0], bytes[1] };
    for (unsigned i = 0; i < 2 && oldest->hash == hash; i++)
        bytes[i] -= total[i] >= oldest->bytes[i] ? oldest->bytes[i] : 0;
    *oldest = (struct known_flow){ hash, { total[0], total[1] }, ++g->uses };
}

static void add_ends(struct glance *g, const struct event *e)
{
    bool is_flow = e->source == EVENT_SOURCE_FLOW;
    uint64_t bytes[2] = { number_of(e, ECS_SOURCE_BYTES), number_of(e, ECS_DESTINATION_BYTES) };
    struct slice id = is_flow ? text_of(e, ECS_FLOW_ID) : slice_of(NULL, 0);
    g->has_flows |= is_flow;
    if (is_flow && id.n)
        new_bytes(g, id, bytes);
    if (!is_flow && g->has_flows)
        bytes[0] = bytes[1] = 0;
    add_talker(g, &e->ends.src, bytes[0], !is_flow);
    add_talker(g, &e->ends.dst, bytes[1], !is_flow);
}

/* ---- slow transactions */

static void copy_text(char *out, size_t cap, struct slice s)
{
    size_t n = s.n < cap - 1 ? s.n : cap - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = s.p[i] < 0x20 || s.p[i] == 0x7f ? ' ' : (char)s.p[i];
    while (n < s.n && n > 0 && (s.p[n] & 0xc0) == 0x80)
        n--; /* not within a character */
    out[n] = '\0';
}

static void add_slow(struct glance *g, const struct event *e)
{
    struct window *w = &g->window[0];
    int64_t ns = (int64_t)number_of(e, ECS_EVENT_DURATION);
    unsigned at = w->n_slow;
    while (at > 0 && w->slow[at - 1].duration_ns < ns)
        at--;
    if (at == SLOW || !ns)
        return;
    w->n_slow += w->n_slow < SLOW;
    memmove(&w->slow[at + 1], &w->slow[at], (w->n_slow - at - 1) * sizeof w->slow[0]);
    struct slow *s = &w->slow[at];
    *s = (struct slow){
        .duration_ns = ns, .client = e->ends.src, .server = e->ends.dst, .port = e->ends.dport
    };
    struct slice query = text_of(e, ECS_QUERY);
    copy_text(s->type, sizeof s->type, text_of(e, ECS_TYPE));
    copy_text(s->status, sizeof s->status, text_of(e, ECS_STATUS));
    copy_text(s->query, sizeof s->query, query.n ? query : text_of(e, ECS_RESOURCE));
}

void glance_event(struct glance *g, const struct event *e, int64_t now_ns)
{
    if (!e->ends.known)
        return;
    pthread_mutex_lock(&g->lock);
    pass_time(g, now_ns);
    add_ends(g, e);
    if (e->source != EVENT_SOURCE_FLOW)
        add_slow(g, e);
    pthread_mutex_unlock(&g->lock);
}

/* ---- the answer */

static int by_bytes(const void *a, const void *b)
{
    const struct talker *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return (x->events < y->events) - (x->events > y->events);
}

static void merge(struct talker *all, unsigned *n, const struct talker *t)
{
    for (unsigned i = 0; i < *n; i++) {
        if (!addr_eq(&all[i].addr, &t->addr))
            continue;
        all[i].bytes += t->bytes;
        all[i].events += t->events;
        return;
    }
    all[(*n)++] = *t;
}

/* An address has its places in the same set of both windows. */
static unsigned gather(const struct glance *g, struct talker *all)
{
    unsigned n = 0;
    for (unsigned s = 0; s < SETS; s++) {
        unsigned begin = n, own = 0;
        for (unsigned i = 0; i < 2 * WAYS; i++) {
            const struct talker *t = &g->window[i / WAYS].talker[s][i % WAYS];
            if (t->bytes || t->events)
                merge(all + begin, &own, t);
        }
        n = begin + own;
    }
    qsort(all, n, sizeof *all, by_bytes);
    return n;
}

static void put_talkers(struct buf *b, const struct glance *g)
{
    struct talker all[2 * SETS * WAYS];
    unsigned n = gather(g, all);
    for (unsigned i = 0; i < n && i < SHOWN; i++) {
        buf_cstr(b, i ? ",{\"address\":\"" : "{\"address\":\"");
        buf_addr(b, &all[i].addr);
        buf_printf(b, "\",\"bytes\":%llu,\"transactions\":%llu}", (unsigned long long)all[i].bytes,
                   (unsigned long long)all[i].events);
    }
}

static void put_slow(struct buf *b, const struct slow *s, bool first)
{
    buf_printf(b, "%s{\"duration_ns\":%lld,\"type\":", first ? "" : ",", (long long)s->duration_ns);
    json_string(b, slice_cstr(s->type), false);
    buf_lit(b, ",\"client\":\"");
    buf_addr(b, &s->client);
    buf_lit(b, "\",\"server\":\"");
    buf_addr(b, &s->server);
    buf_printf(b, "\",\"port\":%u,\"status\":", s->port);
    json_string(b, slice_cstr(s->status), false);
    buf_lit(b, ",\"query\":");
    json_string(b, slice_cstr(s->query), false);
    buf_u8(b, '}');
}

/* Both lists are sorted. */
static void put_slows(struct buf *b, const struct glance *g)
{
    unsigned i = 0, k = 0;
    const struct window *x = &g->window[0], *y = &g->window[1];
    while (i + k < SLOW && (i < x->n_slow || k < y->n_slow)) {
        bool from_y =
            i == x->n_slow || (k < y->n_slow && y->slow[k].duration_ns > x->slow[i].duration_ns);
        put_slow(b, from_y ? &y->slow[k] : &x->slow[i], i + k == 0);
        k += from_y;
        i += !from_y;
    }
}

void glance_json(struct glance *g, struct buf *b, int64_t now_ns)
{
    if (!g) {
        buf_lit(b, "{\"seconds\":0,\"talkers\":[],\"slow\":[]}");
        return;
    }
    pthread_mutex_lock(&g->lock);
    pass_time(g, now_ns);
    int64_t from_ns = g->window[1].from_ns ? g->window[1].from_ns : g->window[0].from_ns;
    buf_printf(b, "{\"seconds\":%.1f,\"talkers\":[", (double)(now_ns - from_ns) / NS_PER_S);
    put_talkers(b, g);
    buf_lit(b, "],\"slow\":[");
    put_slows(b, g);
    buf_lit(b, "]}");
    pthread_mutex_unlock(&g->lock);
}
