/* The layout of a rule. */
#include "pack/layout.h"

#include "pack/function.h"
#include "pack/lexer.h"

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

static bool is_text_of_field(const struct expr *e)
{
    return is_call(e, "to_string") && is_absent(e, 1) && e->in[0].e &&
           e->in[0].e->kind == E_OWN_FIELD;
}

static bool specialise(struct arena *a, struct expr *e);

static bool specialise_call(struct arena *a, struct expr *e)
{
    for (unsigned i = 0; i < e->n_in; i++) {
        if (e->in[i].e && !specialise(a, e->arg[i]))
            return false;
    }
    if (is_text_of_field(e)) {
        const struct expr *field = e->in[0].e;
        e->kind = E_FIELD_TEXT;
        e->hash = field->hash;
        e->field = field->field;
        return true;
    }
    if (!is_plain_has_field(e))
        return true;
    struct rule_arg name = e->in[0];
    e->kind = E_HAS_FIELD;
    e->hash = name.hash;
    e->field = rule_text(&name.v);
    return true;
}

static uint32_t count_items(const struct expr *e, uint8_t kind)
{
    return e->kind == kind ? count_items(e->a, kind) + count_items(e->b, kind) : 1;
}

static struct expr **put_items(struct expr **to, struct expr *e, uint8_t kind)
{
    if (e->kind == kind)
        return put_items(put_items(to, e->a, kind), e->b, kind);
    *to = e;
    return to + 1;
}

/* a AND (b AND c) is a list of three; so for OR. */
static bool flatten(struct arena *a, struct expr *e)
{
    uint8_t kind = e->kind;
    e->n = count_items(e, kind);
    e->item = arena_alloc(a, e->n * sizeof *e->item);
    if (!e->item)
        return false;
    put_items(put_items(e->item, e->a, kind), e->b, kind);
    e->kind = kind == E_AND ? E_ALL : E_ANY;
    return true;
}

/* x == "a" OR x == "b": the field is looked for once. */
static void join_comparisons(struct expr *e)
{
    const struct expr *first = e->item[0];
    for (uint32_t i = 0; i < e->n; i++) {
        const struct expr *one = e->item[i];
        if (one->kind != E_FIELD_IS || one->op != TK_EQ || one->hash != first->hash ||
            !slice_eq(one->field, first->field))
            return;
    }
    e->kind = E_FIELD_IN;
    e->field = first->field;
    e->hash = first->hash;
}

static bool specialise_parts(struct arena *a, struct expr *e)
{
    bool good = true;
    for (uint32_t i = 0; e->item && good && i < e->n; i++)
        good = specialise(a, e->item[i]);
    if (e->kind == E_ALL || e->kind == E_ANY)
        return good;
    if (good && e->a)
        good = specialise(a, e->a);
    return good && (!e->b || e->b->kind == E_NAME || specialise(a, e->b));
}

static bool specialise(struct arena *a, struct expr *e)
{
    if (e->kind == E_CALL)
        return specialise_call(a, e);
    if ((e->kind == E_AND || e->kind == E_OR) && !flatten(a, e))
        return false;
    if (!specialise_parts(a, e))
        return false;
    if (e->kind == E_ANY)
        join_comparisons(e);
    const struct expr *left = e->a, *right = e->b;
    if (e->kind == E_FIELD && left->kind == E_MESSAGE && right->kind == E_NAME &&
        !message_is_member(e->field)) {
        e->kind = E_OWN_FIELD;
    } else if (e->kind == E_EQUAL && left->kind == E_OWN_FIELD && right->kind == E_CONST) {
        e->kind = E_FIELD_IS;
        e->field = left->field;
        e->hash = left->hash;
        e->with = right->value;
    }
    return true;
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

struct rule_step layout_step(const struct statement *s)
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
        *to++ = layout_step(s);
    return r->step != NULL;
}

/* What a condition asks first: without that field it is false. */
static void find_guard(struct rule *r)
{
    const struct expr *e = r->when;
    while (e->kind == E_ALL)
        e = e->item[0];
    if (e->kind == E_HAS_FIELD || e->kind == E_FIELD_IS || e->kind == E_FIELD_IN)
        r->guard = e;
}

bool layout_rule(struct arena *a, struct rule *r)
{
    bool good = lay_out_steps(a, r) && specialise(a, r->when);
    for (struct statement *s = r->then; good && s; s = s->next)
        good = specialise(a, s->e);
    if (good)
        find_guard(r);
    return good;
}

/* ---- numbers for names */

static void number_parts(struct expr *e, struct message_names *names, struct arena *a);

static void name_argument(struct rule_arg *in)
{
    in->is_text = in->e && in->e->kind == E_FIELD_TEXT;
    if (in->e && (in->e->kind == E_OWN_FIELD || in->is_text))
        in->id = in->e->id;
}

static void number(struct expr *e, struct message_names *names, struct arena *a)
{
    switch (e->kind) {
    case E_OWN_FIELD:
    case E_FIELD_TEXT:
    case E_HAS_FIELD:
    case E_FIELD_IS:
    case E_FIELD_IN:
        e->id = (uint16_t)message_names_add(names, e->field, a);
        break;
    case E_CALL:
        for (unsigned i = 0; i < e->n_in; i++) {
            if (e->in[i].e)
                number(e->arg[i], names, a);
            name_argument(&e->in[i]);
        }
        break;
    case E_CONST:
    case E_MESSAGE:
    case E_VAR:
    case E_NAME:
    case E_WRONG:
        break;
    default:
        number_parts(e, names, a);
    }
}

struct rule_test layout_test(const struct expr *e)
{
    struct rule_test t = { .negated = false };
    for (; e->kind == E_NOT; e = e->a)
        t.negated = !t.negated;
    t.e = e;
    t.kind = e->kind;
    t.id = e->id;
    return t;
}

/* Without memory there are none, and the items are asked. */
static void make_tests(struct expr *e, struct arena *a)
{
    struct rule_test *t = arena_alloc(a, e->n * sizeof *t);
    for (uint32_t i = 0; t && i < e->n; i++)
        t[i] = layout_test(e->item[i]);
    e->test = t;
}

static void number_parts(struct expr *e, struct message_names *names, struct arena *a)
{
    bool is_list = e->kind == E_LIST || e->kind == E_MAP || e->kind == E_ALL || e->kind == E_ANY;
    for (uint32_t i = 0; is_list && i < e->n; i++)
        number(e->item[i], names, a);
    if (e->kind == E_ALL || e->kind == E_ANY)
        make_tests(e, a);
    if (!is_list && e->a)
        number(e->a, names, a);
    if (!is_list && e->b)
        number(e->b, names, a);
}

static bool has_ids(const struct rule_step *step)
{
    return step->kind == STEP_RENAME && step->id && step->from_id;
}

/* From step i on: how many renames follow each other. */
static uint32_t count_renames(const struct rule *r, uint32_t i)
{
    uint32_t n = 0;
    while (i + n < r->n_steps && has_ids(&r->step[i + n]))
        n++;
    return n;
}

/* Renames that follow each other become one step. */
static void join_renames(struct rule *r, struct arena *a)
{
    uint32_t kept = 0;
    for (uint32_t i = 0, n; i < r->n_steps; i += n ? n : 1) {
        struct rule_step step = r->step[i];
        n = count_renames(r, i);
        struct rule_rename *pair = n ? arena_alloc(a, n * sizeof *pair) : NULL;
        if (n && !pair)
            n = 0;
        for (uint32_t k = 0; k < n; k++)
            pair[k] = (struct rule_rename){ r->step[i + k].from_id, r->step[i + k].id };
        if (n) {
            step.kind = STEP_RENAMES;
            step.pair = pair;
            step.n = n;
        }
        r->step[kept++] = step;
    }
    r->n_steps = kept;
}

void layout_names(struct rule *r, struct message_names *names, struct arena *a)
{
    number(r->when, names, a);
    for (const struct statement *s = r->then; s; s = s->next)
        number(s->e, names, a);
    for (uint32_t i = 0; i < r->n_steps; i++) {
        struct rule_step *step = &r->step[i];
        if (step->kind == STEP_RENAME)
            step->from_id = (uint16_t)message_names_add(names, step->from, a);
        if (step->kind == STEP_RENAME || step->kind == STEP_SET)
            step->id = (uint16_t)message_names_add(names, step->name, a);
    }
    join_renames(r, a);
}
