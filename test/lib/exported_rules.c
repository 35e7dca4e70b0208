/* The rules and pipelines of an exported pack. */
#include "lib/exported_rules.h"

#include "pack/compile.h"
#include "pack/parser.h"
#include "pack/pipeline.h"

/* ---- equal trees */

static bool same_value(const struct rule_value *a, const struct rule_value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == K_STRING)
        return slice_eq(rule_text(a), rule_text(b));
    return a->kind == K_NULL || a->i == b->i;
}

static bool same_expr(const struct expr *a, const struct expr *b)
{
    if (!a || !b)
        return a == b;
    bool same = a->kind == b->kind && a->op == b->op && a->named == b->named && a->n == b->n &&
                slice_eq(a->text, b->text) && same_value(&a->value, &b->value) &&
                same_expr(a->a, b->a) && same_expr(a->b, b->b);
    for (unsigned i = 0; same && i < a->n; i++)
        same = slice_eq(a->key[i], b->key[i]) && same_expr(a->item[i], b->item[i]);
    return same;
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
    const struct statement *s = a->then, *t = b->then;
    bool same = slice_eq(a->name, b->name) && same_expr(a->when, b->when);
    for (; same && s && t; s = s->next, t = t->next)
        same = slice_eq(s->let, t->let) && same_expr(s->e, t->e);
    return same && !s && !t;
}

/* ---- rules */

static const struct node *titled(const struct exported *e, const char *type, struct slice title)
{
    for (const struct node *c = NULL; (c = exported_next(e, type, c));)
        if (slice_eq(slice_cstr(exported_text(node_get(c, "data"), "title")), title))
            return node_get(c, "data");
    return NULL;
}

static void check_rule(struct exported *e, const char *what, const struct rule *want)
{
    struct rule_errors errors = { .n = 0 };
    const struct node *d = titled(e, "pipeline_rule", want->name);
    struct slice source = slice_cstr(exported_text(d, "source"));
    const struct rule *got = d ? parser_rule(&e->mem, source, &errors) : NULL;
    exported_expect(e, got && same_rule(want, got), what, "rule \"%.*s\" is another or not there",
                    (int)want->name.n, (const char *)want->name.p);
    exported_expect(e, d && rule_load(&e->mem, source, &errors), what,
                    "rule \"%.*s\" does not compile alone", (int)want->name.n,
                    (const char *)want->name.p);
    exported_expect(e, source.n && source.p[0] > ' ' && source.p[source.n - 1] > ' ', what,
                    "rule \"%.*s\" has blank lines around it", (int)want->name.n,
                    (const char *)want->name.p);
}

static unsigned check_file(struct exported *e, const char *what, const struct pack_file *f)
{
    struct lexer at = lexer_of(f->text), ahead = at;
    struct rule_errors errors = { .n = 0 };
    unsigned n = 0;
    for (; lexer_next(&ahead).kind != TK_EOF; ahead = at, n++) {
        const struct rule *r = parser_next(&e->mem, &at, &errors);
        if (!exported_expect(e, r, what, "%s is no file of rules", f->path))
            break;
        check_rule(e, what, r);
    }
    return n;
}

/* ---- pipelines */

unsigned exported_links(const struct exported *e, const char *pipeline)
{
    unsigned n = 0;
    for (unsigned i = 0; i < e->packs->n_links; i++)
        n += slice_eq(e->packs->link[i].pipeline, slice_cstr(pipeline));
    return n;
}

static bool same_stage(const struct stage *a, const struct stage *b)
{
    bool same = a->number == b->number && a->match == b->match && a->n == b->n;
    for (unsigned i = 0; same && i < a->n; i++)
        same = slice_eq(a->rule[i].name, b->rule[i].name);
    return same;
}

static void check_pipeline(struct exported *e, const char *what, const struct pack_file *f)
{
    struct rule_errors errors = { .n = 0 };
    const struct pipeline *want = pipeline_parse(&e->mem, f->text, &errors);
    const struct node *d = want ? titled(e, "pipeline", want->name) : NULL;
    const struct pipeline *got =
        d ? pipeline_parse(&e->mem, slice_cstr(exported_text(d, "source")), &errors) : NULL;
    bool same = got && got->n == want->n && slice_eq(got->name, want->name);
    for (unsigned i = 0; same && i < got->n; i++)
        same = same_stage(&got->stage[i], &want->stage[i]);
    exported_expect(e, same, what, "pipeline of %s is another or not there", f->path);
    for (unsigned i = 0; same && i < got->n; i++)
        for (unsigned k = 0; k < got->stage[i].n; k++)
            exported_expect(e, titled(e, "pipeline_rule", got->stage[i].rule[k].name), what,
                            "pipeline of %s: rule \"%.*s\" is not there", f->path,
                            (int)got->stage[i].rule[k].name.n,
                            (const char *)got->stage[i].rule[k].name.p);
}

void exported_check_rules(struct exported *e, const char *what)
{
    const struct pack *p = &e->packs->pack[0];
    unsigned rules = 0, pipelines = 0;
    for (unsigned i = 0; i < p->n_rules; i++)
        rules += p->rule[i].used ? check_file(e, what, &p->rule[i]) : 0;
    for (unsigned i = 0; i < p->n_pipelines; i++)
        if (p->pipeline[i].used) {
            check_pipeline(e, what, &p->pipeline[i]);
            pipelines++;
        }
    exported_expect(e, rules == program_rules(e->packs->program), what,
                    "%u rules, the program has others", rules);
    exported_expect(e,
                    !exported_entity(e, "pipeline_rule", rules) &&
                        !exported_entity(e, "pipeline", pipelines),
                    what, "more rules or pipelines than the pack uses");
}

/* ---- functions */

static void each_call(const struct expr *x, void (*one)(void *ctx, struct slice name), void *ctx)
{
    if (!x)
        return;
    if (x->kind == E_CALL)
        one(ctx, x->text);
    each_call(x->a, one, ctx);
    each_call(x->b, one, ctx);
    for (unsigned i = 0; i < x->n; i++)
        each_call(x->item[i], one, ctx);
}

void exported_each_call(struct exported *e, void (*one)(void *ctx, struct slice name), void *ctx)
{
    for (const struct node *c = NULL; (c = exported_next(e, "pipeline_rule", c));) {
        struct rule_errors errors = { .n = 0 };
        const struct node *d = node_get(c, "data");
        const struct rule *r =
            parser_rule(&e->mem, slice_cstr(exported_text(d, "source")), &errors);
        each_call(r ? r->when : NULL, one, ctx);
        for (const struct statement *s = r ? r->then : NULL; s; s = s->next)
            each_call(s->e, one, ctx);
    }
}
