/* The sealer: moves full tables from memory into files, one transaction a table; makes files ready
 * for reading only when their index has ended; deletes what retention gives up. */
#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/folder.h"
#include "store/codes.h"
#include "store/store_private.h"

#define IDLE_NS   INT64_C(1000000000)
#define FILES_FEW 16
#define WAL_BYTES ((int64_t)32 << 20)

enum task { TASK_NONE, TASK_DELETE, TASK_DROP, TASK_SEAL, TASK_END, TASK_ERASE };

struct work {
    enum task task;
    struct store_index *index;
    struct store_hot *hot;
};

/* ---- what is due, under lock */

static struct store_hot *first_unsealed(const struct store_index *i)
{
    struct store_hot *h = i->hot;
    while (h && h->sealed)
        h = h->next;
    return h;
}

static struct store_hot *droppable(const struct store_index *i)
{
    struct store_hot *h = i->hot;
    while (h && !((h->sealed || i->going) && h->full && !h->views))
        h = h->next;
    return h;
}

static bool has_ended(const struct store *s, const struct store_index *i)
{
    return i->last && s->tail_seq >= i->last && !first_unsealed(i) && !i->lines && !i->damaged &&
           (!i->ended || (i->closing && i->place != PLACE_NONE)) && !i->views;
}

static struct work work_of(const struct store *s, struct store_index *i)
{
    struct store_hot *h = droppable(i);
    if (h)
        return (struct work){ TASK_DROP, i, h };
    if (i->going)
        return (struct work){ i->gone || i->views || i->hot ? TASK_NONE : TASK_DELETE, i, NULL };
    h = first_unsealed(i);
    if (h && h->full && !i->damaged)
        return (struct work){ TASK_SEAL, i, h };
    if (has_ended(s, i))
        return (struct work){ TASK_END, i, NULL };
    return (struct work){ store_erase_is_due(s, i) ? TASK_ERASE : TASK_NONE, i, NULL };
}

/* Room first, then the table that has waited longest. */
static struct work choose(const struct store *s)
{
    struct work best = { TASK_NONE, NULL, NULL };
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned n = 0; n < s->set[k]->n; n++) {
            struct work w = work_of(s, s->set[k]->index[n]);
            bool older =
                w.task == TASK_SEAL && best.task == TASK_SEAL && w.hot->first < best.hot->first;
            if (w.task != TASK_NONE && (best.task == TASK_NONE || w.task < best.task || older))
                best = w;
        }
    return best;
}

/* ---- sealing */

static err attach(struct store *s, struct store_index *i, struct why *w)
{
    char path[STORE_PATH];
    struct indexfile_content found;
    if (!store_index_file_path(s, i, path))
        return why_set(w, ERR_LIMIT, "%s: the path is too long", s->folder);
    struct indexfile f = { path, i->catalog };
    err e = indexfile_attach(s->seal.session, &f, &found, w);
    if (!e)
        e = file_sync_folder(s->folder, w);
    if (e)
        return e;
    store_lock(s);
    i->file.coded = found.coded;
    i->place = PLACE_WRITE;
    s->attached++;
    store_unlock(s);
    return ERR_OK;
}

static err refuse_full_disk(struct store *s, struct why *w)
{
    if (store_free_bytes(s) >= s->conf.reserve_bytes / 2)
        return ERR_OK;
    return why_set(w, ERR_LIMIT, "store: %s: the disk is full", s->folder);
}

/* Views see the rows in the table until the moment in which they see them in the file. */
static void publish(struct store *s, struct store_index *i, struct store_hot *h,
                    const struct indexfile_content *now)
{
    int64_t bytes = store_index_file_bytes(s, i);
    store_lock(s);
    i->file = *now;
    i->bytes = bytes > 0 ? bytes : i->bytes;
    i->unsaved = true;
    h->sealed = true;
    s->hot_rows -= h->seen.rows;
    s->hot_bytes -= h->bytes;
    store_counted(s, COUNTER_STORE_SEALED, h->seen.rows);
    store_counted(s, COUNTER_STORE_SEALS, 1);
    pthread_cond_signal(&s->tail_wake);
    pthread_cond_broadcast(&s->changed);
    store_unlock(s);
}

/* Rows that are no whole row group stand in DuckDB's log, which is slow to read at a start, and in
 * memory that cannot be given back: with many files they are not left there. */
static err checkpoint_if_due(struct store *s, struct store_index *i, struct why *w)
{
    char wal[STORE_PATH];
    struct file_stamp stamp;
    if (!store_index_file_path(s, i, wal) || strlen(wal) + sizeof INDEXFILE_WAL > sizeof wal)
        return ERR_OK;
    memcpy(wal + strlen(wal), INDEXFILE_WAL, sizeof INDEXFILE_WAL);
    stamp = file_stamp_of(wal);
    bool due = stamp.size > WAL_BYTES || (stamp.size > 0 && s->attached > FILES_FEW);
    return due ? indexfile_checkpoint(s->seal.session, i->catalog, w) : ERR_OK;
}

static err seal(struct store *s, struct store_index *i, struct store_hot *h, struct why *w)
{
    struct why later; /* what was asked for is done; the next one tries again */
    err e = refuse_full_disk(s, w);
    if (!e && i->place == PLACE_NONE) /* changed by this thread alone until the index has ended */
        e = attach(s, i, w);
    if (e)
        return e;
    struct indexfile_content now = content_sum(i->file, h->seen), put = now;
    put.coded = now.coded && s->coded;
    e = indexfile_seal(s->seal.session, i->catalog, h->name, &put, w);
    if (e)
        return e;
    publish(s, i, h, &now);
    if (checkpoint_if_due(s, i, &later))
        log_debug("store", "%s: %s", i->name, later.text);
    return ERR_OK;
}

/* ---- the rest */

static err drop(struct store *s, struct store_index *i, struct store_hot *h, struct why *w)
{
    err e = hot_table_drop(s->seal.session, h->name, w);
    if (e)
        return e;
    duck_trim(s->duck);
    store_lock(s);
    struct store_hot **at = &i->hot;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    s->hot_tables--;
    if (!h->sealed) {
        s->hot_rows -= h->seen.rows;
        s->hot_bytes -= h->bytes;
    }
    pthread_cond_signal(&s->tail_wake);
    store_unlock(s);
    xfree(h);
    return ERR_OK;
}

/* No view may come between the look and the file's end: `attach` is held. */
err store_seal_detach(struct store *s, struct store_index *i, struct why *w)
{
    store_lock(s);
    bool busy = i->views > 0, there = i->place != PLACE_NONE;
    store_unlock(s);
    if (busy)
        return why_set(w, ERR_LIMIT, "store: %s is being read", i->name);
    err e = there ? indexfile_detach(s->seal.session, i->catalog, w) : ERR_OK;
    if (e || !there)
        return e;
    store_lock(s);
    i->place = PLACE_NONE;
    s->attached--;
    store_unlock(s);
    return ERR_OK;
}

/* Everything is in the file itself; from now on it is attached for reading, when a view needs it.
 */
static err end_index(struct store *s, struct store_index *i, struct why *w)
{
    err e = i->place == PLACE_WRITE ? indexfile_checkpoint(s->seal.session, i->catalog, w) : ERR_OK;
    if (e)
        return e;
    pthread_mutex_lock(&s->attach);
    e = store_seal_detach(s, i, w);
    int64_t bytes = store_index_file_bytes(s, i);
    store_lock(s);
    if (!e) {
        i->ended = i->unsaved = true;
        i->bytes = bytes > 0 ? bytes : 0;
    }
    store_unlock(s);
    pthread_mutex_unlock(&s->attach);
    return e;
}

static err delete_index(struct store *s, struct store_index *i, struct why *w)
{
    pthread_mutex_lock(&s->attach);
    err e = store_seal_detach(s, i, w);
    if (!e)
        e = store_index_unlink(s, i, w);
    store_lock(s);
    i->gone = !e;
    store_unlock(s);
    pthread_mutex_unlock(&s->attach);
    return e;
}

static err run(struct store *s, const struct work *work, struct why *w)
{
    switch (work->task) {
    case TASK_NONE:
        break;
    case TASK_DELETE:
        return delete_index(s, work->index, w);
    case TASK_DROP:
        return drop(s, work->index, work->hot, w);
    case TASK_SEAL:
        return seal(s, work->index, work->hot, w);
    case TASK_END:
        return end_index(s, work->index, w);
    case TASK_ERASE:
        store_erase_run(s, work->index);
        break;
    }
    return ERR_OK;
}

/* ---- the thread */

/* Under lock. */
static void after(struct store *s, err e, const struct why *w)
{
    if (e) {
        store_counted(s, COUNTER_STORE_FAILURES, 1);
        if (!s->seal_fails)
            log_error("store", "%s: messages stay in the journal until this is mended", w->text);
        s->seal_fails = true;
        s->dead |= store_engine_is_dead(w);
        pthread_cond_broadcast(&s->changed);
        if (!s->stopping)
            store_wait(s, &s->seal_wake, STORE_RETRY_NS);
        return;
    }
    if (s->seal_fails)
        log_info("store", "files of indices can be written again");
    s->seal_fails = false;
}

void store_seal_run(void *store)
{
    struct store *s = store;
    struct why w;
    store_lock(s);
    while (!s->stopping) {
        struct work work = choose(s);
        store_erase_end(s);
        if (work.task == TASK_NONE) {
            store_wait(s, &s->seal_wake, IDLE_NS);
            store_unlock(s);
            duck_trim(s->duck);
            store_lock(s);
            continue;
        }
        store_unlock(s);
        err e = run(s, &work, &w);
        store_lock(s);
        after(s, e, &w);
    }
    store_unlock(s);
}

/* The largest number that a file has and the dictionary does not. */
static err look_for_lost(struct store *s, int64_t *lost, struct why *w)
{
    int64_t one;
    err e = ERR_OK;
    *lost = 0;
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned n = 0; n < s->set[k]->n && !e; n++) {
            const struct store_index *i = s->set[k]->index[n];
            if (i->place == PLACE_NONE || !i->file.coded)
                continue;
            e = codes_look_for_lost(s->seal.session, i->catalog, &one, w);
            *lost = !e && one > *lost ? one : *lost;
        }
    return e;
}

static err open_codes(struct store *s, struct why *w)
{
    int64_t lost, now_s = clock_real_ns() / 1000000000;
    struct duck_session *d = s->seal.session;
    err e =
        s->read_only ? codes_attach_read(d, s->folder, w) : codes_attach(d, s->folder, now_s, w);
    if (!e)
        e = look_for_lost(s, &lost, w);
    if (e || !lost)
        return e;
    if (s->read_only)
        return why_set(w, ERR_FORMAT, "store: the numbers of texts are older than the files");
    log_warn("store", "numbers of texts were lost: they begin anew");
    return codes_begin_anew(d, now_s, lost, w);
}

/* Without the dictionary everything works, but slower. */
err store_seal_open(struct store *s, struct why *w)
{
    struct why without;
    err e = duck_session_open(&s->seal.session, s->duck, w);
    if (e)
        return e;
    s->coded = !open_codes(s, &without);
    if (!s->coded && !s->read_only)
        log_warn("store", "queries group texts, which is slow: %s", without.text);
    return ERR_OK;
}

void store_seal_close(struct store *s)
{
    duck_session_close(s->seal.session);
}
