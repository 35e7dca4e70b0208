/* Console output: one event a line on standard output, flushed with each batch. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "out/writer.h"
#include "pipe/pipe.h"

struct console_conf {
    int64_t bulk_max_size;
};

/* clang-format off */
static const struct option options[] = {
    OPT(console_conf, bulk_max_size, INT, "bulk_max_size", "2048", 0, 0, OPT_INERT, "Events in a batch; batches are flushed as they come."),
    { 0 }
};
/* clang-format on */

static err console_open(void *ctx, const void *conf, struct why *w)
{
    (void)conf, (void)w;
    writer_init(ctx, STDOUT_FILENO);
    return ERR_OK;
}

static err console_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    (void)e;
    return writer_line(ctx, line, "standard output", w);
}

static err console_flush(void *ctx, struct why *w)
{
    return writer_flush(ctx, "standard output", w);
}

/* Standard output may be a file. Pipes and terminals have nothing to sync. */
static err console_sync(void *ctx, struct why *w)
{
    err e = writer_flush(ctx, "standard output", w);
    if (!e && fdatasync(STDOUT_FILENO) != 0 && errno != EINVAL && errno != EROFS)
        e = why_set(w, ERR_IO, "standard output: %s", strerror(errno));
    return e;
}

static void console_close(void *ctx)
{
    struct why ignored;
    err e = writer_flush(ctx, "standard output", &ignored);
    (void)e; /* at the end there is nobody to tell */
    writer_free(ctx);
}

const struct output output_console = {
    .name = "console",
    .doc = "Events as lines on standard output.",
    .options = options,
    .conf_size = sizeof(struct console_conf),
    .ctx_size = sizeof(struct writer),
    .open = console_open,
    .write = console_write,
    .flush = console_flush,
    .sync = console_sync,
    .close = console_close,
};
