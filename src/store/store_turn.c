#include "store/store_turn.h"

#include <stdio.h>

#include "os/file.h"
#include "store/index_writer.h"

#define PATH_BYTES 4096
#define HAS        ".lock"
#define WAITS      ".waits"

static bool path_in(const char *folder, const char *name, char out[PATH_BYTES])
{
    int n = snprintf(out, PATH_BYTES, "%s/%s", folder, name);
    return n > 0 && n < PATH_BYTES;
}

static err read_too(const char *folder, const char *path, int *fd, struct why *w)
{
    char waits[PATH_BYTES];
    int other = -1;
    if (path_in(folder, WAITS, waits) && file_lock_shared(waits, &other, w) == ERR_LIMIT)
        return why_set(w, ERR_LIMIT, "store: %s: a server waits for it", folder);
    file_unlock(other);
    return file_lock_shared(path, fd, w);
}

static err write_alone(const char *folder, const char *path, int *fd, struct why *w)
{
    int other = -1;
    struct why ignored; /* the first failure is told */
    err e = file_lock(path, fd, w);
    if (e != ERR_LIMIT || file_lock_shared(path, &other, &ignored))
        return e;
    file_unlock(other);
    return why_set(w, ERR_END, "store: %s: a command reads it", folder);
}

err store_turn_take(const char *folder, bool read_only, int *fd, struct why *w)
{
    char path[PATH_BYTES];
    *fd = -1;
    if (!path_in(folder, HAS, path))
        return why_set(w, ERR_LIMIT, "store: %s: the path is too long", folder);
    return read_only ? read_too(folder, path, fd, w) : write_alone(folder, path, fd, w);
}

static bool path_of(const char *data, const char *name, char out[PATH_BYTES])
{
    char folder[PATH_BYTES];
    return path_in(data, INDICES_FOLDER, folder) && path_in(folder, name, out);
}

int store_turn_wait(const char *data)
{
    char path[PATH_BYTES];
    struct why ignored; /* it can wait without */
    int fd = -1;
    if (!path_of(data, WAITS, path) || file_lock(path, &fd, &ignored))
        return -1;
    return fd;
}

bool store_turn_is_taken(const char *data)
{
    char path[PATH_BYTES];
    struct why ignored; /* whoever opens the store hears of it */
    int fd = -1;
    err e = path_of(data, HAS, path) ? file_lock(path, &fd, &ignored) : ERR_OK;
    file_unlock(fd);
    return e == ERR_LIMIT;
}
