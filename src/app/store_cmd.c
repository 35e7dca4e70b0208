/* wirelume store export: what the store has, while no server runs. */
#include "app/routing.h"
#include "app/start.h"
#include "app/state_cmd.h"
#include "base/bug.h"
#include "os/limits.h"
#include "out/store.h"
#include "store/store_export.h"

struct store_use {
    struct start start;
    bool loaded;
    void *ctx; /* of output_store */
    struct store *store;
};

static err load_options(struct store_use *u, void *conf, struct why *w)
{
    struct config *c = &u->start.config;
    struct loading l = { "output.store", &c->mem, w };
    err e = option_load(output_store.options, node_path(c->resolved, l.prefix), conf, &l);
    const char **folder = output_store.data_folder(conf);
    if (!e && !*folder)
        *folder = routing_folder(c);
    return e;
}

static err store_use_begin(struct store_use *u, const struct args *a, struct why *w)
{
    struct start_conf sc = { .bare = false };
    *u = (struct store_use){ 0 };
    err e = start_load(&u->start, a, &sc, w);
    sc.bare = e == ERR_MISSING && !a->files.n; /* no configuration: the usual folders */
    if (sc.bare)
        e = start_load(&u->start, a, &sc, w);
    if (e)
        return e;
    u->loaded = true;
    limits_raise_files();
    void *conf = xcalloc(1, output_store.conf_size);
    u->ctx = xcalloc(1, output_store.ctx_size);
    e = start_log(&u->start, a, true, w);
    if (!e)
        e = load_options(u, conf, w);
    if (!e)
        e = output_store.open(u->ctx, conf, w);
    u->store = e ? NULL : output_store_of(u->ctx);
    xfree(conf);
    return e;
}

static void store_use_end(struct store_use *u)
{
    if (u->store)
        output_store.close(u->ctx);
    xfree(u->ctx);
    if (u->loaded)
        start_free(&u->start);
}

static bool print_line(void *ctx, struct slice line)
{
    (void)ctx;
    fwrite(line.p, 1, line.n, stdout);
    return putchar('\n') != EOF;
}

int store_export_command(const struct args *a)
{
    static struct store_use u;
    const struct view_range all = { INT64_MIN, INT64_MAX, NULL };
    const struct store_sink sink = { NULL, print_line };
    struct why w = { "" };
    err e = store_use_begin(&u, a, &w);
    if (!e)
        e = store_export(u.store, &all, &sink, &w);
    if (!e && fflush(stdout) != 0)
        e = why_set(&w, ERR_IO, "standard output: it cannot be written");
    store_use_end(&u);
    return e ? state_refuse("%s", w.text) : 0;
}
