/* Functions on lists and maps (graylog.md 4.7). */
#include "pack/eval.h"
#include "pack/function.h"

/* A list argument; null is the empty list, anything else fails. */
static bool elements(struct call *c, struct rule_value *list)
{
    *list = c->arg[0];
    if (list->kind == K_NULL)
        *list = (struct rule_value){ .kind = K_LIST };
    if (list->kind == K_LIST && list->fixed != VALUE_JSON)
        return true;
    call_fail(c, "Unsupported data type for parameter 'elements'");
    return false;
}

static const struct rule_value *item(const struct rule_value *list, uint32_t i)
{
    return (const struct rule_value *)list->p + i;
}

struct rule_value fn_array_contains(struct call *c)
{
    struct rule_value list;
    if (!elements(c, &list))
        return rule_null();
    /* A list that begins with a text is compared as texts. */
    bool texts = !call_bool(c, 2, false) && list.n && item(&list, 0)->kind == K_STRING;
    struct slice what = value_to_text(&c->arg[1], call_mem(c));
    for (uint32_t i = 0; i < list.n; i++) {
        const struct rule_value *v = item(&list, i);
        if (value_equal(v, &c->arg[1]))
            return rule_bool(true);
        if (texts && slice_eq_nocase(value_to_text(v, call_mem(c)), what))
            return rule_bool(true);
    }
    return rule_bool(false);
}

struct rule_value fn_array_remove(struct call *c)
{
    struct rule_value list, out;
    bool all = call_bool(c, 2, false), done = false;
    if (!elements(c, &list))
        return rule_null();
    struct rule_value *to = call_list(c, list.n, &out);
    uint32_t n = 0;
    for (uint32_t i = 0; to && i < list.n; i++) {
        if (value_equal(item(&list, i), &c->arg[1]) && (all || !done))
            done = true;
        else
            to[n++] = *item(&list, i);
    }
    out.n = to ? n : 0;
    return out;
}

static uint32_t count_of(const struct rule_value *v)
{
    return v->kind == K_LIST ? v->n : 1;
}

/* Appends the texts of v to `to`, which holds n; returns the new number. */
static uint32_t add_texts(struct call *c, const struct rule_value *v, struct rule_value *to,
                          uint32_t n, bool unique)
{
    for (uint32_t i = 0; i < count_of(v); i++) {
        const struct rule_value *one = v->kind == K_LIST ? item(v, i) : v;
        if (one->kind == K_NULL) {
            call_fail(c, "a value is null");
            return n;
        }
        struct rule_value text = rule_string(value_to_text(one, call_mem(c)));
        bool there = false;
        for (uint32_t k = 0; unique && k < n && !there; k++)
            there = value_equal(&to[k], &text);
        if (!there)
            to[n++] = text;
    }
    return n;
}

struct rule_value fn_string_array_add(struct call *c)
{
    struct rule_value out;
    struct rule_value *to = call_list(c, count_of(&c->arg[0]) + count_of(&c->arg[1]), &out);
    if (!to)
        return out;
    uint32_t n = add_texts(c, &c->arg[0], to, 0, false);
    out.n = add_texts(c, &c->arg[1], to, n, call_bool(c, 2, false));
    return out;
}

struct rule_value fn_first_non_null(struct call *c)
{
    for (uint32_t i = 0; c->arg[0].kind == K_LIST && i < c->arg[0].n; i++) {
        if (item(&c->arg[0], i)->kind != K_NULL)
            return *item(&c->arg[0], i);
    }
    return rule_null();
}

struct rule_value fn_list_get(struct call *c)
{
    int64_t i = call_long(c, 1, 0);
    if (c->arg[0].kind != K_LIST || !c->arg[0].n)
        return rule_null();
    if (i < 0 || i >= c->arg[0].n)
        return call_fail(c, "Index %lld out of bounds for length %u", (long long)i, c->arg[0].n);
    return *item(&c->arg[0], (uint32_t)i);
}

struct rule_value fn_list_count(struct call *c)
{
    return rule_long(c->arg[0].kind == K_LIST ? c->arg[0].n : 0);
}

struct rule_value fn_join(struct call *c)
{
    struct rule_value list;
    struct slice between = call_text(c, 1);
    if (c->arg[0].kind == K_NULL || !elements(c, &list))
        return call_fail(c, "the list is null");
    int64_t start = call_long(c, 2, 0), end = call_long(c, 3, list.n);
    start = start < 0 ? 0 : start;
    if (end > list.n || (start > end && start <= list.n))
        return call_fail(c, "the places are not in the list");
    struct slice *texts = arena_alloc(call_mem(c), list.n * sizeof *texts);
    size_t cap = 0;
    for (int64_t i = start; texts && i < end; i++) {
        if (item(&list, (uint32_t)i)->kind == K_NULL)
            return call_fail(c, "a member is null");
        texts[i] = value_to_text(item(&list, (uint32_t)i), call_mem(c));
        cap += texts[i].n + between.n;
    }
    struct buf b = call_buf(c, cap);
    for (int64_t i = start; texts && i < end; i++) {
        if (i > start)
            buf_add(&b, between);
        buf_add(&b, texts[i]);
    }
    return call_done(c, &b);
}

struct rule_value fn_map_get(struct call *c)
{
    const struct rule_value *v = value_member(&c->arg[0], call_text(c, 1));
    return v ? *v : rule_null();
}

struct rule_value fn_map_copy(struct call *c)
{
    return c->arg[0];
}

/* Java changes the map itself: what a variable holds follows. */
static struct rule_value changed(struct call *c, struct rule_value map)
{
    const struct expr *e = c->e->arg[0];
    if (e && e->kind == E_VAR && c->run->var)
        c->run->var[e->slot] = map;
    return map;
}

struct rule_value fn_map_set(struct call *c)
{
    struct slice key = call_text(c, 1);
    const struct rule_member *from = c->arg[0].p;
    struct rule_value out;
    uint32_t at = 0;
    if (c->arg[0].kind != K_MAP)
        return call_fail(c, "the map is null");
    if (!message_trim(key).n)
        return c->arg[0];
    struct rule_member *to = call_map(c, c->arg[0].n + 1, &out);
    if (!to)
        return out;
    if (c->arg[0].n)
        memcpy(to, from, c->arg[0].n * sizeof *to);
    while (at < c->arg[0].n && !slice_eq(to[at].key, key))
        at++;
    to[at] = (struct rule_member){ key, c->arg[2] };
    out.n = c->arg[0].n + (at == c->arg[0].n);
    return changed(c, out);
}

struct rule_value fn_map_remove(struct call *c)
{
    struct slice key = call_text(c, 1);
    const struct rule_member *from = c->arg[0].p;
    struct rule_value out = { .kind = K_MAP };
    uint32_t n = c->arg[0].kind == K_MAP ? c->arg[0].n : 0, kept = 0;
    struct rule_member *to = call_map(c, n, &out);
    for (uint32_t i = 0; to && i < n; i++) {
        if (!slice_eq(from[i].key, key))
            to[kept++] = from[i];
    }
    out.n = to ? kept : 0;
    return changed(c, out);
}
