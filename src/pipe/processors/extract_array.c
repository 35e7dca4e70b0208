/* extract_array: items of a list, by their numbers, to fields. */
#include "pipe/list.h"
#include "pipe/literal.h"
#include "pipe/processor.h"

struct mapping {
    struct mapping *next;
    int64_t from;
    struct ref to;
};

struct extract_array {
    const char *field;
    const struct node *mappings;
    bool ignore_missing, omit_empty, overwrite_keys, fail_on_error;
    struct ref list;
    struct mapping *first; /* by number */
};

/* clang-format off */
static const struct option options[] = {
    OPT(extract_array, field,          TEXT, "field",          NULL,    0, 0, OPT_REQUIRED, "Field with the list."),
    OPT(extract_array, mappings,       NODE, "mappings",       NULL,    0, 0, OPT_REQUIRED, "Fields, each with the number of its item, from 0."),
    OPT(extract_array, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(extract_array, omit_empty,     BOOL, "omit_empty",     "false", 0, 0, 0,            "Leave empty items out."),
    OPT(extract_array, overwrite_keys, BOOL, "overwrite_keys", "false", 0, 0, 0,            "Fields may be there already."),
    OPT(extract_array, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was; else the other items are taken."),
    { 0 }
};
/* clang-format on */

static err take_mapping(void *ctx, const char *name, const struct node *leaf,
                        const struct loading *l)
{
    struct extract_array *c = ctx;
    if (leaf->type != NODE_INT || leaf->i < 0)
        return why_set(l->why, ERR_CONFIG, "%s: mappings: %s needs the number of an item, from 0",
                       l->prefix, name);
    struct mapping *m = arena_zalloc(l->mem, sizeof *m);
    if (!m)
        return config_is_too_large(l);
    *m = (struct mapping){ .from = leaf->i, .to = ref_for_writing(name) };
    struct mapping **at = &c->first;
    while (*at && (*at)->from <= m->from)
        at = &(*at)->next;
    m->next = *at;
    *at = m;
    return ERR_OK;
}

static err prepare(void *conf, const struct loading *l)
{
    struct extract_array *c = conf;
    c->list = ref_of(c->field);
    err e = leaves_each(c->mappings, "", l, take_mapping, c);
    if (!e && !c->first)
        e = why_set(l->why, ERR_CONFIG, "%s: mappings names no field", l->prefix);
    return e;
}

static bool is_empty(const struct value *v)
{
    if (v->type == VT_OBJECT)
        return ((const struct object *)v->p)->n == 0;
    return v->type == VT_NULL || ((v->type == VT_STR || list_is(v)) && v->n == 0);
}

static bool take(struct extract_array *c, struct event *e, const struct value *list,
                 struct mapping *m)
{
    if (m->from >= list_count(list))
        return false;
    struct value item = list_item(list, (unsigned)m->from);
    if (c->omit_empty && is_empty(&item))
        return true;
    return (c->overwrite_keys || !ref_is_there(&m->to, e)) && ref_set(&m->to, e, &item);
}

static enum step run(void *conf, struct event *e)
{
    struct extract_array *c = conf;
    struct value list;
    if (!ref_get(&c->list, e, &list))
        return c->ignore_missing ? STEP_OK : STEP_FAILED;
    if (!list_is(&list))
        return c->fail_on_error ? STEP_FAILED : STEP_OK;
    struct saved saved = event_save(e);
    if (!saved.v)
        return STEP_FAILED;
    for (struct mapping *m = c->first; m; m = m->next) {
        if (take(c, e, &list, m) || !c->fail_on_error)
            continue;
        event_undo(e, &saved, NULL);
        return STEP_FAILED;
    }
    return STEP_OK;
}

const struct processor processor_extract_array = {
    .name = "extract_array",
    .doc = "Takes items out of a list.",
    .options = options,
    .conf_size = sizeof(struct extract_array),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
