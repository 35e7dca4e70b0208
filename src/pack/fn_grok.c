/* Functions of grok patterns (graylog.md 4.7). */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/grok.h"

static const struct grok_library *library(const struct call *c)
{
    return c->run->env ? c->run->env->grok : grok_compiling();
}

/* The names of what a kept pattern found live as long as the pattern; fields live longer. */
static bool own_names(struct call *c, const struct rule_value *map)
{
    struct rule_member *m = (struct rule_member *)(uintptr_t)map->p;
    for (uint32_t i = 0; i < map->n; i++) {
        m[i].key = arena_dup(call_mem(c), m[i].key);
        if (!m[i].key.n)
            return false;
    }
    return true;
}

struct rule_value fn_grok(struct call *c)
{
    const struct grok *ready = c->e->ready[0], *g = ready;
    struct why why = { "" };
    struct rule_value out;
    if (!g)
        g = grok_kept(call_mem(c), library(c), call_text(c, 0), call_bool(c, 2, false), &why);
    if (!g)
        return call_fail(c, "%s", *why.text ? why.text : "memory is out");
    if (!grok_find(g, call_text(c, 1), call_mem(c), &out))
        return call_fail(c, "the search took too long");
    if (!ready && !own_names(c, &out))
        return call_fail(c, "memory is out");
    return out;
}

struct rule_value fn_grok_exists(struct call *c)
{
    return rule_bool(grok_has(library(c), call_text(c, 0)));
}
