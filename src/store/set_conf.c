/* Index sets and streams as they are written. */
#include "store/set_conf.h"

#include <stdio.h>

#include "codec/json.h"
#include "codec/yaml.h"
#include "store/state.h"

#define NS_PER_MS  1000000
#define NS_PER_S   INT64_C(1000000000)
#define MAX_AGE    (INT64_C(200) * 365 * 24 * 3600 * NS_PER_S)
#define COUNT_MAX  (INT64_C(1) << 53)
#define TEXT_BYTES 4096

struct set_conf {
    const char *title, *description, *prefix, *period;
    int64_t shards, replicas, max_docs, max_bytes, keep_indices, keep_age_ns, keep_bytes;
    int rotation, retention;
    bool writable, rotate_empty;
};

struct stream_conf {
    const char *title, *description, *index_set;
    const struct node *rules;
    int matching;
    bool disabled, remove;
};

struct rule_conf {
    const char *field, *value, *description;
    int type;
    bool inverted;
};

static const char *const matching_names[] = { "AND", "OR", NULL };
static const char *const stream_rule_names[] = {
#define STREAM_RULE_NAME(id, name) #name,
    STREAM_RULES(STREAM_RULE_NAME)
#undef STREAM_RULE_NAME
        NULL
};

/* clang-format off */
const struct option index_set_options[] = {
    OPT(set_conf, title,        TEXT, "title",        NULL,  0, 0, OPT_REQUIRED, "Its title, by which packs know it."),
    OPT(set_conf, description,  TEXT, "description",  "",    0, 0, 0, "What it is for."),
    OPT(set_conf, prefix,       TEXT, "index_prefix", NULL,  0, 0, OPT_REQUIRED, "How the names of its indices begin."),
    OPT(set_conf, shards,       INT,  "shards",       "1",   1, 1000, 0, "Kept for those who ask: indices here are whole."),
    OPT(set_conf, replicas,     INT,  "replicas",     "0",   0, 1000, 0, "Kept for those who ask."),
    OPT(set_conf, writable,     BOOL, "writable",     "true", 0, 0, 0, "Kept for those who ask."),
    OPT_NAMES(set_conf, rotation, "rotation.strategy", "time", rotation_names, 0, "When a new index begins: by time, or by the number or bytes of messages in it."),
    OPT(set_conf, period,       TEXT, "rotation.rotation_period", "P1D", 0, 0, 0, "With time: P1D (midnight UTC), PT6H, P1W: on the UTC grid of its largest unit."),
    OPT(set_conf, rotate_empty, BOOL, "rotation.rotate_empty_index_set", "false", 0, 0, 0, "With time: also when no index of the set has messages."),
    OPT(set_conf, max_docs,     INT,  "rotation.max_docs_per_index", "20000000", 1, COUNT_MAX, 0, "With count: messages in an index."),
    OPT(set_conf, max_bytes,    SIZE, "rotation.max_size", "30GiB", 1, COUNT_MAX, 0, "With size: bytes of an index."),
    OPT_NAMES(set_conf, retention, "retention.strategy", "delete", retention_names, 0, "What happens to the oldest indices beyond the bounds."),
    OPT(set_conf, keep_indices, INT,  "retention.max_number_of_indices", "20", 0, INDICES_OF_SET_MAX, 0, "Open indices that are kept; 0: no bound."),
    OPT(set_conf, keep_age_ns,  DURATION, "retention.max_age", "0s", 0, MAX_AGE, 0, "Age of its latest message up to which an index is kept; 0: no bound."),
    OPT(set_conf, keep_bytes,   SIZE, "retention.max_bytes", "0", 0, COUNT_MAX, 0, "Bytes of all open indices that are kept; 0: no bound."),
    { 0 }
};

const struct option stream_options[] = {
    OPT(stream_conf, title,       TEXT, "title",       NULL, 0, 0, OPT_REQUIRED, "Its title, by which packs and rules know it."),
    OPT(stream_conf, description, TEXT, "description", "",   0, 0, 0, "What it is for."),
    OPT(stream_conf, index_set,   TEXT, "index_set",   NULL, 0, 0, 0, "Title of the index set of its messages; else the default one."),
    OPT_NAMES(stream_conf, matching, "matching_type", "AND", matching_names, 0, "Must all rules match, or one?"),
    OPT(stream_conf, remove,      BOOL, "remove_matches_from_default_stream", "false", 0, 0, 0, "Its messages leave the default stream."),
    OPT(stream_conf, disabled,    BOOL, "disabled",    "false", 0, 0, 0, "Paused."),
    OPT(stream_conf, rules,       NODE, "rules",       NULL, 0, 0, 0, "List of rules; none: messages get there from pipelines only."),
    { 0 }
};

const struct option stream_rule_options[] = {
    OPT_NAMES(rule_conf, type, "type", "EXACT", stream_rule_names, OPT_REQUIRED, "How the field is compared."),
    OPT(rule_conf, field,       TEXT, "field",       "", 0, 0, 0, "Name of the field."),
    OPT(rule_conf, value,       TEXT, "value",       "", 0, 0, 0, "What it is compared with."),
    OPT(rule_conf, description, TEXT, "description", "", 0, 0, 0, "Why."),
    OPT(rule_conf, inverted,    BOOL, "inverted",    "false", 0, 0, 0, "The opposite."),
    { 0 }
};
/* clang-format on */

static err read_section(const struct option *table, const struct node *section, void *conf,
                        const struct loading *l)
{
    const struct option *const tables[] = { table, NULL };
    const char *nearest = NULL;
    char where[300];
    const struct node *bad = option_unknown(tables, section, NULL, &nearest);
    if (bad)
        return why_set(l->why, ERR_CONFIG, "%s: unknown key '%s'%s%s%s",
                       node_where(bad, where, sizeof where), bad->key,
                       nearest ? " (did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?)" : "");
    return option_load(table, section, conf, l);
}

/* ---- index sets */

static bool fits(const char *text, size_t cap)
{
    return strlen(text ? text : "") < cap;
}

static err take_set(struct index_set *s, const struct set_conf *c, struct why *w)
{
    if (!fits(c->title, sizeof s->title) || !fits(c->description, sizeof s->description) ||
        !fits(c->prefix, sizeof s->prefix) || !fits(c->period, sizeof s->period))
        return why_set(w, ERR_CONFIG,
                       "a text of the index set \"%.80s\" is too long (title %zu, description %zu, "
                       "prefix %d, period %zu bytes)",
                       c->title, sizeof s->title - 1, sizeof s->description - 1, INDEX_PREFIX_MAX,
                       sizeof s->period - 1);
    snprintf(s->title, sizeof s->title, "%s", c->title);
    snprintf(s->description, sizeof s->description, "%s", c->description);
    snprintf(s->prefix, sizeof s->prefix, "%s", c->prefix);
    snprintf(s->period, sizeof s->period, "%s", c->period);
    s->shards = c->shards;
    s->replicas = c->replicas;
    s->writable = c->writable;
    s->rotation = c->rotation;
    s->rotate_empty = c->rotate_empty;
    s->max_docs = c->max_docs;
    s->max_bytes = c->max_bytes;
    s->retention = c->retention;
    s->keep_indices = c->keep_indices;
    s->keep_age_ms = c->keep_age_ns / NS_PER_MS;
    s->keep_bytes = c->keep_bytes;
    return ERR_OK;
}

err set_conf_read(struct index_set *s, const struct node *section, struct arena *a, struct why *w)
{
    struct set_conf c = { 0 };
    struct loading l = { "index_set", a, w };
    err e = read_section(index_set_options, section, &c, &l);
    return e ? e : take_set(s, &c, w);
}

static void put_text(struct buf *b, const char *key, const char *value)
{
    buf_printf(b, "%s: ", key);
    json_string(b, slice_cstr(value), false); /* YAML takes JSON's strings */
    buf_u8(b, '\n');
}

void set_conf_write(struct buf *b, const struct index_set *s)
{
    put_text(b, "title", s->title);
    put_text(b, "description", s->description);
    put_text(b, "index_prefix", s->prefix);
    buf_printf(b, "shards: %lld\nreplicas: %lld\nwritable: %s\n", (long long)s->shards,
               (long long)s->replicas, s->writable ? "true" : "false");
    buf_printf(b, "rotation:\n  strategy: %s\n  rotation_period: %s\n", rotation_names[s->rotation],
               s->period);
    buf_printf(b, "  rotate_empty_index_set: %s\n  max_docs_per_index: %lld\n  max_size: %lld\n",
               s->rotate_empty ? "true" : "false", (long long)s->max_docs, (long long)s->max_bytes);
    buf_printf(b, "retention:\n  strategy: %s\n  max_number_of_indices: %lld\n",
               retention_names[s->retention], (long long)s->keep_indices);
    buf_printf(b, "  max_age: %lldms\n  max_bytes: %lld\n", (long long)s->keep_age_ms,
               (long long)s->keep_bytes);
}

static err refuse_key(const char *key, struct why *w)
{
    const char *names[32];
    size_t n = 0;
    for (const struct option *o = index_set_options; o->key && n < COUNT(names); o++)
        names[n++] = o->key;
    const char *nearest = nearest_name(key, names, n);
    return why_set(w, ERR_USAGE, "an index set has no setting '%s'%s%s%s", key,
                   nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
}

/* One KEY=VALUE put into the tree of settings. */
static err assign(struct node *root, const char *text, struct arena *a, struct why *w)
{
    struct slice s = slice_cstr(text);
    ptrdiff_t at = slice_find(s, '=');
    char key[64];
    struct node *value, *to;
    if (at <= 0 || (size_t)at >= sizeof key)
        return why_set(w, ERR_USAGE, "'%s' is no KEY=VALUE (rotation.strategy=count)", text);
    snprintf(key, sizeof key, "%.*s", (int)at, text);
    if (strcmp(key, "title") == 0 || strcmp(key, "index_prefix") == 0)
        return why_set(w, ERR_USAGE, "the %s of an index set cannot be changed: indices have it",
                       strcmp(key, "title") == 0 ? "title (its identity for packs)" : "prefix");
    to = node_path(root, key);
    if (!to || to->type == NODE_MAP)
        return refuse_key(key, w);
    err e = yaml_value(a, slice_after(s, (size_t)at + 1), "command line", &value, w);
    if (e)
        return e;
    struct node *next = to->next;
    const char *name = to->key;
    *to = *value;
    to->key = name;
    to->next = next;
    return ERR_OK;
}

err set_conf_change(struct index_set *s, const struct texts *assignments, struct arena *a,
                    struct why *w)
{
    char text[TEXT_BYTES];
    struct buf b = buf_of(text, sizeof text);
    struct node *root;
    set_conf_write(&b, s);
    err e = yaml_read(a, buf_slice(&b), "index set", &root, w);
    for (unsigned i = 0; i < assignments->n && !e; i++)
        e = assign(root, assignments->v[i], a, w);
    return e ? e : set_conf_read(s, root, a, w);
}

/* ---- streams */

const char *stream_rule_name(int type)
{
    return type >= STREAM_RULE_EXACT && type <= STREAM_RULE_INPUT ? stream_rule_names[type - 1]
                                                                  : "?";
}

static err read_rule(struct stream_rule *r, const struct node *n, struct arena *a, struct why *w)
{
    struct rule_conf c = { 0 };
    struct loading l = { "rules", a, w };
    err e = read_section(stream_rule_options, n, &c, &l);
    if (!e)
        *r = (struct stream_rule){ .type = c.type + 1,
                                   .inverted = c.inverted,
                                   .field = slice_cstr(c.field),
                                   .value = slice_cstr(c.value),
                                   .description = c.description };
    return e;
}

err stream_conf_read(struct stream_def *s, const char **index_set, const struct node *section,
                     struct arena *a, struct why *w)
{
    struct stream_conf c = { 0 };
    struct loading l = { "stream", a, w };
    err e = read_section(stream_options, section, &c, &l);
    if (e)
        return e;
    *s = (struct stream_def){ .title = c.title,
                              .description = c.description,
                              .match_any = c.matching == 1,
                              .paused = c.disabled,
                              .remove_from_default = c.remove };
    *index_set = c.index_set;
    s->rule = arena_alloc(a, STATE_STREAM_RULES_MAX * sizeof(struct stream_rule));
    const struct node *n = c.rules && c.rules->type == NODE_LIST ? c.rules->child : NULL;
    for (; n && s->rule && !e; n = n->next) {
        if (s->n_rules == STATE_STREAM_RULES_MAX)
            return why_set(w, ERR_LIMIT, "stream \"%s\": more than %d rules", s->title,
                           STATE_STREAM_RULES_MAX);
        e = read_rule(&s->rule[s->n_rules++], n, a, w);
    }
    return e;
}
