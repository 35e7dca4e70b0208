/* Explanations by comparing a message before and after each rule. Texts and values of messages
 * never change in place, so what is equal has the same address and length, or the same bits. */
#include "pack/explain.h"

#include "base/bug.h"

struct kept {
    struct slice name;
    struct value v;
    bool there; /* found again after the rule */
};

struct explain {
    const struct program *p;
    struct program_listener listener;
    struct explain_entry *entry;
    unsigned n, cap;
    struct kept *before;
    unsigned n_before, cap_before;
    struct slice *stream;
    unsigned n_streams, cap_streams;
    bool dropped;
    struct slice pipeline; /* where the run is */
    int32_t stage;
};

static const char *const words[] = {
    [EXPLAIN_SET] = "set",         [EXPLAIN_CHANGED] = "changed", [EXPLAIN_REMOVED] = "removed",
    [EXPLAIN_ENTERED] = "entered", [EXPLAIN_LEFT] = "left",       [EXPLAIN_FAILED] = "failed",
    [EXPLAIN_DROPPED] = "dropped",
};

const char *explain_word(enum explain_what what)
{
    return words[what];
}

static struct explain_entry *add(struct explain *x, const struct program_event *e,
                                 enum explain_what what, struct slice name)
{
    static struct explain_entry beyond; /* what is over the bound is not kept */
    if (x->n == EXPLAIN_MAX)
        return &beyond;
    if (x->n == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 64;
        x->entry = xrealloc(x->entry, x->cap * sizeof *x->entry);
    }
    struct explain_entry *to = &x->entry[x->n++];
    *to = (struct explain_entry){ .what = what,
                                  .m = e->m,
                                  .pipeline = x->pipeline,
                                  .rule = program_rule_name(x->p, e->rule),
                                  .stage = x->stage,
                                  .name = name };
    return to;
}

/* ---- before a rule */

static void keep(struct explain *x, struct slice name, const struct value *v)
{
    if (x->n_before == x->cap_before) {
        x->cap_before = x->cap_before ? 2 * x->cap_before : 128;
        x->before = xrealloc(x->before, x->cap_before * sizeof *x->before);
    }
    x->before[x->n_before++] = (struct kept){ name, *v, false };
}

/* The three fields that are members of the struct, as values; VT_NULL: not there. */
static struct value text_value(bool there, struct slice s)
{
    struct value v = { .type = there ? VT_STR : VT_NULL };
    v.p = s.p;
    v.n = (uint32_t)s.n;
    return v;
}

static struct value time_value(const struct message *m)
{
    struct value v = { .type = m->has_ts ? VT_TIME : VT_NULL };
    v.i = m->ts_ms * 1000000;
    return v;
}

static void keep_all(struct explain *x, const struct message *m)
{
    struct value message = text_value(m->has_message, m->message);
    struct value source = text_value(m->has_source, m->source), time = time_value(m);
    x->n_before = 0;
    keep(x, SLICE("message"), &message);
    keep(x, SLICE("source"), &source);
    keep(x, SLICE("timestamp"), &time);
    for (unsigned i = 0; i < m->n; i++)
        keep(x, m->f[i].name, &m->f[i].v);
    if (x->cap_streams < m->n_streams) {
        x->cap_streams = m->n_streams + 8;
        x->stream = xrealloc(x->stream, x->cap_streams * sizeof *x->stream);
    }
    x->n_streams = m->n_streams;
    for (unsigned i = 0; i < m->n_streams; i++)
        x->stream[i] = m->streams[i];
    x->dropped = m->dropped;
}

/* ---- after it */

static bool same_value(const struct value *a, const struct value *b)
{
    if (a->type != b->type || a->n != b->n)
        return false;
    bool is_text = a->type == VT_STR;
    return is_text ? slice_eq(slice_of(a->p, a->n), slice_of(b->p, b->n)) : a->i == b->i;
}

static struct kept *find(struct explain *x, struct slice name, unsigned guess)
{
    if (guess < x->n_before && slice_eq(x->before[guess].name, name))
        return &x->before[guess];
    for (unsigned i = 0; i < x->n_before; i++) {
        if (slice_eq(x->before[i].name, name))
            return &x->before[i];
    }
    return NULL;
}

static void compare(struct explain *x, const struct program_event *e, struct slice name,
                    const struct value *now, unsigned guess)
{
    struct kept *old = find(x, name, guess);
    if (old)
        old->there = true;
    if (!old || old->v.type == VT_NULL) {
        if (now->type != VT_NULL)
            add(x, e, EXPLAIN_SET, name)->after = *now;
    } else if (now->type == VT_NULL) {
        old->there = false;
    } else if (!same_value(&old->v, now)) {
        struct explain_entry *to = add(x, e, EXPLAIN_CHANGED, name);
        to->before = old->v;
        to->after = *now;
    }
}

static bool is_in(const struct slice *list, unsigned n, struct slice id)
{
    for (unsigned i = 0; i < n; i++) {
        if (slice_eq(list[i], id))
            return true;
    }
    return false;
}

static void compare_streams(struct explain *x, const struct program_event *e)
{
    const struct message *m = e->m;
    for (unsigned i = 0; i < m->n_streams; i++) {
        if (!is_in(x->stream, x->n_streams, m->streams[i]))
            add(x, e, EXPLAIN_ENTERED, m->streams[i]);
    }
    for (unsigned i = 0; i < x->n_streams; i++) {
        if (!is_in(m->streams, m->n_streams, x->stream[i]))
            add(x, e, EXPLAIN_LEFT, x->stream[i]);
    }
}

static void compare_all(struct explain *x, const struct program_event *e)
{
    const struct message *m = e->m;
    struct value message = text_value(m->has_message, m->message);
    struct value source = text_value(m->has_source, m->source), time = time_value(m);
    compare(x, e, SLICE("message"), &message, 0);
    compare(x, e, SLICE("source"), &source, 1);
    compare(x, e, SLICE("timestamp"), &time, 2);
    for (unsigned i = 0; i < m->n; i++)
        compare(x, e, m->f[i].name, &m->f[i].v, i + 3);
    for (unsigned i = 0; i < x->n_before; i++) {
        if (!x->before[i].there && x->before[i].v.type != VT_NULL)
            add(x, e, EXPLAIN_REMOVED, x->before[i].name)->before = x->before[i].v;
    }
    compare_streams(x, e);
    if (m->dropped && !x->dropped)
        add(x, e, EXPLAIN_DROPPED, slice_of(NULL, 0));
}

static void tell(void *ctx, const struct program_event *e)
{
    struct explain *x = ctx;
    if (e->step == PROGRAM_ENTER) {
        x->pipeline = e->pipeline;
        x->stage = e->stage;
    } else if (e->step == PROGRAM_RULE_BEGIN) {
        keep_all(x, e->m);
    } else if (e->step == PROGRAM_RULE_END) {
        compare_all(x, e);
    }
    bool asked = e->step == PROGRAM_CONDITION || e->step == PROGRAM_RULE_END;
    if (asked && e->rule != PROGRAM_NO_RULE && e->answer == RULE_ERROR)
        add(x, e, EXPLAIN_FAILED, slice_of(NULL, 0));
}

struct explain *explain_new(const struct program *p)
{
    struct explain *x = xcalloc(1, sizeof *x);
    x->p = p;
    x->listener = (struct program_listener){ tell, x };
    return x;
}

void explain_free(struct explain *x)
{
    if (!x)
        return;
    xfree(x->entry);
    xfree(x->before);
    xfree(x->stream);
    xfree(x);
}

const struct program_listener *explain_listener(struct explain *x)
{
    return &x->listener;
}

const struct explain_entry *explain_entries(const struct explain *x, unsigned *n)
{
    *n = x->n;
    return x->entry;
}

void explain_reset(struct explain *x)
{
    x->n = 0;
}
