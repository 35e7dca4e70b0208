/* The layout of a rule. */
#include "pack/layout.h"

#include "pack/function.h"

static bool is_call(const struct expr *e, const char *function)
{
    return e->kind == E_CALL && strcmp(e->fn->name, function) == 0;
}

/* The argument was not given, or is a constant null. */
static bool is_absent(const struct expr *call, unsigned param)
{
    return !call->in[param].e && call->in[param].v.kind == K_NULL;
}

static bool is_plain_has_field(const struct expr *e)
{
    return is_call(e, "has_field") && e->in[0].plain_name && is_absent(e, 1);
}

static void specialise(struct expr *e);

static void specialise_call(struct expr *e)
{
    for (unsigned i = 0; i < e->n_in; i++) {
        if (e->in[i].e)
            specialise(e->arg[i]);
    }
    if (!is_plain_has_field(e))
        return;
    struct rule_arg name = e->in[0];
    e->kind = E_HAS_FIELD;
    e->hash = name.hash;
    e->field = rule_text(&name.v);
}

static void specialise(struct expr *e)
{
    if (e->kind == E_CALL) {
        specialise_call(e);
        return;
    }
    if (e->kind == E_FIELD && e->a->kind == E_MESSAGE && e->b->kind == E_NAME &&
        !message_is_member(e->field)) {
        e->kind = E_OWN_FIELD;
        return;
    }
    for (uint32_t i = 0; e->item && i < e->n; i++)
        specialise(e->item[i]);
    if (e->a)
        specialise(e->a);
    if (e->b && e->b->kind != E_NAME)
        specialise(e->b);
}

/* rename_field of two constant names in the present message, which may be renamed so. */
static bool is_plain_rename(const struct expr *e)
{
    const struct rule_arg *in = e->in;
    return is_call(e, "rename_field") && is_absent(e, 2) && in[0].plain_name && in[1].plain_name &&
           in[0].hash != in[1].hash && !slice_starts(rule_text(&in[0].v), SLICE("gl2_"));
}

/* set_field of a name and a value alone. */
static bool is_plain_set(const struct expr *e)
{
    bool plain = is_call(e, "set_field") && e->in[0].plain_name;
    for (unsigned i = 2; plain && i < e->n_in; i++)
        plain = is_absent(e, i);
    return plain;
}

static struct rule_step step_of(const struct statement *s)
{
    struct rule_step to = { .kind = STEP_CALL, .e = s->e, .slot = s->slot };
    const struct rule_arg *in = s->e->in;
    if (s->let.n) {
        to.kind = STEP_LET;
    } else if (is_plain_rename(s->e)) {
        to.kind = STEP_RENAME;
        to.name = rule_text(&in[1].v);
        to.hash = in[1].hash;
        to.from = rule_text(&in[0].v);
        to.from_hash = in[0].hash;
    } else if (is_plain_set(s->e)) {
        to.kind = STEP_SET;
        to.name = rule_text(&in[0].v);
        to.hash = in[0].hash;
        to.value = in[1].e;
        to.constant = in[1].v;
    }
    return to;
}

static bool lay_out_steps(struct arena *a, struct rule *r)
{
    for (const struct statement *s = r->then; s; s = s->next)
        r->n_steps++;
    struct rule_step *to = r->step = arena_zalloc(a, r->n_steps * sizeof *to);
    for (const struct statement *s = to ? r->then : NULL; s; s = s->next)
        *to++ = step_of(s);
    return r->step != NULL;
}

/* A condition that begins with has_field of a constant name needs that field. */
static void find_guard(struct rule *r)
{
    const struct expr *e = r->when;
    while (e->kind == E_AND)
        e = e->a;
    if (e->kind != E_HAS_FIELD)
        return;
    r->guard = e->field;
    r->guard_hash = e->hash;
}

bool layout_rule(struct arena *a, struct rule *r)
{
    if (!lay_out_steps(a, r))
        return false;
    specialise(r->when);
    for (struct statement *s = r->then; s; s = s->next)
        specialise(s->e);
    find_guard(r);
    return true;
}
