/* Writing the journal: records are packed into frames, a sync makes them durable, a failure takes
 * back all that is not. */
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/file.h"
#include "store/journal_private.h"

#define SEGMENT_BYTES ((uint64_t)64 * 1024 * 1024)
#define FRAME_BYTES   ((size_t)1024 * 1024)
#define LENGTH_BYTES  4
#define LEVEL         1 /* of zstd: a fifth of the size for 2 us a message (store.md 2) */
#define MODE          0600

static err io_error(struct why *w, const char *what)
{
    return why_set(w, ERR_IO, "journal: %s: %s", what, strerror(errno));
}

/* ---- segments */

bool journal_path(const char *folder, uint64_t first, char out[JOURNAL_PATH])
{
    struct buf b = buf_of(out, JOURNAL_PATH - 1);
    buf_printf(&b, "%s/", folder);
    buf_dec_pad(&b, first, 20);
    buf_cstr(&b, JOURNAL_SUFFIX);
    out[b.n] = '\0';
    return !b.full;
}

err journal_add_segment(struct journal *j, uint64_t first, uint64_t bytes, struct why *w)
{
    if (j->n_segments == JOURNAL_SEGMENTS_MAX)
        return why_set(w, ERR_LIMIT, "journal: %s: more than %d files", j->conf.folder,
                       JOURNAL_SEGMENTS_MAX);
    if (j->n_segments == j->cap_segments) {
        j->cap_segments = j->cap_segments ? 2 * j->cap_segments : 16;
        j->segment = xrealloc(j->segment, j->cap_segments * sizeof *j->segment);
    }
    j->segment[j->n_segments++] = (struct journal_segment){ first, bytes };
    return ERR_OK;
}

err journal_begin_segment(struct journal *j, struct why *w)
{
    char path[JOURNAL_PATH];
    uint64_t first = atomic_load(&j->next);
    if (!journal_path(j->conf.folder, first, path))
        return why_set(w, ERR_LIMIT, "journal: %s: the path is too long", j->conf.folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE);
    if (fd < 0)
        return io_error(w, path);
    err rc = file_sync_folder(j->conf.folder, w);
    if (!rc)
        rc = journal_add_segment(j, first, 0, w);
    if (rc) {
        close(fd);
        return rc;
    }
    if (j->fd >= 0)
        close(j->fd);
    j->fd = fd;
    j->good_bytes = 0;
    return ERR_OK;
}

static struct journal_segment *last_segment(struct journal *j)
{
    return &j->segment[j->n_segments - 1];
}

/* ---- frames */

void journal_undo(struct journal *j)
{
    struct journal_segment *last = last_segment(j);
    buf_reset(&j->raw);
    j->raw_records = 0;
    j->dirty = false;
    if (last->bytes != j->good_bytes && ftruncate(j->fd, (off_t)j->good_bytes))
        log_error("store", "journal: frames that were not acknowledged stay in it: %s",
                  strerror(errno));
    atomic_fetch_sub(&j->bytes, last->bytes - j->good_bytes);
    last->bytes = j->good_bytes;
    atomic_store(&j->next, atomic_load(&j->durable) + 1);
}

static err failed(struct journal *j, err rc)
{
    journal_undo(j);
    return rc;
}

static err write_at(struct journal *j, struct slice s, struct why *w)
{
    struct journal_segment *last = last_segment(j);
    while (s.n) {
        ssize_t n = pwrite(j->fd, s.p, s.n, (off_t)last->bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_error(w, j->conf.folder);
        s = slice_after(s, (size_t)n);
        last->bytes += (uint64_t)n;
        atomic_fetch_add(&j->bytes, (uint64_t)n);
    }
    return ERR_OK;
}

static err write_frame(struct journal *j, struct why *w)
{
    if (!j->raw_records)
        return ERR_OK;
    size_t n = ZSTD_compressCCtx(j->zstd, j->packed + JOURNAL_HEADER,
                                 j->packed_cap - JOURNAL_HEADER, j->raw.p, j->raw.n, LEVEL);
    BUG_ON(ZSTD_isError(n)); /* there is room for the worst case */
    struct journal_frame f = { .first = atomic_load(&j->next) - j->raw_records,
                               .n = j->raw_records,
                               .packed = (uint32_t)n,
                               .raw = (uint32_t)j->raw.n,
                               .crc = journal_crc(slice_of(j->packed + JOURNAL_HEADER, n)) };
    journal_frame_put(j->packed, &f);
    err rc = write_at(j, slice_of(j->packed, JOURNAL_HEADER + n), w);
    if (rc)
        return rc;
    j->dirty = true;
    j->raw_records = 0;
    buf_reset(&j->raw);
    return ERR_OK;
}

/* A frame holds at least one record, however large. */
static void make_room(struct journal *j, size_t n)
{
    if (j->raw.cap >= n)
        return;
    j->raw.p = xrealloc(j->raw.p, n);
    j->raw.cap = n;
    j->packed_cap = JOURNAL_HEADER + ZSTD_compressBound(n);
    xfree(j->packed);
    j->packed = xmalloc(j->packed_cap);
}

err journal_append(struct journal *j, struct slice record, uint64_t *seq, struct why *w)
{
    size_t n = record.n + LENGTH_BYTES;
    if (record.n > JOURNAL_RECORD_MAX)
        return why_set(w, ERR_LIMIT, "journal: a record of %zu bytes; at most %zu are kept",
                       record.n, JOURNAL_RECORD_MAX);
    if (atomic_load(&j->next) > JOURNAL_NUMBER_MAX) /* nobody counts that far: a file lied */
        return why_set(w, ERR_LIMIT,
                       "journal: %s: a damaged file has a number so large that none can follow: "
                       "set the folder aside",
                       j->conf.folder);
    if (j->conf.max_bytes && atomic_load(&j->bytes) + j->raw.n + n > j->conf.max_bytes)
        return why_set(w, ERR_LIMIT,
                       "journal: %s: it has reached its largest size, since what reads it does "
                       "not keep up: nothing more is taken until it does",
                       j->conf.folder);
    if (j->raw.n + n > j->conf.frame_bytes) {
        err rc = write_frame(j, w);
        if (rc)
            return failed(j, rc);
    }
    make_room(j, n);
    for (unsigned i = 0; i < LENGTH_BYTES; i++)
        buf_u8(&j->raw, (uint8_t)(record.n >> 8 * i));
    buf_add(&j->raw, record);
    j->raw_records++;
    *seq = atomic_fetch_add(&j->next, 1);
    return ERR_OK;
}

err journal_sync(struct journal *j, struct why *w)
{
    err rc = write_frame(j, w);
    if (!rc && j->dirty && fdatasync(j->fd))
        rc = io_error(w, j->conf.folder);
    if (rc)
        return failed(j, rc);
    j->dirty = false;
    j->good_bytes = last_segment(j)->bytes;
    atomic_store_explicit(&j->durable, atomic_load(&j->next) - 1, memory_order_release);
    if (j->good_bytes < j->conf.segment_bytes)
        return ERR_OK;
    struct why later; /* what was asked for is done; the old file serves until a new one can be */
    if (journal_begin_segment(j, &later))
        log_warn("store", "%s", later.text);
    return ERR_OK;
}

/* ---- birth and end */

static err lock_folder(struct journal *j, struct why *w)
{
    char path[JOURNAL_PATH];
    struct buf b = buf_of(path, sizeof path - 1);
    buf_printf(&b, "%s/lock", j->conf.folder);
    if (b.full)
        return why_set(w, ERR_LIMIT, "journal: %s: the path is too long", j->conf.folder);
    path[b.n] = '\0';
    return j->conf.read_only ? file_lock_shared(path, &j->lock, w) : file_lock(path, &j->lock, w);
}

static err open_last(struct journal *j, struct why *w)
{
    char path[JOURNAL_PATH];
    if (!j->n_segments)
        return journal_begin_segment(j, w);
    struct journal_segment *last = last_segment(j);
    if (!journal_path(j->conf.folder, last->first, path))
        return why_set(w, ERR_LIMIT, "journal: %s: the path is too long", j->conf.folder);
    j->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (j->fd < 0 || ftruncate(j->fd, (off_t)last->bytes) || fdatasync(j->fd))
        return io_error(w, path);
    j->good_bytes = last->bytes;
    return ERR_OK;
}

err journal_open(struct journal **out, const struct journal_conf *conf, struct journal_found *found,
                 struct why *w)
{
    struct journal *j = xcalloc(1, sizeof *j);
    *found = (struct journal_found){ 0 };
    j->conf = *conf;
    j->conf.segment_bytes = conf->segment_bytes ? conf->segment_bytes : SEGMENT_BYTES;
    j->conf.frame_bytes = conf->frame_bytes ? conf->frame_bytes : FRAME_BYTES;
    j->fd = j->lock = -1;
    atomic_store(&j->next, 1);
    j->zstd = ZSTD_createCCtx();
    xneed(j->zstd, "memory for the journal");
    make_room(j, j->conf.frame_bytes);
    err rc = conf->read_only ? ERR_OK : file_make_folder(conf->folder, 0700, w);
    if (!rc)
        rc = lock_folder(j, w);
    if (!rc)
        rc = journal_read_consumers(j, w);
    if (!rc)
        rc = journal_recover(j, found, w);
    if (!rc && !conf->read_only)
        rc = open_last(j, w);
    if (rc) {
        journal_close(j);
        return rc;
    }
    atomic_store(&j->durable, atomic_load(&j->next) - 1);
    *out = j;
    return ERR_OK;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0 && last_segment(j)->bytes != j->good_bytes)
        journal_undo(j);
    if (j->fd >= 0)
        close(j->fd);
    if (j->lock >= 0)
        file_unlock(j->lock);
    ZSTD_freeCCtx(j->zstd);
    xfree(j->raw.p);
    xfree(j->packed);
    xfree(j->segment);
    xfree(j);
}

uint64_t journal_next(const struct journal *j)
{
    return atomic_load(&j->next);
}

uint64_t journal_durable(const struct journal *j)
{
    return atomic_load_explicit(&j->durable, memory_order_acquire);
}

uint64_t journal_bytes(const struct journal *j)
{
    return atomic_load(&j->bytes);
}

uint64_t journal_record_bytes(const struct journal *j)
{
    uint64_t first = j->n_segments ? j->segment[0].first : 0, next = journal_durable(j) + 1;
    return first && next > first ? journal_bytes(j) / (next - first) : 0;
}
