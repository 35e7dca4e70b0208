/* wirelume stream list, show: the streams that messages are in. */
#include "app/state_cmd.h"
#include "store/set_conf.h"
#include "store/state_json.h"

static const char *set_title(const struct state_use *u, const struct stream_def *s)
{
    const struct index_set *set = state_use_set(u, s->index_set_id);
    return set ? set->title : s->index_set_id;
}

static void print_json(struct state_use *u, const struct stream_def *s)
{
    buf_reset(&u->out);
    state_json_stream(&u->out, s, &u->sets);
    buf_u8(&u->out, '\n');
    fwrite(u->out.p, 1, u->out.n, stdout);
}

int stream_list_command(const struct args *a)
{
    struct state_use u;
    struct why why = { "" };
    if (state_use_begin(&u, a, &why))
        return state_refuse("%s", why.text);
    if (!a->json)
        printf("%-24s  %5s  %-8s  %-24s  %s\n", "ID", "RULES", "STATE", "INDEX SET", "TITLE");
    for (unsigned i = 0; i < u.streams.n; i++) {
        const struct stream_def *s = &u.streams.v[i];
        if (a->json)
            print_json(&u, s);
        else
            printf("%-24s  %5u  %-8s  %-24s  %s\n", s->id, s->n_rules,
                   s->paused ? "paused" : "running", set_title(&u, s), s->title);
    }
    state_use_end(&u);
    return 0;
}

static void print_stream(struct state_use *u, const struct stream_def *s)
{
    printf("%s\n  id           %s\n  description  %s\n  index set    %s\n  state        %s\n",
           s->title, s->id, s->description, set_title(u, s), s->paused ? "paused" : "running");
    printf("  created      %s\n  default      %s\n", state_time(u, s->created_ms),
           s->is_default            ? "this is the default stream"
           : s->remove_from_default ? "its messages leave the default stream"
                                    : "its messages stay in the default stream");
    if (!s->n_rules)
        printf("  rules        none: messages get here from pipelines%s\n",
               s->is_default ? ", and all begin here" : "");
    else
        printf("  rules        %s\n", s->match_any ? "one must match" : "all must match");
    for (unsigned i = 0; i < s->n_rules; i++) {
        const struct stream_rule *r = &s->rule[i];
        printf("    %s%s %.*s %.*s\n", r->inverted ? "not " : "", stream_rule_name(r->type),
               (int)r->field.n, (const char *)r->field.p, (int)r->value.n,
               (const char *)r->value.p);
    }
}

int stream_show_command(const struct args *a)
{
    struct state_use u;
    struct why why = { "" };
    const struct stream_def *found = NULL;
    if (a->rest.n != 1)
        return state_refuse("stream show needs the title or id of one stream");
    if (state_use_begin(&u, a, &why))
        return state_refuse("%s", why.text);
    for (unsigned i = 0; i < u.streams.n; i++)
        if (strcmp(u.streams.v[i].title, a->rest.v[0]) == 0 ||
            strcmp(u.streams.v[i].id, a->rest.v[0]) == 0)
            found = &u.streams.v[i];
    if (found && a->json)
        print_json(&u, found);
    else if (found)
        print_stream(&u, found);
    int status =
        found ? 0
              : state_refuse("there is no stream '%s' (mend: wirelume stream list)", a->rest.v[0]);
    state_use_end(&u);
    return status;
}
