/* Functions of grok patterns (graylog.md 4.7). */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/grok.h"

struct rule_value fn_grok(struct call *c)
{
    const struct grok *g = c->e->ready[0];
    struct why why = { "" };
    struct rule_value out;
    if (!g)
        g = grok_make(call_mem(c), call_text(c, 0), call_bool(c, 2, false), &why);
    if (!g)
        return call_fail(c, "%s", *why.text ? why.text : "memory is out");
    if (!grok_find(g, call_text(c, 1), call_mem(c), &out))
        return call_fail(c, "the search took too long");
    return out;
}

struct rule_value fn_grok_exists(struct call *c)
{
    return rule_bool(grok_has(call_text(c, 0)));
}
