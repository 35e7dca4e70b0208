/* wirelume index-set list, show, set: where messages are kept and how long. A change is in force at
 * once, also in a server that runs. */
#include "app/state_cmd.h"
#include "store/set_conf.h"
#include "store/state_json.h"

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

static void print_json(struct state_use *u, const struct index_set *s,
                       const struct index_rows *rows, bool with_indices)
{
    buf_reset(&u->out);
    state_json_set(&u->out, s, rows, with_indices);
    buf_u8(&u->out, '\n');
    fwrite(u->out.p, 1, u->out.n, stdout);
}

static void print_row(const struct index_set *s, const struct index_rows *rows)
{
    char rotation[64], retention[64];
    struct index_totals t = index_totals_of(rows);
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
