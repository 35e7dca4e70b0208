/* decode_json_fields: texts that are JSON become what they say: in their place, under a name, or at
 * the root of the event. */
#include "model/civil.h"
#include "pipe/jsonvalue.h"
#include "pipe/processor.h"

#define NODES_MAX        65536 /* of one document */
#define NAME_MAX_BYTES   1024  /* of a dotted name at the root */
#define EXPAND_DEPTH_MAX 64

struct decode_json_fields {
    struct texts fields;
    bool process_array, overwrite_keys, expand_keys, add_error_key;
    int64_t max_depth;
    const struct node *target; /* NULL: the field itself */
    const char *document_id;
    struct ref *refs, to, id, error_type;
    bool at_root;
    struct jsondoc doc;
};

/* clang-format off */
static const struct option options[] = {
    OPT(decode_json_fields, fields,         TEXTS, "fields",         NULL,    0, 0,   OPT_REQUIRED, "Fields whose texts are JSON."),
    OPT(decode_json_fields, process_array,  BOOL,  "process_array",  "false", 0, 0,   0,            "Decode texts in lists too."),
    OPT(decode_json_fields, max_depth,      INT,   "max_depth",      "1",     1, 100, 0,            "How deep texts inside are decoded; 1: they are not."),
    OPT(decode_json_fields, target,         NODE,  "target",         NULL,    0, 0,   0,            "Where it goes; empty: the root of the event; none: in the text's place."),
    OPT(decode_json_fields, overwrite_keys, BOOL,  "overwrite_keys", "false", 0, 0,   0,            "At the root, fields of the event give way."),
    OPT(decode_json_fields, expand_keys,    BOOL,  "expand_keys",    "false", 0, 0,   0,            "Dots in keys nest."),
    OPT(decode_json_fields, add_error_key,  BOOL,  "add_error_key",  "false", 0, 0,   0,            "Tell a text that is no JSON in error.message."),
    OPT(decode_json_fields, document_id,    TEXT,  "document_id",    NULL,    0, 0,   0,            "Key whose text becomes @metadata._id."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct decode_json_fields *c = conf;
    c->refs = refs_load(&c->fields, l);
    if (!c->refs)
        return ERR_LIMIT;
    if (c->target && c->target->type != NODE_NULL && !c->target->text)
        return why_set(l->why, ERR_CONFIG, "%s: target is the name of a field", l->prefix);
    if (!c->target || c->target->type == NODE_NULL)
        c->target = NULL;
    c->at_root = c->target && !*c->target->text;
    if (c->at_root)
        schema_object_field(EVENT_ROOT);
    if (c->target && !c->at_root) {
        schema_object_field(c->target->text);
        c->to = ref_for_writing(c->target->text);
    }
    c->id = ref_for_writing("@metadata._id");
    c->error_type = ref_for_writing("error.type");
    jsondoc_init(&c->doc, NODES_MAX);
    return ERR_OK;
}

/* ---- at the root */

/* The members of an object on their way to the root, each with its dotted name. */
struct rooting {
    const struct decode_json_fields *c;
    struct event *e;
    bool all; /* every one found its place */
};

static bool name_under(struct event *e, struct slice above, struct slice key, struct slice *out)
{
    size_t n = above.n + (above.n > 0) + key.n;
    struct buf b = buf_of(n <= NAME_MAX_BYTES ? arena_alloc(e->mem, n) : NULL, n);
    if (!b.p)
        return false;
    buf_add(&b, above);
    if (above.n)
        buf_u8(&b, '.');
    buf_add(&b, key);
    *out = buf_slice(&b);
    return true;
}

static bool has(const struct event *e, struct slice name)
{
    char text[NAME_MAX_BYTES + 1];
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    struct ref r = ref_of(text);
    struct value v;
    return ref_get(&r, e, &v);
}

/* The event's own names take only what they can be. True: it was one of them. */
static bool put_own(struct rooting *r, struct slice name, const struct value *v)
{
    int64_t ms;
    bool is_text = v->type == VT_STR && v->n;
    if (slice_eq(name, SLICE("type"))) {
        bool fits = is_text && ((const char *)v->p)[0] != '_';
        if (fits && r->c->overwrite_keys)
            ref_set_named(r->e, name, v);
        r->all &= fits;
        return true;
    }
    if (!name.n || name.p[0] != '@')
        return name.n == 0;
    if (slice_eq(name, SLICE("@timestamp")) && r->c->overwrite_keys && is_text &&
        civil_read_iso(slice_of(v->p, v->n), &ms))
        r->e->ts_ns = ms * 1000000;
    return true;
}

static void put_members(struct rooting *r, const struct object *o, struct slice above);

static void put_member(struct rooting *r, struct slice name, const struct value *v)
{
    if (put_own(r, name, v))
        return;
    if (v->type == VT_OBJECT && schema_is_group(name))
        put_members(r, v->p, name);
    else if (r->c->overwrite_keys || !has(r->e, name))
        r->all &= ref_set_named(r->e, name, v);
}

static void put_members(struct rooting *r, const struct object *o, struct slice above)
{
    for (uint32_t i = 0; i < o->n; i++) {
        struct slice name;
        if (name_under(r->e, above, o->m[i].key, &name))
            put_member(r, name, &o->m[i].v);
        else
            r->all = false;
    }
}

/* ---- one text */

static bool insert(struct event *e, struct object *o, struct slice key, const struct value *v,
                   unsigned depth);

static bool insert_all(struct event *e, struct object *o, const struct object *from, unsigned depth)
{
    for (uint32_t i = 0; i < from->n; i++)
        if (!insert(e, o, from->m[i].key, &from->m[i].v, depth + 1))
            return false;
    return true;
}

static struct object *own(const struct value *v)
{
    return v && v->type == VT_OBJECT ? (struct object *)(uintptr_t)v->p : NULL;
}

static bool insert_whole(struct event *e, struct object *o, struct slice key, const struct value *v,
                         unsigned depth)
{
    struct value *old = object_get(o, key), made = *v;
    if (old)
        return own(old) && own(v) && insert_all(e, own(old), own(v), depth);
    if (own(v)) {
        struct object *copy = arena_zalloc(e->mem, sizeof *copy);
        if (!copy || !insert_all(e, copy, own(v), depth))
            return false;
        made.p = copy;
    }
    object_set(e, o, key, &made);
    return !e->lost;
}

/* v under the key, whose dots nest; objects of one name are joined. False: a value stands where an
 * object is needed, or out of budget. */
static bool insert(struct event *e, struct object *o, struct slice key, const struct value *v,
                   unsigned depth)
{
    ptrdiff_t dot = slice_find(key, '.');
    if (depth > EXPAND_DEPTH_MAX)
        return false;
    if (dot <= 0 || (size_t)dot + 1 == key.n)
        return insert_whole(e, o, key, v, depth);
    struct slice head = slice_first(key, (size_t)dot);
    if (!object_get(o, head)) {
        struct object *inner = arena_zalloc(e->mem, sizeof *inner);
        if (!inner)
            return false;
        object_set(e, o, head, &(struct value){ .field = 0xffff, .type = VT_OBJECT, .p = inner });
    }
    struct object *inner = own(object_get(o, head));
    return inner && insert(e, inner, slice_after(key, (size_t)dot + 1), v, depth + 1);
}

static bool expand(struct event *e, struct value *v)
{
    struct object *o = arena_zalloc(e->mem, sizeof *o);
    if (v->type != VT_OBJECT)
        return true;
    if (!o || !insert_all(e, o, own(v), 0))
        return false;
    v->p = o;
    return true;
}

static void take_id(struct decode_json_fields *c, struct event *e, const struct value *v)
{
    if (!c->document_id || v->type != VT_OBJECT)
        return;
    struct object *o = own(v);
    struct slice key = slice_cstr(c->document_id);
    const struct value *id = object_get(o, key);
    if (!id || id->type != VT_STR)
        return;
    ref_set(&c->id, e, id);
    object_remove(o, key);
}

static bool put(struct decode_json_fields *c, struct event *e, struct ref *from,
                const struct value *v)
{
    struct rooting r = { c, e, true };
    if (!c->at_root)
        return ref_set(c->target ? &c->to : from, e, v);
    if (v->type != VT_OBJECT)
        return false;
    put_members(&r, v->p, slice_of(NULL, 0));
    return r.all;
}

static void tell(struct decode_json_fields *c, struct event *e)
{
    if (!c->add_error_key)
        return;
    event_remove(e, &ecs[ECS_ERROR_MESSAGE]);
    event_cstr_ref(e, &ecs[ECS_ERROR_MESSAGE], "parsing input as JSON failed");
    ref_set_str(&c->error_type, e, SLICE("json"));
}

/* Fields that are not there, or no texts, are passed over. */
static bool decode(struct decode_json_fields *c, struct event *e, struct ref *from)
{
    struct jsonvalue_how how = { &c->doc, e->mem, c->max_depth, c->process_array };
    struct value v, made;
    if (!ref_get(from, e, &v) || v.type != VT_STR)
        return true;
    if (!jsonvalue_read(&how, slice_of(v.p, v.n), &made)) {
        tell(c, e);
        return false;
    }
    if (c->expand_keys && !expand(e, &made))
        return false;
    take_id(c, e, &made);
    return put(c, e, from, &made);
}

static enum step run(void *conf, struct event *e)
{
    struct decode_json_fields *c = conf;
    bool all = true;
    for (unsigned i = 0; i < c->fields.n; i++)
        all &= decode(c, e, &c->refs[i]);
    return all ? STEP_OK : STEP_FAILED;
}

static void give_back(void *conf)
{
    struct decode_json_fields *c = conf;
    jsondoc_free(&c->doc);
}

const struct processor processor_decode_json_fields = {
    .name = "decode_json_fields",
    .doc = "Reads texts that are JSON.",
    .options = options,
    .conf_size = sizeof(struct decode_json_fields),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
