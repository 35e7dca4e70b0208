/* What a pack lets its user choose, and what depends on it. */
#include "pack/pack_load.h"

struct setting_yml {
    const char *name;
    int type;
    struct texts values;
    const struct node *preset;
    const char *doc;
};

static const char *const type_names[] = { "string", "bool", "int", "path", NULL };

/* clang-format off */
const struct option pack_setting_options[] = {
    OPT(setting_yml, name,    TEXT,  "name",    NULL, 0, 0, OPT_REQUIRED, "What the configuration and `when` call it."),
    OPT_NAMES(setting_yml, type, "type", "string", type_names, 0, "What it is."),
    OPT(setting_yml, values,  TEXTS, "values",  NULL, 0, 0, 0, "The values that it may have."),
    OPT(setting_yml, preset,  NODE,  "default", NULL, 0, 0, 0, "Its value when the user does not choose."),
    OPT(setting_yml, doc,     TEXT,  "doc",     NULL, 0, 0, OPT_REQUIRED, "One sentence for the user."),
    { 0 }
};
/* clang-format on */

const char *pack_scalar(const struct node *n)
{
    if (!n || n->type == NODE_NULL)
        return "";
    if (n->type == NODE_BOOL)
        return n->b ? "true" : "false";
    return n->text ? n->text : "";
}

static bool is_bool(const char *v)
{
    return strcmp(v, "true") == 0 || strcmp(v, "false") == 0;
}

static bool is_int(const char *v)
{
    uint64_t n;
    return slice_to_u64(slice_cstr(*v == '-' ? v + 1 : v), &n);
}

static void list_texts(const struct texts *t, char *out, size_t cap)
{
    struct buf b = buf_of(out, cap - 1);
    for (unsigned i = 0; i < t->n; i++) {
        buf_cstr(&b, i ? ", " : "");
        buf_cstr(&b, t->v[i]);
    }
    out[b.n] = '\0';
}

static bool is_allowed(const struct pack_setting *s, const char *value)
{
    for (unsigned i = 0; i < s->values.n; i++)
        if (strcmp(s->values.v[i], value) == 0)
            return true;
    return !s->values.n;
}

/* The value fits its setting, or a mistake is noted. */
static bool check_value(struct pack_loading *l, const struct pack_setting *s, const struct node *at,
                        const char *value)
{
    char list[300];
    list_texts(&s->values, list, sizeof list);
    if (at->type == NODE_MAP || at->type == NODE_LIST)
        mistake_add(l->wrong, place_of(at), "%s: one value is wanted", s->name);
    else if (s->type == SETTING_BOOL && !is_bool(value))
        mistake_add(l->wrong, place_of(at), "%s: '%.60s' is neither true nor false", s->name,
                    value);
    else if (s->type == SETTING_INT && !is_int(value))
        mistake_add(l->wrong, place_of(at), "%s: '%.60s' is no whole number", s->name, value);
    else if (!is_allowed(s, value))
        mistake_add(l->wrong, place_of(at), "%s: '%.60s' is none of its values: %s", s->name, value,
                    list);
    else
        return true;
    return false;
}

static void read_setting(struct pack_loading *l, const struct node *n)
{
    struct setting_yml yml = { 0 };
    struct pack_setting *s = &l->pack->setting[l->pack->n_settings];
    if (!pack_read(l, pack_setting_options, n, &yml))
        return;
    *s = (struct pack_setting){
        .name = yml.name, .doc = yml.doc, .type = yml.type, .values = yml.values
    };
    s->preset = yml.preset ? pack_scalar(yml.preset) : s->type == SETTING_BOOL ? "false" : "";
    s->value = s->preset;
    if (yml.preset && !check_value(l, s, yml.preset, s->preset))
        return;
    if (s->type == SETTING_PATH && *s->value)
        s->value = pack_join(l, l->pack->folder, s->value);
    l->pack->n_settings++;
}

static struct pack_setting *find(struct pack_loading *l, const char *name)
{
    for (unsigned i = 0; i < l->pack->n_settings; i++)
        if (strcmp(l->pack->setting[i].name, name) == 0)
            return &l->pack->setting[i];
    return NULL;
}

static struct pack_setting *find_or_note(struct pack_loading *l, const char *name, struct place at)
{
    const char *names[PACK_SETTINGS_MAX];
    struct pack_setting *s = find(l, name);
    if (s)
        return s;
    for (unsigned i = 0; i < l->pack->n_settings; i++)
        names[i] = l->pack->setting[i].name;
    const char *nearest = nearest_name(name, names, l->pack->n_settings);
    mistake_add(l->wrong, at,
                "pack %s has no setting '%.60s'%s%s%s (mend: wirelume pack show %s "
                "lists them)",
                l->pack->name, name, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                nearest ? "'?" : "", l->pack->name);
    return NULL;
}

static void choose(struct pack_loading *l, const struct node *n)
{
    struct pack_setting *s = find_or_note(l, n->key, place_of(n));
    if (!s || !check_value(l, s, n, pack_scalar(n)))
        return;
    s->value = pack_scalar(n);
    s->chosen = true;
    s->chosen_at = place_of(n);
    if (s->type == SETTING_PATH && *s->value)
        s->value = pack_join(l, l->conf->user_folder, s->value);
}

void pack_read_settings(struct pack_loading *l, const struct node *settings)
{
    l->pack->setting = arena_zalloc(&l->packs->mem, PACK_SETTINGS_MAX * sizeof *l->pack->setting);
    if (!l->pack->setting)
        return;
    for (const struct node *n = settings ? settings->child : NULL; n; n = n->next) {
        if (l->pack->n_settings == PACK_SETTINGS_MAX)
            mistake_add(l->wrong, place_of(n), "more than %d settings", PACK_SETTINGS_MAX);
        else
            read_setting(l, n);
    }
    const struct node *chosen = node_get(l->conf->settings, l->pack->name);
    for (const struct node *n = chosen ? chosen->child : NULL; n; n = n->next)
        choose(l, n);
}

/* ---- what depends on them */

/* `*` stands for any value but an empty one. */
static bool holds(struct pack_loading *l, const struct pack_setting *s, const struct node *n)
{
    if (n->type == NODE_STR && strcmp(n->text, "*") == 0)
        return *s->value;
    if (n->type != NODE_LIST)
        return check_value(l, s, n, pack_scalar(n)) && strcmp(s->value, pack_scalar(n)) == 0;
    bool any = false;
    for (const struct node *c = n->child; c; c = c->next)
        any |= check_value(l, s, c, pack_scalar(c)) && strcmp(s->value, pack_scalar(c)) == 0;
    return any;
}

bool pack_when(struct pack_loading *l, const struct node *when)
{
    bool all = true;
    if (when && when->type != NODE_MAP)
        mistake_add(l->wrong, place_of(when), "when: a map of settings and values is wanted");
    for (const struct node *n = when ? when->child : NULL; n; n = n->next) {
        const struct pack_setting *s = n->key ? find_or_note(l, n->key, place_of(n)) : NULL;
        all &= s && holds(l, s, n);
    }
    return all;
}

/* The setting that stands at ${...}; *n bytes of text are passed. */
static const struct pack_setting *reference(struct pack_loading *l, const struct node *at,
                                            struct slice text, size_t *n)
{
    char name[64];
    ptrdiff_t end = slice_find(text, '}');
    if (end < 0 || (size_t)end >= sizeof name) {
        mistake_add(l->wrong, place_of(at), "'${' without its '}'");
        return NULL;
    }
    memcpy(name, text.p + 2, (size_t)end - 2);
    name[end - 2] = '\0';
    *n = (size_t)end + 1;
    return find_or_note(l, name, place_of(at));
}

const char *pack_expand(struct pack_loading *l, const struct node *at)
{
    char out[4096];
    struct slice text = slice_cstr(pack_scalar(at));
    struct buf b = buf_of(out, sizeof out - 1);
    while (text.n) {
        size_t used = 1;
        if (!slice_starts(text, SLICE("${"))) {
            buf_u8(&b, text.p[0]);
        } else {
            const struct pack_setting *s = reference(l, at, text, &used);
            if (!s)
                return NULL;
            buf_cstr(&b, s->value);
        }
        text = slice_after(text, used);
    }
    out[b.n] = '\0';
    struct slice copy = arena_dup(&l->packs->mem, slice_of(out, b.n + 1));
    return copy.n ? (const char *)copy.p : NULL;
}

struct place pack_place(struct pack_loading *l, const struct node *at)
{
    struct slice text = slice_cstr(pack_scalar(at));
    for (ptrdiff_t i; (i = slice_search(text, SLICE("${"))) >= 0;) {
        size_t used = 2;
        text = slice_after(text, (size_t)i);
        const struct pack_setting *s = reference(l, at, text, &used);
        if (s && s->chosen)
            return s->chosen_at;
        text = slice_after(text, used);
    }
    return place_of(at);
}

void pack_expand_all(struct pack_loading *l, struct node *n)
{
    if (n && n->type == NODE_STR && strstr(n->text, "${"))
        n->text = pack_expand(l, n);
    for (struct node *c = n ? n->child : NULL; c; c = c->next)
        pack_expand_all(l, c);
}
