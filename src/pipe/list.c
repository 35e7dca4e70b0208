/* Lists have their own form for each common type of items; here they are all the same. */
#include "pipe/list.h"

bool list_is(const struct value *v)
{
    return v->type == VT_STRS || v->type == VT_INTS || v->type == VT_IPS || v->type == VT_OBJECTS ||
           v->type == VT_VALUES;
}

unsigned list_count(const struct value *v)
{
    return list_is(v) ? v->n : 0;
}

struct value list_item(const struct value *v, unsigned i)
{
    struct value out = { .field = 0xffff, .type = VT_NULL };
    if (v->type == VT_STRS) {
        const struct slice *s = (const struct slice *)v->p + i;
        out = (struct value){ .field = 0xffff, .type = VT_STR, .p = s->p, .n = (uint32_t)s->n };
    } else if (v->type == VT_INTS) {
        out.type = VT_INT;
        out.i = ((const int64_t *)v->p)[i];
    } else if (v->type == VT_IPS) {
        out.type = VT_IP;
        out.p = (const struct addr *)v->p + i;
    } else if (v->type == VT_OBJECTS) {
        out.type = VT_OBJECT;
        out.p = (const struct object *)v->p + i;
    } else {
        out = ((const struct value *)v->p)[i];
    }
    return out;
}

static bool make_texts(const struct value *items, unsigned n, struct arena *mem, struct value *out)
{
    struct slice *texts = arena_alloc(mem, n * sizeof *texts);
    for (unsigned i = 0; texts && i < n; i++)
        texts[i] = slice_of(items[i].p, items[i].n);
    *out = (struct value){ .field = 0xffff, .type = VT_STRS, .p = texts, .n = n };
    return texts != NULL;
}

bool list_make(const struct value *items, unsigned n, struct arena *mem, struct value *out)
{
    unsigned texts = 0;
    while (texts < n && items[texts].type == VT_STR)
        texts++;
    if (texts == n)
        return make_texts(items, n, mem, out);
    struct value *copy = arena_alloc(mem, n * sizeof *copy);
    if (copy)
        memcpy(copy, items, n * sizeof *copy);
    *out = (struct value){ .field = 0xffff, .type = VT_VALUES, .p = copy, .n = n };
    return copy != NULL;
}

bool scalar_eq(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == VT_STR)
        return slice_eq(slice_of(a->p, a->n), slice_of(b->p, b->n));
    if (a->type == VT_IP)
        return addr_eq(a->p, b->p);
    return a->type <= VT_TIME && a->type != VT_STR && a->i == b->i;
}
