/* What of the store stands on DuckDB: its beginning, its end, and beginning again after an error of
 * the disk that DuckDB does not go on from. Journal and state outlive it. */
#include "base/bug.h"
#include "base/log.h"
#include "store/store_private.h"

/* ---- beginning */

static err open_duck(struct store *s, struct why *w)
{
    const char *library[] = { s->library, NULL };
    struct duck_conf conf = { .libraries = library,
                              .threads = s->conf.threads,
                              .memory_bytes = s->conf.memory_bytes,
                              .folder = s->folder };
    err e = duck_open(&s->duck, &conf, w);
    return e ? e : duck_session_open(&s->view_session, s->duck, w);
}

static err start_threads(struct store *s, struct why *w)
{
    if (thread_start(&s->tail_thread, "store.tail", store_tail_run, s) ||
        (!s->read_only && thread_start(&s->seal_thread, "store.sealer", store_seal_run, s)))
        return why_set(w, ERR_LIMIT, "store: cannot start a thread");
    return ERR_OK;
}

err store_engine_begin(struct store *s, struct why *w)
{
    s->stale = true;
    err e = open_duck(s, w);
    if (!e)
        e = store_sets_refresh(s, w);
    if (!e)
        e = store_recover(s, w);
    if (!e)
        e = store_tail_open(s, w);
    if (!e)
        e = store_seal_open(s, w);
    return e ? e : start_threads(s, w);
}

/* ---- end */

void store_engine_stop(struct store *s)
{
    store_lock(s);
    s->stopping = true;
    pthread_cond_broadcast(&s->tail_wake);
    pthread_cond_broadcast(&s->seal_wake);
    store_unlock(s);
    thread_join(&s->tail_thread);
    thread_join(&s->seal_thread);
}

static void free_sets(struct store *s)
{
    for (unsigned k = 0; k < s->n_sets; k++) {
        for (unsigned i = 0; i < s->set[k]->n; i++)
            store_index_free(s->set[k]->index[i]);
        xfree(s->set[k]->index);
        xfree(s->set[k]);
    }
}

void store_engine_end(struct store *s)
{
    store_engine_stop(s);
    store_tail_close(s);
    store_seal_close(s);
    duck_session_close(s->view_session);
    duck_close(s->duck);
    free_sets(s);
    s->view_session = NULL;
    s->duck = NULL;
    s->tail = (struct store_tail){ 0 };
    s->seal = (struct store_seal){ 0 };
    s->n_sets = s->n_links = s->default_set = s->attached = 0;
    s->hot_rows = s->hot_bytes = 0;
    s->hot_tables = 0;
    s->stopping = s->tail_fails = s->seal_fails = false;
}

/* ---- again */

/* DuckDB says it by words alone: after these nothing works any more. */
bool store_engine_is_dead(const struct why *w)
{
    struct slice s = slice_cstr(w->text);
    return slice_search(s, SLICE("FATAL")) >= 0 || slice_search(s, SLICE("invalidated")) >= 0;
}

/* Under `attach`: no view comes meanwhile. */
static err begin_again(struct store *s, struct why *w)
{
    store_engine_end(s);
    s->down = true;
    err e = store_engine_begin(s, w);
    if (e) {
        store_engine_end(s);
        return e;
    }
    store_lock(s);
    s->dead = s->down = false;
    store_unlock(s);
    log_info("store", "DuckDB has begun again after an error of the disk");
    return ERR_OK;
}

err store_engine_mend(struct store *s, struct why *w)
{
    err e = ERR_OK;
    pthread_mutex_lock(&s->attach); /* over the disk: files may not come and go meanwhile */
    store_lock(s);
    bool due = s->dead && !s->views;
    store_unlock(s);
    if (due)
        e = begin_again(s, w);
    pthread_mutex_unlock(&s->attach);
    return e;
}
