/* What of a rule does not work in a Graylog as it does here, and what it needs that a content pack
 * does not bring. The tree is as it was parsed; the pack it comes from has been compiled. */
#include "pack/export_private.h"
#include "pack/function.h"

struct checking {
    struct exporting *x;
    const char *file;
    struct slice rule;
};

static struct place here(const struct checking *c, const struct expr *e)
{
    return (struct place){ c->file, e->line, e->col + 1 };
}

/* The argument of a call as it is written, or NULL. */
static const struct expr *argument(const struct checking *c, const struct expr *call,
                                   const char *name)
{
    const struct function *f = function_find(call->text, &c->x->packs->mem);
    for (unsigned i = 0; i < call->n; i++) {
        if (call->named && slice_eq(call->key[i], slice_cstr(name)))
            return call->item[i];
        if (!call->named && f && i < f->n_params && slice_eq(f->param[i].name, slice_cstr(name)))
            return call->item[i];
    }
    return NULL;
}

static bool text_of(const struct expr *e, struct slice *out)
{
    if (!e || e->kind != E_CONST || e->value.kind != K_STRING)
        return false;
    *out = rule_text(&e->value);
    return true;
}

/* ---- calls */

static bool has_table(const struct exporting *x, struct slice name)
{
    for (unsigned i = 0; i < x->packs->n_tables; i++)
        if (slice_eq(x->packs->table[i].name, name))
            return true;
    return false;
}

static void check_table(const struct checking *c, const struct expr *call)
{
    struct slice name;
    if (text_of(argument(c, call, "lookup_table"), &name) && !has_table(c->x, name))
        export_note(c->x, "Needed there: a lookup table `%.*s`; the pack has none of that name.",
                    (int)slice_first(name, 200).n, (const char *)name.p);
}

/* Streams are known by their titles: ids are made at installation. */
static void check_stream(const struct checking *c, const struct expr *call)
{
    struct slice id, name;
    char uuid[UUID_TEXT];
    bool by_id = text_of(argument(c, call, "id"), &id);
    if (by_id && !slice_eq(id, SLICE(DEFAULT_STREAM_ID)))
        mistake_add(c->x->wrong, here(c, call),
                    "a stream has another id in every Graylog (mend: name: and its title)");
    if (by_id || !text_of(argument(c, call, "name"), &name))
        return;
    if (!slice_eq(name, SLICE(DEFAULT_STREAM_TITLE)) && !export_stream_uuid(c->x, uuid, name))
        export_note(c->x, "Needed there: a stream \"%.*s\"; the pack has none of that title.",
                    (int)slice_first(name, 200).n, (const char *)name.p);
}

static void check_input(const struct checking *c, const struct expr *call)
{
    struct slice name;
    if (text_of(argument(c, call, "id"), &name))
        mistake_add(c->x->wrong, here(c, call),
                    "an input has another id in every Graylog (mend: name: and its title)");
    else if (text_of(argument(c, call, "name"), &name))
        export_note(c->x, "Needed there: an input \"%.*s\".", (int)slice_first(name, 200).n,
                    (const char *)name.p);
}

static void check_call(const struct checking *c, const struct expr *call)
{
    check_table(c, call);
    if (slice_eq(call->text, SLICE("route_to_stream")) ||
        slice_eq(call->text, SLICE("remove_from_stream")))
        check_stream(c, call);
    if (slice_eq(call->text, SLICE("from_input")))
        check_input(c, call);
}

/* ---- syntax */

static void check_operand(const struct checking *c, const struct expr *e)
{
    if (e->kind == E_VAR)
        mistake_add(c->x->wrong, here(c, e),
                    "a variable beside && or || is an error in a Graylog (mend: %.*s == true)",
                    (int)slice_first(e->text, 40).n, (const char *)e->text.p);
}

static void check_expr(const struct checking *c, const struct expr *e)
{
    if (!e)
        return;
    if (e->kind == E_CONST && e->value.kind == K_NULL)
        mistake_add(c->x->wrong, here(c, e),
                    "a text in single quotes breaks a Graylog's rules (mend: double quotes)");
    if (e->kind == E_AND || e->kind == E_OR) {
        check_operand(c, e->a);
        check_operand(c, e->b);
    }
    if (e->kind == E_CALL)
        check_call(c, e);
    check_expr(c, e->a);
    check_expr(c, e->b);
    for (unsigned i = 0; i < e->n; i++)
        check_expr(c, e->item[i]);
}

void export_check_rule(struct exporting *x, const struct rule *r, const char *file)
{
    struct checking c = { x, file, r->name };
    check_expr(&c, r->when);
    for (const struct statement *s = r->then; s; s = s->next)
        check_expr(&c, s->e);
}
