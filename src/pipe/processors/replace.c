/* replace: writes something else where an expression matches in a field, to mask what is private.
 */
#include "pipe/processor.h"
#include "pipe/regex.h"

#define TEXT_MAX_BYTES ((size_t)32 * 1024 * 1024)

struct rule {
    struct rule *next;
    struct ref field;
    struct regex *pattern;
    const char *replacement;
};

struct replace {
    const struct node *fields;
    bool ignore_missing, fail_on_error;
    struct rule *first;
};

/* clang-format off */
static const struct option options[] = {
    OPT(replace, fields,         NODE, "fields",         NULL,    0, 0, OPT_REQUIRED, "A list of maps with field, pattern and replacement."),
    OPT(replace, ignore_missing, BOOL, "ignore_missing", "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(replace, fail_on_error,  BOOL, "fail_on_error",  "true",  0, 0, 0,            "On failure the event stays as it was and error.message tells."),
    { 0 }
};
/* clang-format on */

static const char *text_at(const struct node *n, const char *key)
{
    const struct node *at = node_get(n, key);
    return at ? at->text : NULL;
}

static err load_rule(const struct node *n, const struct loading *l, struct rule **out)
{
    const char *field = text_at(n, "field"), *pattern = text_at(n, "pattern");
    const char *replacement = text_at(n, "replacement");
    struct rule *r = *out = arena_zalloc(l->mem, sizeof *r);
    if (!r)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    if (!field || !pattern || !replacement)
        return why_set(l->why, ERR_CONFIG,
                       "%s: each item of fields has field, pattern and replacement", l->prefix);
    r->field = ref_of(field);
    r->replacement = replacement;
    return regex_new(pattern, l, &r->pattern);
}

static err prepare(void *conf, const struct loading *l)
{
    struct replace *c = conf;
    struct rule **end = &c->first;
    for (const struct node *n = c->fields ? c->fields->child : NULL; n; n = n->next) {
        err e = load_rule(n, l, end);
        if (e)
            return e;
        end = &(*end)->next;
    }
    return ERR_OK;
}

/* The result, in the event's memory, found by doubling the room. NULL p: it cannot be had. */
static struct slice replaced(const struct rule *r, struct event *e, struct slice text)
{
    for (size_t cap = text.n + 64; cap <= TEXT_MAX_BYTES; cap *= 2) {
        struct buf out = buf_of(arena_alloc(e->mem, cap), cap);
        if (!out.p)
            break;
        if (regex_replace(r->pattern, text, r->replacement, &out))
            return buf_slice(&out);
        if (!out.full)
            break;
    }
    return slice_of(NULL, 0);
}

static bool apply(struct rule *r, struct event *e, bool ignore_missing)
{
    struct value v;
    char room[VALUE_ROOM];
    if (!ref_get(&r->field, e, &v))
        return ignore_missing;
    if (v.type != VT_STR && v.type != VT_IP)
        return false;
    struct slice s = replaced(r, e, ref_text(&v, room));
    struct value to = { .field = 0xffff, .type = VT_STR, .p = s.p, .n = (uint32_t)s.n };
    return s.p && ref_set(&r->field, e, &to);
}

static enum step run(void *conf, struct event *e)
{
    struct replace *c = conf;
    enum step step = STEP_OK;
    struct saved saved = event_save(e);
    if (!saved.v)
        return STEP_FAILED;
    for (struct rule *r = c->first; r; r = r->next) {
        if (apply(r, e, c->ignore_missing))
            continue;
        step = STEP_FAILED;
        if (c->fail_on_error) {
            event_undo(e, &saved, "Failed to replace fields in processor");
            break;
        }
    }
    return step;
}

const struct processor processor_replace = {
    .name = "replace",
    .doc = "Replaces what an expression matches in a field.",
    .options = options,
    .conf_size = sizeof(struct replace),
    .prepare = prepare,
    .run = run,
};
