/* The store on the pipe's thread: messages go to the journal; opening, closing, what is due by the
 * clock. */
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/limits.h"
#include "store/index_writer.h"
#include "store/store_private.h"
#include "store/store_record.h"
#include "store/store_turn.h"

#define SAVE_MS     2000
#define FOLDER_MODE 0750
#define MEMORY      ((uint64_t)288 << 20)
#define SEAL_NS     INT64_C(600000000000)
#define NS_PER_S    INT64_C(1000000000)
#define HEAD_BYTES  (16 + INDEX_SETS_MAX * (STORE_NAME + 2))

/* ---- locks */

void store_lock(struct store *s)
{
    pthread_mutex_lock(&s->lock);
}

void store_unlock(struct store *s)
{
    pthread_mutex_unlock(&s->lock);
}

void store_wait(struct store *s, pthread_cond_t *c, int64_t ns)
{
    int64_t until_ns = clock_mono_ns() + ns;
    struct timespec t = { until_ns / NS_PER_S, until_ns % NS_PER_S };
    pthread_cond_timedwait(c, &s->lock, &t);
}

static void make_locks(struct store *s)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->attach, NULL);
    pthread_cond_init(&s->tail_wake, &monotonic);
    pthread_cond_init(&s->seal_wake, &monotonic);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void free_locks(struct store *s)
{
    pthread_cond_destroy(&s->tail_wake);
    pthread_cond_destroy(&s->seal_wake);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->attach);
    pthread_mutex_destroy(&s->lock);
}

void store_counted(struct store *s, enum counter_id id, uint64_t n)
{
    counter_add(s->counters, id, n);
}

const struct counters *store_counters(const struct store *s)
{
    return s->counters;
}

uint64_t store_free_bytes(const struct store *s)
{
    return file_free_bytes(s->folder);
}

/* ---- a group */

/* Nothing of the group stays; indices that it began stay, empty. */
static err undo(struct store *s, err e)
{
    journal_undo(s->journal);
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned i = 0; i < s->set[k]->n; i++) {
            struct store_index *x = s->set[k]->index[i];
            x->row.docs = x->durable.docs;
            x->row.from_ms = x->durable.from_ms;
            x->row.to_ms = x->durable.to_ms;
            x->touched = false;
        }
    s->in_group = false;
    return e;
}

static void count_message(struct store_index *i, int64_t ms)
{
    struct store_docs d = { i->row.docs, i->row.from_ms, i->row.to_ms };
    docs_add(&d, 1, ms);
    i->row.docs = d.docs;
    i->row.from_ms = d.from_ms;
    i->row.to_ms = d.to_ms;
    i->touched = true;
}

/* The write indices of the message's streams, each once, into v. */
static err find_targets(struct store *s, const struct store_line *line, struct store_set **v,
                        unsigned *n, struct why *w)
{
    err e = ERR_OK;
    *n = 0;
    for (unsigned i = 0; i < line->n_streams && !e; i++) {
        struct store_set *f = store_sets_of_stream(s, line->stream[i]);
        unsigned k = 0;
        while (k < *n && v[k] != f)
            k++;
        if (k < *n)
            continue;
        v[(*n)++] = f;
        e = store_sets_rotate_if_due(s, f, line->now_ms, w);
    }
    return e;
}

static err append(struct store *s, const struct store_line *line, struct store_set *const *set,
                  unsigned n, struct why *w)
{
    uint64_t seq;
    size_t need = HEAD_BYTES + line->text.n;
    if (s->record.cap < need) {
        xfree(s->record.p);
        s->record = buf_of(xmalloc(2 * need), 2 * need);
    }
    buf_reset(&s->record);
    record_put_head(&s->record, n, line->ts_ms);
    for (unsigned i = 0; i < n; i++)
        record_put_name(&s->record, slice_cstr(set[i]->now->name));
    buf_add(&s->record, line->text);
    return journal_append(s->journal, buf_slice(&s->record), &seq, w);
}

static err put(struct store *s, const struct store_line *line, struct why *w)
{
    struct store_set *set[INDEX_SETS_MAX];
    unsigned n;
    BUG_ON(line->text.n > STORE_MESSAGE_MAX);
    err e = find_targets(s, line, set, &n, w);
    if (e || !n)
        return e;
    e = append(s, line, set, n, w);
    for (unsigned i = 0; i < n && !e; i++)
        count_message(set[i]->now, line->ts_ms);
    return e;
}

static err refuse_full_disk(struct store *s, struct why *w)
{
    uint64_t left = store_free_bytes(s);
    if (left >= s->conf.reserve_bytes)
        return ERR_OK;
    return why_set(w, ERR_LIMIT,
                   "store: %s: the disk has %llu MB left, %llu are the reserve: nothing more is "
                   "taken until there is more",
                   s->data, (unsigned long long)left >> 20,
                   (unsigned long long)s->conf.reserve_bytes >> 20);
}

err store_put(struct store *s, const struct store_line *line, struct why *w)
{
    err e = ERR_OK;
    if (s->down)
        return undo(s, why_set(w, ERR_IO, "store: %s: DuckDB cannot begin again", s->data));
    if (!s->in_group)
        e = refuse_full_disk(s, w);
    if (!e && !s->in_group)
        e = store_sets_refresh(s, w);
    s->in_group = true;
    s->now_ms = line->now_ms;
    if (!e)
        e = put(s, line, w);
    return e ? undo(s, e) : ERR_OK;
}

static void keep_counts(struct store *s)
{
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned i = 0; i < s->set[k]->n; i++) {
            struct store_index *x = s->set[k]->index[i];
            if (!x->touched)
                continue;
            x->touched = false;
            x->durable = (struct store_docs){ x->row.docs, x->row.from_ms, x->row.to_ms };
            store_lock(s);
            x->unsaved = true;
            store_unlock(s);
        }
}

err store_sync(struct store *s, struct why *w)
{
    err e = journal_sync(s->journal, w);
    if (e)
        return undo(s, e);
    s->in_group = false;
    keep_counts(s);
    store_lock(s);
    pthread_cond_signal(&s->tail_wake);
    store_unlock(s);
    return ERR_OK;
}

/* ---- by the clock */

/* The number of the first record that is not in the file; UINT64_MAX: all are. */
static uint64_t first_unsealed(const struct store_index *i)
{
    for (const struct store_hot *h = i->hot; h; h = h->next)
        if (!h->sealed)
            return h->first;
    return UINT64_MAX;
}

uint64_t store_passed(const struct store *s)
{
    uint64_t passed = s->tail_seq;
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned i = 0; i < s->set[k]->n; i++) {
            uint64_t first = first_unsealed(s->set[k]->index[i]);
            passed = first <= passed ? first - 1 : passed;
        }
    return passed;
}

/* Rows first: what the journal does not have any more, the state must know. */
static err pass(struct store *s, struct why *w)
{
    store_lock(s);
    uint64_t passed = store_passed(s);
    store_unlock(s);
    if (passed <= s->passed)
        return ERR_OK;
    err e = store_sets_save(s, false, w);
    if (!e)
        e = journal_passed(s->journal, STORE_CONSUMER, passed, w);
    if (!e)
        s->passed = passed;
    return e;
}

static err by_the_clock(struct store *s, bool all, struct why *w)
{
    err e = store_sets_refresh(s, w);
    for (unsigned i = 0; i < s->n_sets && !e; i++) {
        if (s->set[i]->now)
            e = store_sets_rotate_if_due(s, s->set[i], s->now_ms, w);
        if (!e && (s->set[i]->rotated || all))
            store_sets_retain(s, s->set[i]);
    }
    store_sets_sweep(s);
    bool erased = store_erase_count(s);
    if (!e && (all || erased))
        e = store_sets_save(s, true, w);
    return e ? e : pass(s, w);
}

void store_tick(struct store *s, int64_t now_ms)
{
    struct why w;
    if (s->in_group)
        return;
    bool all = now_ms - s->saved_ms >= SAVE_MS || now_ms < s->saved_ms;
    s->now_ms = now_ms;
    err e = store_engine_mend(s, &w);
    if (!e)
        e = by_the_clock(s, all, &w);
    if (e && !s->tick_failed)
        log_error("store", "by the clock: %s (it is tried again)", w.text);
    s->tick_failed = e != ERR_OK;
    s->saved_ms = all ? now_ms : s->saved_ms;
}

/* ---- birth and end */

static err make_paths(struct store *s, struct why *w)
{
    char path[STORE_PATH], real[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/" INDICES_FOLDER, s->data);
    if (n < 0 || (size_t)n >= sizeof path - 64)
        return why_set(w, ERR_LIMIT, "store: %s: the path is too long", s->data);
    err e = s->read_only ? ERR_OK : file_make_folder(path, FOLDER_MODE, w);
    if (e)
        return e;
    if (!realpath(path, real))
        return why_set(w, s->read_only ? ERR_MISSING : ERR_IO, "store: %s: %s", path,
                       strerror(errno));
    snprintf(s->folder, sizeof s->folder, "%s", real);
    snprintf(s->journal_folder, sizeof s->journal_folder, "%.*s/" STORE_JOURNAL, STORE_PATH - 64,
             s->data);
    return store_turn_take(s->folder, s->read_only, &s->lock_fd, w);
}

static err open_state(struct store *s, struct why *w)
{
    char path[STORE_PATH];
    snprintf(path, sizeof path, "%.*s/" STATE_FILE, STORE_PATH - 64, s->data);
    return state_open(path, s->conf.now_ms, &s->state, w);
}

static err open_journal(struct store *s, struct why *w)
{
    struct journal_conf conf = { .folder = s->journal_folder,
                                 .max_bytes = s->conf.journal_bytes,
                                 .read_only = s->read_only };
    struct journal_found found;
    err e = journal_open(&s->journal, &conf, &found, w);
    if (!e)
        e = journal_consumer(s->journal, STORE_CONSUMER, &s->passed, w);
    if (!e && found.lost)
        store_counted(s, COUNTER_STORE_LOST, found.lost);
    if (!e && s->read_only && journal_durable(s->journal) - s->passed > STORE_READ_ROWS)
        e = why_set(w, ERR_END, "store: %s: too much is in the journal alone", s->data);
    return e;
}

/* Descriptors are for others too. */
static unsigned files_max(void)
{
    uint64_t half = limits_raise_files() / 2;
    return half < STORE_FILES_MAX ? (unsigned)half : STORE_FILES_MAX;
}

static void take_conf(struct store *s, const struct store_conf *conf)
{
    s->conf = *conf;
    s->conf.threads = conf->threads ? conf->threads : 1;
    s->conf.memory_bytes = conf->memory_bytes ? conf->memory_bytes : MEMORY;
    s->conf.seal_ns = conf->seal_ns ? conf->seal_ns : SEAL_NS;
    s->conf.files = conf->files ? conf->files : STORE_ATTACHED;
    s->conf.files_max = conf->files_max ? conf->files_max : files_max();
    s->read_only = conf->read_only;
    s->conf.seal_rows = conf->seal_rows ? conf->seal_rows : INDEXFILE_ROWS;
    s->now_ms = s->saved_ms = conf->now_ms;
    s->conf.data = NULL;
    s->conf.libraries = NULL;
    snprintf(s->data, sizeof s->data, "%s", conf->data);
}

/* The one that works is the one that is used from now on. */
static err find_library(struct store *s, const char *const *libraries, struct why *w)
{
    err e = duck_check(libraries, w);
    while (!e && *libraries && !file_exists(*libraries))
        libraries++;
    snprintf(s->library, sizeof s->library, "%s", !e && *libraries ? *libraries : "");
    return e;
}

static err open_all(struct store *s, const struct store_conf *conf, struct why *w)
{
    err e = find_library(s, conf->libraries, w); /* first: without it nothing is touched */
    if (!e)
        e = make_paths(s, w);
    if (!e)
        e = open_state(s, w);
    if (!e)
        e = open_journal(s, w);
    return e ? e : store_engine_begin(s, w);
}

err store_open(struct store **out, const struct store_conf *conf, struct why *w)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->lock_fd = -1;
    s->counters = xcalloc(1, sizeof *s->counters);
    make_locks(s);
    take_conf(s, conf);
    err e = open_all(s, conf, w);
    if (e)
        store_close(s);
    else
        *out = s;
    return e;
}

void store_close(struct store *s)
{
    struct why w;
    if (!s)
        return;
    store_engine_stop(s);
    (void)store_erase_count(s);
    if (s->tail_thread.run && !s->down && !s->read_only &&
        (store_sets_save(s, true, &w) || pass(s, &w)))
        log_error("store", "%s", w.text);
    store_engine_end(s);
    journal_close(s->journal);
    state_close(s->state);
    file_unlock(s->lock_fd);
    free_locks(s);
    xfree(s->record.p);
    xfree(s->counters);
    xfree(s);
}

void store_status_of(struct store *s, struct store_status *out)
{
    uint64_t durable = journal_durable(s->journal);
    *out = (struct store_status){ .journal_bytes = journal_bytes(s->journal),
                                  .journal_max = s->conf.journal_bytes };
    store_lock(s);
    out->unsealed = s->hot_rows + (durable > s->tail_seq ? durable - s->tail_seq : 0);
    out->fails = s->tail_fails || s->seal_fails;
    store_unlock(s);
}

/* Under lock. False: something failed meanwhile. */
static bool wait_until(struct store *s, uint64_t (*reached)(const struct store *s), uint64_t wanted)
{
    uint64_t failures = counter_get(s->counters, COUNTER_STORE_FAILURES);
    while (reached(s) < wanted && counter_get(s->counters, COUNTER_STORE_FAILURES) == failures) {
        pthread_cond_signal(&s->tail_wake);
        store_wait(s, &s->changed, NS_PER_S);
    }
    return reached(s) >= wanted;
}

static uint64_t seen(const struct store *s)
{
    return s->tail_seq;
}

bool store_show(struct store *s)
{
    uint64_t all = journal_durable(s->journal);
    store_lock(s);
    bool done = wait_until(s, seen, all);
    store_unlock(s);
    return done;
}

bool store_settle(struct store *s)
{
    uint64_t all = journal_durable(s->journal);
    store_lock(s);
    s->settling++;
    bool done = wait_until(s, store_passed, all);
    s->settling--;
    store_unlock(s);
    return done;
}
