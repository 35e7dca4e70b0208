/* Messages themselves. First which ones, by what they are sorted by alone; then only those are
 * read, as doc is most of a file. Tables are asked one by one, the likeliest first. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "store/query_private.h"

struct found {
    bool has_number, has_text; /* of what is sorted by */
    double number;
    struct slice text;
    int64_t us, seq;
    const char *set_id;
    unsigned table;           /* number in struct finder */
    struct slice message, id; /* JSON */
};

struct cursor_at {
    int64_t us, seq;
    char set_id[25];
};

struct finder {
    struct query_run *r;
    bool descending, backwards; /* backwards: before a cursor, so from it to the front */
    bool by_time;
    const struct cursor_at *cursor;
    const struct view_table **table; /* in the order of asking */
    bool *misfits;
    unsigned n_tables;
    struct found *found;
    unsigned n, max, room;
};

/* ---- order */

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_keys(const struct found *a, const struct found *b, bool descending)
{
    int sign = descending ? -1 : 1;
    if (a->has_number != b->has_number)
        return a->has_number ? -1 : 1;
    if (a->has_number && a->number != b->number)
        return a->number < b->number ? -sign : sign;
    if (a->has_text != b->has_text)
        return a->has_text ? -1 : 1;
    return a->has_text ? sign * slice_cmp(a->text, b->text) : 0;
}

static int compare_times(const struct found *a, const struct found *b)
{
    int c = order(a->us, b->us);
    c = c ? c : order(a->seq, b->seq);
    return c ? c : strcmp(a->set_id, b->set_id);
}

/* In the order of the answer; keys are empty when time sorts. */
static int compare(const void *x, const void *y, void *ctx)
{
    const struct finder *f = ctx;
    int c = f->by_time ? 0 : compare_keys(x, y, f->descending);
    if (c)
        return c;
    c = compare_times(x, y);
    return f->descending != f->backwards ? -c : c;
}

static int by_latest(const void *x, const void *y, void *ctx)
{
    const struct view_table *a = *(const struct view_table *const *)x;
    const struct view_table *b = *(const struct view_table *const *)y;
    (void)ctx;
    return order(b->to_us, a->to_us);
}

static int by_earliest(const void *x, const void *y, void *ctx)
{
    const struct view_table *a = *(const struct view_table *const *)x;
    const struct view_table *b = *(const struct view_table *const *)y;
    (void)ctx;
    return order(a->from_us, b->from_us);
}

/* ---- cursors: time, number and set of a message, so that pages go on where others ended */

static void write_cursor(struct buf *out, const struct found *f)
{
    buf_printf(out, "\"%lld.%lld.%s\"", (long long)f->us, (long long)f->seq, f->set_id);
}

static err read_cursor(struct query_run *r, struct slice text, struct cursor_at *c)
{
    char copy[80], *end;
    if (text.n && text.n < sizeof copy) {
        memcpy(copy, text.p, text.n);
        copy[text.n] = '\0';
        c->us = strtoll(copy, &end, 10);
        if (*end == '.' && c->us >= QUERY_MS_MIN * 1000 && c->us <= QUERY_MS_MAX * 1000) {
            c->seq = strtoll(end + 1, &end, 10);
            if (*end == '.' && strlen(end + 1) < sizeof c->set_id) {
                snprintf(c->set_id, sizeof c->set_id, "%s", end + 1);
                return ERR_OK;
            }
        }
    }
    return query_run_fail(r, ERR_FORMAT, "before, after: give back what \"next\" had");
}

/* Rows behind the cursor in the order of asking. */
static void put_cursor(struct finder *f, const struct view_table *t)
{
    struct sql *s = &f->r->sql;
    const struct cursor_at *c = f->cursor;
    bool down = f->descending != f->backwards;
    int set = strcmp(t->set_id, c->set_id);
    bool same_too = down ? set < 0 : set > 0; /* with equal time and number */
    const char *op = down ? "<" : ">";
    sql_printf(s, " WHERE (t%smake_timestamp(%lld) OR (t=make_timestamp(%lld) AND seq%s%s%lld))",
               op, (long long)c->us, (long long)c->us, op, same_too ? "=" : "", (long long)c->seq);
}

/* ---- which messages */

/* What is sorted by, as number and as text. */
static void put_key(struct finder *f, enum sql_shape shape)
{
    struct sql *s = &f->r->sql;
    struct sql_field field = sql_field_of(f->r->ask->sort, shape);
    if (f->by_time || !field.exists) {
        sql_put(s, "NULL::DOUBLE AS kn,NULL::VARCHAR AS kt");
    } else if (!field.json) {
        bool text = field.kind == COLUMN_TEXT;
        sql_put(s, text ? "NULL::DOUBLE AS kn," : "(");
        sql_field_put(s, &field, shape);
        sql_put(s, text ? " AS kt" : ")::DOUBLE AS kn,NULL::VARCHAR AS kt");
    } else {
        sql_put(s, "list_extract(");
        sql_list(s, &field, shape);
        sql_put(s, ",1) AS kj");
    }
}

static bool key_is_json(const struct finder *f, enum sql_shape shape)
{
    struct sql_field field = sql_field_of(f->r->ask->sort, shape);
    return !f->by_time && field.exists && field.json;
}

static void put_shape(struct finder *f, enum sql_shape shape)
{
    struct query_run *r = f->r;
    struct sql *s = &r->sql;
    size_t start = s->b.n;
    s->columns = (uint64_t)1 << COLUMN_timestamp;
    s->doc = false;
    put_key(f, shape);
    struct slice key = arena_dup(r->mem, buf_since(&s->b, start));
    s->b.n = start;
    query_source_where(r, shape);
    struct slice where = arena_dup(r->mem, buf_since(&s->b, start));
    s->b.n = start;
    if (key_is_json(f, shape))
        sql_put(s, "SELECT t,seq,CASE WHEN json_type(kj) IN ('BIGINT','UBIGINT','DOUBLE',"
                   "'HUGEINT','UHUGEINT') THEN TRY_CAST(kj->>'$' AS DOUBLE) END AS kn,kj->>'$' AS "
                   "kt FROM (");
    sql_put(s, "SELECT timestamp AS t,seq,");
    buf_add(&s->b, key);
    sql_put(s, " FROM ");
    (void)query_source_tables(r, shape, "seq");
    sql_put(s, " WHERE ");
    buf_add(&s->b, where);
    sql_put(s, key_is_json(f, shape) ? ")" : "");
}

static err ask_table(struct finder *f, unsigned i, struct duck_query **q)
{
    struct query_run *r = f->r;
    struct sql *s = &r->sql;
    const char *direction = f->descending ? "DESC" : "ASC";
    const char *time = f->descending != f->backwards ? "DESC" : "ASC";
    r->table = &f->table[i];
    r->misfits = &f->misfits[i];
    r->n_tables = 1;
    query_run_start(r);
    sql_put(s, "SELECT t,seq,kn,kt FROM (");
    put_shape(f, SHAPE_COLUMNS);
    if (f->misfits[i]) {
        sql_put(s, " UNION ALL ");
        put_shape(f, SHAPE_MISFITS);
    }
    sql_put(s, ")");
    if (f->cursor)
        put_cursor(f, f->table[i]);
    if (f->by_time)
        sql_printf(s, " ORDER BY t %s,seq %s LIMIT %u", time, time, f->max);
    else
        sql_printf(s, " ORDER BY kn %s NULLS LAST,kt %s NULLS LAST,t %s,seq %s LIMIT %u", direction,
                   direction, time, time, f->max);
    return query_run_ask(r, q);
}

static err add_found(struct finder *f, struct duck_query *q, unsigned table)
{
    struct duck_value number = duck_value(q, 2), text = duck_value(q, 3);
    struct found *x = &f->found[f->n++];
    *x = (struct found){ .us = duck_value(q, 0).i,
                         .seq = duck_value(q, 1).i,
                         .set_id = f->table[table]->set_id,
                         .table = table,
                         .has_number = number.kind == DUCK_DOUBLE,
                         .number = number.d,
                         .has_text = text.kind == DUCK_TEXT };
    if (x->has_text)
        x->text = arena_dup(f->r->mem, text.text);
    return ERR_OK;
}

static err take_rows(struct finder *f, unsigned i)
{
    struct duck_query *q;
    err rc = ask_table(f, i, &q);
    while (!rc && f->n < f->room && query_run_next(f->r, q, &rc))
        rc = add_found(f, q, i);
    duck_query_free(q);
    qsort_r(f->found, f->n, sizeof *f->found, compare, f);
    if (f->n > f->max)
        f->n = f->max;
    return rc;
}

/* No row of table i, nor of those behind it, can come before the last that was found. */
static bool is_enough(const struct finder *f, unsigned i)
{
    if (!f->by_time || f->n < f->max || !f->n)
        return false;
    int64_t last = f->found[f->n - 1].us;
    bool down = f->descending != f->backwards;
    return down ? f->table[i]->to_us < last : f->table[i]->from_us > last;
}

static err init_finder(struct finder *f, struct query_run *r, struct cursor_at *cursor)
{
    const struct query_ask *a = r->ask;
    err rc = ERR_OK;
    *f = (struct finder){ .r = r, .descending = !a->ascending, .max = a->limit + a->offset };
    f->by_time = !a->sort.n || slice_eq(a->sort, SLICE("timestamp"));
    struct slice text = a->after.n ? a->after : a->before;
    if (text.n && !f->by_time)
        return query_run_fail(r, ERR_FORMAT, "before, after: only with \"sort\" by timestamp");
    if (text.n)
        rc = read_cursor(r, text, cursor);
    f->cursor = text.n ? cursor : NULL;
    f->backwards = text.n && !a->after.n;
    f->n_tables = r->n_tables;
    f->room = 2 * f->max + 1;
    f->found = arena_alloc(r->mem, f->room * sizeof *f->found);
    f->table = arena_alloc(r->mem, (f->n_tables + 1) * sizeof *f->table);
    f->misfits = arena_zalloc(r->mem, f->n_tables + 1);
    if (!f->found || !f->table || !f->misfits)
        return query_run_fail(r, ERR_LIMIT, "no memory left for this query");
    return rc;
}

/* Tables in the order of asking, each with its mark. */
static void sort_tables(struct finder *f)
{
    struct query_run *r = f->r;
    memcpy(f->table, r->table, f->n_tables * sizeof *f->table);
    qsort_r(f->table, f->n_tables, sizeof *f->table,
            f->descending != f->backwards ? by_latest : by_earliest, NULL);
    for (unsigned i = 0; i < f->n_tables; i++)
        for (unsigned k = 0; k < r->n_tables; k++)
            if (r->table[k] == f->table[i])
                f->misfits[i] = r->misfits[k];
}

/* ---- what they are */

static void put_wanted(struct finder *f, unsigned table)
{
    struct sql *s = &f->r->sql;
    const struct query_ask *a = f->r->ask;
    for (unsigned i = 0; i < a->n_columns; i++) {
        enum sql_shape shape = f->misfits[table] ? SHAPE_MISFITS : SHAPE_COLUMNS;
        struct sql_field field = sql_field_of(a->column[i], shape);
        sql_put(s, ",(");
        if (!field.exists)
            sql_put(s, "NULL");
        else if (field.column >= 0 && shape == SHAPE_COLUMNS)
            sql_column_json(s, field.column);
        else
            sql_field_put(s, &field, shape);
        sql_put(s, ")::VARCHAR");
    }
}

static void put_fetch(struct finder *f, unsigned table)
{
    struct sql *s = &f->r->sql;
    bool some = false;
    query_run_start(f->r);
    sql_put(s, "SELECT seq,to_json(gl2_message_id)::VARCHAR");
    if (f->r->ask->n_columns) {
        put_wanted(f, table);
    } else {
        for (unsigned i = 0; i < COLUMNS_N; i++)
            sql_printf(s, ",%s", (const char *)columns[i].name.p);
        sql_put(s, ",doc");
    }
    sql_printf(s, " FROM %s WHERE seq IN (", f->table[table]->name);
    for (unsigned i = 0; i < f->n; i++)
        if (f->found[i].table == table) {
            sql_printf(s, some ? ",%lld" : "%lld", (long long)f->found[i].seq);
            some = true;
        }
    sql_put(s, ")");
}

/* The message of the present row, its values from column `at` on. */
static struct slice join_row(struct query_run *r, struct duck_query *q, unsigned at)
{
    struct message_row row;
    size_t cap = 64;
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        row.v[i] = duck_value(q, at + i);
        cap += columns[i].name.n + 32 + 6 * (row.v[i].kind == DUCK_TEXT ? row.v[i].text.n : 0);
    }
    struct duck_value doc = duck_value(q, at + COLUMNS_N);
    row.doc = doc.kind == DUCK_TEXT ? doc.text : slice_of(NULL, 0);
    uint8_t *text = arena_alloc(r->mem, cap + row.doc.n);
    struct buf b = buf_of(text, text ? cap + row.doc.n : 0);
    return columns_join(&row, &b) ? buf_slice(&b) : slice_of(NULL, 0);
}

static struct slice pick_row(struct query_run *r, struct duck_query *q, unsigned at)
{
    const struct query_ask *a = r->ask;
    size_t cap = 2;
    bool some = false;
    for (unsigned i = 0; i < a->n_columns; i++)
        cap += 6 * a->column[i].n + 8 + duck_value(q, at + i).text.n;
    uint8_t *text = arena_alloc(r->mem, cap);
    struct buf b = buf_of(text, text ? cap : 0);
    buf_u8(&b, '{');
    for (unsigned i = 0; i < a->n_columns; i++) {
        struct duck_value v = duck_value(q, at + i);
        if (v.kind != DUCK_TEXT)
            continue;
        buf_cstr(&b, some ? "," : "");
        some = true;
        json_string(&b, a->column[i], false);
        buf_u8(&b, ':');
        buf_add(&b, v.text);
    }
    buf_u8(&b, '}');
    return b.full ? slice_of(NULL, 0) : buf_slice(&b);
}

static void put_in_place(struct finder *f, unsigned table, struct duck_query *q)
{
    struct query_run *r = f->r;
    int64_t seq = duck_value(q, 0).i;
    struct duck_value id = duck_value(q, 1);
    for (unsigned i = 0; i < f->n; i++) {
        struct found *x = &f->found[i];
        if (x->table != table || x->seq != seq)
            continue;
        x->id = id.kind == DUCK_TEXT ? arena_dup(r->mem, id.text) : SLICE("null");
        x->message = r->ask->n_columns ? pick_row(r, q, 2) : join_row(r, q, 2);
    }
}

static err fetch(struct finder *f)
{
    err rc = ERR_OK;
    for (unsigned t = 0; t < f->n_tables && !rc; t++) {
        struct duck_query *q;
        bool some = false;
        for (unsigned i = 0; i < f->n; i++)
            some = some || f->found[i].table == t;
        if (!some)
            continue;
        put_fetch(f, t);
        rc = query_run_ask(f->r, &q);
        while (!rc && query_run_next(f->r, q, &rc))
            put_in_place(f, t, q);
        duck_query_free(q);
    }
    return rc;
}

/* ---- answers */

static err count_all(struct query_run *r, int64_t *total)
{
    struct duck_query *q;
    query_run_start(r);
    sql_put(&r->sql, "SELECT count(*) FROM ");
    query_source_put(r, NULL, 0);
    err rc = query_run_ask(r, &q);
    *total = !rc && query_run_next(r, q, &rc) ? duck_value(q, 0).i : 0;
    duck_query_free(q);
    return rc;
}

static void write_index(struct query_run *r, const struct view_table *t)
{
    buf_lit(r->out, "\"index\":");
    if (t->index)
        json_string(r->out, slice_cstr(t->index), false);
    else
        buf_lit(r->out, "null");
}

static err write_found(struct finder *f, const struct found *x)
{
    struct buf *out = f->r->out;
    if (!x->message.n)
        return query_run_fail(f->r, ERR_LIMIT,
                              "no memory left for this query; ask for fewer "
                              "messages at once");
    buf_lit(out, "{\"id\":");
    buf_add(out, x->id);
    buf_u8(out, ',');
    write_index(f->r, f->table[x->table]);
    buf_lit(out, ",\"message\":");
    buf_add(out, x->message);
    buf_u8(out, '}');
    return ERR_OK;
}

static err write_rows(struct finder *f, int64_t total)
{
    struct buf *out = f->r->out;
    unsigned skip = f->r->ask->offset, shown = f->n > skip ? f->n - skip : 0;
    err rc = ERR_OK;
    buf_printf(out, "{\"total\":%lld,\"rows\":[", (long long)total);
    for (unsigned i = 0; i < shown && !rc; i++) {
        /* backwards they were found from the cursor to the front */
        unsigned at = f->backwards ? shown - 1 - i : i;
        buf_cstr(out, i ? "," : "");
        rc = write_found(f, &f->found[skip + at]);
    }
    buf_lit(out, "],\"next\":");
    if (shown && shown == f->r->ask->limit && f->by_time)
        write_cursor(out, &f->found[skip + (f->backwards ? 0 : shown - 1)]);
    else
        buf_lit(out, "null");
    return rc;
}

err query_answer_messages(struct query_run *r)
{
    struct finder f;
    struct cursor_at cursor;
    int64_t total;
    err rc = count_all(r, &total);
    if (!rc)
        rc = init_finder(&f, r, &cursor);
    if (rc)
        return rc;
    const struct view_table **table = r->table;
    bool *misfits = r->misfits;
    sort_tables(&f);
    for (unsigned i = 0; i < f.n_tables && f.max && !rc && !is_enough(&f, i); i++)
        rc = take_rows(&f, i);
    r->table = table;
    r->misfits = misfits;
    if (!rc)
        rc = fetch(&f);
    return rc ? rc : write_rows(&f, total);
}

/* ---- one message, by its id */

/* The milliseconds of a ULID, or -1. */
static int64_t ulid_ms(struct slice id)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    int64_t ms = 0;
    for (unsigned i = 0; i < 10; i++) {
        const char *at = i < id.n && id.p[i] ? strchr(digits, id.p[i]) : NULL;
        if (!at)
            return -1;
        ms = ms << 5 | (at - digits);
    }
    return ms;
}

static err ask_id(struct finder *f, unsigned i)
{
    struct query_run *r = f->r;
    struct duck_query *q;
    query_run_start(r);
    sql_printf(&r->sql,
               "SELECT timestamp,seq,NULL,NULL FROM %s WHERE "
               "gl2_message_id=",
               f->table[i]->name);
    sql_text(&r->sql, r->ask->message_id);
    if (f->misfits[i]) {
        sql_put(&r->sql, " OR (misfits IS NOT NULL AND TRY(doc->>'$.gl2_message_id')=");
        sql_text(&r->sql, r->ask->message_id);
        sql_put(&r->sql, ")");
    }
    sql_put(&r->sql, " LIMIT 1");
    err rc = query_run_ask(r, &q);
    if (!rc && query_run_next(r, q, &rc))
        rc = add_found(f, q, i);
    duck_query_free(q);
    return rc;
}

/* The range does not matter: an id is enough. Those of its time are asked first. */
err query_answer_message(struct query_run *r)
{
    struct finder f;
    struct cursor_at cursor;
    int64_t us = ulid_ms(r->ask->message_id) * 1000;
    err rc = query_run_select(r, INT64_MIN, INT64_MAX);
    if (!rc)
        rc = init_finder(&f, r, &cursor);
    if (rc)
        return rc;
    sort_tables(&f);
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < f.n_tables && !f.n && !rc; i++) {
            bool near = us >= f.table[i]->from_us && us <= f.table[i]->to_us;
            if (near == (pass == 0))
                rc = ask_id(&f, i);
        }
    if (!rc)
        rc = fetch(&f);
    if (rc)
        return rc;
    buf_lit(r->out, "{\"message\":");
    if (!f.n) {
        buf_lit(r->out, "null,\"index\":null");
        return ERR_OK;
    }
    if (!f.found[0].message.n)
        return query_run_fail(r, ERR_LIMIT, "no memory left for this query");
    buf_add(r->out, f.found[0].message);
    buf_u8(r->out, ',');
    write_index(r, f.table[f.found[0].table]);
    return ERR_OK;
}
