/* Names of the configuration against the schema. Binding is lazy because names are read before the
 * schema is frozen, and ids exist only afterwards. */
#include "pipe/ref.h"

#include "base/bug.h"
#include "codec/json.h"

/* The event's own: no value of it. */
static bool is_own(const char *name)
{
    return name[0] == '@' && strncmp(name, METADATA_PREFIX, strlen(METADATA_PREFIX)) != 0;
}

struct ref ref_of(const char *name)
{
    return (struct ref){ .name = name };
}

struct ref ref_for_writing(const char *name)
{
    struct slice rest;
    if (!is_own(name) && !schema_find_object(slice_cstr(name), &rest))
        schema_user_field(name);
    return ref_of(name);
}

static bool lies_below(const char *name, struct slice above)
{
    return strlen(name) > above.n && memcmp(name, above.p, above.n) == 0 && name[above.n] == '.';
}

/* The row of the longest part before a dot. */
static const struct field *find_parent(struct slice name)
{
    for (size_t n = name.n; n-- > 0;) {
        const struct field *f = name.p[n] == '.' ? schema_find(slice_first(name, n)) : NULL;
        if (f)
            return f;
    }
    return NULL;
}

static void bind(struct ref *r)
{
    BUG_ON(!schema_is_frozen());
    struct slice name = slice_cstr(r->name);
    r->bound = true;
    r->field = schema_find(name);
    if (!r->field)
        r->object = schema_find_object(name, &r->key);
    if (!r->field && !r->object && !is_own(r->name)) {
        r->object = schema_find(SLICE(EVENT_ROOT));
        r->key = name;
    }
    if (!r->object)
        r->parent = find_parent(name);
    for (unsigned i = 0; i < schema_count(); i++) {
        if (!lies_below(schema_field((uint16_t)i)->name, name))
            continue;
        if (r->end == 0)
            r->first = (uint16_t)i;
        r->end = (uint16_t)(i + 1);
    }
}

static void ready(struct ref *r)
{
    if (UNLIKELY(!r->bound))
        bind(r);
}

/* The member of o whose name, or whose name and those of objects inside, make up key. */
static const struct value *find_member(const struct object *o, struct slice key)
{
    const struct value *v = object_get(o, key);
    for (size_t n = 0; !v && n < key.n; n++) {
        if (key.p[n] != '.')
            continue;
        const struct value *inner = object_get(o, slice_first(key, n));
        if (inner && inner->type == VT_OBJECT)
            return find_member(inner->p, slice_after(key, n + 1));
    }
    return v;
}

static const struct object *object_of(const struct ref *r, const struct event *e)
{
    const struct value *v = r->object ? event_get(e, r->object) : NULL;
    return v && v->type == VT_OBJECT ? v->p : NULL;
}

/* A plain field may hold an object that was decoded from a text. */
static const struct value *member_of_parent(const struct ref *r, const struct event *e)
{
    const struct value *v = event_get(e, r->parent);
    if (!v || v->type != VT_OBJECT)
        return NULL;
    return find_member(v->p, slice_after(slice_cstr(r->name), strlen(r->parent->name) + 1));
}

bool ref_get(struct ref *r, const struct event *e, struct value *out)
{
    ready(r);
    const struct object *o = object_of(r, e);
    const struct value *v = r->field ? event_get(e, r->field) : o ? find_member(o, r->key) : NULL;
    if (!v && r->parent)
        v = member_of_parent(r, e);
    if (v)
        *out = *v;
    else if (strcmp(r->name, "@timestamp") == 0)
        *out = (struct value){ .field = 0xffff, .type = VT_TIME, .i = e->ts_ns };
    else
        return false;
    return out->type != VT_NULL || e->keep_null;
}

bool ref_covers(struct ref *r, uint16_t field)
{
    ready(r);
    return (r->field && r->field->id == field) || (field >= r->first && field < r->end);
}

bool ref_is_member(struct ref *r)
{
    ready(r);
    return r->object != NULL;
}

static bool is_below(const struct ref *r, const struct value *v)
{
    return v->field >= r->first && v->field < r->end;
}

bool ref_is_there(struct ref *r, const struct event *e)
{
    struct value v;
    if (ref_get(r, e, &v))
        return true;
    for (unsigned i = 0; i < e->n; i++)
        if (is_below(r, &e->v[i]))
            return true;
    return false;
}

/* A copy of the object in the event, so that whoever kept the old values sees no change. */
static struct object *own_object(const struct field *field, struct event *e)
{
    const struct value *v = event_get(e, field);
    const struct object *old = v && v->type == VT_OBJECT ? v->p : NULL;
    struct object *o = event_object(e, field, old ? old->n + 1 : 4);
    if (o && field->name[0] == '@')
        event_get(e, field)->flags = VF_ROOT;
    for (unsigned i = 0; o && old && i < old->n; i++)
        object_set(e, o, old->m[i].key, &old->m[i].v);
    return o;
}

bool ref_remove(struct ref *r, struct event *e)
{
    ready(r);
    const struct object *o = object_of(r, e);
    bool found = o && object_get(o, r->key);
    if (found) {
        struct object *copy = own_object(r->object, e);
        found = copy && object_remove(copy, r->key);
    }
    if (r->object && r->object->name[0] != '@')
        return found;
    found |= r->field && event_remove(e, r->field);
    unsigned kept = 0;
    for (unsigned i = 0; i < e->n; i++)
        if (!is_below(r, &e->v[i]))
            e->v[kept++] = e->v[i];
    found |= kept < e->n;
    e->n = kept;
    return found;
}

static bool set_member(const struct field *object, struct event *e, struct slice key,
                       const struct value *v)
{
    struct value copy = *v;
    struct object *o = own_object(object, e);
    if (!o)
        return false;
    struct value *old = object_get(o, key);
    copy.field = 0xffff;
    if (old)
        *old = copy;
    else
        object_set(e, o, key, &copy);
    return true;
}

bool ref_set(struct ref *r, struct event *e, const struct value *v)
{
    ready(r);
    if (r->object)
        return set_member(r->object, e, r->key, v);
    if (!r->field || (r->parent && event_get(e, r->parent)))
        return false;
    struct value copy = *v; /* it may lie in the event, whose values move */
    ref_remove(r, e);
    event_put(e, r->field, &copy);
    return true;
}

bool ref_set_named(struct event *e, struct slice name, const struct value *v)
{
    const struct field *f = schema_find(name), *object;
    struct slice key = name;
    if (f) {
        event_put(e, f, v);
        return true;
    }
    object = schema_find_object(name, &key);
    if (!object) {
        object = schema_find(SLICE(EVENT_ROOT));
        key = name;
    }
    return object && set_member(object, e, key, v);
}

bool ref_set_str(struct ref *r, struct event *e, struct slice s)
{
    struct value v = { .field = 0xffff, .type = VT_STR, .p = s.p, .n = (uint32_t)s.n };
    return ref_set(r, e, &v);
}

bool ref_set_int(struct ref *r, struct event *e, int64_t i)
{
    struct value v = { .field = 0xffff, .type = VT_INT, .i = i };
    return ref_set(r, e, &v);
}

enum ref_found ref_str(struct ref *r, const struct event *e, char room[VALUE_ROOM],
                       struct slice *out)
{
    struct value v;
    if (!ref_get(r, e, &v))
        return REF_MISSING;
    if (v.type != VT_STR && v.type != VT_IP)
        return REF_OTHER;
    *out = ref_text(&v, room);
    return REF_FOUND;
}

struct slice ref_text(const struct value *v, char room[VALUE_ROOM])
{
    struct buf b = buf_of(room, VALUE_ROOM);
    switch ((enum value_type)v->type) {
    case VT_STR:
        return slice_of(v->p ? v->p : room, v->n);
    case VT_IP:
        buf_addr(&b, v->p);
        break;
    case VT_INT:
        buf_int(&b, v->i);
        break;
    case VT_DOUBLE:
        json_double(&b, v->d);
        break;
    case VT_NULL:
    case VT_BOOL:
    case VT_TIME:
    case VT_STRS:
    case VT_INTS:
    case VT_IPS:
    case VT_OBJECT:
    case VT_OBJECTS:
    case VT_VALUES:
        return slice_of(NULL, 0);
    }
    return buf_slice(&b);
}
