/* move_fields: fields of a group, or of the root, to names that begin otherwise. */
#include "pipe/literal.h"
#include "pipe/processor.h"

struct move_fields {
    const char *from, *to;
    struct texts fields, exclude;
    bool ignore_missing;
    struct ref group; /* name NULL: the root */
    struct moves *moves;
};

/* clang-format off */
static const struct option options[] = {
    OPT(move_fields, from,           TEXT,  "from",           NULL,    0, 0, 0,            "The group; none: the root of the event."),
    OPT(move_fields, fields,         TEXTS, "fields",         NULL,    0, 0, 0,            "Keys in it; none: all."),
    OPT(move_fields, exclude,        TEXTS, "exclude",        NULL,    0, 0, 0,            "Keys that stay."),
    OPT(move_fields, to,             TEXT,  "to",             NULL,    0, 0, OPT_REQUIRED, "What stands in front of the keys then, with a dot at its end for a group."),
    OPT(move_fields, ignore_missing, BOOL,  "ignore_missing", "false", 0, 0, 0,            "A key that is not there is no failure."),
    { 0 }
};
/* clang-format on */

static bool is_excluded(const struct move_fields *c, const char *key)
{
    for (unsigned i = 0; i < c->exclude.n; i++)
        if (strcmp(c->exclude.v[i], key) == 0)
            return true;
    return false;
}

static const char *glue(const char *a, const char *b, struct arena *mem)
{
    size_t n = strlen(a), m = strlen(b);
    char *text = arena_alloc(mem, n + m + 1);
    if (!text)
        return NULL;
    memcpy(text, a, n);
    memcpy(text + n, b, m + 1);
    return text;
}

static err add_key(struct move_fields *c, const char *key, const struct loading *l)
{
    if (is_excluded(c, key))
        return ERR_OK;
    const char *from = name_join(c->from ? c->from : "", key, l);
    const char *to = glue(c->to, key, l->mem);
    return from && to ? moves_add(c->moves, from, to, l) : config_is_too_large(l);
}

/* The first part of a field's name below the group; NULL: it lies elsewhere. */
static const char *key_of(const struct move_fields *c, const char *name, struct arena *mem)
{
    size_t n = c->from ? strlen(c->from) : 0;
    if (name[0] == '@' || (n && (strncmp(name, c->from, n) != 0 || name[n] != '.')))
        return NULL;
    const char *rest = name + n + (n > 0), *dot = strchr(rest, '.');
    char *key = arena_zalloc(mem, strlen(rest) + 1);
    if (key)
        memcpy(key, rest, dot ? (size_t)(dot - rest) : strlen(rest));
    return key;
}

/* Every key of the group that the schema knows. Rows of one group need not lie together yet. */
static err add_all_keys(struct move_fields *c, const struct loading *l)
{
    unsigned rows = schema_count(); /* it grows while targets are added */
    const char **keys = arena_alloc(l->mem, rows * sizeof *keys);
    unsigned n = 0;
    for (unsigned i = 0; keys && i < rows; i++) {
        const char *key = key_of(c, schema_field((uint16_t)i)->name, l->mem);
        unsigned k = 0;
        while (key && k < n && strcmp(keys[k], key) != 0)
            k++;
        if (key && k == n)
            keys[n++] = key;
    }
    err e = keys ? ERR_OK : config_is_too_large(l);
    for (unsigned i = 0; i < n && !e; i++)
        e = add_key(c, keys[i], l);
    return e;
}

static err prepare(void *conf, const struct loading *l)
{
    struct move_fields *c = conf;
    if (c->from && *c->from)
        c->group = ref_of(c->from);
    else
        c->from = NULL;
    err e = moves_load(NULL, l, &c->moves);
    if (!e && !c->fields.n)
        return add_all_keys(c, l);
    for (unsigned i = 0; i < c->fields.n && !e; i++)
        e = add_key(c, c->fields.v[i], l);
    return e;
}

static enum step run(void *conf, struct event *e)
{
    struct move_fields *c = conf;
    if (c->from && !ref_is_there(&c->group, e))
        return STEP_FAILED;
    struct move_rules rules = { .ignore_missing = c->ignore_missing || !c->fields.n,
                                .overwrite = true,
                                .fail_on_error = true };
    return moves_run(c->moves, e, &rules);
}

const struct processor processor_move_fields = {
    .name = "move_fields",
    .doc = "Moves the fields of a group.",
    .options = options,
    .conf_size = sizeof(struct move_fields),
    .prepare = prepare,
    .run = run,
};
