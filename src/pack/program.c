/* Loading a program: sources into rules and pipelines, names into indices, stages of all pipelines
 * of a stream into one order. */
#include "pack/program.h"

#include <stdlib.h>

#include "base/bug.h"
#include "pack/compile.h"
#include "pack/layout.h"
#include "pack/lexer.h"
#include "pack/parser.h"
#include "pack/program_private.h"

struct loader {
    const struct program_conf *conf;
    struct program *p;
    unsigned mistakes;
};

static void mistake(struct loader *l, const struct program_mistake *m)
{
    l->mistakes++;
    if (l->conf->mistake)
        l->conf->mistake(l->conf->ctx, m);
}

static void mistakes(struct loader *l, enum program_part part, unsigned source,
                     const struct rule_errors *e)
{
    for (unsigned i = 0; i < e->n && i < RULE_ERRORS_MAX; i++)
        mistake(l, &(struct program_mistake){ .part = part, .source = source, .error = &e->e[i] });
}

/* ---- rules */

/* After a rule that cannot be read: from the next `rule` behind an `end`. */
static bool find_next_rule(struct lexer *l)
{
    enum token_kind before = TK_EOF;
    for (;;) {
        struct lexer here = *l;
        struct token t = lexer_next(l);
        if (t.kind == TK_EOF || t.kind == TK_BAD)
            return false;
        if (t.kind == TK_RULE && before == TK_END) {
            *l = here;
            return true;
        }
        before = t.kind;
    }
}

static bool at_end(struct lexer l)
{
    return lexer_next(&l).kind == TK_EOF;
}

static void load_rules(struct loader *l, unsigned source)
{
    struct program *p = l->p;
    struct lexer at = lexer_of(l->conf->rule[source].text);
    for (bool more = true; more && p->n_rules < PROGRAM_RULES_MAX;) {
        struct rule_errors e = { .n = 0 };
        struct lexer start = at;
        struct rule *r = parser_next(&p->arena, &at, &e);
        if (r && compile_rule(&p->arena, r, &e)) {
            layout_names(r, &p->names, &p->arena);
            p->rule[p->n_rules++] = (struct program_rule){ r, source };
        }
        mistakes(l, PROGRAM_RULE, source, &e);
        if (!r)
            at = start, more = find_next_rule(&at);
        else
            more = !at_end(at);
    }
    if (p->n_rules == PROGRAM_RULES_MAX) {
        struct rule_error e = { .kind = RE_OutOfMemory, .line = at.line, .col = at.col };
        snprintf(e.text, sizeof e.text, "more than %d rules", PROGRAM_RULES_MAX);
        mistake(l,
                &(struct program_mistake){ .part = PROGRAM_RULE, .source = source, .error = &e });
    }
}

/* Of two of one name the later. */
static uint32_t find_rule(const struct program *p, struct slice name)
{
    for (unsigned i = p->n_rules; i-- > 0;) {
        if (slice_eq(p->rule[i].rule->name, name))
            return i;
    }
    return PROGRAM_NO_RULE;
}

/* ---- pipelines */

static void ready_rule(struct program_step_rule *to, const struct rule *r)
{
    const struct expr *when = r->when;
    to->when = when;
    to->r = r;
    to->need = r->guard ? r->guard->id : 0;
    to->always = when->kind == E_CONST && when->value.kind == K_BOOL && when->value.i;
    to->test = layout_test(when);
}

static bool resolve(struct loader *l, unsigned source, const struct stage *s,
                    struct program_stage *out)
{
    out->stage = s;
    out->n = s->n;
    out->at = l->p->n_stages++;
    out->rule = arena_alloc(&l->p->arena, s->n * sizeof *out->rule);
    for (unsigned i = 0; out->rule && i < s->n; i++) {
        uint32_t at = find_rule(l->p, s->rule[i].name);
        out->rule[i] = (struct program_step_rule){ .rule = at };
        if (at != PROGRAM_NO_RULE) {
            ready_rule(&out->rule[i], l->p->rule[at].rule);
            continue;
        }
        struct rule_error e = { .kind = RE_SyntaxError,
                                .line = s->rule[i].line,
                                .col = s->rule[i].col };
        snprintf(e.text, sizeof e.text, "there is no rule \"%.*s\"",
                 (int)(s->rule[i].name.n < 100 ? s->rule[i].name.n : 100),
                 (const char *)s->rule[i].name.p);
        mistake(l,
                &(struct program_mistake){ PROGRAM_PIPELINE, source, &e, true, s->rule[i].name });
    }
    return out->rule != NULL;
}

static bool load_pipeline(struct loader *l, unsigned source)
{
    struct program *p = l->p;
    struct rule_errors e = { .n = 0 };
    struct pipeline *read = pipeline_parse(&p->arena, l->conf->pipeline[source].text, &e);
    mistakes(l, PROGRAM_PIPELINE, source, &e);
    if (!read)
        return !p->arena.full;
    struct program_pipeline *to = &p->pipeline[p->n_pipelines++];
    *to = (struct program_pipeline){ .pipeline = read, .source = source };
    to->stage = arena_alloc(&p->arena, read->n * sizeof *to->stage);
    for (unsigned i = 0; to->stage && i < read->n; i++) {
        if (!resolve(l, source, &read->stage[i], &to->stage[i]))
            return false;
    }
    return to->stage != NULL;
}

/* ---- streams */

static struct program_stream *stream_of(struct program *p, struct slice id)
{
    for (unsigned i = 0; i < p->n_streams; i++) {
        if (slice_eq(p->stream[i].id, id))
            return &p->stream[i];
    }
    struct program_stream *s = &p->stream[p->n_streams++];
    *s = (struct program_stream){ .id = id };
    s->pipeline = arena_alloc(&p->arena, p->n_pipelines * sizeof *s->pipeline);
    return s;
}

/* A name that no pipeline has is not connected: the caller knows its pipelines. */
static bool connect(struct program *p, const struct program_connection *c)
{
    struct program_stream *s = stream_of(p, c->stream_id);
    for (unsigned i = 0; s->pipeline && i < p->n_pipelines; i++) {
        bool twice = false;
        for (unsigned k = 0; k < s->n; k++)
            twice = twice || s->pipeline[k] == i;
        if (!twice && slice_eq(p->pipeline[i].pipeline->name, c->pipeline))
            s->pipeline[s->n++] = (uint16_t)i;
    }
    return s->pipeline != NULL;
}

static int by_number(const void *a, const void *b)
{
    const struct program_slot *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool order_stages(struct program *p, struct program_stream *s)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->n; i++)
        n += p->pipeline[s->pipeline[i]].pipeline->n;
    s->slot = arena_alloc(&p->arena, n * sizeof *s->slot);
    for (unsigned i = 0; s->slot && i < s->n; i++) {
        const struct program_pipeline *one = &p->pipeline[s->pipeline[i]];
        for (unsigned k = 0; k < one->pipeline->n; k++)
            s->slot[s->n_slots++] = (struct program_slot){ one->pipeline->stage[k].number,
                                                           s->pipeline[i], one, &one->stage[k] };
    }
    if (s->slot)
        qsort(s->slot, s->n_slots, sizeof *s->slot, by_number);
    return s->slot != NULL;
}

/* ---- all */

static bool make_tables(struct program *p, const struct program_conf *conf)
{
    BUG_ON(conf->n_pipelines > PROGRAM_PIPELINES_MAX);
    p->rule = arena_alloc(&p->arena, PROGRAM_RULES_MAX * sizeof *p->rule);
    p->pipeline = arena_alloc(&p->arena, conf->n_pipelines * sizeof *p->pipeline);
    p->stream = arena_alloc(&p->arena, conf->n_connections * sizeof *p->stream);
    return p->rule && p->pipeline && p->stream;
}

static bool load(struct loader *l)
{
    struct program *p = l->p;
    const struct program_conf *conf = l->conf;
    if (!make_tables(p, conf))
        return false;
    for (unsigned i = 0; i < conf->n_rules; i++)
        load_rules(l, i);
    for (unsigned i = 0; i < conf->n_pipelines; i++) {
        if (!load_pipeline(l, i))
            return false;
    }
    for (unsigned i = 0; i < conf->n_connections; i++) {
        if (!connect(p, &conf->connection[i]))
            return false;
    }
    for (unsigned i = 0; i < p->n_streams; i++) {
        if (!order_stages(p, &p->stream[i]))
            return false;
    }
    return !p->arena.full;
}

struct program *program_load(const struct program_conf *conf, unsigned *n_mistakes)
{
    struct program *p = xcalloc(1, sizeof *p);
    struct loader l = { .conf = conf, .p = p };
    arena_init(&p->arena, NULL, 0);
    bool loaded = load(&l);
    *n_mistakes = l.mistakes;
    if (loaded)
        return p;
    program_free(p);
    return NULL;
}

void program_free(struct program *p)
{
    if (p)
        arena_free(&p->arena);
    xfree(p);
}

unsigned program_rules(const struct program *p)
{
    return p->n_rules;
}

struct slice program_rule_name(const struct program *p, unsigned rule)
{
    return p->rule[rule].rule->name;
}

unsigned program_rule_source(const struct program *p, unsigned rule)
{
    return p->rule[rule].source;
}
