/* wirelume index-set list, show, set: where messages are kept and how long. A change is in force at
 * once, also in a server that runs. */
#include "app/set_conf.h"
#include "app/state_cmd.h"

#define SETTINGS_BYTES 4096

/* "time P1D", "count 1000", "size 1024". */
static const char *rotation_text(const struct index_set *s, char out[64])
{
    int64_t bound = s->rotation == ROTATE_COUNT ? s->max_docs : s->max_bytes;
    if (s->rotation == ROTATE_TIME)
        snprintf(out, 64, "time %s", s->period);
    else
        snprintf(out, 64, "%s %lld", rotation_names[s->rotation], (long long)bound);
    return out;
}

struct totals {
    int64_t indices, docs, bytes;
};

static struct totals count(const struct index_rows *rows)
{
    struct totals t = { 0 };
    for (unsigned i = 0; i < rows->n; i++) {
        t.indices++;
        t.docs += rows->v[i].docs;
        t.bytes += rows->v[i].bytes;
    }
    return t;
}

/* ---- JSON */

static void put_settings(struct buf *b, const struct index_set *s)
{
    state_json_key(b, "rotation");
    buf_u8(b, '{');
    state_json_text(b, "strategy", rotation_names[s->rotation]);
    state_json_text(b, "rotation_period", s->period);
    state_json_bool(b, "rotate_empty_index_set", s->rotate_empty);
    state_json_int(b, "max_docs_per_index", s->max_docs);
    state_json_int(b, "max_size", s->max_bytes);
    buf_u8(b, '}');
    state_json_key(b, "retention");
    buf_u8(b, '{');
    state_json_text(b, "strategy", retention_names[s->retention]);
    state_json_int(b, "max_number_of_indices", s->keep_indices);
    state_json_int(b, "max_age_ms", s->keep_age_ms);
    state_json_int(b, "max_bytes", s->keep_bytes);
    buf_u8(b, '}');
}

static void put_index(struct buf *b, struct state_use *u, const struct index_set *s,
                      const struct index_row *i)
{
    char name[INDEX_PREFIX_MAX + 32];
    snprintf(name, sizeof name, "%s_%lld", s->prefix, (long long)i->number);
    buf_u8(b, '{');
    state_json_text(b, "name", name);
    state_json_text(b, "state", index_state_names[i->state]);
    state_json_text(b, "created_at", state_time(u, i->created_ms));
    state_json_text(b, "from", state_time(u, i->docs ? i->from_ms : 0));
    state_json_text(b, "to", state_time(u, i->docs ? i->to_ms : 0));
    state_json_int(b, "docs", i->docs);
    state_json_int(b, "bytes", i->bytes);
    state_json_int(b, "torn_bytes", i->torn_bytes);
    buf_u8(b, '}');
}

static void print_json(struct state_use *u, const struct index_set *s,
                       const struct index_rows *rows, bool with_indices)
{
    struct buf *b = &u->out;
    struct totals t = count(rows);
    buf_reset(b);
    buf_u8(b, '{');
    state_json_text(b, "id", s->id);
    state_json_text(b, "title", s->title);
    state_json_text(b, "description", s->description);
    state_json_text(b, "index_prefix", s->prefix);
    state_json_text(b, "created_at", state_time(u, s->created_ms));
    state_json_bool(b, "is_default", s->is_default);
    state_json_bool(b, "writable", s->writable);
    state_json_int(b, "shards", s->shards);
    state_json_int(b, "replicas", s->replicas);
    put_settings(b, s);
    state_json_int(b, "docs", t.docs);
    state_json_int(b, "bytes", t.bytes);
    state_json_key(b, "indices");
    if (!with_indices)
        buf_int(b, t.indices);
    for (unsigned i = 0; with_indices && i < rows->n; i++) {
        buf_cstr(b, i ? "," : "[");
        put_index(b, u, s, &rows->v[i]);
    }
    buf_cstr(b, !with_indices ? "" : rows->n ? "]" : "[]");
    buf_lit(b, "}\n");
    fwrite(b->p, 1, b->n, stdout);
}

/* ---- text */

static void print_row(const struct index_set *s, const struct index_rows *rows)
{
    char rotation[64], retention[64];
    struct totals t = count(rows);
    snprintf(retention, sizeof retention, "%s %lld", retention_names[s->retention],
             (long long)s->keep_indices);
    printf("%-24s  %-20s  %-16s  %-12s  %7lld  %12lld  %14lld\n", s->title, s->prefix,
           rotation_text(s, rotation), retention, (long long)t.indices, (long long)t.docs,
           (long long)t.bytes);
}

static void print_set(struct state_use *u, const struct index_set *s, const struct index_rows *rows)
{
    char text[SETTINGS_BYTES];
    struct buf b = buf_of(text, sizeof text);
    set_conf_write(&b, s);
    printf("id: %s\ncreated: %s%s\n%.*s", s->id, state_time(u, s->created_ms),
           s->is_default ? "\ndefault: true" : "", (int)b.n, text);
    printf("\n%-28s  %-8s  %12s  %14s  %-19s  %-19s  %s\n", "INDEX", "STATE", "MESSAGES", "BYTES",
           "FROM", "TO", "CREATED");
    for (unsigned i = 0; i < rows->n; i++) {
        const struct index_row *r = &rows->v[i];
        char name[INDEX_PREFIX_MAX + 32];
        snprintf(name, sizeof name, "%s_%lld", s->prefix, (long long)r->number);
        printf("%-28s  %-8s  %12lld  %14lld  %-19s  %-19s  %s\n", name, index_state_names[r->state],
               (long long)r->docs, (long long)r->bytes, state_time(u, r->docs ? r->from_ms : 0),
               state_time(u, r->docs ? r->to_ms : 0), state_time(u, r->created_ms));
    }
}

/* ---- commands */

int index_set_list_command(const struct args *a)
{
    struct state_use u;
    struct index_rows rows;
    struct why why = { "" };
    if (state_use_begin(&u, a, &why))
        return state_refuse("%s", why.text);
    if (!a->json)
        printf("%-24s  %-20s  %-16s  %-12s  %7s  %12s  %14s\n", "TITLE", "PREFIX", "ROTATION",
               "RETENTION", "INDICES", "MESSAGES", "BYTES");
    err e = ERR_OK;
    for (unsigned i = 0; i < u.sets.n && !e; i++) {
        e = state_indices(u.state, u.sets.v[i].id, &u.mem, &rows, &why);
        if (!e && a->json)
            print_json(&u, &u.sets.v[i], &rows, false);
        else if (!e)
            print_row(&u.sets.v[i], &rows);
    }
    state_use_end(&u);
    return e ? state_refuse("%s", why.text) : 0;
}

/* The one that the first argument names. */
static err find(struct state_use *u, const struct args *a, struct index_set *out, struct why *w)
{
    const struct index_set *s = state_use_set(u, a->rest.v[0]);
    if (!s)
        return why_set(w, ERR_MISSING, "there is no index set '%s' (mend: wirelume index-set list)",
                       a->rest.v[0]);
    *out = *s;
    return ERR_OK;
}

int index_set_show_command(const struct args *a)
{
    struct state_use u;
    struct index_set s;
    struct index_rows rows;
    struct why why = { "" };
    if (a->rest.n != 1)
        return state_refuse("index-set show needs the title or id of one index set");
    if (state_use_begin(&u, a, &why))
        return state_refuse("%s", why.text);
    err e = find(&u, a, &s, &why);
    if (!e)
        e = state_indices(u.state, s.id, &u.mem, &rows, &why);
    if (!e && a->json)
        print_json(&u, &s, &rows, true);
    else if (!e)
        print_set(&u, &s, &rows);
    state_use_end(&u);
    return e ? state_refuse("%s", why.text) : 0;
}

int index_set_set_command(const struct args *a)
{
    struct state_use u;
    struct index_set s;
    struct why why = { "" };
    if (a->rest.n < 2)
        return state_refuse("index-set set needs the title or id of an index set, and then "
                            "KEY=VALUE (retention.max_number_of_indices=30)");
    if (state_use_begin(&u, a, &why))
        return state_refuse("%s", why.text);
    const struct texts assignments = { a->rest.v + 1, a->rest.n - 1 };
    err e = find(&u, a, &s, &why);
    if (!e)
        e = set_conf_change(&s, &assignments, &u.mem, &why);
    if (!e)
        e = state_change_index_set(u.state, &s, &why);
    state_use_end(&u);
    if (e)
        return state_refuse("%s", why.text);
    puts("changed");
    return 0;
}
