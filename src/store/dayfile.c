/* Writing day files. */
#include "store/dayfile.h"

#include <stdatomic.h>

#include "base/bug.h"

#define SQL_BYTES 8192
#define TABLE_N   (COLUMNS_N + 2) /* seq in front, doc behind */

struct dayfile {
    struct duck_session *session;
    struct duck_table *table; /* NULL: no transaction is open */
    char catalog[32];
    bool attached;
    uint64_t sealed;
    enum duck_kind kinds[TABLE_N];
};

static const enum duck_kind kind_of[] = {
    [COLUMN_BOOL] = DUCK_BOOL, [COLUMN_INT] = DUCK_INT,   [COLUMN_TEXT] = DUCK_TEXT,
    [COLUMN_TIME] = DUCK_TIME, [COLUMN_LIST] = DUCK_TEXT, [COLUMN_MARK] = DUCK_BOOL,
};
static const char *const sql_type[] = {
    [COLUMN_BOOL] = "BOOLEAN",   [COLUMN_INT] = "BIGINT",   [COLUMN_TEXT] = "VARCHAR",
    [COLUMN_TIME] = "TIMESTAMP", [COLUMN_LIST] = "VARCHAR", [COLUMN_MARK] = "BOOLEAN",
};

static err run(struct dayfile *f, struct buf *sql, struct why *w)
{
    buf_u8(sql, '\0');
    BUG_ON(sql->full);
    return duck_run(f->session, (const char *)sql->p, w);
}

static err attach(struct dayfile *f, const char *path, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    if (strchr(path, '\'') || strlen(path) > SQL_BYTES / 2)
        return why_set(w, ERR_CONFIG, "store: %s: a path with ' in it, or too long", path);
    buf_printf(&sql, "ATTACH '%s' AS %s (STORAGE_VERSION 'v1.5.0')", path, f->catalog);
    err rc = run(f, &sql, w);
    f->attached = !rc;
    return rc;
}

static err make_tables(struct dayfile *f, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    buf_printf(&sql, "CREATE TABLE IF NOT EXISTS %s.ev (seq BIGINT NOT NULL", f->catalog);
    for (int i = 0; i < COLUMNS_N; i++)
        buf_printf(&sql, ", \"%.*s\" %s", (int)columns[i].name.n, (const char *)columns[i].name.p,
                   sql_type[columns[i].kind]);
    buf_cstr(&sql, ", doc VARCHAR USING COMPRESSION zstd)");
    err rc = run(f, &sql, w);
    if (rc)
        return rc;
    buf_reset(&sql);
    buf_printf(&sql, "CREATE TABLE IF NOT EXISTS %s.meta (sealed_seq BIGINT NOT NULL)", f->catalog);
    return run(f, &sql, w);
}

static err read_sealed(struct dayfile *f, struct why *w)
{
    char sql[128];
    struct duck_query *q;
    snprintf(sql, sizeof sql, "SELECT coalesce(max(sealed_seq), 0) FROM %s.meta", f->catalog);
    err rc = duck_prepare(&q, f->session, slice_cstr(sql), w);
    if (rc)
        return rc;
    rc = duck_answer(q, w);
    if (!rc && duck_next(q, &rc, w))
        f->sealed = (uint64_t)duck_value(q, 0).i;
    duck_query_free(q);
    return rc;
}

err dayfile_open(struct dayfile **out, struct duck *d, const char *path, struct why *w)
{
    static atomic_uint opened; /* names of catalogs differ */
    struct dayfile *f = xcalloc(1, sizeof *f);
    snprintf(f->catalog, sizeof f->catalog, "day_%u", atomic_fetch_add(&opened, 1));
    f->kinds[0] = DUCK_INT;
    for (int i = 0; i < COLUMNS_N; i++)
        f->kinds[i + 1] = kind_of[columns[i].kind];
    f->kinds[TABLE_N - 1] = DUCK_TEXT;
    err rc = duck_session_open(&f->session, d, w);
    if (!rc)
        rc = attach(f, path, w);
    if (!rc)
        rc = make_tables(f, w);
    if (!rc)
        rc = read_sealed(f, w);
    if (rc) {
        dayfile_close(f);
        return rc;
    }
    *out = f;
    return ERR_OK;
}

void dayfile_close(struct dayfile *f)
{
    char sql[64];
    struct why ignored; /* there is nobody to tell, and the transaction is undone in any case */
    if (!f)
        return;
    duck_table_close(f->table);
    if (f->attached)
        (void)!duck_run(f->session, "ROLLBACK", &ignored); /* fails where there is none */
    snprintf(sql, sizeof sql, "DETACH %s", f->catalog);
    if (f->attached)
        (void)!duck_run(f->session, sql, &ignored);
    duck_session_close(f->session);
    xfree(f);
}

uint64_t dayfile_sealed(const struct dayfile *f)
{
    return f->sealed;
}

static err begin(struct dayfile *f, struct why *w)
{
    struct duck_place place = { f->catalog, "ev", f->kinds, TABLE_N };
    err rc = duck_run(f->session, "BEGIN", w);
    return rc ? rc : duck_table_open(&f->table, f->session, &place, w);
}

err dayfile_add(struct dayfile *f, uint64_t seq, const struct message_row *row, struct why *w)
{
    err rc = f->table ? ERR_OK : begin(f, w);
    if (rc)
        return rc;
    duck_put_int(f->table, 0, (int64_t)seq);
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        if (row->v[i].kind == DUCK_TEXT)
            duck_put_text(f->table, i + 1, row->v[i].text);
        else if (row->v[i].kind != DUCK_NULL)
            duck_put_int(f->table, i + 1, row->v[i].i);
    }
    if (row->doc.n)
        duck_put_text(f->table, TABLE_N - 1, row->doc);
    return duck_end_row(f->table, w);
}

err dayfile_commit(struct dayfile *f, uint64_t sealed, struct why *w)
{
    char sql[160];
    err rc = f->table ? duck_table_flush(f->table, w) : begin(f, w);
    snprintf(sql, sizeof sql, "DELETE FROM %s.meta; INSERT INTO %s.meta VALUES (%llu)", f->catalog,
             f->catalog, (unsigned long long)sealed);
    if (!rc)
        rc = duck_run(f->session, sql, w);
    if (!rc)
        rc = duck_run(f->session, "COMMIT", w);
    if (rc)
        return rc;
    duck_table_close(f->table);
    f->table = NULL;
    f->sealed = sealed;
    return ERR_OK;
}
