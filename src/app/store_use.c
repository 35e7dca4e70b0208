/* Opening the store of the configuration beside no server. */
#include "app/store_use.h"

#include "app/routing.h"
#include "base/bug.h"
#include "os/limits.h"
#include "out/store.h"

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

err store_use_load(struct store_use *u, const struct args *a, struct why *w)
{
    struct start_conf sc = { .bare = false };
    *u = (struct store_use){ 0 };
    err e = start_load(&u->start, a, &sc, w);
    sc.bare = e == ERR_MISSING && !a->files.n; /* no configuration: the usual folders */
    if (sc.bare)
        e = start_load(&u->start, a, &sc, w);
    u->loaded = !e;
    return e;
}

static err open_store(struct store_use *u, bool read_only, struct why *w)
{
    void *conf = xcalloc(1, output_store.conf_size);
    xfree(u->ctx);
    u->ctx = xcalloc(1, output_store.ctx_size);
    err e = load_options(u, conf, w);
    if (!e && read_only)
        output_store_read_only(conf);
    if (!e)
        e = output_store.open(u->ctx, conf, w);
    u->store = e ? NULL : output_store_of(u->ctx);
    xfree(conf);
    return e;
}

err store_use_open(struct store_use *u, const struct args *a, struct why *w)
{
    limits_raise_files();
    err e = start_log(&u->start, a, true, w);
    return e ? e : open_store(u, false, w);
}

err store_use_open_read(struct store_use *u, const struct args *a, struct why *w)
{
    limits_raise_files();
    err e = start_log(&u->start, a, true, w);
    if (!e)
        e = open_store(u, true, w);
    return e == ERR_END || e == ERR_MISSING ? open_store(u, false, w) : e;
}

void store_use_end(struct store_use *u)
{
    if (u->store)
        output_store.close(u->ctx);
    xfree(u->ctx);
    if (u->loaded)
        start_free(&u->start);
}
