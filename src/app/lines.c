/* An output for import: JSON lines to one file, or nowhere. */
#include "app/lines.h"

#include <errno.h>

struct lines {
    FILE *file; /* NULL: nowhere */
    const char *path;
};

static err failure(const char *path, struct why *w)
{
    return why_set(w, errno == EPIPE ? ERR_END : ERR_IO, "%s: %s", path, strerror(errno));
}

err lines_prepare(struct lines_conf *conf, struct why *w)
{
    if (!conf->path || conf->file)
        return ERR_OK;
    conf->file = strcmp(conf->path, "-") == 0 ? stdout : fopen(conf->path, "we");
    return conf->file ? ERR_OK : failure(conf->path, w);
}

static err lines_open(void *ctx, const void *conf, struct why *w)
{
    struct lines *l = ctx;
    struct lines_conf c = *(const struct lines_conf *)conf;
    err rc = lines_prepare(&c, w);
    *l = (struct lines){ c.file, c.path };
    return rc;
}

static err lines_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    struct lines *l = ctx;
    (void)e;
    if (l->file && (fwrite(line.p, 1, line.n, l->file) != line.n || putc('\n', l->file) == EOF))
        return failure(l->path, w);
    return ERR_OK;
}

static err lines_flush(void *ctx, struct why *w)
{
    struct lines *l = ctx;
    return l->file && fflush(l->file) ? failure(l->path, w) : ERR_OK;
}

static void lines_close(void *ctx)
{
    struct lines *l = ctx;
    if (l->file && l->file != stdout)
        fclose(l->file);
}

static const struct option no_options[] = { { 0 } };

const struct output lines_output = {
    .name = "lines",
    .doc = "JSON lines to one file.",
    .options = no_options,
    .conf_size = sizeof(struct lines_conf),
    .ctx_size = sizeof(struct lines),
    .open = lines_open,
    .write = lines_write,
    .flush = lines_flush,
    .close = lines_close,
};
