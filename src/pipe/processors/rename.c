/* rename: gives fields other names; the target must not be there. */
#include "pipe/processor.h"

struct rename {
    const struct node *fields;
    bool ignore_missing, fail_on_error;
    struct moves *moves;
};

/* clang-format off */
static const struct option options[] = {
    OPT(rename, fields,         NODE, "fields",         NULL,    0, 0, OPT_REQUIRED, "A list of maps with from and to."),
    OPT(rename, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A name that is not there is no failure."),
    OPT(rename, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was and error.message tells."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct rename *c = conf;
    return moves_load(c->fields, l, &c->moves);
}

static enum step run(void *conf, struct event *e)
{
    struct rename *c = conf;
    struct move_rules rules = { .keep = false,
                                .ignore_missing = c->ignore_missing,
                                .fail_on_error = c->fail_on_error,
                                .failure = "Failed to rename fields in processor" };
    return moves_run(c->moves, e, &rules);
}

const struct processor processor_rename = {
    .name = "rename",
    .doc = "Gives fields other names.",
    .options = options,
    .conf_size = sizeof(struct rename),
    .prepare = prepare,
    .run = run,
};
