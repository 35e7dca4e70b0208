/* The dashboard: a view with one search. Each tab is a query of the search and a state of the view;
 * each widget has its search types in the query (two when it shows a trend), and both say the same
 * twice: what is grouped, computed, sorted. */
#include "pack/export_private.h"

/* A widget and what its ids are made from. */
struct shown {
    const struct dashboard *d;
    const struct dashboard_widget *w;
    struct uuid id; /* of which all its ids are made */
    char stream[UUID_TEXT];
};

/* How a Graylog takes the share of one is not among the answers that are known. */
static void refuse_percentiles(struct exporting *x, const struct dashboard *d)
{
    for (unsigned i = 0; i < d->n; i++)
        for (unsigned k = 0; k < d->tab[i].n; k++)
            if (strcmp(d->tab[i].widget[k].function, "percentile") == 0)
                mistake_add(x->wrong, place_of(d->tab[i].widget[k].at),
                            "metric: a percentile is not exported (mend: avg or max)");
}

void export_read_dashboard(struct exporting *x)
{
    char uuid[UUID_TEXT];
    struct dashboard *d = dashboard_read(&x->load);
    if (d && d->stream && !export_stream_uuid(x, uuid, slice_cstr(d->stream)))
        mistake_add(x->wrong, place_of(d->at),
                    "stream: '%.80s' is no stream of this pack (mend: a stream.yml with this "
                    "title, or no `stream` for all messages)",
                    d->stream);
    if (d)
        refuse_percentiles(x, d);
    x->dashboard = d;
}

/* ---- names and ids */

/* Of several of one title, the later ones are told apart by their number. */
static struct uuid id_of_title(const struct uuid *within, const char *title, unsigned nth)
{
    struct uuid u = uuid_of_name(within, slice_cstr(title));
    uint8_t number[4] = { (uint8_t)(nth >> 24), (uint8_t)(nth >> 16), (uint8_t)(nth >> 8),
                          (uint8_t)nth };
    return nth ? uuid_of_name(&u, slice_of(number, sizeof number)) : u;
}

static struct uuid tab_id(const struct exporting *x, unsigned tab)
{
    const struct dashboard_tab *t = x->dashboard->tab;
    struct uuid within = export_space(x, "query");
    unsigned nth = 0;
    for (unsigned i = 0; i < tab; i++)
        nth += strcmp(t[i].title, t[tab].title) == 0;
    return id_of_title(&within, t[tab].title, nth);
}

static void tab_uuid(const struct exporting *x, char out[UUID_TEXT], unsigned tab)
{
    struct uuid u = tab_id(x, tab);
    uuid_text(out, &u);
}

static void show(const struct exporting *x, struct shown *s, unsigned tab, unsigned widget)
{
    const struct dashboard_tab *t = &x->dashboard->tab[tab];
    struct uuid within = tab_id(x, tab);
    unsigned nth = 0;
    *s = (struct shown){ .d = x->dashboard, .w = &t->widget[widget] };
    for (unsigned i = 0; i < widget; i++)
        nth += strcmp(t->widget[i].title, s->w->title) == 0;
    s->id = id_of_title(&within, s->w->title, nth);
    if (s->d->stream)
        export_stream_uuid(x, s->stream, slice_cstr(s->d->stream));
}

static void widget_uuid(const struct shown *s, const char *kind, char out[UUID_TEXT])
{
    struct uuid u = uuid_of_name(&s->id, slice_cstr(kind));
    uuid_text(out, &u);
}

/* ---- what search types and widgets have in common */

static void put_range(struct exporting *x)
{
    jsonprint_open(&x->j, "timerange", '{');
    jsonprint_cstr(&x->j, "type", "relative");
    jsonprint_int(&x->j, "from", x->dashboard->seconds);
    jsonprint_close(&x->j, '{');
}

static void put_query(struct exporting *x, const char *query)
{
    jsonprint_open(&x->j, "query", '{');
    jsonprint_cstr(&x->j, "type", "elasticsearch");
    jsonprint_cstr(&x->j, "query_string", query);
    jsonprint_close(&x->j, '{');
}

static void put_empty(struct exporting *x, const char *key, char kind)
{
    jsonprint_open(&x->j, key, kind);
    jsonprint_close(&x->j, kind);
}

static void put_source(struct exporting *x, const struct shown *s)
{
    put_query(x, s->w->query);
    jsonprint_open(&x->j, "streams", '[');
    if (s->stream[0])
        jsonprint_cstr(&x->j, NULL, s->stream);
    jsonprint_close(&x->j, '[');
    jsonprint_null(&x->j, "filter");
    put_empty(x, "filters", '[');
}

/* By the metric, where values are grouped: the widget's limit keeps the first ones. The field of
 * this is the metric's text, also when it has a name. */
static void put_sort(struct exporting *x, const struct shown *s)
{
    jsonprint_open(&x->j, "sort", '[');
    if (s->w->rows.field) {
        jsonprint_open(&x->j, NULL, '{');
        jsonprint_cstr(&x->j, "type", "series");
        jsonprint_cstr(&x->j, "field", s->w->metric);
        jsonprint_cstr(&x->j, "direction", dashboard_order_names[s->w->order]);
        jsonprint_close(&x->j, '{');
    }
    jsonprint_close(&x->j, '[');
}

/* Totals over what columns split; a table and a map show none. */
static bool has_rollup(const struct dashboard_widget *w)
{
    return w->look != LOOK_TABLE && w->look != LOOK_MAP;
}

static void put_interval(struct exporting *x, const char *time)
{
    bool automatic = strcmp(time, "auto") == 0;
    jsonprint_open(&x->j, "interval", '{');
    jsonprint_cstr(&x->j, "type", automatic ? "auto" : "timeunit");
    if (automatic)
        jsonprint_double(&x->j, "scaling", 1);
    else
        jsonprint_cstr(&x->j, "timeunit", time);
    jsonprint_close(&x->j, '{');
}

/* Rows or columns. Of a widget what bounds the values stands in a `config` of its own. */
static void put_group(struct exporting *x, const char *key, const struct dashboard_group *g,
                      bool of_widget)
{
    jsonprint_open(&x->j, key, '[');
    if (g->field || g->time) {
        jsonprint_open(&x->j, NULL, '{');
        jsonprint_cstr(&x->j, "type", g->field ? "values" : "time");
        jsonprint_open(&x->j, "fields", '[');
        jsonprint_cstr(&x->j, NULL, g->field ? g->field : "timestamp");
        jsonprint_close(&x->j, '[');
        if (of_widget)
            jsonprint_open(&x->j, "config", '{');
        if (g->field) {
            jsonprint_int(&x->j, "limit", g->limit);
            jsonprint_bool(&x->j, "skip_empty_values", false);
        } else {
            put_interval(x, g->time);
        }
        if (of_widget)
            jsonprint_close(&x->j, '{');
        jsonprint_close(&x->j, '{');
    }
    jsonprint_close(&x->j, '[');
}

static void put_limits(struct exporting *x)
{
    jsonprint_null(&x->j, "row_limit");
    jsonprint_null(&x->j, "column_limit");
}

/* ---- the search */

static void put_series(struct exporting *x, const struct dashboard_widget *w)
{
    jsonprint_open(&x->j, "series", '[');
    jsonprint_open(&x->j, NULL, '{');
    jsonprint_cstr(&x->j, "type", w->function);
    jsonprint_cstr(&x->j, "id", w->name ? w->name : w->metric);
    if (w->over)
        jsonprint_cstr(&x->j, "field", w->over);
    else
        jsonprint_null(&x->j, "field");
    jsonprint_close(&x->j, '{');
    jsonprint_close(&x->j, '[');
}

/* The time before that of the search type `of`. */
static void put_offset(struct exporting *x, const char *of)
{
    jsonprint_open(&x->j, "timerange", '{');
    jsonprint_cstr(&x->j, "type", "offset");
    jsonprint_cstr(&x->j, "source", "search_type");
    jsonprint_cstr(&x->j, "id", of);
    jsonprint_cstr(&x->j, "offset", "1i");
    jsonprint_close(&x->j, '{');
}

static void search_type(struct exporting *x, const struct shown *s, bool trend)
{
    char id[UUID_TEXT], of[UUID_TEXT];
    widget_uuid(s, "search_type", of);
    widget_uuid(s, trend ? "trend" : "search_type", id);
    jsonprint_open(&x->j, NULL, '{');
    jsonprint_cstr(&x->j, "id", id);
    jsonprint_cstr(&x->j, "name", trend ? "trend" : "chart");
    jsonprint_cstr(&x->j, "type", "pivot");
    if (trend)
        put_offset(x, of);
    else
        put_range(x);
    put_source(x, s);
    put_group(x, "row_groups", &s->w->rows, false);
    put_group(x, "column_groups", &s->w->columns, false);
    put_series(x, s->w);
    put_sort(x, s);
    jsonprint_bool(&x->j, "rollup", has_rollup(s->w));
    put_limits(x);
    jsonprint_close(&x->j, '{');
}

/* Messages of the dashboard's stream, or all. */
static void put_filter(struct exporting *x)
{
    char stream[UUID_TEXT];
    if (!x->dashboard->stream || !export_stream_uuid(x, stream, slice_cstr(x->dashboard->stream))) {
        jsonprint_null(&x->j, "filter");
        return;
    }
    jsonprint_open(&x->j, "filter", '{');
    jsonprint_cstr(&x->j, "type", "or");
    jsonprint_open(&x->j, "filters", '[');
    jsonprint_open(&x->j, NULL, '{');
    jsonprint_cstr(&x->j, "type", "stream");
    jsonprint_cstr(&x->j, "id", stream);
    jsonprint_close(&x->j, '{');
    jsonprint_close(&x->j, '[');
    jsonprint_close(&x->j, '{');
}

static void query(struct exporting *x, unsigned tab)
{
    char id[UUID_TEXT];
    struct shown s;
    tab_uuid(x, id, tab);
    jsonprint_open(&x->j, NULL, '{');
    jsonprint_cstr(&x->j, "id", id);
    put_range(x);
    put_filter(x);
    put_empty(x, "filters", '[');
    put_query(x, "");
    jsonprint_open(&x->j, "search_types", '[');
    for (unsigned i = 0; i < x->dashboard->tab[tab].n; i++) {
        show(x, &s, tab, i);
        search_type(x, &s, false);
        if (s.w->trend)
            search_type(x, &s, true);
    }
    jsonprint_close(&x->j, '[');
    jsonprint_close(&x->j, '{');
}

static void search(struct exporting *x)
{
    jsonprint_open(&x->j, "search", '{');
    jsonprint_open(&x->j, "queries", '[');
    for (unsigned i = 0; i < x->dashboard->n; i++)
        query(x, i);
    jsonprint_close(&x->j, '[');
    put_empty(x, "parameters", '[');
    put_empty(x, "requires", '{');
    jsonprint_cstr(&x->j, "owner", "admin");
    jsonprint_close(&x->j, '{');
}

/* ---- the state */

static void put_look(struct exporting *x, const struct dashboard_widget *w)
{
    struct jsonprint *j = &x->j;
    if (w->look == LOOK_PIE) {
        jsonprint_null(j, "visualization_config");
        return;
    }
    jsonprint_open(j, "visualization_config", '{');
    if (w->look == LOOK_BAR)
        jsonprint_cstr(j, "barmode", dashboard_barmode_names[w->barmode]);
    if (w->look == LOOK_LINE || w->look == LOOK_AREA)
        jsonprint_cstr(j, "interpolation", "linear");
    if (w->look == LOOK_BAR || w->look == LOOK_LINE || w->look == LOOK_AREA ||
        w->look == LOOK_SCATTER)
        jsonprint_cstr(j, "axis_type", "linear");
    if (w->look == LOOK_TABLE)
        put_empty(x, "pinned_columns", '[');
    if (w->look == LOOK_NUMERIC) {
        jsonprint_bool(j, "trend", w->trend != TREND_NONE);
        jsonprint_cstr(j, "trend_preference",
                       dashboard_trend_names[w->trend ? w->trend : TREND_NEUTRAL]);
    }
    if (w->look == LOOK_MAP) {
        jsonprint_open(j, "viewport", '{');
        jsonprint_double(j, "center_x", 0);
        jsonprint_double(j, "center_y", 0);
        jsonprint_int(j, "zoom", 1);
        jsonprint_close(j, '{');
    }
    if (w->look == LOOK_HEATMAP) {
        jsonprint_cstr(j, "color_scale", "Viridis");
        jsonprint_bool(j, "reverse_scale", false);
        jsonprint_bool(j, "auto_scale", true);
        jsonprint_null(j, "z_min");
        jsonprint_null(j, "z_max");
        jsonprint_bool(j, "use_smallest_as_default", false);
        jsonprint_null(j, "default_value");
    }
    jsonprint_close(j, '{');
}

static void put_config(struct exporting *x, const struct shown *s)
{
    struct jsonprint *j = &x->j;
    jsonprint_open(j, "config", '{');
    jsonprint_cstr(j, "visualization", dashboard_look_names[s->w->look]);
    put_group(x, "row_pivots", &s->w->rows, true);
    put_group(x, "column_pivots", &s->w->columns, true);
    jsonprint_open(j, "series", '[');
    jsonprint_open(j, NULL, '{');
    jsonprint_cstr(j, "function", s->w->metric);
    jsonprint_open(j, "config", '{');
    if (s->w->name)
        jsonprint_cstr(j, "name", s->w->name);
    else
        jsonprint_null(j, "name");
    jsonprint_close(j, '{');
    jsonprint_close(j, '{');
    jsonprint_close(j, '[');
    put_sort(x, s);
    jsonprint_bool(j, "rollup", has_rollup(s->w));
    put_look(x, s->w);
    jsonprint_null(j, "formatting_settings");
    jsonprint_bool(j, "event_annotation", false);
    put_limits(x);
    jsonprint_close(j, '{');
}

static void widget(struct exporting *x, const struct shown *s)
{
    char id[UUID_TEXT];
    widget_uuid(s, "widget", id);
    jsonprint_open(&x->j, NULL, '{');
    jsonprint_cstr(&x->j, "id", id);
    jsonprint_cstr(&x->j, "type", "aggregation");
    put_range(x);
    put_source(x, s);
    put_config(x, s);
    jsonprint_close(&x->j, '{');
    x->result->widgets++;
}

static void title(struct exporting *x, const struct shown *s)
{
    char id[UUID_TEXT];
    widget_uuid(s, "widget", id);
    jsonprint_cstr(&x->j, id, s->w->title);
}

static void mapping(struct exporting *x, const struct shown *s)
{
    char id[UUID_TEXT];
    widget_uuid(s, "widget", id);
    jsonprint_open(&x->j, id, '[');
    widget_uuid(s, "search_type", id);
    jsonprint_cstr(&x->j, NULL, id);
    widget_uuid(s, "trend", id);
    if (s->w->trend)
        jsonprint_cstr(&x->j, NULL, id);
    jsonprint_close(&x->j, '[');
}

static void position(struct exporting *x, const struct shown *s)
{
    static const char *const keys[] = { "col", "row", "width", "height" };
    char id[UUID_TEXT];
    widget_uuid(s, "widget", id);
    jsonprint_open(&x->j, id, '{');
    for (size_t i = 0; i < COUNT(keys); i++)
        jsonprint_int(&x->j, keys[i], s->w->position[i]);
    jsonprint_close(&x->j, '{');
}

/* One part of the state, for each widget of the tab. */
static void each(struct exporting *x, unsigned tab,
                 void (*put)(struct exporting *x, const struct shown *s))
{
    struct shown s;
    for (unsigned i = 0; i < x->dashboard->tab[tab].n; i++) {
        show(x, &s, tab, i);
        put(x, &s);
    }
}

static void put_titles(struct exporting *x, unsigned tab)
{
    jsonprint_open(&x->j, "titles", '{');
    jsonprint_open(&x->j, "tab", '{');
    jsonprint_cstr(&x->j, "title", x->dashboard->tab[tab].title);
    jsonprint_close(&x->j, '{');
    jsonprint_open(&x->j, "widget", '{');
    each(x, tab, title);
    jsonprint_close(&x->j, '{');
    jsonprint_close(&x->j, '{');
}

static void state(struct exporting *x, unsigned tab)
{
    struct jsonprint *j = &x->j;
    char id[UUID_TEXT];
    tab_uuid(x, id, tab);
    jsonprint_open(j, id, '{');
    jsonprint_null(j, "selected_fields");
    jsonprint_null(j, "static_message_list_id");
    put_titles(x, tab);
    jsonprint_open(j, "widgets", '[');
    each(x, tab, widget);
    jsonprint_close(j, '[');
    jsonprint_open(j, "widget_mapping", '{');
    each(x, tab, mapping);
    jsonprint_close(j, '{');
    jsonprint_open(j, "positions", '{');
    each(x, tab, position);
    jsonprint_close(j, '{');
    jsonprint_open(j, "formatting", '{');
    put_empty(x, "highlighting", '[');
    jsonprint_close(j, '{');
    jsonprint_open(j, "display_mode_settings", '{');
    put_empty(x, "positions", '{');
    jsonprint_close(j, '{');
    jsonprint_close(j, '{');
}

void export_dashboard(struct exporting *x)
{
    const struct dashboard *d = x->dashboard;
    char id[UUID_TEXT];
    if (!d)
        return;
    export_uuid(x, id, "dashboard", slice_cstr(d->title));
    export_begin(x, "dashboard", "2", id);
    jsonprint_cstr(&x->j, "type", "DASHBOARD");
    export_cstr(x, "title", d->title);
    export_cstr(x, "summary", d->summary);
    export_cstr(x, "description", d->description);
    jsonprint_cstr(&x->j, "owner", "admin");
    put_empty(x, "requires", '{');
    put_empty(x, "properties", '[');
    search(x);
    jsonprint_open(&x->j, "state", '{');
    for (unsigned i = 0; i < d->n; i++)
        state(x, i);
    jsonprint_close(&x->j, '{');
    export_end(x);
    x->result->dashboards++;
}
