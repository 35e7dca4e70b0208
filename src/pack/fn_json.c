/* Functions on JSON texts and trees (graylog.md 4.7). A tree is a value like any other whose
 * `fixed` says VALUE_JSON at its root. */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/jsonpath.h"
#include "pack/jsontree.h"

#define FLAT_MAX 4096

/* What is no JSON is a missing value: a null that is_json takes for JSON. */
static struct rule_value missing(void)
{
    return (struct rule_value){ .kind = K_NULL, .fixed = VALUE_JSON };
}

/* Drops lists and objects deeper than `depth` levels (the root is level 1). */
static struct rule_value prune(struct call *c, const struct rule_value *v, int64_t depth)
{
    struct rule_value out = *v;
    bool map = v->kind == K_MAP;
    size_t size = map ? sizeof(struct rule_member) : sizeof(struct rule_value);
    char *to = (map || v->kind == K_LIST) ? arena_alloc(call_mem(c), v->n * size) : NULL;
    if (!to)
        return out;
    out.p = to;
    out.n = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        const char *from = (const char *)v->p + i * size;
        const struct rule_value *member =
            map ? &((const struct rule_member *)from)->v : (const struct rule_value *)from;
        bool nested = member->kind == K_MAP || member->kind == K_LIST;
        if (nested && depth <= 1)
            continue;
        struct rule_value kept = nested ? prune(c, member, depth - 1) : *member;
        if (map)
            ((struct rule_member *)to)[out.n++] =
                (struct rule_member){ ((const struct rule_member *)from)->key, kept };
        else
            ((struct rule_value *)to)[out.n++] = kept;
    }
    return out;
}

struct rule_value fn_parse_json(struct call *c)
{
    struct rule_value v;
    int64_t depth = call_long(c, 1, -1);
    if (!jsontree_read(call_text(c, 0), call_mem(c), &v))
        return call_mem(c)->full ? call_fail(c, "memory is out") : missing();
    v = depth > 0 ? prune(c, &v, depth) : v;
    v.fixed = VALUE_JSON;
    return v;
}

struct rule_value fn_is_json(struct call *c)
{
    return rule_bool(c->arg[0].fixed == VALUE_JSON);
}

/* ---- flat */

enum arrays { ARRAYS_JSON, ARRAYS_IGNORE, ARRAYS_FLATTEN };

struct flat {
    struct call *c;
    struct rule_member *m;
    uint32_t n, cap;
    enum arrays arrays;
    bool stringify;
};

static void flatten(struct flat *f, struct slice name, const struct rule_value *v);

/* prefix_name */
static struct slice under(struct flat *f, struct slice prefix, struct slice name)
{
    if (!prefix.p)
        return name;
    struct buf b = call_buf(f->c, prefix.n + 1 + name.n);
    buf_add(&b, prefix);
    buf_u8(&b, '_');
    buf_add(&b, name);
    return buf_slice(&b);
}

static void put_flat(struct flat *f, struct slice name, struct rule_value v)
{
    if (f->n == f->cap) {
        call_fail(f->c, "the JSON text has too many values");
        return;
    }
    if (f->stringify && v.kind != K_STRING)
        v = rule_string(value_to_text(&v, call_mem(f->c)));
    f->m[f->n++] = (struct rule_member){ name, v };
}

static void flatten_list(struct flat *f, struct slice name, const struct rule_value *v)
{
    if (f->arrays == ARRAYS_JSON) {
        struct rule_value json = *v;
        json.fixed = VALUE_JSON;
        put_flat(f, name, rule_string(value_to_text(&json, call_mem(f->c))));
    }
    for (uint32_t i = 0; f->arrays == ARRAYS_FLATTEN && i < v->n; i++) {
        struct buf b = call_buf(f->c, 12);
        buf_dec(&b, i);
        flatten(f, under(f, name, buf_slice(&b)), (const struct rule_value *)v->p + i);
    }
}

static void flatten(struct flat *f, struct slice name, const struct rule_value *v)
{
    const struct rule_member *m = v->p;
    if (v->kind == K_LIST) {
        flatten_list(f, name, v);
    } else if (v->kind == K_MAP) {
        for (uint32_t i = 0; i < v->n && !f->c->run->failed; i++)
            flatten(f, under(f, name, m[i].key), &m[i].v);
    } else if (v->kind != K_NULL) {
        put_flat(f, name, *v);
    }
}

struct rule_value fn_flatten_json(struct call *c)
{
    static const char *const names[] = { "json", "ignore", "flatten" };
    struct flat f = { .c = c, .stringify = call_bool(c, 2, false) };
    struct rule_value v, out;
    unsigned i = 0;
    while (i < COUNT(names) && !slice_eq_nocase(call_text(c, 1), slice_cstr(names[i])))
        i++;
    f.arrays = (enum arrays)i;
    if (i == COUNT(names) || !jsontree_read(call_text(c, 0), call_mem(c), &v) || v.kind != K_MAP)
        return rule_null();
    size_t most = call_text(c, 0).n / 2 + 1; /* a value needs two characters */
    f.cap = most < FLAT_MAX ? (uint32_t)most : FLAT_MAX;
    f.m = call_map(c, f.cap, &out);
    if (!f.m)
        return out;
    flatten(&f, slice_of(NULL, 0), &v);
    out.n = f.n;
    out.fixed = VALUE_JSON;
    return out;
}

/* ---- paths */

/* What a path has found, as Graylog gives it on. */
static struct rule_value found(struct rule_value v)
{
    if (v.kind == K_MAP)
        v.fixed = VALUE_JSON;
    return v;
}

struct rule_value fn_select_jsonpath(struct call *c)
{
    struct rule_value tree = c->arg[0], out;
    const struct rule_member *paths = c->arg[1].p;
    if (tree.kind == K_STRING && tree.fixed != VALUE_JSON) {
        if (!jsontree_read(rule_text(&tree), call_mem(c), &tree))
            return (struct rule_value){ .kind = K_MAP };
    } else if (tree.fixed != VALUE_JSON) {
        return call_fail(c, "the parameter json must be a JSON tree or a text");
    }
    if (tree.kind == K_NULL || c->arg[1].kind != K_MAP)
        return (struct rule_value){ .kind = K_MAP };
    struct rule_member *m = call_map(c, c->arg[1].n, &out);
    for (uint32_t i = 0; m && i < c->arg[1].n; i++) {
        struct slice path = value_to_text(&paths[i].v, call_mem(c));
        struct why why = { "" };
        struct rule_value v;
        if (!jsonpath_find(path, &tree, call_mem(c), &v, &why))
            return call_fail(c, "%s", why.text);
        m[i] = (struct rule_member){ paths[i].key, found(v) };
    }
    return out;
}
