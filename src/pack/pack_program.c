/* From the texts of packs to their program. */
#include "pack/pack_load.h"

#define MISSING_MAX 1024 /* rules that stages name and that are not in the same program */

/* A rule that a stage of a pipeline names. */
struct missing {
    struct slice name;
    struct place at;
};

struct sources {
    struct program_source rule[PACK_FILES_MAX], pipeline[PACK_FILES_MAX];
    struct program_connection link[PACK_LINKS_MAX];
    struct program_conf conf;
    struct mistakes *wrong;
    struct missing missing[MISSING_MAX];
    unsigned n_missing;
    bool wrong_rules; /* some rule is not there because of its own mistake */
};

static unsigned add(struct program_source *out, unsigned n, const struct pack_file *f,
                    unsigned count, bool used)
{
    for (unsigned i = 0; i < count && n < PACK_FILES_MAX; i++)
        if (f[i].used == used)
            out[n++] = (struct program_source){ slice_cstr(f[i].path), f[i].text };
    return n;
}

static void note(void *ctx, const struct program_mistake *m)
{
    struct sources *s = ctx;
    const struct program_source *at =
        m->part == PROGRAM_RULE ? &s->rule[m->source] : &s->pipeline[m->source];
    struct place place = { (const char *)at->file.p, m->error->line, m->error->col + 1 };
    s->wrong_rules |= m->part == PROGRAM_RULE;
    if (m->unresolved && s->n_missing < MISSING_MAX)
        s->missing[s->n_missing++] = (struct missing){ m->missing, place };
    if (!m->unresolved)
        mistake_add(s->wrong, place, "%s: %s", rule_error_name(m->error->kind), m->error->text);
}

/* The files that are used with these settings, or the others. */
static void gather(struct pack_loading *l, struct sources *s, bool used)
{
    struct packs *p = l->packs;
    unsigned n_rules = 0, n_pipelines = 0;
    for (unsigned i = 0; i < p->n; i++) {
        n_rules = add(s->rule, n_rules, p->pack[i].rule, p->pack[i].n_rules, used);
        n_pipelines =
            add(s->pipeline, n_pipelines, p->pack[i].pipeline, p->pack[i].n_pipelines, used);
    }
    if (n_rules == PACK_FILES_MAX || n_pipelines == PACK_FILES_MAX)
        mistake_add(l->wrong, (struct place){ "packs", 0, 0 }, "more than %d files",
                    PACK_FILES_MAX);
    if (n_pipelines > PROGRAM_PIPELINES_MAX)
        mistake_add(l->wrong, (struct place){ "packs", 0, 0 }, "more than %d pipelines",
                    PROGRAM_PIPELINES_MAX);
    if (n_pipelines > PROGRAM_PIPELINES_MAX)
        n_pipelines = PROGRAM_PIPELINES_MAX;
    s->wrong = l->wrong;
    s->conf = (struct program_conf){ .rule = s->rule,
                                     .pipeline = s->pipeline,
                                     .n_rules = n_rules,
                                     .n_pipelines = n_pipelines,
                                     .connection = s->link,
                                     .mistake = note,
                                     .ctx = s };
}

/* ---- pipelines and what they are connected to */

struct pipeline_names {
    const char *v[PACK_FILES_MAX];
    bool used[PACK_FILES_MAX];
    unsigned n;
};

static void take_name(struct pack_loading *l, struct pipeline_names *names,
                      const struct pack_file *f)
{
    struct rule_errors e = { .n = 0 };
    struct pipeline *p = pipeline_parse(&l->packs->mem, f->text, &e);
    char *text = p ? arena_alloc(&l->packs->mem, p->name.n + 1) : NULL;
    if (!text || names->n == PACK_FILES_MAX)
        return; /* what is wrong with it is told when it is compiled */
    memcpy(text, p->name.p, p->name.n);
    text[p->name.n] = '\0';
    for (unsigned i = 0; i < names->n; i++)
        if (f->used && names->used[i] && strcmp(names->v[i], text) == 0)
            mistake_add(l->wrong, (struct place){ f->path, 1, 1 },
                        "another pipeline is called '%s' (mend: a name of its own)", text);
    names->used[names->n] = f->used;
    names->v[names->n++] = text;
}

static bool is_used(const struct pipeline_names *names, struct slice name, bool *known)
{
    bool used = false;
    *known = false;
    for (unsigned i = 0; i < names->n; i++) {
        if (!slice_eq(slice_cstr(names->v[i]), name))
            continue;
        *known = true;
        used |= names->used[i];
    }
    return used;
}

/* Connections to pipelines that are not used with these settings are passed over. */
static void connect(struct pack_loading *l, struct sources *s, const struct pipeline_names *names)
{
    for (unsigned i = 0; i < l->packs->n_links; i++) {
        const struct pack_link *k = &l->packs->link[i];
        bool known;
        if (is_used(names, k->pipeline, &known))
            s->link[s->conf.n_connections++] =
                (struct program_connection){ k->stream_id, k->pipeline };
    }
}

static void note_unconnected(struct pack_loading *l, const struct pipeline_names *names)
{
    for (unsigned i = 0; i < l->packs->n_links; i++) {
        const struct pack_link *k = &l->packs->link[i];
        const char *name = (const char *)k->pipeline.p;
        bool known;
        (void)is_used(names, k->pipeline, &known);
        const char *nearest = known ? NULL : nearest_name(name, names->v, names->n);
        if (!known)
            mistake_add(l->wrong, k->at, "no pipeline '%.80s'%s%s%s", name,
                        nearest ? ": did you mean '" : "", nearest ? nearest : "",
                        nearest ? "'?" : " (mend: the name that stands in the pipeline's file)");
    }
}

/* ---- rules */

static void note_twins(struct pack_loading *l, const struct program *p,
                       const struct program_conf *conf)
{
    unsigned n = program_rules(p);
    for (unsigned i = 0; i < n; i++) {
        struct slice name = program_rule_name(p, i);
        for (unsigned j = 0; j < i; j++) {
            if (!slice_eq(name, program_rule_name(p, j)))
                continue;
            const char *file = (const char *)conf->rule[program_rule_source(p, i)].file.p;
            const char *other = (const char *)conf->rule[program_rule_source(p, j)].file.p;
            mistake_add(l->wrong, (struct place){ file, 0, 0 },
                        "rule '%.*s' is in %s already (mend: a name of its own)",
                        (int)slice_first(name, 80).n, name.p, other);
        }
    }
}

static struct program *compile(struct pack_loading *l, struct sources *s)
{
    unsigned n;
    grok_compile_with(l->packs->grok);
    struct program *p = program_load(&s->conf, &n);
    grok_compile_with(NULL);
    if (!p)
        mistake_add(l->wrong, (struct place){ "packs", 0, 0 }, "memory is out");
    return p;
}

static bool has_rule(const struct program *p, struct slice name)
{
    for (unsigned i = 0; p && i < program_rules(p); i++)
        if (slice_eq(program_rule_name(p, i), name))
            return true;
    return false;
}

/* What is used may name rules that are not, and the other way round. */
static void note_missing(struct pack_loading *l, const struct sources *s, const struct program *p,
                         const struct program *other)
{
    for (unsigned i = 0; i < s->n_missing; i++) {
        const struct missing *m = &s->missing[i];
        if (!has_rule(p, m->name) && !has_rule(other, m->name))
            mistake_add(l->wrong, m->at,
                        "there is no rule \"%.*s\" (mend: the name of a rule of a pack that is "
                        "enabled)",
                        (int)slice_first(m->name, 100).n, m->name.p);
    }
}

/* ---- grok patterns */

static void read_used(const struct packs *p, struct grok_library *lib, struct mistakes *wrong)
{
    for (unsigned i = 0; i < p->n; i++)
        for (unsigned j = 0; j < p->pack[i].n_grok; j++)
            if (p->pack[i].grok[j].used)
                grok_library_read(lib, p->pack[i].grok[j].path, p->pack[i].grok[j].text, wrong);
}

static bool is_of(const char *mistake, const char *path)
{
    size_t n = strlen(path);
    return strncmp(mistake, path, n) == 0 && mistake[n] == ':';
}

/* It must be right all the same, beside those that are used: it may need their names, and have
 * some of them instead. */
static void check_unused(struct pack_loading *l, const struct pack_file *f)
{
    struct mistakes found = { .mem = &l->packs->mem };
    struct grok_library *lib = grok_library_new(&l->packs->mem);
    if (!lib)
        return;
    grok_library_read(lib, f->path, f->text, &found);
    read_used(l->packs, lib, &found);
    grok_library_check(lib, &found);
    for (unsigned i = 0; i < found.n && i < MISTAKES_MAX; i++)
        if (found.v[i] && is_of(found.v[i], f->path))
            mistake_line(l->wrong, found.v[i]);
}

static void read_grok(struct pack_loading *l)
{
    struct packs *p = l->packs;
    for (unsigned i = 0; i < p->n; i++) {
        for (unsigned j = 0; j < p->pack[i].n_grok; j++) {
            const struct pack_file *f = &p->pack[i].grok[j];
            if (f->used && !p->grok)
                p->grok = grok_library_new(&p->mem);
            if (!f->used)
                check_unused(l, f);
        }
    }
    if (!p->grok)
        return;
    read_used(p, p->grok, l->wrong);
    grok_library_check(p->grok, l->wrong);
}

void pack_read_program(struct pack_loading *l)
{
    struct sources *s = arena_zalloc(&l->packs->mem, sizeof *s);
    struct sources *other = arena_zalloc(&l->packs->mem, sizeof *other);
    struct pipeline_names *names = arena_zalloc(&l->packs->mem, sizeof *names);
    if (!s || !other || !names)
        return;
    read_grok(l);
    for (unsigned i = 0; i < l->packs->n; i++)
        for (unsigned j = 0; j < l->packs->pack[i].n_pipelines; j++)
            take_name(l, names, &l->packs->pack[i].pipeline[j]);
    gather(l, s, true);
    connect(l, s, names);
    l->packs->program = compile(l, s);
    gather(l, other, false);
    struct program *unused = compile(l, other); /* for its mistakes */
    if (!s->wrong_rules && !other->wrong_rules) {
        note_missing(l, s, l->packs->program, unused);
        note_missing(l, other, l->packs->program, unused);
    }
    program_free(unused);
    note_unconnected(l, names);
    if (l->packs->program)
        note_twins(l, l->packs->program, &s->conf);
}
