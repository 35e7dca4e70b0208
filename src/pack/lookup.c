/* Lookup tables: what they all share, and the one whose entries stand in pack.yml. */
#include "pack/lookup.h"

#include "pack/lookup_kept.h"

const struct lookup_table *lookup_find(const struct lookup_table *t, unsigned n, struct slice name)
{
    for (unsigned i = 0; i < n; i++) {
        if (slice_eq(t[i].name, name))
            return &t[i];
    }
    return NULL;
}

static void ask_entries(const struct lookup_table *t, const struct rule_value *key,
                        struct lookup_answer *out)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const struct lookup_entry *e = &t->entry[i];
        if (!value_equal(&e->key, key))
            continue;
        *out = (struct lookup_answer){ e->single, e->multi, e->list, e->failed };
        return;
    }
}

struct lookup_answer lookup_ask(const struct lookup_table *t, const struct rule_value *key,
                                int64_t now_ms, struct arena *mem)
{
    struct lookup_answer out = { 0 };
    if (key->kind == K_NULL)
        return out;
    if (t->adapter)
        t->adapter->ask(t->data, key, now_ms, mem, &out);
    else
        ask_entries(t, key, &out);
    return out;
}

void lookup_close(struct lookup_table *t)
{
    if (t->adapter && t->adapter->close)
        t->adapter->close(t->data);
    *t = (struct lookup_table){ 0 };
}

/* ---- in memory */

struct rule_value lookup_scalar(const struct node *n)
{
    switch (n->type) {
    case NODE_BOOL:
        return rule_bool(n->b);
    case NODE_INT:
        return rule_long(n->i);
    case NODE_DOUBLE:
        return rule_double(n->d);
    case NODE_STR:
        return rule_string(slice_cstr(n->text));
    default:
        return rule_null();
    }
}

static uint32_t children(const struct node *n)
{
    uint32_t count = 0;
    for (const struct node *c = n ? n->child : NULL; c; c = c->next)
        count++;
    return count;
}

struct rule_value lookup_members(const struct node *n, struct arena *mem)
{
    uint32_t count = children(n), i = 0;
    struct rule_member *m = arena_alloc(mem, (count + 1) * sizeof *m);
    if (!m)
        return rule_null();
    for (const struct node *c = n->child; c; c = c->next)
        m[i++] = (struct rule_member){ slice_cstr(c->key), lookup_scalar(c) };
    return (struct rule_value){ .kind = K_MAP, .n = count, .p = m };
}

static struct rule_value list_value(const struct node *n, struct arena *mem)
{
    uint32_t count = children(n), i = 0;
    struct rule_value *v = arena_alloc(mem, (count + 1) * sizeof *v);
    if (!v)
        return rule_null();
    for (const struct node *c = n->child; c; c = c->next)
        v[i++] = lookup_scalar(c);
    return (struct rule_value){ .kind = K_LIST, .n = count, .p = v };
}

/* {"value": v}: the multi value of what has only a single one, as Graylog makes it. */
static struct rule_value value_map(struct rule_value v, struct arena *mem)
{
    struct rule_member *m = arena_alloc(mem, sizeof *m);
    if (!m)
        return rule_null();
    *m = (struct rule_member){ SLICE("value"), v };
    return (struct rule_value){ .kind = K_MAP, .n = 1, .p = m };
}

bool lookup_memory(struct lookup_table *t, const struct lookup_source *s, struct arena *mem,
                   struct mistakes *wrong)
{
    unsigned before = wrong->n;
    struct lookup_map *m = lookup_map_new(mem, children(s->entries), s);
    for (const struct node *c = s->entries ? s->entries->child : NULL; m && c; c = c->next) {
        struct lookup_row row = { .key = slice_cstr(c->key) };
        if (c->type == NODE_MAP)
            row.multi = lookup_members(c, mem);
        else if (c->type == NODE_LIST)
            row.list = list_value(c, mem);
        else
            row.single = lookup_scalar(c);
        if (row.single.kind != K_NULL)
            row.multi = value_map(row.single, mem);
        lookup_map_add(m, row, place_of(c), mem, wrong);
    }
    if (!m)
        mistake_add(wrong, (struct place){ "table", 0, 0 }, "memory is out");
    if (wrong->n != before)
        return false;
    lookup_map_seal(m);
    *t = (struct lookup_table){
        .name = s->name, .n = m->n, .adapter = &lookup_map_adapter, .data = m
    };
    if (s->max_entries) {
        t->adapter = &lookup_kept_adapter;
        t->data = lookup_kept_new(m, s->max_entries);
    }
    return true;
}
