/* The files of a pack: which of its rules and pipelines are used, its streams, what is connected.
 */
#include "os/file.h"
#include "pack/pack_load.h"

#define FILE_MAX    ((size_t)4 << 20)
#define ENTRIES_MAX 512

struct file_yml {
    const struct node *path, *when;
};

struct link_yml {
    const char *stream;
    struct texts pipelines;
    const struct node *when;
};

/* clang-format off */
const struct option pack_file_options[] = {
    OPT(file_yml, path, NODE, "path", NULL, 0, 0, OPT_REQUIRED, "A file, or several with *, or a list of them."),
    OPT(file_yml, when, NODE, "when", NULL, 0, 0, 0, "Settings that must have these values; * for any that is not empty."),
    { 0 }
};
const struct option pack_link_options[] = {
    OPT(link_yml, stream,    TEXT,  "stream",    NULL, 0, 0, OPT_REQUIRED, "Title of a stream."),
    OPT(link_yml, pipelines, TEXTS, "pipelines", NULL, 0, 0, OPT_REQUIRED, "Names of pipelines that its messages go through."),
    OPT(link_yml, when,      NODE,  "when",      NULL, 0, 0, 0, "Settings that must have these values; * for any that is not empty."),
    { 0 }
};
/* clang-format on */

/* A line of `rules` or `pipelines`. */
struct entry {
    const struct node *at;
    const char *pattern; /* with at most one '*' */
    bool holds, met;
};

struct entries {
    struct entry *v;
    unsigned n;
};

/* ---- which files */

static void add_pattern(struct pack_loading *l, struct entries *e, const struct node *at,
                        bool holds)
{
    const char *pattern = pack_expand(l, at);
    if (e->n == ENTRIES_MAX)
        mistake_add(l->wrong, place_of(at), "more than %d files are named", ENTRIES_MAX);
    else if (pattern)
        e->v[e->n++] = (struct entry){ at, pattern, holds, false };
}

static void add_entry(struct pack_loading *l, struct entries *e, const struct node *n)
{
    struct file_yml yml = { 0 };
    if (n->type != NODE_MAP) {
        add_pattern(l, e, n, true);
        return;
    }
    if (!pack_read(l, pack_file_options, n, &yml))
        return;
    bool holds = pack_when(l, yml.when);
    if (yml.path->type != NODE_LIST)
        add_pattern(l, e, yml.path, holds);
    for (const struct node *c = yml.path->type == NODE_LIST ? yml.path->child : NULL; c;
         c = c->next)
        add_pattern(l, e, c, holds);
}

static bool matches(const char *pattern, const char *name)
{
    struct slice p = slice_cstr(pattern), s = slice_cstr(name);
    ptrdiff_t star = slice_find(p, '*');
    if (star < 0)
        return slice_eq(p, s);
    struct slice head = slice_first(p, (size_t)star), tail = slice_after(p, (size_t)star + 1);
    return s.n >= head.n + tail.n && slice_starts(s, head) && slice_ends(s, tail);
}

/* The line that decides over a file: the last one that names it, else the last with a '*'. */
static struct entry *entry_of(struct entries *e, const char *name)
{
    struct entry *best = NULL;
    for (unsigned i = 0; i < e->n; i++) {
        struct entry *x = &e->v[i];
        if (!matches(x->pattern, name))
            continue;
        x->met = true;
        if (!best || !strchr(x->pattern, '*') || strchr(best->pattern, '*'))
            best = x;
    }
    return best;
}

static void read_file(struct pack_loading *l, struct pack_file *f, const char *name)
{
    struct why w;
    f->path = pack_join(l, l->pack->folder, name);
    if (file_read(&l->packs->mem, f->path, FILE_MAX, &f->text, &w))
        mistake_add(l->wrong, (struct place){ f->path, 0, 0 }, "%s", w.text);
}

static void note_unmet(struct pack_loading *l, const struct entries *e, const struct names *names,
                       const char *folder)
{
    char tail[256];
    for (unsigned i = 0; i < e->n; i++) {
        const struct entry *x = &e->v[i];
        if (x->met)
            continue;
        const char *slash = strrchr(x->pattern, '/');
        const char *nearest = nearest_name(slash ? slash + 1 : x->pattern, names->v, names->n);
        snprintf(tail, sizeof tail, " (did you mean %s/%s?)", folder, nearest ? nearest : "");
        mistake_add(l->wrong, place_of(x->at), "no file '%.100s' in %s%s", x->pattern,
                    l->pack->folder, nearest ? tail : "");
    }
}

/* Files of one folder of the pack; without a list in pack.yml, all. */
static struct pack_file *read_folder(struct pack_loading *l, const char *folder, const char *end,
                                     const struct node *list, unsigned *n)
{
    struct names names;
    struct why w;
    struct entries e = { arena_alloc(&l->packs->mem, ENTRIES_MAX * sizeof *e.v), 0 };
    err rc = folder_list(&l->packs->mem, pack_join(l, l->pack->folder, folder), end, &names, &w);
    if (rc && rc != ERR_MISSING)
        mistake_add(l->wrong, (struct place){ l->pack->folder, 0, 0 }, "%s", w.text);
    struct pack_file *f = arena_zalloc(&l->packs->mem, (names.n + 1) * sizeof *f);
    for (const struct node *c = list && e.v ? list->child : NULL; c; c = c->next)
        add_entry(l, &e, c);
    for (unsigned i = 0; f && i < names.n; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s/%.255s", folder, names.v[i]);
        struct entry *x = entry_of(&e, name);
        read_file(l, &f[*n], name);
        if (list && !x)
            mistake_add(l->wrong, place_of(list),
                        "no line here names %s (mend: add it, or take the "
                        "file away)",
                        name);
        f[(*n)++].used = !list || (x && x->holds);
    }
    note_unmet(l, &e, &names, folder);
    return f;
}

void pack_read_files(struct pack_loading *l, const struct pack_yml *yml)
{
    struct pack *p = l->pack;
    p->rule = read_folder(l, "rules", ".rule", yml->rules, &p->n_rules);
    p->pipeline = read_folder(l, "pipelines", ".pipeline", yml->pipelines, &p->n_pipelines);
    p->grok = read_folder(l, "grok", ".grok", yml->grok, &p->n_grok);
}

/* ---- streams */

static struct rule_stream *stream_find(struct packs *p, struct slice title)
{
    for (unsigned i = 0; i < p->n_streams; i++)
        if (slice_eq(p->stream[i].title, title))
            return &p->stream[i];
    return NULL;
}

/* That of a stream which is there already, else one made from the title. */
static struct slice stream_id(struct pack_loading *l, struct slice title)
{
    char made[25];
    for (unsigned i = 0; i < l->conf->n_known; i++)
        if (slice_eq(l->conf->known[i].title, title))
            return arena_dup(&l->packs->mem, l->conf->known[i].id);
    pack_stream_id(title, made);
    return arena_dup(&l->packs->mem, slice_of(made, 24));
}

static void add_stream(struct pack_loading *l, const struct node *n)
{
    struct packs *p = l->packs;
    const struct node *title = node_get(n, "title"), *paused = node_get(n, "disabled");
    const char *text = title ? pack_scalar(title) : NULL;
    if (!text || !*text || p->n_streams == PACK_STREAMS_MAX) {
        mistake_add(l->wrong, place_of(n), "a stream needs its `title`; there may be %d",
                    PACK_STREAMS_MAX);
        return;
    }
    if (stream_find(p, slice_cstr(text)))
        return; /* two packs may use one */
    p->stream[p->n_streams++] =
        (struct rule_stream){ .id = stream_id(l, slice_cstr(text)),
                              .title = slice_cstr(text),
                              .paused = paused && paused->type == NODE_BOOL && paused->b };
}

void pack_read_streams(struct pack_loading *l)
{
    struct node *n = pack_yaml(l, "stream.yml", false);
    struct node *set = pack_yaml(l, "index_set.yml", false);
    pack_expand_all(l, n);
    pack_expand_all(l, set);
    l->pack->stream = n;
    l->pack->index_set = set;
    if (n && n->type == NODE_MAP)
        add_stream(l, n);
    for (const struct node *c = n && n->type == NODE_LIST ? n->child : NULL; c; c = c->next)
        add_stream(l, c);
}

/* ---- connections */

static void read_link(struct pack_loading *l, const struct node *n)
{
    struct link_yml yml = { 0 };
    struct packs *p = l->packs;
    if (!pack_read(l, pack_link_options, n, &yml) || !pack_when(l, yml.when))
        return;
    const struct rule_stream *s = stream_find(p, slice_cstr(yml.stream));
    const char *titles[PACK_STREAMS_MAX];
    for (unsigned i = 0; i < p->n_streams; i++)
        titles[i] = (const char *)p->stream[i].title.p;
    const char *nearest = s ? NULL : nearest_name(yml.stream, titles, p->n_streams);
    if (!s)
        mistake_add(l->wrong, place_of(n),
                    "no stream '%.80s'%s%s%s (mend: a stream.yml with this "
                    "title)",
                    yml.stream, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                    nearest ? "'?" : "");
    for (unsigned i = 0; s && i < yml.pipelines.n && p->n_links < PACK_LINKS_MAX; i++)
        p->link[p->n_links++] =
            (struct pack_link){ s->id, slice_cstr(yml.pipelines.v[i]), place_of(n) };
}

void pack_read_links(struct pack_loading *l, const struct node *connections)
{
    for (const struct node *n = connections ? connections->child : NULL; n; n = n->next)
        read_link(l, n);
}
