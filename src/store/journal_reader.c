/* Reading the journal: up to what is on disk, segment by segment, passing damage. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/cursor.h"
#include "os/filemap.h"
#include "store/journal_private.h"

struct journal_reader {
    const struct journal *j;
    uint64_t from;    /* the next number that is wanted */
    uint64_t segment; /* first number of the open one; 0: none */
    uint64_t mapped;  /* durable when it was mapped: nothing later is in the map */
    struct file_map map;
    bool is_mapped;
    size_t at;
    uint8_t *raw;
    size_t raw_cap;
    struct cursor records; /* of the frame at hand */
    uint64_t seq, end;     /* number of the next of them, and behind the last */
};

err journal_reader_open(struct journal_reader **out, const struct journal *j, uint64_t from,
                        struct why *w)
{
    (void)w;
    struct journal_reader *r = xcalloc(1, sizeof *r);
    r->j = j;
    r->from = from ? from : 1;
    *out = r;
    return ERR_OK;
}

static void unmap(struct journal_reader *r)
{
    if (r->is_mapped)
        file_unmap(&r->map);
    r->is_mapped = false;
}

/* Maps the segment again, with what has come since. */
static err map_segment(struct journal_reader *r, struct why *w)
{
    char path[JOURNAL_PATH];
    unmap(r);
    r->mapped = journal_durable(r->j);
    if (!journal_path(r->j->conf.folder, r->segment, path))
        return why_set(w, ERR_LIMIT, "journal: %s: the path is too long", r->j->conf.folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return why_set(w, ERR_IO, "journal: %s: %s", path, strerror(errno));
    err rc = file_map(&r->map, fd, 0, w);
    close(fd);
    r->is_mapped = !rc;
    return rc;
}

/* Goes to the segment behind the present one; at the start, to that which has `from`. False: there
 * is none. */
static bool next_segment(struct journal_reader *r, err *rc, struct why *w)
{
    uint64_t *list, chosen = 0;
    unsigned n;
    *rc = journal_list(r->j->conf.folder, &list, &n, w);
    if (*rc)
        return false;
    for (unsigned i = 0; i < n; i++) {
        bool is_first = !r->segment && (!chosen || list[i] <= r->from);
        if (is_first || (r->segment && !chosen && list[i] > r->segment))
            chosen = list[i];
    }
    xfree(list);
    if (!chosen)
        return false;
    r->segment = chosen;
    r->at = 0;
    *rc = map_segment(r, w);
    return !*rc;
}

static err unpack(struct journal_reader *r, const struct journal_frame *f, struct slice packed,
                  struct why *w)
{
    if (r->raw_cap < f->raw) {
        xfree(r->raw);
        r->raw_cap = f->raw;
        r->raw = xmalloc(r->raw_cap);
    }
    size_t n = ZSTD_decompress(r->raw, f->raw, packed.p, packed.n);
    if (ZSTD_isError(n) || n != f->raw)
        return why_set(w, ERR_FORMAT, "journal: frame %llu cannot be unpacked",
                       (unsigned long long)f->first);
    r->records = cur_of(slice_of(r->raw, n));
    r->seq = f->first;
    r->end = f->first + f->n;
    return ERR_OK;
}

/* The next whole frame of this segment that is durable and has something wanted. */
static bool next_frame(struct journal_reader *r, err *rc, struct why *w)
{
    struct journal_frame f;
    struct slice packed;
    for (enum journal_step step; r->is_mapped;) {
        size_t before = r->at;
        step = journal_frame_next(r->map.bytes, &r->at, &f, &packed);
        if (step == STEP_TAIL)
            return false;
        if (step == STEP_DAMAGED)
            continue;
        if (f.first + f.n - 1 > r->mapped) {
            r->at = before;
            return false;
        }
        if (f.first + f.n - 1 < r->from)
            continue;
        *rc = unpack(r, &f, packed, w);
        return !*rc;
    }
    return false;
}

static bool next_record(struct journal_reader *r, uint64_t *seq, struct slice *record)
{
    while (cur_left(&r->records) && r->seq < r->end) {
        struct slice s = cur_bytes(&r->records, cur_u32le(&r->records));
        if (!cur_ok(&r->records))
            return false;
        *seq = r->seq++;
        *record = s;
        if (*seq < r->from)
            continue;
        r->from = *seq + 1;
        return true;
    }
    return false;
}

/* Of the frames of this segment; one that does not hold what its header says is passed. */
static bool next_of_segment(struct journal_reader *r, uint64_t *seq, struct slice *record, err *rc,
                            struct why *w)
{
    while (next_frame(r, rc, w))
        if (next_record(r, seq, record))
            return true;
    return false;
}

bool journal_read(struct journal_reader *r, uint64_t *seq, struct slice *record, err *rc,
                  struct why *w)
{
    *rc = ERR_OK;
    if (next_record(r, seq, record))
        return true;
    if (r->from > journal_durable(r->j))
        return false;
    if (!r->segment && !next_segment(r, rc, w))
        return false;
    if (r->mapped < journal_durable(r->j) && (*rc = map_segment(r, w)))
        return false;
    while (!next_of_segment(r, seq, record, rc, w)) {
        if (*rc || !next_segment(r, rc, w))
            return false;
    }
    return true;
}

void journal_reader_close(struct journal_reader *r)
{
    if (!r)
        return;
    unmap(r);
    xfree(r->raw);
    xfree(r);
}
