/* JSON texts as values of the rule language, read by codec/jsondoc. */
#include "pack/jsontree.h"

#include "codec/jsondoc.h"

#define VALUES_MAX 16384
#define DEPTH_MAX  64

static bool take(const struct jsondoc *d, const struct jsondoc_node *n, struct arena *mem,
                 struct rule_value *out, unsigned depth);

static bool take_members(const struct jsondoc *d, const struct jsondoc_node *n, struct arena *mem,
                         struct rule_value *out, unsigned depth)
{
    bool map = n->type == JD_OBJECT;
    struct rule_member *m = map ? arena_alloc(mem, n->n * sizeof *m) : NULL;
    struct rule_value *v = map ? NULL : arena_alloc(mem, n->n * sizeof *v);
    uint32_t count = 0;
    if (depth == DEPTH_MAX || (!m && !v))
        return false;
    for (uint32_t i = n->n ? n->child : 0; i; i = d->node[i].next, count++) {
        if (map)
            m[count].key = jsondoc_key(&d->node[i]);
        if (!take(d, &d->node[i], mem, map ? &m[count].v : &v[count], depth + 1))
            return false;
    }
    *out = (struct rule_value){ .kind = map ? K_MAP : K_LIST,
                                .n = count,
                                .p = map ? (const void *)m : v };
    return true;
}

static bool take(const struct jsondoc *d, const struct jsondoc_node *n, struct arena *mem,
                 struct rule_value *out, unsigned depth)
{
    int64_t i;
    switch (n->type) {
    case JD_NULL:
        *out = rule_null();
        return true;
    case JD_BOOL:
        *out = rule_bool(n->i);
        return true;
    case JD_INT:
        i = jsondoc_int(n);
        *out = rule_long(i);
        if (i >= INT32_MIN && i <= INT32_MAX && !(n->flags & JD_WIDE))
            out->kind = K_INT;
        return true;
    case JD_DOUBLE:
        *out = rule_double(n->d);
        return true;
    case JD_STR:
        *out = rule_string(jsondoc_str(n));
        return true;
    default:
        return take_members(d, n, mem, out, depth);
    }
}

bool jsontree_read(struct slice text, struct arena *mem, struct rule_value *out)
{
    static _Thread_local struct jsondoc d; /* its nodes are the arena's */
    uint32_t nodes = text.n / 2 + 2 < VALUES_MAX ? (uint32_t)(text.n / 2 + 2) : VALUES_MAX;
    uint32_t places = 4;
    uint8_t *copy = arena_alloc(mem, text.n + JSONDOC_PAD);
    d.node = arena_alloc(mem, nodes * sizeof *d.node);
    while (places < 4 * nodes)
        places *= 2;
    d.seen = arena_zalloc(mem, places * sizeof *d.seen);
    d.max = nodes;
    if (!copy || !d.node || !d.seen)
        return false;
    if (text.n)
        memcpy(copy, text.p, text.n);
    return jsondoc_read(&d, copy, text.n, 0) == JSONDOC_OK && take(&d, d.node, mem, out, 0);
}
