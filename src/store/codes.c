/* The dictionary of texts. */
#include "store/codes.h"

#include <stdio.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/folder.h"
#include "store/indexfile.h"

#define PATH_BYTES 4096
#define SQL_BYTES  (PATH_BYTES + 2048)
#define LOG_BYTES  ((int64_t)16 << 20) /* of DuckDB, then it moves into the file */
#define LOG_SUFFIX ".wal"

const struct code codes[CODES_N] = {
#define CODE(name) { COLUMN_##name, #name, #name CODES_SUFFIX },
#include "store/codes.def"
#undef CODE
};

int codes_find(int column)
{
    for (int i = 0; i < CODES_N; i++)
        if ((int)codes[i].column == column)
            return i;
    return -1;
}

static err run(struct duck_session *s, struct buf *sql, struct why *w)
{
    buf_u8(sql, '\0');
    BUG_ON(sql->full);
    err e = duck_run(s, (const char *)sql->p, w);
    buf_reset(sql);
    return e;
}

/* ---- attaching */

static err attach(struct duck_session *s, const char *path, const char *mode, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    buf_printf(&sql, "ATTACH '%s' AS " CODES_CATALOG " (%s)", path, mode);
    return run(s, &sql, w) ? indexfile_failure(w) : ERR_OK;
}

static err path_of(const char *folder, char path[PATH_BYTES], struct why *w)
{
    int n = snprintf(path, PATH_BYTES, "%s/" CODES_CATALOG, folder);
    if (n < 0 || (size_t)n >= PATH_BYTES - sizeof LOG_SUFFIX || strchr(path, '\''))
        return why_set(w, ERR_CONFIG, "store: %s: a path with ' in it, or too long", folder);
    return ERR_OK;
}

/* The generation and how many texts the fullest table has; both 0: nothing yet. */
static err look(struct duck_session *s, int64_t *generation, int64_t *texts, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    struct duck_query *q;
    buf_printf(&sql,
               "SELECT coalesce((SELECT max(base) FROM " CODES_CATALOG ".meta),0)>>%d,"
               "greatest(0",
               CODES_BITS);
    for (unsigned i = 0; i < CODES_N; i++)
        buf_printf(&sql, ",(SELECT count(*) FROM " CODES_CATALOG ".%s)", codes[i].texts);
    buf_cstr(&sql, ")");
    err e = duck_prepare(&q, s, buf_slice(&sql), w);
    if (e)
        return e;
    e = duck_answer(q, w);
    if (!e && duck_next(q, &e, w)) {
        *generation = duck_value(q, 0).i;
        *texts = duck_value(q, 1).i;
    }
    duck_query_free(q);
    return e;
}

static void put_table(struct buf *sql, const char *name, const char *form, const char *row)
{
    buf_printf(sql,
               "CREATE TABLE IF NOT EXISTS " CODES_CATALOG ".%s (%s); DELETE FROM " CODES_CATALOG
               ".%s; INSERT INTO " CODES_CATALOG ".%s VALUES (%s);",
               name, form, name, name, row);
}

static err begin(struct duck_session *s, int64_t generation, struct why *w)
{
    uint8_t text[SQL_BYTES];
    char base[64], none[96];
    struct buf sql = buf_of(text, sizeof text);
    snprintf(base, sizeof base, "%lld", (long long)generation << CODES_BITS);
    snprintf(none, sizeof none, "%s,NULL", base);
    buf_cstr(&sql, "BEGIN;");
    put_table(&sql, "meta", "base BIGINT NOT NULL", base);
    for (unsigned i = 0; i < CODES_N; i++)
        put_table(&sql, codes[i].texts, "code BIGINT NOT NULL, text VARCHAR", none);
    buf_cstr(&sql, "COMMIT");
    return run(s, &sql, w);
}

/* A new one has no tables yet; one from before a column had numbers not all of them. */
static err prepare(struct duck_session *s, int64_t now_s, struct why *w)
{
    int64_t generation = 0, texts = 0;
    err e = look(s, &generation, &texts, w);
    if (e && slice_search(slice_cstr(w->text), SLICE("Catalog Error")) < 0)
        return indexfile_failure(w);
    if (!e && generation && texts < (INT64_C(1) << CODES_BITS))
        return ERR_OK;
    e = begin(s, now_s > generation ? now_s : generation + 1, w);
    return e ? indexfile_failure(w) : ERR_OK;
}

static err open_path(struct duck_session *s, const char *path, int64_t now_s, struct why *w)
{
    struct why ignored; /* the first failure is told */
    err e = attach(s, path, "STORAGE_VERSION 'v1.5.0'", w);
    if (e)
        return e;
    e = prepare(s, now_s, w);
    if (!e)
        return ERR_OK;
    (void)!duck_run(s, "ROLLBACK", &ignored);
    (void)!duck_run(s, "DETACH " CODES_CATALOG, &ignored);
    return e;
}

err codes_attach(struct duck_session *s, const char *folder, int64_t now_s, struct why *w)
{
    char path[PATH_BYTES], wal[PATH_BYTES + sizeof LOG_SUFFIX];
    err e = path_of(folder, path, w);
    if (!e)
        e = open_path(s, path, now_s, w);
    if (e != ERR_FORMAT)
        return e;
    log_warn("store", "%s is made anew, as it is damaged: %s", path, w->text);
    snprintf(wal, sizeof wal, "%s" LOG_SUFFIX, path);
    (void)unlink(wal);
    (void)unlink(path);
    return open_path(s, path, now_s, w);
}

err codes_attach_read(struct duck_session *s, const char *folder, struct why *w)
{
    char path[PATH_BYTES];
    err e = path_of(folder, path, w);
    return e ? e : attach(s, path, "READ_ONLY", w);
}

/* ---- what was lost */

err codes_look_for_lost(struct duck_session *s, const char *catalog, int64_t *lost, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    struct duck_query *q;
    *lost = 0;
    buf_cstr(&sql, "SELECT greatest(0");
    for (unsigned i = 0; i < CODES_N; i++)
        buf_printf(&sql,
                   ",CASE WHEN max(%s)>(SELECT max(code) FROM " CODES_CATALOG
                   ".%s) THEN max(%s) END",
                   codes[i].name, codes[i].texts, codes[i].name);
    buf_printf(&sql, ") FROM %s.ev", catalog);
    err e = duck_prepare(&q, s, buf_slice(&sql), w);
    if (e)
        return e;
    e = duck_answer(q, w);
    if (!e && duck_next(q, &e, w))
        *lost = duck_value(q, 0).i;
    duck_query_free(q);
    return e;
}

err codes_begin_anew(struct duck_session *s, int64_t now_s, int64_t lost, struct why *w)
{
    int64_t generation = 0, texts, behind = (lost >> CODES_BITS) + 1;
    struct why ignored; /* the first failure is told */
    err e = look(s, &generation, &texts, w);
    if (e)
        return e;
    generation = behind > generation + 1 ? behind : generation + 1;
    e = begin(s, now_s > generation ? now_s : generation, w);
    if (e)
        (void)!duck_run(s, "ROLLBACK", &ignored);
    return e;
}

/* ---- learning */

static err learn(struct duck_session *s, const struct code *c, const char *from, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    buf_printf(&sql,
               "INSERT INTO " CODES_CATALOG
               ".%s SELECT * FROM (SELECT (SELECT max(code) FROM " CODES_CATALOG
               ".%s)+row_number() OVER () AS code,t FROM (SELECT DISTINCT %s AS t "
               "FROM %s WHERE %s IS NOT NULL) n WHERE NOT EXISTS (SELECT 1 FROM " CODES_CATALOG
               ".%s o WHERE o.text=n.t)) WHERE code<(SELECT base FROM " CODES_CATALOG ".meta)+%lld",
               c->texts, c->texts, c->texts, from, c->texts, c->texts, 1LL << CODES_BITS);
    return run(s, &sql, w);
}

/* Its log is short: it is read at a start, and stands in memory. */
static err checkpoint_if_due(struct duck_session *s, struct why *w)
{
    struct duck_query *q;
    err e = duck_prepare(&q, s,
                         SLICE("SELECT path||'" LOG_SUFFIX
                               "' FROM duckdb_databases() WHERE database_name='" CODES_CATALOG "'"),
                         w);
    if (e)
        return e;
    char wal[PATH_BYTES] = "";
    e = duck_answer(q, w);
    if (!e && duck_next(q, &e, w)) {
        struct slice path = duck_value(q, 0).text;
        snprintf(wal, sizeof wal, "%.*s", (int)path.n, (const char *)path.p);
    }
    duck_query_free(q);
    if (e || !*wal || file_stamp_of(wal).size < LOG_BYTES)
        return e;
    return duck_run(s, "CHECKPOINT " CODES_CATALOG, w);
}

err codes_learn(struct duck_session *s, const char *from, struct why *w)
{
    struct why later, ignored; /* what was asked for is done; the first failure is told */
    err e = duck_run(s, "BEGIN", w);
    for (unsigned i = 0; i < CODES_N && !e; i++)
        e = learn(s, &codes[i], from, w);
    if (!e)
        e = duck_run(s, "COMMIT", w);
    if (e)
        (void)!duck_run(s, "ROLLBACK", &ignored);
    if (e)
        return e;
    if (checkpoint_if_due(s, &later))
        log_debug("store", CODES_CATALOG ": %s", later.text);
    return ERR_OK;
}

void codes_put_rows(struct buf *sql, const char *from)
{
    buf_cstr(sql, "SELECT h.*");
    for (unsigned i = 0; i < CODES_N; i++)
        buf_printf(sql,
                   ",CASE WHEN h.%s IS NULL THEN (SELECT base FROM " CODES_CATALOG
                   ".meta) ELSE x%u.code END AS %s",
                   codes[i].texts, i, codes[i].name);
    buf_printf(sql, " FROM %s h", from);
    for (unsigned i = 0; i < CODES_N; i++)
        buf_printf(sql, " LEFT JOIN " CODES_CATALOG ".%s x%u ON x%u.text=h.%s", codes[i].texts, i,
                   i, codes[i].texts);
}
