/* urldecode: undoes the escapes of a URL's query in fields. */
#include "codec/unescape.h"
#include "pipe/processor.h"

struct urldecode {
    const struct node *fields;
    bool ignore_missing, fail_on_error;
    struct pairs *pairs;
};

/* clang-format off */
static const struct option options[] = {
    OPT(urldecode, fields,         NODE, "fields",         NULL,    0, 0, OPT_REQUIRED, "A list of maps with from and to; without to the field itself is changed."),
    OPT(urldecode, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(urldecode, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was and error.message tells."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct urldecode *c = conf;
    return pairs_load(c->fields, l, &c->pairs);
}

static bool decode(void *ctx, struct event *e, struct slice in, struct slice *out)
{
    (void)ctx;
    struct buf b = buf_of(arena_alloc(e->mem, in.n), in.n);
    if (!b.p || !unescape_query(in, &b))
        return false;
    *out = buf_slice(&b);
    return true;
}

static enum step run(void *conf, struct event *e)
{
    struct urldecode *c = conf;
    struct pair_rules rules = { .ignore_missing = c->ignore_missing,
                                .fail_on_error = c->fail_on_error,
                                .failure = "failed to decode fields in urldecode processor",
                                .decode = decode };
    return pairs_run(c->pairs, e, &rules);
}

const struct processor processor_urldecode = {
    .name = "urldecode",
    .doc = "Undoes URL escapes.",
    .options = options,
    .conf_size = sizeof(struct urldecode),
    .prepare = prepare,
    .run = run,
};
