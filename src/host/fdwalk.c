/* Links of /proc/PID/fd that read "socket:[INODE]" (proc(5)). */
#include "host/fdwalk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bug.h"

static void add(struct fdwalk *w, uint64_t inode, int64_t pid)
{
    if (w->n == FDWALK_MAX)
        return;
    if (w->n == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 1024;
        w->v = xrealloc(w->v, w->cap * sizeof *w->v);
    }
    w->v[w->n++] = (struct fd_owner){ inode, pid };
}

static void look_at(struct fdwalk *w, int folder, const char *name, int64_t pid)
{
    char target[64];
    uint64_t inode;
    ssize_t n = readlinkat(folder, name, target, sizeof target);
    struct slice s = slice_of(target, n > 0 ? (size_t)n : 0);
    if (!slice_starts(s, SLICE("socket:[")) || s.p[s.n - 1] != ']')
        return;
    if (slice_to_u64(slice_of(s.p + 8, s.n - 9), &inode))
        add(w, inode, pid);
}

static void walk_process(struct fdwalk *w, const char *pid_text, uint64_t pid)
{
    char path[64];
    struct buf b = buf_of(path, sizeof path - 1);
    buf_printf(&b, "/proc/%s/fd", pid_text);
    path[b.n] = '\0';
    DIR *folder = opendir(path);
    if (!folder) {
        w->closed += errno == EACCES || errno == EPERM;
        return;
    }
    for (struct dirent *e; (e = readdir(folder));)
        if (e->d_name[0] != '.')
            look_at(w, dirfd(folder), e->d_name, (int64_t)pid);
    closedir(folder);
}

static int by_inode(const void *a, const void *b)
{
    const struct fd_owner *x = a, *y = b;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

void fdwalk_run(struct fdwalk *w)
{
    w->n = w->closed = 0;
    DIR *proc = opendir("/proc");
    if (!proc)
        return;
    for (struct dirent *e; (e = readdir(proc));) {
        uint64_t pid;
        if (slice_to_u64(slice_cstr(e->d_name), &pid))
            walk_process(w, e->d_name, pid);
    }
    closedir(proc);
    if (w->n)
        qsort(w->v, w->n, sizeof *w->v, by_inode);
}

/* Of several that share it (a server and its workers) the oldest, as a rule: the lowest pid. */
int64_t fdwalk_pid(const struct fdwalk *w, uint64_t inode)
{
    unsigned from = 0, end = w->n;
    while (from < end) {
        unsigned middle = (from + end) / 2;
        if (w->v[middle].inode < inode)
            from = middle + 1;
        else
            end = middle;
    }
    return from < w->n && w->v[from].inode == inode ? w->v[from].pid : 0;
}

void fdwalk_free(struct fdwalk *w)
{
    xfree(w->v);
}
