/* What a query reads: tables with the columns of columns.def (store/columns.h), `doc` and `seq`,
 * which stay as they are while the view is held. */
#pragma once

#include "base/slice.h"
#include "store/duck.h"

struct view_table {
    const char *name;       /* what stands behind FROM: idx_7.ev, or a query in parentheses */
    const char *set_id;     /* index set, 24 hex digits */
    const char *index;      /* its name: gl_packetbeat_3 */
    int64_t from_us, to_us; /* earliest and latest message, both included; from > to: no rows */
    uint64_t rows;
    bool coded; /* it has the columns of codes.h too */
};

struct store_view {
    struct duck *duck;
    const struct view_table *table;
    unsigned n;
    bool coded; /* the dictionary of codes.h is attached */
};

/* What to look at. */
struct view_range {
    int64_t from_us, to_us; /* of messages, since 1970 UTC, both included */
    const char *set_id;     /* NULL: all index sets */
    const char *index;      /* NULL: all indices */
};
