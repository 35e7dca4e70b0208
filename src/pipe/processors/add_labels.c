/* add_labels: sets fixed fields under `labels`, whose names keep their dots. */
#include "pipe/literal.h"
#include "pipe/processor.h"

struct add_labels {
    const struct node *labels;
    struct literals literals;
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_labels, labels, NODE, "labels", NULL, 0, 0, OPT_REQUIRED, "Names and values."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_labels *c = conf;
    return literals_add(c->labels, "labels", l, &c->literals);
}

static enum step run(void *conf, struct event *e)
{
    struct add_labels *c = conf;
    return literals_set(&c->literals, e) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_add_labels = {
    .name = "add_labels",
    .doc = "Sets labels to fixed values.",
    .options = options,
    .conf_size = sizeof(struct add_labels),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
