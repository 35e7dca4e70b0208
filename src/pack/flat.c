/* Reading a flat document. */
#include "pack/flat.h"

#include <stdio.h>

#include "model/civil.h"
#include "pack/value.h"

static struct value list_value(const struct jsondoc *d, const struct jsondoc_node *n,
                               struct arena *mem)
{
    struct value v = { .type = VT_VALUES };
    struct value *item = arena_zalloc(mem, (n->n + 1) * sizeof *item);
    for (uint32_t i = n->n ? n->child : 0; item && i; i = d->node[i].next)
        v.n += flat_value(d, &d->node[i], mem, &item[v.n]);
    v.p = item;
    struct rule_value list = value_read(&v, mem);
    return value_store(&list, mem);
}

bool flat_value(const struct jsondoc *d, const struct jsondoc_node *n, struct arena *mem,
                struct value *v)
{
    *v = (struct value){ .field = 0xffff };
    if (n->type == JD_STR) {
        *v = (struct value){ .field = 0xffff, .type = VT_STR, .n = n->n, .p = n->s };
    } else if (n->type == JD_INT) {
        v->type = VT_INT;
        v->i = jsondoc_int(n);
        v->flags = v->i == (int32_t)v->i ? VF_INT32 : 0;
    } else if (n->type == JD_DOUBLE) {
        v->type = VT_DOUBLE;
        v->d = n->d;
    } else if (n->type == JD_BOOL) {
        v->type = VT_BOOL;
        v->i = n->i;
    } else if (n->type == JD_ARRAY) {
        *v = list_value(d, n, mem);
    }
    return v->type != 0 && n->type != JD_NULL && n->type != JD_OBJECT;
}

bool flat_time(struct slice text, int64_t *ms)
{
    char iso[40];
    if (civil_read_iso(text, ms))
        return true;
    int n = snprintf(iso, sizeof iso, "%.*sZ", (int)slice_first(text, 30).n, text.p);
    if (n > 11 && iso[10] == ' ')
        iso[10] = 'T';
    return civil_read_iso(slice_cstr(iso), ms);
}

struct message *flat_message(const struct jsondoc *d, const struct jsondoc_node *root,
                             struct arena *mem)
{
    struct message *m = root->type == JD_OBJECT ? message_new(mem, root->n + 4) : NULL;
    for (uint32_t i = m && root->n ? root->child : 0; i; i = d->node[i].next) {
        const struct jsondoc_node *n = &d->node[i];
        struct value v;
        if (slice_eq(jsondoc_key(n), SLICE("timestamp")) && n->type == JD_STR &&
            flat_time(jsondoc_str(n), &m->ts_ms))
            m->has_ts = true;
        else if (!slice_eq(jsondoc_key(n), SLICE("streams")) && flat_value(d, n, mem, &v))
            message_set(m, jsondoc_key(n), &v);
    }
    return m;
}
