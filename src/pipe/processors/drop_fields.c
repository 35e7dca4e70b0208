/* drop_fields: takes out fields by name or expression. */
#include "pipe/processor.h"

struct drop_fields {
    struct texts fields;
    bool ignore_missing;
    struct name_list *list;
};

/* clang-format off */
static const struct option options[] = {
    OPT(drop_fields, fields,         TEXTS, "fields",         NULL,    0, 0, OPT_REQUIRED, "Names, or regular expressions between slashes."),
    OPT(drop_fields, ignore_missing, BOOL,  "ignore_missing", "false", 0, 0, 0,            "A name that is not there is no failure."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct drop_fields *c = conf;
    return name_list_load(&c->fields, l, &c->list);
}

static void drop_matching(struct drop_fields *c, struct event *e)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < e->n; i++)
        if (!name_list_matches(c->list, e->v[i].field))
            e->v[kept++] = e->v[i];
    e->n = kept;
}

static enum step run(void *conf, struct event *e)
{
    struct drop_fields *c = conf;
    bool all = true;
    struct ref *r;
    for (unsigned i = 0; (r = name_list_ref(c->list, i)); i++)
        all &= ref_remove(r, e);
    drop_matching(c, e);
    return all || c->ignore_missing ? STEP_OK : STEP_FAILED;
}

const struct processor processor_drop_fields = {
    .name = "drop_fields",
    .doc = "Takes fields out of the event.",
    .options = options,
    .conf_size = sizeof(struct drop_fields),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
