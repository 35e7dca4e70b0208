/* Writing indices: groups, rotation, retention. A group is what is put between two syncs. */
#include "store/index_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/file.h"
#include "store/index_private.h"

#define SAVE_MS     10000 /* rows are written that often; after a crash the files are counted */
#define FILE_MODE   0640
#define FOLDER_MODE 0750

static bool is_open(const struct index_file *f)
{
    return f->fd >= 0;
}

static bool has_index(const struct set_files *f)
{
    return f->now.row.set_id[0] != '\0';
}

static void close_file(struct index_file *f)
{
    if (is_open(f))
        close(f->fd);
    f->fd = -1;
}

static void free_set(struct set_files *f)
{
    close_file(&f->now);
    for (unsigned i = 0; i < f->n_ended; i++)
        close_file(&f->ended[i]);
    xfree(f->old);
    xfree(f->buf.p);
    xfree(f);
}

/* ---- sets and streams, as the state has them */

static struct set_files *set_of(struct index_writer *x, const char *id, unsigned *at)
{
    for (*at = 0; *at < x->n_sets; ++*at)
        if (strcmp(x->set[*at]->set.id, id) == 0)
            return x->set[*at];
    return NULL;
}

/* Somebody may have given the write index another grid. */
static err read_anchor(struct index_writer *x, struct set_files *f, struct arena *a, struct why *w)
{
    struct index_rows rows;
    err e = has_index(f) ? state_indices(x->state, f->set.id, a, &rows, w) : ERR_OK;
    for (unsigned i = 0; !e && has_index(f) && i < rows.n; i++)
        if (rows.v[i].number == f->now.row.number)
            f->now.row.anchor_ms = f->now.good.anchor_ms = rows.v[i].anchor_ms;
    return e;
}

static err take_set(struct index_writer *x, const struct index_set *s, struct arena *a,
                    struct why *w)
{
    unsigned at;
    struct set_files *f = set_of(x, s->id, &at);
    if (f) {
        f->set = *s;
        f->rotated = true; /* retention may be another now */
        return read_anchor(x, f, a, w);
    }
    f = xcalloc(1, sizeof *f);
    f->set = *s;
    f->now.fd = -1;
    f->rotated = true;
    err e = index_recover(x, f, w);
    if (e)
        free_set(f);
    else
        x->set[x->n_sets++] = f;
    return e;
}

static err read_state(struct index_writer *x, struct arena *a, struct why *w)
{
    struct index_sets sets;
    struct stream_defs streams;
    err e = state_index_sets(x->state, a, &sets, w);
    for (unsigned i = 0; !e && i < sets.n; i++) {
        e = take_set(x, &sets.v[i], a, w);
        if (sets.v[i].is_default)
            x->default_set = i;
    }
    if (!e)
        e = state_streams(x->state, a, &streams, w);
    for (unsigned i = 0; !e && i < streams.n; i++) {
        struct stream_link *l = &x->link[i];
        snprintf(l->id, sizeof l->id, "%s", streams.v[i].id);
        if (!set_of(x, streams.v[i].index_set_id, &l->set))
            l->set = x->default_set;
        x->n_links = i + 1;
    }
    return e;
}

static err refresh(struct index_writer *x, struct why *w)
{
    struct arena a;
    x->stale |= state_is_changed(x->state);
    if (!x->stale)
        return ERR_OK;
    arena_init(&a, NULL, 0);
    err e = read_state(x, &a, w);
    x->stale = e != ERR_OK;
    arena_free(&a);
    return e;
}

/* ---- files */

static err open_index(struct index_writer *x, struct set_files *f, bool fresh, struct why *w)
{
    char folder[INDEX_PATH_BYTES], path[INDEX_PATH_BYTES];
    const struct index_row *i = &f->now.row;
    if (!index_path(x, i, f->set.prefix, NULL, folder) ||
        !index_path(x, i, f->set.prefix, INDEX_FILE, path))
        return why_set(w, ERR_LIMIT, "%s: the path is too long", x->data);
    err e = file_make_folder(folder, FOLDER_MODE, w);
    if (e)
        return e;
    f->now.fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | (fresh ? O_TRUNC : 0), FILE_MODE);
    if (f->now.fd < 0)
        return why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
    e = file_sync_folder(folder, w);
    snprintf(folder, sizeof folder, "%.*s/%s", INDEX_PATH_BYTES - 32, x->data, INDICES_FOLDER);
    return e ? e : file_sync_folder(folder, w);
}

static err write_out(struct set_files *f, struct slice s, struct why *w)
{
    if (!s.n || file_write_all(f->now.fd, s))
        return ERR_OK;
    return why_set(w, ERR_IO, "%s_%lld: %s", f->set.prefix, (long long)f->now.row.number,
                   strerror(errno));
}

static err flush(struct set_files *f, struct why *w)
{
    err e = write_out(f, buf_slice(&f->buf), w);
    buf_reset(&f->buf);
    return e;
}

/* ---- rotation */

static bool has_messages(const struct set_files *f)
{
    for (unsigned i = 0; i < f->n_old; i++)
        if (f->old[i].state == INDEX_OPEN && f->old[i].docs)
            return true;
    return f->now.row.docs > 0;
}

static int64_t next_number(const struct set_files *f)
{
    if (has_index(f))
        return f->now.row.number + 1;
    return f->n_old ? f->old[f->n_old - 1].number + 1 : 0;
}

/* The present index goes among the old ones; it is synced with the group. */
static void end_index(struct set_files *f)
{
    f->now.good.state = f->now.row.state = INDEX_OPEN;
    index_add_old(f, &f->now.good);
    if (is_open(&f->now) && f->now.row.bytes != f->now.good.bytes)
        f->ended[f->n_ended++] = f->now;
    else
        close_file(&f->now);
}

/* A new index is there: on disk, and in the state, before anything is written to it. */
static err begin_index(struct index_writer *x, struct set_files *f, int64_t now_ms,
                       int64_t anchor_ms, struct why *w)
{
    struct index_file before = f->now;
    struct index_row rows[2] = { { .number = next_number(f),
                                   .state = INDEX_WRITE,
                                   .created_ms = now_ms,
                                   .anchor_ms = anchor_ms },
                                 before.good };
    snprintf(rows[0].set_id, sizeof rows[0].set_id, "%s", f->set.id);
    rows[1].state = INDEX_OPEN;
    f->now = (struct index_file){ .fd = -1, .row = rows[0], .good = rows[0] };
    err e = open_index(x, f, true, w);
    if (!e)
        e = state_put_indices(x->state, rows, before.row.set_id[0] ? 2 : 1, w);
    if (e) {
        close_file(&f->now);
        f->now = before;
        return e;
    }
    struct index_file after = f->now;
    f->now = before;
    if (has_index(f))
        end_index(f);
    f->now = after;
    f->rotated = true;
    log_info("store", "%s_%lld is the index that %s writes to", f->set.prefix,
             (long long)after.row.number, f->set.title);
    return ERR_OK;
}

static err rotate_if_due(struct index_writer *x, struct set_files *f, int64_t now_ms, struct why *w)
{
    int64_t anchor_ms;
    if (!has_index(f))
        return begin_index(x, f, now_ms, rotation_anchor(&f->set, now_ms), w);
    if (!rotation_is_due(&f->set, &f->now.row, has_messages(f), now_ms, &anchor_ms) ||
        f->n_ended == GROUP_FILES_MAX)
        return ERR_OK;
    if (f->n_old + 1 >= INDICES_OF_SET_MAX) {
        if (!f->full_said)
            log_error("store", "%s has %u indices and does not rotate any more (mend: a retention)",
                      f->set.title, f->n_old + 1);
        f->full_said = true;
        return ERR_OK;
    }
    err e = flush(f, w);
    return e ? e : begin_index(x, f, now_ms, anchor_ms, w);
}

/* ---- retention, between groups */

static void retire(struct index_writer *x, struct set_files *f, struct index_row *i)
{
    struct why w = { "" };
    bool closes = f->set.retention == RETAIN_CLOSE;
    struct index_row before = *i;
    i->state = closes ? INDEX_CLOSED : i->state;
    err e = closes ? state_put_indices(x->state, i, 1, &w) : index_delete(x, f->set.prefix, i, &w);
    if (e) {
        log_error("store", "%s_%lld should be %s by the retention of %s: %s", f->set.prefix,
                  (long long)i->number, closes ? "closed" : "deleted", f->set.title, w.text);
        i->state = closes ? before.state : INDEX_GOING; /* the next opening tries again */
        return;
    }
    log_info("store", "%s_%lld is %s by the retention of %s", f->set.prefix, (long long)i->number,
             closes ? "closed" : "deleted", f->set.title);
    if (!closes)
        i->number = -1;
}

static void retain(struct index_writer *x, struct set_files *f)
{
    unsigned n = 0;
    if (!has_index(f))
        return;
    index_add_old(f, &f->now.row);
    unsigned excess = retention_excess(&f->set, f->old, f->n_old, x->now_ms);
    f->n_old--;
    for (unsigned i = 0; i < f->n_old && excess; i++) {
        if (f->old[i].state != INDEX_OPEN)
            continue;
        retire(x, f, &f->old[i]);
        excess--;
    }
    for (unsigned i = 0; i < f->n_old; i++)
        if (f->old[i].number >= 0)
            f->old[n++] = f->old[i];
    f->n_old = n;
    f->rotated = false;
}

/* ---- a group */

static err put(struct index_writer *x, struct set_files *f, const struct index_line *line,
               struct why *w)
{
    f->touched = true;
    err e = rotate_if_due(x, f, line->now_ms, w);
    if (!e && !is_open(&f->now))
        e = open_index(x, f, false, w);
    if (!f->buf.p)
        f->buf = buf_of(xmalloc(INDEX_BUFFER_SIZE), INDEX_BUFFER_SIZE);
    if (!e && f->buf.cap - f->buf.n < line->text.n + 1)
        e = flush(f, w);
    if (e)
        return e;
    if (line->text.n + 1 <= f->buf.cap) {
        buf_add(&f->buf, line->text);
    } else {
        e = write_out(f, line->text, w);
    }
    buf_u8(&f->buf, '\n');
    index_count(&f->now.row, line->text.n + 1, &line->ts_ms);
    return e;
}

static unsigned set_of_stream(const struct index_writer *x, struct slice id)
{
    for (unsigned i = 0; i < x->n_links; i++)
        if (id.n == 24 && memcmp(x->link[i].id, id.p, 24) == 0)
            return x->link[i].set;
    return x->default_set;
}

static void cut(struct index_file *f, const char *prefix)
{
    if (is_open(f) && ftruncate(f->fd, (off_t)f->good.bytes) != 0)
        log_error("store", "%s_%lld: lines that will be written again stay in it: %s", prefix,
                  (long long)f->good.number, strerror(errno));
    f->row = f->good;
}

/* Nothing of the group stays; indices that it began stay, empty. */
static err undo(struct index_writer *x, err e)
{
    for (unsigned i = 0; i < x->n_sets; i++) {
        struct set_files *f = x->set[i];
        if (!f->touched)
            continue;
        buf_reset(&f->buf);
        cut(&f->now, f->set.prefix);
        for (unsigned k = 0; k < f->n_ended; k++) {
            cut(&f->ended[k], f->set.prefix);
            close_file(&f->ended[k]);
        }
        f->n_ended = 0;
        f->touched = false;
    }
    x->in_group = false;
    return e;
}

err index_writer_put(struct index_writer *x, const struct index_line *line, struct why *w)
{
    uint64_t done[INDEX_SETS_MAX / 64] = { 0 };
    err e = x->in_group ? ERR_OK : refresh(x, w);
    x->in_group = true;
    x->now_ms = line->now_ms > x->now_ms ? line->now_ms : x->now_ms;
    for (unsigned i = 0; i < line->n_streams && !e; i++) {
        unsigned set = set_of_stream(x, line->stream[i]);
        if (done[set / 64] >> set % 64 & 1)
            continue;
        done[set / 64] |= UINT64_C(1) << set % 64;
        e = put(x, x->set[set], line, w);
    }
    return e ? undo(x, e) : ERR_OK;
}

static err sync_file(struct set_files *f, struct index_file *file, struct why *w)
{
    if (!is_open(file) || file->row.bytes == file->good.bytes || fsync(file->fd) == 0)
        return ERR_OK;
    return why_set(w, ERR_IO, "%s_%lld: %s", f->set.prefix, (long long)file->row.number,
                   strerror(errno));
}

static err sync_set(struct set_files *f, struct why *w)
{
    err e = is_open(&f->now) ? flush(f, w) : ERR_OK;
    if (!e)
        e = sync_file(f, &f->now, w);
    for (unsigned i = 0; i < f->n_ended && !e; i++)
        e = sync_file(f, &f->ended[i], w);
    return e;
}

static void set_old(struct set_files *f, const struct index_row *row)
{
    for (unsigned i = f->n_old; i-- > 0;)
        if (f->old[i].number == row->number) {
            f->old[i] = *row;
            return;
        }
}

/* Rows may be behind the files: then the files are counted at the next opening. */
static void save(struct index_writer *x, const struct index_row *v, unsigned n)
{
    struct why w;
    err e = n ? state_put_indices(x->state, v, n, &w) : ERR_OK;
    if (e && !x->save_failed)
        log_error("store", "%s: numbers of messages are not kept up to date", w.text);
    x->save_failed = e != ERR_OK;
}

static void keep_set(struct index_writer *x, struct set_files *f, bool all)
{
    struct index_row rows[GROUP_FILES_MAX + 1];
    unsigned n = 0;
    for (unsigned i = 0; i < f->n_ended; i++) {
        f->ended[i].row.state = INDEX_OPEN;
        set_old(f, &f->ended[i].row);
        rows[n++] = f->ended[i].row;
        close_file(&f->ended[i]);
    }
    f->n_ended = 0;
    f->now.good = f->now.row;
    f->touched = false;
    f->unsaved = !all && !n;
    if (has_index(f) && !f->unsaved)
        rows[n++] = f->now.row;
    save(x, rows, n);
}

err index_writer_sync(struct index_writer *x, struct why *w)
{
    bool all = x->now_ms - x->saved_ms >= SAVE_MS;
    err e = ERR_OK;
    for (unsigned i = 0; i < x->n_sets && !e; i++)
        e = x->set[i]->touched ? sync_set(x->set[i], w) : ERR_OK;
    if (e)
        return undo(x, e); /* the kernel may have dropped the pages: they are written again */
    x->in_group = false;
    for (unsigned i = 0; i < x->n_sets; i++) {
        struct set_files *f = x->set[i];
        if (f->touched)
            keep_set(x, f, all);
        if (f->rotated || all)
            retain(x, f);
    }
    x->saved_ms = all ? x->now_ms : x->saved_ms;
    return ERR_OK;
}

/* ---- by the clock */

err index_writer_tick(struct index_writer *x, int64_t now_ms, struct why *w)
{
    if (x->in_group)
        return ERR_OK;
    x->now_ms = now_ms > x->now_ms ? now_ms : x->now_ms;
    bool all = x->now_ms - x->saved_ms >= SAVE_MS;
    err e = refresh(x, w);
    for (unsigned i = 0; i < x->n_sets && !e; i++) {
        struct set_files *f = x->set[i];
        if (has_index(f))
            e = rotate_if_due(x, f, x->now_ms, w);
        if (!e && all && f->unsaved)
            keep_set(x, f, true);
        if (!e && (f->rotated || all))
            retain(x, f);
    }
    if (all)
        x->saved_ms = x->now_ms;
    return e;
}

/* ---- opening and closing */

err index_writer_open(const char *data, int64_t now_ms, struct index_writer **out, struct why *w)
{
    char path[INDEX_PATH_BYTES];
    struct index_writer *x = xcalloc(1, sizeof *x);
    x->lock = -1;
    x->now_ms = x->saved_ms = now_ms;
    snprintf(x->data, sizeof x->data, "%s", data);
    snprintf(path, sizeof path, "%.*s/%s", INDEX_PATH_BYTES - 64, data, INDICES_FOLDER);
    err e = file_make_folder(path, FOLDER_MODE, w);
    snprintf(path, sizeof path, "%.*s/%s/.lock", INDEX_PATH_BYTES - 64, data, INDICES_FOLDER);
    if (!e)
        e = file_lock(path, &x->lock, w);
    snprintf(path, sizeof path, "%.*s/%s", INDEX_PATH_BYTES - 64, data, STATE_FILE);
    if (!e)
        e = state_open(path, now_ms, &x->state, w);
    if (!e)
        e = refresh(x, w);
    if (e)
        index_writer_close(x);
    else
        *out = x;
    return e;
}

void index_writer_close(struct index_writer *x)
{
    struct why w;
    if (!x)
        return;
    if (x->in_group && index_writer_sync(x, &w))
        log_error("store", "%s", w.text);
    for (unsigned i = 0; i < x->n_sets; i++) {
        if (x->state && has_index(x->set[i]))
            save(x, &x->set[i]->now.row, 1);
        free_set(x->set[i]);
    }
    state_close(x->state);
    file_unlock(x->lock);
    xfree(x);
}
