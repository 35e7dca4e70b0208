/* Nodes read from YAML or JSON: building them and finding one's way. */
#include "codec/tree.h"

#include "base/buf.h"

struct node *node_new(struct arena *a, enum node_type type)
{
    struct node *n = arena_zalloc(a, sizeof *n);
    if (n)
        n->type = type;
    return n;
}

void node_append(struct node *parent, struct node *child)
{
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->child = child;
    parent->last = child;
}

static struct node *child_named(const struct node *n, struct slice key)
{
    if (!n || n->type != NODE_MAP)
        return NULL;
    for (struct node *c = n->child; c; c = c->next)
        if (slice_eq(slice_cstr(c->key), key))
            return c;
    return NULL;
}

static struct node *child_numbered(const struct node *n, struct slice text)
{
    uint64_t at;
    if (!slice_to_u64(text, &at))
        return NULL;
    struct node *c = n->child;
    while (c && at--)
        c = c->next;
    return c;
}

struct node *node_get(const struct node *n, const char *key)
{
    return child_named(n, slice_cstr(key));
}

struct node *node_path(const struct node *n, const char *dotted)
{
    struct slice rest = slice_cstr(dotted);
    struct node *at = NULL;
    do {
        ptrdiff_t dot = slice_find(rest, '.');
        struct slice step = dot < 0 ? rest : slice_first(rest, (size_t)dot);
        rest = slice_after(rest, dot < 0 ? rest.n : (size_t)dot + 1);
        if (!n)
            return NULL;
        at = n->type == NODE_LIST ? child_numbered(n, step) : child_named(n, step);
        n = at;
    } while (rest.n);
    return at;
}

const char *node_where(const struct node *n, char *out, size_t cap)
{
    struct buf b = buf_of(out, cap - 1);
    buf_cstr(&b, n && n->file ? n->file : "configuration");
    if (n && n->line) {
        buf_u8(&b, ':');
        buf_dec(&b, n->line);
        buf_u8(&b, ':');
        buf_dec(&b, n->col);
    }
    out[b.n] = '\0';
    return out;
}
