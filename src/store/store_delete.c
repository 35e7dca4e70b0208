/* Deleting messages that match a search: the caller's thread makes the condition, the sealer, which
 * alone writes files, goes from file to file with it. Messages are in files before: the journal
 * does not bring back what a file has counted as sealed. */
#include <stdio.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/query_private.h"
#include "store/store_private.h"

#define MEM_BYTES   ((size_t)16 << 20) /* of a condition */
#define SQL_BYTES   ((size_t)1 << 20)
#define PATIENCE_NS INT64_C(60000000000) /* without a step */
#define WAIT_NS     INT64_C(1000000000)
#define US_MAX      (QUERY_MS_MAX * 1000)
#define US_MIN      (QUERY_MS_MIN * 1000)

/* ---- the condition */

/* NULL: all messages. */
static err parse(struct slice query, struct arena *mem, const struct search_node **out,
                 struct why *w)
{
    struct search search;
    struct search_conf conf = { false };
    *out = NULL;
    if (slice_eq(slice_trim(query), SLICE("*")))
        return ERR_OK;
    err e = search_parse(&search, query, &conf, mem, w);
    *out = e ? NULL : search.root;
    return e;
}

static int64_t clamp(int64_t us)
{
    return us < US_MIN ? US_MIN : us > US_MAX ? US_MAX : us;
}

static err tell(const struct query_run *r, struct why *w)
{
    const struct query_error *e = r->error;
    if (r->sql.rc)
        return e->line ? why_set(w, r->sql.rc, "query:%u:%u: %s", e->line, e->column, e->why.text)
                       : why_set(w, r->sql.rc, "%s", e->why.text);
    if (r->sql.full || r->sql.b.full || r->mem->full)
        return why_set(w, ERR_LIMIT, "the query is too large: it has too many clauses");
    return ERR_OK;
}

/* Rows of both shapes: any table may have marked ones. */
static void put_condition(struct query_run *r)
{
    sql_put(&r->sql, "(");
    query_source_where(r, SHAPE_COLUMNS);
    sql_put(&r->sql, ") OR (");
    query_source_where(r, SHAPE_MISFITS);
    sql_put(&r->sql, ")");
}

static err make_where(struct indexfile_where *out, const struct store_filter *f, int64_t now_ms,
                      struct arena *mem, struct why *w)
{
    struct query_error error = { .line = 0 };
    bool misfits = true;
    struct query_run r = { .mem = mem,
                           .error = &error,
                           .misfits = &misfits,
                           .n_tables = 1,
                           .stream_id = f->stream,
                           .from_us = clamp(f->range.from_us),
                           .to_us = clamp(f->range.to_us) + 1 };
    uint8_t *text = arena_alloc(mem, SQL_BYTES);
    struct slice *texts = arena_alloc(mem, QUERY_PARAMS_MAX * sizeof *texts);
    r.sql = (struct sql){ .b = buf_of(text, text ? SQL_BYTES : 0),
                          .param = arena_alloc(mem, QUERY_PARAMS_MAX * sizeof *r.sql.param),
                          .mem = mem,
                          .now_ms = now_ms,
                          .error = &error };
    if (!text || !texts || !r.sql.param)
        return why_set(w, ERR_LIMIT, "no memory left for this query");
    err e = parse(f->query, mem, &r.tree, w);
    if (e)
        return e;
    put_condition(&r);
    for (unsigned i = 0; i < r.sql.n_params; i++)
        texts[i] = r.sql.param[i].text;
    *out = (struct indexfile_where){ buf_slice(&r.sql.b), texts, r.sql.n_params };
    return tell(&r, w);
}

/* ---- the sealer; what is due, under lock */

static bool is_left(const struct store_erase *x, const struct store_index *i)
{
    const struct view_range *r = x->range;
    return i->erase_seen < x->number && i->file.rows && !i->going && !i->closing && !i->lines &&
           !i->damaged && i->file.from_ms <= r->to_us / 1000 &&
           i->file.to_ms >= r->from_us / 1000 &&
           (!r->set_id || strcmp(r->set_id, i->row.set_id) == 0);
}

bool store_erase_is_due(const struct store *s, const struct store_index *i)
{
    return s->erase && !s->erase->done && is_left(s->erase, i) && !(i->ended && i->views);
}

void store_erase_end(struct store *s)
{
    struct store_erase *x = s->erase;
    if (!x || x->done)
        return;
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned n = 0; n < s->set[k]->n; n++)
            if (is_left(x, s->set[k]->index[n]))
                return;
    x->done = true;
    pthread_cond_broadcast(&s->changed);
}

/* ---- one file */

/* From a file that is only read: away from readers for that time, `attach` is held. */
static err erase_ended(struct store *s, struct store_index *i, uint64_t *gone, struct why *w)
{
    char path[STORE_PATH];
    struct why later; /* it is committed: DuckDB's log has it, which every reader reads too */
    *gone = 0;
    err e = store_seal_detach(s, i, w);
    if (e || !store_index_file_path(s, i, path))
        return e ? e : why_set(w, ERR_LIMIT, "%s: the path is too long", s->folder);
    struct indexfile f = { path, i->catalog };
    struct indexfile_content now;
    e = indexfile_attach(s->seal.session, &f, &now, w);
    if (e)
        return e;
    uint64_t rows = now.rows;
    e = indexfile_delete(s->seal.session, i->catalog, &s->erase->where, &now, w);
    *gone = rows - now.rows;
    if (!e && indexfile_checkpoint(s->seal.session, i->catalog, &later))
        log_debug("store", "%s: %s", i->name, later.text);
    bool stays = indexfile_detach(s->seal.session, i->catalog, &later);
    store_lock(s);
    store_index_found(i, &now);
    i->place = stays ? PLACE_WRITE : PLACE_NONE;
    s->attached += stays;
    store_unlock(s);
    return e;
}

static err erase_written(struct store *s, struct store_index *i, uint64_t *gone, struct why *w)
{
    struct indexfile_content now = i->file; /* changed by this thread alone */
    err e = indexfile_delete(s->seal.session, i->catalog, &s->erase->where, &now, w);
    store_lock(s);
    *gone = i->file.rows - now.rows;
    store_index_found(i, &now);
    store_unlock(s);
    return e;
}

static err erase(struct store *s, struct store_index *i, uint64_t *gone, struct why *w)
{
    if (!i->ended) /* changed by this thread alone once there are threads */
        return erase_written(s, i, gone, w);
    pthread_mutex_lock(&s->attach);
    err e = erase_ended(s, i, gone, w);
    pthread_mutex_unlock(&s->attach);
    return e;
}

void store_erase_run(struct store *s, struct store_index *i)
{
    struct store_erase *x = s->erase;
    uint64_t gone = 0;
    struct why w;
    store_lock(s);
    x->busy = true;
    store_unlock(s);
    err e = erase(s, i, &gone, &w);
    int64_t bytes = store_index_file_bytes(s, i);
    store_lock(s);
    bool again = e == ERR_LIMIT && i->views; /* a view came first: it is tried again */
    x->busy = false;
    x->rows += gone;
    x->steps++;
    i->bytes = bytes > 0 ? bytes : i->bytes;
    i->erase_seen = again ? i->erase_seen : x->number;
    if (e && !again) {
        x->rc = e;
        x->why = w;
        x->done = true;
        s->dead |= store_engine_is_dead(&w);
    }
    store_counted(s, COUNTER_STORE_ERASED, gone);
    pthread_cond_broadcast(&s->changed);
    store_unlock(s);
}

/* ---- the caller's thread */

static void wait_for_turn(struct store *s)
{
    while (s->erase)
        store_wait(s, &s->changed, WAIT_NS);
}

/* Until it is done, or nothing has moved for long. */
static void wait_for_end(struct store *s, struct store_erase *x)
{
    uint64_t steps = x->steps;
    int64_t since_ns = clock_mono_ns();
    while (!x->done || x->busy) {
        pthread_cond_signal(&s->seal_wake);
        store_wait(s, &s->changed, WAIT_NS);
        if (x->steps != steps || x->busy)
            since_ns = clock_mono_ns();
        steps = x->steps;
        if (x->done || x->busy || clock_mono_ns() - since_ns < PATIENCE_NS)
            continue;
        x->rc = why_set(&x->why, ERR_LIMIT,
                        "store: an index is being read all the time; messages of it stay: try "
                        "again");
        x->done = true;
    }
}

static void run(struct store *s, struct store_erase *x)
{
    store_lock(s);
    wait_for_turn(s);
    x->number = ++s->erases;
    s->erase = x;
    wait_for_end(s, x);
    s->erase = NULL;
    pthread_cond_broadcast(&s->changed);
    store_unlock(s);
}

err store_delete(struct store *s, const struct store_filter *filter, int64_t now_ms, uint64_t *n,
                 struct why *w)
{
    struct arena mem;
    struct store_erase x = { .range = &filter->range };
    *n = 0;
    arena_init(&mem, NULL, MEM_BYTES);
    err e = make_where(&x.where, filter, now_ms, &mem, w);
    if (!e && !store_settle(s))
        e = why_set(w, ERR_IO,
                    "store: messages of the journal cannot be put into files (see the log)");
    if (!e) {
        run(s, &x);
        *n = x.rows;
        e = x.rc;
        if (e)
            *w = x.why;
    }
    arena_free(&mem);
    return e;
}

/* ---- the pipe's thread */

static bool take_erased(struct store *s, struct store_index *i)
{
    store_lock(s);
    int64_t gone = (int64_t)i->erased;
    i->erased = 0;
    i->unsaved |= gone > 0;
    store_unlock(s);
    i->durable.docs -= gone < i->durable.docs ? gone : i->durable.docs;
    i->row.docs -= gone < i->row.docs ? gone : i->row.docs;
    return gone > 0;
}

bool store_erase_count(struct store *s)
{
    bool some = false;
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned i = 0; i < s->set[k]->n; i++)
            some |= take_erased(s, s->set[k]->index[i]);
    return some;
}
