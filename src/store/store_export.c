/* Reading tables of a view row by row. */
#include "store/store_export.h"

#include "base/bug.h"
#include "store/columns.h"
#include "store/store_private.h"

#define SQL_BYTES  8192
#define LINE_BYTES ((size_t)4 * STORE_MESSAGE_MAX) /* pages that are not touched cost nothing */

static void read_row(const struct duck_query *q, struct message_row *row)
{
    for (unsigned i = 0; i < COLUMNS_N; i++)
        row->v[i] = duck_value(q, i);
    struct duck_value doc = duck_value(q, COLUMNS_N);
    row->doc = doc.kind == DUCK_TEXT ? doc.text : slice_of(NULL, 0);
}

static err read_rows(struct duck_query *q, struct buf *line, const struct store_sink *sink,
                     struct why *w)
{
    err rc = ERR_OK;
    while (duck_next(q, &rc, w)) {
        struct message_row row;
        read_row(q, &row);
        buf_reset(line);
        if (!columns_join(&row, line))
            return why_set(w, ERR_LIMIT, "store: a message is larger than %zu bytes", line->cap);
        if (!sink->line(sink->ctx, buf_slice(line)))
            return why_set(w, ERR_END, "nobody wants more");
    }
    return rc;
}

static void put_sql(struct buf *sql, const char *table)
{
    buf_cstr(sql, "SELECT ");
    for (int i = 0; i < COLUMNS_N; i++)
        buf_printf(sql, "\"%.*s\", ", (int)columns[i].name.n, (const char *)columns[i].name.p);
    buf_printf(sql, "doc FROM %s", table);
}

static err export_table(struct duck_session *s, const struct view_table *t, struct buf *line,
                        const struct store_sink *sink, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    struct duck_query *q;
    put_sql(&sql, t->name);
    BUG_ON(sql.full);
    err e = duck_prepare(&q, s, buf_slice(&sql), w);
    if (e)
        return e;
    e = duck_answer(q, w);
    if (!e)
        e = read_rows(q, line, sink, w);
    duck_query_free(q);
    return e;
}

static err export_view(const struct store_view *v, struct buf *line, const struct store_sink *sink,
                       struct why *w)
{
    struct duck_session *s;
    err e = duck_session_open(&s, v->duck, w);
    if (e)
        return e;
    for (unsigned i = 0; i < v->n && !e; i++)
        e = export_table(s, &v->table[i], line, sink, w);
    duck_session_close(s);
    return e;
}

/* One that is gone meanwhile has no tables. */
static err export_index(struct store *s, const struct view_range *r, struct buf *line,
                        const struct store_sink *sink, struct why *w)
{
    struct store_view *v;
    err e = store_view_open(s, r, &v, w);
    if (e)
        return e;
    e = export_view(v, line, sink, w);
    store_view_close(s, v);
    return e;
}

/* Index by index: no more files are open than for one. */
err store_export(struct store *s, const struct view_range *range, const struct store_sink *sink,
                 struct why *w)
{
    struct view_range r = *range;
    unsigned n;
    err e = ERR_OK;
    if (!store_show(s))
        return why_set(w, ERR_IO, "store: messages of the journal cannot be read (see the log)");
    char(*names)[STORE_NAME] = store_view_indices(s, range, &n);
    struct buf line = buf_of(xmalloc(LINE_BYTES), LINE_BYTES);
    for (unsigned i = 0; i < n && !e; i++) {
        r.index = names[i];
        e = export_index(s, &r, &line, sink, w);
    }
    xfree(line.p);
    xfree(names);
    return e == ERR_END ? ERR_OK : e;
}
