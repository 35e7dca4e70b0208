/* Functions that read lookup tables (graylog.md 4.4). */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/lookup.h"

static const struct lookup_table *table_of(struct call *c)
{
    const struct rule_env *env = c->run->env;
    return env ? lookup_find(env->table, env->n_tables, call_text(c, 0)) : NULL;
}

static struct lookup_answer answer_of(struct call *c, const struct lookup_table *t)
{
    return t ? lookup_ask(t, &c->arg[1], c->run->mem) : (struct lookup_answer){ 0 };
}

/* A table's own default wins over that of the call. */
struct rule_value fn_lookup_value(struct call *c)
{
    const struct lookup_table *t = table_of(c);
    struct lookup_answer a = answer_of(c, t);
    if (a.single.kind != K_NULL)
        return a.single;
    if (t && !a.failed && c->arg[1].kind != K_NULL && t->default_single.kind != K_NULL)
        return t->default_single;
    return c->arg[2];
}

struct rule_value fn_lookup_has_value(struct call *c)
{
    const struct lookup_table *t = table_of(c);
    struct lookup_answer a = answer_of(c, t);
    if (!t || c->arg[1].kind == K_NULL || a.failed)
        return rule_bool(false);
    return rule_bool(a.single.kind != K_NULL || a.list.kind != K_NULL ||
                     t->default_single.kind != K_NULL);
}
