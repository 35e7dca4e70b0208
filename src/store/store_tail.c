/* The tail: reads the journal into tables in memory, where messages are seen within a second. Full
 * tables are the sealer's. After a failure it reads again what is not in a table yet. */
#include <stdio.h>

#include "base/bug.h"
#include "base/log.h"
#include "base/utf8.h"
#include "os/clock.h"
#include "store/store_private.h"
#include "store/store_record.h"

#define IDLE_NS     INT64_C(200000000)
#define ROUND       4096 /* records between two looks at what else is due, or when they have */
#define ROUND_BYTES ((uint64_t)16 << 20)
#define ROW_BYTES   256 /* a row takes, beside its text */
#define NODES_MAX   (1u << 20)

/* ---- tables */

static struct tail_table *find_open(struct store_tail *t, struct slice name)
{
    for (unsigned i = 0; i < t->n_open; i++) {
        if (!slice_eq(slice_cstr(t->open[i].index->name), name))
            continue;
        struct tail_table found = t->open[i];
        t->open[i] = t->open[0];
        t->open[0] = found;
        return t->open;
    }
    return NULL;
}

/* The newest number of the index that is in its file or a table. Under lock. */
static uint64_t taken(const struct store_index *i)
{
    uint64_t seq = i->file.sealed;
    for (const struct store_hot *h = i->hot; h; h = h->next)
        seq = h->seen.sealed > seq ? h->seen.sealed : seq;
    return seq;
}

static void append_hot(struct store_index *i, struct store_hot *h)
{
    struct store_hot **at = &i->hot;
    while (*at)
        at = &(*at)->next;
    *at = h;
}

/* The hot table stands in its index before anything of it counts as read. */
static err open_table(struct store *s, struct store_index *i, uint64_t seq, struct why *w)
{
    struct store_tail *t = &s->tail;
    struct store_hot *h = xcalloc(1, sizeof *h);
    struct tail_table o = { .index = i, .hot = h, .born_ns = clock_mono_ns() };
    h->first = seq;
    store_lock(s);
    snprintf(h->name, sizeof h->name, "hot_%u", s->next_name++);
    store_unlock(s);
    err e = hot_table_open(&o.table, t->session, h->name, w);
    if (e) {
        xfree(h);
        return e;
    }
    if (t->n_open == t->cap_open) {
        t->cap_open = t->cap_open ? 2 * t->cap_open : 8;
        t->open = xrealloc(t->open, t->cap_open * sizeof *t->open);
    }
    if (t->n_open)
        t->open[t->n_open] = t->open[0];
    t->open[0] = o;
    t->n_open++;
    store_lock(s);
    append_hot(i, h);
    s->hot_tables++;
    store_unlock(s);
    return ERR_OK;
}

/* Where a record goes. NULL and ERR_OK: nowhere, or it is there already. */
static err table_for(struct store *s, struct slice name, uint64_t seq, struct tail_table **out,
                     struct why *w)
{
    *out = find_open(&s->tail, name);
    if (*out)
        return ERR_OK;
    store_lock(s);
    struct store_index *i = store_recover_target(s, name);
    bool skip = !i || i->going || seq <= taken(i);
    if (!i || i->going)
        store_counted(s, COUNTER_STORE_EXPIRED, 1);
    store_unlock(s);
    if (skip)
        return ERR_OK;
    *out = find_open(&s->tail, slice_cstr(i->name)); /* another name led to it */
    if (*out)
        return ERR_OK;
    err e = open_table(s, i, seq, w);
    *out = e ? NULL : s->tail.open;
    return e;
}

/* Nothing more is put into it. A table of which nothing is seen goes at once. */
static void end_table(struct store *s, unsigned at)
{
    struct store_tail *t = &s->tail;
    struct tail_table o = t->open[at];
    hot_table_close(o.table);
    t->open[at] = t->open[--t->n_open];
    store_lock(s);
    o.hot->full = true;
    o.hot->sealed = !o.hot->seen.rows;
    pthread_cond_signal(&s->seal_wake);
    store_unlock(s);
}

/* ---- records */

/* As a field, when it is not even text. */
static struct slice whole_doc(struct buf *mem, struct slice text)
{
    if (utf8_ok(text))
        return text;
    size_t start = mem->n;
    buf_lit(mem, "{\"full_message\":");
    jsondoc_string(mem, text, false);
    buf_u8(mem, '}');
    return buf_since(mem, start);
}

/* A message that cannot be split is kept whole. */
static void keep_whole(struct store *s, struct message_row *row, const struct record *r)
{
    buf_reset(&s->tail.mem);
    memset(row, 0, sizeof *row);
    row->v[COLUMN_timestamp] = (struct duck_value){ .kind = DUCK_TIME, .i = r->ts_ms * 1000 };
    row->doc = whole_doc(&s->tail.mem, r->text);
    store_lock(s);
    store_counted(s, COUNTER_STORE_UNSPLIT, 1);
    store_unlock(s);
}

static void make_room(struct buf *b, size_t n)
{
    if (b->cap >= n)
        return;
    xfree(b->p);
    *b = buf_of(xmalloc(2 * n), 2 * n);
}

static void split(struct store *s, const struct record *r, struct message_row *row)
{
    struct store_tail *t = &s->tail;
    struct why w;
    make_room(&t->mem, 6 * r->text.n + 4096);
    buf_reset(&t->mem);
    if (columns_scan(t->scanner, r->text, row, &t->mem))
        return;
    make_room(&t->text, r->text.n + JSONDOC_PAD);
    buf_reset(&t->text);
    buf_reset(&t->mem);
    buf_add(&t->text, r->text);
    if (columns_split(row, &t->doc, buf_slice(&t->text), &t->mem, &w))
        keep_whole(s, row, r);
}

/* *taken grows by what it takes in memory. */
static err take_record(struct store *s, uint64_t seq, struct slice bytes, uint64_t *taken,
                       struct why *w)
{
    struct record r;
    struct message_row row;
    bool is_split = false;
    if (!record_read(bytes, &r))
        return ERR_OK; /* counted when the journal was opened, or never written */
    for (unsigned i = 0; i < r.targets; i++) {
        struct tail_table *o;
        err e = table_for(s, record_name(&r), seq, &o, w);
        if (e)
            return e;
        if (!o || seq <= o->rows.sealed)
            continue;
        if (!is_split)
            split(s, &r, &row);
        is_split = true;
        e = hot_table_add(o->table, seq, &row, w);
        if (e)
            return e;
        content_add(&o->rows, seq, r.ts_ms);
        o->bytes += r.text.n + ROW_BYTES;
        *taken += r.text.n + ROW_BYTES;
    }
    return ERR_OK;
}

/* ---- rounds */

static err read_records(struct store *s, bool *more, struct why *w)
{
    struct store_tail *t = &s->tail;
    struct slice bytes;
    uint64_t seq, taken = 0;
    err e = ERR_OK, rc = ERR_OK;
    *more = true;
    for (unsigned n = 0; n < ROUND && taken < ROUND_BYTES && !e; n++) {
        *more = journal_read(t->reader, &seq, &bytes, &rc, w);
        if (!*more)
            return rc;
        e = take_record(s, seq, bytes, &taken, w);
        if (!e)
            t->at = seq;
        if (!e && t->n_open && t->open[0].rows.rows >= s->conf.seal_rows)
            return ERR_OK;
    }
    return e;
}

/* Under lock. */
static void publish(struct store *s, struct tail_table *o)
{
    s->hot_rows += o->rows.rows - o->hot->seen.rows;
    s->hot_bytes += o->bytes - o->hot->bytes;
    o->hot->seen = o->rows;
    o->hot->bytes = o->bytes;
}

static err flush_all(struct store *s, struct why *w)
{
    struct store_tail *t = &s->tail;
    for (unsigned i = 0; i < t->n_open; i++) {
        if (t->open[i].rows.rows == t->open[i].hot->seen.rows)
            continue;
        err e = hot_table_flush(t->open[i].table, w);
        if (e)
            return e;
    }
    store_lock(s);
    for (unsigned i = 0; i < t->n_open; i++)
        publish(s, &t->open[i]);
    s->tail_seq = t->at;
    pthread_cond_broadcast(&s->changed);
    store_unlock(s);
    return ERR_OK;
}

static bool is_due(struct store *s, const struct tail_table *o)
{
    bool old = clock_mono_ns() - o->born_ns >= s->conf.seal_ns;
    store_lock(s);
    bool ends = o->index->going || (o->index->last && o->index->last <= s->tail_seq);
    bool due = ends || old || s->settling || o->rows.rows >= s->conf.seal_rows;
    store_unlock(s);
    return due;
}

/* Tables that are not full, and together too much. */
static bool is_crowded(const struct store *s)
{
    uint64_t rows = store_tables_weight(s, s->tail.n_open), bytes = 0;
    for (unsigned i = 0; i < s->tail.n_open; i++) {
        rows += s->tail.open[i].rows.rows;
        bytes += s->tail.open[i].bytes;
    }
    return rows >= (uint64_t)s->conf.seal_rows * (STORE_HOT_TABLES - 1) ||
           bytes >= store_hot_max(s);
}

static void end_due(struct store *s)
{
    bool crowded = is_crowded(s);
    for (unsigned i = s->tail.n_open; i-- > 0;)
        if (crowded || is_due(s, &s->tail.open[i]))
            end_table(s, i);
}

static err round_of(struct store *s, bool *more, struct why *w)
{
    uint64_t durable = journal_durable(s->journal);
    err e = read_records(s, more, w);
    if (!e && !*more && s->tail.at < durable)
        s->tail.at = durable; /* the last ones are damaged */
    if (!e)
        e = flush_all(s, w);
    if (!e)
        end_due(s);
    return e;
}

/* ---- failures */

/* What was not seen yet is read again, into other tables. */
static err begin_again(struct store *s, struct why *w)
{
    struct store_tail *t = &s->tail;
    while (t->n_open)
        end_table(s, t->n_open - 1);
    journal_reader_close(t->reader);
    t->reader = NULL;
    t->at = s->tail_seq; /* written by this thread alone */
    return journal_reader_open(&t->reader, s->journal, t->at + 1, w);
}

static void fail(struct store *s, const struct why *w)
{
    struct why ignored;
    store_lock(s);
    bool again = s->tail_fails;
    s->tail_fails = true;
    s->dead |= store_engine_is_dead(w);
    store_counted(s, COUNTER_STORE_FAILURES, 1);
    pthread_cond_broadcast(&s->changed);
    store_unlock(s);
    if (!again)
        log_error("store",
                  "%s: messages are durable, but not seen until this is mended; it is tried again",
                  w->text);
    (void)!begin_again(s, &ignored); /* cannot fail: nothing is opened before it is read */
    store_lock(s);
    if (!s->stopping)
        store_wait(s, &s->tail_wake, STORE_RETRY_NS);
    store_unlock(s);
}

/* ---- the thread */

/* Under lock. */
static bool is_full(const struct store *s)
{
    uint64_t rows = s->hot_rows + store_tables_weight(s, s->hot_tables);
    return !s->read_only && (rows >= (uint64_t)s->conf.seal_rows * STORE_HOT_TABLES ||
                             s->hot_bytes >= store_hot_max(s));
}

/* Until there is something to read, and room for it. */
static void wait_for_work(struct store *s, bool more)
{
    store_lock(s);
    s->tail_fails = false;
    if (!s->stopping && !more && s->tail.at >= journal_durable(s->journal))
        store_wait(s, &s->tail_wake, IDLE_NS);
    while (!s->stopping && is_full(s))
        store_wait(s, &s->tail_wake, IDLE_NS);
    store_unlock(s);
}

void store_tail_run(void *store)
{
    struct store *s = store;
    struct why w;
    for (bool stop = false; !stop;) {
        bool more;
        if (round_of(s, &more, &w)) {
            fail(s, &w);
        } else {
            wait_for_work(s, more);
        }
        store_lock(s);
        stop = s->stopping;
        store_unlock(s);
    }
}

err store_tail_open(struct store *s, struct why *w)
{
    struct store_tail *t = &s->tail;
    jsondoc_init(&t->doc, NODES_MAX);
    t->scanner = column_scanner_new();
    t->at = s->tail_seq;
    err e = duck_session_open(&t->session, s->duck, w);
    return e ? e : journal_reader_open(&t->reader, s->journal, t->at + 1, w);
}

void store_tail_close(struct store *s)
{
    struct store_tail *t = &s->tail;
    while (t->n_open)
        hot_table_close(t->open[--t->n_open].table);
    journal_reader_close(t->reader);
    duck_session_close(t->session);
    jsondoc_free(&t->doc);
    column_scanner_free(t->scanner);
    xfree(t->open);
    xfree(t->text.p);
    xfree(t->mem.p);
}
