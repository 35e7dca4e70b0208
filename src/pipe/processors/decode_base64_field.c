/* decode_base64_field: a field's base64 text decoded. */
#include "codec/unescape.h"
#include "pipe/processor.h"

struct decode_base64_field {
    const struct node *field;
    bool ignore_missing, fail_on_error;
    struct pairs *pairs;
};

/* clang-format off */
static const struct option options[] = {
    OPT(decode_base64_field, field,          NODE, "field",          NULL,    0, 0, OPT_REQUIRED, "A map with from and to; without to the field itself is changed."),
    OPT(decode_base64_field, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(decode_base64_field, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was and error.message tells."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct decode_base64_field *c = conf;
    return pairs_load(c->field, l, &c->pairs);
}

static bool decode(void *ctx, struct event *e, struct slice in, struct slice *out)
{
    (void)ctx;
    struct buf b = buf_of(arena_alloc(e->mem, in.n), in.n);
    if (!b.p || !unescape_base64(in, &b))
        return false;
    *out = buf_slice(&b);
    return true;
}

static enum step run(void *conf, struct event *e)
{
    struct decode_base64_field *c = conf;
    struct pair_rules rules = { .ignore_missing = c->ignore_missing,
                                .fail_on_error = c->fail_on_error,
                                .failure = "failed to decode base64 fields in processor",
                                .decode = decode };
    return pairs_run(c->pairs, e, &rules);
}

const struct processor processor_decode_base64_field = {
    .name = "decode_base64_field",
    .doc = "Decodes base64.",
    .options = options,
    .conf_size = sizeof(struct decode_base64_field),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
