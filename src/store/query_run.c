/* A request from its start to its answer: what it may read, how long, ask after ask. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "os/clock.h"
#include "os/thread.h"
#include "store/query_private.h"

#define REQUEST_BYTES ((size_t)64 << 20) /* memory of a request, beside the library's */
#define NS_PER_MS     ((int64_t)1000000)
#define AGAIN_NS      (20 * NS_PER_MS) /* an interrupt that came between two statements is lost */

struct query_session {
    struct duck_session *duck;
    struct arena mem;
    uint8_t *sql;
    struct sql_param *param;

    struct thread watch;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool running, cancelled, late, closing;
    int64_t deadline_ns; /* clock_mono_ns */
};

/* ---- the thread that ends what takes too long */

static void wait_until(struct query_session *s, int64_t ns)
{
    struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
    (void)pthread_cond_timedwait(&s->changed, &s->lock, &t);
}

static void watch(void *ctx)
{
    struct query_session *s = ctx;
    pthread_mutex_lock(&s->lock);
    while (!s->closing) {
        int64_t now = clock_mono_ns();
        if (!s->running) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        s->late = s->late || now >= s->deadline_ns;
        if (s->late || s->cancelled) {
            duck_interrupt(s->duck);
            wait_until(s, now + AGAIN_NS);
        } else {
            wait_until(s, s->deadline_ns);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

static void set_running(struct query_session *s, bool running, int64_t timeout_ms)
{
    pthread_mutex_lock(&s->lock);
    s->running = running;
    if (running)
        s->late = s->cancelled = false;
    s->deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static bool is_ended(struct query_session *s, bool *cancelled)
{
    pthread_mutex_lock(&s->lock);
    bool ended = s->late || s->cancelled;
    *cancelled = s->cancelled;
    pthread_mutex_unlock(&s->lock);
    return ended;
}

void query_cancel(struct query_session *s)
{
    pthread_mutex_lock(&s->lock);
    s->cancelled = s->running;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* ---- sessions */

static err init_watch(struct query_session *s)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&s->lock, NULL);
    return thread_start(&s->watch, "query-watch", watch, s);
}

err query_session_open(struct query_session **out, struct duck *d, struct why *w)
{
    struct query_session *s = xcalloc(1, sizeof *s);
    err rc = duck_session_open(&s->duck, d, w);
    if (rc) {
        xfree(s);
        return rc;
    }
    arena_init(&s->mem, NULL, REQUEST_BYTES);
    s->sql = xmalloc(QUERY_SQL_BYTES);
    s->param = xcalloc(QUERY_PARAMS_MAX, sizeof *s->param);
    rc = init_watch(s);
    if (rc)
        why_set(w, rc, "query: no thread for it");
    *out = rc ? NULL : s;
    if (rc)
        query_session_close(s);
    return rc;
}

void query_session_close(struct query_session *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    thread_join(&s->watch);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    duck_session_close(s->duck);
    arena_free(&s->mem);
    xfree(s->sql);
    xfree(s->param);
    xfree(s);
}

/* ---- statements */

err query_run_fail(struct query_run *r, err rc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->error->why.text, sizeof r->error->why.text, fmt, ap);
    va_end(ap);
    r->error->line = r->error->column = 0;
    return rc;
}

/* A statement that did not work: what the user hears of it. */
static err failed(struct query_run *r, err rc)
{
    bool cancelled;
    if (is_ended(r->session, &cancelled))
        return query_run_fail(r, ERR_END,
                              cancelled ? "the query was cancelled"
                                        : "the query took longer than %lld ms; ask for a shorter "
                                          "range, or raise timeout_ms",
                              (long long)r->q->timeout_ms);
    return rc;
}

void query_run_start(struct query_run *r)
{
    r->sql = (struct sql){ .b = buf_of(r->session->sql, QUERY_SQL_BYTES),
                           .param = r->session->param,
                           .mem = r->mem,
                           .now_ms = r->q->now_ms,
                           .error = r->error };
}

err query_run_ask(struct query_run *r, struct duck_query **out)
{
    struct sql *s = &r->sql;
    bool cancelled;
    *out = NULL;
    if (s->rc)
        return s->rc;
    if (s->full || s->b.full || r->mem->full)
        return query_run_fail(r, ERR_LIMIT,
                              "the query is too large: it has too many clauses or "
                              "covers too many indices");
    if (is_ended(r->session, &cancelled))
        return failed(r, ERR_END);
    err rc = duck_prepare(out, r->duck, buf_slice(&s->b), &r->error->why);
    for (unsigned i = 0; !rc && i < s->n_params; i++)
        duck_bind_text(*out, s->param[i].text);
    if (!rc)
        rc = duck_answer(*out, &r->error->why);
    if (!rc)
        return ERR_OK;
    duck_query_free(*out);
    *out = NULL;
    return failed(r, rc);
}

bool query_run_next(struct query_run *r, struct duck_query *q, err *rc)
{
    if (duck_next(q, rc, &r->error->why))
        return true;
    if (*rc)
        *rc = failed(r, *rc);
    return false;
}

/* ---- tables */

static bool table_fits(const struct view_table *t, int64_t from_us, int64_t to_us,
                       const char *set_id)
{
    return t->from_us <= t->to_us && t->from_us < to_us && t->to_us >= from_us &&
           (!set_id || strcmp(t->set_id, set_id) == 0);
}

/* NULL: any set. */
static const char *set_of_stream(const struct query_run *r)
{
    for (unsigned i = 0; r->stream_id && i < r->data->n_streams; i++)
        if (strcmp(r->data->stream[i].id, r->stream_id) == 0)
            return r->data->stream[i].index_set_id;
    return NULL;
}

/* Which tables have marked rows; the engine answers it from its statistics. */
static err find_misfits(struct query_run *r)
{
    struct duck_query *q;
    err rc;
    query_run_start(r);
    for (unsigned i = 0; i < r->n_tables; i++)
        sql_printf(&r->sql, "%sSELECT %u WHERE EXISTS(SELECT 1 FROM %s WHERE misfits IS NOT NULL)",
                   i ? " UNION ALL " : "", i, r->table[i]->name);
    if (!r->n_tables)
        return ERR_OK;
    rc = query_run_ask(r, &q);
    while (!rc && query_run_next(r, q, &rc))
        r->misfits[duck_value(q, 0).i] = true;
    duck_query_free(q);
    return rc;
}

err query_run_select(struct query_run *r, int64_t from_us, int64_t to_us)
{
    const struct store_view *view = r->data->view;
    const char *set_id = set_of_stream(r);
    r->n_tables = 0;
    r->rows = 0;
    r->from_us = from_us;
    r->to_us = to_us;
    for (unsigned i = 0; i < view->n; i++) {
        if (!table_fits(&view->table[i], from_us, to_us, set_id))
            continue;
        if (r->n_tables == QUERY_TABLES_MAX)
            return query_run_fail(r, ERR_LIMIT,
                                  "the range has more than %d indices; ask for a "
                                  "shorter one",
                                  QUERY_TABLES_MAX);
        r->rows += view->table[i].rows;
        r->table[r->n_tables++] = &view->table[i];
    }
    memset(r->misfits, 0, r->n_tables * sizeof *r->misfits);
    return find_misfits(r);
}

/* ---- query texts */

static bool is_blank(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] > ' ')
            return false;
    return true;
}

/* Takes "query:line:column: " off the words. */
static void place_error(struct query_error *e)
{
    unsigned line, column;
    char *text = e->why.text, *end;
    if (strncmp(text, "query:", 6))
        return;
    line = (unsigned)strtoul(text + 6, &end, 10);
    column = *end == ':' ? (unsigned)strtoul(end + 1, &end, 10) : 0;
    if (end[0] != ':' || end[1] != ' ')
        return;
    e->line = line;
    e->column = column;
    memmove(text, end + 2, strlen(end + 2) + 1);
}

/* NULL: everything, as for Graylog's * and blanks. */
static err parse(struct query_run *r, struct slice text, const struct search_node **out)
{
    struct search search;
    struct search_conf conf = { false };
    *out = NULL;
    if (is_blank(text) || slice_eq(slice_trim(text), SLICE("*")))
        return ERR_OK;
    if (!utf8_ok(text))
        return query_run_fail(r, ERR_FORMAT, "the query is not UTF-8");
    err rc = search_parse(&search, text, &conf, r->mem, &r->error->why);
    if (rc)
        place_error(r->error);
    *out = rc ? NULL : search.root;
    return rc;
}

static err find_stream(struct query_run *r)
{
    struct slice name = r->q->stream;
    if (!name.n)
        return ERR_OK;
    for (unsigned i = 0; i < r->data->n_streams; i++) {
        const struct stream_def *d = &r->data->stream[i];
        if (slice_eq(name, slice_cstr(d->id)) || slice_eq(name, slice_cstr(d->title))) {
            r->stream_id = d->id;
            return ERR_OK;
        }
    }
    if (!r->data->stream && name.n == 24) {
        char *id = arena_zalloc(r->mem, name.n + 1);
        if (id)
            memcpy(id, name.p, name.n);
        r->stream_id = id;
        return id ? ERR_OK : query_run_fail(r, ERR_LIMIT, "no memory left for this query");
    }
    return query_run_fail(r, ERR_MISSING, "there is no stream '%.*s' (wirelume stream list)",
                          (int)(name.n < 100 ? name.n : 100), (const char *)name.p);
}

/* ---- asks */

static err (*const answer[QUERY_KINDS])(struct query_run *) = {
    [QUERY_VALUE] = query_answer_value,
    [QUERY_HISTOGRAM] = query_answer_histogram,
    [QUERY_TERMS] = query_answer_terms,
    [QUERY_PAIRS] = query_answer_pairs,
    [QUERY_PERCENTILES] = query_answer_percentiles,
    [QUERY_MESSAGES] = query_answer_messages,
    [QUERY_MESSAGE] = query_answer_message,
    [QUERY_FIELDS] = query_answer_fields,
    [QUERY_VALUES] = query_answer_values,
};

/* Every answer is an object; its end is written here. */
static err answer_ask(struct query_run *r, const struct query_ask *a)
{
    struct query_error error = { .line = 0 };
    int64_t start = clock_mono_ns();
    size_t at;
    r->ask = a;
    r->error = &error;
    json_string(r->out, a->id, false);
    buf_u8(r->out, ':');
    at = r->out->n;
    err rc = parse(r, a->text, &r->ask_tree);
    if (!rc)
        rc = query_run_select(r, r->q->from_ms * 1000, r->q->to_ms * 1000);
    if (!rc)
        rc = answer[a->kind](r);
    if (rc) {
        r->out->n = at;
        query_error_write(r->out, &error);
    } else {
        buf_printf(r->out, ",\"took_ms\":%.1f}", (double)(clock_mono_ns() - start) / 1e6);
    }
    return rc;
}

static err run_all(struct query_run *r, struct query_error *e)
{
    int64_t start = clock_mono_ns();
    bool cancelled;
    err rc = find_stream(r);
    if (!rc)
        rc = parse(r, r->q->text, &r->tree);
    if (rc)
        return rc;
    buf_lit(r->out, "{\"answers\":{");
    for (unsigned i = 0; i < r->q->n; i++) {
        if (i)
            buf_u8(r->out, ',');
        (void)!answer_ask(r, &r->q->ask[i]); /* told in its place */
        if (is_ended(r->session, &cancelled) && cancelled)
            return why_set(&e->why, ERR_END, "the query was cancelled");
    }
    buf_printf(r->out, "},\"from\":%lld,\"to\":%lld,\"took_ms\":%.1f}", (long long)r->q->from_ms,
               (long long)r->q->to_ms, (double)(clock_mono_ns() - start) / 1e6);
    return ERR_OK;
}

err query_answer(struct query_session *s, const struct query *q, const struct query_data *data,
                 struct buf *out, struct query_error *e)
{
    size_t start = out->n;
    unsigned room = data->view->n < QUERY_TABLES_MAX ? data->view->n : QUERY_TABLES_MAX;
    *e = (struct query_error){ .line = 0 };
    arena_reset(&s->mem);
    struct query_run r = {
        .session = s, .duck = s->duck, .q = q, .data = data, .mem = &s->mem, .out = out, .error = e
    };
    r.table = arena_alloc(r.mem, room * sizeof *r.table);
    r.misfits = arena_alloc(r.mem, room * sizeof *r.misfits);
    if (!r.table || !r.misfits)
        return why_set(&e->why, ERR_LIMIT, "no memory left for this query");
    set_running(s, true, q->timeout_ms);
    err rc = run_all(&r, e);
    set_running(s, false, 0);
    if (!rc && out->full)
        rc = why_set(&e->why, ERR_LIMIT,
                     "the answer is too large; ask for less, or in several requests");
    if (rc) {
        out->n = start;
        out->full = false;
    }
    return rc;
}
