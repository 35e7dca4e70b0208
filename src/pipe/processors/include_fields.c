/* include_fields: keeps the named fields and takes out all others. */
#include "pipe/processor.h"

struct include_fields {
    struct texts fields;
    struct name_list *list;
};

/* clang-format off */
static const struct option options[] = {
    OPT(include_fields, fields, TEXTS, "fields", NULL, 0, 0, OPT_REQUIRED, "Names of the fields that stay."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct include_fields *c = conf;
    return name_list_load(&c->fields, l, &c->list);
}

static bool stays(struct include_fields *c, const struct value *v)
{
    if (v->field == ecs[ECS_TYPE].id || v->field < schema_metadata_end() ||
        name_list_matches(c->list, v->field))
        return true;
    struct ref *r;
    for (unsigned i = 0; (r = name_list_ref(c->list, i)); i++)
        if (ref_covers(r, v->field))
            return true;
    return false;
}

/* Members of objects that are named one by one: a new object with only those. */
static void keep_members(struct include_fields *c, struct event *e, const struct event *before)
{
    struct ref *r;
    struct value v;
    for (unsigned i = 0; (r = name_list_ref(c->list, i)); i++)
        if (ref_is_member(r) && ref_get(r, before, &v))
            ref_set(r, e, &v);
}

static enum step run(void *conf, struct event *e)
{
    struct include_fields *c = conf;
    struct event before = *e;
    unsigned cap = e->n + 8;
    e->v = arena_alloc(e->mem, cap * sizeof *e->v);
    if (!e->v) {
        *e = before;
        e->lost = true;
        return STEP_FAILED;
    }
    e->n = 0;
    e->cap = cap;
    for (unsigned i = 0; i < before.n; i++)
        if (stays(c, &before.v[i]))
            e->v[e->n++] = before.v[i];
    keep_members(c, e, &before);
    return STEP_OK;
}

const struct processor processor_include_fields = {
    .name = "include_fields",
    .doc = "Keeps only some fields.",
    .options = options,
    .conf_size = sizeof(struct include_fields),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
