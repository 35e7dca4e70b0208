/* Rules: what they are refused for, what they answer, what they do to a message, to lookup tables,
 * which messages they make. After a fault of syntax only the first one is compared: the guesses
 * with which the original goes on are not ours. Words of errors are compared for run time only, up
 * to where Java's begin. */
#include "lib/vectors_rules.h"

#include <stdio.h>

#include "pack/compile.h"
#include "pack/eval.h"
#include "pack/lookup.h"
#include "pack/parser.h"
#include "pack/program.h"

static const struct rule_input inputs[] = { { SLICE("input-1"), SLICE("Beats main") } };

#define TEXT(s)                                                                                    \
    {                                                                                              \
        .kind = K_STRING, .n = sizeof(s) - 1, .p = (s)                                             \
    }
#define LONG(v)                                                                                    \
    {                                                                                              \
        .kind = K_LONG, .i = (v)                                                                   \
    }
static const struct rule_value list_items[] = { TEXT("x"), TEXT("y"), TEXT("z") };
static const struct rule_member multi_items[] = {
    { SLICE("value"), TEXT("main") },
    { SLICE("city"), TEXT("Bonn") },
    { SLICE("n"), LONG(3) },
};
static const struct rule_member default_items[] = {
    { SLICE("k"), TEXT("v") },
    { SLICE("n"), { .kind = K_INT, .i = 1 } },
};

/* The tables behind the vectors: they live for one case, and rules may change them. */
struct entry {
    struct rule_value key; /* compares by kind and value */
    struct lookup_answer a;
    int64_t ttl_s;
    bool has_ttl, gone;
};
struct table {
    struct entry e[24];
    unsigned n;
    bool changed;
};
static const struct entry plain[] = {
    { .key = TEXT("a"), .a.single = TEXT("alpha") },
    { .key = TEXT("b"), .a.single = TEXT("beta") },
    { .key = TEXT("53"), .a.single = TEXT("dns") },
    { .key = LONG(53), .a.single = TEXT("dns-long") },
    { .key = TEXT("num"), .a.single = LONG(7) },
    { .key = TEXT("bool"), .a.single = { .kind = K_BOOL, .i = 1 } },
    { .key = TEXT("empty"), .a.single = TEXT("") },
    { .key = TEXT("multi"),
      .a = { .single = TEXT("main"), .multi = { .kind = K_MAP, .n = 3, .p = multi_items } } },
    { .key = TEXT("list"), .a.list = { .kind = K_LIST, .n = 3, .p = list_items } },
    { .key = TEXT("elist"), .a.list = { .kind = K_LIST } },
};
static const struct entry alpha[] = { { .key = TEXT("a"), .a.single = TEXT("alpha") } };
static const struct entry one_entry[] = { { .key = TEXT("a"), .a.single = LONG(1) } };
static struct table contents[3];

static void fill_tables(void)
{
    memset(contents, 0, sizeof contents);
    memcpy(contents[0].e, plain, sizeof plain);
    memcpy(contents[1].e, alpha, sizeof alpha);
    memcpy(contents[2].e, one_entry, sizeof one_entry);
    contents[0].n = COUNT(plain);
    contents[1].n = contents[2].n = 1;
}

static struct entry *table_entry(struct table *t, const struct rule_value *key)
{
    for (unsigned i = 0; i < t->n; i++) {
        if (!t->e[i].gone && value_equal(&t->e[i].key, key))
            return &t->e[i];
    }
    return NULL;
}

static void table_get(const void *data, const struct rule_value *key, int64_t now_ms,
                      struct arena *mem, struct lookup_answer *out)
{
    const struct entry *e = table_entry((struct table *)(uintptr_t)data, key);
    (void)mem;
    (void)now_ms;
    *out = e ? e->a : (struct lookup_answer){ .failed = false };
    out->failed = key->kind == K_STRING && slice_eq(rule_text(key), SLICE("boom"));
}

static void table_change(void *ctx, const struct lookup_change *change, struct arena *mem,
                         struct lookup_answer *out)
{
    struct table *t = ctx;
    struct entry *e = table_entry(t, change->key);
    t->changed = true;
    if (!e) {
        e = &t->e[t->n++];
        *e = (struct entry){ .key = *change->key };
    }
    if (change->ttl_s || change->kind == LOOKUP_TTL) {
        e->ttl_s = change->ttl_s;
        e->has_ttl = true;
    }
    if (change->kind == LOOKUP_SET)
        e->a.single = *change->value;
    else if (change->kind == LOOKUP_CLEAR)
        e->gone = true;
    else if (change->kind != LOOKUP_TTL)
        e->a.list = lookup_changed_list(change, &e->a.list, mem);
    *out = e->a;
}

static const struct lookup_adapter adapter = { .name = "of the vectors",
                                               .ask = table_get,
                                               .change = table_change };
static const struct lookup_table tables[] = {
    { .name = SLICE("plain"), .data = &contents[0], .adapter = &adapter },
    { .name = SLICE("dflt"),
      .data = &contents[1],
      .adapter = &adapter,
      .default_single = TEXT("fallback"),
      .default_multi = { .kind = K_MAP, .n = 2, .p = default_items } },
    { .name = SLICE("dfltnum"),
      .data = &contents[2],
      .adapter = &adapter,
      .default_single = { .kind = K_INT, .i = 42 } },
};

static const struct rule_env env = {
    .now_ms = VECTORS_NOW_MS,
    .stream = vectors_streams,
    .n_streams = VECTORS_STREAMS,
    .input = inputs,
    .n_inputs = COUNT(inputs),
    .table = tables,
    .n_tables = COUNT(tables),
    .default_stream = VECTORS_DEFAULT,
};

/* One kind of value of all keys, as tables_after has it: {"key":value}. */
static void put_kind(struct vectors_case *c, struct buf *b, const struct table *t, unsigned kind)
{
    static const char *const names[] = { "single", "multi", "list", "ttl" };
    unsigned n = 0;
    size_t start = b->n;
    buf_printf(b, "%s\"%s\":{", b->n && b->p[b->n - 1] == '}' ? "," : "", names[kind]);
    for (unsigned i = 0; i < t->n; i++) {
        const struct entry *e = &t->e[i];
        struct rule_value ttl = rule_long(e->ttl_s);
        const struct rule_value *v[] = { &e->a.single, &e->a.multi, &e->a.list, &ttl };
        bool hidden = e->key.kind == K_STRING && slice_eq(rule_text(&e->key), SLICE("53"));
        if (e->gone || hidden || v[kind]->kind == K_NULL || (kind == 3 && !e->has_ttl))
            continue;
        struct value stored = value_store(v[kind], c->mem);
        buf_printf(b, "%s\"", n++ ? "," : "");
        value_print(b, &e->key);
        buf_lit(b, "\":");
        vectors_put_value(b, &stored);
    }
    buf_u8(b, '}');
    if (!n && kind)
        b->n = start;
}

static bool same_tables(struct vectors_case *c)
{
    static char text[8192];
    struct buf b = buf_of(text, sizeof text);
    const struct jsondoc_node *want = vectors_get(c, c->out, "tables_after");
    for (size_t i = 0; i < COUNT(tables); i++) {
        if (!contents[i].changed)
            continue;
        buf_printf(&b, "%s\"%.*s\":{", b.n ? "," : "{", (int)tables[i].name.n,
                   (const char *)tables[i].name.p);
        for (unsigned kind = 0; kind < 4; kind++)
            put_kind(c, &b, &contents[i], kind);
        buf_u8(&b, '}');
    }
    if (b.n)
        buf_u8(&b, '}');
    if (!want && !b.n)
        return true;
    if (!want || !b.n)
        return vectors_differ(c, "tables_after", want ? SLICE("a change") : SLICE("none"),
                              buf_slice(&b));
    return vectors_same_json(c, "tables_after", want, buf_slice(&b));
}

/* "kind line:col" of each error, sorted by place as the vectors are. */
static void put_errors(struct buf *b, struct rule_errors *e)
{
    for (unsigned i = 1; i < e->n; i++) {
        struct rule_error one = e->e[i];
        unsigned k = i;
        for (; k > 0 && (e->e[k - 1].line > one.line ||
                         (e->e[k - 1].line == one.line && e->e[k - 1].col > one.col));
             k--)
            e->e[k] = e->e[k - 1];
        e->e[k] = one;
    }
    for (unsigned i = 0; i < e->n; i++)
        buf_printf(b, "%s %u:%u;", rule_error_name(e->e[i].kind), e->e[i].line, e->e[i].col);
}

/* The same of the wanted ones; only_first: the first of kind SyntaxError. */
static void put_wanted(struct vectors_case *c, struct buf *b, bool only_first)
{
    const struct jsondoc_node *list = vectors_get(c, c->out, "parse_errors");
    for (uint32_t i = list && list->n ? list->child : 0; i; i = c->doc->node[i].next) {
        const struct jsondoc_node *e = &c->doc->node[i];
        struct slice kind = vectors_text(c, e, "kind");
        bool syntax = slice_eq(kind, SLICE("SyntaxError"));
        if (only_first && !syntax)
            continue;
        buf_printf(b, "%.*s %d:%d;", (int)kind.n, (const char *)kind.p,
                   (int)vectors_get(c, e, "line")->i, (int)vectors_get(c, e, "col")->i);
        if (only_first)
            return;
    }
}

static bool refused(struct vectors_case *c, struct rule_errors *e)
{
    char want[1024], got[1024];
    struct buf w = buf_of(want, sizeof want), g = buf_of(got, sizeof got);
    bool syntax = e->n == 1 && e->e[0].kind == RE_SyntaxError;
    if (vectors_get(c, c->out, "parse_exception")) /* there the parser itself broke */
        return true;
    put_errors(&g, e);
    put_wanted(c, &w, syntax);
    if (slice_eq(buf_slice(&w), buf_slice(&g)))
        return true;
    for (unsigned i = 0; i < e->n && i < RULE_ERRORS_MAX; i++)
        buf_printf(c->why, "    %s\n", e->e[i].text);
    return vectors_differ(c, "errors", buf_slice(&w), buf_slice(&g));
}

/* The errors of the message, all of them, have the same words. */
static bool same_why(struct vectors_case *c, const struct message *m)
{
    const struct jsondoc_node *errors = vectors_get(c, c->out, "errors");
    const struct message_error *e = m->errors;
    for (uint32_t i = errors && errors->n ? errors->child : 0; i; i = c->doc->node[i].next) {
        struct slice want = vectors_text(c, &c->doc->node[i], "details");
        if (!e)
            return vectors_differ(c, "error", want, SLICE("none"));
        if (!slice_eq(vectors_up_to_cause(want), vectors_up_to_cause(e->details)))
            return vectors_differ(c, "error", want, e->details);
        want = vectors_text(c, &c->doc->node[i], "message");
        if (!slice_starts(e->text, slice_first(want, strlen("Error evaluating condition"))))
            return vectors_differ(c, "error", want, e->text);
        e = e->next;
    }
    return !e || vectors_differ(c, "error", SLICE("no more"), e->details);
}

static bool same_flag(struct vectors_case *c, const char *what, bool got)
{
    const struct jsondoc_node *want = vectors_get(c, c->out, what);
    if ((want && want->i) == got)
        return true;
    return vectors_differ(c, what, got ? SLICE("false") : SLICE("true"),
                          got ? SLICE("true") : SLICE("false"));
}

/* The last evaluation, as the vectors tell it, and what was made. */
struct attempt {
    const char *condition;
    bool executed, failed;
    struct message *kept[PROGRAM_CREATED_MAX + 1];
    unsigned n_kept;
};

static void tell(void *ctx, const struct program_event *e)
{
    static const char *const answers[] = { "false", "true", "error" };
    struct attempt *a = ctx;
    if (e->step == PROGRAM_CONDITION)
        a->condition = answers[e->answer], a->failed = false;
    else if (e->step == PROGRAM_RULE_BEGIN)
        a->executed = true;
    else if (e->step == PROGRAM_RULE_END)
        a->failed = e->answer == RULE_ERROR;
}

static void take(void *ctx, struct message *m)
{
    struct attempt *a = ctx;
    a->kept[a->n_kept++] = m;
}

/* Messages that rules made: the first ones are listed when there are many. */
static bool same_created(struct vectors_case *c, const struct attempt *a, unsigned from)
{
    const struct jsondoc_node *list = vectors_get(c, c->out, "created");
    const struct jsondoc_node *count = vectors_get(c, c->out, "created_count");
    unsigned want = count ? (unsigned)count->i : list ? list->n : 0;
    if (want != a->n_kept - from)
        return vectors_differ(c, "created", SLICE("another number"), SLICE("of messages"));
    bool good = true;
    for (uint32_t i = list ? list->child : 0; i; i = c->doc->node[i].next) {
        struct vectors_case part = *c;
        part.out = &c->doc->node[i];
        good &=
            vectors_same_streams(&part, a->kept[from]) & vectors_same_message(&part, a->kept[from]);
        from++;
    }
    return good;
}

/* Alone in stage 0 of a pipeline of the Default Stream. */
static struct program *program_of(struct slice rule, struct slice name, struct arena *mem)
{
    static const struct slice head = SLICE("pipeline \"p\" stage 0 match pass rule \"");
    struct buf b = buf_of(arena_alloc(mem, name.n + 64), name.n + 64);
    unsigned mistakes;
    buf_add(&b, head);
    buf_add(&b, name);
    buf_lit(&b, "\"; end");
    struct lexer at = lexer_of(rule);
    struct rule_errors e = { .n = 0 };
    parser_next(mem, &at, &e); /* what follows the first rule is not loaded there */
    rule.n = (size_t)(at.p - rule.p);
    struct program_source source = { SLICE("rule"), rule };
    struct program_source pipeline = { SLICE("pipeline"), buf_slice(&b) };
    struct program_connection connection = { env.default_stream, SLICE("p") };
    struct program_conf conf = { .rule = &source,
                                 .n_rules = 1,
                                 .pipeline = &pipeline,
                                 .n_pipelines = 1,
                                 .connection = &connection,
                                 .n_connections = 1 };
    return program_load(&conf, &mistakes);
}

static bool ran(struct vectors_case *c, const struct rule *r)
{
    static struct attempt a;
    struct message *m = vectors_message(c, c->line);
    struct program_sink sink = { take, &a };
    struct program_listener listener = { tell, &a };
    a = (struct attempt){ .condition = "false" };
    fill_tables();
    c->any_moment = true;
    if (!m)
        return vectors_differ(c, "fields", SLICE("a type of Java"), SLICE("nothing"));
    struct program *p = program_of(vectors_text(c, c->line, "rule"), r->name, c->mem);
    struct program_run *run = program_run_new(p);
    program_run(run, &env, m, &sink, &listener);
    bool dropped = !a.n_kept || a.kept[0] != m;
    const struct jsondoc_node *want = vectors_get(c, c->out, "condition");
    bool good = same_flag(c, "executed", a.executed) & same_flag(c, "failed", a.failed) &
                same_flag(c, "dropped", dropped) & same_why(c, m);
    if (want && !vectors_is(want, a.condition))
        good = vectors_differ(c, "condition", jsondoc_str(want), slice_cstr(a.condition));
    if (!slice_eq(vectors_text(c, c->out, "rule_name"), r->name))
        good = vectors_differ(c, "rule_name", vectors_text(c, c->out, "rule_name"), r->name);
    good &= vectors_same_streams(c, m) & vectors_same_message(c, m) & same_tables(c);
    good &= same_created(c, &a, !dropped);
    program_run_free(run);
    program_free(p);
    return good;
}

static bool one(struct vectors_case *c)
{
    struct rule_errors e = { .n = 0 };
    struct rule *r = rule_load(c->mem, vectors_text(c, c->line, "rule"), &e);
    if (!r)
        return refused(c, &e);
    if (vectors_get(c, c->out, "parse_errors") || vectors_get(c, c->out, "parse_exception")) {
        char want[1024];
        struct buf w = buf_of(want, sizeof want);
        put_wanted(c, &w, false);
        return vectors_differ(c, "errors", buf_slice(&w), SLICE("none"));
    }
    return ran(c, r);
}

int main(void)
{
    return vectors_run("rules.ndjson", one);
}
