/* Whole files: reading, replacing in one step, folders, locks. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"

#define FIRST_BYTES ((size_t)16384)

static err io_error(struct why *w, const char *path)
{
    return why_set(w, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: %s", path, strerror(errno));
}

/* Doubles the memory as it fills: the size of a pipe is not known before its end. */
static err read_all(struct arena *a, int fd, size_t max_bytes, struct slice *out, struct why *w)
{
    size_t n = 0, cap = FIRST_BYTES;
    uint8_t *p = arena_alloc(a, cap);
    for (;;) {
        if (p && n == cap) {
            uint8_t *larger = arena_alloc(a, cap * 2);
            if (larger)
                memcpy(larger, p, n);
            p = larger;
            cap *= 2;
        }
        if (!p)
            return why_set(w, ERR_LIMIT, "no memory to read it");
        ssize_t got = read(fd, p + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_set(w, ERR_IO, "%s", strerror(errno));
        if (got == 0)
            break;
        n += (size_t)got;
        if (n > max_bytes)
            return why_set(w, ERR_LIMIT, "larger than %zu bytes", max_bytes);
    }
    *out = slice_of(p, n);
    return ERR_OK;
}

err file_read(struct arena *a, const char *path, size_t max_bytes, struct slice *out, struct why *w)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    *out = slice_of(NULL, 0);
    if (fd < 0)
        return io_error(w, path);
    struct why inner = { "" };
    err rc = read_all(a, fd, max_bytes, out, &inner);
    if (!standard)
        close(fd);
    return rc ? why_set(w, rc, "%s: %s", path, inner.text) : ERR_OK;
}

bool file_write_all(int fd, struct slice content)
{
    while (content.n) {
        ssize_t put = write(fd, content.p, content.n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        content = slice_after(content, (size_t)put);
    }
    return true;
}

static err write_all(int fd, const char *path, struct slice content, struct why *w)
{
    if (!file_write_all(fd, content))
        return io_error(w, path);
    return fsync(fd) && errno != EINVAL ? io_error(w, path) : ERR_OK;
}

err file_replace(const char *path, struct slice content, unsigned mode, struct why *w)
{
    char fresh[4096];
    struct buf b = buf_of(fresh, sizeof fresh - 1);
    buf_cstr(&b, path);
    buf_lit(&b, ".new");
    if (b.full)
        return why_set(w, ERR_LIMIT, "%s: the path is too long", path);
    fresh[b.n] = '\0';
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return io_error(w, fresh);
    err rc = write_all(fd, fresh, content, w);
    if (close(fd) && !rc)
        rc = io_error(w, fresh);
    if (!rc && rename(fresh, path))
        rc = io_error(w, path);
    if (rc)
        unlink(fresh);
    return rc;
}

err file_make_folder(const char *path, unsigned mode, struct why *w)
{
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return why_set(w, ERR_LIMIT, "%s: the path is too long", path);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, mode) && errno != EEXIST)
            return io_error(w, part);
        part[i] = kept;
    }
    struct stat st;
    if (stat(path, &st))
        return io_error(w, path);
    return S_ISDIR(st.st_mode) ? ERR_OK : why_set(w, ERR_IO, "%s: not a folder", path);
}

err file_sync_folder(const char *path, struct why *w)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    err rc = fd < 0 || fsync(fd) ? why_set(w, ERR_IO, "%s: %s", path, strerror(errno)) : ERR_OK;
    if (fd >= 0)
        close(fd);
    return rc;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

uint64_t file_free_bytes(const char *path)
{
    struct statvfs v;
    return statvfs(path, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize : UINT64_MAX;
}

static err lock(const char *path, int *fd, int kind, struct why *w)
{
    if (flock(*fd, kind | LOCK_NB) == 0)
        return ERR_OK;
    int reason = errno;
    close(*fd);
    *fd = -1;
    errno = reason;
    return reason == EWOULDBLOCK ? why_set(w, ERR_LIMIT, "%s: locked by another process", path)
                                 : io_error(w, path);
}

err file_lock(const char *path, int *fd, struct why *w)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return *fd < 0 ? io_error(w, path) : lock(path, fd, LOCK_EX, w);
}

err file_lock_shared(const char *path, int *fd, struct why *w)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT)
        return why_set(w, ERR_MISSING, "%s: %s", path, strerror(errno));
    return *fd < 0 ? io_error(w, path) : lock(path, fd, LOCK_SH, w);
}

void file_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}
