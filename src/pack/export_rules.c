/* Rules, pipelines and grok patterns: their texts as they stand in the pack's files, a rule or
 * pattern an entity. */
#include "pack/export_private.h"

/* ---- what there is */

static const char *file_of(const struct exporting *x, const struct pack_file *f)
{
    size_t n = strlen(x->pack->folder);
    return strncmp(f->path, x->pack->folder, n) == 0 && f->path[n] == '/' ? f->path + n + 1
                                                                          : f->path;
}

/* Without blanks and line ends at both ends. */
static struct slice trim(struct slice s)
{
    static const char blank[] = " \t\r\n";
    while (s.n && memchr(blank, s.p[0], sizeof blank - 1))
        s = slice_after(s, 1);
    while (s.n && memchr(blank, s.p[s.n - 1], sizeof blank - 1))
        s.n--;
    return s;
}

static bool at_end(struct lexer at)
{
    return lexer_next(&at).kind == TK_EOF;
}

/* The rules of a file; each takes the comments before it along. */
static void read_rules(struct exporting *x, const struct pack_file *f)
{
    struct lexer at = lexer_of(f->text);
    struct rule_errors e = { .n = 0 };
    while (!at_end(at) && x->result->rules < EXPORT_RULES_MAX) {
        const uint8_t *from = at.p;
        const struct rule *r = parser_next(&x->packs->mem, &at, &e);
        if (!r)
            return; /* memory is out: the pack was loaded */
        x->rule[x->result->rules++] =
            (struct export_rule){ r->name, trim(slice_of(from, (size_t)(at.p - from))),
                                  file_of(x, f) };
        export_check_rule(x, r, f->path);
    }
    if (x->result->rules == EXPORT_RULES_MAX)
        mistake_add(x->wrong, (struct place){ f->path, 0, 0 }, "more than %d rules",
                    EXPORT_RULES_MAX);
}

static bool is_exported(const struct exporting *x, struct slice rule)
{
    for (unsigned i = 0; i < x->result->rules; i++)
        if (slice_eq(x->rule[i].name, rule))
            return true;
    return false;
}

/* A rule that is not there counts as one that is not true, here and there. */
static void check_pipeline(struct exporting *x, const struct pipeline *p)
{
    for (unsigned i = 0; i < p->n; i++)
        for (unsigned k = 0; k < p->stage[i].n; k++) {
            struct slice name = p->stage[i].rule[k].name;
            if (!is_exported(x, name))
                export_note(x,
                            "The pipeline \"%.*s\" names the rule \"%.*s\", which is not used "
                            "with these settings.",
                            (int)slice_first(p->name, 80).n, (const char *)p->name.p,
                            (int)slice_first(name, 80).n, (const char *)name.p);
        }
}

void export_read_rules(struct exporting *x)
{
    struct rule_errors e = { .n = 0 };
    x->rule = arena_alloc(&x->packs->mem, EXPORT_RULES_MAX * sizeof *x->rule);
    for (unsigned i = 0; x->rule && i < x->pack->n_rules; i++)
        if (x->pack->rule[i].used)
            read_rules(x, &x->pack->rule[i]);
    for (unsigned i = 0; i < x->pack->n_pipelines && i < PACK_FILES_MAX; i++) {
        const struct pack_file *f = &x->pack->pipeline[i];
        x->pipeline[i] = f->used ? pipeline_parse(&x->packs->mem, f->text, &e) : NULL;
        if (x->pipeline[i] && x->rule)
            check_pipeline(x, x->pipeline[i]);
    }
}

/* ---- entities */

void export_grok(struct exporting *x)
{
    for (unsigned i = 0; i < grok_library_count(x->packs->grok); i++) {
        char uuid[UUID_TEXT];
        struct slice name, text = grok_library_at(x->packs->grok, i, &name);
        export_uuid(x, uuid, "grok_pattern", name);
        export_begin(x, "grok_pattern", "1", uuid);
        jsonprint_text(&x->j, "name", name);
        jsonprint_text(&x->j, "pattern", text);
        export_end(x);
        x->result->patterns++;
    }
}

void export_rules(struct exporting *x)
{
    for (unsigned i = 0; i < x->result->rules; i++) {
        char uuid[UUID_TEXT];
        export_uuid(x, uuid, "pipeline_rule", x->rule[i].name);
        export_begin(x, "pipeline_rule", "1", uuid);
        export_text(x, "title", x->rule[i].name);
        export_cstr(x, "description", x->rule[i].file);
        export_text(x, "source", x->rule[i].source);
        export_end(x);
    }
}

static struct slice title_of(const struct exporting *x, struct slice stream_id)
{
    for (unsigned i = 0; i < x->packs->n_streams; i++)
        if (slice_eq(x->packs->stream[i].id, stream_id))
            return x->packs->stream[i].title;
    return slice_of(NULL, 0);
}

static bool is_repeated(const struct exporting *x, unsigned link)
{
    const struct pack_link *k = &x->packs->link[link];
    for (unsigned i = 0; i < link; i++)
        if (slice_eq(x->packs->link[i].stream_id, k->stream_id) &&
            slice_eq(x->packs->link[i].pipeline, k->pipeline))
            return true;
    return false;
}

static void connected(struct exporting *x, struct slice pipeline)
{
    char uuid[UUID_TEXT];
    jsonprint_open(&x->j, "connected_streams", '[');
    for (unsigned i = 0; i < x->packs->n_links; i++) {
        const struct pack_link *k = &x->packs->link[i];
        if (!slice_eq(k->pipeline, pipeline) || is_repeated(x, i))
            continue;
        if (slice_eq(k->stream_id, SLICE(DEFAULT_STREAM_ID)))
            export_cstr(x, NULL, DEFAULT_STREAM_ID);
        else if (export_stream_uuid(x, uuid, title_of(x, k->stream_id)))
            export_cstr(x, NULL, uuid);
    }
    jsonprint_close(&x->j, '[');
}

void export_pipelines(struct exporting *x)
{
    for (unsigned i = 0; i < x->pack->n_pipelines && i < PACK_FILES_MAX; i++) {
        const struct pipeline *p = x->pipeline[i];
        char uuid[UUID_TEXT];
        if (!p)
            continue;
        export_uuid(x, uuid, "pipeline", p->name);
        export_begin(x, "pipeline", "1", uuid);
        export_text(x, "title", p->name);
        export_cstr(x, "description", file_of(x, &x->pack->pipeline[i]));
        export_text(x, "source", trim(x->pack->pipeline[i].text));
        connected(x, p->name);
        export_end(x);
        x->result->pipelines++;
    }
}
