/* What there is: fields of messages, values of a field. */
#include "codec/json.h"
#include "store/query_private.h"

#define FIELDS_MAX  2000
#define SAMPLE_ROWS 10000 /* doc is read for these only; it is slow */

static const char *const column_kinds[] = {
    [COLUMN_BOOL] = "bool", [COLUMN_INT] = "int",   [COLUMN_TEXT] = "text",
    [COLUMN_TIME] = "time", [COLUMN_LIST] = "list", [COLUMN_MARK] = "",
};

/* ---- fields */

struct fields {
    struct query_run *r;
    int64_t total, read;       /* messages, and how many of them were looked at */
    int64_t column[COLUMNS_N]; /* of them have it */
    unsigned n;                /* written */
};

static err ask_one(struct query_run *r, int64_t *out, unsigned n)
{
    struct duck_query *q;
    err rc = query_run_ask(r, &q);
    bool some = !rc && query_run_next(r, q, &rc);
    for (unsigned i = 0; i < n; i++)
        out[i] = some ? duck_value(q, i).i : 0;
    duck_query_free(q);
    return rc;
}

static err count_total(struct fields *f)
{
    query_run_start(f->r);
    sql_put(&f->r->sql, "SELECT count(*) FROM ");
    query_source_put(f->r, NULL, 0);
    err rc = ask_one(f->r, &f->total, 1);
    f->r->sample = f->total > SAMPLE_ROWS ? 100.0 * SAMPLE_ROWS / (double)f->total : 0;
    return rc;
}

static err count_columns(struct fields *f)
{
    struct source_part part[COLUMNS_N];
    int64_t counts[COLUMNS_N + 1];
    query_run_start(f->r);
    sql_put(&f->r->sql, "SELECT count(*)");
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        part[i] = (struct source_part){ .kind = PART_COLUMN, .field = columns[i].name };
        sql_printf(&f->r->sql, ",count(c%u)", i);
    }
    sql_put(&f->r->sql, " FROM ");
    query_source_put(f->r, part, COLUMNS_N);
    err rc = ask_one(f->r, counts, COLUMNS_N + 1);
    f->read = counts[0];
    memcpy(f->column, counts + 1, sizeof f->column);
    f->column[COLUMN_misfits] = 0;
    return rc;
}

/* Name, how many messages have it, its kinds; by name. A damaged doc (lone surrogates) has none. */
static void put_doc_fields(struct fields *f)
{
    struct source_part doc = { .kind = PART_DOC };
    struct sql *s = &f->r->sql;
    query_run_start(f->r);
    sql_put(s, "WITH d AS MATERIALIZED (SELECT c0 FROM ");
    query_source_put(f->r, &doc, 1);
    sql_printf(s,
               " WHERE json_valid(c0)),e AS MATERIALIZED (SELECT key,type,count(*) AS n FROM "
               "d,json_each(d.c0) GROUP BY 1,2) SELECT key,sum(n)::BIGINT,string_agg(DISTINCT CASE "
               "type WHEN 'VARCHAR' THEN 'text' WHEN 'BIGINT' THEN 'int' WHEN 'UBIGINT' THEN 'int' "
               "WHEN 'DOUBLE' THEN 'double' WHEN 'BOOLEAN' THEN 'bool' WHEN 'ARRAY' THEN 'list' "
               "ELSE 'mixed' END,',') FROM e WHERE type<>'NULL' GROUP BY 1 ORDER BY 1 LIMIT %d",
               FIELDS_MAX);
}

static void write_field(struct fields *f, struct slice name, const char *kind, int64_t n)
{
    struct buf *out = f->r->out;
    double scale = f->read ? (double)f->total / (double)f->read : 0;
    buf_cstr(out, f->n++ ? ",{\"name\":" : "{\"name\":");
    json_string(out, name, false);
    buf_printf(out, ",\"kind\":\"%s\",\"count\":%lld}", kind, (long long)((double)n * scale));
}

/* Columns whose names come before this one; empty: all that are left. */
static unsigned write_columns(struct fields *f, unsigned from, struct slice before)
{
    while (from < COLUMNS_N && (!before.n || slice_cmp(columns[from].name, before) < 0)) {
        if (f->column[from])
            write_field(f, columns[from].name, column_kinds[columns[from].kind], f->column[from]);
        from++;
    }
    return from;
}

static const char *kind_of(struct slice kinds)
{
    static const char *const names[] = { "text", "int", "double", "bool", "list" };
    for (unsigned i = 0; i < COUNT(names); i++)
        if (slice_eq(kinds, slice_cstr(names[i])))
            return names[i];
    return slice_eq(kinds, SLICE("double,int")) || slice_eq(kinds, SLICE("int,double")) ? "double"
                                                                                        : "mixed";
}

/* Both are sorted by name; a field in both has values of two kinds. */
static err merge_fields(struct fields *f)
{
    struct duck_query *q;
    unsigned at = 0;
    put_doc_fields(f);
    err rc = query_run_ask(f->r, &q);
    while (!rc && query_run_next(f->r, q, &rc)) {
        struct slice name = duck_value(q, 0).text;
        int64_t n = duck_value(q, 1).i;
        const char *kind = kind_of(duck_value(q, 2).text);
        at = write_columns(f, at, name.n ? name : SLICE(" "));
        if (at < COLUMNS_N && slice_eq(columns[at].name, name)) {
            if (f->column[at])
                kind = "mixed";
            n += f->column[at++];
        }
        write_field(f, name, kind, n);
    }
    duck_query_free(q);
    (void)write_columns(f, at, SLICE(""));
    return rc;
}

err query_answer_fields(struct query_run *r)
{
    struct fields f = { .r = r };
    err rc = count_total(&f);
    if (!rc)
        rc = count_columns(&f);
    buf_lit(r->out, "{\"fields\":[");
    if (!rc)
        rc = merge_fields(&f);
    buf_cstr(r->out, r->sample > 0 ? "],\"sampled\":true" : "],\"sampled\":false");
    r->sample = 0;
    return rc;
}

/* ---- values */

err query_answer_values(struct query_run *r)
{
    struct source_part part = { .kind = PART_KEY, .field = r->ask->field[0] };
    struct duck_query *q;
    unsigned n = 0;
    query_run_start(r);
    sql_put(&r->sql, "SELECT k,v FROM (SELECT c0 AS k,count(*) AS v FROM ");
    query_source_put(r, &part, 1);
    sql_printf(&r->sql, " GROUP BY 1) WHERE k IS NOT NULL AND starts_with(lower(%s),lower(",
               part.json ? "json_extract_string(k,'$')" : "k::VARCHAR");
    sql_text(&r->sql, r->ask->prefix);
    sql_printf(&r->sql, "::VARCHAR)) ORDER BY v DESC,k LIMIT %u", r->ask->limit);
    err rc = query_run_ask(r, &q);
    buf_lit(r->out, "{\"rows\":[");
    while (!rc && query_run_next(r, q, &rc)) {
        struct duck_value k = duck_value(q, 0), v = duck_value(q, 1);
        buf_cstr(r->out, n++ ? ",{\"key\":" : "{\"key\":");
        query_value_write(r->out, &k, part.json);
        buf_lit(r->out, ",\"value\":");
        query_value_write(r->out, &v, false);
        buf_u8(r->out, '}');
    }
    duck_query_free(q);
    buf_u8(r->out, ']');
    return rc;
}
