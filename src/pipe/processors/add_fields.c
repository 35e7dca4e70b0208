/* add_fields: sets fixed fields, under `fields` unless told otherwise. */
#include "pipe/literal.h"
#include "pipe/processor.h"

struct add_fields {
    const struct node *fields;
    const char *target;
    struct literals literals;
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_fields, fields, NODE, "fields", NULL,     0, 0, OPT_REQUIRED, "Names and values; dots in names nest."),
    OPT(add_fields, target, TEXT, "target", "fields", 0, 0, 0,            "Name that they go under; empty: the root of the event."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_fields *c = conf;
    return literals_add(c->fields, c->target ? c->target : "", l, &c->literals);
}

static enum step run(void *conf, struct event *e)
{
    struct add_fields *c = conf;
    return literals_set(&c->literals, e) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_add_fields = {
    .name = "add_fields",
    .doc = "Sets fields to fixed values.",
    .options = options,
    .conf_size = sizeof(struct add_fields),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
