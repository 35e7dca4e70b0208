/* Rows of the state: reading, adding, changing. */
#include <stdio.h>

#include "store/state_private.h"

#define SET_COLUMNS                                                                                \
    "id,title,description,prefix,created_ms,shards,replicas,writable,is_default,rotation,period,"  \
    "rotate_empty,max_docs,max_bytes,retention,keep_indices,keep_age_ms,keep_bytes"
#define STREAM_COLUMNS                                                                             \
    "id,title,description,index_set_id,created_ms,match_any,paused,remove_from_default,is_default"
#define RULE_COLUMNS  "type,inverted,field,value,description"
#define INDEX_COLUMNS "set_id,number,state,created_ms,anchor_ms,from_ms,to_ms,docs,bytes,torn_bytes"

static err prepare(struct state *st, const char *sql, sqlite3_stmt **q, struct why *w)
{
    return sqlite3_prepare_v2(st->db, sql, -1, q, NULL) == SQLITE_OK ? ERR_OK : state_failed(st, w);
}

/* Runs a statement that gives no rows. */
static err finish(struct state *st, sqlite3_stmt *q, struct why *w)
{
    err e = sqlite3_step(q) == SQLITE_DONE ? ERR_OK : state_failed(st, w);
    sqlite3_finalize(q);
    return e;
}

/* The end of reading rows: rc is the last step's. */
static err ended(struct state *st, sqlite3_stmt *q, int rc, struct why *w)
{
    err e = rc == SQLITE_DONE || rc == SQLITE_ROW ? ERR_OK : state_failed(st, w);
    sqlite3_finalize(q);
    return e;
}

static void bind_text(sqlite3_stmt *q, int at, struct slice s)
{
    (void)sqlite3_bind_text(q, at, s.n ? (const char *)s.p : "", (int)s.n, SQLITE_TRANSIENT);
}

static void bind_ints(sqlite3_stmt *q, int at, const int64_t *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        (void)sqlite3_bind_int64(q, at + (int)i, v[i]);
}

static void copy_text(sqlite3_stmt *q, int at, char *out, size_t cap)
{
    const char *text = (const char *)sqlite3_column_text(q, at);
    snprintf(out, cap, "%s", text ? text : "");
}

static const char *keep_text(sqlite3_stmt *q, int at, struct arena *a)
{
    const char *text = (const char *)sqlite3_column_text(q, at);
    struct slice copy =
        arena_dup(a, slice_of(text ? text : "", text ? strlen(text) + 1 : (size_t)1));
    return copy.n ? (const char *)copy.p : "";
}

/* ---- index sets */

static void read_set(sqlite3_stmt *q, struct index_set *s)
{
    *s = (struct index_set){ .created_ms = sqlite3_column_int64(q, 4),
                             .shards = sqlite3_column_int64(q, 5),
                             .replicas = sqlite3_column_int64(q, 6),
                             .writable = sqlite3_column_int(q, 7),
                             .is_default = sqlite3_column_int(q, 8),
                             .rotation = sqlite3_column_int(q, 9),
                             .rotate_empty = sqlite3_column_int(q, 11),
                             .max_docs = sqlite3_column_int64(q, 12),
                             .max_bytes = sqlite3_column_int64(q, 13),
                             .retention = sqlite3_column_int(q, 14),
                             .keep_indices = sqlite3_column_int64(q, 15),
                             .keep_age_ms = sqlite3_column_int64(q, 16),
                             .keep_bytes = sqlite3_column_int64(q, 17) };
    copy_text(q, 0, s->id, sizeof s->id);
    copy_text(q, 1, s->title, sizeof s->title);
    copy_text(q, 2, s->description, sizeof s->description);
    copy_text(q, 3, s->prefix, sizeof s->prefix);
    copy_text(q, 10, s->period, sizeof s->period);
}

static err put_set(struct state *st, const struct index_set *s, struct why *w)
{
    sqlite3_stmt *q;
    const int64_t first[] = { s->created_ms, s->shards,     s->replicas,
                              s->writable,   s->is_default, s->rotation };
    const int64_t rest[] = { s->rotate_empty, s->max_docs,    s->max_bytes, s->retention,
                             s->keep_indices, s->keep_age_ms, s->keep_bytes };
    err e = prepare(st,
                    "INSERT INTO index_sets(" SET_COLUMNS
                    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
                    "description=excluded.description,shards=excluded.shards,"
                    "replicas=excluded.replicas,writable=excluded.writable,"
                    "rotation=excluded.rotation,period=excluded.period,"
                    "rotate_empty=excluded.rotate_empty,max_docs=excluded.max_docs,"
                    "max_bytes=excluded.max_bytes,retention=excluded.retention,"
                    "keep_indices=excluded.keep_indices,keep_age_ms=excluded.keep_age_ms,"
                    "keep_bytes=excluded.keep_bytes",
                    &q, w);
    if (e)
        return e;
    bind_text(q, 1, slice_cstr(s->id));
    bind_text(q, 2, slice_cstr(s->title));
    bind_text(q, 3, slice_cstr(s->description));
    bind_text(q, 4, slice_cstr(s->prefix));
    bind_ints(q, 5, first, COUNT(first));
    bind_text(q, 11, slice_cstr(s->period));
    bind_ints(q, 12, rest, COUNT(rest));
    return finish(st, q, w);
}

err state_index_sets(struct state *st, struct arena *a, struct index_sets *out, struct why *w)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    *out = (struct index_sets){ arena_alloc(a, INDEX_SETS_MAX * sizeof(struct index_set)), 0 };
    if (!out->v)
        return why_set(w, ERR_LIMIT, "no memory for index sets");
    err e = prepare(st, "SELECT " SET_COLUMNS " FROM index_sets ORDER BY created_ms,rowid", &q, w);
    if (e)
        return e;
    while (out->n < INDEX_SETS_MAX && (rc = sqlite3_step(q)) == SQLITE_ROW)
        read_set(q, &out->v[out->n++]);
    return ended(st, q, rc, w);
}

/* Finds the set of that title, or says why a new one may not be made. */
static err look_at_sets(struct state *st, struct index_set *s, bool *there, struct why *w)
{
    struct arena a;
    struct index_sets all;
    *there = false;
    arena_init(&a, NULL, 0);
    err e = state_index_sets(st, &a, &all, w);
    for (unsigned i = 0; !e && i < all.n && !*there; i++)
        if (strcmp(all.v[i].title, s->title) == 0) {
            *s = all.v[i];
            *there = true;
        }
    if (!e && !*there)
        e = index_set_check(s, w);
    for (unsigned i = 0; !e && !*there && i < all.n; i++)
        if (index_prefixes_clash(all.v[i].prefix, s->prefix))
            e = why_set(w, ERR_CONFIG,
                        "the index prefix \"%s\" of \"%s\" clashes with \"%s\" of \"%s\": their "
                        "indices could not be told apart (mend: another prefix)",
                        s->prefix, s->title, all.v[i].prefix, all.v[i].title);
    if (!e && !*there && all.n == INDEX_SETS_MAX)
        e = why_set(w, ERR_LIMIT, "there are %d index sets already", INDEX_SETS_MAX);
    arena_free(&a);
    return e;
}

err state_add_index_set(struct state *st, struct index_set *s, bool *made, struct why *w)
{
    bool there;
    *made = false;
    err e = state_exec(st, "BEGIN IMMEDIATE", w);
    if (e)
        return e;
    e = look_at_sets(st, s, &there, w);
    if (!e && !there) {
        if (!s->id[0])
            state_new_id(s->id);
        e = put_set(st, s, w);
        *made = !e;
    }
    return state_finish(st, "COMMIT", e, w);
}

/* The write index of the set follows a new grid. */
static err move_anchor(struct state *st, const struct index_set *s, struct why *w)
{
    struct arena a;
    struct index_rows rows;
    arena_init(&a, NULL, 0);
    err e = state_indices(st, s->id, &a, &rows, w);
    sqlite3_stmt *q = NULL;
    for (unsigned i = 0; !e && i < rows.n; i++) {
        if (rows.v[i].state != INDEX_WRITE)
            continue;
        e = prepare(st, "UPDATE indices SET anchor_ms=? WHERE set_id=? AND number=?", &q, w);
        if (e)
            break;
        (void)sqlite3_bind_int64(q, 1, rotation_anchor(s, rows.v[i].created_ms));
        bind_text(q, 2, slice_cstr(s->id));
        (void)sqlite3_bind_int64(q, 3, rows.v[i].number);
        e = finish(st, q, w);
    }
    arena_free(&a);
    return e;
}

err state_change_index_set(struct state *st, const struct index_set *s, struct why *w)
{
    struct index_set old = *s;
    bool there, moves;
    err e = index_set_check(s, w);
    if (!e)
        e = state_exec(st, "BEGIN IMMEDIATE", w);
    if (e)
        return e;
    e = look_at_sets(st, &old, &there, w);
    if (!e && (!there || strcmp(old.id, s->id) != 0))
        e = why_set(w, ERR_MISSING, "there is no index set \"%s\"", s->title);
    if (!e)
        e = put_set(st, s, w);
    moves = s->rotation != old.rotation || strcmp(s->period, old.period) != 0;
    if (!e && moves)
        e = move_anchor(st, s, w);
    return state_finish(st, "COMMIT", e, w);
}

/* ---- streams */

static err read_rules(struct state *st, struct stream_def *s, struct arena *a, struct why *w)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    err e = prepare(
        st, "SELECT " RULE_COLUMNS " FROM stream_rules WHERE stream_id=? ORDER BY number", &q, w);
    if (e)
        return e;
    bind_text(q, 1, slice_cstr(s->id));
    while (s->n_rules < STATE_STREAM_RULES_MAX && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (!s->rule)
            s->rule = arena_alloc(a, STATE_STREAM_RULES_MAX * sizeof(struct stream_rule));
        if (!s->rule)
            break;
        s->rule[s->n_rules++] = (struct stream_rule){ .type = sqlite3_column_int(q, 0),
                                                      .inverted = sqlite3_column_int(q, 1),
                                                      .field = slice_cstr(keep_text(q, 2, a)),
                                                      .value = slice_cstr(keep_text(q, 3, a)),
                                                      .description = keep_text(q, 4, a) };
    }
    return ended(st, q, rc, w);
}

static struct stream_def read_stream(sqlite3_stmt *q, struct arena *a)
{
    return (struct stream_def){ .id = keep_text(q, 0, a),
                                .title = keep_text(q, 1, a),
                                .description = keep_text(q, 2, a),
                                .index_set_id = keep_text(q, 3, a),
                                .created_ms = sqlite3_column_int64(q, 4),
                                .match_any = sqlite3_column_int(q, 5),
                                .paused = sqlite3_column_int(q, 6),
                                .remove_from_default = sqlite3_column_int(q, 7),
                                .is_default = sqlite3_column_int(q, 8) };
}

err state_streams(struct state *st, struct arena *a, struct stream_defs *out, struct why *w)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    *out = (struct stream_defs){ arena_alloc(a, STATE_STREAMS_MAX * sizeof(struct stream_def)), 0 };
    if (!out->v)
        return why_set(w, ERR_LIMIT, "no memory for streams");
    err e = prepare(st, "SELECT " STREAM_COLUMNS " FROM streams ORDER BY created_ms,rowid", &q, w);
    if (e)
        return e;
    while (out->n < STATE_STREAMS_MAX && (rc = sqlite3_step(q)) == SQLITE_ROW)
        out->v[out->n++] = read_stream(q, a);
    e = ended(st, q, rc, w);
    for (unsigned i = 0; !e && i < out->n; i++)
        e = read_rules(st, &out->v[i], a, w);
    return e;
}

static err insert_rule(struct state *st, const struct stream_def *s, unsigned number, struct why *w)
{
    const struct stream_rule *r = &s->rule[number];
    sqlite3_stmt *q;
    err e = prepare(
        st, "INSERT INTO stream_rules(stream_id,number," RULE_COLUMNS ") VALUES(?,?,?,?,?,?,?)", &q,
        w);
    if (e)
        return e;
    const int64_t numbers[] = { number, r->type, r->inverted };
    bind_text(q, 1, slice_cstr(s->id));
    bind_ints(q, 2, numbers, COUNT(numbers));
    bind_text(q, 5, r->field);
    bind_text(q, 6, r->value);
    bind_text(q, 7, slice_cstr(r->description));
    return finish(st, q, w);
}

static err insert_stream(struct state *st, const struct stream_def *s, const char *set_id,
                         struct why *w)
{
    sqlite3_stmt *q;
    const int64_t rest[] = { s->created_ms, s->match_any, s->paused, s->remove_from_default,
                             s->is_default };
    err e = prepare(st, "INSERT INTO streams(" STREAM_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?)", &q, w);
    if (e)
        return e;
    bind_text(q, 1, slice_cstr(s->id));
    bind_text(q, 2, slice_cstr(s->title));
    bind_text(q, 3, slice_cstr(s->description));
    bind_text(q, 4, slice_cstr(set_id));
    bind_ints(q, 5, rest, COUNT(rest));
    e = finish(st, q, w);
    for (unsigned i = 0; !e && i < s->n_rules; i++)
        e = insert_rule(st, s, i, w);
    return e;
}

/* One text of one row; NULL: no such row. */
static err find_text(struct state *st, const char *sql, const char *by, struct arena *a,
                     const char **out)
{
    sqlite3_stmt *q;
    struct why w;
    *out = NULL;
    err e = prepare(st, sql, &q, &w);
    if (e)
        return e;
    if (by)
        bind_text(q, 1, slice_cstr(by));
    if (sqlite3_step(q) == SQLITE_ROW)
        *out = keep_text(q, 0, a);
    sqlite3_finalize(q);
    return ERR_OK;
}

static err check_stream(const struct stream_def *s, struct why *w)
{
    if (!slice_trim(slice_cstr(s->title)).n)
        return why_set(w, ERR_CONFIG, "a stream needs a title");
    if (s->n_rules > STATE_STREAM_RULES_MAX)
        return why_set(w, ERR_LIMIT, "stream \"%s\": more than %d rules", s->title,
                       STATE_STREAM_RULES_MAX);
    return ERR_OK;
}

static err add_new_stream(struct state *st, struct stream_def *s, struct arena *a, struct why *w)
{
    const char *set_id = s->index_set_id;
    char id[25];
    err e = check_stream(s, w);
    if (!e && !set_id)
        e = find_text(st, "SELECT id FROM index_sets WHERE is_default", NULL, a, &set_id);
    if (e)
        return e;
    if (!s->id) {
        state_new_id(id);
        s->id = (const char *)arena_dup(a, slice_of(id, sizeof id)).p;
    }
    return s->id ? insert_stream(st, s, set_id, w) : why_set(w, ERR_LIMIT, "no memory");
}

err state_add_stream(struct state *st, struct stream_def *s, struct arena *a, struct why *w)
{
    const char *id;
    err e = state_exec(st, "BEGIN IMMEDIATE", w);
    if (e)
        return e;
    e = find_text(st, "SELECT id FROM streams WHERE title=?", s->title, a, &id);
    if (e)
        e = state_failed(st, w);
    else if (id)
        s->id = id;
    else
        e = add_new_stream(st, s, a, w);
    return state_finish(st, "COMMIT", e, w);
}

/* ---- indices */

static void read_index(sqlite3_stmt *q, struct index_row *i)
{
    *i = (struct index_row){ .number = sqlite3_column_int64(q, 1),
                             .state = sqlite3_column_int(q, 2),
                             .created_ms = sqlite3_column_int64(q, 3),
                             .anchor_ms = sqlite3_column_int64(q, 4),
                             .from_ms = sqlite3_column_int64(q, 5),
                             .to_ms = sqlite3_column_int64(q, 6),
                             .docs = sqlite3_column_int64(q, 7),
                             .bytes = sqlite3_column_int64(q, 8),
                             .torn_bytes = sqlite3_column_int64(q, 9) };
    copy_text(q, 0, i->set_id, sizeof i->set_id);
}

err state_indices(struct state *st, const char *set_id, struct arena *a, struct index_rows *out,
                  struct why *w)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    *out = (struct index_rows){ arena_alloc(a, INDICES_OF_SET_MAX * sizeof(struct index_row)), 0 };
    if (!out->v)
        return why_set(w, ERR_LIMIT, "no memory for indices");
    err e =
        prepare(st, "SELECT " INDEX_COLUMNS " FROM indices WHERE set_id=? ORDER BY number", &q, w);
    if (e)
        return e;
    bind_text(q, 1, slice_cstr(set_id));
    while (out->n < INDICES_OF_SET_MAX && (rc = sqlite3_step(q)) == SQLITE_ROW)
        read_index(q, &out->v[out->n++]);
    return ended(st, q, rc, w);
}

static err put_index(struct state *st, const struct index_row *i, struct why *w)
{
    sqlite3_stmt *q;
    const int64_t v[] = { i->number, i->state, i->created_ms, i->anchor_ms, i->from_ms,
                          i->to_ms,  i->docs,  i->bytes,      i->torn_bytes };
    err e = prepare(
        st, "INSERT OR REPLACE INTO indices(" INDEX_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?)", &q, w);
    if (e)
        return e;
    bind_text(q, 1, slice_cstr(i->set_id));
    bind_ints(q, 2, v, COUNT(v));
    return finish(st, q, w);
}

err state_put_indices(struct state *st, const struct index_row *v, unsigned n, struct why *w)
{
    err e = state_exec(st, "BEGIN IMMEDIATE", w);
    if (e)
        return e;
    for (unsigned i = 0; i < n && !e; i++)
        e = put_index(st, &v[i], w);
    return state_finish(st, "COMMIT", e, w);
}

err state_drop_index(struct state *st, const struct index_row *i, struct why *w)
{
    sqlite3_stmt *q;
    err e = prepare(st, "DELETE FROM indices WHERE set_id=? AND number=?", &q, w);
    if (e)
        return e;
    bind_text(q, 1, slice_cstr(i->set_id));
    (void)sqlite3_bind_int64(q, 2, i->number);
    return finish(st, q, w);
}
