/* rate_limit: a bucket of tokens for each combination of values; an event that finds none is
 * dropped. */
#include "base/bug.h"
#include "base/hash.h"
#include "os/clock.h"
#include "pipe/processor.h"

/* A combination has one of WAYS buckets of its set; when all are taken the fullest gives way, which
 * is the one that was used least. */
#define SETS     4096
#define WAYS     4
#define TEXT_MAX 1024 /* of all values; what is over does not tell them apart */

struct bucket {
    uint64_t key; /* 0: unused */
    double tokens;
    int64_t at_ns; /* when they were counted, monotonic */
};

struct rate_limit {
    const char *limit;
    struct texts fields;
    double burst, per_second;
    const struct node *algorithm;
    struct ref *refs;
    struct bucket *buckets; /* one, or SETS * WAYS */
    struct hash_key hash;
};

/* clang-format off */
static const struct option options[] = {
    OPT(rate_limit, limit,     TEXT,  "limit",     NULL, 0, 0, OPT_REQUIRED, "Events that pass: a number a second (/s), minute (/m) or hour (/h)."),
    OPT(rate_limit, fields,    TEXTS, "fields",    NULL, 0, 0, 0,            "Each combination of these fields' values has its own limit."),
    OPT(rate_limit, algorithm, NODE,  "algorithm", NULL, 0, 0, 0,            "token_bucket.burst_multiplier: how many times the limit may pass at once."),
    { 0 }
};
/* clang-format on */

static err load_limit(struct rate_limit *c, const struct loading *l)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = { { "/s", 1 }, { "/m", 60 }, { "/h", 3600 } };
    struct slice text = slice_cstr(c->limit);
    for (size_t i = 0; i < COUNT(units); i++) {
        char *end;
        if (!slice_ends(text, slice_cstr(units[i].name)))
            continue;
        double n = strtod(c->limit, &end);
        if (end != c->limit && (size_t)(end - c->limit) + 2 == text.n && n > 0 && n < 1e12) {
            c->burst = n;
            c->per_second = n / units[i].seconds;
            return ERR_OK;
        }
    }
    return why_set(l->why, ERR_CONFIG, "%s: limit: \"%s\" is none: write 100/s, 100/m or 100/h",
                   l->prefix, c->limit);
}

static err load_algorithm(struct rate_limit *c, const struct loading *l)
{
    const struct node *bucket = node_get(c->algorithm, "token_bucket");
    const struct node *times = node_get(bucket, "burst_multiplier");
    if (c->algorithm && c->algorithm->type == NODE_MAP && !bucket)
        return why_set(l->why, ERR_CONFIG, "%s: algorithm: there is only token_bucket", l->prefix);
    if (!times)
        return ERR_OK;
    double n = times->type == NODE_INT ? (double)times->i : times->d;
    if ((times->type != NODE_INT && times->type != NODE_DOUBLE) || n < 1)
        return why_set(l->why, ERR_CONFIG, "%s: burst_multiplier is a number from 1 on", l->prefix);
    c->burst *= n;
    return ERR_OK;
}

static err prepare(void *conf, const struct loading *l)
{
    struct rate_limit *c = conf;
    err e = load_limit(c, l);
    if (!e)
        e = load_algorithm(c, l);
    c->refs = refs_load(&c->fields, l);
    if (e || !c->refs)
        return e ? e : ERR_LIMIT;
    c->hash = hash_key_random();
    c->buckets = xcalloc(c->fields.n ? SETS * WAYS : 1, sizeof *c->buckets);
    return ERR_OK;
}

static uint64_t key_of(struct rate_limit *c, const struct event *e)
{
    char text[TEXT_MAX], room[VALUE_ROOM];
    struct buf b = buf_of(text, sizeof text);
    struct value v;
    for (unsigned i = 0; i < c->fields.n; i++) {
        if (ref_get(&c->refs[i], e, &v))
            buf_add(&b,
                    v.type == VT_BOOL ? slice_cstr(v.i ? "true" : "false") : ref_text(&v, room));
        buf_u8(&b, '|');
    }
    uint64_t key = hash_bytes(&c->hash, text, b.n);
    return key ? key : 1;
}

static void refill(const struct rate_limit *c, struct bucket *b, int64_t now)
{
    b->tokens += (double)(now - b->at_ns) / 1e9 * c->per_second;
    b->at_ns = now;
    if (b->tokens > c->burst)
        b->tokens = c->burst;
}

static struct bucket *find(struct rate_limit *c, uint64_t key, int64_t now)
{
    struct bucket *set = c->fields.n ? &c->buckets[key % SETS * WAYS] : c->buckets, *best = set;
    unsigned ways = c->fields.n ? WAYS : 1;
    for (unsigned i = 0; i < ways; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].key)
            refill(c, &set[i], now);
        if (!set[i].key || (best->key && set[i].tokens > best->tokens))
            best = &set[i];
    }
    *best = (struct bucket){ .key = key, .tokens = c->burst, .at_ns = now };
    return best;
}

static enum step run(void *conf, struct event *e)
{
    struct rate_limit *c = conf;
    int64_t now = clock_mono_ns();
    struct bucket *b = find(c, key_of(c, e), now);
    refill(c, b, now);
    if (b->tokens < 1)
        return STEP_DROP;
    b->tokens -= 1;
    return STEP_OK;
}

static void give_back(void *conf)
{
    struct rate_limit *c = conf;
    xfree(c->buckets);
}

const struct processor processor_rate_limit = {
    .name = "rate_limit",
    .doc = "Drops events beyond a rate.",
    .options = options,
    .conf_size = sizeof(struct rate_limit),
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
