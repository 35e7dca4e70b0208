/* Index sets of the store on the pipe's thread: which index is written, rotation, retention, rows
 * of the state. */
#include <stdio.h>

#include "base/bug.h"
#include "base/log.h"
#include "store/store_private.h"

/* ---- sets and streams, as the state has them */

static struct store_set *find_set(struct store *s, const char *id, unsigned *at)
{
    for (*at = 0; *at < s->n_sets; ++*at)
        if (strcmp(s->set[*at]->set.id, id) == 0)
            return s->set[*at];
    return NULL;
}

/* Somebody may have given the write index another grid. */
static err read_anchor(struct store *s, struct store_set *f, struct arena *a, struct why *w)
{
    struct index_rows rows;
    err e = f->now ? state_indices(s->state, f->set.id, a, &rows, w) : ERR_OK;
    for (unsigned i = 0; !e && f->now && i < rows.n; i++)
        if (rows.v[i].number == f->now->row.number)
            f->now->row.anchor_ms = rows.v[i].anchor_ms;
    return e;
}

static err take_set(struct store *s, const struct index_set *set, struct arena *a, struct why *w)
{
    unsigned at;
    struct store_set *f = find_set(s, set->id, &at);
    if (f) {
        store_lock(s);
        f->set = *set;
        store_unlock(s);
        f->rotated = true; /* retention may be another now */
        return read_anchor(s, f, a, w);
    }
    f = xcalloc(1, sizeof *f);
    f->set = *set;
    f->rotated = true;
    store_lock(s);
    s->set[s->n_sets++] = f;
    store_unlock(s);
    return ERR_OK;
}

static void set_default(struct store *s, const char *id)
{
    unsigned at;
    (void)find_set(s, id, &at);
    store_lock(s);
    s->default_set = at;
    store_unlock(s);
}

static err read_state(struct store *s, struct arena *a, struct why *w)
{
    struct index_sets sets;
    struct stream_defs streams;
    err e = state_index_sets(s->state, a, &sets, w);
    for (unsigned i = 0; !e && i < sets.n; i++) {
        e = take_set(s, &sets.v[i], a, w);
        if (!e && sets.v[i].is_default)
            set_default(s, sets.v[i].id);
    }
    if (!e)
        e = state_streams(s->state, a, &streams, w);
    for (unsigned i = 0; !e && i < streams.n; i++) {
        struct store_link *l = &s->link[i];
        snprintf(l->id, sizeof l->id, "%s", streams.v[i].id);
        if (!find_set(s, streams.v[i].index_set_id, &l->set))
            l->set = s->default_set;
        s->n_links = i + 1;
    }
    return e;
}

err store_sets_refresh(struct store *s, struct why *w)
{
    struct arena a;
    s->stale |= state_is_changed(s->state);
    if (!s->stale)
        return ERR_OK;
    arena_init(&a, NULL, 0);
    err e = read_state(s, &a, w);
    s->stale = e != ERR_OK;
    arena_free(&a);
    return e;
}

struct store_set *store_sets_of_stream(struct store *s, struct slice id)
{
    for (unsigned i = 0; i < s->n_links; i++)
        if (id.n == 24 && memcmp(s->link[i].id, id.p, 24) == 0)
            return s->set[s->link[i].set];
    return s->set[s->default_set];
}

/* ---- rows of the state */

/* What the state is to have of an index: nothing that is not durable. Messages that are in no file
 * yet take room in the journal. */
static struct index_row durable_row(struct store *s, struct store_index *i)
{
    struct index_row row = i->row;
    row.docs = i->durable.docs;
    row.from_ms = i->durable.from_ms;
    row.to_ms = i->durable.to_ms;
    store_lock(s);
    row.bytes = i->row.bytes = i->bytes;
    int64_t waiting = row.docs - (int64_t)(i->file.rows + i->erased);
    store_unlock(s);
    if (waiting > 0 && !i->lines && !i->damaged)
        row.bytes += waiting * (int64_t)journal_record_bytes(s->journal);
    return row;
}

static bool take_unsaved(struct store *s, struct store_index *i)
{
    store_lock(s);
    bool unsaved = i->unsaved && !i->going;
    i->unsaved = false;
    store_unlock(s);
    return unsaved;
}

static void mark_unsaved(struct store *s, struct store_index *i)
{
    store_lock(s);
    i->unsaved = true;
    store_unlock(s);
}

err store_sets_save(struct store *s, bool all, struct why *w)
{
    err e = ERR_OK;
    for (unsigned k = 0; k < s->n_sets && !e && !s->read_only; k++) {
        struct store_set *f = s->set[k];
        for (unsigned i = 0; i < f->n && !e; i++) {
            if (f->index[i] == f->now && !all)
                continue;
            if (!take_unsaved(s, f->index[i]))
                continue;
            struct index_row row = durable_row(s, f->index[i]);
            e = state_put_indices(s->state, &row, 1, w);
            if (e)
                mark_unsaved(s, f->index[i]);
        }
    }
    return e;
}

/* ---- rotation */

static bool has_messages(const struct store_set *f)
{
    for (unsigned i = 0; i < f->n; i++)
        if ((f->index[i]->row.state == INDEX_OPEN || f->index[i] == f->now) &&
            f->index[i]->row.docs)
            return true;
    return false;
}

/* No record that comes now is of this index. */
static void end_index(struct store *s, struct store_index *i)
{
    i->row.state = INDEX_OPEN;
    store_lock(s);
    i->last = journal_next(s->journal) - 1;
    i->unsaved = true;
    pthread_cond_signal(&s->tail_wake);
    store_unlock(s);
}

/* A new index is in the state before a message is put into it. */
err store_sets_begin_index(struct store *s, struct store_set *f, int64_t now_ms, int64_t anchor_ms,
                           struct why *w)
{
    struct index_row rows[2];
    struct store_index *old = f->now;
    rows[0] = (struct index_row){ .number = f->n ? f->index[f->n - 1]->row.number + 1 : 0,
                                  .state = INDEX_WRITE,
                                  .created_ms = now_ms,
                                  .anchor_ms = anchor_ms };
    snprintf(rows[0].set_id, sizeof rows[0].set_id, "%s", f->set.id);
    if (old) {
        rows[1] = durable_row(s, old);
        rows[1].state = INDEX_OPEN;
    }
    err e = s->read_only ? ERR_OK : state_put_indices(s->state, rows, old ? 2 : 1, w);
    if (e)
        return e;
    struct store_index *i = store_index_make(s, f, rows);
    store_index_insert(s, f, i);
    if (old)
        end_index(s, old);
    store_lock(s);
    f->now = i;
    store_unlock(s);
    f->rotated = true;
    log_info("store", "%s is the index that %s writes to", i->name, f->set.title);
    return ERR_OK;
}

err store_sets_rotate_if_due(struct store *s, struct store_set *f, int64_t now_ms, struct why *w)
{
    int64_t anchor_ms;
    if (!f->now)
        return store_sets_begin_index(s, f, now_ms, rotation_anchor(&f->set, now_ms), w);
    if (!rotation_is_due(&f->set, &f->now->row, has_messages(f), now_ms, &anchor_ms))
        return ERR_OK;
    if (f->n >= INDICES_OF_SET_MAX) {
        if (!f->full_said)
            log_error("store", "%s has %u indices and does not rotate any more (mend: a retention)",
                      f->set.title, f->n);
        f->full_said = true;
        return ERR_OK;
    }
    return store_sets_begin_index(s, f, now_ms, anchor_ms, w);
}

/* ---- retention */

static void retire(struct store *s, struct store_set *f, struct store_index *i)
{
    struct why w;
    bool closes = f->set.retention == RETAIN_CLOSE;
    struct index_row row = durable_row(s, i);
    row.state = closes ? INDEX_CLOSED : INDEX_GOING;
    err e = state_put_indices(s->state, &row, 1, &w);
    if (e) {
        log_error("store", "%s should be %s by the retention of %s: %s", i->name,
                  closes ? "closed" : "deleted", f->set.title, w.text);
        return;
    }
    i->row.state = row.state;
    store_lock(s);
    i->closing = closes;
    i->going = !closes;
    if (i->views) /* it goes when they are closed */
        store_counted(s, COUNTER_STORE_DEFERRED, 1);
    pthread_cond_signal(&s->seal_wake);
    store_unlock(s);
    log_info("store", "%s is %s by the retention of %s", i->name, closes ? "closed" : "deleted",
             f->set.title);
}

static struct index_row *rows_of(struct store *s, const struct store_set *f)
{
    struct index_row *rows = xcalloc(f->n + 1, sizeof *rows);
    for (unsigned i = 0; i < f->n; i++)
        rows[i] = durable_row(s, f->index[i]);
    return rows;
}

void store_sets_retain(struct store *s, struct store_set *f)
{
    f->rotated = false;
    if (!f->now)
        return;
    struct index_row *rows = rows_of(s, f);
    unsigned excess = retention_excess(&f->set, rows, f->n, s->now_ms);
    for (unsigned i = 0; i < f->n && excess; i++) {
        if (f->index[i]->row.state != INDEX_OPEN)
            continue;
        retire(s, f, f->index[i]);
        excess--;
    }
    xfree(rows);
}

/* False: the sealer, the tail or a view still has it. */
static bool is_gone(struct store *s, struct store_index *i)
{
    store_lock(s);
    bool gone = i->gone && !i->hot && !i->views;
    store_unlock(s);
    return gone;
}

static void take_out(struct store *s, struct store_set *f, unsigned at)
{
    store_lock(s);
    struct store_index *i = f->index[at];
    memmove(f->index + at, f->index + at + 1, (f->n - at - 1) * sizeof *f->index);
    f->n--;
    store_unlock(s);
    store_index_free(i);
}

void store_sets_sweep(struct store *s)
{
    struct why w;
    for (unsigned k = 0; k < s->n_sets; k++) {
        struct store_set *f = s->set[k];
        for (unsigned i = f->n; i-- > 0;) {
            if (!is_gone(s, f->index[i]))
                continue;
            if (state_drop_index(s->state, &f->index[i]->row, &w))
                log_error("store", "%s stays in the list of indices: %s", f->index[i]->name,
                          w.text); /* the next call tries again */
            else
                take_out(s, f, i);
        }
    }
}
