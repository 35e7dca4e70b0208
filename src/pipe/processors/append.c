/* append: values and other fields' values to the end of a list. */
#include "pipe/list.h"
#include "pipe/literal.h"
#include "pipe/processor.h"

struct append {
    const char *target;
    struct texts fields;
    const struct node *values;
    bool ignore_missing, ignore_empty, fail_on_error, allow_duplicate;
    struct ref to, *from;
    struct value literal; /* of `values`; VT_NULL: none */
};

/* clang-format off */
static const struct option options[] = {
    OPT(append, target,          TEXT,  "target_field",        NULL,    0, 0, OPT_REQUIRED, "The list; what stands there alone becomes its first item."),
    OPT(append, fields,          TEXTS, "fields",              NULL,    0, 0, 0,            "Fields whose values, or whose items, are appended."),
    OPT(append, values,          NODE,  "values",              NULL,    0, 0, 0,            "Values that are appended."),
    OPT(append, ignore_missing,  BOOL,  "ignore_missing",      "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(append, ignore_empty,    BOOL,  "ignore_empty_values", "false", 0, 0, 0,            "Leave empty texts and nulls out."),
    OPT(append, fail_on_error,   BOOL,  "fail_on_error",       "true",  0, 0, 0,            "On failure the event stays as it was and error.message tells."),
    OPT(append, allow_duplicate, BOOL,  "allow_duplicate",     "true",  0, 0, 0,            "Values may stand in the list several times."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct append *c = conf;
    c->to = ref_for_writing(c->target);
    c->from = refs_load(&c->fields, l);
    if (!c->from)
        return ERR_LIMIT;
    return c->values ? literal_of(c->values, l, &c->literal) : ERR_OK;
}

/* Room for `more` items beside those that are there. */
struct items {
    struct event *e;
    struct value *v;
    unsigned n, cap;
};

static bool add(struct items *to, const struct value *v)
{
    if (to->n == to->cap) {
        unsigned cap = to->cap ? to->cap * 2 : 16;
        struct value *room = arena_alloc(to->e->mem, cap * sizeof *room);
        if (!room) {
            to->e->lost = true;
            return false;
        }
        if (to->n)
            memcpy(room, to->v, to->n * sizeof *room);
        to->v = room;
        to->cap = cap;
    }
    to->v[to->n++] = *v;
    return true;
}

/* v, or its items when it is a list. */
static bool add_all(struct items *to, const struct value *v)
{
    if (!list_is(v))
        return add(to, v);
    for (unsigned i = 0; i < v->n; i++) {
        struct value item = list_item(v, i);
        if (!add(to, &item))
            return false;
    }
    return true;
}

static bool is_left_out(const struct append *c, const struct items *list, unsigned i)
{
    const struct value *v = &list->v[i];
    if (c->ignore_empty && (v->type == VT_NULL || (v->type == VT_STR && !v->n)))
        return true;
    for (unsigned k = 0; !c->allow_duplicate && k < i; k++)
        if (scalar_eq(&list->v[k], v))
            return true;
    return false;
}

static void tidy(const struct append *c, struct items *list)
{
    unsigned n = list->n;
    list->n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct value v = list->v[i];
        list->v[list->n] = v;
        if (!is_left_out(c, list, list->n))
            list->n++;
    }
}

static bool append(struct append *c, struct event *e)
{
    struct items list = { .e = e };
    struct value v;
    if (ref_get(&c->to, e, &v) && !add_all(&list, &v))
        return false;
    for (unsigned i = 0; i < c->fields.n; i++) {
        bool there = ref_get(&c->from[i], e, &v);
        if (there ? !add_all(&list, &v) : !c->ignore_missing)
            return false;
    }
    if (c->literal.type != VT_NULL && !add_all(&list, &c->literal))
        return false;
    tidy(c, &list);
    return list_make(list.v, list.n, e->mem, &v) && ref_set(&c->to, e, &v);
}

static enum step run(void *conf, struct event *e)
{
    struct append *c = conf;
    struct saved saved = event_save(e);
    if (!saved.v)
        return STEP_FAILED;
    if (append(c, e))
        return STEP_OK;
    if (c->fail_on_error)
        event_undo(e, &saved, "failed to append fields in append processor");
    return c->fail_on_error ? STEP_FAILED : STEP_OK;
}

const struct processor processor_append = {
    .name = "append",
    .doc = "Appends values to a list.",
    .options = options,
    .conf_size = sizeof(struct append),
    .prepare = prepare,
    .run = run,
};
