/* Pipelines: which rules run when, what becomes of the message, of streams, of messages that rules
 * make. Of a pipeline that is refused one fault is ours; it must be among those of the original. */
#include "lib/vectors_rules.h"

#include "pack/program.h"

#define SOURCES_MAX 64
#define NO_STAGE    INT32_MIN

static const struct rule_env env = { .now_ms = VECTORS_NOW_MS,
                                     .stream = vectors_streams,
                                     .n_streams = VECTORS_STREAMS,
                                     .default_stream = VECTORS_DEFAULT };

/* One case being run. */
struct attempt {
    struct vectors_case *c;
    const struct program *p;
    bool refused[2][SOURCES_MAX]; /* by part and source */
    bool good;
    struct buf trace; /* JSON: the list of lines */
    struct message *kept[PROGRAM_CREATED_MAX + 1];
    unsigned n_kept;
    bool original_kept;
};

static const struct jsondoc_node *member(struct vectors_case *c, const struct jsondoc_node *of,
                                         const char *key, uint32_t *first)
{
    const struct jsondoc_node *v = vectors_get(c, of, key);
    *first = v ? v->child : 0;
    return v;
}

/* ---- what is refused */

static bool is_wanted(struct vectors_case *c, const struct jsondoc_node *source,
                      const struct rule_error *e)
{
    uint32_t i;
    if (vectors_get(c, source, "exception")) /* there the parser itself broke */
        return true;
    for (member(c, source, "errors", &i); i; i = c->doc->node[i].next) {
        const struct jsondoc_node *w = &c->doc->node[i];
        if (vectors_is(vectors_get(c, w, "kind"), rule_error_name(e->kind)) &&
            vectors_get(c, w, "line")->i == e->line && vectors_get(c, w, "col")->i == e->col)
            return true;
    }
    return false;
}

static const struct jsondoc_node *wanted_source(struct vectors_case *c, enum program_part part,
                                                unsigned source)
{
    uint32_t i;
    const char *key = part == PROGRAM_RULE ? "rule_index" : "pipeline_index";
    for (member(c, c->out, "parse_errors", &i); i; i = c->doc->node[i].next) {
        const struct jsondoc_node *v = vectors_get(c, &c->doc->node[i], key);
        if (v && v->i == source)
            return &c->doc->node[i];
    }
    return NULL;
}

static void mistake(void *ctx, const struct program_mistake *m)
{
    struct attempt *a = ctx;
    char text[256];
    if (m->unresolved)
        return;
    const struct jsondoc_node *want = wanted_source(a->c, m->part, m->source);
    a->refused[m->part][m->source] = true;
    if (want && is_wanted(a->c, want, m->error))
        return;
    int n = snprintf(text, sizeof text, "%u:%u %s: %s", m->error->line, m->error->col,
                     rule_error_name(m->error->kind), m->error->text);
    a->good = vectors_differ(a->c, "mistake", SLICE("another or none"), slice_of(text, (size_t)n));
}

static bool all_refused(struct attempt *a)
{
    uint32_t i;
    for (member(a->c, a->c->out, "parse_errors", &i); i; i = a->c->doc->node[i].next) {
        const struct jsondoc_node *e = &a->c->doc->node[i];
        const struct jsondoc_node *rule = vectors_get(a->c, e, "rule_index");
        const struct jsondoc_node *at = rule ? rule : vectors_get(a->c, e, "pipeline_index");
        if (!a->refused[rule ? PROGRAM_RULE : PROGRAM_PIPELINE][at->i])
            return vectors_differ(a->c, "mistake", SLICE("one"), SLICE("none"));
    }
    return true;
}

/* ---- the trace */

static void line(struct attempt *a, const char *what, struct slice text, int stage)
{
    if (a->trace.n > 1)
        buf_u8(&a->trace, ',');
    char all[512];
    struct buf b = buf_of(all, sizeof all);
    buf_printf(&b, "%s%.*s", what, (int)text.n, text.p);
    if (stage != NO_STAGE)
        buf_printf(&b, "/%d", stage);
    jsondoc_string(&a->trace, buf_slice(&b), false);
}

static void tell(void *ctx, const struct program_event *e)
{
    static const char *const answers[] = { "false ", "true ", "condition-error " };
    static const char *const stages[] = { [PROGRAM_ENTER] = "enter ",
                                          [PROGRAM_CONTINUE] = "continue ",
                                          [PROGRAM_STOP] = "stop ",
                                          [PROGRAM_EXIT] = "exit " };
    struct attempt *a = ctx;
    struct slice rule = e->rule == PROGRAM_NO_RULE ? e->text : program_rule_name(a->p, e->rule);
    if (e->step == PROGRAM_ROUND)
        line(a, "", e->text, NO_STAGE);
    else if (e->step == PROGRAM_CONDITION)
        line(a, e->rule == PROGRAM_NO_RULE ? "false Unresolved rule " : answers[e->answer], rule,
             NO_STAGE);
    else if (e->step == PROGRAM_RULE_BEGIN)
        line(a, "run ", rule, NO_STAGE);
    else if (e->step != PROGRAM_RULE_END)
        line(a, stages[e->step], e->pipeline, e->stage);
    else if (e->answer == RULE_ERROR)
        line(a, "action-error ", rule, NO_STAGE);
}

/* ---- messages */

static bool same_errors(struct vectors_case *c, const struct message *m)
{
    uint32_t i;
    const struct message_error *e = m->errors;
    for (member(c, c->out, "errors", &i); i; i = c->doc->node[i].next) {
        struct slice text = vectors_text(c, &c->doc->node[i], "message");
        struct slice details = vectors_text(c, &c->doc->node[i], "details");
        if (!e)
            return vectors_differ(c, "error", text, SLICE("none"));
        if (!slice_eq(text, e->text))
            return vectors_differ(c, "error", text, e->text);
        if (!slice_eq(vectors_up_to_cause(details), vectors_up_to_cause(e->details)))
            return vectors_differ(c, "details", details, e->details);
        e = e->next;
    }
    return !e || vectors_differ(c, "error", SLICE("none"), e->text);
}

static bool same_one(struct vectors_case *c, const struct jsondoc_node *want, struct message *m)
{
    struct vectors_case part = *c;
    part.out = want;
    return vectors_same_streams(&part, m) & vectors_same_message(&part, m) & same_errors(&part, m);
}

static bool same_count(struct vectors_case *c, const char *what, int64_t want, int64_t got)
{
    char a[32], b[32];
    int n = snprintf(a, sizeof a, "%lld", (long long)want);
    int k = snprintf(b, sizeof b, "%lld", (long long)got);
    return want == got || vectors_differ(c, what, slice_of(a, (size_t)n), slice_of(b, (size_t)k));
}

static void take(void *ctx, struct message *m)
{
    struct attempt *a = ctx;
    a->kept[a->n_kept++] = m;
}

static bool same_created(struct attempt *a, const struct jsondoc_node *want,
                         const struct message *original)
{
    uint32_t i;
    unsigned at = a->n_kept && a->kept[0] == original;
    for (member(a->c, want, "created", &i); i; i = a->c->doc->node[i].next) {
        if (at >= a->n_kept)
            return vectors_differ(a->c, "created", SLICE("one more"), SLICE("none"));
        if (!same_one(a->c, &a->c->doc->node[i], a->kept[at++]))
            return false;
    }
    return true;
}

static bool run_one(struct attempt *a, struct program_run *r, const struct jsondoc_node *in,
                    const struct jsondoc_node *want)
{
    static char trace[1 << 18];
    struct vectors_case *c = a->c;
    struct program_sink sink = { take, a };
    struct program_listener listener = { tell, a };
    struct message *m = vectors_message(c, in);
    if (!m)
        return vectors_differ(c, "fields", SLICE("a type of Java"), SLICE("nothing"));
    a->trace = buf_of(trace, sizeof trace);
    a->n_kept = 0;
    buf_u8(&a->trace, '[');
    program_run(r, &env, m, &sink, &listener);
    buf_u8(&a->trace, ']');
    const struct jsondoc_node *dropped = vectors_get(c, want, "dropped");
    bool good = vectors_same_json(c, "trace", vectors_get(c, want, "trace"), buf_slice(&a->trace));
    good &= same_count(c, "returned", vectors_get(c, want, "returned")->i, a->n_kept);
    good &= same_count(c, "dropped", dropped && dropped->i, !a->n_kept || a->kept[0] != m);
    return good & same_one(c, want, m) & same_created(a, want, m);
}

/* ---- a case */

static unsigned sources(struct vectors_case *c, const char *key, struct program_source *out)
{
    uint32_t i;
    unsigned n = 0;
    for (member(c, c->line, key, &i); i && n < SOURCES_MAX; i = c->doc->node[i].next)
        out[n++] = (struct program_source){ slice_cstr(key), jsondoc_str(&c->doc->node[i]) };
    return n;
}

static unsigned connections(struct vectors_case *c, struct program_connection *out)
{
    uint32_t i;
    unsigned n = 0;
    for (member(c, c->line, "connections", &i); i; i = c->doc->node[i].next) {
        const struct jsondoc_node *list = &c->doc->node[i];
        for (size_t s = 0; s < VECTORS_STREAMS; s++) {
            if (!slice_eq(jsondoc_key(list), vectors_streams[s].title))
                continue;
            for (uint32_t k = list->child; k && n < SOURCES_MAX; k = c->doc->node[k].next)
                out[n++] = (struct program_connection){ vectors_streams[s].id,
                                                        jsondoc_str(&c->doc->node[k]) };
        }
    }
    return n;
}

static bool run_all(struct attempt *a)
{
    uint32_t in, want;
    struct vectors_case *c = a->c;
    struct program_run *r = program_run_new(a->p);
    member(c, c->line, "messages", &in);
    member(c, c->out, "messages", &want);
    for (; in && want; in = c->doc->node[in].next, want = c->doc->node[want].next)
        a->good &= run_one(a, r, &c->doc->node[in], &c->doc->node[want]);
    program_run_free(r);
    return a->good;
}

static bool one(struct vectors_case *c)
{
    static struct program_source rule[SOURCES_MAX], pipeline[SOURCES_MAX];
    static struct program_connection connection[SOURCES_MAX];
    static struct attempt a;
    a = (struct attempt){ .c = c, .good = true };
    struct program_conf conf = {
        .rule = rule, .pipeline = pipeline, .connection = connection, .mistake = mistake, .ctx = &a
    };
    conf.n_rules = sources(c, "rules", rule);
    conf.n_pipelines = sources(c, "pipelines", pipeline);
    conf.n_connections = connections(c, connection);
    unsigned mistakes;
    struct program *p = program_load(&conf, &mistakes);
    a.p = p;
    a.good &= all_refused(&a);
    if (!vectors_get(c, c->out, "load_exception"))
        run_all(&a);
    program_free(p);
    return a.good;
}

int main(void)
{
    return vectors_run("pipelines.ndjson", one);
}
