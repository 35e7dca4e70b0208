/* A pack's dashboard.yml: tabs of widgets on a grid of twelve columns, each a search over one
 * stream. The format is in docs/packs.md. */
#pragma once

#include "pack/pack_load.h"

#define DASHBOARD_TABS_MAX    32
#define DASHBOARD_WIDGETS_MAX 128 /* of one tab */

/* X(LOOK, name): how a widget is drawn, as its key `visualization` says. */
#define DASHBOARD_LOOKS(X)                                                                         \
    X(BAR, bar)                                                                                    \
    X(LINE, line)                                                                                  \
    X(AREA, area)                                                                                  \
    X(PIE, pie)                                                                                    \
    X(TABLE, table)                                                                                \
    X(NUMERIC, numeric)                                                                            \
    X(MAP, map)                                                                                    \
    X(SCATTER, scatter)                                                                            \
    X(HEATMAP, heatmap)

enum dashboard_look {
#define DASHBOARD_LOOK(id, name) LOOK_##id,
    DASHBOARD_LOOKS(DASHBOARD_LOOK)
#undef DASHBOARD_LOOK
};
extern const char *const dashboard_look_names[]; /* by enum dashboard_look; NULL ends */

enum dashboard_trend { TREND_NONE, TREND_LOWER, TREND_NEUTRAL, TREND_HIGHER };
extern const char *const dashboard_trend_names[];

extern const char *const dashboard_barmode_names[];
enum dashboard_order { ORDER_DESCENDING, ORDER_ASCENDING };
extern const char *const dashboard_order_names[];

/* What a widget groups by: a field's values, or time. Both NULL: nothing. */
struct dashboard_group {
    const char *field; /* of values */
    const char *time;  /* "auto", or a number and one of s m h d w M y */
    int64_t limit;     /* of values */
};

struct dashboard_widget {
    const char *title, *query;
    const char *metric;          /* "sum(network_bytes)" */
    const char *function, *over; /* "sum", "network_bytes"; over NULL: of no field; of a
                                    percentile "network_bytes,95" */
    const char *name;            /* of the metric's column; NULL: the metric */
    int look, trend, barmode, order;
    struct dashboard_group rows, columns;
    int64_t position[4]; /* column and row from 1, width, height */
    const struct node *at;
};

struct dashboard_tab {
    const char *title;
    struct dashboard_widget *widget;
    unsigned n;
};

struct dashboard {
    const char *title, *summary, *description;
    const char *stream; /* title; NULL: over all messages */
    int64_t seconds;    /* of the time that widgets look back */
    struct dashboard_tab *tab;
    unsigned n;
    const struct node *at;
};

/* The present pack's dashboard.yml, in the packs' arena. NULL: there is none, or `wrong` says what
 * is wrong with it. */
struct dashboard *dashboard_read(struct pack_loading *l);

/* Are the dashboards of all packs good? What is not is added to wrong. p must not be shared yet. */
bool dashboard_check(struct packs *p, struct mistakes *wrong);
