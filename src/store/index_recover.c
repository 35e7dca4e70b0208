/* What a crash, or somebody's hand, left of indices: half lines are cut, rows and folders are
 * brought together. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "model/civil.h"
#include "os/file.h"
#include "os/filemap.h"
#include "store/index_private.h"
#include "store/indexfile.h"

#define TIME_BYTES 23 /* 2024-02-14 21:18:29.782 */

bool index_path(const struct index_writer *x, const struct index_row *i, const char *prefix,
                const char *name, char out[INDEX_PATH_BYTES])
{
    int n = snprintf(out, INDEX_PATH_BYTES, "%s/%s/%s_%lld%s%s", x->data, INDICES_FOLDER, prefix,
                     (long long)i->number, name ? "/" : "", name ? name : "");
    return n > 0 && n < INDEX_PATH_BYTES;
}

void index_add_old(struct set_files *f, const struct index_row *i)
{
    if (f->n_old == f->cap_old) {
        f->cap_old = f->cap_old ? 2 * f->cap_old : 64;
        f->old = xrealloc(f->old, f->cap_old * sizeof *f->old);
    }
    f->old[f->n_old++] = *i;
}

/* ---- files of the store (store.h), which are listed in the same rows */

static bool store_path(const struct index_writer *x, const struct index_row *i, const char *prefix,
                       const char *end, char out[INDEX_PATH_BYTES])
{
    char name[INDEX_PATH_BYTES];
    if (!index_path(x, i, prefix, NULL, name))
        return false;
    int n = snprintf(out, INDEX_PATH_BYTES, "%s%s", name, end);
    return n > 0 && n < INDEX_PATH_BYTES;
}

static bool is_of_store(const struct index_writer *x, const struct index_row *i, const char *prefix)
{
    char path[INDEX_PATH_BYTES];
    return store_path(x, i, prefix, INDEXFILE_SUFFIX, path) && file_exists(path);
}

static err delete_of_store(const struct index_writer *x, const struct index_row *i,
                           const char *prefix, struct why *w)
{
    static const char *const ends[] = { INDEXFILE_SUFFIX INDEXFILE_WAL, INDEXFILE_SUFFIX };
    char path[INDEX_PATH_BYTES];
    for (unsigned k = 0; k < COUNT(ends); k++)
        if (store_path(x, i, prefix, ends[k], path) && unlink(path) != 0 && errno != ENOENT)
            return why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
    return ERR_OK;
}

/* ---- counting what is in a file */

static bool line_time(struct slice line, int64_t *ms)
{
    static const char key[] = "\"timestamp\":\"";
    char text[TIME_BYTES + 1];
    ptrdiff_t at = slice_search(line, slice_cstr(key));
    struct slice s = slice_after(line, at < 0 ? line.n : (size_t)at + sizeof key - 1);
    if (s.n < TIME_BYTES)
        return false;
    memcpy(text, s.p, TIME_BYTES);
    text[10] = 'T';
    text[TIME_BYTES] = 'Z';
    return civil_read_iso(slice_of(text, sizeof text), ms);
}

void index_count(struct index_row *i, size_t n, const int64_t *ms)
{
    i->docs++;
    i->bytes += (int64_t)n;
    if (!ms)
        return;
    i->from_ms = i->docs == 1 || *ms < i->from_ms ? *ms : i->from_ms;
    i->to_ms = i->docs == 1 || *ms > i->to_ms ? *ms : i->to_ms;
}

static void count_line(struct index_row *i, struct slice line)
{
    int64_t ms;
    index_count(i, line.n + 1, line_time(line, &ms) ? &ms : NULL);
}

/* Lines behind those that the row knows; what follows the last line end is cut off. */
static err count_rest(struct index_row *i, int fd, const char *path, struct why *w)
{
    struct file_map map;
    err e = file_map(&map, fd, (uint64_t)i->bytes, w);
    if (e)
        return e;
    struct slice rest = map.bytes;
    for (ptrdiff_t end; (end = slice_find(rest, '\n')) >= 0;) {
        count_line(i, slice_first(rest, (size_t)end));
        rest = slice_after(rest, (size_t)end + 1);
    }
    size_t torn = rest.n;
    file_unmap(&map);
    if (!torn)
        return ERR_OK;
    i->torn_bytes += (int64_t)torn;
    log_warn("store", "%s: half a line (%zu bytes) at its end is cut off", path, torn);
    return ftruncate(fd, (off_t)i->bytes) == 0
               ? ERR_OK
               : why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
}

/* The row tells what is in the file. ERR_MISSING: there is none. */
static err recount(const struct index_writer *x, const char *prefix, struct index_row *i,
                   struct why *w)
{
    char path[INDEX_PATH_BYTES];
    struct stat st;
    if (!index_path(x, i, prefix, INDEX_FILE, path))
        return why_set(w, ERR_LIMIT, "%s: the path is too long", x->data);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return why_set(w, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: %s", path, strerror(errno));
    err e = fstat(fd, &st) == 0 ? ERR_OK : why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
    if (!e && st.st_size < i->bytes) {
        log_error("store", "%s has %lld bytes, %lld were written: something has cut it", path,
                  (long long)st.st_size, (long long)i->bytes);
        i->bytes = i->docs = i->from_ms = i->to_ms = 0;
    }
    if (!e && st.st_size > i->bytes) {
        e = count_rest(i, fd, path, w);
        if (!e && fsync(fd) != 0)
            e = why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
    }
    close(fd);
    return e;
}

/* ---- deleting */

err index_delete(struct index_writer *x, const char *prefix, struct index_row *i, struct why *w)
{
    char folder[INDEX_PATH_BYTES], file[INDEX_PATH_BYTES];
    err e = ERR_OK;
    if (!index_path(x, i, prefix, INDEX_FILE, file) || !index_path(x, i, prefix, NULL, folder))
        return why_set(w, ERR_LIMIT, "%s: the path is too long", x->data);
    if (i->state != INDEX_GOING) {
        i->state = INDEX_GOING;
        e = state_put_indices(x->state, i, 1, w);
    }
    if (e)
        return e;
    if (unlink(file) != 0 && errno != ENOENT)
        return why_set(w, ERR_IO, "%s: %s", file, strerror(errno));
    if (rmdir(folder) != 0 && errno != ENOENT)
        return why_set(w, ERR_IO, "%s: %s", folder, strerror(errno));
    e = delete_of_store(x, i, prefix, w);
    return e ? e : state_drop_index(x->state, i, w);
}

/* ---- folders without a row */

static bool index_number(const char *name, const char *prefix, int64_t *number)
{
    uint64_t v;
    size_t n = strlen(prefix);
    if (strncmp(name, prefix, n) != 0 || name[n] != '_' || name[n + 1] == '\0' ||
        (name[n + 1] == '0' && name[n + 2] != '\0') ||
        !slice_to_u64(slice_cstr(name + n + 1), &v) || v > INT32_MAX)
        return false;
    *number = (int64_t)v;
    return true;
}

static bool is_known(const struct set_files *f, int64_t number)
{
    for (unsigned i = 0; i < f->n_old; i++)
        if (f->old[i].number == number)
            return true;
    return false;
}

static int by_number(const void *a, const void *b)
{
    const struct index_row *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static void adopt(const struct index_writer *x, struct set_files *f)
{
    char path[INDEX_PATH_BYTES];
    struct index_row i = { .state = INDEX_OPEN };
    snprintf(path, sizeof path, "%.*s/%s", INDEX_PATH_BYTES - 32, x->data, INDICES_FOLDER);
    snprintf(i.set_id, sizeof i.set_id, "%s", f->set.id);
    DIR *folder = opendir(path);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        if (!index_number(d->d_name, f->set.prefix, &i.number) || is_known(f, i.number) ||
            f->n_old >= INDICES_OF_SET_MAX)
            continue;
        log_warn("store", "%s: an index that was not known (it is taken in)", d->d_name);
        index_add_old(f, &i);
    }
    if (folder)
        closedir(folder);
    if (f->n_old)
        qsort(f->old, f->n_old, sizeof *f->old, by_number);
}

/* ---- a set */

/* True: the row stays. */
static err mend_row(struct index_writer *x, struct set_files *f, struct index_row *i, bool *stays,
                    struct why *w)
{
    int64_t known = i->docs;
    *stays = i->state != INDEX_GOING;
    if (!*stays)
        return index_delete(x, f->set.prefix, i, w);
    if (is_of_store(x, i, f->set.prefix)) {
        i->state = i->state == INDEX_WRITE ? INDEX_OPEN : i->state;
        return ERR_OK;
    }
    err e = recount(x, f->set.prefix, i, w);
    if (e == ERR_MISSING && i->state == INDEX_WRITE) {
        *i = (struct index_row){ .number = i->number, /* its file is made again */
                                 .state = INDEX_WRITE,
                                 .created_ms = i->created_ms,
                                 .anchor_ms = i->anchor_ms };
        snprintf(i->set_id, sizeof i->set_id, "%s", f->set.id);
        e = ERR_OK;
    }
    if (e == ERR_MISSING) {
        log_warn("store", "%s_%lld with %lld messages is not there any more", f->set.prefix,
                 (long long)i->number, (long long)known);
        *stays = false;
        return state_drop_index(x->state, i, w);
    }
    if (!i->created_ms && i->docs) { /* taken in */
        i->created_ms = i->from_ms;
        i->anchor_ms = rotation_anchor(&f->set, i->from_ms);
    }
    return e;
}

static err mend_rows(struct index_writer *x, struct set_files *f, struct why *w)
{
    unsigned n = 0;
    bool stays;
    for (unsigned i = 0; i < f->n_old; i++) {
        err e = mend_row(x, f, &f->old[i], &stays, w);
        if (e)
            return e;
        if (stays)
            f->old[n++] = f->old[i];
    }
    f->n_old = n;
    return ERR_OK;
}

/* The newest one is written to, unless it is closed or the store's. */
static void choose_write(const struct index_writer *x, struct set_files *f)
{
    struct index_row *last = f->n_old ? &f->old[f->n_old - 1] : NULL;
    for (unsigned i = 0; i + 1 < f->n_old; i++)
        if (f->old[i].state == INDEX_WRITE)
            f->old[i].state = INDEX_OPEN;
    if (last && last->state == INDEX_OPEN && !is_of_store(x, last, f->set.prefix))
        last->state = INDEX_WRITE;
}

err index_recover(struct index_writer *x, struct set_files *f, struct why *w)
{
    struct arena a;
    struct index_rows rows;
    arena_init(&a, NULL, 0);
    err e = state_indices(x->state, f->set.id, &a, &rows, w);
    for (unsigned i = 0; !e && i < rows.n; i++)
        index_add_old(f, &rows.v[i]);
    arena_free(&a);
    if (!e) {
        adopt(x, f);
        e = mend_rows(x, f, w);
    }
    if (e || !f->n_old)
        return e;
    choose_write(x, f);
    e = state_put_indices(x->state, f->old, f->n_old, w);
    if (!e && f->old[f->n_old - 1].state == INDEX_WRITE)
        f->now.row = f->now.good = f->old[--f->n_old];
    return e;
}
