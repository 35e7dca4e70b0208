/* Building SQL: text, parameters, and fields as columns or out of doc. */
#include <stdarg.h>
#include <stdio.h>

#include "store/query_private.h"

void sql_put(struct sql *s, const char *text)
{
    buf_cstr(&s->b, text);
}

void sql_printf(struct sql *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    uint8_t *to = n >= 0 ? buf_room(&s->b, (size_t)n + 1) : NULL;
    if (!to)
        return;
    va_start(ap, fmt);
    vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    s->b.n += (size_t)n;
}

void sql_text(struct sql *s, struct slice typed)
{
    if (s->n_params == QUERY_PARAMS_MAX) {
        s->full = true;
        return;
    }
    s->param[s->n_params++].text = typed;
    sql_printf(s, "$%u", s->n_params);
}

void sql_fail(struct sql *s, const struct search_node *n, err rc, const char *fmt, ...)
{
    va_list ap;
    if (s->rc)
        return;
    va_start(ap, fmt);
    vsnprintf(s->error->why.text, sizeof s->error->why.text, fmt, ap);
    va_end(ap);
    s->rc = rc;
    s->error->line = n ? n->line : 0;
    s->error->column = n ? n->column : 0;
}

/* ---- fields */

struct sql_field sql_field_of(struct slice name, enum sql_shape shape)
{
    struct sql_field f = { .name = name, .column = columns_find(name) };
    if (slice_eq(name, SLICE("_id"))) /* Graylog's name for it */
        f.column = COLUMN_gl2_message_id;
    if (f.column >= 0 && columns[f.column].kind == COLUMN_MARK)
        f.column = -1;
    f.exists = f.column >= 0 || query_name_ok(name);
    f.text = query_text_of(name);
    f.kind = f.column >= 0 ? columns[f.column].kind : COLUMN_TEXT;
    f.json = f.column < 0 || shape == SHAPE_MISFITS || f.kind == COLUMN_LIST;
    return f;
}

static void put_doc(struct sql *s, struct slice name)
{
    s->doc = true;
    sql_printf(s, "TRY(json_extract(doc,'$.\"%.*s\"'))", (int)name.n, (const char *)name.p);
}

/* In older files a column of lists was one text. */
static void put_list(struct sql *s, const char *name)
{
    sql_printf(s, "CASE WHEN starts_with(%s,'[') THEN %s ELSE to_json(%s)::VARCHAR END", name, name,
               name);
}

void sql_column_json(struct sql *s, int column)
{
    const struct column *c = &columns[column];
    const char *name = (const char *)c->name.p; /* from a literal, so it ends with NUL */
    s->columns |= (uint64_t)1 << column;
    switch (c->kind) {
    case COLUMN_LIST:
        sql_put(s, "(");
        put_list(s, name);
        sql_put(s, ")::JSON");
        break;
    case COLUMN_TIME:
        sql_printf(s, "to_json(strftime(%s,'%%Y-%%m-%%d %%H:%%M:%%S.%%g'))", name);
        break;
    default:
        sql_printf(s, "to_json(%s)", name);
    }
}

/* A column's value as JSON, or else what doc has of that name. */
static void put_either(struct sql *s, int column)
{
    sql_put(s, "coalesce(");
    sql_column_json(s, column);
    sql_put(s, ",");
    put_doc(s, columns[column].name);
    sql_put(s, ")");
}

void sql_field_put(struct sql *s, const struct sql_field *f, enum sql_shape shape)
{
    if (f->column >= 0)
        s->columns |= (uint64_t)1 << f->column;
    if (f->column < 0)
        put_doc(s, f->name);
    else if (shape == SHAPE_MISFITS)
        put_either(s, f->column);
    else if (f->kind == COLUMN_LIST)
        put_list(s, (const char *)columns[f->column].name.p);
    else
        sql_put(s, (const char *)columns[f->column].name.p);
}
