/* What the commands on streams and index sets share. */
#include "app/state_cmd.h"

#include <stdarg.h>

#include "app/routing.h"
#include "app/start.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/state_json.h"

#define NS_PER_MS 1000000

static err load_config(struct config *c, const struct args *a, struct why *w)
{
    struct config_source source = start_source(a);
    err rc = config_load(c, &source, w);
    if (rc != ERR_MISSING || a->files.n)
        return rc;
    source.bare = true;
    return config_load(c, &source, w);
}

static err open_state(struct state_use *u, const char *folder, struct why *w)
{
    const char *path = paths_join(&u->mem, folder, STATE_FILE);
    if (!file_exists(path))
        return why_set(w, ERR_MISSING,
                       "%s is not there: `wirelume serve` makes it when it starts (mend: start it "
                       "once, or --path.data)",
                       path);
    return state_open(path, clock_real_ns() / NS_PER_MS, &u->state, w);
}

err state_use_begin(struct state_use *u, const struct args *a, struct why *w)
{
    struct config c;
    *u = (struct state_use){ 0 };
    err e = load_config(&c, a, w);
    if (e)
        return e;
    arena_init(&u->mem, NULL, 0);
    e = open_state(u, routing_folder(&c), w);
    config_free(&c);
    if (!e)
        e = state_index_sets(u->state, &u->mem, &u->sets, w);
    if (!e)
        e = state_streams(u->state, &u->mem, &u->streams, w);
    if (!e)
        u->out = buf_of(arena_alloc(&u->mem, STATE_TEXT_BYTES), STATE_TEXT_BYTES);
    if (e)
        state_use_end(u);
    return e;
}

void state_use_end(struct state_use *u)
{
    state_close(u->state);
    arena_free(&u->mem);
}

int state_refuse(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("Error: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

const struct index_set *state_use_set(const struct state_use *u, const char *name)
{
    for (unsigned i = 0; i < u->sets.n; i++)
        if (strcmp(u->sets.v[i].title, name) == 0 || strcmp(u->sets.v[i].id, name) == 0)
            return &u->sets.v[i];
    return NULL;
}

const char *state_time(struct state_use *u, int64_t ms)
{
    char *text = arena_alloc(&u->mem, STATE_TIME_BYTES);
    return text ? state_time_text(ms, text) : "-";
}
