/* Store output: messages in the embedded store, from which they can be asked for (store/store.h).
 */
#include "out/store.h"

#include "base/log.h"
#include "os/clock.h"
#include "store/library.h"

#define NS_PER_MS 1000000

struct store_out_conf {
    const char *path, *library;
    int64_t memory_bytes, threads, journal_bytes, seal_ns, reserve_bytes;
    bool read_only;
};

/* clang-format off */
static const struct option options[] = {
    OPT(store_out_conf, path, TEXT, "path", NULL,    0, 0, 0, "Folder of the store and of the state of streams and index sets; else path.data."),
    OPT(store_out_conf, library, TEXT, "library", NULL,    0, 0, 0, "DuckDB: else libduckdb.so beside the program, in ../lib/wirelume, /usr/local/lib or /usr/lib."),
    OPT(store_out_conf, memory_bytes, SIZE, "memory", "288MiB", 134217728, 1099511627776, 0, "Memory of DuckDB, which uses up to half more; two fifths for messages on their way."),
    OPT(store_out_conf, threads, INT, "threads", "2",     1, 1024, 0, "Threads of queries and of writing files."),
    OPT(store_out_conf, journal_bytes, SIZE, "journal", "4GiB",  67108864, 1099511627776, 0, "Largest size of the journal: beyond it nothing more is taken."),
    OPT(store_out_conf, seal_ns, DURATION, "seal_interval", "10m",   1000000000, 86400000000000, 0, "After that time messages are in a file; when many come, earlier."),
    OPT(store_out_conf, reserve_bytes, SIZE, "reserve", "512MiB", 0, 1099511627776, 0, "Free space of the disk below which nothing more is taken."),
    { 0 }
};
/* clang-format on */

struct store_out {
    struct store *store;
};

static const char **store_folder(void *conf)
{
    return &((struct store_out_conf *)conf)->path;
}

static err store_out_open(void *ctx, const void *conf, struct why *w)
{
    struct store_out *o = ctx;
    const struct store_out_conf *c = conf;
    struct libraries libraries;
    libraries_find(&libraries, c->library);
    struct store_conf sc = { .data = c->path,
                             .libraries = libraries.v,
                             .threads = (unsigned)c->threads,
                             .memory_bytes = (uint64_t)c->memory_bytes,
                             .journal_bytes = (uint64_t)c->journal_bytes,
                             .seal_ns = c->seal_ns,
                             .reserve_bytes = (uint64_t)c->reserve_bytes,
                             .read_only = c->read_only,
                             .now_ms = clock_real_ns() / NS_PER_MS };
    return store_open(&o->store, &sc, w);
}

static err store_out_write(void *ctx, const struct message *m, struct slice line, struct why *w)
{
    struct store_out *o = ctx;
    int64_t now_ms = m->receive_ns / NS_PER_MS;
    struct store_line l = { .text = line,
                            .stream = m->streams,
                            .n_streams = m->n_streams,
                            .ts_ms = m->has_ts ? m->ts_ms : now_ms,
                            .now_ms = now_ms };
    return store_put(o->store, &l, w);
}

static err store_out_sync(void *ctx, struct why *w)
{
    struct store_out *o = ctx;
    return store_sync(o->store, w);
}

static void store_out_tick(void *ctx, int64_t now_ns)
{
    struct store_out *o = ctx;
    store_tick(o->store, now_ns / NS_PER_MS);
}

static void store_out_close(void *ctx)
{
    struct store_out *o = ctx;
    store_close(o->store);
}

static const struct counters *store_out_counters(void *ctx)
{
    struct store_out *o = ctx;
    return store_counters(o->store);
}

void output_store_read_only(void *conf)
{
    ((struct store_out_conf *)conf)->read_only = true;
}

struct store *output_store_of(void *ctx)
{
    return ((struct store_out *)ctx)->store;
}

const struct output output_store = {
    .name = "store",
    .doc = "Messages in the embedded store, where queries find them.",
    .options = options,
    .conf_size = sizeof(struct store_out_conf),
    .ctx_size = sizeof(struct store_out),
    .line_bytes = STORE_MESSAGE_MAX,
    .data_folder = store_folder,
    .open = store_out_open,
    .write_message = store_out_write,
    .sync = store_out_sync,
    .close = store_out_close,
    .tick = store_out_tick,
    .counters = store_out_counters,
};
