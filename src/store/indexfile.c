/* Files of indices, and tables in memory of the same form. */
#include "store/indexfile.h"

#include "base/bug.h"
#include "base/log.h"
#include "store/codes.h"

#define FORMAT    1 /* of the tables, in meta */
#define SQL_BYTES 8192
#define TABLE_N   (COLUMNS_N + 2) /* seq in front, doc behind */
#define FILE_N    (TABLE_N + CODES_N)

static const enum duck_kind kind_of[] = {
    [COLUMN_BOOL] = DUCK_BOOL, [COLUMN_INT] = DUCK_INT,   [COLUMN_TEXT] = DUCK_TEXT,
    [COLUMN_TIME] = DUCK_TIME, [COLUMN_LIST] = DUCK_TEXT, [COLUMN_MARK] = DUCK_BOOL,
};
static const char *const sql_type[] = {
    [COLUMN_BOOL] = "BOOLEAN",   [COLUMN_INT] = "BIGINT",   [COLUMN_TEXT] = "VARCHAR",
    [COLUMN_TIME] = "TIMESTAMP", [COLUMN_LIST] = "VARCHAR", [COLUMN_MARK] = "BOOLEAN",
};

static err run(struct duck_session *s, struct buf *sql, struct why *w)
{
    buf_u8(sql, '\0');
    BUG_ON(sql->full);
    return duck_run(s, (const char *)sql->p, w);
}

static err run_on(struct duck_session *s, const char *verb, const char *name, struct why *w)
{
    uint8_t text[256];
    struct buf sql = buf_of(text, sizeof text);
    buf_printf(&sql, "%s %s", verb, name);
    return run(s, &sql, w);
}

/* ---- attaching */

/* DuckDB says what it is by words alone. */
err indexfile_failure(const struct why *w)
{
    static const char *const damage[] = { "not a valid DuckDB", "Corrupt",       "corrupt",
                                          "checksum",           "Serialization", "newer DuckDB",
                                          "does not exist" };
    struct slice s = slice_cstr(w->text);
    if (slice_search(s, SLICE("No space left")) >= 0 || slice_search(s, SLICE("Out of Mem")) >= 0)
        return ERR_LIMIT;
    for (unsigned i = 0; i < COUNT(damage); i++)
        if (slice_search(s, slice_cstr(damage[i])) >= 0)
            return ERR_FORMAT;
    return ERR_IO;
}

static err attach(struct duck_session *s, const struct indexfile *f, const char *mode,
                  struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    if (strchr(f->path, '\'') || strlen(f->path) > SQL_BYTES / 2)
        return why_set(w, ERR_CONFIG, "store: %s: a path with ' in it, or too long", f->path);
    buf_printf(&sql, "ATTACH '%s' AS %s (%s)", f->path, f->catalog, mode);
    return run(s, &sql, w) ? indexfile_failure(w) : ERR_OK;
}

static err make_rows(struct duck_session *s, const char *table, const char *doc_form, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    buf_printf(&sql, "CREATE TABLE IF NOT EXISTS %s (seq BIGINT NOT NULL", table);
    for (int i = 0; i < COLUMNS_N; i++)
        buf_printf(&sql, ", \"%.*s\" %s", (int)columns[i].name.n, (const char *)columns[i].name.p,
                   sql_type[columns[i].kind]);
    buf_printf(&sql, ", doc VARCHAR%s)", doc_form);
    return run(s, &sql, w);
}

static err count_columns(struct duck_session *s, const char *table, unsigned *n, struct why *w)
{
    char sql[128];
    struct duck_query *q;
    snprintf(sql, sizeof sql, "SELECT * FROM %s LIMIT 0", table);
    err e = duck_prepare(&q, s, slice_cstr(sql), w);
    if (e)
        return e;
    e = duck_answer(q, w);
    *n = e ? 0 : duck_columns(q);
    duck_query_free(q);
    return e;
}

/* A file from before a column was known gets it; a new one those of numbers. */
static err add_columns(struct duck_session *s, const char *table, struct why *w)
{
    uint8_t text[256];
    unsigned n;
    err e = count_columns(s, table, &n, w);
    for (int i = 0; i < COLUMNS_N + CODES_N && !e && n != FILE_N; i++) {
        struct buf sql = buf_of(text, sizeof text);
        bool code = i >= COLUMNS_N;
        buf_printf(&sql, "ALTER TABLE %s ADD COLUMN IF NOT EXISTS \"%s\" %s", table,
                   code ? codes[i - COLUMNS_N].name : (const char *)columns[i].name.p,
                   code ? "BIGINT" : sql_type[columns[i].kind]);
        e = run(s, &sql, w);
    }
    return e;
}

static err make_tables(struct duck_session *s, const char *catalog, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    char table[64];
    snprintf(table, sizeof table, "%s.ev", catalog);
    err e = make_rows(s, table, " USING COMPRESSION zstd", w);
    if (!e)
        e = add_columns(s, table, w);
    buf_printf(&sql,
               "CREATE TABLE IF NOT EXISTS %s.meta AS SELECT %d AS format, 0::BIGINT AS sealed_seq,"
               " 0::BIGINT AS \"rows\", 0::BIGINT AS from_ms, 0::BIGINT AS to_ms",
               catalog, FORMAT);
    return e ? e : run(s, &sql, w);
}

static err take_content(struct duck_query *q, const char *catalog, struct indexfile_content *out,
                        struct why *w)
{
    err e = duck_answer(q, w);
    if (e)
        return e;
    if (!duck_next(q, &e, w))
        return e ? e : why_set(w, ERR_FORMAT, "store: %s: nothing in its table meta", catalog);
    if (duck_value(q, 0).i != FORMAT)
        return why_set(w, ERR_FORMAT, "store: %s has format %lld, this program knows %d", catalog,
                       (long long)duck_value(q, 0).i, FORMAT);
    *out = (struct indexfile_content){ .sealed = (uint64_t)duck_value(q, 1).i,
                                       .rows = (uint64_t)duck_value(q, 2).i,
                                       .from_ms = duck_value(q, 3).i,
                                       .to_ms = duck_value(q, 4).i };
    return ERR_OK;
}

/* A file that is only read may be from before numbers were. */
static bool has_codes(struct duck_session *s, const char *catalog)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    struct duck_query *q;
    struct why ignored; /* it has none */
    buf_cstr(&sql, "SELECT 1");
    for (unsigned i = 0; i < CODES_N; i++)
        buf_printf(&sql, ",%s", codes[i].name);
    buf_printf(&sql, " FROM %s.ev", catalog);
    if (duck_prepare(&q, s, buf_slice(&sql), &ignored))
        return false;
    duck_query_free(q);
    return true;
}

static err read_content(struct duck_session *s, const char *catalog, struct indexfile_content *out,
                        struct why *w)
{
    char sql[160];
    struct duck_query *q;
    snprintf(sql, sizeof sql, "SELECT format, sealed_seq, \"rows\", from_ms, to_ms FROM %s.meta",
             catalog);
    err e = duck_prepare(&q, s, slice_cstr(sql), w);
    if (e)
        return indexfile_failure(w);
    e = take_content(q, catalog, out, w);
    duck_query_free(q);
    out->coded = !e && has_codes(s, catalog);
    return e == ERR_IO ? indexfile_failure(w) : e;
}

static err detached(struct duck_session *s, const char *catalog, err e)
{
    struct why ignored; /* the first failure is told */
    if (e)
        (void)!indexfile_detach(s, catalog, &ignored);
    return e;
}

err indexfile_attach(struct duck_session *s, const struct indexfile *f,
                     struct indexfile_content *out, struct why *w)
{
    char mode[96];
    snprintf(mode, sizeof mode, "STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE %d", INDEXFILE_ROWS);
    err e = attach(s, f, mode, w);
    if (e)
        return e;
    e = make_tables(s, f->catalog, w) ? indexfile_failure(w) : ERR_OK;
    if (!e)
        e = read_content(s, f->catalog, out, w);
    return detached(s, f->catalog, e);
}

err indexfile_attach_read(struct duck_session *s, const struct indexfile *f,
                          struct indexfile_content *out, struct why *w)
{
    err e = attach(s, f, "READ_ONLY", w);
    return e ? e : detached(s, f->catalog, read_content(s, f->catalog, out, w));
}

err indexfile_detach(struct duck_session *s, const char *catalog, struct why *w)
{
    return run_on(s, "DETACH", catalog, w);
}

/* ---- sealing */

/* The end of a transaction in which the rows changed. */
static err commit(struct duck_session *s, const char *catalog, const struct indexfile_content *now,
                  struct why *w)
{
    uint8_t text[512];
    struct buf sql = buf_of(text, sizeof text);
    buf_printf(&sql, "UPDATE %s.meta SET sealed_seq=%llu, \"rows\"=%llu, from_ms=%lld, to_ms=%lld",
               catalog, (unsigned long long)now->sealed, (unsigned long long)now->rows,
               (long long)now->from_ms, (long long)now->to_ms);
    err e = run(s, &sql, w);
    return e ? e : duck_run(s, "COMMIT", w);
}

static err rolled_back(struct duck_session *s, err e, const struct why *w)
{
    struct why ignored; /* the first failure is told */
    if (!e)
        return ERR_OK;
    (void)!duck_run(s, "ROLLBACK", &ignored);
    return indexfile_failure(w);
}

/* A statement about many rows; where->text are its parameters. *changed: how many it was. */
static err change_rows(struct duck_session *s, struct slice sql,
                       const struct indexfile_where *where, uint64_t *changed, struct why *w)
{
    struct duck_query *q;
    err e = duck_prepare(&q, s, sql, w);
    if (e)
        return e;
    for (unsigned i = 0; i < where->n; i++)
        duck_bind_text(q, where->text[i]);
    e = duck_answer(q, w);
    if (!e && duck_next(q, &e, w))
        *changed = (uint64_t)duck_value(q, 0).i;
    duck_query_free(q);
    return e;
}

static err insert_rows(struct duck_session *s, const char *catalog, const char *from, bool coded,
                       struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    const struct indexfile_where all = { .n = 0 };
    uint64_t n;
    buf_printf(&sql, "INSERT INTO %s.ev BY NAME ", catalog);
    if (coded)
        codes_put_rows(&sql, from);
    else
        buf_printf(&sql, "SELECT * FROM %s", from);
    BUG_ON(sql.full);
    return change_rows(s, buf_slice(&sql), &all, &n, w);
}

static err seal(struct duck_session *s, const char *catalog, const char *from,
                const struct indexfile_content *now, struct why *w)
{
    err e = duck_run(s, "BEGIN", w);
    if (!e)
        e = insert_rows(s, catalog, from, now->coded, w);
    if (!e)
        e = commit(s, catalog, now, w);
    return rolled_back(s, e, w);
}

/* Rows are not held up by what is only a help. */
err indexfile_seal(struct duck_session *s, const char *catalog, const char *table,
                   const struct indexfile_content *now, struct why *w)
{
    char from[128];
    struct indexfile_content plain = *now;
    struct why why_not;
    snprintf(from, sizeof from, "(SELECT * FROM memory.%s WHERE seq <= %llu)", table,
             (unsigned long long)now->sealed);
    plain.coded = false;
    if (!now->coded)
        return seal(s, catalog, from, &plain, w);
    err e = codes_learn(s, from, &why_not);
    if (!e)
        e = seal(s, catalog, from, now, &why_not);
    if (!e)
        return ERR_OK;
    e = seal(s, catalog, from, &plain, w);
    if (!e)
        log_warn("store", "rows of %s have no numbers for their texts: %s", catalog, why_not.text);
    return e;
}

/* ---- deleting */

static err delete_rows(struct duck_session *s, const char *catalog,
                       const struct indexfile_where *where, uint64_t *gone, struct why *w)
{
    size_t cap = where->sql.n + 128;
    struct buf sql = buf_of(xmalloc(cap), cap);
    buf_printf(&sql, "DELETE FROM %s.ev WHERE ", catalog);
    buf_add(&sql, where->sql);
    err e = change_rows(s, buf_slice(&sql), where, gone, w);
    xfree(sql.p);
    return e;
}

err indexfile_delete(struct duck_session *s, const char *catalog,
                     const struct indexfile_where *where, struct indexfile_content *now,
                     struct why *w)
{
    struct indexfile_content left = *now;
    uint64_t gone = 0;
    err e = duck_run(s, "BEGIN", w);
    if (!e)
        e = delete_rows(s, catalog, where, &gone, w);
    left.rows -= gone < left.rows ? gone : left.rows;
    if (!left.rows)
        left.from_ms = left.to_ms = 0;
    if (!e)
        e = gone ? commit(s, catalog, &left, w) : duck_run(s, "COMMIT", w);
    if (!e)
        *now = left;
    return rolled_back(s, e, w);
}

err indexfile_checkpoint(struct duck_session *s, const char *catalog, struct why *w)
{
    return run_on(s, "CHECKPOINT", catalog, w);
}

/* ---- tables in memory */

struct hot_table {
    struct duck_table *table;
    enum duck_kind kinds[TABLE_N];
};

err hot_table_open(struct hot_table **out, struct duck_session *s, const char *name, struct why *w)
{
    char full[64];
    struct hot_table *t = xcalloc(1, sizeof *t);
    t->kinds[0] = DUCK_INT;
    for (int i = 0; i < COLUMNS_N; i++)
        t->kinds[i + 1] = kind_of[columns[i].kind];
    t->kinds[TABLE_N - 1] = DUCK_TEXT;
    struct duck_place place = { "memory", name, t->kinds, TABLE_N };
    snprintf(full, sizeof full, "memory.%s", name);
    err e = make_rows(s, full, "", w);
    if (!e)
        e = duck_table_open(&t->table, s, &place, w);
    if (e) {
        xfree(t);
        return e;
    }
    *out = t;
    return ERR_OK;
}

err hot_table_add(struct hot_table *t, uint64_t seq, const struct message_row *row, struct why *w)
{
    duck_put_int(t->table, 0, (int64_t)seq);
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        if (row->v[i].kind == DUCK_TEXT)
            duck_put_text(t->table, i + 1, row->v[i].text);
        else if (row->v[i].kind != DUCK_NULL)
            duck_put_int(t->table, i + 1, row->v[i].i);
    }
    if (row->doc.n)
        duck_put_text(t->table, TABLE_N - 1, row->doc);
    return duck_end_row(t->table, w);
}

err hot_table_flush(struct hot_table *t, struct why *w)
{
    return duck_table_flush(t->table, w);
}

void hot_table_close(struct hot_table *t)
{
    if (t)
        duck_table_close(t->table);
    xfree(t);
}

err hot_table_drop(struct duck_session *s, const char *name, struct why *w)
{
    char full[64];
    snprintf(full, sizeof full, "memory.%s", name);
    return run_on(s, "DROP TABLE IF EXISTS", full, w);
}
