/* A pack exported in memory, and what must hold of it. */
#include "lib/exported.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "lib/exported_rules.h"
#include "os/file.h"
#include "store/set_conf.h"

/* ---- making one */

static void read_streams(struct exported *e)
{
    const struct node *file = e->packs->pack[0].stream;
    struct stream_def *s = arena_zalloc(&e->mem, PACK_STREAMS_MAX * sizeof *s);
    const char *set;
    struct why w;
    for (const struct node *n = file && file->type == NODE_LIST ? file->child : file; n;
         n = n->next)
        if (stream_conf_read(&s[e->conf.n_streams++], &set, n, &e->mem, &w))
            mistake_line(&e->wrong, w.text);
    e->conf.stream = s;
}

void exported_make(struct exported *e, const char *folder, const char *name, const char *settings,
                   enum export_variant variant)
{
    char yaml[2000], here[PATH_MAX];
    struct why w;
    struct node *chosen;
    const char *folders[1] = { folder }, *enabled[1] = { name };
    *e = (struct exported){ .conf = { .variant = variant, .lookups = EXPORT_LOOKUPS } };
    arena_init(&e->mem, NULL, 0);
    e->wrong.mem = &e->mem;
    snprintf(yaml, sizeof yaml, "%s: {%s}\n", name, settings);
    if (yaml_read(&e->mem, slice_cstr(yaml), "settings", &chosen, &w)) {
        mistake_line(&e->wrong, w.text);
        return;
    }
    struct packs_conf packs = { .folders = { folders, 1 },
                                .enabled = { enabled, 1 },
                                .settings = chosen,
                                .user_folder = realpath(".", here) };
    e->packs = packs_load(&packs, &e->wrong);
    struct buf out = buf_of(arena_alloc(&e->mem, EXPORT_BYTES_MAX), EXPORT_BYTES_MAX);
    if (e->packs)
        read_streams(e);
    if (!e->packs || e->wrong.n || !pack_export(e->packs, &e->conf, &out, &e->result, &e->wrong))
        return;
    e->text = buf_slice(&out);
    if (json_read(&e->mem, e->text, "export", &e->root, &w))
        mistake_line(&e->wrong, w.text);
}

void exported_free(struct exported *e)
{
    packs_drop(e->packs);
    arena_free(&e->mem);
}

/* ---- looking into it */

const char *exported_text(const struct node *of, const char *key)
{
    const struct node *n = node_get(of, key);
    const struct node *value = n && n->type == NODE_MAP ? node_get(n, "@value") : n;
    return value && value->text && value->type != NODE_NULL ? value->text : "";
}

static const char *type_of(const struct node *entity)
{
    return exported_text(node_get(entity, "type"), "name");
}

static const struct node *entities(const struct exported *e)
{
    const struct node *list = node_get(e->root, "entities");
    return list ? list->child : NULL;
}

const struct node *exported_next(const struct exported *e, const char *type,
                                 const struct node *after)
{
    const struct node *c = after ? after->next : entities(e);
    while (c && strcmp(type_of(c), type) != 0)
        c = c->next;
    return c;
}

const struct node *exported_entity(const struct exported *e, const char *type, unsigned n)
{
    const struct node *c = exported_next(e, type, NULL);
    while (c && n--)
        c = exported_next(e, type, c);
    return node_get(c, "data");
}

const struct node *exported_by_id(const struct exported *e, const char *id)
{
    for (const struct node *c = entities(e); c; c = c->next)
        if (strcmp(exported_text(c, "id"), id) == 0)
            return c;
    return NULL;
}

bool exported_expect(struct exported *e, bool holds, const char *what, const char *fmt, ...)
{
    va_list ap;
    e->passed += holds;
    e->failed += !holds;
    if (holds)
        return true;
    printf("FAILED: %s: ", what);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    return false;
}

/* ---- ids and references */

/* "xxxxxxxx-xxxx-5xxx-[89ab]xxx-xxxxxxxxxxxx" */
static bool is_uuid5(const char *id)
{
    if (strlen(id) != 36 || strspn(id, "0123456789abcdef-") != 36)
        return false;
    return id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' && id[14] == '5' &&
           strchr("89ab", id[19]);
}

static bool is_a(const struct exported *e, const char *id, const char *type)
{
    const struct node *entity = exported_by_id(e, id);
    return entity && strcmp(type_of(entity), type) == 0;
}

static bool is_stream(const struct exported *e, const char *id)
{
    return is_a(e, id, "stream") || is_a(e, id, "stream_title");
}

static void check_ids(struct exported *e, const char *what)
{
    exported_expect(e, is_uuid5(exported_text(e->root, "id")), what, "id of the pack");
    for (const struct node *c = entities(e); c; c = c->next) {
        const char *id = exported_text(c, "id");
        exported_expect(e, is_uuid5(id) && exported_by_id(e, id) == c, what,
                        "%s \"%s\": id %s is none, or another's", type_of(c),
                        exported_text(node_get(c, "data"), "title"), id);
    }
}

static void check_table(struct exported *e, const char *what, const struct node *d)
{
    exported_expect(e,
                    is_a(e, exported_text(d, "cache_name"), "lookup_cache") &&
                        is_a(e, exported_text(d, "data_adapter_name"), "lookup_adapter"),
                    what, "table %s: cache or adapter is not there", exported_text(d, "name"));
}

static void check_links(struct exported *e, const char *what, const struct node *d)
{
    const struct node *list = node_get(d, "connected_streams");
    unsigned links = 0;
    for (const struct node *c = list ? list->child : NULL; c; c = c->next, links++) {
        const char *id = exported_text(c, "@value");
        exported_expect(e, is_stream(e, id) || strcmp(id, DEFAULT_STREAM_ID) == 0, what,
                        "pipeline %s: stream %s is not there", exported_text(d, "title"), id);
    }
    exported_expect(e, links == exported_links(e, exported_text(d, "title")), what,
                    "pipeline %s: %u streams", exported_text(d, "title"), links);
}

static void check_references(struct exported *e, const char *what)
{
    for (const struct node *c = NULL; (c = exported_next(e, "lookup_table", c));)
        check_table(e, what, node_get(c, "data"));
    for (const struct node *c = NULL; (c = exported_next(e, "pipeline", c));)
        check_links(e, what, node_get(c, "data"));
}

/* ---- the dashboard */

static unsigned children(const struct node *n)
{
    unsigned count = 0;
    for (const struct node *c = n ? n->child : NULL; c; c = c->next)
        count++;
    return count;
}

static const struct node *with_id(const struct node *list, const char *id)
{
    for (const struct node *c = list ? list->child : NULL; c; c = c->next)
        if (strcmp(exported_text(c, "id"), id) == 0)
            return c;
    return NULL;
}

static const struct node *with_title(const struct node *titles, const char *title)
{
    for (const struct node *c = titles ? titles->child : NULL; c; c = c->next)
        if (c->text && strcmp(c->text, title) == 0)
            return c;
    return NULL;
}

static bool only_stream(const struct exported *e, const struct node *list)
{
    return children(list) == 1 && list->child->text && is_stream(e, list->child->text);
}

/* Rows or columns: those of dashboard.yml; in `config` where it is a widget's. */
static bool same_group(const struct node *want, const struct node *list)
{
    const struct node *got = list ? list->child : NULL;
    if (!want)
        return list && !got;
    const struct node *field = node_get(want, "field");
    const struct node *config = node_get(got, "config") ? node_get(got, "config") : got;
    const struct node *fields = node_get(got, "fields");
    if (!got || got->next || children(fields) != 1)
        return false;
    if (!field)
        return strcmp(exported_text(got, "type"), "time") == 0 &&
               strcmp(fields->child->text, "timestamp") == 0 && node_get(config, "interval");
    const struct node *limit = node_get(want, "limit"), *got_limit = node_get(config, "limit");
    return strcmp(exported_text(got, "type"), "values") == 0 &&
           strcmp(fields->child->text, field->text) == 0 && got_limit &&
           got_limit->i == (limit ? limit->i : 15);
}

/* Sorted by the metric where values are the rows. */
static bool same_sort(const struct node *want, const struct node *list)
{
    const struct node *s = list ? list->child : NULL;
    const struct node *rows = node_get(want, "rows"), *order = node_get(want, "direction");
    if (!node_get(rows, "field"))
        return list && !s;
    return s && !s->next && strcmp(exported_text(s, "field"), exported_text(want, "metric")) == 0 &&
           strcmp(exported_text(s, "direction"), order ? order->text : "Descending") == 0;
}

static bool same_search(const struct exported *e, const struct node *want, const struct node *got)
{
    const struct node *series = node_get(got, "series");
    const struct node *s = series ? series->child : NULL, *name = node_get(want, "name");
    const struct node *query = node_get(got, "query");
    char metric[200];
    snprintf(metric, sizeof metric, "%s(%s)", exported_text(s, "type"), exported_text(s, "field"));
    return s && !s->next && strcmp(metric, exported_text(want, "metric")) == 0 &&
           strcmp(exported_text(s, "id"), name ? name->text : metric) == 0 &&
           strcmp(exported_text(query, "query_string"), exported_text(want, "query")) == 0 &&
           only_stream(e, node_get(got, "streams")) &&
           same_group(node_get(want, "rows"), node_get(got, "row_groups")) &&
           same_group(node_get(want, "columns"), node_get(got, "column_groups")) &&
           same_sort(want, node_get(got, "sort"));
}

static bool same_widget(const struct exported *e, const struct node *want, const struct node *got)
{
    const struct node *config = node_get(got, "config");
    const struct node *series = node_get(config, "series"), *query = node_get(got, "query");
    const struct node *trend = node_path(config, "visualization_config.trend");
    bool wants_trend = node_get(want, "trend");
    return strcmp(exported_text(config, "visualization"), exported_text(want, "visualization")) ==
               0 &&
           series && series->child &&
           strcmp(exported_text(series->child, "function"), exported_text(want, "metric")) == 0 &&
           strcmp(exported_text(node_get(series->child, "config"), "name"),
                  exported_text(want, "name")) == 0 &&
           strcmp(exported_text(query, "query_string"), exported_text(want, "query")) == 0 &&
           (!trend || trend->b == wants_trend) && (!wants_trend || trend) &&
           only_stream(e, node_get(got, "streams")) &&
           same_group(node_get(want, "rows"), node_get(config, "row_pivots")) &&
           same_group(node_get(want, "columns"), node_get(config, "column_pivots")) &&
           same_sort(want, node_get(config, "sort"));
}

static bool same_position(const struct node *want, const struct node *got)
{
    static const char *const keys[] = { "col", "row", "width", "height" };
    const struct node *n = want ? want->child : NULL;
    for (size_t i = 0; i < COUNT(keys); i++, n = n->next) {
        const struct node *have = node_get(got, keys[i]);
        if (!n || !have || have->i != n->i)
            return false;
    }
    return true;
}

/* A trend is a second search, over the time before the first one. */
static bool same_searches(const struct exported *e, const struct node *want,
                          const struct node *mapping, const struct node *types)
{
    const struct node *id = mapping ? mapping->child : NULL;
    const struct node *first = id ? with_id(types, id->text) : NULL;
    if (!first || !same_search(e, want, first))
        return false;
    if (!node_get(want, "trend"))
        return !id->next;
    const struct node *second = id->next ? with_id(types, id->next->text) : NULL;
    const struct node *range = node_get(second, "timerange");
    return second && same_search(e, want, second) &&
           strcmp(exported_text(second, "name"), "trend") == 0 &&
           strcmp(exported_text(range, "type"), "offset") == 0 &&
           strcmp(exported_text(range, "id"), id->text) == 0;
}

static void check_widget(struct exported *e, const char *what, const struct node *want,
                         const struct node *query, const struct node *state)
{
    const char *title = exported_text(want, "title");
    const struct node *named = with_title(node_path(state, "titles.widget"), title);
    const char *id = named ? named->key : "";
    exported_expect(e, named, what, "widget \"%s\" is not there", title);
    const struct node *got = with_id(node_get(state, "widgets"), id);
    exported_expect(e, got && same_widget(e, want, got), what, "widget \"%s\" is another", title);
    exported_expect(
        e, same_position(node_get(want, "position"), node_get(node_get(state, "positions"), id)),
        what, "widget \"%s\" is elsewhere", title);
    exported_expect(e,
                    same_searches(e, want, node_get(node_get(state, "widget_mapping"), id),
                                  node_get(query, "search_types")),
                    what, "widget \"%s\" has another search", title);
}

static void check_tab(struct exported *e, const char *what, const struct node *want,
                      const struct node *query, const struct node *state)
{
    unsigned searches = 0;
    const struct node *filters = node_path(query, "filter.filters");
    exported_expect(e, state && strcmp(exported_text(query, "id"), state->key) == 0, what,
                    "query and state of a tab");
    exported_expect(e,
                    strcmp(exported_text(node_path(state, "titles.tab"), "title"),
                           exported_text(want, "title")) == 0,
                    what, "tab \"%s\"", exported_text(want, "title"));
    exported_expect(e, filters && is_stream(e, exported_text(filters->child, "id")), what,
                    "tab \"%s\" is not over the stream", exported_text(want, "title"));
    const struct node *widgets = node_get(want, "widgets");
    for (const struct node *w = widgets->child; w; w = w->next) {
        check_widget(e, what, w, query, state);
        searches += node_get(w, "trend") ? 2 : 1;
    }
    exported_expect(e,
                    children(node_get(state, "widgets")) == children(widgets) &&
                        children(node_get(state, "positions")) == children(widgets) &&
                        children(node_get(state, "widget_mapping")) == children(widgets) &&
                        children(node_get(query, "search_types")) == searches,
                    what, "tab \"%s\" has more than its widgets", exported_text(want, "title"));
}

static void check_dashboard(struct exported *e, const char *what)
{
    char path[4096];
    struct slice text;
    struct node *yml;
    struct why w;
    snprintf(path, sizeof path, "%s/dashboard.yml", e->packs->pack[0].folder);
    const struct node *d = exported_entity(e, "dashboard", 0);
    if (!file_exists(path)) {
        exported_expect(e, !d, what, "a dashboard that the pack has not");
        return;
    }
    if (!exported_expect(e, d, what, "no dashboard") ||
        file_read(&e->mem, path, (size_t)1 << 20, &text, &w) ||
        yaml_read(&e->mem, text, path, &yml, &w))
        return;
    exported_expect(e, strcmp(exported_text(d, "title"), exported_text(yml, "title")) == 0, what,
                    "title of the dashboard");
    const struct node *tab = node_get(yml, "tabs")->child;
    const struct node *query = node_path(d, "search.queries.0");
    const struct node *state = node_get(d, "state") ? node_get(d, "state")->child : NULL;
    for (; tab; tab = tab->next) {
        check_tab(e, what, tab, query, state);
        query = query ? query->next : NULL;
        state = state ? state->next : NULL;
    }
    exported_expect(e, !query && !state, what, "more tabs than dashboard.yml has");
}

void exported_check(struct exported *e, const char *what)
{
    if (!exported_expect(e, e->root, what, "%s", e->wrong.n ? e->wrong.v[0] : "no document"))
        return;
    check_ids(e, what);
    check_references(e, what);
    exported_check_rules(e, what);
    check_dashboard(e, what);
}
