/* Functions that ask and change lookup tables (graylog.md 4.4, 4.7). */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/lookup.h"

static const struct rule_value *item(const struct rule_value *list, uint32_t i)
{
    return (const struct rule_value *)list->p + i;
}

static bool has(const struct rule_value *list, uint32_t n, const struct rule_value *v)
{
    for (uint32_t i = 0; i < n; i++) {
        if (value_equal(item(list, i), v))
            return true;
    }
    return false;
}

struct rule_value lookup_changed_list(const struct lookup_change *change,
                                      const struct rule_value *old, struct arena *mem)
{
    uint32_t n_old = old->kind == K_LIST && change->kind != LOOKUP_SET_LIST ? old->n : 0;
    uint32_t n_new = change->kind == LOOKUP_REMOVE_LIST ? 0 : change->value->n;
    struct rule_value *to = arena_alloc(mem, (n_old + n_new) * sizeof *to);
    struct rule_value out = { .kind = K_LIST, .p = to };
    bool all = change->kind == LOOKUP_SET_LIST || change->duplicates;
    if (!to)
        return rule_null();
    for (uint32_t i = 0; i < n_old; i++) {
        if (change->kind == LOOKUP_ADD_LIST || !has(change->value, change->value->n, item(old, i)))
            to[out.n++] = *item(old, i);
    }
    for (uint32_t i = 0; i < n_new; i++) {
        if (all || !has(&out, out.n, item(change->value, i)))
            to[out.n++] = *item(change->value, i);
    }
    return out;
}

/* What a table answers to a function: with its defaults, where it has no value. */
struct found {
    const struct lookup_table *table;
    struct lookup_answer a;
    bool any; /* the key is there, or the table has a default */
};

static const struct lookup_table *table_of(struct call *c)
{
    const struct rule_env *env = c->run->env;
    struct slice name = call_text(c, 0);
    if (!env)
        return NULL;
    if (!c->run->table_at)
        return lookup_find(env->table, env->n_tables, name);
    uint16_t *at = &c->run->table_at[call_hash(c, 0) % RUN_TABLES];
    if (*at < env->n_tables && slice_eq_short(env->table[*at].name, name))
        return &env->table[*at];
    const struct lookup_table *t = lookup_find(env->table, env->n_tables, name);
    if (t)
        *at = (uint16_t)(t - env->table);
    return t;
}

static inline void count_one(atomic_ullong *n, bool is)
{
    unsigned long long old = atomic_load_explicit(n, memory_order_relaxed);
    atomic_store_explicit(n, old + is, memory_order_relaxed);
}

static inline void count(struct lookup_count *n, const struct found *f)
{
    count_one(&n->asked, true);
    count_one(&n->found, f->any);
    count_one(&n->failed, f->a.failed);
}

static void ask(struct call *c, const struct rule_value *key, struct found *f)
{
    struct lookup_answer *a = &f->a;
    f->table = table_of(c);
    f->any = false;
    if (!f->table || key->kind == K_NULL) {
        *a = (struct lookup_answer){ 0 };
        return;
    }
    *a = lookup_ask(f->table, key, c->run->env->now_ms, call_mem(c));
    f->any = a->single.kind != K_NULL || a->multi.kind != K_NULL || a->list.kind != K_NULL;
    if (f->table->count)
        count(f->table->count, f);
    if (f->any || a->failed)
        return;
    a->single = f->table->default_single;
    a->multi = f->table->default_multi;
    f->any = a->single.kind != K_NULL || a->multi.kind != K_NULL;
}

/* A table's own default wins over that of the call. */
struct rule_value fn_lookup_value(struct call *c)
{
    struct found f;
    ask(c, &c->arg[1], &f);
    return f.any && f.a.single.kind != K_NULL ? f.a.single : c->arg[2];
}

/* {value: v} */
static struct rule_value as_map(struct call *c, struct rule_value v)
{
    struct rule_value out;
    struct rule_member *m = call_map(c, 1, &out);
    if (m)
        *m = (struct rule_member){ SLICE("value"), v };
    return out;
}

struct rule_value fn_lookup(struct call *c)
{
    struct found f;
    ask(c, &c->arg[1], &f);
    if (!f.any && c->arg[2].kind != K_NULL)
        return as_map(c, c->arg[2]);
    if (f.a.multi.kind != K_NULL)
        return f.a.multi;
    if (f.a.single.kind == K_NULL && f.any)
        return rule_null(); /* it has a list only */
    return as_map(c, f.any ? f.a.single : rule_null());
}

struct rule_value fn_lookup_has_value(struct call *c)
{
    struct found f;
    ask(c, &c->arg[1], &f);
    return rule_bool(f.any);
}

struct rule_value fn_lookup_all(struct call *c)
{
    struct rule_value one = c->arg[1], keys = one, out;
    if (one.kind == K_NULL)
        return call_fail(c, "the keys are null");
    if (keys.kind != K_LIST)
        keys = (struct rule_value){ .kind = K_LIST, .n = 1, .p = &one };
    struct rule_value *to = call_list(c, keys.n, &out);
    uint32_t n = 0;
    for (uint32_t i = 0; to && i < keys.n; i++) {
        struct found f;
        ask(c, item(&keys, i), &f);
        if (f.any)
            to[n++] = f.a.single;
    }
    out.n = to ? n : 0;
    return out;
}

static struct rule_value empty_list(void)
{
    return (struct rule_value){ .kind = K_LIST };
}

struct rule_value fn_lookup_string_list(struct call *c)
{
    struct found f;
    ask(c, &c->arg[1], &f);
    if (f.any)
        return f.a.list;
    return c->arg[2].kind == K_LIST ? c->arg[2] : empty_list();
}

struct rule_value fn_lookup_string_list_contains(struct call *c)
{
    struct found f;
    ask(c, &c->arg[1], &f);
    if (!f.any || c->arg[2].kind == K_NULL)
        return rule_bool(false);
    if (f.a.list.kind != K_LIST)
        return call_fail(c, "the key has no list");
    return rule_bool(has(&f.a.list, f.a.list.n, &c->arg[2]));
}

/* Makes a change of a table that can be changed; false when there is nothing to change. */
static bool change(struct call *c, struct lookup_change *what, struct lookup_answer *out)
{
    const struct rule_env *env = c->run->env;
    const struct lookup_table *t =
        env ? lookup_find(env->table, env->n_tables, call_text(c, 0)) : NULL;
    what->key = &c->arg[1];
    *out = (struct lookup_answer){ .failed = false };
    if (!t || env->rehearsal || !t->adapter || !t->adapter->change || what->key->kind == K_NULL)
        return false;
    what->now_ms = env->now_ms;
    t->adapter->change(t->data, what, call_mem(c), out);
    return true;
}

struct rule_value fn_lookup_set_value(struct call *c)
{
    struct lookup_change what = { .kind = LOOKUP_SET,
                                  .value = &c->arg[2],
                                  .ttl_s = call_long(c, 3, 0) };
    struct lookup_answer a;
    if (c->arg[2].kind == K_NULL || !change(c, &what, &a))
        return rule_null();
    return a.single;
}

struct rule_value fn_lookup_clear_key(struct call *c)
{
    struct lookup_change what = { .kind = LOOKUP_CLEAR };
    struct lookup_answer a;
    change(c, &what, &a);
    return rule_null();
}

struct rule_value fn_lookup_assign_ttl(struct call *c)
{
    struct lookup_change what = { .kind = LOOKUP_TTL, .ttl_s = call_long(c, 2, 0) };
    struct lookup_answer a;
    change(c, &what, &a);
    return a.single;
}

/* The texts of a list argument, without empty ones and nulls. */
static bool texts(struct call *c, const struct rule_value *from, struct rule_value *out)
{
    struct rule_value *to = call_list(c, from->kind == K_LIST ? from->n : 0, out);
    uint32_t n = 0;
    for (uint32_t i = 0; to && from->kind == K_LIST && i < from->n; i++) {
        const struct rule_value *v = item(from, i);
        if (v->kind != K_NULL && v->kind != K_STRING) {
            call_fail(c, "a member of the list is no text");
            return false;
        }
        if (v->kind == K_STRING && v->n)
            to[n++] = *v;
    }
    out->n = to ? n : 0;
    return to != NULL;
}

static struct rule_value change_list(struct call *c, struct lookup_change *what)
{
    struct rule_value list;
    struct lookup_answer a;
    if (!texts(c, &c->arg[2], &list))
        return rule_null();
    what->value = &list;
    return change(c, what, &a) ? a.list : rule_null();
}

struct rule_value fn_lookup_set_string_list(struct call *c)
{
    struct lookup_change what = { .kind = LOOKUP_SET_LIST, .ttl_s = call_long(c, 3, 0) };
    return change_list(c, &what);
}

struct rule_value fn_lookup_add_string_list(struct call *c)
{
    struct lookup_change what = { .kind = LOOKUP_ADD_LIST, .duplicates = call_bool(c, 3, false) };
    return change_list(c, &what);
}

struct rule_value fn_lookup_remove_string_list(struct call *c)
{
    struct lookup_change what = { .kind = LOOKUP_REMOVE_LIST };
    return change_list(c, &what);
}
