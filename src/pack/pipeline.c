/* pipeline "name" { stage N match all|either|pass { rule "name" [;] } } end */
#include "pack/pipeline.h"

#include "pack/lexer.h"

struct reader {
    struct arena *a;
    struct lexer l;
    struct token t; /* the one that is looked at */
    struct rule_errors *e;
    bool failed;
};

static void refuse(struct reader *r, const char *expected)
{
    struct expr at = { .line = r->t.line, .col = r->t.col };
    if (r->failed)
        return;
    r->failed = true;
    if (r->t.kind == TK_EOF)
        rule_error_add(r->e, RE_SyntaxError, &at, "the text ends where %s is expected", expected);
    else
        rule_error_add(r->e, RE_SyntaxError, &at, "found '%.*s' where %s is expected",
                       (int)(r->t.text.n < 40 ? r->t.text.n : 40), (const char *)r->t.text.p,
                       expected);
}

static void step(struct reader *r)
{
    r->t = lexer_next(&r->l);
    if (r->t.kind == TK_BAD)
        refuse(r, "a token of the language");
}

static void expect(struct reader *r, enum token_kind kind, const char *what)
{
    if (r->t.kind != kind)
        refuse(r, what);
    if (!r->failed)
        step(r);
}

static struct slice name_in_quotes(struct reader *r, const char *what)
{
    struct slice s = r->t.text;
    bool good = r->t.kind == TK_STRING && s.n >= 2;
    expect(r, TK_STRING, what);
    return good ? slice_of(s.p + 1, s.n - 2) : slice_of(s.p, 0);
}

/* Decimal with or without a sign, 32 bits. */
static int32_t stage_number(struct reader *r)
{
    uint64_t v = 0;
    struct slice s = r->t.text;
    bool minus = s.n && *s.p == '-';
    if (s.n && (minus || *s.p == '+'))
        s = slice_after(s, 1);
    if (r->t.kind != TK_INT || !slice_to_u64(s, &v) || v > INT32_MAX)
        refuse(r, "the number of the stage (at most 2147483647)");
    if (!r->failed)
        step(r);
    return minus ? -(int32_t)v : (int32_t)v;
}

static enum stage_match match(struct reader *r)
{
    enum token_kind kind = r->t.kind;
    if (kind != TK_ALL && kind != TK_EITHER && kind != TK_PASS)
        refuse(r, "all, either or pass");
    if (!r->failed)
        step(r);
    return kind == TK_ALL ? MATCH_ALL : kind == TK_EITHER ? MATCH_EITHER : MATCH_PASS;
}

static void out_of_memory(struct reader *r)
{
    struct expr at = { .line = r->t.line, .col = r->t.col };
    r->failed = true;
    rule_error_add(r->e, RE_OutOfMemory, &at, "memory is out");
}

static void rules(struct reader *r, struct stage *s)
{
    struct stage_rule found[64]; /* grows in the arena */
    struct stage_rule *list = found;
    unsigned cap = COUNT(found);
    while (!r->failed && r->t.kind == TK_RULE) {
        if (s->n == STAGE_RULES_MAX)
            refuse(r, "not more than 1024 rules in a stage");
        step(r);
        struct stage_rule one = { .line = r->t.line, .col = r->t.col };
        one.name = name_in_quotes(r, "the name of a rule in quotes");
        if (s->n == cap) {
            struct stage_rule *more = arena_alloc(r->a, (size_t)2 * cap * sizeof *more);
            if (!more)
                return out_of_memory(r);
            memcpy(more, list, cap * sizeof *more);
            list = more;
            cap *= 2;
        }
        list[s->n++] = one;
        if (!r->failed && r->t.kind == TK_PUNCT && r->t.punct == ';')
            step(r);
    }
    s->rule = list;
    if (list != found)
        return;
    s->rule = arena_alloc(r->a, s->n * sizeof *s->rule);
    if (!s->rule)
        return out_of_memory(r);
    memcpy(s->rule, found, s->n * sizeof *s->rule);
}

/* Keeps the stages sorted; the first of a number stays. */
static void insert(struct pipeline *p, const struct stage *s)
{
    unsigned at = p->n;
    while (at > 0 && p->stage[at - 1].number > s->number)
        at--;
    if (at > 0 && p->stage[at - 1].number == s->number)
        return;
    memmove(&p->stage[at + 1], &p->stage[at], (p->n - at) * sizeof *s);
    p->stage[at] = *s;
    p->n++;
}

static void stages(struct reader *r, struct pipeline *p)
{
    do {
        struct stage s = { 0 };
        expect(r, TK_STAGE, "'stage'");
        s.number = stage_number(r);
        expect(r, TK_MATCH, "'match'");
        s.match = match(r);
        if (!r->failed)
            rules(r, &s);
        if (p->n == PIPELINE_STAGES_MAX)
            refuse(r, "not more than 256 stages");
        if (!r->failed)
            insert(p, &s);
    } while (!r->failed && r->t.kind == TK_STAGE);
}

struct pipeline *pipeline_parse(struct arena *a, struct slice text, struct rule_errors *e)
{
    struct reader r = { .a = a, .l = lexer_of(text), .e = e };
    struct pipeline *p = arena_zalloc(a, sizeof *p);
    if (p)
        p->stage = arena_alloc(a, PIPELINE_STAGES_MAX * sizeof *p->stage);
    step(&r);
    if (!p || !p->stage)
        out_of_memory(&r);
    if (!r.failed)
        expect(&r, TK_PIPELINE, "'pipeline'");
    if (!r.failed)
        p->name = name_in_quotes(&r, "the name of the pipeline in quotes");
    if (!r.failed)
        stages(&r, p);
    if (!r.failed)
        expect(&r, TK_END, "'stage', 'rule' or 'end'");
    if (!r.failed && r.t.kind != TK_EOF)
        refuse(&r, "the end of the text");
    return r.failed ? NULL : p;
}
