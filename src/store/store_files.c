/* Files of indices, one after the other, in a DuckDB of their own. */
#include "store/store_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "os/file.h"
#include "os/folder.h"
#include "store/codes.h"
#include "store/index_writer.h"

#define PATH_BYTES 4096
#define SQL_BYTES  9000
#define OLD        "old"
#define NEW        "new"
#define DAMAGED    ".damaged"
#define PART       ".part"

struct store_files {
    char folder[PATH_BYTES], target[PATH_BYTES];
    int lock;
    struct duck *duck;
    struct duck_session *session;
    struct arena mem;
    struct names names;
};

/* ---- opening */

static err open_duck(struct store_files *f, const struct store_files_conf *conf, struct why *w)
{
    struct duck_conf dc = { .libraries = conf->libraries,
                            .threads = 1,
                            .memory_bytes = conf->memory_bytes,
                            .folder = f->folder,
                            .also = conf->target };
    err e = duck_open(&f->duck, &dc, w);
    return e ? e : duck_session_open(&f->session, f->duck, w);
}

static err open_folder(struct store_files *f, const char *data, struct why *w)
{
    char path[PATH_BYTES], real[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/" INDICES_FOLDER, data);
    if (n < 0 || (size_t)n >= sizeof path - 64)
        return why_set(w, ERR_LIMIT, "store: %s: the path is too long", data);
    if (!realpath(path, real))
        return why_set(w, ERR_MISSING, "store: %s: %s", path, strerror(errno));
    snprintf(f->folder, sizeof f->folder, "%s", real);
    snprintf(path, sizeof path, "%.*s/.lock", PATH_BYTES - 64, real);
    err e = file_lock(path, &f->lock, w);
    if (!e)
        e = folder_list(&f->mem, f->folder, INDEXFILE_SUFFIX, &f->names, w);
    for (unsigned i = 0; i < f->names.n && !e; i++) {
        size_t length = strlen(f->names.v[i]) - (sizeof INDEXFILE_SUFFIX - 1);
        char *name = arena_zalloc(&f->mem, length + 1);
        if (!name)
            return why_set(w, ERR_LIMIT, "store: no memory for names of indices");
        memcpy(name, f->names.v[i], length);
        f->names.v[i] = name;
    }
    return e;
}

err store_files_open(struct store_files **out, const struct store_files_conf *conf, struct why *w)
{
    struct store_files *f = xcalloc(1, sizeof *f);
    f->lock = -1;
    arena_init(&f->mem, NULL, 0);
    if (conf->target)
        snprintf(f->target, sizeof f->target, "%s", conf->target);
    err e = open_folder(f, conf->data, w);
    if (!e)
        e = open_duck(f, conf, w);
    if (e)
        store_files_close(f);
    else
        *out = f;
    return e;
}

void store_files_close(struct store_files *f)
{
    if (!f)
        return;
    duck_session_close(f->session);
    duck_close(f->duck);
    arena_free(&f->mem);
    file_unlock(f->lock);
    xfree(f);
}

unsigned store_files_count(const struct store_files *f)
{
    return f->names.n;
}

const char *store_files_name(const struct store_files *f, unsigned i)
{
    return f->names.v[i];
}

/* ---- one file */

static bool path_of(const struct store_files *f, unsigned i, const char *end, char out[PATH_BYTES])
{
    int n = snprintf(out, PATH_BYTES, "%s/%s%s", f->folder, f->names.v[i], end);
    return n > 0 && n < PATH_BYTES;
}

static int64_t bytes_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* Attached for writing: DuckDB's log becomes part of the file. */
static err attach_old(struct store_files *f, unsigned i, struct store_file_report *r, struct why *w)
{
    char path[PATH_BYTES];
    *r = (struct store_file_report){ 0 };
    if (!path_of(f, i, INDEXFILE_SUFFIX, path))
        return why_set(w, ERR_LIMIT, "store: %s: the path is too long", f->folder);
    struct indexfile file = { path, OLD };
    err e = indexfile_attach(f->session, &file, &r->content, w);
    r->bytes = r->bytes_after = bytes_of(path);
    return e;
}

static err ask(struct store_files *f, struct slice sql, int64_t *v, unsigned n, struct why *w)
{
    struct duck_query *q;
    err e = duck_prepare(&q, f->session, sql, w);
    if (e)
        return e;
    e = duck_answer(q, w);
    if (!e && duck_next(q, &e, w))
        for (unsigned i = 0; i < n; i++)
            v[i] = duck_value(q, i).i;
    duck_query_free(q);
    return e;
}

/* ---- checking */

/* Numbers of rows, and a hash of every column so that each block is read and its checksum seen. */
static err read_all(struct store_files *f, struct store_file_report *r, struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    int64_t v[3] = { 0 };
    buf_cstr(&sql, "SELECT count(*), count(DISTINCT seq), coalesce(max(seq), 0), max(hash(doc");
    for (int i = 0; i < COLUMNS_N; i++)
        buf_printf(&sql, ", \"%.*s\"", (int)columns[i].name.n, (const char *)columns[i].name.p);
    for (int i = 0; i < CODES_N; i++)
        buf_printf(&sql, ", %s", codes[i].name);
    buf_cstr(&sql, ")) FROM " OLD ".ev");
    BUG_ON(sql.full);
    err e = ask(f, buf_slice(&sql), v, COUNT(v), w);
    if (e)
        return ERR_FORMAT;
    r->rows = (uint64_t)v[0];
    if (r->rows == r->content.rows && v[0] == v[1] && (uint64_t)v[2] <= r->content.sealed)
        return ERR_OK;
    return why_set(w, ERR_FORMAT,
                   "%lld messages with %lld numbers up to %lld, but %llu up to %llu are said to be "
                   "there",
                   (long long)v[0], (long long)v[1], (long long)v[2],
                   (unsigned long long)r->content.rows, (unsigned long long)r->content.sealed);
}

static err detached(struct store_files *f, const char *catalog, err e)
{
    struct why ignored; /* the first failure is told */
    (void)!indexfile_detach(f->session, catalog, &ignored);
    return e;
}

err store_files_check(struct store_files *f, unsigned i, struct store_file_report *r, struct why *w)
{
    err e = attach_old(f, i, r, w);
    return e ? e : detached(f, OLD, read_all(f, r, w));
}

/* ---- writing anew */

static err copy_range(struct store_files *f, uint64_t from, uint64_t to, struct why *w)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "INSERT INTO " NEW ".ev BY NAME SELECT * FROM " OLD
             ".ev WHERE rowid >= %llu AND rowid < %llu",
             (unsigned long long)from, (unsigned long long)to);
    return duck_run(f->session, sql, w);
}

/* What cannot be read in one go is read in smaller steps; of a step that cannot, nothing stays. */
static void copy_rows(struct store_files *f, uint64_t from, uint64_t to)
{
    struct why w;
    if (from >= to || !copy_range(f, from, to, &w) || to - from <= DUCK_CHUNK_ROWS)
        return;
    uint64_t step = (to - from) / 4 < DUCK_CHUNK_ROWS ? DUCK_CHUNK_ROWS : (to - from) / 4;
    for (; from < to; from += step)
        copy_rows(f, from, from + step < to ? from + step : to);
}

static err copy_content(struct store_files *f, struct store_file_report *r, struct why *w)
{
    int64_t v[3] = { 0 };
    char sql[256];
    err e = ask(f, SLICE("SELECT coalesce(max(rowid) + 1, 0) FROM " OLD ".ev"), v, 1, w);
    uint64_t n = e ? r->content.rows : (uint64_t)v[0];
    for (uint64_t at = 0; at < n; at += INDEXFILE_ROWS)
        copy_rows(f, at, at + INDEXFILE_ROWS < n ? at + INDEXFILE_ROWS : n);
    e = ask(f,
            SLICE("SELECT count(*), coalesce(epoch_ms(min(timestamp)), 0), "
                  "coalesce(epoch_ms(max(timestamp)), 0) FROM " NEW ".ev"),
            v, COUNT(v), w);
    r->rows = e ? 0 : (uint64_t)v[0];
    snprintf(sql, sizeof sql,
             "UPDATE " NEW ".meta SET sealed_seq=%llu, \"rows\"=%llu, from_ms=%lld, to_ms=%lld",
             (unsigned long long)r->content.sealed, (unsigned long long)r->rows,
             (long long)(v[1] ? v[1] : r->content.from_ms),
             (long long)(v[2] ? v[2] : r->content.to_ms));
    if (!e)
        e = duck_run(f->session, sql, w);
    return e ? e : indexfile_checkpoint(f->session, NEW, w);
}

static err write_part(struct store_files *f, const char *part, struct store_file_report *r,
                      struct why *w)
{
    struct indexfile file = { part, NEW };
    struct indexfile_content none;
    if (unlink(part) != 0 && errno != ENOENT)
        return why_set(w, ERR_IO, "%s: %s", part, strerror(errno));
    err e = indexfile_attach(f->session, &file, &none, w);
    return e ? e : detached(f, NEW, copy_content(f, r, w));
}

static err move(const char *from, const char *to, struct why *w)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return ERR_OK;
    return why_set(w, ERR_IO, "%s: %s", from, strerror(errno));
}

/* The log goes first: it is nothing without its file. */
static err set_aside(struct store_files *f, unsigned i, struct why *w)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    static const char *const ends[][2] = {
        { INDEXFILE_SUFFIX INDEXFILE_WAL, INDEXFILE_SUFFIX DAMAGED INDEXFILE_WAL },
        { INDEXFILE_SUFFIX, INDEXFILE_SUFFIX DAMAGED },
    };
    err e = ERR_OK;
    for (unsigned k = 0; k < COUNT(ends) && !e; k++)
        if (path_of(f, i, ends[k][0], from) && path_of(f, i, ends[k][1], to))
            e = move(from, to, w);
    return e ? e : file_sync_folder(f->folder, w);
}

static err put_in_place(struct store_files *f, unsigned i, struct store_file_report *r,
                        struct why *w)
{
    char path[PATH_BYTES], part[PATH_BYTES];
    bool whole = r->rows == r->content.rows;
    if (!path_of(f, i, INDEXFILE_SUFFIX, path) || !path_of(f, i, PART, part))
        return why_set(w, ERR_LIMIT, "store: %s: the path is too long", f->folder);
    err e = whole ? ERR_OK : set_aside(f, i, w);
    if (!e)
        e = move(part, path, w);
    r->bytes_after = bytes_of(path);
    return e ? e : file_sync_folder(f->folder, w);
}

err store_files_rewrite(struct store_files *f, unsigned i, struct store_file_report *r,
                        struct why *w)
{
    char part[PATH_BYTES];
    struct why aside;
    err e = attach_old(f, i, r, w);
    if (e == ERR_FORMAT && set_aside(f, i, &aside)) {
        *w = aside;
        return ERR_IO;
    }
    if (e)
        return e;
    if (!path_of(f, i, PART, part))
        return detached(f, OLD, why_set(w, ERR_LIMIT, "store: the path is too long"));
    e = indexfile_checkpoint(f->session, OLD, w); /* no log is left beside the new file */
    if (e)
        return detached(f, OLD, e);
    e = detached(f, OLD, write_part(f, part, r, w));
    if (e) {
        (void)unlink(part);
        return e;
    }
    return put_in_place(f, i, r, w);
}

/* ---- Parquet */

err store_files_parquet(struct store_files *f, unsigned i, struct store_file_report *r,
                        struct why *w)
{
    uint8_t text[SQL_BYTES];
    struct buf sql = buf_of(text, sizeof text);
    err e = attach_old(f, i, r, w);
    if (e)
        return e;
    buf_cstr(&sql, "COPY (SELECT * EXCLUDE (");
    for (int k = 0; k < CODES_N; k++)
        buf_printf(&sql, "%s%s", k ? "," : "", codes[k].name);
    buf_printf(&sql, ") FROM " OLD ".ev) TO '%s/%s.parquet' (FORMAT parquet, COMPRESSION zstd)",
               f->target, f->names.v[i]);
    buf_u8(&sql, '\0');
    e = sql.full ? why_set(w, ERR_LIMIT, "store: %s: the path is too long", f->target)
                 : duck_run(f->session, (const char *)text, w);
    r->rows = e ? 0 : r->content.rows;
    return detached(f, OLD, e);
}
