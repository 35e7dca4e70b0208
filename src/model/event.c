/* Events: values are appended as they come (the later one of a field stands) and put in the order
 * of the schema once, before encoding. */
#include "model/event.h"

#include "base/buf.h"
#include "base/bug.h"

/* Which value types may stand in a field of a type: bit 1 << enum value_type. */
#define BIT(vt) (1u << (vt))
static const uint32_t fits[] = {
    [FT_KEYWORD] = ~0u, /* the user's own fields are keywords with any value */
    [FT_TEXT] = ~0u,
    [FT_LONG] = BIT(VT_NULL) | BIT(VT_INT) | BIT(VT_INTS),
    [FT_DOUBLE] = BIT(VT_NULL) | BIT(VT_INT) | BIT(VT_DOUBLE),
    [FT_BOOL] = BIT(VT_NULL) | BIT(VT_BOOL),
    [FT_IP] = BIT(VT_NULL) | BIT(VT_IP) | BIT(VT_IPS) | BIT(VT_STR) | BIT(VT_STRS),
    [FT_DATE] = BIT(VT_NULL) | BIT(VT_TIME),
    [FT_BYTES] = BIT(VT_NULL) | BIT(VT_STR),
    [FT_OBJECT] = BIT(VT_NULL) | BIT(VT_OBJECT),
    [FT_OBJECTS] = BIT(VT_NULL) | BIT(VT_OBJECTS),
};

struct event *event_make(struct arena *mem, unsigned cap)
{
    struct event *e = arena_zalloc(mem, sizeof *e);
    if (!e)
        return NULL;
    e->mem = mem;
    e->cap = cap < 8 ? 8 : cap;
    e->v = arena_alloc(mem, e->cap * sizeof *e->v);
    return e->v ? e : NULL;
}

#define INLINE inline __attribute__((always_inline)) /* a setter is little more than that */

static NOINLINE bool grow(struct event *e)
{
    struct value *v = arena_alloc(e->mem, 2 * (size_t)e->cap * sizeof *v);
    if (!v) {
        e->lost = true;
        return false;
    }
    memcpy(v, e->v, e->n * sizeof *v);
    e->v = v;
    e->cap *= 2;
    return true;
}

/* The next free value, marked with f; NULL when out of budget. */
static INLINE struct value *append(struct event *e, const struct field *f, enum value_type type)
{
    if (UNLIKELY(e->n == e->cap) && !grow(e))
        return NULL;
    struct value *v = &e->v[e->n++];
    *v = (struct value){ .field = f->id, .type = (uint8_t)type };
    return v;
}

/* For the typed setters: in them, a wrong type is our bug. */
static INLINE struct value *append_checked(struct event *e, const struct field *f,
                                           enum value_type type)
{
    BUG_ON(!(fits[f->type] & BIT(type)));
    return append(e, f, type);
}

void event_int(struct event *e, const struct field *f, int64_t i)
{
    struct value *v = append_checked(e, f, VT_INT);
    if (v)
        v->i = i;
}

void event_double(struct event *e, const struct field *f, double d)
{
    struct value *v = append_checked(e, f, VT_DOUBLE);
    if (v)
        v->d = d;
}

void event_bool(struct event *e, const struct field *f, bool b)
{
    struct value *v = append_checked(e, f, VT_BOOL);
    if (v)
        v->i = b;
}

void event_time(struct event *e, const struct field *f, int64_t ts_ns)
{
    struct value *v = ts_ns ? append_checked(e, f, VT_TIME) : NULL;
    if (v)
        v->i = ts_ns;
}

void event_null(struct event *e, const struct field *f)
{
    append_checked(e, f, VT_NULL);
}

/* Copies s into the event's memory; notes the loss when it does not fit. */
static struct slice keep(struct event *e, struct slice s)
{
    struct slice copy = arena_dup(e->mem, s);
    if (copy.n != s.n)
        e->lost = true;
    return copy;
}

void event_str_ref(struct event *e, const struct field *f, struct slice s)
{
    struct value *v = append_checked(e, f, VT_STR);
    if (v) {
        v->p = s.p;
        v->n = (uint32_t)s.n;
    }
}

void event_str(struct event *e, const struct field *f, struct slice s)
{
    event_str_ref(e, f, keep(e, s));
}

void event_cstr_ref(struct event *e, const struct field *f, const char *s)
{
    struct value *v = s ? append_checked(e, f, VT_STR) : NULL;
    if (v) {
        v->flags = VF_CONST;
        v->p = s;
        v->n = (uint32_t)strlen(s);
    }
}

/* n items of `size` bytes into the event's memory as the value of f. */
static struct value *append_items(struct event *e, const struct field *f, enum value_type type,
                                  struct slice items, unsigned n)
{
    void *copy = arena_alloc(e->mem, items.n);
    struct value *v = copy ? append_checked(e, f, type) : NULL;
    if (!v) {
        e->lost = true;
        return NULL;
    }
    if (items.n)
        memcpy(copy, items.p, items.n);
    v->p = copy;
    v->n = n;
    return v;
}

void event_ip(struct event *e, const struct field *f, const struct addr *a)
{
    append_items(e, f, VT_IP, slice_of(a, sizeof *a), 1);
}

void event_ints(struct event *e, const struct field *f, const int64_t *v, unsigned n)
{
    append_items(e, f, VT_INTS, slice_of(v, n * sizeof *v), n);
}

void event_ips(struct event *e, const struct field *f, const struct addr *v, unsigned n)
{
    append_items(e, f, VT_IPS, slice_of(v, n * sizeof *v), n);
}

void event_strs_ref(struct event *e, const struct field *f, const struct slice *v, unsigned n)
{
    append_items(e, f, VT_STRS, slice_of(v, n * sizeof *v), n);
}

void event_strs(struct event *e, const struct field *f, const struct slice *v, unsigned n)
{
    struct value *list = append_items(e, f, VT_STRS, slice_of(v, n * sizeof *v), n);
    if (!list)
        return;
    struct slice *item = (struct slice *)list->p;
    for (unsigned i = 0; i < n; i++)
        item[i] = keep(e, item[i]);
}

/* The list value of f with one more item of `size` bytes, given as bytes; a list of one when there
 * was nothing. Lists are short: each addition copies the list. */
static void add_item(struct event *e, const struct field *f, enum value_type type,
                     struct slice item, bool unique)
{
    const struct value *old = event_get(e, f);
    unsigned n = old && old->type == type ? old->n : 0;
    for (unsigned i = 0; unique && i < n; i++) {
        const uint8_t *at = (const uint8_t *)old->p + i * item.n;
        bool same = type == VT_STRS
                        ? slice_eq(*(const struct slice *)at, *(const struct slice *)item.p)
                        : memcmp(at, item.p, item.n) == 0;
        if (same)
            return;
    }
    uint8_t *list = arena_alloc(e->mem, (n + 1) * item.n);
    if (!list) {
        e->lost = true;
        return;
    }
    if (n)
        memcpy(list, old->p, n * item.n);
    memcpy(list + n * item.n, item.p, item.n);
    struct value *v = append_checked(e, f, type);
    if (v) {
        v->p = list;
        v->n = n + 1;
    }
}

void event_add_str(struct event *e, const struct field *f, struct slice s, bool unique)
{
    struct slice copy = keep(e, s);
    add_item(e, f, VT_STRS, slice_of(&copy, sizeof copy), unique);
}

void event_add_ip(struct event *e, const struct field *f, const struct addr *a, bool unique)
{
    add_item(e, f, VT_IPS, slice_of(a, sizeof *a), unique);
}

void event_note_str(struct event *e, struct slice text)
{
    const struct field *f = &ecs[ECS_ERROR_MESSAGE];
    const struct value *old = event_get(e, f);
    struct slice copy = keep(e, text);
    if (!old) {
        event_str_ref(e, f, copy);
        return;
    }
    if (old->type == VT_STR) {
        struct slice first = slice_of(old->p, old->n);
        event_strs_ref(e, f, &first, 1);
    }
    add_item(e, f, VT_STRS, slice_of(&copy, sizeof copy), false);
}

void event_note(struct event *e, const char *text)
{
    event_note_str(e, slice_cstr(text));
}

void event_int_nz(struct event *e, const struct field *f, int64_t v)
{
    if (v)
        event_int(e, f, v);
}

void event_str_nz(struct event *e, const struct field *f, struct slice v)
{
    if (v.n)
        event_str(e, f, v);
}

struct value *event_get(const struct event *e, const struct field *f)
{
    for (unsigned i = e->n; i-- > 0;) {
        if (e->v[i].field == f->id)
            return &e->v[i];
    }
    return NULL;
}

void event_dotted(struct event *e, const struct field *f)
{
    struct value *v = event_get(e, f);
    if (v)
        v->flags |= VF_DOTTED;
}

bool event_remove(struct event *e, const struct field *f)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < e->n; i++) {
        if (e->v[i].field != f->id)
            e->v[kept++] = e->v[i];
    }
    bool found = kept < e->n;
    e->n = kept;
    return found;
}

void event_put(struct event *e, const struct field *f, const struct value *from)
{
    struct value copy = *from; /* from may move when the event grows */
    struct value *v = append(e, f, copy.type);
    if (v) {
        copy.field = f->id;
        copy.flags = 0;
        *v = copy;
    }
}

void event_put_const(struct event *e, const struct field *f, const struct value *from)
{
    struct value *v = append(e, f, from->type);
    if (v) {
        v->flags = VF_CONST;
        v->n = from->n;
        v->p = from->p;
    }
}

bool object_room(struct event *e, struct object *o, unsigned cap)
{
    struct member *m = arena_alloc(e->mem, cap * sizeof *m);
    if (!m) {
        e->lost = true;
        return false;
    }
    if (o->n)
        memcpy(m, o->m, o->n * sizeof *m);
    o->m = m;
    o->cap = cap;
    return true;
}

struct object *event_objects(struct event *e, const struct field *f, unsigned n)
{
    struct object *o = arena_zalloc(e->mem, n * sizeof *o);
    struct value *v = o ? append(e, f, f->type == FT_OBJECT ? VT_OBJECT : VT_OBJECTS) : NULL;
    if (!v) {
        e->lost = true;
        return NULL;
    }
    v->p = o;
    v->n = n;
    return o;
}

struct object *event_object(struct event *e, const struct field *f, unsigned cap)
{
    BUG_ON(f->type != FT_OBJECT);
    struct object *o = event_objects(e, f, 1);
    return o && object_room(e, o, cap < 4 ? 4 : cap) ? o : NULL;
}

void object_set(struct event *e, struct object *o, struct slice key, const struct value *v)
{
    if (o->n == o->cap && !object_room(e, o, o->cap ? o->cap * 2 : 8))
        return;
    o->m[o->n++] = (struct member){ key, *v };
}

void object_int(struct event *e, struct object *o, struct slice key, int64_t i)
{
    object_set(e, o, key, &(struct value){ .field = 0xffff, .type = VT_INT, .i = i });
}

void object_str_ref(struct event *e, struct object *o, struct slice key, struct slice s)
{
    object_set(e, o, key,
               &(struct value){ .field = 0xffff, .type = VT_STR, .n = (uint32_t)s.n, .p = s.p });
}

void object_str(struct event *e, struct object *o, struct slice key, struct slice s)
{
    object_str_ref(e, o, key, keep(e, s));
}

struct value *object_get(const struct object *o, struct slice key)
{
    for (unsigned i = 0; i < o->n; i++) {
        if (slice_eq(o->m[i].key, key))
            return &o->m[i].v;
    }
    return NULL;
}

bool object_remove(struct object *o, struct slice key)
{
    for (unsigned i = 0; i < o->n; i++) {
        if (!slice_eq(o->m[i].key, key))
            continue;
        memmove(&o->m[i], &o->m[i + 1], (o->n - i - 1) * sizeof *o->m);
        o->n--;
        return true;
    }
    return false;
}

struct slice value_text(const struct value *v, struct arena *mem)
{
    if (v->type == VT_STR)
        return slice_of(v->p, v->n);
    char text[64];
    struct buf b = buf_of(text, sizeof text);
    switch ((enum value_type)v->type) {
    case VT_INT:
        buf_int(&b, v->i);
        break;
    case VT_BOOL:
        buf_cstr(&b, v->i ? "true" : "false");
        break;
    case VT_DOUBLE:
        buf_printf(&b, "%.17g", v->d);
        break;
    case VT_TIME:
        buf_time(&b, v->i, TIME_MILLI);
        break;
    case VT_IP:
        buf_addr(&b, v->p);
        break;
    case VT_NULL:
    case VT_STR:
    case VT_STRS:
    case VT_INTS:
    case VT_IPS:
    case VT_OBJECT:
    case VT_OBJECTS:
    case VT_VALUES:
        break;
    }
    return arena_dup(mem, buf_slice(&b));
}

/* Each value is noted at its field's place, a later one over an earlier one; a set of bits tells
 * which places are taken, in order. */
unsigned event_order(struct event *e, uint16_t *order)
{
    enum { WORDS = 1024 };
    static _Thread_local uint64_t bits[WORDS]; /* all zero between calls */
    static _Thread_local uint16_t at[WORDS * 64];
    unsigned words = (schema_count() + 63) / 64, n = 0;
    BUG_ON(words > WORDS);
    for (unsigned i = 0; i < e->n; i++) {
        unsigned field = e->v[i].field;
        bits[field / 64] |= 1ull << field % 64;
        at[field] = (uint16_t)i;
    }
    for (unsigned w = 0; w < words; w++) {
        for (uint64_t left = bits[w]; left; left &= left - 1)
            order[n++] = at[w * 64 + (unsigned)__builtin_ctzll(left)];
        bits[w] = 0;
    }
    return n;
}

void event_sort(struct event *e)
{
    enum { ON_STACK = 128 };
    struct value few[ON_STACK];
    uint16_t few_places[ON_STACK];
    bool many = e->n > ON_STACK;
    struct value *to = many ? arena_alloc(e->mem, e->n * sizeof *to) : few;
    uint16_t *order = many ? arena_alloc(e->mem, e->n * sizeof *order) : few_places;
    if (!to || !order || e->n > UINT16_MAX) {
        e->lost = true;
        return;
    }
    unsigned n = event_order(e, order);
    for (unsigned i = 0; i < n; i++)
        to[i] = e->v[order[i]];
    memcpy(e->v, to, n * sizeof *to);
    e->n = n;
}
