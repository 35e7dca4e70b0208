/* Configuration nodes as values of events. */
#include "pipe/literal.h"

static err no_memory(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

const char *name_join(const char *above, const char *key, const struct loading *l)
{
    size_t a = strlen(above), k = strlen(key), dot = a > 0;
    char *name = arena_alloc(l->mem, a + dot + k + 1);
    if (!name) {
        (void)no_memory(l);
        return NULL;
    }
    memcpy(name, above, a);
    if (dot)
        name[a] = '.';
    memcpy(name + a + dot, key, k + 1);
    return name;
}

err leaves_each(const struct node *map, const char *above, const struct loading *l,
                leaf_taker *take, void *ctx)
{
    for (const struct node *n = map ? map->child : NULL; n; n = n->next) {
        const char *name = name_join(above, n->key ? n->key : "", l);
        if (!name)
            return ERR_LIMIT;
        err e = n->type == NODE_MAP ? leaves_each(n, name, l, take, ctx) : take(ctx, name, n, l);
        if (e)
            return e;
    }
    return ERR_OK;
}

static unsigned count_children(const struct node *n, enum node_type type)
{
    unsigned count = 0;
    for (const struct node *c = n->child; c; c = c->next)
        count += type == NODE_NULL || c->type == type;
    return count;
}

static err to_object(const struct node *map, const struct loading *l, struct object *out)
{
    unsigned cap = count_children(map, NODE_NULL);
    *out = (struct object){ .m = arena_alloc(l->mem, cap * sizeof *out->m), .cap = cap };
    if (!out->m)
        return no_memory(l);
    for (const struct node *n = map->child; n; n = n->next) {
        struct member *m = &out->m[out->n++];
        m->key = slice_cstr(n->key);
        err e = literal_of(n, l, &m->v);
        if (e)
            return e;
    }
    return ERR_OK;
}

static err to_ints(const struct node *list, const struct loading *l, struct value *out)
{
    int64_t *v = arena_alloc(l->mem, count_children(list, NODE_NULL) * sizeof *v);
    if (!v)
        return no_memory(l);
    out->type = VT_INTS;
    out->p = v;
    for (const struct node *n = list->child; n; n = n->next)
        v[out->n++] = n->i;
    return ERR_OK;
}

static err to_texts(const struct node *list, const struct loading *l, struct value *out)
{
    struct slice *v = arena_alloc(l->mem, count_children(list, NODE_NULL) * sizeof *v);
    if (!v)
        return no_memory(l);
    out->type = VT_STRS;
    out->p = v;
    for (const struct node *n = list->child; n; n = n->next)
        v[out->n++] = slice_cstr(n->text);
    return ERR_OK;
}

static err to_values(const struct node *list, const struct loading *l, struct value *out)
{
    struct value *v = arena_alloc(l->mem, count_children(list, NODE_NULL) * sizeof *v);
    if (!v)
        return no_memory(l);
    out->type = VT_VALUES;
    out->p = v;
    for (const struct node *n = list->child; n; n = n->next) {
        err e = literal_of(n, l, &v[out->n++]);
        if (e)
            return e;
    }
    return ERR_OK;
}

static err to_list(const struct node *n, const struct loading *l, struct value *out)
{
    unsigned items = count_children(n, NODE_NULL);
    if (count_children(n, NODE_STR) == items)
        return to_texts(n, l, out);
    if (count_children(n, NODE_INT) == items)
        return to_ints(n, l, out);
    return to_values(n, l, out);
}

err literal_of(const struct node *n, const struct loading *l, struct value *out)
{
    *out = (struct value){ .field = 0xffff, .type = VT_NULL };
    switch (n->type) {
    case NODE_NULL:
        break;
    case NODE_BOOL:
        out->type = VT_BOOL;
        out->i = n->b;
        break;
    case NODE_INT:
        out->type = VT_INT;
        out->i = n->i;
        break;
    case NODE_DOUBLE:
        out->type = VT_DOUBLE;
        out->d = n->d;
        break;
    case NODE_STR:
        out->type = VT_STR;
        out->p = n->text;
        out->n = (uint32_t)strlen(n->text);
        break;
    case NODE_LIST:
        return to_list(n, l, out);
    case NODE_MAP: {
        struct object *o = arena_alloc(l->mem, sizeof *o);
        out->type = VT_OBJECT;
        out->p = o;
        return o ? to_object(n, l, o) : no_memory(l);
    }
    }
    return ERR_OK;
}

static bool make_room(struct literals *out, struct arena *mem)
{
    if (out->n < out->cap)
        return true;
    unsigned cap = out->cap ? out->cap * 2 : 8;
    struct literal *v = arena_alloc(mem, cap * sizeof *v);
    if (v && out->n)
        memcpy(v, out->v, out->n * sizeof *v);
    if (v) {
        out->v = v;
        out->cap = cap;
    }
    return v != NULL;
}

/* A later value of the same name replaces the earlier one. */
static err take_literal(void *ctx, const char *name, const struct node *leaf,
                        const struct loading *l)
{
    struct literals *out = ctx;
    if (leaf->type == NODE_NULL)
        return ERR_OK;
    struct literal made = { .to = ref_for_writing(name) };
    err e = literal_of(leaf, l, &made.v);
    if (e)
        return e;
    for (unsigned i = 0; i < out->n; i++) {
        if (strcmp(out->v[i].to.name, name) == 0) {
            out->v[i] = made;
            return ERR_OK;
        }
    }
    if (!make_room(out, l->mem))
        return no_memory(l);
    out->v[out->n++] = made;
    return ERR_OK;
}

err literals_add(const struct node *map, const char *target, const struct loading *l,
                 struct literals *out)
{
    return leaves_each(map, target, l, take_literal, out);
}

bool literals_set(const struct literals *l, struct event *e)
{
    bool all = true;
    for (unsigned i = 0; i < l->n; i++)
        all &= ref_set(&l->v[i].to, e, &l->v[i].v);
    return all;
}
