/* The bytes of a capture file as one stretch of memory that moves on: mmap, read(2) or unpacking.
 */
#include "in/window.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"

/* Filled at a time when less would do: stays in the second level cache. */
#define FILL_BYTES   ((size_t)256 * 1024)
#define PACKED_BYTES ((size_t)64 * 1024)
#define WAIT_MS      100
/* Of a mapped file that stay in memory behind the reader; the page cache keeps them anyway. */
#define BEHIND_BYTES ((ptrdiff_t)8 * 1024 * 1024)

static enum fill window_bad(struct window *v, const char *what)
{
    v->ended = true;
    why_set(&v->why, ERR_IO, "%s", what);
    return FILL_BAD;
}

/* A mapped file: all of it in sight, or the source of an unpacker. */
static err window_map(struct window *v, int fd, bool standard, struct why *w)
{
    off_t at = standard ? lseek(fd, 0, SEEK_CUR) : 0;
    err e = file_map(&v->map, fd, at > 0 ? (uint64_t)at : 0, w);
    if (e != ERR_OK)
        return e;
    v->dropped = v->map.bytes.p;
    enum packing packing = unpack_packing(v->map.bytes);
    v->known = true;
    if (packing == PACKING_NONE) {
        v->p = v->map.bytes.p;
        v->end = v->p + v->map.bytes.n;
        v->offset = v->map.bytes.n;
        v->ended = true;
        return ERR_OK;
    }
    v->rest = v->map.bytes;
    v->unpack = unpack_new(packing);
    v->memory = xmalloc(WINDOW_MAX_BYTES);
    v->p = v->end = v->memory;
    return ERR_OK;
}

static err window_take(struct window *v, int fd, bool standard, struct why *w)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return why_set(w, ERR_IO, "%s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return why_set(w, ERR_IO, "is a directory; name a file or a pattern such as DIR/*.pcap");
    if (S_ISREG(st.st_mode))
        return window_map(v, fd, standard, w);
    v->fd = fd;
    v->pipe = true;
    v->memory = xmalloc(WINDOW_MAX_BYTES);
    v->p = v->end = v->memory;
    return ERR_OK;
}

err window_open(struct window *v, const char *path, struct why *w)
{
    *v = (struct window){ .fd = -1, .map.guard = -1 };
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return why_set(w, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: %s", path, strerror(errno));
    struct why inner;
    err e = window_take(v, fd, standard, &inner);
    if (v->fd < 0)
        close(fd);
    return e == ERR_OK ? e : why_set(w, e, "%s: %s", path, inner.text);
}

void window_close(struct window *v)
{
    file_unmap(&v->map);
    unpack_free(v->unpack);
    xfree(v->memory);
    xfree(v->packed);
    if (v->fd >= 0)
        close(v->fd);
    *v = (struct window){ .fd = -1, .map.guard = -1 };
}

/* Reads from the pipe when it has something. FILL_OK with *n > 0, FILL_END, FILL_WAIT, FILL_BAD. */
static enum fill pipe_read(struct window *v, uint8_t *to, size_t *n)
{
    struct pollfd ready = { .fd = v->fd, .events = POLLIN };
    int r = poll(&ready, 1, WAIT_MS);
    if (r == 0 || (r < 0 && errno == EINTR))
        return FILL_WAIT;
    ssize_t got = read(v->fd, to, *n);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return FILL_WAIT;
    if (got < 0)
        return window_bad(v, strerror(errno));
    *n = (size_t)got;
    v->raw += *n;
    return got == 0 ? FILL_END : FILL_OK;
}

/* Unpacked bytes to v->end. The packed ones come from the map or from the pipe. */
static enum fill fill_unpacked(struct window *v, size_t room)
{
    enum fill more = FILL_OK;
    if (v->pipe && v->rest.n == 0) {
        size_t n = PACKED_BYTES;
        more = pipe_read(v, v->packed, &n);
        if (more == FILL_WAIT || more == FILL_BAD)
            return more;
        v->rest = slice_of(v->packed, more == FILL_OK ? n : 0);
    }
    uint8_t *to = v->memory + (v->end - v->memory);
    size_t n = room;
    err e = unpack_run(v->unpack, &v->rest, to, &n, &v->why);
    v->end += n;
    v->offset += n;
    if (e != ERR_OK) {
        v->ended = true;
        return FILL_BAD;
    }
    if (n > 0 || v->rest.n > 0 || (v->pipe && more == FILL_OK))
        return FILL_OK;
    if (unpack_is_inside(v->unpack))
        return window_bad(v, "the packed data is cut");
    v->ended = true;
    return FILL_END;
}

/* Plain bytes of a pipe to v->end. */
static enum fill fill_plain(struct window *v, size_t room)
{
    size_t n = room;
    enum fill r = pipe_read(v, v->memory + (v->end - v->memory), &n);
    if (r == FILL_END)
        v->ended = true;
    if (r != FILL_OK)
        return r;
    v->end += n;
    v->offset += n;
    return FILL_OK;
}

/* The first bytes of a pipe tell whether it is packed; if so they become the unpacker's input. */
static void pipe_recognise(struct window *v)
{
    size_t n = window_left(v);
    enum packing packing = unpack_packing(slice_of(v->p, n));
    if (n < 4 && !v->ended)
        return;
    v->known = true;
    if (packing == PACKING_NONE)
        return;
    v->unpack = unpack_new(packing);
    v->packed = xmalloc(WINDOW_MAX_BYTES);
    memcpy(v->packed, v->p, n);
    v->rest = slice_of(v->packed, n);
    v->p = v->end = v->memory;
    v->offset = 0;
    v->ended = false;
}

/* Passes what window_skip could not reach yet. */
static void take_skipped(struct window *v)
{
    size_t n = v->skip < window_left(v) ? (size_t)v->skip : window_left(v);
    v->p += n;
    v->skip -= n;
}

/* Moves what is in sight to the front, so that there is room behind it. */
static void make_room(struct window *v)
{
    size_t left = window_left(v);
    if (v->p == v->memory)
        return;
    memmove(v->memory, v->p, left);
    v->p = v->memory;
    v->end = v->memory + left;
}

enum fill window_fill(struct window *v, size_t need)
{
    BUG_ON(need > WINDOW_MAX_BYTES);
    for (;;) {
        take_skipped(v);
        if (v->known && window_left(v) >= need)
            return FILL_OK;
        if (v->ended && v->known)
            return v->why.text[0] ? FILL_BAD : FILL_END;
        make_room(v);
        size_t want = need > FILL_BYTES ? need : FILL_BYTES;
        size_t room = want > window_left(v) ? want - window_left(v) : 0;
        enum fill r = v->unpack ? fill_unpacked(v, room) : fill_plain(v, room);
        if (!v->known)
            pipe_recognise(v);
        if (r == FILL_WAIT)
            return r;
    }
}

void window_skip(struct window *v, uint64_t n)
{
    v->skip += n;
    take_skipped(v);
}

void window_forget(struct window *v)
{
    const uint8_t *at = v->unpack ? v->rest.p : v->p;
    if (v->pipe || at - v->dropped < BEHIND_BYTES)
        return;
    file_map_forget(&v->map, (size_t)(at - v->map.bytes.p));
    v->dropped = at;
}

uint64_t window_offset(const struct window *v)
{
    return v->offset - window_left(v) + v->skip;
}

void window_progress(const struct window *v, uint64_t *used, uint64_t *total)
{
    *total = v->map.bytes.n;
    if (v->pipe)
        *used = v->raw;
    else
        *used = v->map.bytes.n - (v->unpack ? v->rest.n : window_left(v));
}

bool window_is_lost(const struct window *v)
{
    return file_map_shrunk(&v->map);
}
