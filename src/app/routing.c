/* Streams at work. */
#include "app/routing.h"

#include <stdio.h>

#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "pack/stream_rules.h"
#include "store/set_conf.h"

#define NS_PER_MS   1000000
#define FOLDER_MODE 0770

struct routing {
    struct arena mem;
    struct state *state;
    struct stream_defs defs;
    struct rule_stream *all;
    struct stream_rules *rules;
};

const char *routing_folder(const struct config *c)
{
    static const char *const outputs_with_state[] = { "output.store", "output.index" };
    for (unsigned i = 0; i < COUNT(outputs_with_state); i++) {
        const struct node *o = node_path(c->resolved, outputs_with_state[i]);
        const struct node *path = node_get(o, "path"), *enabled = node_get(o, "enabled");
        bool off = enabled && enabled->type == NODE_BOOL && !enabled->b;
        if (!off && path && path->text && *path->text)
            return path->text;
    }
    return c->paths.data;
}

/* ---- what packs want */

static err add_set(struct routing *s, const struct node *n, struct why *w)
{
    struct index_set set = { 0 };
    bool made;
    err e = set_conf_read(&set, n, &s->mem, w);
    if (e)
        return e;
    set.created_ms = clock_real_ns() / NS_PER_MS;
    e = state_add_index_set(s->state, &set, &made, w);
    if (!e && made)
        log_info("streams", "index set \"%s\" with the prefix %s is made", set.title, set.prefix);
    return e;
}

static const char *find_set(const struct index_sets *sets, const char *title)
{
    for (unsigned i = 0; i < sets->n; i++)
        if (strcmp(sets->v[i].title, title) == 0)
            return sets->v[i].id;
    return NULL;
}

static err add_stream(struct routing *s, const struct node *n, struct why *w)
{
    struct stream_def d;
    struct index_sets sets;
    const char *set;
    char id[25];
    err e = stream_conf_read(&d, &set, n, &s->mem, w);
    if (!e && set)
        e = state_index_sets(s->state, &s->mem, &sets, w);
    if (e)
        return e;
    d.index_set_id = set ? find_set(&sets, set) : NULL;
    if (set && !d.index_set_id)
        return why_set(w, ERR_CONFIG,
                       "stream \"%s\": there is no index set \"%s\" (mend: an index_set.yml with "
                       "that title)",
                       d.title, set);
    pack_stream_id(slice_cstr(d.title), id);
    d.id = id;
    d.created_ms = clock_real_ns() / NS_PER_MS;
    return state_add_stream(s->state, &d, &s->mem, w);
}

typedef err add_fn(struct routing *s, const struct node *n, struct why *w);

/* A map is one, a list are several. */
static err add_each(struct routing *s, const struct node *n, add_fn *add, struct why *w)
{
    err e = ERR_OK;
    if (n && n->type == NODE_MAP)
        e = add(s, n, w);
    for (const struct node *c = n && n->type == NODE_LIST ? n->child : NULL; c && !e; c = c->next)
        e = add(s, c, w);
    return e;
}

/* ---- opening */

static err load(struct routing *s, struct why *w)
{
    err e = state_streams(s->state, &s->mem, &s->defs, w);
    if (e)
        return e;
    s->all = arena_alloc(&s->mem, (s->defs.n + 1) * sizeof *s->all);
    s->rules = stream_rules_make(s->defs.v, s->defs.n, &s->mem);
    if (!s->all || !s->rules)
        return why_set(w, ERR_LIMIT, "no memory for streams");
    for (unsigned i = 0; i < s->defs.n; i++)
        s->all[i] = (struct rule_stream){ slice_cstr(s->defs.v[i].id),
                                          slice_cstr(s->defs.v[i].title), s->defs.v[i].paused };
    return ERR_OK;
}

err routing_open(struct routing **out, const char *folder, struct why *w)
{
    char path[4096];
    struct routing *s = xcalloc(1, sizeof *s);
    arena_init(&s->mem, NULL, 0);
    snprintf(path, sizeof path, "%s/%s", folder, STATE_FILE);
    err e = file_make_folder(folder, FOLDER_MODE, w);
    if (!e)
        e = state_open(path, clock_real_ns() / NS_PER_MS, &s->state, w);
    if (!e)
        e = load(s, w);
    if (e)
        routing_close(s);
    *out = e ? NULL : s;
    return e;
}

err routing_add_wanted(struct routing *s, const struct packs *packs, struct why *w)
{
    for (unsigned i = 0; i < packs->n; i++) {
        const struct pack *p = &packs->pack[i];
        err e = add_each(s, p->index_set, add_set, w);
        if (!e)
            e = add_each(s, p->stream, add_stream, w);
        if (e)
            return e;
    }
    return load(s, w);
}

void routing_close(struct routing *s)
{
    if (!s)
        return;
    state_close(s->state);
    arena_free(&s->mem);
    xfree(s);
}

const struct rule_stream *routing_streams(const struct routing *s, unsigned *n)
{
    *n = s->defs.n;
    return s->all;
}

void routing_message(struct routing *s, struct message *m)
{
    message_stream(m, SLICE(STATE_DEFAULT_STREAM));
    stream_rules_run(s->rules, m);
}
