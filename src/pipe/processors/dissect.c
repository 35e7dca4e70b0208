/* dissect: a text cut at the delimiters of a pattern into fields. */
#include "pipe/dissect.h"

#include "base/buf.h"
#include "pipe/literal.h"
#include "pipe/processor.h"

static const char *const sides[] = { "none", "left", "right", "all", NULL };

struct dissect_conf {
    const char *tokenizer, *field, *prefix, *chars;
    int trim;
    bool ignore_failure, overwrite;
    struct dissect *pattern;
    struct ref from, to[DISSECT_KEYS_MAX]; /* to: by the pattern's keys */
    const struct field *flags;
    struct dissect_parts parts; /* during a run */
};

/* clang-format off */
static const struct option options[] = {
    OPT(dissect_conf, tokenizer,      TEXT, "tokenizer",      NULL,      0, 0, OPT_REQUIRED, "The pattern, such as \"%{a} - %{b}\"."),
    OPT(dissect_conf, field,          TEXT, "field",          "message", 0, 0, 0,            "Field with the text."),
    OPT(dissect_conf, prefix,         TEXT, "target_prefix",  "dissect", 0, 0, 0,            "Name that the keys go under; empty: the root of the event."),
    OPT(dissect_conf, ignore_failure, BOOL, "ignore_failure", "false",   0, 0, 0,            "A text of another form is no failure."),
    OPT(dissect_conf, overwrite,      BOOL, "overwrite_keys", "false",   0, 0, 0,            "Fields may be there already."),
    OPT_NAMES(dissect_conf, trim,           "trim_values",    "none",    sides, 0,           "Sides that values lose trim_chars at."),
    OPT(dissect_conf, chars,          TEXT, "trim_chars",     " ",       0, 0, 0,            "Characters that are taken away there."),
    { 0 }
};
/* clang-format on */

/* Names that come with the text need an object to go to. */
static void open_target(const struct dissect_conf *c)
{
    if (dissect_is_open(c->pattern))
        schema_object_field(c->prefix && *c->prefix ? c->prefix : EVENT_ROOT);
}

static err prepare(void *conf, const struct loading *l)
{
    struct dissect_conf *c = conf;
    const char *key;
    err e = dissect_new(c->tokenizer, l, &c->pattern);
    if (e)
        return e;
    dissect_trim(c->pattern, (enum dissect_trim)c->trim, c->chars);
    c->from = ref_of(c->field);
    c->flags = schema_user_field("log.flags");
    open_target(c);
    for (unsigned i = 0; (key = dissect_key(c->pattern, i)); i++) {
        const char *name = name_join(c->prefix ? c->prefix : "", key, l);
        if (!name)
            return ERR_LIMIT;
        c->to[i] = ref_for_writing(name);
    }
    return ERR_OK;
}

/* "prefix.name" in the event's memory. */
static struct slice whole_name(const struct dissect_conf *c, struct event *e, struct slice name)
{
    struct slice prefix = slice_cstr(c->prefix);
    size_t n = prefix.n + 1 + name.n;
    struct buf b = buf_of(arena_alloc(e->mem, n), n);
    if (!b.p)
        return slice_of(NULL, 0);
    if (prefix.n) {
        buf_add(&b, prefix);
        buf_u8(&b, '.');
    }
    buf_add(&b, name);
    return buf_slice(&b);
}

/* Typed values lose the blanks at their end. */
static struct slice kept_text(struct event *e, const struct dissect_part *part)
{
    struct slice s = part->text;
    while (part->type != CONVERT_NONE && s.n && s.p[s.n - 1] == ' ')
        s.n--;
    struct slice kept = arena_dup(e->mem, s);
    return kept.n == s.n && !e->mem->full ? slice_of(kept.p ? kept.p : (const uint8_t *)"", s.n)
                                          : slice_of(NULL, 0);
}

/* A text that is none of its type stays a text. */
static bool put(struct dissect_conf *c, struct event *e, const struct dissect_part *part)
{
    struct slice text = kept_text(e, part);
    struct value v = { .field = 0xffff, .type = VT_STR, .p = text.p, .n = (uint32_t)text.n }, made;
    if (!text.p)
        return false;
    if (convert_value(&v, part->type, e->mem, &made))
        v = made;
    v.field = 0xffff;
    if (part->key == DISSECT_KEYS_MAX) {
        struct slice name = whole_name(c, e, part->name);
        return name.n && ref_set_named(e, name, &v);
    }
    return (c->overwrite || !ref_is_there(&c->to[part->key], e)) &&
           ref_set(&c->to[part->key], e, &v);
}

static enum step put_all(struct dissect_conf *c, struct event *e)
{
    struct saved saved = event_save(e);
    if (!saved.v)
        return STEP_FAILED;
    for (unsigned i = 0; i < c->parts.n; i++) {
        if (put(c, e, &c->parts.v[i]))
            continue;
        event_undo(e, &saved, NULL);
        return c->ignore_failure ? STEP_OK : STEP_FAILED;
    }
    return STEP_OK;
}

static enum step run(void *conf, struct event *e)
{
    struct dissect_conf *c = conf;
    char room[VALUE_ROOM];
    struct slice text;
    if (ref_str(&c->from, e, room, &text) != REF_FOUND)
        return c->ignore_failure ? STEP_OK : STEP_FAILED;
    if (dissect_text(c->pattern, text, e->mem, &c->parts))
        return put_all(c, e);
    if (c->ignore_failure)
        return STEP_OK;
    event_add_str(e, c->flags, SLICE("dissect_parsing_error"), true);
    return STEP_FAILED;
}

const struct processor processor_dissect = {
    .name = "dissect",
    .doc = "Cuts a text into fields.",
    .options = options,
    .conf_size = sizeof(struct dissect_conf),
    .prepare = prepare,
    .run = run,
};
