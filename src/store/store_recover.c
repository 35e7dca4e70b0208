/* What state, files and journal have of indices, brought together at the start. Damage of one index
 * leaves the others at work. */
#include <dirent.h>
#include <stdio.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/file.h"
#include "store/store_private.h"
#include "store/store_record.h"

#define MANY_RECORDS 200000 /* reading so many takes a moment, which is said */

/* What is only known while recovering, beside each index. */
struct probe {
    struct store_index *index;
    struct store_docs waiting; /* messages in the journal that the file lacks */
    bool known;                /* the file was looked at */
};

struct recovery {
    struct store *s;
    struct duck_session *session;
    struct probe *probe;
    unsigned n, cap;
    uint64_t records;
};

/* ---- lists */

static void add_probe(struct recovery *r, struct store_index *i)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        r->probe = xrealloc(r->probe, r->cap * sizeof *r->probe);
    }
    r->probe[r->n++] = (struct probe){ .index = i };
}

static struct store_index *add_index(struct recovery *r, struct store_set *f,
                                     const struct index_row *row)
{
    struct store_index *i = store_index_make(r->s, f, row);
    store_index_insert(r->s, f, i);
    add_probe(r, i);
    return i;
}

static struct probe *probe_of(struct recovery *r, const struct store_index *i)
{
    for (unsigned k = r->n; k-- > 0;)
        if (r->probe[k].index == i)
            return &r->probe[k];
    return NULL;
}

/* ---- rows of the state */

static err take_row(struct recovery *r, struct store_set *f, const struct index_row *row,
                    struct why *w)
{
    char lines[STORE_PATH];
    struct store_index *i = add_index(r, f, row);
    i->closing = row->state == INDEX_CLOSED;
    if (row->state == INDEX_GOING) {
        err e = r->s->read_only ? ERR_OK : store_index_unlink(r->s, i, w);
        i->going = i->gone = !e; /* the first tick takes it out */
        return e;
    }
    if (store_index_file_bytes(r->s, i) < 0 && store_index_lines_path(r->s, i, lines) &&
        file_exists(lines)) {
        i->lines = true;
        i->row.state = row->state == INDEX_WRITE ? INDEX_OPEN : row->state;
        i->bytes = row->bytes;
    }
    return ERR_OK;
}

static err take_rows(struct recovery *r, struct store_set *f, struct why *w)
{
    struct arena a;
    struct index_rows rows;
    arena_init(&a, NULL, 0);
    err e = state_indices(r->s->state, f->set.id, &a, &rows, w);
    for (unsigned i = 0; !e && i < rows.n; i++)
        e = take_row(r, f, &rows.v[i], w);
    arena_free(&a);
    return e;
}

/* ---- files without a row */

static void adopt(struct recovery *r)
{
    DIR *folder = opendir(r->s->folder);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        struct slice name = slice_cstr(d->d_name);
        int64_t number;
        if (!slice_ends(name, SLICE(INDEXFILE_SUFFIX)))
            continue;
        name.n -= sizeof INDEXFILE_SUFFIX - 1;
        struct store_set *f = store_set_of_name(r->s, name, &number);
        if (!f || store_index_find(f, number) || f->n >= INDICES_OF_SET_MAX)
            continue;
        log_warn("store", "%.*s: an index that was not known (it is taken in)", (int)name.n,
                 (const char *)name.p);
        struct index_row row = { .number = number, .state = INDEX_OPEN };
        add_index(r, f, &row)->unsaved = true;
    }
    if (folder)
        closedir(folder);
}

/* ---- what is in a file */

static void set_aside(struct store *s, struct store_index *i, const struct why *w)
{
    log_error("store",
              "%s is left as it is and not searched, since its file cannot be opened: %s (mend: "
              "wirelume store repair)",
              i->name, w->text);
    i->damaged = true;
    store_counted(s, COUNTER_STORE_DAMAGED, 1);
}

/* Looks at the file and leaves it attached: it is written to, or will be. */
static err look_into(struct recovery *r, struct probe *p, struct why *w)
{
    char path[STORE_PATH];
    struct store_index *i = p->index;
    int64_t bytes = store_index_file_bytes(r->s, i);
    p->known = true;
    if (i->lines || i->going || bytes < 0)
        return ERR_OK;
    if (!store_index_file_path(r->s, i, path))
        return why_set(w, ERR_LIMIT, "%s: the path is too long", r->s->folder);
    struct indexfile f = { path, i->catalog };
    err e = r->s->read_only ? indexfile_attach_read(r->session, &f, &i->file, w)
                            : indexfile_attach(r->session, &f, &i->file, w);
    if (e == ERR_LIMIT)
        return e;
    if (e) {
        set_aside(r->s, i, w);
        return ERR_OK;
    }
    i->place = r->s->read_only ? PLACE_READ : PLACE_WRITE;
    i->bytes = bytes;
    i->unsaved = true;
    r->s->attached++;
    return ERR_OK;
}

/* ---- the write index */

/* The newest one, unless it is closed, lines or damaged. */
static err choose_write(struct recovery *r, struct store_set *f, struct why *w)
{
    for (unsigned i = 0; i + 1 < f->n; i++)
        if (f->index[i]->row.state == INDEX_WRITE)
            f->index[i]->row.state = INDEX_OPEN;
    struct store_index *last = f->n ? f->index[f->n - 1] : NULL;
    if (!last || last->lines || last->going || last->row.state == INDEX_CLOSED)
        return ERR_OK;
    err e = look_into(r, probe_of(r, last), w);
    if (e)
        return e;
    last->row.state = last->damaged ? INDEX_OPEN : INDEX_WRITE;
    f->now = last->damaged ? NULL : last;
    return ERR_OK;
}

/* ---- the journal */

/* The next index of the set that can be written to: the same one at each start. */
static struct store_index *next_whole(struct store_set *f, struct store_index *i)
{
    for (unsigned k = 0; k < f->n; k++)
        if (f->index[k]->row.number >= i->row.number && !f->index[k]->damaged &&
            !f->index[k]->lines)
            return f->index[k];
    return NULL;
}

struct store_index *store_recover_target(struct store *s, struct slice name)
{
    int64_t number;
    struct store_set *f = store_set_of_name(s, name, &number);
    struct store_index *i = f ? store_index_find(f, number) : s->set[s->default_set]->now;
    return i && (i->damaged || i->lines) ? next_whole(f ? f : s->set[s->default_set], i) : i;
}

/* An index that only the journal knows: the state was lost, or the row of a file that is gone. */
static err make_target(struct recovery *r, struct slice name, struct store_index **out,
                       struct why *w)
{
    int64_t number;
    struct store *s = r->s;
    struct store_set *f = store_set_of_name(s, name, &number);
    struct store_set *to = f ? f : s->set[s->default_set];
    if (f && f->n && f->index[f->n - 1]->row.number > number && !store_index_find(f, number))
        return ERR_OK; /* retention took it */
    if (f && !store_index_find(f, number)) {
        struct index_row row = { .number = number,
                                 .state = INDEX_OPEN,
                                 .created_ms = s->now_ms,
                                 .anchor_ms = rotation_anchor(&f->set, s->now_ms) };
        *out = add_index(r, f, &row);
        (*out)->unsaved = true;
        return ERR_OK;
    }
    err e = store_sets_begin_index(s, to, s->now_ms, rotation_anchor(&to->set, s->now_ms), w);
    *out = e ? NULL : to->now;
    if (!e)
        add_probe(r, to->now);
    return e;
}

static err find_target(struct recovery *r, struct slice name, struct probe **out, struct why *w)
{
    struct store_index *i = store_recover_target(r->s, name);
    err e = ERR_OK;
    *out = NULL;
    for (unsigned tries = 0; !e && tries < INDICES_OF_SET_MAX; tries++) {
        if (!i)
            e = make_target(r, name, &i, w);
        struct probe *p = i ? probe_of(r, i) : NULL;
        if (e || !p)
            return e;
        if (!p->known)
            e = look_into(r, p, w);
        if (e || !i->damaged) {
            *out = p;
            return e;
        }
        i = store_recover_target(r->s, name);
    }
    return e;
}

static err read_record(struct recovery *r, uint64_t seq, struct slice bytes, struct why *w)
{
    struct record record;
    if (!record_read(bytes, &record)) {
        store_counted(r->s, COUNTER_STORE_LOST, 1);
        return ERR_OK;
    }
    for (unsigned i = 0; i < record.targets; i++) {
        struct probe *p;
        err e = find_target(r, record_name(&record), &p, w);
        if (e)
            return e;
        if (p && seq > p->index->file.sealed)
            docs_add(&p->waiting, 1, record.ts_ms);
    }
    r->records++;
    return ERR_OK;
}

static err read_journal(struct recovery *r, struct why *w)
{
    struct journal_reader *reader;
    uint64_t seq, all = journal_durable(r->s->journal) - r->s->passed;
    struct slice bytes;
    if (all > MANY_RECORDS)
        log_info("store", "%llu messages of the journal are looked at", (unsigned long long)all);
    err e = journal_reader_open(&reader, r->s->journal, r->s->passed + 1, w);
    if (e)
        return e;
    err rc = ERR_OK;
    while (!e && journal_read(reader, &seq, &bytes, &rc, w))
        e = read_record(r, seq, bytes, w);
    journal_reader_close(reader);
    return e ? e : rc;
}

/* ---- the end of it */

static void count_probe(struct recovery *r, struct probe *p)
{
    struct store_index *i = p->index;
    struct store_docs d = { i->row.docs, i->row.from_ms, i->row.to_ms };
    if (p->known && !i->damaged && !i->lines) {
        d = (struct store_docs){ (int64_t)i->file.rows, i->file.from_ms, i->file.to_ms };
        i->unsaved = true;
        if (p->waiting.docs) {
            docs_add(&d, p->waiting.docs, p->waiting.from_ms);
            docs_add(&d, 0, p->waiting.to_ms);
        }
        if (d.docs < i->row.docs)
            log_error("store", "%s: %lld of its %lld messages are not there any more", i->name,
                      (long long)(i->row.docs - d.docs), (long long)i->row.docs);
    }
    i->row.docs = d.docs;
    i->row.from_ms = d.from_ms;
    i->row.to_ms = d.to_ms;
    i->durable = d;
    if (!p->known && !i->lines)
        i->file = (struct indexfile_content){ .rows = (uint64_t)d.docs,
                                              .from_ms = d.from_ms,
                                              .to_ms = d.to_ms };
    if (r->s->read_only) {
        i->ended = true; /* its file is as it is */
    } else if (i->row.state != INDEX_WRITE) {
        i->last = journal_durable(r->s->journal);
        i->ended = !p->known || i->lines || i->damaged;
    }
}

/* A file that was taken in has its times from its messages. */
static void date_adopted(const struct store_set *f, struct store_index *i)
{
    if (i->row.created_ms || !i->row.docs)
        return;
    i->row.created_ms = i->row.from_ms;
    i->row.anchor_ms = rotation_anchor(&f->set, i->row.from_ms);
}

static bool has_vanished(const struct recovery *r, const struct probe *p)
{
    const struct store_index *i = p->index;
    return !p->known && !i->lines && !i->going && i->row.docs &&
           store_index_file_bytes(r->s, i) < 0;
}

static void mark_vanished(struct recovery *r)
{
    for (unsigned k = 0; k < r->n; k++) {
        struct store_index *i = r->probe[k].index;
        if (!has_vanished(r, &r->probe[k]))
            continue;
        log_warn("store", "%s with %lld messages is not there any more", i->name,
                 (long long)i->row.docs);
        i->going = i->gone = true;
    }
}

static err look_at_adopted(struct recovery *r, struct why *w)
{
    err e = ERR_OK;
    for (unsigned k = 0; k < r->n && !e; k++)
        if (!r->probe[k].known && r->probe[k].index->unsaved)
            e = look_into(r, &r->probe[k], w);
    return e;
}

static err recover(struct recovery *r, struct why *w)
{
    struct store *s = r->s;
    err e = ERR_OK;
    for (unsigned i = 0; i < s->n_sets && !e; i++)
        e = take_rows(r, s->set[i], w);
    adopt(r);
    for (unsigned i = 0; i < s->n_sets && !e; i++)
        e = choose_write(r, s->set[i], w);
    if (!e)
        e = look_at_adopted(r, w);
    if (!e)
        e = read_journal(r, w);
    if (e)
        return e;
    mark_vanished(r);
    for (unsigned k = 0; k < r->n; k++)
        count_probe(r, &r->probe[k]);
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned i = 0; i < s->set[k]->n; i++)
            date_adopted(s->set[k], s->set[k]->index[i]);
    s->tail_seq = s->passed;
    return store_sets_save(s, true, w);
}

err store_recover(struct store *s, struct why *w)
{
    struct recovery r = { .s = s };
    err e = duck_session_open(&r.session, s->duck, w);
    if (!e)
        e = recover(&r, w);
    duck_session_close(r.session);
    xfree(r.probe);
    return e;
}
