/* extract_field: one part of a field's text, cut at a separator; empty parts do not count. */
#include "pipe/processor.h"

struct extract_field {
    const char *field, *separator, *target;
    int64_t index;
    struct ref from, to;
};

/* clang-format off */
static const struct option options[] = {
    OPT(extract_field, field,     TEXT, "field",     NULL, 0, 0,       OPT_REQUIRED, "The field."),
    OPT(extract_field, separator, TEXT, "separator", NULL, 0, 0,       OPT_REQUIRED, "What stands between the parts."),
    OPT(extract_field, index,     INT,  "index",     NULL, 0, 1 << 20, OPT_REQUIRED, "Which part, from 0."),
    OPT(extract_field, target,    TEXT, "target",    NULL, 0, 0,       OPT_REQUIRED, "Where it goes."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct extract_field *c = conf;
    if (!*c->separator)
        return why_set(l->why, ERR_CONFIG, "%s: the separator is empty", l->prefix);
    c->from = ref_of(c->field);
    c->to = ref_for_writing(c->target);
    return ERR_OK;
}

/* The part of that number; n == 0: there are fewer. */
static struct slice part_of(struct slice text, struct slice separator, int64_t index)
{
    for (;;) {
        ptrdiff_t at = slice_search(text, separator);
        struct slice part = slice_first(text, at < 0 ? text.n : (size_t)at);
        if (part.n && index-- == 0)
            return part;
        if (at < 0)
            return slice_of(NULL, 0);
        text = slice_after(text, (size_t)at + separator.n);
    }
}

static enum step run(void *conf, struct event *e)
{
    struct extract_field *c = conf;
    char room[VALUE_ROOM];
    struct slice text;
    if (ref_str(&c->from, e, room, &text) != REF_FOUND)
        return STEP_FAILED;
    struct slice part = part_of(text, slice_cstr(c->separator), c->index);
    struct slice kept = arena_dup(e->mem, part);
    return part.n && kept.n && ref_set_str(&c->to, e, kept) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_extract_field = {
    .name = "extract_field",
    .doc = "Takes one part of a text.",
    .options = options,
    .conf_size = sizeof(struct extract_field),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
