/* Index output: messages as lines in the indices of their streams' index sets, which rotate and are
 * deleted by the rules of those (store/index_writer.h). */
#include "base/log.h"
#include "os/clock.h"
#include "pipe/pipe.h"
#include "store/index_writer.h"

#define NS_PER_MS 1000000

struct index_conf {
    const char *path;
};

/* clang-format off */
static const struct option options[] = {
    OPT(index_conf, path, TEXT, "path", NULL, 0, 0, 0, "Folder of the indices and of the state of streams and index sets; path.data when it is not given."),
    { 0 }
};
/* clang-format on */

struct index_out {
    struct index_writer *writer;
    bool tick_failed; /* said once, until it works again */
};

static const char **index_folder(void *conf)
{
    return &((struct index_conf *)conf)->path;
}

static err index_open(void *ctx, const void *conf, struct why *w)
{
    struct index_out *o = ctx;
    const struct index_conf *c = conf;
    return index_writer_open(c->path, clock_real_ns() / NS_PER_MS, &o->writer, w);
}

static err index_write(void *ctx, const struct message *m, struct slice line, struct why *w)
{
    struct index_out *o = ctx;
    int64_t now_ms = m->receive_ns / NS_PER_MS;
    struct index_line l = { .text = line,
                            .stream = m->streams,
                            .n_streams = m->n_streams,
                            .ts_ms = m->has_ts ? m->ts_ms : now_ms,
                            .now_ms = now_ms };
    return index_writer_put(o->writer, &l, w);
}

static err index_sync(void *ctx, struct why *w)
{
    struct index_out *o = ctx;
    return index_writer_sync(o->writer, w);
}

static void index_tick(void *ctx, int64_t now_ns)
{
    struct index_out *o = ctx;
    struct why w;
    err e = index_writer_tick(o->writer, now_ns / NS_PER_MS, &w);
    if (e && !o->tick_failed)
        log_error("store", "rotation and retention: %s (it is tried again)", w.text);
    o->tick_failed = e != ERR_OK;
}

static void index_close(void *ctx)
{
    struct index_out *o = ctx;
    index_writer_close(o->writer);
}

const struct output output_index = {
    .name = "index",
    .doc = "Messages as lines in the indices of their index sets.",
    .options = options,
    .conf_size = sizeof(struct index_conf),
    .ctx_size = sizeof(struct index_out),
    .data_folder = index_folder,
    .open = index_open,
    .write_message = index_write,
    .sync = index_sync,
    .close = index_close,
    .tick = index_tick,
};
