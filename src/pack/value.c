/* Values of the rule language (graylog.md 4.7): their text, equality, and place in messages. */
#include "pack/value.h"

#include "codec/jsondoc.h"
#include "model/civil.h"
#include "pack/zone.h"

#define DEPTH_MAX      64
#define TEXT_MAX_BYTES ((size_t)1 << 20)

static struct rule_value read_list(const struct value *v, struct arena *mem)
{
    struct rule_value *items = arena_alloc(mem, v->n * sizeof *items);
    if (!items)
        return rule_null();
    for (uint32_t i = 0; i < v->n; i++) {
        switch ((unsigned)v->type) {
        case VT_STRS:
            items[i] = rule_string(((const struct slice *)v->p)[i]);
            break;
        case VT_INTS:
            items[i] = rule_long(((const int64_t *)v->p)[i]);
            break;
        case VT_IPS:
            items[i] = (struct rule_value){ .kind = K_IP, .p = (const struct addr *)v->p + i };
            break;
        default:
            items[i] = value_read((const struct value *)v->p + i, mem);
        }
    }
    return (struct rule_value){ .kind = K_LIST, .n = v->n, .p = items };
}

static struct rule_value read_map(const struct object *o, struct arena *mem)
{
    struct rule_member *m = arena_alloc(mem, o->n * sizeof *m);
    if (!m)
        return rule_null();
    for (uint32_t i = 0; i < o->n; i++) {
        m[i].key = o->m[i].key;
        m[i].v = value_read(&o->m[i].v, mem);
    }
    return (struct rule_value){ .kind = K_MAP, .n = o->n, .p = m };
}

struct rule_value value_read(const struct value *v, struct arena *mem)
{
    if (!v)
        return rule_null();
    if (v->flags & VF_JSON && v->type != VT_NULL) {
        struct value plain = *v;
        plain.flags &= (uint8_t)~VF_JSON;
        struct rule_value out = value_read(&plain, mem);
        out.fixed = VALUE_JSON;
        return out;
    }
    switch ((unsigned)v->type) {
    case VT_INT:
        return (struct rule_value){ .kind = v->flags & VF_INT32 ? K_INT : K_LONG, .i = v->i };
    case VT_DOUBLE:
        return (struct rule_value){ .kind = v->flags & VF_FLOAT ? K_FLOAT : K_DOUBLE, .d = v->d };
    case VT_BOOL:
        return rule_bool(v->i);
    case VT_STR:
        return rule_string(slice_of(v->p, v->n));
    case VT_TIME:
        return (struct rule_value){ .kind = K_DATE, .n = v->n, .i = v->i / 1000000 };
    case VT_IP:
        return (struct rule_value){ .kind = K_IP, .p = v->p };
    case VT_OBJECT:
        return read_map(v->p, mem);
    case VT_STRS:
    case VT_INTS:
    case VT_IPS:
    case VT_VALUES:
        return read_list(v, mem);
    default:
        return rule_null();
    }
}

static struct value store_list(const struct rule_value *v, struct arena *mem)
{
    const struct rule_value *from = v->p;
    struct value out = { .field = 0xffff, .type = VT_VALUES, .n = v->n };
    uint32_t strings = 0;
    while (strings < v->n && from[strings].kind == K_STRING)
        strings++;
    if (v->n && strings == v->n) {
        struct slice *texts = arena_alloc(mem, v->n * sizeof *texts);
        for (uint32_t i = 0; texts && i < v->n; i++)
            texts[i] = rule_text(&from[i]);
        out.type = VT_STRS;
        out.p = texts;
    } else {
        struct value *items = arena_alloc(mem, v->n * sizeof *items);
        for (uint32_t i = 0; items && i < v->n; i++)
            items[i] = value_store(&from[i], mem);
        out.p = items;
    }
    return out.p ? out : (struct value){ .field = 0xffff };
}

static struct value store_map(const struct rule_value *v, struct arena *mem)
{
    const struct rule_member *from = v->p;
    struct object *o = arena_zalloc(mem, sizeof *o);
    struct member *m = arena_alloc(mem, v->n * sizeof *m);
    if (!o || !m)
        return (struct value){ .field = 0xffff };
    for (uint32_t i = 0; i < v->n; i++) {
        m[i].key = from[i].key;
        m[i].v = value_store(&from[i].v, mem);
    }
    *o = (struct object){ m, v->n, v->n };
    return (struct value){ .field = 0xffff, .type = VT_OBJECT, .p = o };
}

static struct value store_text(const struct rule_value *v, struct arena *mem)
{
    struct slice text = value_to_text(v, mem);
    return (struct value){ .field = 0xffff, .type = VT_STR, .n = (uint32_t)text.n, .p = text.p };
}

static struct value store_plain(const struct rule_value *v, struct arena *mem);

struct value value_store(const struct rule_value *v, struct arena *mem)
{
    if (v->fixed == VALUE_URL)
        return v->n ? store_text(v, mem) : (struct value){ .field = 0xffff };
    if (LIKELY(v->fixed == VALUE_FREE))
        return store_plain(v, mem);
    struct rule_value plain = *v;
    plain.fixed = VALUE_FREE;
    struct value out = store_plain(&plain, mem);
    if (v->fixed == VALUE_JSON)
        out.flags |= VF_JSON;
    return out;
}

/* What a field takes of a value: texts trimmed. False: nothing is set. */
static inline bool to_field(const struct rule_value *v, struct arena *mem, struct value *out)
{
    *out = value_store(v, mem);
    if (out->type != VT_STR)
        return out->type != VT_NULL;
    struct slice text = message_trim(slice_of(out->p, out->n));
    out->p = text.p;
    out->n = (uint32_t)text.n;
    return text.n > 0;
}

void value_put(struct message *m, struct slice name, uint32_t hash, const struct rule_value *v)
{
    struct value out;
    if (to_field(v, m->mem, &out))
        message_put(m, name, hash, &out);
}

static void put_id(struct message *m, unsigned id, struct rule_value v)
{
    struct value out;
    if (to_field(&v, m->mem, &out))
        message_put_id(m, id, out);
}

void value_put_id(struct message *m, unsigned id, struct rule_value v)
{
    if (UNLIKELY(v.kind != K_STRING || v.fixed != VALUE_FREE)) {
        put_id(m, id, v);
        return;
    }
    struct slice text = message_trim(slice_of(v.p, v.n));
    if (text.n)
        message_put_id(m, id, message_text_of(text));
}

static struct value store_plain(const struct rule_value *v, struct arena *mem)
{
    struct value out = { .field = 0xffff };
    switch (v->kind) {
    case K_NULL:
        break;
    case K_INT:
    case K_LONG:
        out.type = VT_INT;
        out.flags = v->kind == K_INT ? VF_INT32 : 0;
        out.i = v->i;
        break;
    case K_FLOAT:
    case K_DOUBLE:
        out.type = VT_DOUBLE;
        out.flags = v->kind == K_FLOAT ? VF_FLOAT : 0;
        out.d = v->d;
        break;
    case K_BOOL:
        out.type = VT_BOOL;
        out.i = v->i;
        break;
    case K_DATE:
        if (v->i > INT64_MAX / 1000000 || v->i < INT64_MIN / 1000000)
            return store_text(v, mem); /* messages hold moments from 1678 to 2262 */
        out.type = VT_TIME;
        out.i = v->i * 1000000;
        out.n = v->n; /* the zone: only rules look at it */
        break;
    case K_IP:
        out.type = VT_IP;
        out.p = v->p;
        break;
    case K_LIST:
        return store_list(v, mem);
    case K_MAP:
        return store_map(v, mem);
    default:
        return store_text(v, mem);
    }
    return out;
}

static bool map_equal(const struct rule_value *a, const struct rule_value *b)
{
    const struct rule_member *m = a->p;
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct rule_value *other = value_member(b, m[i].key);
        if (!other || !value_equal(&m[i].v, other))
            return false;
    }
    return true;
}

static bool list_equal(const struct rule_value *a, const struct rule_value *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        if (!value_equal((const struct rule_value *)a->p + i, (const struct rule_value *)b->p + i))
            return false;
    }
    return true;
}

bool value_equal(const struct rule_value *a, const struct rule_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case K_NULL:
        return true;
    case K_STRING:
        return slice_eq(rule_text(a), rule_text(b));
    case K_FLOAT:
    case K_DOUBLE: /* by their bits: 0.0 is not -0.0, NaN is NaN */
        return memcmp(&a->d, &b->d, sizeof a->d) == 0 || (a->d != a->d && b->d != b->d);
    case K_IP:
        return addr_eq(a->p, b->p);
    case K_LIST:
        return list_equal(a, b);
    case K_MAP:
        return map_equal(a, b);
    case K_PERIOD:
        return memcmp(a->p, b->p, sizeof(struct rule_period)) == 0;
    case K_MESSAGE:
        return a->p == b->p;
    default:
        return a->i == b->i;
    }
}

/* A number and its letter, unless it is zero. */
static void print_part(struct buf *b, int64_t n, char letter)
{
    if (n) {
        buf_int(b, n);
        buf_u8(b, (uint8_t)letter);
    }
}

static void print_seconds(struct buf *b, int64_t ms)
{
    if (!ms)
        return;
    if (ms < 0)
        buf_u8(b, '-');
    ms = ms < 0 ? -ms : ms;
    buf_int(b, ms / 1000);
    if (ms % 1000) {
        buf_u8(b, '.');
        buf_dec_pad(b, (uint64_t)(ms % 1000), 3);
    }
    buf_u8(b, 'S');
}

static void print_period(struct buf *b, const struct rule_period *p)
{
    int64_t ms = (int64_t)p->seconds * 1000 + p->millis;
    size_t start = b->n;
    buf_u8(b, 'P');
    print_part(b, p->years, 'Y');
    print_part(b, p->months, 'M');
    print_part(b, p->weeks, 'W');
    print_part(b, p->days, 'D');
    if (p->hours || p->minutes || ms) {
        buf_u8(b, 'T');
        print_part(b, p->hours, 'H');
        print_part(b, p->minutes, 'M');
        print_seconds(b, ms);
    }
    if (b->n == start + 1)
        buf_lit(b, "T0S");
}

static void print_float(struct buf *b, float f)
{
    char text[32];
    /* The shortest form that reads back as the same float, in Java's notation. */
    for (int digits = 1; digits < 10; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)f);
        if (strtof(text, NULL) == f)
            break;
    }
    jsondoc_double(b, strtod(text, NULL));
}

static void print_date(struct buf *b, const struct rule_value *v)
{
    int64_t offset = zone_offset(v->n, v->i), minutes = (offset < 0 ? -offset : offset) / 60000;
    civil_write(b, v->i + offset, 'T');
    if (!offset) {
        buf_u8(b, 'Z');
        return;
    }
    buf_u8(b, offset < 0 ? '-' : '+');
    buf_dec_pad(b, (uint64_t)minutes / 60, 2);
    buf_u8(b, ':');
    buf_dec_pad(b, (uint64_t)minutes % 60, 2);
}

static void print_at(struct buf *b, const struct rule_value *v, unsigned depth);

static void print_items(struct buf *b, const struct rule_value *v, unsigned depth)
{
    bool map = v->kind == K_MAP;
    buf_u8(b, map ? '{' : '[');
    for (uint32_t i = 0; i < v->n && !b->full; i++) {
        if (i)
            buf_lit(b, ", ");
        if (map) {
            const struct rule_member *m = (const struct rule_member *)v->p + i;
            buf_add(b, m->key);
            buf_u8(b, '=');
            print_at(b, &m->v, depth + 1);
        } else {
            print_at(b, (const struct rule_value *)v->p + i, depth + 1);
        }
    }
    buf_u8(b, map ? '}' : ']');
}

/* A tree of JSON as compact JSON text. */
static void print_json(struct buf *b, const struct rule_value *v, unsigned depth)
{
    bool map = v->kind == K_MAP;
    if (v->kind == K_STRING) {
        jsondoc_string(b, rule_text(v), false);
        return;
    }
    if ((!map && v->kind != K_LIST) || depth > DEPTH_MAX) {
        print_at(b, &(struct rule_value){ .kind = v->kind, .n = v->n, .i = v->i }, depth);
        return;
    }
    buf_u8(b, map ? '{' : '[');
    for (uint32_t i = 0; i < v->n && !b->full; i++) {
        if (i)
            buf_u8(b, ',');
        if (map) {
            const struct rule_member *m = (const struct rule_member *)v->p + i;
            jsondoc_string(b, m->key, false);
            buf_u8(b, ':');
            print_json(b, &m->v, depth + 1);
        } else {
            print_json(b, (const struct rule_value *)v->p + i, depth + 1);
        }
    }
    buf_u8(b, map ? '}' : ']');
}

/* The text of a URL stands in its last member. */
static struct slice url_text(const struct rule_value *v)
{
    const struct rule_value *text = value_member(v, SLICE("url"));
    return text ? rule_text(text) : slice_of("", 0);
}

static void print_at(struct buf *b, const struct rule_value *v, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return;
    if (v->fixed == VALUE_JSON && v->kind != K_NULL) {
        print_json(b, v, depth);
        return;
    }
    if (v->fixed == VALUE_URL) {
        buf_add(b, url_text(v));
        return;
    }
    switch (v->kind) {
    case K_NULL:
        buf_lit(b, "null");
        break;
    case K_STRING:
        buf_add(b, rule_text(v));
        break;
    case K_FLOAT:
        print_float(b, (float)v->d);
        break;
    case K_DOUBLE:
        jsondoc_double(b, v->d);
        break;
    case K_BOOL:
        buf_cstr(b, v->i ? "true" : "false");
        break;
    case K_DATE:
        print_date(b, v);
        break;
    case K_IP:
        buf_addr(b, v->p);
        break;
    case K_LIST:
    case K_MAP:
        print_items(b, v, depth);
        break;
    case K_PERIOD:
        print_period(b, v->p);
        break;
    case K_DURATION:
        buf_lit(b, "PT");
        print_seconds(b, v->i);
        if (!v->i)
            buf_lit(b, "0S");
        break;
    case K_MESSAGE: {
        const struct message *m = v->p;
        buf_add(b, m->message);
        break;
    }
    default:
        buf_int(b, v->i);
    }
}

void value_print(struct buf *b, const struct rule_value *v)
{
    print_at(b, v, 0);
}

struct slice value_to_text(const struct rule_value *v, struct arena *mem)
{
    if (v->kind == K_STRING && v->fixed != VALUE_JSON)
        return rule_text(v);
    for (size_t cap = 128; cap <= TEXT_MAX_BYTES; cap *= 8) {
        struct buf b = buf_of(arena_alloc(mem, cap), cap);
        if (!b.p)
            break;
        value_print(&b, v);
        if (!b.full)
            return buf_slice(&b);
    }
    mem->full = true;
    return slice_of(NULL, 0);
}

const struct rule_value *value_member(const struct rule_value *map, struct slice key)
{
    const struct rule_member *m = map->p;
    for (uint32_t i = 0; map->kind == K_MAP && i < map->n; i++) {
        if (slice_eq(m[i].key, key))
            return &m[i].v;
    }
    return NULL;
}
