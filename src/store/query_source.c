/* The rows that an ask works on: tables by range, only the columns that are used, no views. Rows
 * with a mark (columns.def) are read apart, where doc may have what a column lacks. */
#include "store/query_private.h"

/* ---- the inside of one shape */

static void put_timestamp(struct sql *s, enum sql_shape shape)
{
    s->columns |= (uint64_t)1 << COLUMN_timestamp;
    if (shape == SHAPE_COLUMNS) {
        sql_put(s, "timestamp");
        return;
    }
    s->doc = true;
    sql_put(s, "coalesce(timestamp,TRY_CAST(TRY(doc->>'$.timestamp') AS TIMESTAMP))");
}

/* In the text of the list, between quotes: ids are hex digits, which JSON never writes in another
 * way, and to read JSON costs more than all else that most questions do. */
static void put_stream(struct query_run *r)
{
    r->sql.columns |= (uint64_t)1 << COLUMN_streams;
    sql_put(&r->sql, " AND contains(streams,'\"'||");
    sql_text(&r->sql, slice_cstr(r->stream_id));
    sql_put(&r->sql, "||'\"')");
}

static bool any_misfits(const struct query_run *r)
{
    for (unsigned i = 0; i < r->n_tables; i++)
        if (r->misfits[i])
            return true;
    return false;
}

/* Rows with a number in each column that is meant, or without one in any of them. */
static void put_code_rows(struct query_run *r)
{
    bool with = r->code_rows == CODE_ROWS_WITH, some = false;
    long long base = (long long)r->code_base;
    if (r->code_rows == CODE_ROWS_ALL)
        return;
    r->sql.codes |= r->codes;
    sql_put(&r->sql, " AND (");
    for (unsigned i = 0; i < CODES_N; i++) {
        if (!(r->codes >> i & 1))
            continue;
        sql_put(&r->sql, !some ? "" : with ? " AND " : " OR ");
        if (with)
            sql_printf(&r->sql, "%s>=%lld", codes[i].name, base);
        else
            sql_printf(&r->sql, "%s IS NULL OR %s<%lld", codes[i].name, codes[i].name, base);
        some = true;
    }
    sql_put(&r->sql, ")");
}

void query_source_where(struct query_run *r, enum sql_shape shape)
{
    struct sql *s = &r->sql;
    if (shape == SHAPE_MISFITS || any_misfits(r)) {
        s->columns |= (uint64_t)1 << COLUMN_misfits;
        sql_put(s, shape == SHAPE_MISFITS ? "misfits IS NOT NULL AND " : "misfits IS NULL AND ");
    }
    put_timestamp(s, shape);
    sql_printf(s, ">=make_timestamp(%lld) AND ", (long long)r->from_us);
    put_timestamp(s, shape);
    sql_printf(s, "<make_timestamp(%lld)", (long long)r->to_us);
    put_code_rows(r);
    if (r->stream_id)
        put_stream(r);
    for (unsigned i = 0; i < 2; i++) {
        const struct search_node *n = i ? r->ask_tree : r->tree;
        if (!n)
            continue;
        sql_put(s, " AND ");
        sql_filter(s, n, shape);
    }
}

static void put_columns(struct sql *s, const char *more)
{
    bool some = more && *more;
    sql_put(s, some ? more : "");
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        if (!(s->columns >> i & 1))
            continue;
        sql_printf(s, some ? ",%s" : "%s", (const char *)columns[i].name.p);
        some = true;
    }
    for (unsigned i = 0; i < CODES_N; i++) {
        if (!(s->codes >> i & 1))
            continue;
        sql_printf(s, some ? ",%s" : "%s", codes[i].name);
        some = true;
    }
    if (s->doc)
        sql_put(s, some ? ",doc" : "doc");
    else if (!some)
        sql_put(s, "seq");
}

bool query_source_tables(struct query_run *r, enum sql_shape shape, const char *more)
{
    bool some = false;
    for (unsigned i = 0; i < r->n_tables; i++) {
        if (shape == SHAPE_MISFITS && !r->misfits[i])
            continue;
        sql_put(&r->sql, some ? " UNION ALL SELECT " : "(SELECT ");
        put_columns(&r->sql, more);
        sql_printf(&r->sql, " FROM %s", r->table[i]->name);
        if (r->sample > 0)
            sql_printf(&r->sql, " TABLESAMPLE SYSTEM(%.4f%%)", r->sample);
        some = true;
    }
    sql_put(&r->sql, some ? ")" : "");
    return some;
}

/* ---- parts */

/* A key as JSON: also where it needs none, as rows of the other shape do. */
static bool key_is_json(const struct query_run *r, const struct sql_field *f)
{
    return f->json || !f->exists || any_misfits(r);
}

static void put_key(struct query_run *r, const struct source_part *p, enum sql_shape shape)
{
    struct sql *s = &r->sql;
    struct sql_field f = sql_field_of(p->field, shape);
    if (!f.exists) {
        sql_put(s, "[NULL::JSON]");
    } else if (!p->json) {
        sql_field_put(s, &f, shape);
    } else if (!f.json) {
        sql_put(s, "[");
        sql_column_json(s, f.column);
        sql_put(s, "]");
    } else {
        sql_list(s, &f, shape);
    }
}

static void put_number(struct query_run *r, const struct source_part *p, enum sql_shape shape)
{
    struct sql *s = &r->sql;
    struct sql_field f = sql_field_of(p->field, shape);
    if (!f.exists || (!f.json && f.kind != COLUMN_INT && f.kind != COLUMN_TIME)) {
        sql_put(s, "NULL::BIGINT");
        return;
    }
    if (f.json) {
        sql_put(s, "list_extract(list_transform([");
        sql_field_put(s, &f, shape);
        sql_put(s, "],lambda x:CASE WHEN json_type(x) IN ('BIGINT','UBIGINT','DOUBLE','HUGEINT',"
                   "'UHUGEINT') THEN TRY_CAST(x->>'$' AS DOUBLE) END),1)");
        return;
    }
    sql_put(s, f.kind == COLUMN_TIME ? "epoch_ms(" : "(");
    sql_field_put(s, &f, shape);
    sql_put(s, ")");
}

static void put_part(struct query_run *r, const struct source_part *p, enum sql_shape shape)
{
    switch (p->kind) {
    case PART_BUCKET:
        sql_put(&r->sql, "(epoch_us(");
        put_timestamp(&r->sql, shape);
        sql_printf(&r->sql, ")-%lld)//%lld", (long long)p->grid_us, (long long)p->step_us);
        break;
    case PART_KEY:
        put_key(r, p, shape);
        break;
    case PART_NUMBER:
        put_number(r, p, shape);
        break;
    case PART_COLUMN:
        r->sql.columns |= (uint64_t)1 << columns_find(p->field);
        sql_put(&r->sql, (const char *)p->field.p);
        break;
    case PART_DOC:
        r->sql.doc = true;
        sql_put(&r->sql, "doc");
        break;
    case PART_CODE:
        r->sql.codes |= 1U << p->code;
        sql_printf(&r->sql, "%s-%lld", codes[p->code].name, (long long)r->code_base);
        break;
    }
}

/* What is written after `from` up to here goes into a copy of its own. */
static struct slice cut(struct query_run *r, size_t from)
{
    struct slice text = arena_dup(r->mem, buf_since(&r->sql.b, from));
    r->sql.b.n = from;
    return text;
}

static bool put_shape(struct query_run *r, const struct source_part *part, unsigned n,
                      enum sql_shape shape)
{
    struct sql *s = &r->sql;
    size_t start = s->b.n;
    unsigned params = s->n_params;
    s->columns = 0;
    s->codes = 0;
    s->doc = false;
    for (unsigned i = 0; i < n; i++) {
        sql_put(s, i ? "," : "");
        put_part(r, &part[i], shape);
        sql_printf(s, " AS c%u", i);
    }
    sql_put(s, n ? "" : "1 AS c");
    struct slice values = cut(r, start);
    query_source_where(r, shape);
    struct slice where = cut(r, start);
    sql_put(s, "SELECT ");
    buf_add(&s->b, values);
    sql_put(s, " FROM ");
    if (!query_source_tables(r, shape, NULL)) {
        s->b.n = start;
        s->n_params = params; /* what was cut away needs none */
        return false;
    }
    sql_put(s, " WHERE ");
    buf_add(&s->b, where);
    return true;
}

static void put_nothing(struct query_run *r, const struct source_part *part, unsigned n)
{
    sql_put(&r->sql, "SELECT ");
    for (unsigned i = 0; i < n; i++)
        sql_printf(&r->sql, "%s%s AS c%u", i ? "," : "", part[i].list ? "[NULL::JSON]" : "0", i);
    sql_put(&r->sql, n ? " WHERE FALSE" : "1 AS c WHERE FALSE");
}

/* One level around the rows: element by element of list i. */
static void put_unnest(struct query_run *r, unsigned n, unsigned at)
{
    sql_put(&r->sql, "SELECT ");
    for (unsigned i = 0; i < n; i++)
        if (i == at)
            sql_printf(&r->sql, "%sunnest(CASE WHEN len(c%u)=0 THEN [NULL] ELSE c%u END) AS c%u",
                       i ? "," : "", i, i, i);
        else
            sql_printf(&r->sql, "%sc%u", i ? "," : "", i);
    sql_put(&r->sql, " FROM (");
}

static void put_scalars(struct query_run *r, const struct source_part *part, unsigned n)
{
    sql_put(&r->sql, "SELECT ");
    for (unsigned i = 0; i < n; i++)
        if (part[i].list)
            sql_printf(&r->sql,
                       "%sCASE WHEN json_type(c%u) IN ('NULL','OBJECT','ARRAY') THEN NULL ELSE "
                       "c%u::VARCHAR END AS c%u",
                       i ? "," : "", i, i, i);
        else
            sql_printf(&r->sql, "%sc%u", i ? "," : "", i);
    sql_put(&r->sql, " FROM (");
}

void query_source_put(struct query_run *r, struct source_part *part, unsigned n)
{
    unsigned lists = 0;
    for (unsigned i = 0; i < n; i++) {
        struct sql_field f = sql_field_of(part[i].field, SHAPE_COLUMNS);
        part[i].json = part[i].list = part[i].kind == PART_KEY && key_is_json(r, &f);
        lists += part[i].list;
    }
    sql_put(&r->sql, "(");
    if (lists)
        put_scalars(r, part, n);
    for (unsigned i = 0; i < n; i++)
        if (part[i].list)
            put_unnest(r, n, i);
    bool some = put_shape(r, part, n, SHAPE_COLUMNS);
    if (!some)
        put_nothing(r, part, n);
    if (some && any_misfits(r)) {
        sql_put(&r->sql, " UNION ALL ");
        (void)put_shape(r, part, n, SHAPE_MISFITS);
    }
    for (unsigned i = 0; i < lists + (lists > 0); i++)
        sql_put(&r->sql, ")");
    sql_put(&r->sql, ")");
}

bool query_source_is_plain(const struct query_run *r, const struct source_part *part, unsigned n)
{
    bool plain = !any_misfits(r);
    for (unsigned i = 0; i < n && plain; i++) {
        struct sql_field f = sql_field_of(part[i].field, SHAPE_COLUMNS);
        plain = part[i].kind == PART_BUCKET || (f.exists && !f.json);
    }
    return plain;
}

bool query_source_rows(struct query_run *r, struct source_part *part, unsigned n)
{
    return put_shape(r, part, n, SHAPE_COLUMNS);
}

/* ---- metrics */

bool query_metric_part(const struct query_metric *m, struct source_part *part)
{
    *part = (struct source_part){ .kind = m->kind == METRIC_CARD ? PART_KEY : PART_NUMBER,
                                  .field = m->field };
    return m->kind != METRIC_COUNT;
}

const char *query_metric_merge(const struct query_metric *m)
{
    switch (m->kind) {
    case METRIC_COUNT:
    case METRIC_SUM:
        return "sum";
    case METRIC_MIN:
        return "min";
    case METRIC_MAX:
        return "max";
    case METRIC_CARD:
    case METRIC_AVG:
    case METRIC_PERCENTILE:
        return NULL;
    }
    return NULL;
}

void query_metric_put(struct query_run *r, const struct query_metric *m, unsigned at)
{
    static const char *const function[] = {
        [METRIC_CARD] = "count(DISTINCT",
        [METRIC_SUM] = "coalesce(sum(",
        [METRIC_AVG] = "avg(",
        [METRIC_MIN] = "min(",
        [METRIC_MAX] = "max(",
    };
    if (m->kind == METRIC_PERCENTILE)
        sql_printf(&r->sql, "%s(c%u::DOUBLE,%.6f)",
                   r->rows > QUERY_EXACT_ROWS ? "approx_quantile" : "quantile_cont", at,
                   m->at / 100);
    else if (m->kind == METRIC_COUNT)
        sql_put(&r->sql, "count(*)");
    else
        sql_printf(&r->sql, "%s c%u%s", function[m->kind], at,
                   m->kind == METRIC_SUM ? "),0)" : ")");
}
