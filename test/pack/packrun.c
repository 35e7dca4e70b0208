/* Runs a pack on events, the way from the wire to the message and nothing else.
 * Usage: packrun FOLDER NAME [SETTING=VALUE | bench | errors]... < EVENTS > MESSAGES
 * An event with a short_message is GELF, any other one is of a Beat. `bench`: the CPU time of a
 * message in the rules, instead of messages. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/yaml.h"
#include "in/beats_message.h"
#include "in/gelf_message.h"
#include "model/message_json.h"
#include "pack/pack.h"
#include "pack/program.h"

#define RECEIVED_NS   1707945600000000000
#define BENCH_REPEATS 200

struct runner {
    struct arena mem, boot;
    struct packs *packs;
    struct program *program;
    struct program_run *run;
    struct rule_env env;
    struct beats_reader *beats;
    struct gelf_reader *gelf;
    bool bench;
    uint64_t messages, ns;
    uint8_t *out;
};

#define OUT_MAX ((size_t)16 << 20)

static void fail(const char *what)
{
    fprintf(stderr, "packrun: %s\n", what);
    exit(2);
}

static void tell(void *ctx, const struct program_mistake *m)
{
    const struct program_source *s = ctx;
    struct slice file = m->part == PROGRAM_RULE ? s[0].file : s[1].file;
    fprintf(stderr, "%.*s and its like, source %u: %u:%u %s\n", (int)file.n, (const char *)file.p,
            m->source, m->error->line, m->error->col, m->error->text);
}

/* The files of one kind that are used, as sources. */
static unsigned sources(struct runner *r, const struct pack_file *f, unsigned n,
                        struct program_source *out)
{
    unsigned used = 0;
    for (unsigned i = 0; i < n; i++)
        if (f[i].used)
            out[used++] = (struct program_source){ slice_cstr(f[i].path), f[i].text };
    (void)r;
    return used;
}

static void load_program(struct runner *r)
{
    static struct program_source rules[PACK_FILES_MAX], pipelines[PACK_FILES_MAX];
    static struct program_connection links[PACK_LINKS_MAX];
    struct packs *p = r->packs;
    unsigned mistakes = 0;
    struct program_conf conf = { .rule = rules, .pipeline = pipelines, .connection = links };
    conf.n_rules = sources(r, p->pack[0].rule, p->pack[0].n_rules, rules);
    conf.n_pipelines = sources(r, p->pack[0].pipeline, p->pack[0].n_pipelines, pipelines);
    conf.n_connections = p->n_links;
    for (unsigned i = 0; i < p->n_links; i++)
        links[i] = (struct program_connection){ p->link[i].stream_id, p->link[i].pipeline };
    conf.mistake = tell;
    conf.ctx = (struct program_source[]){ rules[0], pipelines[0] };
    r->program = program_load(&conf, &mistakes);
    if (!r->program || mistakes)
        fail("the program has mistakes");
    r->run = program_run_new(r->program);
    r->env = packs_env(p);
    r->env.now_ms = RECEIVED_NS / 1000000;
}

static void load_pack(struct runner *r, int argc, char **argv)
{
    struct mistakes wrong = { .mem = &r->boot };
    struct why w;
    struct node *settings = NULL;
    char yaml[2000];
    struct buf b = buf_of(yaml, sizeof yaml);
    const char *folders[1] = { argv[1] }, *enabled[1] = { argv[2] };
    buf_printf(&b, "%s: {", argv[2]);
    for (int i = 3; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (equals)
            buf_printf(&b, "%.*s: \"%s\", ", (int)(equals - argv[i]), argv[i], equals + 1);
        r->bench |= strcmp(argv[i], "bench") == 0;
    }
    buf_cstr(&b, "}\n");
    if (yaml_read(&r->boot, slice_of(yaml, b.n), "settings", &settings, &w))
        fail(w.text);
    struct packs_conf conf = { .folders = { folders, 1 },
                               .enabled = { enabled, 1 },
                               .settings = settings,
                               .user_folder = "." };
    r->packs = packs_load(&conf, &wrong);
    for (unsigned i = 0; !r->packs && i < wrong.n && i < MISTAKES_MAX; i++)
        fprintf(stderr, "%s\n", wrong.v[i]);
    if (!r->packs)
        fail("the pack has mistakes");
}

static void print(void *ctx, struct message *m)
{
    struct runner *r = ctx;
    struct buf b = buf_of(r->out, OUT_MAX);
    if (r->bench)
        return;
    if (!message_json(m, &(struct message_form){ .now_ms = RECEIVED_NS / 1000000 }, &b))
        fail("a message is too large");
    buf_u8(&b, '\n');
    fwrite(r->out, 1, b.n, stdout);
}

static uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void one(struct runner *r, struct slice line)
{
    struct message *m = NULL;
    static const char mark[] = "\"short_message\"";
    arena_reset(&r->mem);
    if (memmem(line.p, line.n, mark, sizeof mark - 1))
        gelf_message(r->gelf, line, RECEIVED_NS, &r->mem, &m);
    else
        beats_message(r->beats, line, &r->mem, &m);
    if (!m)
        fail("an event is none");
    message_stream(m, r->env.default_stream);
    uint64_t begin = clock_ns();
    program_run(r->run, &r->env, m, &(struct program_sink){ print, r }, NULL);
    r->ns += clock_ns() - begin;
    r->messages++;
}

int main(int argc, char **argv)
{
    static struct runner r;
    static struct chunk_pool pool = { .max_bytes = (size_t)1 << 30 };
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    if (argc < 3)
        fail("FOLDER NAME [SETTING=VALUE]...");
    arena_init(&r.boot, NULL, 0);
    arena_init(&r.mem, &pool, 0);
    r.out = malloc(OUT_MAX);
    load_pack(&r, argc, argv);
    load_program(&r);
    r.beats = beats_reader_new(&(struct beats_conf){ .no_prefix = false });
    r.gelf = gelf_reader_new(0);
    while ((n = getline(&line, &cap, stdin)) > 0)
        for (int i = 0; i < (r.bench ? BENCH_REPEATS : 1); i++)
            one(&r, slice_of(line, (size_t)n));
    if (r.bench && r.messages)
        printf("%llu messages, %.2f us each in %u rules\n", (unsigned long long)r.messages,
               (double)r.ns / 1e3 / (double)r.messages, program_rules(r.program));
    program_run_free(r.run);
    program_free(r.program);
    beats_reader_free(r.beats);
    gelf_reader_free(r.gelf);
    packs_drop(r.packs);
    arena_free(&r.mem);
    arena_free(&r.boot);
    chunk_pool_free(&pool);
    free(r.out);
    free(line);
    return 0;
}
