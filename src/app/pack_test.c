/* wirelume pack test: events from a file through the packs, printed as messages. */
#include <limits.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/packs.h"
#include "app/start.h"
#include "base/bug.h"
#include "in/beats_message.h"
#include "in/gelf_message.h"
#include "model/message_json.h"
#include "os/clock.h"
#include "os/file.h"
#include "pack/explain.h"
#include "pack/flat.h"

#define FILE_MAX    ((size_t)1 << 30)
#define EVENT_BYTES ((size_t)256 << 20) /* memory of one event, and of its line */
#define NODES_MAX   1000000
#define SHOWN_BYTES 200 /* of a value that is explained */
#define NS_PER_MS   1000000

enum form { FORM_ANY, FORM_BEATS, FORM_GELF, FORM_MESSAGE };
static const char *const form_names[] = { "any", "beats", "gelf", "message" };

struct testing {
    struct config config;
    struct packs_conf conf;
    struct packs *packs;
    struct program_run *run;
    struct rule_env env;
    struct explain *explain; /* NULL: not asked for */
    struct arena mem;        /* of one event */
    struct beats_reader *beats;
    struct gelf_reader *gelf;
    struct jsondoc doc;
    struct buf line;
    enum form form;
    unsigned refused;
};

/* ---- from a line to a message */

static const struct jsondoc_node *read_json(struct testing *t, struct slice text)
{
    uint8_t *copy = arena_alloc(&t->mem, text.n + JSONDOC_PAD);
    if (!copy)
        return NULL;
    memcpy(copy, text.p, text.n);
    return jsondoc_read(&t->doc, copy, text.n, 0) == JSONDOC_OK ? t->doc.node : NULL;
}

static enum form form_of(const struct testing *t, const struct jsondoc_node *root)
{
    if (jsondoc_get(&t->doc, root, SLICE("@timestamp")) ||
        jsondoc_get(&t->doc, root, SLICE("@metadata")))
        return FORM_BEATS;
    return jsondoc_get(&t->doc, root, SLICE("short_message")) ? FORM_GELF : FORM_MESSAGE;
}

/* NULL and the reason. */
static struct message *read_event(struct testing *t, struct slice text, const char **why)
{
    struct message *m = NULL;
    const struct jsondoc_node *root = read_json(t, text);
    *why = "no JSON";
    if (!root)
        return NULL;
    enum form form = t->form ? t->form : form_of(t, root);
    if (form == FORM_BEATS) {
        enum beats_result rc = beats_message(t->beats, text, &t->mem, &m);
        *why = beats_result_text(rc);
        return rc == BEATS_MESSAGE ? m : NULL;
    }
    if (form == FORM_GELF) {
        enum gelf_result rc = gelf_message(t->gelf, text, clock_real_ns(), &t->mem, &m);
        *why = gelf_result_text(rc);
        return rc == GELF_MESSAGE ? m : NULL;
    }
    *why = "no object";
    return flat_message(&t->doc, root, &t->mem);
}

static void print(void *ctx, struct message *m)
{
    struct testing *t = ctx;
    struct message_form form = { .now_ms = t->env.now_ms, .id = SLICE("event") };
    buf_reset(&t->line);
    if (!message_json(m, &form, &t->line)) {
        fputs("a message is too large to be printed\n", stderr);
        return;
    }
    fwrite(t->line.p, 1, t->line.n, stdout);
    putchar('\n');
}

/* ---- which rule set which field */

static void put_value(const char *before, const struct value *v, struct arena *mem)
{
    uint8_t room[SHOWN_BYTES];
    struct rule_value r = value_read(v, mem);
    struct buf b = buf_of(room, sizeof room);
    value_print(&b, &r);
    printf(r.kind == K_STRING ? "%s\"%.*s%s\"" : "%s%.*s%s", before, (int)b.n, room,
           b.full ? "…" : "");
}

static void put_entry(const struct explain_entry *e, struct arena *mem)
{
    printf("    %s%s%.*s", explain_word(e->what), e->name.n ? " " : "", (int)e->name.n, e->name.p);
    if (e->what == EXPLAIN_SET || e->what == EXPLAIN_CHANGED)
        put_value(" = ", &e->after, mem);
    if (e->what == EXPLAIN_CHANGED || e->what == EXPLAIN_REMOVED)
        put_value(", was ", &e->before, mem);
    putchar('\n');
}

static void put_explanation(struct testing *t)
{
    unsigned n;
    const struct explain_entry *e = explain_entries(t->explain, &n);
    for (unsigned i = 0; i < n; i++) {
        if (!i || e[i].m != e[i - 1].m || e[i].stage != e[i - 1].stage ||
            !slice_eq(e[i].rule, e[i - 1].rule))
            printf("  %.*s, stage %d: %.*s\n", (int)e[i].pipeline.n, e[i].pipeline.p, e[i].stage,
                   (int)e[i].rule.n, e[i].rule.p);
        put_entry(&e[i], &t->mem);
    }
    explain_reset(t->explain);
}

static void test_one(struct testing *t, struct slice text, unsigned number)
{
    const char *why;
    arena_reset(&t->mem);
    struct message *m = read_event(t, text, &why);
    if (!m) {
        fprintf(stderr, "line %u: %s\n", number, why);
        t->refused++;
        return;
    }
    const struct program_sink sink = { print, t };
    if (t->explain)
        printf("event %u\n", number);
    t->env.now_ms = clock_real_ns() / NS_PER_MS;
    message_stream(m, t->env.default_stream);
    program_run(t->run, &t->env, m, &sink, t->explain ? explain_listener(t->explain) : NULL);
    if (t->explain)
        put_explanation(t);
}

/* A line an event; a document over several lines is one event. */
static void test_all(struct testing *t, struct slice text)
{
    unsigned number = 0;
    ptrdiff_t first = slice_find(text, '\n');
    bool lines = first < 0 || read_json(t, slice_first(text, (size_t)first));
    if (!lines && read_json(t, text)) {
        test_one(t, text, 1);
        return;
    }
    while (text.n) {
        ptrdiff_t end = slice_find(text, '\n');
        struct slice line = end < 0 ? text : slice_first(text, (size_t)end);
        text = slice_after(text, line.n + 1);
        number++;
        if (slice_trim(line).n)
            test_one(t, line, number);
    }
}

/* ---- birth and end */

/* --pack takes names, and folders as they are written in a shell. */
static void choose_packs(struct testing *t, const struct args *a)
{
    if (!a->packs.n)
        return;
    t->conf.enabled = a->packs;
    for (unsigned i = 0; i < a->packs.n; i++)
        t->conf.enabled.v[i] = packs_argument(a->packs.v[i], &t->config.mem);
}

static err choose_form(struct testing *t, const struct args *a, struct why *w)
{
    for (unsigned i = 1; a->format && i < COUNT(form_names); i++)
        if (strcmp(a->format, form_names[i]) == 0)
            t->form = (enum form)i;
    if (a->format && !t->form)
        return why_set(w, ERR_USAGE, "invalid argument \"%s\" for --format: beats, gelf or message",
                       a->format);
    return ERR_OK;
}

static err open_test(struct testing *t, const struct args *a, struct why *w)
{
    struct beats_conf beats = { false, slice_of(NULL, 0) };
    err rc = choose_form(t, a, w);
    if (!rc)
        rc = packs_look(&t->conf, &t->config, a, w);
    if (rc)
        return rc;
    choose_packs(t, a);
    if (!rc)
        rc = packs_load_or(&t->conf, &t->packs, w);
    if (rc)
        return rc;
    t->run = program_run_new(t->packs->program);
    t->env = packs_env(t->packs);
    t->explain = a->why ? explain_new(t->packs->program) : NULL;
    t->beats = beats_reader_new(&beats);
    t->gelf = gelf_reader_new(0);
    t->line = buf_of(xmalloc(EVENT_BYTES), EVENT_BYTES);
    jsondoc_init(&t->doc, NODES_MAX);
    arena_init(&t->mem, NULL, EVENT_BYTES);
    return ERR_OK;
}

static void close_test(struct testing *t)
{
    arena_free(&t->mem);
    jsondoc_free(&t->doc);
    xfree(t->line.p);
    gelf_reader_free(t->gelf);
    beats_reader_free(t->beats);
    if (t->explain)
        explain_free(t->explain);
    program_run_free(t->run);
    packs_drop(t->packs);
    config_free(&t->config);
}

/* With --explain: what metric_counter_inc has counted. */
static void put_metrics(const struct testing *t)
{
    const struct program_metric *m;
    for (unsigned i = 0; t->explain && (m = program_metric(t->run, i)); i++)
        printf("counter %s = %lld\n", m->name, (long long)m->value);
    if (t->explain && program_metrics_refused(t->run))
        printf("counters beyond the first %d: %llu calls not counted\n", PROGRAM_METRICS_MAX,
               (unsigned long long)program_metrics_refused(t->run));
}

int pack_test_command(const struct args *a)
{
    static struct testing t;
    struct slice text;
    struct arena file;
    struct why w;
    if (a->rest.n != 1) {
        fputs("Error: pack test needs one file of events (- is standard input)\n", stderr);
        return 1;
    }
    arena_init(&file, NULL, 0);
    err rc = file_read(&file, a->rest.v[0], FILE_MAX, &text, &w);
    if (!rc)
        rc = open_test(&t, a, &w);
    if (rc) {
        fprintf(stderr, "Error: %s\n", w.text);
        return 1;
    }
    test_all(&t, text);
    put_metrics(&t);
    close_test(&t);
    arena_free(&file);
    return t.refused ? 1 : 0;
}
