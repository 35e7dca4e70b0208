/* Folders of files: their names, what tells that one changed, and copies that never do. */
#include "os/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static err system_error(struct why *w, const char *path)
{
    return why_set(w, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s: %s", path, strerror(errno));
}

/* ---- names */

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_wanted(const char *name, const char *end)
{
    return name[0] != '.' && slice_ends(slice_cstr(name), slice_cstr(end));
}

static err read_names(struct arena *a, DIR *d, const char *end, struct names *out)
{
    const struct dirent *e;
    while ((e = readdir(d))) {
        if (!is_wanted(e->d_name, end))
            continue;
        if (out->n == FOLDER_NAMES_MAX)
            return ERR_LIMIT;
        struct slice copy = arena_dup(a, slice_of(e->d_name, strlen(e->d_name) + 1));
        if (!copy.n)
            return ERR_LIMIT;
        out->v[out->n++] = (const char *)copy.p;
    }
    return ERR_OK;
}

err folder_list(struct arena *a, const char *path, const char *end, struct names *out,
                struct why *w)
{
    *out = (struct names){ arena_alloc(a, FOLDER_NAMES_MAX * sizeof *out->v), 0 };
    DIR *d = opendir(path);
    if (!d)
        return system_error(w, path);
    err rc = out->v ? read_names(a, d, end, out) : ERR_LIMIT;
    closedir(d);
    if (rc)
        return why_set(w, rc, "%s: more than %d files", path, FOLDER_NAMES_MAX);
    qsort(out->v, out->n, sizeof *out->v, compare);
    return ERR_OK;
}

bool folder_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- change */

struct file_stamp file_stamp_of(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return (struct file_stamp){ 0 };
    return (struct file_stamp){ st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec,
                                st.st_size, st.st_ino };
}

bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->changed_ns == b->changed_ns && a->size == b->size && a->inode == b->inode;
}

/* ---- copies */

static err copy_all(int from, int to, int64_t max_bytes, const char *path, struct why *w)
{
    for (int64_t copied = 0;;) {
        ssize_t n = sendfile(to, from, NULL, (size_t)1 << 24);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return system_error(w, path);
        if (n == 0)
            return ERR_OK;
        copied += n;
        if (copied > max_bytes)
            return why_set(w, ERR_LIMIT, "%s: larger than %lld bytes", path, (long long)max_bytes);
    }
}

err file_copy(const char *path, int64_t max_bytes, int *fd, struct why *w)
{
    *fd = -1;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return system_error(w, path);
    int to = memfd_create("wirelume", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    err rc = to < 0 ? system_error(w, path) : copy_all(from, to, max_bytes, path, w);
    close(from);
    if (!rc && fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
        rc = system_error(w, path);
    if (rc && to >= 0)
        close(to);
    *fd = rc ? -1 : to;
    return rc;
}

void file_copy_close(int fd)
{
    close(fd);
}
