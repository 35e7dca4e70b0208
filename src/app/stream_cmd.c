/* wirelume stream list, show: the streams that messages are in. */
#include "app/set_conf.h"
#include "app/state_cmd.h"
#include "codec/json.h"

static const char *set_title(const struct state_use *u, const struct stream_def *s)
{
    const struct index_set *set = state_use_set(u, s->index_set_id);
    return set ? set->title : s->index_set_id;
}

static const char *rule_name(int type)
{
    return type >= STREAM_RULE_EXACT && type <= STREAM_RULE_INPUT ? stream_rule_names[type - 1]
                                                                  : "?";
}

static void put_rules(struct buf *b, const struct stream_def *s)
{
    state_json_key(b, "rules");
    buf_u8(b, '[');
    for (unsigned i = 0; i < s->n_rules; i++) {
        const struct stream_rule *r = &s->rule[i];
        buf_cstr(b, i ? ",{" : "{");
        state_json_text(b, "type", rule_name(r->type));
        state_json_key(b, "field");
        json_string(b, r->field, false);
        state_json_key(b, "value");
        json_string(b, r->value, false);
        state_json_bool(b, "inverted", r->inverted);
        state_json_text(b, "description", r->description);
        buf_u8(b, '}');
    }
    buf_u8(b, ']');
}

static void print_json(struct state_use *u, const struct stream_def *s)
{
    struct buf *b = &u->out;
    buf_reset(b);
    buf_u8(b, '{');
    state_json_text(b, "id", s->id);
    state_json_text(b, "title", s->title);
    state_json_text(b, "description", s->description);
    state_json_text(b, "matching_type", s->match_any ? "OR" : "AND");
    state_json_bool(b, "disabled", s->paused);
    state_json_bool(b, "is_default", s->is_default);
    state_json_bool(b, "remove_matches_from_default_stream", s->remove_from_default);
    state_json_text(b, "index_set_id", s->index_set_id);
    state_json_text(b, "index_set", set_title(u, s));
    state_json_text(b, "created_at", state_time(u, s->created_ms));
    put_rules(b, s);
    buf_lit(b, "}\n");
    fwrite(b->p, 1, b->n, stdout);
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
        printf("    %s%s %.*s %.*s\n", r->inverted ? "not " : "", rule_name(r->type),
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
