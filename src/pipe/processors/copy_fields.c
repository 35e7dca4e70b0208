/* copy_fields: copies fields to other names; the target must not be there. */
#include "pipe/processor.h"

struct copy_fields {
    const struct node *fields;
    bool ignore_missing, fail_on_error;
    struct moves *moves;
};

/* clang-format off */
static const struct option options[] = {
    OPT(copy_fields, fields,         NODE, "fields",         NULL,    0, 0, OPT_REQUIRED, "A list of maps with from and to."),
    OPT(copy_fields, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A name that is not there is no failure."),
    OPT(copy_fields, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was and error.message tells."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct copy_fields *c = conf;
    return moves_load(c->fields, l, &c->moves);
}

static enum step run(void *conf, struct event *e)
{
    struct copy_fields *c = conf;
    struct move_rules rules = { .keep = true,
                                .ignore_missing = c->ignore_missing,
                                .fail_on_error = c->fail_on_error,
                                .failure = "Failed to copy fields in copy_fields processor" };
    return moves_run(c->moves, e, &rules);
}

const struct processor processor_copy_fields = {
    .name = "copy_fields",
    .doc = "Copies fields to other names.",
    .options = options,
    .conf_size = sizeof(struct copy_fields),
    .prepare = prepare,
    .run = run,
};
