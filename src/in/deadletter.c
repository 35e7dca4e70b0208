/* Dead letters on disk: PATH is being written, PATH.1 is the half before it. */
#include "in/deadletter.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "os/clock.h"
#include "os/file.h"

#define PATH_BYTES 4096
#define LINE_BYTES (6 * DEADLETTER_DOCUMENT_MAX + 4096) /* \u00xx for each byte at worst */
#define READ_MAX   ((size_t)4 << 30)

struct deadletter {
    char path[PATH_BYTES], older[PATH_BYTES];
    int fd;
    int64_t size, half, next_id;
    bool dirty, failed;
    struct buf line;
    pthread_mutex_t lock; /* over all that changes after deadletter_open */
};

static err open_file(struct deadletter *d, struct why *w)
{
    struct stat st;
    d->fd = open(d->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (d->fd < 0 || fstat(d->fd, &st) != 0)
        return why_set(w, ERR_IO, "%s: %s", d->path, strerror(errno));
    d->size = st.st_size;
    return ERR_OK;
}

/* Ids go on where the files end. */
static err find_next_id(struct deadletter *d, struct why *w)
{
    struct arena mem;
    struct letter *list;
    size_t n;
    arena_init(&mem, NULL, 0);
    err rc = deadletter_read(d->path, &mem, &list, &n, w);
    d->next_id = !rc && n ? list[n - 1].id + 1 : 1;
    arena_free(&mem);
    return rc;
}

err deadletter_open(struct deadletter **out, const char *path, int64_t cap_bytes, struct why *w)
{
    struct deadletter *d = xcalloc(1, sizeof *d);
    int length = snprintf(d->path, sizeof d->path, "%s", path);
    snprintf(d->older, sizeof d->older, "%.*s.1", PATH_BYTES - 3, path);
    d->half = cap_bytes / 2;
    d->fd = -1;
    err rc = length < 0 || length > PATH_BYTES - 3
                 ? why_set(w, ERR_CONFIG, "%s: the path is too long", path)
                 : find_next_id(d, w);
    if (!rc)
        rc = open_file(d, w);
    if (rc) {
        xfree(d);
        return rc;
    }
    d->line = buf_of(xmalloc(LINE_BYTES), LINE_BYTES);
    pthread_mutex_init(&d->lock, NULL);
    *out = d;
    return ERR_OK;
}

static void put_document(struct buf *b, const struct refusal *r)
{
    struct slice kept = slice_first(r->document, DEADLETTER_DOCUMENT_MAX);
    if (kept.n < r->document.n || r->cut)
        buf_lit(b, ",\"cut\":true");
    if (utf8_ok(kept) && slice_find(kept, 0) < 0) {
        buf_lit(b, ",\"document\":");
        json_string(b, kept, false);
    } else {
        buf_lit(b, ",\"document_base64\":\"");
        buf_base64(b, kept, true);
        buf_u8(b, '"');
    }
}

static void put_letter(struct buf *b, int64_t id, const struct refusal *r)
{
    buf_printf(b, "{\"id\":%lld,\"time\":\"", (long long)id);
    buf_time(b, clock_real_ns(), TIME_MILLI);
    buf_printf(b, "\",\"input\":\"%s\",\"remote\":\"", r->origin->input ? r->origin->input : "");
    buf_addr(b, &r->origin->ip);
    buf_printf(b, " %u\",\"reason\":", r->origin->port);
    json_string(b, slice_cstr(r->reason), false);
    if (r->stored)
        buf_lit(b, ",\"stored\":true");
    put_document(b, r);
    buf_lit(b, "}\n");
}

static bool fail(struct deadletter *d, const char *what)
{
    if (!d->failed)
        log_error("intake", "dead letters: %s: %s: %s; what is refused is only counted now",
                  d->path, what, strerror(errno));
    d->failed = true;
    return false;
}

static bool sync_file(struct deadletter *d)
{
    if (!d->dirty || d->fd < 0)
        return true;
    d->dirty = false;
    return fdatasync(d->fd) == 0 || fail(d, "cannot be synced");
}

static bool make_room(struct deadletter *d)
{
    struct why w;
    if (d->fd >= 0 && (d->size == 0 || d->size + (int64_t)d->line.n <= d->half))
        return true;
    if (d->fd >= 0) {
        sync_file(d);
        close(d->fd);
        d->fd = -1;
        if (rename(d->path, d->older) != 0)
            return false;
    }
    return open_file(d, &w) == ERR_OK;
}

static bool add(struct deadletter *d, const struct refusal *r)
{
    buf_reset(&d->line);
    put_letter(&d->line, d->next_id, r);
    BUG_ON(d->line.full);
    if (!make_room(d))
        return fail(d, "cannot begin a new file");
    if (!file_write_all(d->fd, buf_slice(&d->line))) {
        int code = errno;
        if (ftruncate(d->fd, d->size) != 0)
            log_error("intake", "dead letters: %s: a cut line stays in it", d->path);
        errno = code;
        return fail(d, "cannot be written");
    }
    d->next_id++;
    d->size += (int64_t)d->line.n;
    d->dirty = true;
    d->failed = false;
    return true;
}

bool deadletter_add(struct deadletter *d, const struct refusal *r)
{
    pthread_mutex_lock(&d->lock);
    bool ok = add(d, r);
    pthread_mutex_unlock(&d->lock);
    return ok;
}

bool deadletter_sync(struct deadletter *d)
{
    pthread_mutex_lock(&d->lock);
    bool ok = sync_file(d);
    pthread_mutex_unlock(&d->lock);
    return ok;
}

void deadletter_close(struct deadletter *d)
{
    if (!d)
        return;
    sync_file(d);
    pthread_mutex_destroy(&d->lock);
    if (d->fd >= 0)
        close(d->fd);
    xfree(d->line.p);
    xfree(d);
}

/* ---- reading */

static struct slice text_of(const struct node *n, const char *key)
{
    const struct node *v = node_get(n, key);
    return slice_cstr(v ? v->text : NULL);
}

static bool is_true(const struct node *n, const char *key)
{
    const struct node *v = node_get(n, key);
    return v && v->type == NODE_BOOL && v->b;
}

static struct slice decode(struct slice text, struct arena *mem)
{
    uint8_t *out = arena_alloc(mem, text.n + 4);
    int n = out ? EVP_DecodeBlock(out, text.p, (int)text.n) : -1;
    for (size_t i = text.n; n > 0 && i > 0 && text.p[i - 1] == '='; i--)
        n--;
    return n > 0 ? slice_of(out, (size_t)n) : slice_of(NULL, 0);
}

static bool read_letter(struct slice line, const char *path, struct arena *mem, struct letter *out)
{
    struct node *n;
    struct why ignored;
    if (json_read(mem, line, path, &n, &ignored) || n->type != NODE_MAP)
        return false;
    const struct node *id = node_get(n, "id");
    *out = (struct letter){ .id = id && id->type == NODE_INT ? id->i : 0,
                            .time = text_of(n, "time"),
                            .input = text_of(n, "input"),
                            .remote = text_of(n, "remote"),
                            .reason = text_of(n, "reason"),
                            .document = text_of(n, "document"),
                            .stored = is_true(n, "stored"),
                            .cut = is_true(n, "cut") };
    if (node_get(n, "document_base64"))
        out->document = decode(text_of(n, "document_base64"), mem);
    return true;
}

/* A half's lines; a cut one (the machine went down) is passed. */
static err read_half(const char *path, struct arena *mem, struct letter **list, size_t *n,
                     struct why *w)
{
    struct slice all;
    size_t lines = 0;
    if (!file_exists(path))
        return ERR_OK;
    err rc = file_read(mem, path, READ_MAX, &all, w);
    if (rc)
        return rc;
    for (size_t i = 0; i < all.n; i++)
        lines += all.p[i] == '\n';
    struct letter *more = arena_alloc(mem, (*n + lines) * sizeof *more);
    if (!more)
        return why_set(w, ERR_LIMIT, "%s: no memory for its letters", path);
    if (*n)
        memcpy(more, *list, *n * sizeof *more);
    *list = more;
    for (ptrdiff_t end; (end = slice_find(all, '\n')) >= 0; all = slice_after(all, (size_t)end + 1))
        *n += read_letter(slice_first(all, (size_t)end), path, mem, &more[*n]);
    return ERR_OK;
}

err deadletter_read(const char *path, struct arena *mem, struct letter **list, size_t *n,
                    struct why *w)
{
    char older[PATH_BYTES];
    snprintf(older, sizeof older, "%.*s.1", PATH_BYTES - 3, path);
    *list = NULL;
    *n = 0;
    err rc = read_half(older, mem, list, n, w);
    return rc ? rc : read_half(path, mem, list, n, w);
}
