/* Lists of names and expressions of drop_fields and include_fields. Whether an expression matches a
 * field is found once for each field of the schema. */
#include "pipe/processor.h"
#include "pipe/regex.h"

enum { UNKNOWN, NO, YES };

struct name_list {
    struct ref *refs;
    struct regex **regexes;
    unsigned n_refs, n_regexes;
    uint8_t *known; /* by field id; NULL until the first use */
    struct arena *mem;
};

/* Beats never drops these, and says nothing about it. */
static bool is_mandatory(const char *name)
{
    return strcmp(name, "@timestamp") == 0 || strcmp(name, "type") == 0;
}

static bool is_regex(struct slice s)
{
    return s.n >= 2 && s.p[0] == '/' && s.p[s.n - 1] == '/';
}

static err add_regex(struct name_list *list, struct slice s, const struct loading *l)
{
    struct slice text = arena_dup(l->mem, slice_of(s.p + 1, s.n - 1));
    if (!text.n)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    ((char *)(uintptr_t)text.p)[text.n - 1] = '\0'; /* the closing slash */
    return regex_new((const char *)text.p, l, &list->regexes[list->n_regexes++]);
}

err name_list_load(const struct texts *texts, const struct loading *l, struct name_list **out)
{
    struct name_list *list = *out = arena_zalloc(l->mem, sizeof *list);
    if (list) {
        list->refs = arena_alloc(l->mem, (texts->n + 1) * sizeof *list->refs);
        list->regexes = arena_alloc(l->mem, (texts->n + 1) * sizeof *list->regexes);
        list->mem = l->mem;
    }
    if (!list || !list->refs || !list->regexes)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    for (unsigned i = 0; i < texts->n; i++) {
        struct slice s = slice_cstr(texts->v[i]);
        if (is_mandatory(texts->v[i]))
            continue;
        if (!is_regex(s)) {
            list->refs[list->n_refs++] = ref_of(texts->v[i]);
            continue;
        }
        err e = add_regex(list, s, l);
        if (e)
            return e;
    }
    return ERR_OK;
}

struct ref *name_list_ref(struct name_list *list, unsigned i)
{
    return i < list->n_refs ? &list->refs[i] : NULL;
}

static bool any_matches(const struct name_list *list, struct slice name)
{
    for (unsigned i = 0; i < list->n_regexes; i++)
        if (regex_matches(list->regexes[i], name))
            return true;
    return false;
}

/* The whole name, and each group that it lies in: dropping a group drops what is in it. */
static bool name_or_group_matches(const struct name_list *list, struct slice name)
{
    for (size_t n = 1; n < name.n; n++)
        if (name.p[n] == '.' && any_matches(list, slice_first(name, n)))
            return true;
    return any_matches(list, name);
}

bool name_list_matches(struct name_list *list, uint16_t field)
{
    if (!list->n_regexes)
        return false;
    if (!list->known)
        list->known = arena_zalloc(list->mem, schema_count());
    const char *name = schema_field(field)->name;
    if (name[0] == '@' || is_mandatory(name)) /* expressions do not reach metadata */
        return false;
    if (!list->known)
        return name_or_group_matches(list, slice_cstr(name));
    uint8_t *known = &list->known[field];
    if (*known == UNKNOWN)
        *known = name_or_group_matches(list, slice_cstr(name)) ? YES : NO;
    return *known == YES;
}
