/* From the flat nodes of a document to values: first the whole document, whose reader is then free
 * for the texts inside it. */
#include "pipe/jsonvalue.h"

#include "pipe/list.h"
#include "pipe/number.h"

static bool make(const struct jsonvalue_how *how, const struct jsondoc_node *node, unsigned depth,
                 struct value *out);

static bool make_list(const struct jsonvalue_how *how, const struct jsondoc_node *node,
                      unsigned depth, struct value *out)
{
    struct value *items = arena_alloc(how->mem, node->n * sizeof *items);
    unsigned n = 0;
    for (uint32_t i = node->child; items && i; i = how->doc->node[i].next)
        if (!make(how, &how->doc->node[i], depth + 1, &items[n++]))
            return false;
    return items && list_make(items, n, how->mem, out);
}

static bool make_object(const struct jsonvalue_how *how, const struct jsondoc_node *node,
                        unsigned depth, struct value *out)
{
    struct object *o = arena_zalloc(how->mem, sizeof *o);
    if (!o)
        return false;
    o->cap = node->n;
    o->m = arena_alloc(how->mem, node->n * sizeof *o->m);
    for (uint32_t i = node->child; o->m && i; i = how->doc->node[i].next) {
        struct member *m = &o->m[o->n++];
        m->key = jsondoc_key(&how->doc->node[i]);
        if (!make(how, &how->doc->node[i], depth + 1, &m->v))
            return false;
    }
    out->type = VT_OBJECT;
    out->p = o;
    return o->m != NULL;
}

/* Keys and texts stay in the copy that was read. */
/* long: one case per type */
static bool make(const struct jsonvalue_how *how, const struct jsondoc_node *node, unsigned depth,
                 struct value *out)
{
    *out = (struct value){ .field = 0xffff, .type = VT_NULL };
    if (depth > JSONVALUE_DEPTH_MAX)
        return false;
    switch ((enum jsondoc_type)node->type) {
    case JD_NULL:
        break;
    case JD_BOOL:
        out->type = VT_BOOL;
        out->i = node->i;
        break;
    case JD_INT:
        out->type = VT_INT;
        out->i = jsondoc_int(node);
        if (node->flags & JD_WIDE) {
            out->type = VT_DOUBLE;
            return number_double(slice_of(node->s, node->n), &out->d);
        }
        break;
    case JD_DOUBLE:
        out->type = VT_DOUBLE;
        out->d = node->d;
        break;
    case JD_STR:
        out->type = VT_STR;
        out->p = node->s;
        out->n = node->n;
        break;
    case JD_ARRAY:
        return make_list(how, node, depth, out);
    case JD_OBJECT:
        return make_object(how, node, depth, out);
    }
    return true;
}

static bool is_blank(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r')
            return false;
    return true;
}

static bool read_one(const struct jsonvalue_how *how, struct slice text, struct value *out)
{
    uint8_t *copy = arena_alloc(how->mem, text.n + JSONDOC_PAD);
    if (!copy)
        return false;
    if (text.n)
        memcpy(copy, text.p, text.n);
    return jsondoc_read(how->doc, copy, text.n, 0) == JSONDOC_OK &&
           is_blank(slice_after(text, how->doc->end)) && make(how, &how->doc->node[0], 0, out);
}

/* Whether a text looks like an object or a list. */
static bool is_structured(struct slice s)
{
    while (s.n && is_blank(slice_first(s, 1)))
        s = slice_after(s, 1);
    while (s.n && is_blank(slice_of(s.p + s.n - 1, 1)))
        s.n--;
    if (s.n < 2)
        return false;
    uint8_t first = s.p[0], last = s.p[s.n - 1];
    return (first == '{' && last == '}') || (first == '[' && last == ']');
}

static void read_text(const struct jsonvalue_how *how, struct value *v)
{
    struct value made;
    struct slice text = slice_of(v->p, v->n);
    if (v->type == VT_STR && is_structured(text) && jsonvalue_read(how, text, &made))
        *v = made;
}

/* A list of texts becomes one of values when one of them is a document. */
static void read_items(const struct jsonvalue_how *how, struct value *list)
{
    unsigned n = list_count(list);
    struct value *items = arena_alloc(how->mem, n * sizeof *items);
    for (unsigned i = 0; items && i < n; i++) {
        items[i] = list_item(list, i);
        read_text(how, &items[i]);
    }
    struct value made;
    if (items && list_make(items, n, how->mem, &made))
        *list = made;
}

/* The texts directly in v, one level less deep. */
static void read_inside(const struct jsonvalue_how *how, struct value *v)
{
    struct jsonvalue_how inner = *how;
    inner.levels--;
    if (inner.levels <= 0)
        return;
    if (v->type == VT_OBJECT) {
        const struct object *o = v->p;
        for (uint32_t i = 0; i < o->n; i++)
            read_text(&inner, &o->m[i].v);
    } else if (how->lists && list_is(v)) {
        read_items(&inner, v);
    }
}

bool jsonvalue_read(const struct jsonvalue_how *how, struct slice text, struct value *out)
{
    if (!read_one(how, text, out))
        return false;
    read_inside(how, out);
    return true;
}
