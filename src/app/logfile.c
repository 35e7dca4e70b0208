/* The log: one sink, called by base/log.c under its mutex. Log files are called
 * NAME-YYYYMMDD.ndjson, then NAME-YYYYMMDD-1.ndjson and so on (packetbeat-core.md 2.12 and 3.9). */
#include "app/logfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/paths.h"
#include "app/version.h"
#include "base/buf.h"
#include "base/log.h"
#include "codec/json.h"
#include "os/clock.h"
#include "os/file.h"

#define LINE_BYTES ((size_t)64 * 1024) /* a longer line is left out */

static struct logfile {
    const struct logging_conf *logging;
    const char *folder;
    struct texts selectors;
    bool plain;
    int fd; /* -1: standard error */
    int64_t bytes;
    char path[PATH_MAX];
} log_state = { .fd = -1 };

static const char *const names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
};

static bool is_selected(const char *area)
{
    const struct texts *t = &log_state.selectors;
    for (unsigned i = 0; i < t->n; i++)
        if (strcmp(t->v[i], "*") == 0 || strcmp(t->v[i], area) == 0)
            return true;
    return t->n == 0;
}

static void write_line(int fd, struct slice line)
{
    while (line.n) {
        ssize_t put = write(fd, line.p, line.n);
        if (put < 0 && errno != EINTR)
            return; /* there is nobody to tell */
        line = slice_after(line, put > 0 ? (size_t)put : 0);
    }
}

/* ---- files */

/* "name-20240124-3.ndjson" of the present day, number 0 without its dash. */
static void file_path(unsigned number)
{
    struct buf b = buf_of(log_state.path, sizeof log_state.path - 1);
    buf_cstr(&b, log_state.folder);
    buf_u8(&b, '/');
    buf_cstr(&b, log_state.logging->name);
    buf_u8(&b, '-');
    clock_format(&b, clock_real_ns(), "%Y%m%d");
    if (number)
        buf_printf(&b, "-%u", number);
    buf_lit(&b, ".ndjson");
    log_state.path[b.n] = '\0';
}

struct old_file {
    char name[NAME_MAX + 1];
    int64_t time_ns;
};

static int oldest_first(const void *a, const void *b)
{
    const struct old_file *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_ours(const char *name)
{
    struct slice s = slice_cstr(name), ours = slice_cstr(log_state.logging->name);
    return slice_starts(s, ours) && slice_ends(s, SLICE(".ndjson")) && s.n > ours.n &&
           s.p[ours.n] == '-';
}

/* Files of ours that lie in the folder, at most max; the newest are kept when there are more. */
static unsigned list_files(int folder, DIR *dir, struct old_file *list, unsigned max)
{
    unsigned n = 0;
    struct dirent *entry;
    struct stat st;
    while (n < max && (entry = readdir(dir))) {
        if (!is_ours(entry->d_name) || fstatat(folder, entry->d_name, &st, 0))
            continue;
        memcpy(list[n].name, entry->d_name, strlen(entry->d_name) + 1);
        list[n++].time_ns = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    }
    qsort(list, n, sizeof *list, oldest_first);
    return n;
}

/* Keeps keepfiles files beside the one to come. */
static void remove_old(void)
{
    static struct old_file list[2048];
    DIR *dir = opendir(log_state.folder);
    if (!dir)
        return;
    unsigned n = list_files(dirfd(dir), dir, list, COUNT(list));
    for (unsigned i = 0; i + (unsigned)log_state.logging->keep_files < n; i++)
        unlinkat(dirfd(dir), list[i].name, 0);
    closedir(dir);
}

/* Opens the first name of the day that is free; `go_on`: or the last one that is there. */
static err open_file(bool go_on, struct why *w)
{
    unsigned number = 0;
    struct stat st;
    for (file_path(0); file_exists(log_state.path); file_path(number))
        number++;
    if (go_on && number)
        file_path(number - 1);
    int fd = open(log_state.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                  (mode_t)log_state.logging->permissions);
    if (fd < 0)
        return why_set(w, ERR_IO, "error initializing logging: %s: %s", log_state.path,
                       strerror(errno));
    if (log_state.fd >= 0)
        close(log_state.fd);
    log_state.fd = fd;
    log_state.bytes = fstat(fd, &st) ? 0 : st.st_size;
    remove_old();
    return ERR_OK;
}

static void write_to_file(struct slice line)
{
    if (log_state.bytes + (int64_t)line.n > log_state.logging->rotate_bytes && log_state.bytes) {
        struct why why;
        if (open_file(false, &why))
            log_state.bytes = 0; /* go on in the old one */
    }
    write_line(log_state.fd, line);
    log_state.bytes += (int64_t)line.n;
}

/* ---- lines */

static void put_json(struct buf *b, enum log_level level, const char *area, const char *text,
                     const char *data)
{
    buf_lit(b, "{\"log.level\":\"");
    buf_cstr(b, names[level]);
    buf_lit(b, "\",\"@timestamp\":\"");
    clock_local(b, clock_real_ns());
    buf_lit(b, "\",\"log.logger\":");
    json_string(b, slice_cstr(area), false);
    buf_lit(b, ",\"message\":");
    json_string(b, slice_cstr(text), false);
    if (*data)
        buf_u8(b, ',');
    buf_cstr(b, data);
    buf_lit(b, ",\"service.name\":\"wirelume\",\"ecs.version\":\"1.6.0\"}\n");
}

/* Under the log's mutex. */
static void data_sink(void *ctx, enum log_level level, const char *area, const char *text,
                      const char *data)
{
    static uint8_t line[LINE_BYTES];
    struct buf b = buf_of(line, sizeof line);
    (void)ctx;
    if (level == LOG_DEBUG && !is_selected(area))
        return;
    if (log_state.plain)
        buf_printf(&b, "%s: %s%s%s\n", area, text, *data ? " " : "", data);
    else
        put_json(&b, level, area, text, data);
    if (b.full)
        return;
    if (log_state.fd >= 0)
        write_to_file(buf_slice(&b));
    else
        write_line(STDERR_FILENO, buf_slice(&b));
}

static void sink(void *ctx, enum log_level level, const char *area, const char *text)
{
    data_sink(ctx, level, area, text, "");
}

void logfile_level(const struct logfile_conf *conf)
{
    static const enum log_level levels[] = { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_ERROR };
    enum log_level level = conf->logging ? levels[conf->logging->level] : LOG_WARN;
    if (conf->verbose && level < LOG_INFO)
        level = LOG_INFO;
    log_state.selectors = conf->logging ? conf->logging->selectors : conf->debug;
    if (conf->debug.n) {
        level = LOG_DEBUG;
        log_state.selectors = conf->debug;
    }
    log_set_level(level);
}

err logfile_open(const struct logfile_conf *conf, struct why *w)
{
    const struct logging_conf *l = conf->logging;
    log_state.logging = l;
    log_state.plain = conf->plain;
    log_state.folder = l && l->path && *l->path ? l->path : conf->folder;
    logfile_level(conf);
    log_set_sink(sink, NULL);
    log_set_data_sink(data_sink);
    if (!l || conf->to_stderr || l->to_stderr || conf->service || conf->plain || !l->to_files)
        return ERR_OK;
    err rc = file_make_folder(log_state.folder, 0750, w);
    return rc ? rc : open_file(!l->rotate_on_startup, w);
}

void logfile_close(void)
{
    log_set_sink(NULL, NULL);
    if (log_state.fd >= 0)
        close(log_state.fd);
    log_state.fd = -1;
}
