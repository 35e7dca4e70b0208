/* File output: one event a line in files that rotate by size (packetbeat-core.md 3.9). The active
 * file is <path>/<filename>-YYYYMMDD.ndjson; when that name is taken at a rotation, -1, -2 and so
 * on follow the date. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "out/writer.h"
#include "pipe/pipe.h"

#define PATH_BYTES 4096
#define FILES_MAX  4096 /* older files in the folder that are looked at */
#define SUFFIX     ".ndjson"

struct file_conf {
    const char *path, *filename, *permissions;
    int64_t rotate_every_kb, number_of_files;
    bool rotate_on_startup;
};

/* clang-format off */
static const struct option options[] = {
    OPT(file_conf, path,              TEXT, "path",              NULL,         0, 0,       OPT_REQUIRED, "Folder of the files."),
    OPT(file_conf, filename,          TEXT, "filename",          "packetbeat", 0, 0,       0, "Their name before the date."),
    OPT(file_conf, permissions,       TEXT, "permissions",       "0600",       0, 0,       0, "Permissions of new files, octal with a leading 0."),
    OPT(file_conf, rotate_every_kb,   INT,  "rotate_every_kb",   "10240",      1, 1 << 30, 0, "Largest size of a file, in KiB."),
    OPT(file_conf, number_of_files,   INT,  "number_of_files",   "7",          2, 1024,    0, "How many older files are kept."),
    OPT(file_conf, rotate_on_startup, BOOL, "rotate_on_startup", "true",       0, 0,       0, "Begin a new file at start when there is one."),
    { 0 }
};
/* clang-format on */

struct file_out {
    const struct file_conf *conf;
    struct writer writer;
    uint64_t size, max; /* bytes of the active file with what is buffered; limit */
    uint64_t good;      /* bytes of it that stay when a write fails */
    bool durable;       /* sync was asked for: good is what is on disk */
    bool unnamed;       /* the active file is new: its name may not be on disk */
    mode_t mode;
    char active[PATH_BYTES];
};

/* One file of ours in the folder: what stands between the prefix and the suffix. */
struct old_file {
    uint32_t date, number;
};

static bool read_mode(const char *text, mode_t *out)
{
    char *end;
    unsigned long v = strtoul(text, &end, text[0] == '0' ? 8 : 10);
    *out = (mode_t)v;
    return end != text && *end == '\0' && v <= 0777;
}

/* "-YYYYMMDD" or "-YYYYMMDD-N" behind the prefix. */
static bool read_name(struct slice name, struct slice prefix, struct old_file *out)
{
    uint64_t date, number = 0;
    if (!slice_starts(name, prefix) || !slice_ends(name, SLICE(SUFFIX)))
        return false;
    struct slice s = slice_after(name, prefix.n);
    if (s.n < 9 + sizeof SUFFIX - 1 || s.p[0] != '-')
        return false;
    s.n -= sizeof SUFFIX - 1;
    if (!slice_to_u64(slice_of(s.p + 1, 8), &date))
        return false;
    s = slice_after(s, 9);
    if (s.n && (s.p[0] != '-' || !slice_to_u64(slice_after(s, 1), &number)))
        return false;
    *out = (struct old_file){ (uint32_t)date, (uint32_t)number };
    return number <= UINT32_MAX;
}

static int by_age(const void *a, const void *b)
{
    const struct old_file *x = a, *y = b;
    if (x->date != y->date)
        return x->date < y->date ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Our files in the folder, oldest first; *list is the caller's to free. */
static unsigned list_files(const struct file_out *f, struct old_file **list)
{
    unsigned n = 0;
    *list = xmalloc(FILES_MAX * sizeof **list);
    DIR *folder = opendir(f->conf->path);
    for (struct dirent *d; folder && n < FILES_MAX && (d = readdir(folder));)
        n += read_name(slice_cstr(d->d_name), slice_cstr(f->conf->filename), &(*list)[n]);
    if (folder)
        closedir(folder);
    qsort(*list, n, sizeof **list, by_age);
    return n;
}

static bool name_file(const struct file_out *f, const struct old_file *o, char out[PATH_BYTES])
{
    struct buf b = buf_of(out, PATH_BYTES - 1);
    buf_printf(&b, "%s/%s-%08u", f->conf->path, f->conf->filename, o->date);
    if (o->number)
        buf_printf(&b, "-%u", o->number);
    buf_cstr(&b, SUFFIX);
    out[b.n] = '\0';
    return !b.full;
}

static uint32_t today(void)
{
    char text[16];
    uint64_t date = 0;
    struct buf b = buf_of(text, sizeof text);
    clock_format(&b, clock_real_ns(), "%Y%m%d");
    slice_to_u64(buf_slice(&b), &date);
    return (uint32_t)date;
}

static err open_active(struct file_out *f, struct why *w)
{
    int fd = open(f->active, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, f->mode);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err e = why_set(w, ERR_IO, "%s: %s", f->active, strerror(errno));
        if (fd >= 0)
            close(fd);
        return e;
    }
    f->writer.fd = fd;
    f->size = f->good = (uint64_t)st.st_size;
    return ERR_OK;
}

/* After a failed write: half a line, or lines that will be written again, do not stay. */
static err undo(struct file_out *f, err e)
{
    f->writer.n = 0;
    if (f->writer.fd >= 0 && ftruncate(f->writer.fd, (off_t)f->good) != 0)
        log_error("output", "file: %s: a cut line stays in it: %s", f->active, strerror(errno));
    f->size = f->good;
    return e;
}

static err flush(struct file_out *f, struct why *w)
{
    if (f->writer.fd < 0)
        return ERR_OK;
    err e = writer_flush(&f->writer, f->active, w);
    if (e)
        return undo(f, e);
    if (!f->durable)
        f->good = f->size;
    return ERR_OK;
}

static err sync_fd(int fd, const char *path, struct why *w)
{
    return fsync(fd) == 0 ? ERR_OK : why_set(w, ERR_IO, "%s: %s", path, strerror(errno));
}

static err sync_active(struct file_out *f, struct why *w)
{
    err e = flush(f, w);
    if (e || f->writer.fd < 0 || f->size == f->good)
        return e;
    if (f->unnamed && (e = file_sync_folder(f->conf->path, w)))
        return undo(f, e);
    f->unnamed = false;
    e = sync_fd(f->writer.fd, f->active, w);
    if (e)
        return undo(f, e); /* the kernel may have dropped the pages: they are written again */
    f->good = f->size;
    return ERR_OK;
}

/* The oldest beyond number_of_files, which does not count the active one. */
static void delete_old(const struct file_out *f, const struct old_file *list, unsigned n)
{
    char path[PATH_BYTES];
    for (unsigned i = 0; n > (unsigned)f->conf->number_of_files && i < n; i++) {
        if (i >= n - (unsigned)f->conf->number_of_files)
            break;
        if (name_file(f, &list[i], path) && unlink(path) != 0)
            log_warn("output", "file: %s: cannot be deleted: %s", path, strerror(errno));
    }
}

/* Begins a new file. The first one of a day has no number. */
static err rotate(struct file_out *f, struct why *w)
{
    struct old_file *list, next = { today(), 0 };
    unsigned n = list_files(f, &list);
    for (unsigned i = 0; i < n; i++)
        if (list[i].date == next.date)
            next.number = list[i].number + 1;
    if (f->writer.fd >= 0)
        close(f->writer.fd);
    f->writer.fd = -1;
    f->unnamed = true;
    err e = name_file(f, &next, f->active)
                ? open_active(f, w)
                : why_set(w, ERR_CONFIG, "%s: the path is too long", f->conf->path);
    if (!e)
        delete_old(f, list, n);
    xfree(list);
    return e;
}

/* A program that was killed may have left half a line at the end. */
static void drop_half_line(const struct file_out *f)
{
    uint8_t part[4096];
    int fd = open(f->active, O_RDWR | O_CLOEXEC);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END), keep = end;
    for (bool found = false; keep > 0 && !found;) {
        size_t n = keep < (off_t)sizeof part ? (size_t)keep : sizeof part;
        if (pread(fd, part, n, keep - (off_t)n) != (ssize_t)n)
            break;
        while (n > 0 && !(found = part[n - 1] == '\n'))
            n--, keep--;
    }
    if (keep < end && ftruncate(fd, keep) != 0)
        log_warn("output", "file: %s: half a line stays at its end", f->active);
    if (fd >= 0)
        close(fd);
}

/* At start: the newest file is gone on with unless a new one is wanted. */
static err begin(struct file_out *f, struct why *w)
{
    struct old_file *list;
    unsigned n = list_files(f, &list);
    bool there = n > 0 && name_file(f, &list[n - 1], f->active);
    bool go_on = there && !f->conf->rotate_on_startup;
    xfree(list);
    if (there)
        drop_half_line(f);
    return go_on ? open_active(f, w) : rotate(f, w);
}

static err file_open(void *ctx, const void *conf, struct why *w)
{
    struct file_out *f = ctx;
    f->conf = conf;
    f->max = (uint64_t)f->conf->rotate_every_kb * 1024;
    if (!read_mode(f->conf->permissions, &f->mode))
        return why_set(w, ERR_CONFIG,
                       "output.file.permissions: \"%s\" is no octal number such as 0600",
                       f->conf->permissions);
    /* Who may read the files may look through the folder. */
    unsigned folder = 0700 | (f->mode & 0040 ? 0010 : 0) | (f->mode & 0004 ? 0001 : 0);
    err e = file_make_folder(f->conf->path, folder, w);
    if (e)
        return e;
    writer_init(&f->writer, -1);
    e = begin(f, w);
    if (e)
        writer_free(&f->writer);
    return e;
}

/* Begins the next file when the line does not fit any more, or there is none. */
static err make_room(struct file_out *f, size_t n, struct why *w)
{
    if (f->writer.fd >= 0 && (f->size + n <= f->max || f->size == 0))
        return ERR_OK;
    err e = f->durable ? sync_active(f, w) : flush(f, w);
    return e ? e : rotate(f, w);
}

static err file_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    struct file_out *f = ctx;
    (void)e;
    if (line.n + 1 > f->max && !f->durable)
        return why_set(w, ERR_LIMIT, "%s: an event of %zu bytes is larger than rotate_every_kb",
                       f->active, line.n);
    err failed = make_room(f, line.n + 1, w);
    if (failed)
        return failed;
    f->size += line.n + 1;
    failed = writer_line(&f->writer, line, f->active, w);
    return failed ? undo(f, failed) : ERR_OK;
}

static err file_flush(void *ctx, struct why *w)
{
    return flush(ctx, w);
}

static err file_sync(void *ctx, struct why *w)
{
    struct file_out *f = ctx;
    if (!f->durable) {
        f->durable = true; /* what an earlier process wrote is synced too */
        err e = f->writer.fd < 0 ? ERR_OK : sync_fd(f->writer.fd, f->active, w);
        if (!e)
            e = file_sync_folder(f->conf->path, w);
        if (e)
            return e;
    }
    return sync_active(f, w);
}

static void file_close(void *ctx)
{
    struct file_out *f = ctx;
    struct why w;
    if (file_flush(f, &w))
        log_error("output", "file: %s", w.text);
    if (f->writer.fd >= 0)
        close(f->writer.fd);
    writer_free(&f->writer);
}

const struct output output_file = {
    .name = "file",
    .doc = "Events as lines in rotating files.",
    .options = options,
    .conf_size = sizeof(struct file_conf),
    .ctx_size = sizeof(struct file_out),
    .open = file_open,
    .write = file_write,
    .flush = file_flush,
    .sync = file_sync,
    .close = file_close,
};
