/* Documents of Beats to messages. The document is copied once into the batch's arena; texts of the
 * message are slices of that copy. Names are kept across messages: a sender repeats its own. */
#include "in/beats_message.h"

#include <assert.h>

#include "base/bug.h"
#include "model/civil.h"

#define MORE_FIELDS    28     /* that a pack adds: growing later costs more than this room */
#define NODES_MAX      262144 /* values in one document */
#define PATH_MAX_BYTES 4096   /* longest field name */

/* Names that were made before: a tree of paths, each known by its parent and its key. */
#define KNOWN_MAX   MESSAGE_NUMBERS_MAX
#define KNOWN_INDEX (2 * KNOWN_MAX)
#define KNOWN_BYTES ((size_t)1 << 20)
#define STEPS_MAX   64
#define USUAL_MAX   256

enum { SKIP = 128 }; /* beside enum jsondoc_flag: a member that is not flattened */

struct known {
    struct slice name; /* of the whole path */
    uint32_t parent;
    uint32_t hash;  /* of the name; 0: not acceptable or one of the special ones */
    uint16_t key_n; /* the key is the name's end */
    uint16_t next;  /* the path that came after it last time: most senders repeat their order */
    uint16_t same;  /* the first path of this name; its number is the name's */
    uint16_t place; /* of that name's field in message number `message` */
    uint64_t message;
};

struct beats_reader {
    struct beats_conf conf;
    struct jsondoc doc;
    struct known known[KNOWN_MAX]; /* [0]: no path */
    uint16_t index[KNOWN_INDEX];
    uint16_t of_shape[JSONDOC_SHAPES]; /* the path that a shape of doc was last */
    unsigned n_known;
    uint8_t *names;
    size_t names_used;
    unsigned usual; /* fields of the last message: so many will the next one have */
    uint64_t codec, messages;
};

/* Where a value lies: a known path, or one that was not remembered. */
struct path {
    uint32_t known; /* 0: not among the known ones */
    struct slice name;
};

struct flatten {
    struct beats_reader *r;
    struct arena *mem;
    struct message *m;
    uint32_t last; /* the known path that was asked for before */
};

static void flatten_members(struct flatten *f, const struct path *at, const struct jsondoc_node *v);

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t load4(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline unsigned place_of(uint32_t parent, struct slice key)
{
    uint64_t k = 0;
    if (key.n >= 8)
        k = load8(key.p) ^ load8(key.p + key.n - 8) * 0x9e3779b97f4a7c15u;
    else if (key.n >= 4)
        k = (uint64_t)load4(key.p) << 32 | load4(key.p + key.n - 4);
    else if (key.n)
        k = (uint64_t)key.p[0] << 16 | (uint64_t)key.p[key.n / 2] << 8 | key.p[key.n - 1];
    k = ((parent + 1) * 0xa0761d6478bd642fu ^ k ^ (uint64_t)key.n << 56) * 0xe7037ed1a0b428dbu;
    return (unsigned)(k >> 40) % KNOWN_INDEX;
}

/* slice_eq without a call for the short keys that most are. */
static inline bool same_key(const uint8_t *a, struct slice b)
{
    if (b.n > 16)
        return memcmp(a, b.p, b.n) == 0;
    if (b.n >= 8)
        return ((load8(a) ^ load8(b.p)) | (load8(a + b.n - 8) ^ load8(b.p + b.n - 8))) == 0;
    if (b.n >= 4)
        return ((load4(a) ^ load4(b.p)) | (load4(a + b.n - 4) ^ load4(b.p + b.n - 4))) == 0;
    return !b.n || (a[0] == b.p[0] && a[b.n / 2] == b.p[b.n / 2] && a[b.n - 1] == b.p[b.n - 1]);
}

static inline bool is_member(const struct known *k, uint32_t parent, struct slice key)
{
    return k->parent == parent && k->key_n == key.n && same_key(k->name.p + k->name.n - key.n, key);
}

/* Parent and key in one piece, `_` between them unless the parent is empty; false without memory or
 * when it is too long. */
static bool join(struct arena *mem, struct slice parent, struct slice key, struct slice *out)
{
    size_t n = parent.n + (parent.n > 0) + key.n;
    uint8_t *p = n > PATH_MAX_BYTES ? NULL : arena_alloc(mem, n);
    if (!p)
        return false;
    if (parent.n) {
        memcpy(p, parent.p, parent.n);
        p[parent.n] = '_';
    }
    if (key.n)
        memcpy(p + n - key.n, key.p, key.n);
    *out = slice_of(p, n);
    return true;
}

/* True when message_put may take the name as it is. */
static bool is_plain(struct slice name)
{
    return message_name_ok(name) && name.n && !slice_eq(name, SLICE("message")) &&
           !slice_eq(name, SLICE("source")) && !slice_eq(name, SLICE("timestamp"));
}

/* Two paths may have one name: a.b and a_b. */
static unsigned same_name(const struct beats_reader *r, const struct known *k)
{
    unsigned i = 1;
    while (i < r->n_known && (r->known[i].hash != k->hash || !slice_eq(r->known[i].name, k->name)))
        i++;
    return i;
}

/* Remembers a path; false when there is no room. */
static bool remember(struct beats_reader *r, unsigned place, const struct known *k, uint32_t *known)
{
    if (r->n_known == KNOWN_MAX || KNOWN_BYTES - r->names_used < k->name.n)
        return false;
    uint8_t *name = r->names + r->names_used;
    if (k->name.n)
        memcpy(name, k->name.p, k->name.n);
    r->names_used += k->name.n;
    r->known[r->n_known] = *k;
    r->known[r->n_known].name.p = name;
    r->known[r->n_known].same = (uint16_t)same_name(r, k);
    r->index[place] = (uint16_t)r->n_known;
    *known = r->n_known++;
    return true;
}

/* The place of a path in the index; *known is 0 when it is not there. False when it may not be put
 * there: names that collide that often are made to. */
static bool look_up(const struct beats_reader *r, uint32_t parent, struct slice key,
                    unsigned *place, uint32_t *known)
{
    *place = place_of(parent, key);
    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        *known = r->index[*place];
        const struct known *k = &r->known[*known];
        if (!*known)
            return true;
        if (is_member(k, parent, key))
            return true;
        *place = (*place + 1) % KNOWN_INDEX;
    }
    *known = 0;
    return false;
}

/* The path of a member that was not the one expected. */
static bool find_child(struct flatten *f, const struct path *at, struct slice key, struct path *out)
{
    struct beats_reader *r = f->r;
    unsigned place = 0;
    bool may_keep = (at->known || !at->name.n) && key.n <= PATH_MAX_BYTES &&
                    look_up(r, at->known, key, &place, &out->known);
    if (LIKELY(may_keep && out->known)) {
        out->name = r->known[out->known].name;
        return true;
    }
    out->known = 0;
    if (!join(f->mem, at->name, key, &out->name)) {
        f->m->lost |= f->mem->full;
        f->m->refused++;
        return false;
    }
    struct known k = { .name = out->name, .parent = at->known, .key_n = (uint16_t)key.n };
    k.hash = is_plain(k.name) ? message_hash(k.name) : 0;
    if (may_keep && remember(r, place, &k, &out->known))
        out->name = r->known[out->known].name;
    return true;
}

/* The path of a member; false when it is too long or memory is out. The empty path at the top has
 * no `_` behind it. */
static bool child(struct flatten *f, const struct path *at, struct slice key, struct path *out)
{
    struct beats_reader *r = f->r;
    uint32_t guess = r->known[f->last].next;
    if (LIKELY(guess && (at->known || !at->name.n) &&
               is_member(&r->known[guess], at->known, key))) {
        *out = (struct path){ guess, r->known[guess].name };
        f->last = guess;
        return true;
    }
    if (!find_child(f, at, key, out))
        return false;
    r->known[f->last].next = (uint16_t)out->known;
    f->last = out->known;
    return true;
}

/* The same for a node. A shape is one path of names: its key need not be compared. */
static inline bool child_node(struct flatten *f, const struct path *at,
                              const struct jsondoc_node *n, struct path *out)
{
    struct beats_reader *r = f->r;
    uint32_t guess = r->of_shape[n->shape];
    if (LIKELY(guess && at->known && r->known[guess].parent == at->known)) {
        *out = (struct path){ guess, r->known[guess].name };
        return true;
    }
    if (!child(f, at, jsondoc_key(n), out))
        return false;
    if (n->shape)
        r->of_shape[n->shape] = (uint16_t)out->known;
    return true;
}

static inline bool is_scalar(const struct jsondoc_node *n)
{
    return n->type != JD_ARRAY && n->type != JD_OBJECT;
}

/* VT_NULL of what is no scalar, too. */
static inline struct value to_value(const struct jsondoc_node *n)
{
    int64_t i;
    switch (n->type) {
    case JD_STR:
        return message_text_of(jsondoc_str(n));
    case JD_INT:
        i = jsondoc_int(n);
        return message_value_of(VT_INT, !(n->flags & JD_WIDE) && i == (int32_t)i ? VF_INT32 : 0, 0,
                                i);
    case JD_DOUBLE:
        return message_value_of(VT_DOUBLE, 0, 0, n->i); /* the bits of n->d */
    case JD_BOOL:
        return message_value_of(VT_BOOL, 0, 0, n->i);
    default:
        return message_value_of(VT_NULL, 0, 0, 0);
    }
}

/* Fields are put in without being looked for: the name says whether it came in this message. */
static inline void put_known(struct flatten *f, const struct path *at, struct value v)
{
    const struct known *k = &f->r->known[at->known];
    struct known *name = &f->r->known[k->same];
    struct message *m = f->m;
    if (UNLIKELY(m->index != NULL)) { /* names that were not remembered may be the same */
        message_append(m, k->name, k->hash, 0, v);
    } else if (UNLIKELY(name->message == f->r->messages)) {
        m->f[name->place].v = v;
    } else if (message_append(m, k->name, k->hash, k->same, v)) {
        name->message = f->r->messages;
        name->place = (uint16_t)(m->n - 1);
    }
}

/* The path's name is special, or was not remembered. */
NOINLINE static void put_odd(struct flatten *f, const struct path *at, struct value v)
{
    message_set(f->m, at->name, &v);
}

static inline bool is_odd(const struct flatten *f, const struct path *at)
{
    return !at->known || !f->r->known[at->known].hash;
}

static inline void put_text(struct flatten *f, const struct path *at, struct slice text)
{
    if (UNLIKELY(is_odd(f, at))) {
        put_odd(f, at, message_text_of(text));
        return;
    }
    if (UNLIKELY(!text.n || text.p[0] <= ' ' || text.p[text.n - 1] <= ' ')) {
        text = message_trim(text);
        if (!text.n)
            return;
    }
    put_known(f, at, message_text_of(text));
}

/* What is no text. */
static inline void put(struct flatten *f, const struct path *at, struct value v)
{
    if (UNLIKELY(is_odd(f, at)))
        put_odd(f, at, v);
    else if (v.type != VT_NULL)
        put_known(f, at, v);
}

/* The scalars of a list as the value of its path. */
static void put_list(struct flatten *f, const struct path *at, const struct jsondoc_node *list)
{
    const struct jsondoc *d = &f->r->doc;
    struct value *items = arena_alloc(f->mem, list->n * sizeof *items);
    uint32_t n = 0, strings = 0;
    if (!items) {
        f->m->lost = true;
        return;
    }
    for (uint32_t i = list->n ? list->child : 0; i; i = d->node[i].next) {
        if (is_scalar(&d->node[i])) {
            items[n] = to_value(&d->node[i]);
            strings += d->node[i].type == JD_STR;
            n++;
        }
    }
    bool texts_only = n && strings == n;
    if (texts_only) {
        /* A slice is not longer than a value: it takes the place of its own. */
        struct slice *texts = (struct slice *)(void *)items;
        static_assert(sizeof *texts <= sizeof *items, "texts overtake values");
        for (uint32_t i = 0; i < n; i++) {
            struct value item = items[i];
            texts[i] = slice_of(item.p, item.n);
        }
    }
    put(f, at, message_value_of(texts_only ? VT_STRS : VT_VALUES, 0, n, (int64_t)(uintptr_t)items));
}

/* Objects in a list have their place in the list as a part of the path; lists in it are ignored. */
static void flatten_list(struct flatten *f, const struct path *at, const struct jsondoc_node *list)
{
    const struct jsondoc *d = &f->r->doc;
    uint32_t number = 0;
    put_list(f, at, list);
    for (uint32_t i = list->n ? list->child : 0; i; i = d->node[i].next, number++) {
        uint8_t text[12];
        struct buf key = buf_of(text, sizeof text);
        struct path member;
        if (d->node[i].type != JD_OBJECT)
            continue;
        buf_dec(&key, number);
        if (child(f, at, buf_slice(&key), &member))
            flatten_members(f, &member, &d->node[i]);
    }
}

/* Depth is bounded by the reader of the document. */
static void flatten_members(struct flatten *f, const struct path *at, const struct jsondoc_node *v)
{
    const struct jsondoc *d = &f->r->doc;
    for (uint32_t i = v->n ? v->child : 0; i; i = d->node[i].next) {
        const struct jsondoc_node *n = &d->node[i];
        struct path member;
        if (n->flags & SKIP || !child_node(f, at, n, &member))
            continue;
        if (n->type == JD_OBJECT)
            flatten_members(f, &member, n);
        else if (n->type == JD_ARRAY)
            flatten_list(f, &member, n);
        else if (n->type == JD_STR)
            put_text(f, &member, jsondoc_str(n));
        else
            put(f, &member, to_value(n));
    }
}

/* A node's text, trimmed; what a missing or null one is, is `missing`. */
static struct slice text_of(const struct jsondoc_node *n, struct slice missing, struct arena *mem)
{
    if (!n || n->type == JD_NULL)
        return missing;
    if (n->type == JD_STR)
        return jsondoc_str(n);
    size_t cap = n->type == JD_INT ? n->n + 24 : 40;
    uint8_t *p = arena_alloc(mem, cap);
    struct buf b = buf_of(p, p ? cap : 0);
    return jsondoc_text(n, &b);
}

/* graylog.md 1.3 (5). */
static struct slice source_of(const struct jsondoc *d, const struct jsondoc_node *root,
                              struct arena *mem)
{
    const struct jsondoc_node *from = jsondoc_get(d, root, SLICE("agent"));
    if (!from)
        from = jsondoc_get(d, root, SLICE("beat"));
    const struct jsondoc_node *name = jsondoc_get(d, from, SLICE("hostname"));
    if (!name)
        name = jsondoc_get(d, from, SLICE("name"));
    return message_trim(text_of(name, SLICE("unknown"), mem));
}

static void set_text(struct flatten *f, struct slice name, struct slice text)
{
    struct path top = { 0, { NULL, 0 } }, at;
    if (child(f, &top, name, &at))
        put_text(f, &at, text);
}

/* The members of m that have rules of their own; those keys are not flattened. */
static void set_members(struct flatten *f, struct jsondoc_node *root, struct slice beat)
{
    struct message *m = f->m;
    struct jsondoc *d = &f->r->doc;
    const struct jsondoc_node *message = jsondoc_get(d, root, SLICE("message"));
    const struct jsondoc_node *collector = jsondoc_get(d, root, SLICE("gl2_source_collector"));
    m->message = message_trim(text_of(message, SLICE("-"), f->mem));
    m->source = source_of(d, root, f->mem);
    m->has_message = m->has_source = true;
    set_text(f, SLICE("beats_type"), beat);
    if (collector) {
        set_text(f, SLICE("gl2_source_collector"), text_of(collector, SLICE("null"), f->mem));
        d->node[collector - d->node].flags |= SKIP;
    }
    if (message)
        d->node[message - d->node].flags |= SKIP;
}

static enum beats_result read_document(struct beats_reader *r, struct slice json, struct arena *mem,
                                       bool *has_time, int64_t *ts_ms)
{
    uint8_t *text = arena_alloc(mem, json.n + JSONDOC_PAD);
    if (!text)
        return BEATS_NO_MEMORY;
    if (json.n)
        memcpy(text, json.p, json.n);
    enum jsondoc_result read = jsondoc_read(&r->doc, text, json.n, 0);
    if (read != JSONDOC_OK)
        return read == JSONDOC_TOO_LARGE || read == JSONDOC_TOO_DEEP ? BEATS_TOO_LARGE
                                                                     : BEATS_NOT_JSON;
    const struct jsondoc_node *time = jsondoc_get(&r->doc, r->doc.node, SLICE("@timestamp"));
    *has_time = time && time->type == JD_STR && civil_read_iso(jsondoc_str(time), ts_ms);
    return BEATS_MESSAGE;
}

enum beats_result beats_message(struct beats_reader *r, struct slice json, struct arena *mem,
                                struct message **out)
{
    bool has_time = false;
    int64_t ts_ms = 0;
    enum beats_result read = read_document(r, json, mem, &has_time, &ts_ms);
    if (read != BEATS_MESSAGE || !has_time)
        return read != BEATS_MESSAGE ? read : BEATS_NO_TIME;
    struct flatten f = { .r = r, .mem = mem, .m = message_new(mem, r->usual + MORE_FIELDS) };
    if (!f.m)
        return BEATS_NO_MEMORY;
    struct jsondoc_node *root = r->doc.node;
    const struct jsondoc_node *metadata = jsondoc_get(&r->doc, root, SLICE("@metadata"));
    const struct jsondoc_node *beat = jsondoc_get(&r->doc, metadata, SLICE("beat"));
    struct slice prefix = text_of(beat, SLICE("beat"), mem);
    struct path top = { 0, { NULL, 0 } }, start = top;
    f.m->codec = r->codec;
    r->messages++;
    f.m->ts_ms = ts_ms;
    f.m->has_ts = true;
    set_members(&f, root, prefix);
    if (!prefix.n || r->conf.no_prefix || child(&f, &top, prefix, &start))
        flatten_members(&f, &start, root);
    if (r->conf.override_source.n)
        f.m->source = r->conf.override_source;
    *out = f.m;
    r->usual = f.m->n < USUAL_MAX ? f.m->n : USUAL_MAX;
    if (f.m->lost || mem->full)
        return BEATS_NO_MEMORY;
    return message_is_complete(f.m) ? BEATS_MESSAGE : BEATS_INCOMPLETE;
}

struct beats_reader *beats_reader_new(const struct beats_conf *conf)
{
    struct beats_reader *r = xcalloc(1, sizeof *r);
    r->conf = *conf;
    r->names = xmalloc(KNOWN_BYTES);
    r->n_known = 1;
    r->usual = 60;
    r->codec = message_codec();
    jsondoc_init(&r->doc, NODES_MAX);
    return r;
}

void beats_reader_free(struct beats_reader *r)
{
    if (!r)
        return;
    jsondoc_free(&r->doc);
    xfree(r->names);
    xfree(r);
}

const char *beats_result_text(enum beats_result result)
{
    static const char *const texts[] = {
        [BEATS_MESSAGE] = "a message",
        [BEATS_INCOMPLETE] = "the message is empty",
        [BEATS_NOT_JSON] = "not JSON",
        [BEATS_NO_TIME] = "no @timestamp in ISO form with a fraction",
        [BEATS_TOO_LARGE] = "too many values or levels",
        [BEATS_NO_MEMORY] = "out of memory",
    };
    return texts[result];
}
