/* convert: fields to another type, in place or under another name. */
#include "pipe/convert.h"
#include "pipe/processor.h"

static const char *const modes[] = { "copy", "rename", NULL };
enum { COPY, RENAME };

struct conversion {
    struct conversion *next;
    struct ref from, to; /* to.name NULL: in place */
    enum convert_type type;
    struct value made; /* during a run; field 0: nothing to be set */
};

struct convert {
    const struct node *fields;
    const char *tag;
    int mode;
    bool ignore_missing, fail_on_error;
    struct conversion *first;
};

/* clang-format off */
static const struct option options[] = {
    OPT(convert, fields,         NODE, "fields",         NULL,    0, 0, OPT_REQUIRED, "Maps with from, type (integer, long, float, double, string, boolean, ip) and to."),
    OPT_NAMES(convert, mode,           "mode",           "copy",  modes, 0,           "Whether a field that goes to another name stays."),
    OPT(convert, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(convert, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was; else the other fields are converted."),
    OPT(convert, tag,            TEXT, "tag",            NULL,    0, 0, OPT_INERT,    "Name of this processor in log lines."),
    { 0 }
};
/* clang-format on */

static const char *text_at(const struct node *n, const char *key)
{
    const struct node *at = node_get(n, key);
    return at && at->text && *at->text ? at->text : NULL;
}

static err load_item(const struct node *n, const struct loading *l, struct conversion *c)
{
    char where[256];
    const char *from = text_at(n, "from"), *to = text_at(n, "to"), *type = text_at(n, "type");
    if (!from || (!to && !type))
        return why_set(l->why, ERR_CONFIG, "%s: %s: each item of fields has from, and type or to",
                       node_where(n, where, sizeof where), l->prefix);
    if (type && !convert_type_of(slice_cstr(type), &c->type))
        return why_set(l->why, ERR_CONFIG,
                       "%s: %s: there is no type \"%s\": integer, long, float, double, string, "
                       "boolean, ip",
                       node_where(n, where, sizeof where), l->prefix, type);
    c->from = ref_for_writing(from);
    if (to)
        c->to = ref_for_writing(to);
    return ERR_OK;
}

static err prepare(void *conf, const struct loading *l)
{
    struct convert *c = conf;
    struct conversion **end = &c->first;
    for (const struct node *n = c->fields->child; n; n = n->next) {
        struct conversion *one = *end = arena_zalloc(l->mem, sizeof *one);
        err e = one ? load_item(n, l, one) : config_is_too_large(l);
        if (e)
            return e;
        end = &one->next;
    }
    return ERR_OK;
}

/* Beats converts all before it writes any. */
static bool make(const struct convert *c, struct conversion *one, struct event *e)
{
    struct value v;
    one->made.field = 0;
    if (!ref_get(&one->from, e, &v))
        return c->ignore_missing;
    if (!convert_value(&v, one->type, e->mem, &one->made))
        return false;
    one->made.field = 0xffff;
    return true;
}

static bool write(const struct convert *c, struct conversion *one, struct event *e)
{
    if (one->made.field == 0)
        return true;
    if (!one->to.name)
        return ref_set(&one->from, e, &one->made);
    bool done = ref_set(&one->to, e, &one->made);
    if (c->mode == RENAME)
        ref_remove(&one->from, e);
    return done;
}

static enum step run(void *conf, struct event *e)
{
    struct convert *c = conf;
    for (struct conversion *one = c->first; one; one = one->next)
        if (!make(c, one, e) && c->fail_on_error)
            return STEP_FAILED;
    struct saved saved = event_save(e);
    if (!saved.v)
        return STEP_FAILED;
    for (struct conversion *one = c->first; one; one = one->next) {
        if (write(c, one, e) || !c->fail_on_error)
            continue;
        event_undo(e, &saved, NULL);
        return STEP_FAILED;
    }
    return STEP_OK;
}

const struct processor processor_convert = {
    .name = "convert",
    .doc = "Changes the type of fields.",
    .options = options,
    .conf_size = sizeof(struct convert),
    .prepare = prepare,
    .run = run,
};
