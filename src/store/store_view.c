/* Views: what a query reads, at one moment. A table that is being filled and a file that is being
 * sealed into are bounded by numbers of records, so neither thread waits for a query. */
#include <stdio.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "store/store_private.h"

#define NAME_BYTES 128
#define US_PER_MS  1000

struct held {
    struct store_index *index;
    struct store_hot *hot; /* NULL: its file */
    char set_id[25], name[NAME_BYTES], title[STORE_NAME];
};

struct view {
    struct store_view view; /* first: that is what others see */
    struct view_table *table;
    struct held *held;
    unsigned n, cap;
};

/* ---- choosing, under lock */

static bool overlaps(const struct indexfile_content *c, const struct view_range *r)
{
    return c->rows && c->from_ms * US_PER_MS <= r->to_us && (c->to_ms + 1) * US_PER_MS > r->from_us;
}

static bool is_asked(const struct store_index *i, const struct view_range *r)
{
    return !i->going && !i->closing && !i->lines && !i->damaged &&
           (!r->set_id || strcmp(r->set_id, i->row.set_id) == 0) &&
           (!r->index || strcmp(r->index, i->name) == 0);
}

static void add(struct view *v, struct store_index *i, struct store_hot *h)
{
    const struct indexfile_content *c = h ? &h->seen : &i->file;
    if (v->n == v->cap) {
        v->cap = v->cap ? 2 * v->cap : 16;
        v->held = xrealloc(v->held, v->cap * sizeof *v->held);
        v->table = xrealloc(v->table, v->cap * sizeof *v->table);
    }
    struct held *held = &v->held[v->n];
    *held = (struct held){ .index = i, .hot = h };
    memcpy(held->set_id, i->row.set_id, sizeof held->set_id);
    memcpy(held->title, i->name, sizeof held->title);
    snprintf(held->name, sizeof held->name,
             !h && i->ended ? "%s.%s" : "(SELECT * FROM %s.%s WHERE seq <= %llu)",
             h ? "memory" : i->catalog, h ? h->name : "ev", (unsigned long long)c->sealed);
    v->table[v->n++] = (struct view_table){ .from_us = c->from_ms * US_PER_MS,
                                            .to_us = c->to_ms * US_PER_MS + US_PER_MS - 1,
                                            .rows = c->rows,
                                            .coded = !h && c->coded };
    i->views++;
    i->used_ns = clock_mono_ns();
    if (h)
        h->views++;
}

static void add_index(struct view *v, struct store_index *i, const struct view_range *r)
{
    if (overlaps(&i->file, r) && i->place != PLACE_NONE)
        add(v, i, NULL);
    for (struct store_hot *h = i->hot; h; h = h->next)
        if (!h->sealed && overlaps(&h->seen, r))
            add(v, i, h);
}

/* ---- files that are only read are attached when they are asked for; `attach` is held */

static bool is_wanted(const struct store_index *i, const struct view_range *r)
{
    return is_asked(i, r) && overlaps(&i->file, r);
}

static struct store_index *missing(struct store *s, const struct view_range *r)
{
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned n = 0; n < s->set[k]->n; n++) {
            struct store_index *i = s->set[k]->index[n];
            if (i->ended && i->place == PLACE_NONE && is_wanted(i, r))
                return i;
        }
    return NULL;
}

/* The one that was not used for the longest time, and is not wanted now. */
static struct store_index *idle(struct store *s, const struct view_range *r)
{
    struct store_index *best = NULL;
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned n = 0; n < s->set[k]->n; n++) {
            struct store_index *i = s->set[k]->index[n];
            bool is_free = i->place == PLACE_READ && !i->views && !is_wanted(i, r);
            if (is_free && (!best || i->used_ns < best->used_ns))
                best = i;
        }
    return best;
}

static err detach_file(struct store *s, struct store_index *i, struct why *w)
{
    err e = indexfile_detach(s->view_session, i->catalog, w);
    store_lock(s);
    if (!e) {
        i->place = PLACE_NONE;
        s->attached--;
    }
    store_unlock(s);
    return e;
}

/* Files that nobody wants now go first. What a question wants beyond the usual number stays until
 * others are wanted. */
static err make_place(struct store *s, const struct view_range *r, struct why *w)
{
    for (;;) {
        store_lock(s);
        struct store_index *i = s->attached < s->conf.files ? NULL : idle(s, r);
        bool full = s->attached >= s->conf.files_max;
        store_unlock(s);
        if (!i && full)
            return why_set(w, ERR_LIMIT,
                           "more than %u files of indices at once: ask for a shorter time",
                           s->conf.files_max);
        err e = i ? detach_file(s, i, w) : ERR_OK;
        if (e || !i)
            return e;
    }
}

/* A file that DuckDB's log belongs to was not closed in order: written to once, it has all. */
static err attach_file(struct store *s, struct store_index *i, struct why *w)
{
    char path[STORE_PATH];
    struct indexfile_content found;
    if (!store_index_file_path(s, i, path))
        return why_set(w, ERR_LIMIT, "%s: the path is too long", s->folder);
    struct indexfile f = { path, i->catalog };
    err e = indexfile_attach_read(s->view_session, &f, &found, w);
    if (!e) {
        store_lock(s);
        store_index_found(i, &found);
        i->place = PLACE_READ;
        s->attached++;
        store_unlock(s);
    }
    return e;
}

static void set_aside(struct store *s, struct store_index *i, const struct why *w)
{
    log_error("store",
              "%s is left as it is and not searched, since its file cannot be opened: %s (mend: "
              "wirelume store repair)",
              i->name, w->text);
    store_lock(s);
    i->damaged = true;
    store_counted(s, COUNTER_STORE_DAMAGED, 1);
    store_unlock(s);
}

static err attach_missing(struct store *s, const struct view_range *r, struct why *w)
{
    for (;;) {
        store_lock(s);
        struct store_index *i = missing(s, r);
        store_unlock(s);
        if (!i)
            return ERR_OK;
        err e = make_place(s, r, w);
        if (e)
            return e;
        if (attach_file(s, i, w))
            set_aside(s, i, w);
    }
}

/* ---- opening and closing */

static struct view *take(struct store *s, const struct view_range *r)
{
    struct view *v = xcalloc(1, sizeof *v);
    store_lock(s);
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned n = 0; n < s->set[k]->n; n++)
            if (is_asked(s->set[k]->index[n], r))
                add_index(v, s->set[k]->index[n], r);
    s->views++;
    store_counted(s, COUNTER_STORE_VIEWS, 1);
    store_unlock(s);
    for (unsigned i = 0; i < v->n; i++) { /* the array stands still now */
        v->table[i].name = v->held[i].name;
        v->table[i].set_id = v->held[i].set_id;
        v->table[i].index = v->held[i].title;
    }
    v->view = (struct store_view){ s->duck, v->table, v->n, s->coded };
    return v;
}

err store_view_open(struct store *s, const struct view_range *range, struct store_view **out,
                    struct why *w)
{
    pthread_mutex_lock(&s->attach); /* over the disk: files may not come and go meanwhile */
    store_lock(s);
    bool dead = s->dead || s->down;
    store_unlock(s);
    err e = dead
                ? why_set(w, ERR_IO, "store: after an error of the disk it begins again: try later")
                : attach_missing(s, range, w);
    if (!e)
        *out = &take(s, range)->view;
    pthread_mutex_unlock(&s->attach);
    return e;
}

char (*store_view_indices(struct store *s, const struct view_range *range, unsigned *n))[STORE_NAME]
{
    unsigned all = 0;
    *n = 0;
    store_lock(s);
    for (unsigned k = 0; k < s->n_sets; k++)
        all += s->set[k]->n;
    char(*names)[STORE_NAME] = xcalloc(all + 1, sizeof *names);
    for (unsigned k = 0; k < s->n_sets; k++)
        for (unsigned i = 0; i < s->set[k]->n; i++)
            if (is_asked(s->set[k]->index[i], range))
                memcpy(names[(*n)++], s->set[k]->index[i]->name, STORE_NAME);
    store_unlock(s);
    return names;
}

void store_view_close(struct store *s, struct store_view *view)
{
    if (!view)
        return;
    struct view *v = container_of(view, struct view, view);
    store_lock(s);
    for (unsigned i = 0; i < v->n; i++) {
        v->held[i].index->views--;
        if (v->held[i].hot)
            v->held[i].hot->views--;
    }
    s->views--;
    pthread_cond_signal(&s->seal_wake);
    store_unlock(s);
    xfree(v->held);
    xfree(v->table);
    xfree(v);
}
