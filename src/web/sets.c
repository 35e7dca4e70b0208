/* Streams and index sets: /api/v1/streams, /api/v1/index-sets. */
#include "base/log.h"
#include "store/set_conf.h"
#include "store/state_json.h"
#include "web/answers.h"
#include "web/handlers.h"
#include "web/web_private.h"

#define SETTINGS_MAX 32
#define TEXT_BYTES   1024

/* ---- streams */

/* False after saying why not. */
static bool read_streams(struct exchange *x, struct stream_defs *streams, struct index_sets *sets)
{
    struct state *st;
    struct why w;
    err rc = answers_state(x, &st, &w);
    if (!rc)
        rc = state_streams(st, &x->mem, streams, &w);
    if (!rc)
        rc = state_index_sets(st, &x->mem, sets, &w);
    if (rc)
        exchange_fail_why(x, rc, &w);
    return !rc;
}

void streams_list(struct exchange *x)
{
    struct stream_defs streams;
    struct index_sets sets;
    if (!read_streams(x, &streams, &sets))
        return;
    struct buf *b = exchange_json(x);
    buf_lit(b, "{\"streams\":[");
    for (unsigned i = 0; i < streams.n; i++) {
        buf_cstr(b, i ? "," : "");
        state_json_stream(b, &streams.v[i], &sets);
    }
    buf_lit(b, "]}");
}

static bool is_named(struct slice id, const char *have_id, const char *title)
{
    return slice_eq(id, slice_cstr(have_id)) || slice_eq(id, slice_cstr(title));
}

void streams_show(struct exchange *x)
{
    struct stream_defs streams;
    struct index_sets sets;
    if (!read_streams(x, &streams, &sets))
        return;
    for (unsigned i = 0; i < streams.n; i++)
        if (is_named(x->id, streams.v[i].id, streams.v[i].title)) {
            state_json_stream(exchange_json(x), &streams.v[i], &sets);
            return;
        }
    exchange_fail(x, 404, "there is no such stream (GET /api/v1/streams lists them)");
}

/* ---- index sets */

static err put_sets(struct exchange *x, struct buf *b, struct why *w)
{
    struct state *st;
    struct index_sets sets;
    struct index_rows rows;
    err rc = answers_state(x, &st, w);
    if (!rc)
        rc = state_index_sets(st, &x->mem, &sets, w);
    for (unsigned i = 0; !rc && i < sets.n; i++) {
        rc = state_indices(st, sets.v[i].id, &x->mem, &rows, w);
        buf_cstr(b, i ? "," : "");
        if (!rc)
            state_json_set(b, &sets.v[i], &rows, false);
    }
    return rc;
}

void index_sets_list(struct exchange *x)
{
    struct why w;
    struct buf *b = exchange_json(x);
    buf_lit(b, "{\"index_sets\":[");
    err rc = put_sets(x, b, &w);
    buf_lit(b, "]}");
    if (rc)
        exchange_fail_why(x, rc, &w);
}

static err find_set(struct exchange *x, struct state **st, struct index_set *out, struct why *w)
{
    struct index_sets sets;
    err rc = answers_state(x, st, w);
    if (!rc)
        rc = state_index_sets(*st, &x->mem, &sets, w);
    if (rc)
        return rc;
    for (unsigned i = 0; i < sets.n; i++)
        if (is_named(x->id, sets.v[i].id, sets.v[i].title)) {
            *out = sets.v[i];
            return ERR_OK;
        }
    return why_set(w, ERR_MISSING,
                   "there is no such index set (GET /api/v1/index-sets lists them)");
}

void index_sets_show(struct exchange *x)
{
    struct state *st;
    struct index_set set;
    struct index_rows rows;
    struct why w;
    err rc = find_set(x, &st, &set, &w);
    if (!rc)
        rc = state_indices(st, set.id, &x->mem, &rows, &w);
    if (rc)
        exchange_fail_why(x, rc, &w);
    else
        state_json_set(exchange_json(x), &set, &rows, true);
}

/* ---- changing one */

struct settings {
    struct exchange *x;
    const char *v[SETTINGS_MAX];
    unsigned n;
};

static err add_setting(struct settings *s, const char *key, const struct node *value, struct why *w)
{
    char *text = arena_alloc(&s->x->mem, TEXT_BYTES);
    struct buf b = buf_of(text, TEXT_BYTES - 1);
    if (!text || s->n == SETTINGS_MAX)
        return why_set(w, ERR_LIMIT, "there are too many settings");
    buf_printf(&b, "%s=", key);
    answers_node(&b, value); /* YAML takes JSON's scalars */
    if (b.full || value->type == NODE_LIST)
        return why_set(w, ERR_FORMAT, "%s: a text, a number, true or false is needed", key);
    text[b.n] = '\0';
    s->v[s->n++] = text;
    return ERR_OK;
}

/* {"rotation.strategy":"count"} and {"rotation":{"strategy":"count"}} are the same. */
static err read_settings(struct settings *s, const struct node *n, const char *prefix,
                         struct why *w)
{
    char key[128];
    err rc = ERR_OK;
    for (const struct node *c = n->child; c && !rc; c = c->next) {
        snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? "." : "", c->key);
        if (c->type == NODE_MAP && !*prefix)
            rc = read_settings(s, c, c->key, w);
        else if (c->type == NODE_MAP)
            rc = why_set(w, ERR_FORMAT, "%s: a text, a number, true or false is needed", key);
        else
            rc = add_setting(s, key, c, w);
    }
    return rc;
}

static void say_changed(const struct exchange *x, const struct index_set *set)
{
    struct slice name = x->who.name.n ? x->who.name : SLICE("somebody on this machine");
    log_info("web", "index set \"%s\": settings changed by %.*s", set->title, (int)name.n,
             (const char *)name.p);
}

static err change(struct exchange *x, const struct node *body, struct why *w)
{
    struct settings s = { .x = x };
    struct state *st;
    struct index_set set;
    err rc = find_set(x, &st, &set, w);
    if (!rc)
        rc = read_settings(&s, body, "", w);
    const struct texts assignments = { s.v, s.n };
    if (!rc)
        rc = set_conf_change(&set, &assignments, &x->mem, w);
    if (!rc)
        rc = state_change_index_set(st, &set, w);
    if (!rc)
        say_changed(x, &set);
    return rc;
}

void index_sets_change(struct exchange *x)
{
    const struct node *body = exchange_object(x);
    struct why w;
    err rc = body ? change(x, body, &w) : ERR_OK;
    if (rc)
        exchange_fail_why(x, rc, &w);
    else if (body)
        index_sets_show(x);
}
