/* Streams, index sets and indices in SQLite. Opening, and what stands in the file. */
#include "store/state.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "base/random.h"
#include "store/state_private.h"

#define VERSION    1
#define BUSY_MS    5000
#define PATH_BYTES 4096
#define BROKEN_MAX 1000

/* clang-format off */
static const char schema[] =
    "CREATE TABLE index_sets("
    " id TEXT PRIMARY KEY, title TEXT NOT NULL UNIQUE, description TEXT NOT NULL,"
    " prefix TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL, shards INTEGER NOT NULL,"
    " replicas INTEGER NOT NULL, writable INTEGER NOT NULL, is_default INTEGER NOT NULL,"
    " rotation INTEGER NOT NULL, period TEXT NOT NULL, rotate_empty INTEGER NOT NULL,"
    " max_docs INTEGER NOT NULL, max_bytes INTEGER NOT NULL, retention INTEGER NOT NULL,"
    " keep_indices INTEGER NOT NULL, keep_age_ms INTEGER NOT NULL, keep_bytes INTEGER NOT NULL);"
    "CREATE TABLE streams("
    " id TEXT PRIMARY KEY, title TEXT NOT NULL UNIQUE, description TEXT NOT NULL,"
    " index_set_id TEXT NOT NULL REFERENCES index_sets(id), created_ms INTEGER NOT NULL,"
    " match_any INTEGER NOT NULL, paused INTEGER NOT NULL, remove_from_default INTEGER NOT NULL,"
    " is_default INTEGER NOT NULL);"
    "CREATE TABLE stream_rules("
    " stream_id TEXT NOT NULL REFERENCES streams(id) ON DELETE CASCADE, number INTEGER NOT NULL,"
    " type INTEGER NOT NULL, inverted INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL,"
    " description TEXT NOT NULL, PRIMARY KEY(stream_id, number));"
    "CREATE TABLE indices("
    " set_id TEXT NOT NULL REFERENCES index_sets(id), number INTEGER NOT NULL,"
    " state INTEGER NOT NULL, created_ms INTEGER NOT NULL, anchor_ms INTEGER NOT NULL,"
    " from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, docs INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, torn_bytes INTEGER NOT NULL, PRIMARY KEY(set_id, number));"
    "PRAGMA user_version=1";
/* clang-format on */

err state_failed(const struct state *st, struct why *w)
{
    return why_set(w, ERR_IO, "%s: %s", st->path, sqlite3_errmsg(st->db));
}

err state_exec(struct state *st, const char *sql, struct why *w)
{
    return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : state_failed(st, w);
}

err state_finish(struct state *st, const char *sql, err e, struct why *w)
{
    if (!e)
        e = state_exec(st, sql, w);
    if (e)
        (void)sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    return e;
}

static int64_t pragma(struct state *st, const char *sql)
{
    sqlite3_stmt *q;
    int64_t v = -1;
    if (sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        v = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return v;
}

bool state_is_changed(struct state *st)
{
    int64_t version = pragma(st, "PRAGMA data_version");
    bool changed = version != st->data_version;
    st->data_version = version;
    return changed;
}

/* ---- opening */

static bool is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

static int check_whole(struct state *st)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(st->db, "PRAGMA quick_check(1)", -1, &q, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(q, 0);
        rc = text && strcmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
    }
    sqlite3_finalize(q);
    return rc;
}

static int open_file(struct state *st)
{
    int rc = sqlite3_open_v2(
        st->path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(st->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = check_whole(st);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(st->db,
                          "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON",
                          NULL, NULL, NULL);
    return rc;
}

static void rename_part(const char *path, const char *to, const char *part)
{
    char from_path[PATH_BYTES], to_path[PATH_BYTES];
    snprintf(from_path, sizeof from_path, "%s%s", path, part);
    snprintf(to_path, sizeof to_path, "%s%s", to, part);
    if (rename(from_path, to_path) != 0 && errno != ENOENT)
        log_error("store", "%s: cannot be set aside: %s", from_path, strerror(errno));
}

/* The file as it is gets another name: its content may still be worth something to somebody. */
static err set_aside(struct state *st, struct why *w)
{
    char to[PATH_BYTES];
    for (unsigned n = 1; n < BROKEN_MAX; n++) {
        snprintf(to, sizeof to, "%s.broken-%u", st->path, n);
        if (access(to, F_OK) == 0)
            continue;
        log_error("store",
                  "%s is damaged (%s): it is now %s, and a new one is made; settings of index sets "
                  "and streams are as packs give them",
                  st->path, sqlite3_errmsg(st->db), to);
        (void)sqlite3_close(st->db);
        st->db = NULL;
        rename_part(st->path, to, "-wal");
        rename_part(st->path, to, "-shm");
        rename_part(st->path, to, "");
        return ERR_OK;
    }
    return why_set(w, ERR_LIMIT, "%s is damaged, and there are too many %s.broken-N already",
                   st->path, st->path);
}

static err add_defaults(struct state *st, int64_t now_ms, struct why *w)
{
    struct index_set s;
    bool made;
    struct arena a;
    struct stream_def all = { .id = STATE_DEFAULT_STREAM,
                              .title = "Default Stream",
                              .description =
                                  "Contains messages that are not explicitly routed to other "
                                  "streams",
                              .created_ms = now_ms,
                              .is_default = true };
    index_set_preset(&s);
    snprintf(s.title, sizeof s.title, "Default index set");
    snprintf(s.description, sizeof s.description, "Messages of streams without one of their own");
    snprintf(s.prefix, sizeof s.prefix, "graylog");
    s.is_default = true;
    s.created_ms = now_ms;
    arena_init(&a, NULL, 0);
    err e = state_add_index_set(st, &s, &made, w);
    if (!e)
        e = state_add_stream(st, &all, &a, w);
    arena_free(&a);
    return e;
}

/* Two processes may begin at the same time: the one that comes second finds it made. */
static err make_schema(struct state *st, int64_t now_ms, struct why *w)
{
    int64_t version = pragma(st, "PRAGMA user_version");
    if (version > VERSION)
        return why_set(w, ERR_UNSUPPORTED,
                       "%s was made by a newer wirelume (version %d of its format; this one knows "
                       "%d)",
                       st->path, (int)version, VERSION);
    if (version < 0)
        return state_failed(st, w);
    err e = state_exec(st, "BEGIN IMMEDIATE", w);
    if (!e && pragma(st, "PRAGMA user_version") == 0)
        e = state_exec(st, schema, w);
    e = state_finish(st, "COMMIT", e, w);
    return e ? e : add_defaults(st, now_ms, w);
}

err state_open(const char *path, int64_t now_ms, struct state **out, struct why *w)
{
    struct state *st = xcalloc(1, sizeof *st);
    err e = ERR_OK;
    st->path = xstrdup(path);
    st->data_version = -1;
    int rc = open_file(st);
    if (is_damage(rc)) {
        e = set_aside(st, w);
        rc = e ? rc : open_file(st);
    }
    if (!e && rc != SQLITE_OK)
        e = state_failed(st, w);
    if (!e)
        e = make_schema(st, now_ms, w);
    if (e)
        state_close(st);
    else
        *out = st;
    return e;
}

void state_close(struct state *st)
{
    if (!st)
        return;
    (void)sqlite3_close(st->db);
    xfree(st->path);
    xfree(st);
}

void state_new_id(char out[25])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t raw[12];
    random_bytes(raw, sizeof raw);
    for (unsigned i = 0; i < sizeof raw; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[24] = '\0';
}
