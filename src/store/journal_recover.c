/* What a journal finds when it is opened: whole frames, damage between them, a write that did not
 * end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/filemap.h"
#include "store/journal_private.h"

#define DIGITS 20

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool read_name(struct slice name, uint64_t *first)
{
    return name.n == DIGITS + sizeof JOURNAL_SUFFIX - 1 &&
           slice_ends(name, SLICE(JOURNAL_SUFFIX)) &&
           slice_to_u64(slice_first(name, DIGITS), first) && *first <= JOURNAL_NUMBER_MAX;
}

err journal_list(const char *folder, uint64_t **list, unsigned *n, struct why *w)
{
    unsigned cap = 16;
    DIR *dir = opendir(folder);
    if (!dir)
        return why_set(w, ERR_IO, "journal: %s: %s", folder, strerror(errno));
    *list = xmalloc(cap * sizeof **list);
    *n = 0;
    for (struct dirent *d; *n < JOURNAL_SEGMENTS_MAX && (d = readdir(dir));) {
        if (!read_name(slice_cstr(d->d_name), &(*list)[*n]) || ++*n < cap)
            continue;
        cap *= 2;
        *list = xrealloc(*list, cap * sizeof **list);
    }
    closedir(dir);
    qsort(*list, *n, sizeof **list, by_number);
    return ERR_OK;
}

/* One segment being looked at. */
struct scan {
    struct journal *j;
    struct journal_found *found;
    const char *path;
    uint64_t expected; /* the next number */
    bool last;
};

static void report_damage(struct scan *s, size_t at, uint64_t lost)
{
    s->found->bad_frames++;
    s->found->lost += lost;
    log_error("store",
              "journal: %s: damaged at byte %zu: %llu records are lost, what follows is "
              "read",
              s->path, at, (unsigned long long)lost);
}

/* How far the segment is whole. */
static uint64_t scan_segment(struct scan *s, struct slice bytes)
{
    struct journal_frame f;
    struct slice packed;
    size_t at = 0, damaged_at = 0;
    for (enum journal_step step;;) {
        size_t before = at;
        step = journal_frame_next(bytes, &at, &f, &packed);
        if (step == STEP_TAIL)
            return before;
        if (step == STEP_DAMAGED) {
            damaged_at = before + 1;
            continue;
        }
        uint64_t lost = f.first > s->expected ? f.first - s->expected : 0;
        if (damaged_at)
            report_damage(s, damaged_at - 1, lost);
        damaged_at = 0;
        s->found->records += f.n;
        s->expected = f.first + f.n > s->expected ? f.first + f.n : s->expected;
    }
}

static err look_at(struct scan *s, uint64_t first, struct why *w)
{
    char path[JOURNAL_PATH];
    struct file_map map;
    if (!journal_path(s->j->conf.folder, first, path))
        return why_set(w, ERR_LIMIT, "journal: %s: the path is too long", s->j->conf.folder);
    s->path = path;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return why_set(w, ERR_IO, "journal: %s: %s", path, strerror(errno));
    err rc = file_map(&map, fd, 0, w);
    close(fd);
    if (rc)
        return rc;
    uint64_t whole = scan_segment(s, map.bytes), size = map.bytes.n;
    file_unmap(&map);
    if (s->last) {
        s->found->cut_bytes = size - whole;
        size = whole;
    } else if (size > whole) {
        report_damage(s, whole, 0); /* how many: the next segment's name tells */
    }
    atomic_fetch_add(&s->j->bytes, size);
    return journal_add_segment(s->j, first, size, w);
}

err journal_recover(struct journal *j, struct journal_found *found, struct why *w)
{
    uint64_t *list;
    unsigned n;
    err rc = journal_list(j->conf.folder, &list, &n, w);
    if (rc)
        return rc;
    struct scan s = { .j = j, .found = found, .expected = n ? list[0] : 1 };
    for (unsigned i = 0; i < n && !rc; i++) {
        if (list[i] > s.expected)
            found->lost += list[i] - s.expected;
        if (list[i] > s.expected)
            s.expected = list[i];
        s.last = i + 1 == n;
        rc = look_at(&s, list[i], w);
    }
    xfree(list);
    if (found->cut_bytes && !j->conf.read_only)
        log_warn("store",
                 "journal: %llu bytes of a write that did not end were cut off; nothing "
                 "of it was acknowledged",
                 (unsigned long long)found->cut_bytes);
    for (unsigned i = 0; i < j->n_consumers; i++) /* numbers are never given twice */
        s.expected = j->consumer[i].passed >= s.expected ? j->consumer[i].passed + 1 : s.expected;
    atomic_store(&j->next, s.expected);
    return rc;
}
