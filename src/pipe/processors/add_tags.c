/* add_tags: appends to `tags`, or to another list. */
#include "pipe/processor.h"

struct add_tags {
    struct texts tags;
    const char *target;
    struct ref to;
    struct slice *slices;
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_tags, tags,   TEXTS, "tags",   NULL,   0, 0, OPT_REQUIRED, "Tags to append."),
    OPT(add_tags, target, TEXT,  "target", "tags", 0, 0, 0,            "The list that they go to."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    struct add_tags *c = conf;
    c->to = ref_for_writing(c->target && *c->target ? c->target : "tags");
    c->slices = arena_alloc(l->mem, c->tags.n * sizeof *c->slices);
    if (!c->slices)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    for (unsigned i = 0; i < c->tags.n; i++)
        c->slices[i] = slice_cstr(c->tags.v[i]);
    return ERR_OK;
}

static enum step run(void *conf, struct event *e)
{
    struct add_tags *c = conf;
    struct value v = { .field = 0xffff, .type = VT_STRS };
    struct value old;
    bool was = ref_get(&c->to, e, &old);
    if (was && old.type != VT_STRS && old.type != VT_STR)
        return STEP_FAILED;
    unsigned n = !was ? 0 : old.type == VT_STR ? 1 : old.n;
    struct slice *list = arena_alloc(e->mem, (n + c->tags.n) * sizeof *list);
    if (!list) {
        e->lost = true;
        return STEP_FAILED;
    }
    if (was && old.type == VT_STR)
        list[0] = slice_of(old.p, old.n);
    else if (n)
        memcpy(list, old.p, n * sizeof *list);
    if (c->tags.n)
        memcpy(list + n, c->slices, c->tags.n * sizeof *list);
    v.p = list;
    v.n = n + c->tags.n;
    return ref_set(&c->to, e, &v) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_add_tags = {
    .name = "add_tags",
    .doc = "Appends tags.",
    .options = options,
    .conf_size = sizeof(struct add_tags),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
