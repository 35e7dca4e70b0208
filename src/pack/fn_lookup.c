/* Functions that read lookup tables (graylog.md 4.4). */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/lookup.h"

const struct lookup_table *lookup_find(const struct lookup_table *t, unsigned n, struct slice name)
{
    for (unsigned i = 0; i < n; i++) {
        if (slice_eq(t[i].name, name))
            return &t[i];
    }
    return NULL;
}

const struct lookup_entry *lookup_entry_of(const struct lookup_table *t,
                                           const struct rule_value *key)
{
    for (uint32_t i = 0; i < t->n; i++) {
        if (value_equal(&t->entry[i].key, key))
            return &t->entry[i];
    }
    return NULL;
}

static const struct lookup_table *table_of(struct call *c)
{
    const struct rule_env *env = c->run->env;
    return env ? lookup_find(env->table, env->n_tables, call_text(c, 0)) : NULL;
}

static const struct lookup_entry *entry_of(struct call *c)
{
    const struct lookup_table *t = table_of(c);
    return t && c->arg[1].kind != K_NULL ? lookup_entry_of(t, &c->arg[1]) : NULL;
}

/* A table's own default wins over that of the call. */
struct rule_value fn_lookup_value(struct call *c)
{
    const struct lookup_table *t = table_of(c);
    const struct lookup_entry *e = entry_of(c);
    if (e && e->single.kind != K_NULL)
        return e->single;
    if (t && !(e && e->failed) && c->arg[1].kind != K_NULL && t->default_single.kind != K_NULL)
        return t->default_single;
    return c->arg[2];
}

struct rule_value fn_lookup_has_value(struct call *c)
{
    const struct lookup_table *t = table_of(c);
    const struct lookup_entry *e = entry_of(c);
    if (!t || c->arg[1].kind == K_NULL || (e && e->failed))
        return rule_bool(false);
    return rule_bool((e && (e->single.kind != K_NULL || e->list.kind != K_NULL)) ||
                     t->default_single.kind != K_NULL);
}
