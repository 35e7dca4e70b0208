/* Running rules again over what can be told of a message's original. */
#include "pack/recall.h"

#include "base/bug.h"
#include "model/message_json.h"
#include "pack/explain.h"
#include "pack/flat.h"
#include "pack/function.h"
#include "pack/layout.h"
#include "pack/program_private.h"

#define NODES_MAX  65536
#define TEXT_EXTRA 65536 /* the second message may be longer than the first */

struct recall {
    const struct program *p;
    struct arena *mem;
    struct jsondoc stored, again;
    struct message *m;    /* the original, as far as it can be told */
    struct recalled *out; /* one for each member of stored */
};

/* ---- what rules do to fields, without running them */

/* The field that a step gives a value, or an empty slice. */
static struct slice set_by(const struct rule_step *s)
{
    const struct expr *e = s->e;
    if (s->kind == STEP_SET || s->kind == STEP_RENAME)
        return s->name;
    bool sets = s->kind == STEP_CALL && e && e->kind == E_CALL && e->fn &&
                strcmp(e->fn->name, "set_field") == 0;
    return sets && e->in && e->in[0].v.kind == K_STRING ? rule_text(&e->in[0].v)
                                                        : slice_of(NULL, 0);
}

static void add_rule(struct recalled *r, struct slice rule)
{
    for (unsigned i = 0; i < r->n; i++)
        if (slice_eq(r->rule[i], rule))
            return;
    if (r->n < RECALL_RULES_MAX)
        r->rule[r->n++] = rule;
}

/* Calls each for every statement of every rule that gives the field a value. */
typedef void each_step(struct recall *x, const struct rule *r, const struct rule_step *s,
                       void *arg);

static void each_setting(struct recall *x, struct slice field, each_step *each, void *arg)
{
    for (unsigned i = 0; i < x->p->n_rules; i++) {
        const struct rule *r = x->p->rule[i].rule;
        for (const struct statement *s = r ? r->then : NULL; s; s = s->next) {
            struct rule_step step = layout_step(s);
            if (slice_eq(set_by(&step), field))
                each(x, r, &step, arg);
        }
    }
}

static void name_rule(struct recall *x, const struct rule *r, const struct rule_step *s, void *arg)
{
    (void)x, (void)s;
    add_rule(arg, r->name);
}

/* ---- the original */

struct source {
    struct slice field;
    struct value v;
    bool set, renamed;
};

static void put_back(struct recall *x, const struct rule *r, const struct rule_step *s, void *arg)
{
    struct source *from = arg;
    (void)r;
    from->set = true;
    if (s->kind != STEP_RENAME)
        return;
    from->renamed = true;
    if (!jsondoc_get(&x->stored, x->stored.node, s->from))
        message_set(x->m, s->from, &from->v);
}

/* What the Beats input gives events that have no text. */
static const struct value no_text = { .type = VT_STR, .n = 1, .p = "-" };

/* A field that rules only rename goes back to each name that it may have had; one that they compute
 * stays out, and so does a text that they make; all others are as they came. */
static void add_original(struct recall *x, const struct jsondoc_node *n)
{
    struct source from = { .field = jsondoc_key(n) };
    if (slice_starts(from.field, SLICE("gl2_")) || slice_eq(from.field, SLICE("streams")))
        return;
    if (slice_eq(from.field, SLICE("timestamp")) && n->type == JD_STR) {
        x->m->has_ts = flat_time(jsondoc_str(n), &x->m->ts_ms);
        return;
    }
    if (!flat_value(&x->stored, n, x->mem, &from.v))
        return;
    each_setting(x, from.field, put_back, &from);
    if (from.set && slice_eq(from.field, SLICE("message")))
        from.v = no_text;
    if (!from.set || message_is_member(from.field))
        message_set(x->m, from.field, &from.v);
}

/* ---- comparing */

static bool is_number(const struct jsondoc_node *n)
{
    return n->type == JD_INT || n->type == JD_DOUBLE;
}

static double number(const struct jsondoc_node *n)
{
    return n->type == JD_DOUBLE ? n->d : (double)jsondoc_int(n);
}

/* Dates are written in more than one form. */
static bool same_text(struct slice a, struct slice b)
{
    int64_t x, y;
    return slice_eq(a, b) || (flat_time(a, &x) && flat_time(b, &y) && x == y);
}

static bool same_scalar(const struct jsondoc_node *a, const struct jsondoc_node *b)
{
    if (is_number(a) && is_number(b))
        return number(a) == number(b);
    if (a->type != b->type)
        return false;
    return a->type == JD_STR ? same_text(jsondoc_str(a), jsondoc_str(b))
                             : a->type == JD_BOOL && a->i == b->i;
}

static bool same(const struct recall *x, const struct jsondoc_node *a, const struct jsondoc_node *b)
{
    if (a->type != JD_ARRAY || b->type != JD_ARRAY)
        return same_scalar(a, b);
    uint32_t i = a->n ? a->child : 0, k = b->n ? b->child : 0;
    while (i && k && same_scalar(&x->stored.node[i], &x->again.node[k])) {
        i = x->stored.node[i].next;
        k = x->again.node[k].next;
    }
    return !i && !k;
}

/* ---- all */

static bool read_text(struct jsondoc *d, struct slice text, struct arena *mem)
{
    uint8_t *copy = arena_zalloc(mem, text.n + JSONDOC_PAD);
    if (!copy)
        return false;
    memcpy(copy, text.p, text.n);
    jsondoc_init(d, NODES_MAX);
    return jsondoc_read(d, copy, text.n, 0) == JSONDOC_OK && d->node->type == JD_OBJECT;
}

static void nobody(void *ctx, struct message *m)
{
    (void)ctx, (void)m;
}

/* What came out, read back as the stored one was. */
static bool read_again(struct recall *x, const struct rule_env *env, size_t bytes)
{
    const struct message_form form = { .now_ms = env->now_ms, .id = SLICE("message") };
    size_t room = 2 * bytes + TEXT_EXTRA;
    uint8_t *text = arena_alloc(x->mem, room);
    struct buf b = buf_of(text, text ? room : 0);
    return message_json(x->m, &form, &b) && read_text(&x->again, buf_slice(&b), x->mem);
}

static void name_field(struct recall *x, const struct explain_entry *e, unsigned n_entries,
                       struct recalled *r)
{
    const struct jsondoc_node *was = jsondoc_get(&x->stored, x->stored.node, r->field);
    const struct jsondoc_node *is = jsondoc_get(&x->again, x->again.node, r->field);
    r->sure = is && same(x, was, is);
    for (unsigned i = 0; r->sure && i < n_entries; i++)
        if (e[i].m == x->m && (e[i].what == EXPLAIN_SET || e[i].what == EXPLAIN_CHANGED) &&
            slice_eq(e[i].name, r->field))
            add_rule(r, e[i].rule);
    if (r->n)
        return;
    r->sure = false;
    each_setting(x, r->field, name_rule, r);
}

static unsigned name_all(struct recall *x, const struct explain *how)
{
    unsigned n_entries, n = 0;
    const struct explain_entry *e = explain_entries(how, &n_entries);
    const struct jsondoc_node *root = x->stored.node;
    for (uint32_t i = root->n ? root->child : 0; i; i = x->stored.node[i].next) {
        x->out[n] = (struct recalled){ .field = jsondoc_key(&x->stored.node[i]) };
        name_field(x, e, n_entries, &x->out[n]);
        n += x->out[n].n > 0;
    }
    return n;
}

static unsigned run_again(struct recall *x, const struct rule_env *env, size_t bytes)
{
    const struct program_sink sink = { nobody, NULL };
    struct rule_env rehearsal = *env;
    struct program_run *run = program_run_new(x->p);
    struct explain *how = explain_new(x->p);
    rehearsal.rehearsal = true;
    message_stream(x->m, env->default_stream);
    program_run(run, &rehearsal, x->m, &sink, explain_listener(how));
    unsigned n = read_again(x, env, bytes) ? name_all(x, how) : 0;
    explain_free(how);
    program_run_free(run);
    return n;
}

static unsigned recall(struct recall *x, const struct rule_env *env, struct slice text)
{
    if (!read_text(&x->stored, text, x->mem))
        return 0;
    const struct jsondoc_node *root = x->stored.node;
    x->m = message_new(x->mem, root->n + 4);
    x->out = arena_alloc(x->mem, (root->n + 1) * sizeof *x->out);
    if (!x->m || !x->out)
        return 0;
    for (uint32_t i = root->n ? root->child : 0; i; i = x->stored.node[i].next)
        add_original(x, &x->stored.node[i]);
    return run_again(x, env, text.n);
}

const struct recalled *recall_rules(const struct program *p, const struct rule_env *env,
                                    struct slice text, struct arena *mem, unsigned *n)
{
    struct recall *x = xcalloc(1, sizeof *x); /* too large for a stack */
    x->p = p;
    x->mem = mem;
    *n = recall(x, env, text);
    const struct recalled *out = *n ? x->out : NULL;
    jsondoc_free(&x->stored);
    jsondoc_free(&x->again);
    xfree(x);
    return out;
}
