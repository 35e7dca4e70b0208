/* dashboard.yml. */
#include "pack/dashboard.h"

#define NS_PER_S INT64_C(1000000000)
#define YEARS    (INT64_C(3650) * 86400 * NS_PER_S)
#define FAR      10000 /* rows of a grid */

struct dashboard_yml {
    const char *title, *summary, *description, *stream;
    int64_t range_ns;
    const struct node *tabs;
};

struct tab_yml {
    const char *title;
    const struct node *widgets;
};

struct widget_yml {
    const char *title, *metric, *name, *query;
    int look, trend, barmode, order;
    const struct node *rows, *columns, *instead, *position;
};

struct group_yml {
    const char *field, *time;
    int64_t limit;
};

const char *const dashboard_look_names[] = {
#define DASHBOARD_LOOK(id, name) #name,
    DASHBOARD_LOOKS(DASHBOARD_LOOK)
#undef DASHBOARD_LOOK
        NULL
};
const char *const dashboard_trend_names[] = { "none", "LOWER", "NEUTRAL", "HIGHER", NULL };
const char *const dashboard_barmode_names[] = { "group", "stack", "overlay", "relative", NULL };
const char *const dashboard_order_names[] = { "Descending", "Ascending", NULL };

/* clang-format off */
static const struct option dashboard_options[] = {
    OPT(dashboard_yml, title,       TEXT, "title",       NULL, 0, 0, OPT_REQUIRED, "Its title."),
    OPT(dashboard_yml, summary,     TEXT, "summary",     "", 0, 0, 0, "What it shows, in a line."),
    OPT(dashboard_yml, description, TEXT, "description", "", 0, 0, 0, "The same, longer."),
    OPT(dashboard_yml, stream,      TEXT, "stream",      NULL, 0, 0, 0, "Title of the stream whose messages it counts; without it all messages."),
    OPT(dashboard_yml, range_ns,    DURATION, "timerange", "86400", NS_PER_S, YEARS, 0, "How long it looks back."),
    OPT(dashboard_yml, tabs,        NODE, "tabs",        NULL, 0, 0, OPT_REQUIRED, "Its tabs, in order."),
    { 0 }
};
static const struct option tab_options[] = {
    OPT(tab_yml, title,   TEXT, "title",   NULL, 0, 0, OPT_REQUIRED, "Title of the tab."),
    OPT(tab_yml, widgets, NODE, "widgets", NULL, 0, 0, OPT_REQUIRED, "Its widgets."),
    { 0 }
};
static const struct option widget_options[] = {
    OPT(widget_yml, title,  TEXT, "title", NULL, 0, 0, OPT_REQUIRED, "What stands above it."),
    OPT_NAMES(widget_yml, look, "visualization", NULL, dashboard_look_names, OPT_REQUIRED, "How it is drawn."),
    OPT(widget_yml, metric, TEXT, "metric", "count()", 0, 0, 0, "What is computed: count(), sum(field) and their like."),
    OPT(widget_yml, name,   TEXT, "name",  NULL, 0, 0, 0, "Heading of the metric's column."),
    OPT(widget_yml, query,  TEXT, "query", "", 0, 0, 0, "Which messages of the stream it counts; empty: all."),
    OPT(widget_yml, rows,   NODE, "rows",  NULL, 0, 0, 0, "What it groups by."),
    OPT(widget_yml, columns, NODE, "columns", NULL, 0, 0, 0, "What each row is split by."),
    OPT(widget_yml, instead, NODE, "instead", NULL, 0, 0, 0, "Other fields that rows may be of, as the dashboard offers them."),
    OPT_NAMES(widget_yml, order, "direction", "Descending", dashboard_order_names, 0, "Which rows a limit keeps: those with the largest metric, or the smallest."),
    OPT_NAMES(widget_yml, trend, "trend", "none", dashboard_trend_names, 0, "Of a numeric one: it shows the change, and says which way is good."),
    OPT_NAMES(widget_yml, barmode, "barmode", "group", dashboard_barmode_names, 0, "Of a bar: where the bars of one row stand."),
    OPT(widget_yml, position, NODE, "position", NULL, 0, 0, OPT_REQUIRED, "Column (from 1, of 12), row (from 1), width, height."),
    { 0 }
};
static const struct option group_options[] = {
    OPT(group_yml, field, TEXT, "field", NULL, 0, 0, 0, "Values of this field."),
    OPT(group_yml, time,  TEXT, "time",  NULL, 0, 0, 0, "auto, or an interval: 30s, 5m, 1h, 1d, 1w, 1M, 1y."),
    OPT(group_yml, limit, INT,  "limit", "15", 1, 100000, 0, "How many values."),
    { 0 }
};
/* clang-format on */

/* Functions of a field, and count, which may be of none. */
static const char *const functions[] = { "count",        "sum",    "avg",    "min",
                                         "max",          "card",   "stddev", "variance",
                                         "sumofsquares", "latest", NULL };

static bool is_function(struct slice name)
{
    for (unsigned i = 0; functions[i]; i++)
        if (slice_eq(slice_cstr(functions[i]), name))
            return true;
    return false;
}

static const char *keep(struct pack_loading *l, struct slice text)
{
    char *copy = arena_alloc(&l->packs->mem, text.n + 1);
    if (!copy)
        return "";
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

/* "field,95": of a percentile; the share is from 0 to 100. */
static bool is_share(struct slice over)
{
    ptrdiff_t comma = slice_find(over, ',');
    struct slice share = slice_trim(slice_after(over, comma < 0 ? over.n : (size_t)comma + 1));
    uint64_t v;
    return comma > 0 && slice_to_u64(share, &v) && v <= 100;
}

/* "function(field)" */
static bool read_metric(struct pack_loading *l, struct dashboard_widget *w)
{
    struct slice text = slice_cstr(w->metric);
    ptrdiff_t open = slice_find(text, '(');
    struct slice name = slice_first(text, open < 0 ? 0 : (size_t)open);
    struct slice over = slice_trim(slice_after(text, open < 0 ? text.n : (size_t)open + 1));
    bool closed = slice_ends(over, SLICE(")"));
    over.n -= closed;
    bool share = slice_eq(name, SLICE("percentile")) && is_share(over);
    if (closed && (share || (is_function(name) && (over.n || slice_eq(name, SLICE("count")))))) {
        w->function = keep(l, name);
        w->over = over.n ? keep(l, slice_trim(over)) : NULL;
        return true;
    }
    mistake_add(l->wrong, place_of(w->at),
                "metric: '%.60s' is not count() or one of sum, avg, min, max, card, stddev, "
                "variance, sumofsquares, latest with a field: sum(field); percentile(field,95)",
                w->metric);
    return false;
}

static bool is_interval(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    bool number = digits && digits < 10 && text[0] != '0';
    return strcmp(text, "auto") == 0 ||
           (number && text[digits] && strchr("smhdwMy", text[digits]) && !text[digits + 1]);
}

static bool read_group(struct pack_loading *l, const struct node *n, struct dashboard_group *out)
{
    struct group_yml yml = { 0 };
    *out = (struct dashboard_group){ 0 };
    if (!n)
        return true;
    if (!pack_read(l, group_options, n, &yml))
        return false;
    *out = (struct dashboard_group){ yml.field, yml.time, yml.limit };
    if (!yml.field == !yml.time)
        mistake_add(l->wrong, place_of(n), "either `field` or `time` is wanted here");
    else if (yml.time && !is_interval(yml.time))
        mistake_add(l->wrong, place_of(n), "time: '%.40s' is neither auto nor an interval like 1h",
                    yml.time);
    else
        return true;
    return false;
}

static bool read_position(struct pack_loading *l, const struct node *n, int64_t out[4])
{
    const struct node *c = n->type == NODE_LIST ? n->child : NULL;
    unsigned i = 0;
    for (; c && i < 4; c = c->next)
        if (c->type == NODE_INT && c->i >= 1 && c->i <= FAR)
            out[i++] = c->i;
        else
            break;
    if (i == 4 && !c && out[0] + out[2] <= 13)
        return true;
    mistake_add(l->wrong, place_of(n),
                "position: four numbers from 1 are wanted, [column, row, width, height], column "
                "and width within 12");
    return false;
}

static void read_widget(struct pack_loading *l, const struct node *n, struct dashboard_widget *w)
{
    struct widget_yml yml = { 0 };
    if (!pack_read(l, widget_options, n, &yml))
        return;
    *w = (struct dashboard_widget){ .title = yml.title,
                                    .query = yml.query,
                                    .metric = yml.metric,
                                    .name = yml.name,
                                    .look = yml.look,
                                    .trend = yml.trend,
                                    .barmode = yml.barmode,
                                    .order = yml.order,
                                    .at = n };
    read_metric(l, w);
    read_group(l, yml.rows, &w->rows);
    read_group(l, yml.columns, &w->columns);
    read_position(l, yml.position, w->position);
    if (w->trend && w->look != LOOK_NUMERIC)
        mistake_add(l->wrong, place_of(n), "trend: only a numeric widget has one");
}

/* The members of a list; their number in *n. */
static const struct node *members(struct pack_loading *l, const struct node *list, unsigned max,
                                  unsigned *n)
{
    *n = 0;
    for (const struct node *c = list->type == NODE_LIST ? list->child : NULL; c; c = c->next)
        ++*n;
    if (*n && *n <= max)
        return list->child;
    mistake_add(l->wrong, place_of(list), "a list of 1 to %u is wanted here", max);
    *n = 0;
    return NULL;
}

static void read_tab(struct pack_loading *l, const struct node *n, struct dashboard_tab *t)
{
    struct tab_yml yml = { 0 };
    if (!pack_read(l, tab_options, n, &yml))
        return;
    const struct node *c = members(l, yml.widgets, DASHBOARD_WIDGETS_MAX, &t->n);
    t->title = yml.title;
    t->widget = arena_zalloc(&l->packs->mem, (t->n + 1) * sizeof *t->widget);
    for (unsigned i = 0; c && t->widget; c = c->next)
        read_widget(l, c, &t->widget[i++]);
}

struct dashboard *dashboard_read(struct pack_loading *l)
{
    struct node *root = pack_yaml(l, "dashboard.yml", false);
    struct dashboard_yml yml = { 0 };
    unsigned before = l->wrong->n;
    struct dashboard *d = root ? arena_zalloc(&l->packs->mem, sizeof *d) : NULL;
    pack_expand_all(l, root);
    if (!d || !pack_read(l, dashboard_options, root, &yml))
        return NULL;
    *d = (struct dashboard){ .title = yml.title,
                             .summary = yml.summary,
                             .description = yml.description,
                             .stream = yml.stream,
                             .seconds = yml.range_ns / NS_PER_S,
                             .at = root };
    const struct node *c = members(l, yml.tabs, DASHBOARD_TABS_MAX, &d->n);
    d->tab = arena_zalloc(&l->packs->mem, (d->n + 1) * sizeof *d->tab);
    for (unsigned i = 0; c && d->tab; c = c->next)
        read_tab(l, c, &d->tab[i++]);
    return l->wrong->n == before && !l->packs->mem.full ? d : NULL;
}

bool dashboard_check(struct packs *p, struct mistakes *wrong)
{
    struct pack_loading l = { .packs = p, .wrong = wrong };
    unsigned before = wrong->n;
    for (unsigned i = 0; i < p->n; i++) {
        l.pack = &p->pack[i];
        dashboard_read(&l);
    }
    return wrong->n == before;
}
