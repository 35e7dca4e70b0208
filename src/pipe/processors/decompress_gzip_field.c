/* decompress_gzip_field: a field's gzip bytes unpacked. */
#include "codec/deflate.h"
#include "pipe/processor.h"

#define TEXT_MAX_BYTES ((size_t)16 * 1024 * 1024)

struct decompress_gzip_field {
    const struct node *field;
    bool ignore_missing, fail_on_error;
    struct pairs *pairs;
    struct inflater *inflater;
};

/* clang-format off */
static const struct option options[] = {
    OPT(decompress_gzip_field, field,          NODE, "field",          NULL,    0, 0, OPT_REQUIRED, "A map with from and to; without to the field itself is changed."),
    OPT(decompress_gzip_field, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(decompress_gzip_field, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was and error.message tells."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct decompress_gzip_field *c = conf;
    err e = pairs_load(c->field, l, &c->pairs);
    if (!e)
        c->inflater = inflater_new();
    return e;
}

static bool decode(void *ctx, struct event *e, struct slice in, struct slice *out)
{
    struct decompress_gzip_field *c = ctx;
    struct unpacking how = { .mem = e->mem, .max = TEXT_MAX_BYTES };
    return deflate_unpack(c->inflater, DEFLATE_GZIP, in, &how, out) == DEFLATE_DONE;
}

static enum step run(void *conf, struct event *e)
{
    struct decompress_gzip_field *c = conf;
    struct pair_rules rules = { .ignore_missing = c->ignore_missing,
                                .fail_on_error = c->fail_on_error,
                                .failure = "Failed to decompress field in processor",
                                .decode = decode,
                                .ctx = c };
    return pairs_run(c->pairs, e, &rules);
}

static void give_back(void *conf)
{
    struct decompress_gzip_field *c = conf;
    inflater_free(c->inflater);
}

const struct processor processor_decompress_gzip_field = {
    .name = "decompress_gzip_field",
    .doc = "Unpacks gzip.",
    .options = options,
    .conf_size = sizeof(struct decompress_gzip_field),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
    .close = give_back,
};
