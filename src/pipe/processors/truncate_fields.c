/* truncate_fields: cuts long texts and says so in log.flags. */
#include "base/utf8.h"
#include "pipe/processor.h"

struct truncate_fields {
    struct texts fields;
    int64_t max_bytes, max_characters;
    bool ignore_missing, fail_on_error;
    struct ref *refs;
    const struct field *flags;
};

/* clang-format off */
static const struct option options[] = {
    OPT(truncate_fields, fields,         TEXTS, "fields",         NULL,    0, 0,       OPT_REQUIRED, "Names of the fields."),
    OPT(truncate_fields, max_bytes,      INT,   "max_bytes",      "0",     0, 1 << 30, 0,            "Longest text, in bytes."),
    OPT(truncate_fields, max_characters, INT,   "max_characters", "0",     0, 1 << 30, 0,            "Longest text, in characters."),
    OPT(truncate_fields, ignore_missing, BOOL,  "ignore_missing", "false", 0, 0,       0,            "A field that is not there is no failure."),
    OPT(truncate_fields, fail_on_error,  BOOL,  "fail_on_error",  "true",  0, 0,       0,            "On failure the other fields are left as they are."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct truncate_fields *c = conf;
    if ((c->max_bytes == 0) == (c->max_characters == 0))
        return why_set(l->why, ERR_CONFIG, "%s: one of max_bytes and max_characters is needed",
                       l->prefix);
    c->flags = schema_user_field("log.flags");
    c->refs = arena_alloc(l->mem, c->fields.n * sizeof *c->refs);
    if (!c->refs)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    for (unsigned i = 0; i < c->fields.n; i++)
        c->refs[i] = ref_of(c->fields.v[i]);
    return ERR_OK;
}

/* Bytes of the first max_characters characters; a byte that is no UTF-8 counts as one. */
static size_t characters(struct slice s, int64_t max)
{
    size_t at = 0;
    for (int64_t n = 0; n < max && at < s.n; n++) {
        unsigned len = utf8_len(s.p + at, s.n - at);
        at += len ? len : 1;
    }
    return at;
}

static bool truncate_one(struct truncate_fields *c, struct ref *r, struct event *e)
{
    struct value v;
    if (!ref_get(r, e, &v))
        return c->ignore_missing;
    if (v.type != VT_STR)
        return false;
    struct slice s = slice_of(v.p, v.n);
    size_t n = c->max_bytes ? (size_t)c->max_bytes : characters(s, c->max_characters);
    if (n >= s.n)
        return true;
    v.n = (uint32_t)n;
    if (!ref_set(r, e, &v))
        return false;
    event_add_str(e, c->flags, SLICE("truncated"), true);
    return true;
}

static enum step run(void *conf, struct event *e)
{
    struct truncate_fields *c = conf;
    enum step step = STEP_OK;
    for (unsigned i = 0; i < c->fields.n; i++) {
        if (truncate_one(c, &c->refs[i], e))
            continue;
        step = STEP_FAILED;
        if (c->fail_on_error)
            break;
    }
    return step;
}

const struct processor processor_truncate_fields = {
    .name = "truncate_fields",
    .doc = "Cuts long texts.",
    .options = options,
    .conf_size = sizeof(struct truncate_fields),
    .prepare = prepare,
    .run = run,
};
