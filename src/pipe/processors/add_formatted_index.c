/* add_formatted_index: @metadata.raw_index from a format string, for outputs that choose by it. */
#include "pipe/format.h"
#include "pipe/processor.h"

#define INDEX_MAX_BYTES 4096

struct add_formatted_index {
    const char *index;
    struct format *format;
    struct ref to;
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_formatted_index, index, TEXT, "index", NULL, 0, 0, OPT_REQUIRED, "Format string of the index, such as %{[type]}-%{+yyyy.MM.dd}."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_formatted_index *c = conf;
    c->to = ref_for_writing("@metadata.raw_index");
    return format_load(c->index, l, &c->format);
}

static enum step run(void *conf, struct event *e)
{
    struct add_formatted_index *c = conf;
    struct buf b = buf_of(arena_alloc(e->mem, INDEX_MAX_BYTES), INDEX_MAX_BYTES);
    if (!b.p || !format_write(c->format, e, &b) || b.full)
        return STEP_FAILED;
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = ascii_lower(b.p[i]);
    return ref_set_str(&c->to, e, buf_slice(&b)) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_add_formatted_index = {
    .name = "add_formatted_index",
    .doc = "Chooses the index of an event.",
    .options = options,
    .conf_size = sizeof(struct add_formatted_index),
    .prepare = prepare,
    .run = run,
};
