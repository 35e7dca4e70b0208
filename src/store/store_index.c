/* Indices of the store: their names, files and numbers. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "store/index_writer.h"
#include "store/store_private.h"

/* ---- numbers */

void docs_add(struct store_docs *d, int64_t n, int64_t ms)
{
    d->from_ms = !d->docs || ms < d->from_ms ? ms : d->from_ms;
    d->to_ms = !d->docs || ms > d->to_ms ? ms : d->to_ms;
    d->docs += n;
}

void content_add(struct indexfile_content *c, uint64_t seq, int64_t ms)
{
    c->from_ms = !c->rows || ms < c->from_ms ? ms : c->from_ms;
    c->to_ms = !c->rows || ms > c->to_ms ? ms : c->to_ms;
    c->rows++;
    c->sealed = seq;
}

struct indexfile_content content_sum(struct indexfile_content a, struct indexfile_content b)
{
    if (!a.rows || !b.rows) {
        struct indexfile_content sum = a.rows ? a : b;
        sum.sealed = b.sealed;
        sum.coded = a.coded;
        return sum;
    }
    return (struct indexfile_content){ .sealed = b.sealed,
                                       .rows = a.rows + b.rows,
                                       .from_ms = a.from_ms < b.from_ms ? a.from_ms : b.from_ms,
                                       .to_ms = a.to_ms > b.to_ms ? a.to_ms : b.to_ms,
                                       .coded = a.coded };
}

void store_index_found(struct store_index *i, const struct indexfile_content *found)
{
    i->erased += i->file.rows > found->rows ? i->file.rows - found->rows : 0;
    i->file = *found;
}

/* ---- the list of a set */

struct store_index *store_index_make(struct store *s, struct store_set *f,
                                     const struct index_row *row)
{
    struct store_index *i = xcalloc(1, sizeof *i);
    i->row = *row;
    snprintf(i->row.set_id, sizeof i->row.set_id, "%s", f->set.id);
    i->durable = (struct store_docs){ row->docs, row->from_ms, row->to_ms };
    snprintf(i->name, sizeof i->name, "%s_%lld", f->set.prefix, (long long)row->number);
    snprintf(i->catalog, sizeof i->catalog, "idx_%u", s->next_name++);
    return i;
}

void store_index_free(struct store_index *i)
{
    for (struct store_hot *h = i ? i->hot : NULL, *next; h; h = next) {
        next = h->next;
        xfree(h);
    }
    xfree(i);
}

void store_index_insert(struct store *s, struct store_set *f, struct store_index *i)
{
    store_lock(s);
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 16;
        f->index = xrealloc(f->index, f->cap * sizeof *f->index);
    }
    unsigned at = f->n++;
    for (; at > 0 && f->index[at - 1]->row.number > i->row.number; at--)
        f->index[at] = f->index[at - 1];
    f->index[at] = i;
    store_unlock(s);
}

struct store_index *store_index_find(const struct store_set *f, int64_t number)
{
    unsigned low = 0, high = f->n;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (f->index[middle]->row.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->n && f->index[low]->row.number == number ? f->index[low] : NULL;
}

/* ---- names */

static bool read_number(struct slice s, int64_t *number)
{
    uint64_t v;
    if (!s.n || (s.n > 1 && s.p[0] == '0') || !slice_to_u64(s, &v) || v > INT32_MAX)
        return false;
    *number = (int64_t)v;
    return true;
}

struct store_set *store_set_of_name(struct store *s, struct slice name, int64_t *number)
{
    size_t end = name.n;
    while (end > 0 && name.p[end - 1] != '_')
        end--;
    if (!end || !read_number(slice_after(name, end), number))
        return NULL;
    for (unsigned i = 0; i < s->n_sets; i++)
        if (slice_eq(slice_first(name, end - 1), slice_cstr(s->set[i]->set.prefix)))
            return s->set[i];
    return NULL;
}

/* ---- files */

static bool path_of(const struct store *s, const struct store_index *i, const char *end,
                    char out[STORE_PATH])
{
    int n = snprintf(out, STORE_PATH, "%s/%s%s", s->folder, i->name, end);
    return n > 0 && n < STORE_PATH;
}

bool store_index_file_path(const struct store *s, const struct store_index *i, char out[STORE_PATH])
{
    return path_of(s, i, INDEXFILE_SUFFIX, out);
}

bool store_index_lines_path(const struct store *s, const struct store_index *i,
                            char out[STORE_PATH])
{
    return path_of(s, i, "/" INDEX_FILE, out);
}

int64_t store_index_file_bytes(const struct store *s, const struct store_index *i)
{
    char path[STORE_PATH];
    struct stat st, log;
    if (!store_index_file_path(s, i, path) || stat(path, &st) != 0)
        return -1;
    bool has_log = path_of(s, i, INDEXFILE_SUFFIX INDEXFILE_WAL, path) && stat(path, &log) == 0;
    return (int64_t)st.st_size + (has_log ? (int64_t)log.st_size : 0);
}

static err unlink_one(const char *path, struct why *w)
{
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return ERR_OK;
    return why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
}

/* The log before the file: alone it would be taken for that of the next file of its name. */
err store_index_unlink(const struct store *s, const struct store_index *i, struct why *w)
{
    static const char *const parts[] = { "/" INDEX_FILE, INDEXFILE_SUFFIX INDEXFILE_WAL,
                                         INDEXFILE_SUFFIX };
    char path[STORE_PATH];
    for (unsigned k = 0; k < COUNT(parts); k++) {
        if (!path_of(s, i, parts[k], path))
            return why_set(w, ERR_LIMIT, "%s: the path is too long", s->folder);
        err e = unlink_one(path, w);
        if (e)
            return e;
    }
    if (!path_of(s, i, "", path))
        return why_set(w, ERR_LIMIT, "%s: the path is too long", s->folder);
    if (rmdir(path) != 0 && errno != ENOENT)
        return why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
    return ERR_OK;
}
