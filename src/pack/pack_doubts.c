/* What is no mistake and yet looks like one: it runs, but not as its author may think. */
#include "pack/function.h"
#include "pack/pack_load.h"
#include "pack/parser.h"

#define NAMES_MAX 4096 /* of rules, as a program has at most */

struct name {
    struct slice text;
    struct place at;
    bool used;
};

struct doubts {
    struct pack_loading *l;
    struct mistakes *out;
    const char *file; /* the present one */
    struct arena mem; /* of this */
    struct name rule[NAMES_MAX];
    unsigned n_rules;
};

/* ---- what a rule says */

static bool has_table(const struct packs *p, struct slice name)
{
    for (unsigned i = 0; i < p->n; i++) {
        const struct node *tables = node_get(p->pack[i].root, "tables");
        for (const struct node *t = tables ? tables->child : NULL; t; t = t->next) {
            const struct node *is = node_get(t, "name");
            if (is && slice_eq(slice_cstr(pack_scalar(is)), name))
                return true;
        }
    }
    return false;
}

static void look_at_table(struct doubts *d, const struct expr *e, struct slice name)
{
    const struct packs *p = d->l->packs;
    const char *names[PACK_TABLES_MAX];
    char text[100];
    if (has_table(p, name))
        return;
    snprintf(text, sizeof text, "%.*s", (int)slice_first(name, 80).n, name.p);
    for (unsigned i = 0; i < p->n_tables; i++)
        names[i] = (const char *)p->table[i].name.p;
    const char *nearest = nearest_name(text, names, p->n_tables);
    mistake_add(d->out, (struct place){ d->file, e->line, e->col + 1 },
                "no pack has a lookup table '%s'%s%s%s: the default is given each time", text,
                nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
}

static void look_at_grok(struct doubts *d, const struct expr *e, struct slice pattern)
{
    struct why w;
    struct arena mem;
    arena_init(&mem, NULL, 0);
    if (!grok_make(&mem, d->l->packs->grok, pattern, false, &w))
        mistake_add(d->out, (struct place){ d->file, e->line, e->col + 1 },
                    "the grok pattern fails on every message: %s", w.text);
    arena_free(&mem);
}

/* The argument of a parameter, as it is written. */
static const struct expr *argument(const struct expr *call, const struct function *fn,
                                   unsigned param)
{
    if (!call->named)
        return param < call->n ? call->item[param] : NULL;
    for (uint32_t i = 0; i < call->n; i++)
        if (slice_eq(call->key[i], fn->param[param].name))
            return call->item[i];
    return NULL;
}

static void look_at_call(struct doubts *d, const struct expr *call)
{
    const struct function *fn = function_find(call->text, &d->mem);
    for (unsigned i = 0; fn && i < fn->n_params; i++) {
        const struct expr *e = argument(call, fn, i);
        if (!e || e->kind != E_CONST || e->value.kind != K_STRING)
            continue;
        if (slice_eq(fn->param[i].name, SLICE("lookup_table")))
            look_at_table(d, e, rule_text(&e->value));
        if (fn->param[i].flags & PARAM_GROK)
            look_at_grok(d, e, rule_text(&e->value));
    }
}

static void look_at(struct doubts *d, const struct expr *e)
{
    if (!e)
        return;
    if (e->kind == E_CALL)
        look_at_call(d, e);
    look_at(d, e->a);
    look_at(d, e->b);
    for (uint32_t i = 0; i < e->n; i++)
        look_at(d, e->item[i]);
}

static void read_rules(struct doubts *d, const struct pack_file *f)
{
    struct lexer at = lexer_of(f->text);
    struct rule_errors e = { .n = 0 };
    d->file = f->path;
    for (;;) {
        struct lexer start = at;
        struct rule *r = parser_next(&d->mem, &at, &e);
        if (!r)
            return;
        struct token first = lexer_next(&start);
        if (d->n_rules < NAMES_MAX)
            d->rule[d->n_rules++] =
                (struct name){ r->name, { f->path, first.line, first.col + 1 }, false };
        look_at(d, r->when);
        for (const struct statement *s = r->then; s; s = s->next)
            look_at(d, s->e);
        struct lexer rest = at;
        if (lexer_next(&rest).kind == TK_EOF)
            return;
    }
}

/* ---- what is not used */

static bool has_text(const struct node *n, struct slice text)
{
    if (n && n->type != NODE_LIST)
        return slice_eq(slice_cstr(pack_scalar(n)), text);
    for (const struct node *c = n ? n->child : NULL; c; c = c->next)
        if (slice_eq(slice_cstr(pack_scalar(c)), text))
            return true;
    return false;
}

static bool is_connected(const struct packs *p, struct slice pipeline)
{
    for (unsigned i = 0; i < p->n; i++) {
        const struct node *links = node_get(p->pack[i].root, "connections");
        for (const struct node *k = links ? links->child : NULL; k; k = k->next)
            if (has_text(node_get(k, "pipelines"), pipeline))
                return true;
    }
    return false;
}

static void use_rule(struct doubts *d, struct slice name)
{
    for (unsigned i = 0; i < d->n_rules; i++)
        d->rule[i].used |= slice_eq(d->rule[i].text, name);
}

static void read_pipeline(struct doubts *d, const struct pack_file *f)
{
    struct rule_errors e = { .n = 0 };
    const struct pipeline *p = pipeline_parse(&d->mem, f->text, &e);
    for (unsigned i = 0; p && i < p->n; i++)
        for (unsigned j = 0; j < p->stage[i].n; j++)
            use_rule(d, p->stage[i].rule[j].name);
    if (p && !is_connected(d->l->packs, p->name))
        mistake_add(d->out, (struct place){ f->path, 1, 1 },
                    "the pipeline is connected to no stream: it never runs (mend: a line of "
                    "`connections` in pack.yml)");
}

static bool names_file(const struct node *n, struct slice name)
{
    if (n->type == NODE_STR && slice_ends(slice_cstr(n->text), name))
        return true;
    for (const struct node *c = n->child; c; c = c->next)
        if (names_file(c, name))
            return true;
    return false;
}

/* Files of a folder that nothing reads: with another end, or (end NULL) not named in pack.yml. */
static void look_in_folder(struct doubts *d, const struct pack *p, const char *folder,
                           const char *end)
{
    struct names names;
    struct why w;
    const char *path = pack_join(d->l, p->folder, folder);
    if (folder_list(&d->mem, path, "", &names, &w))
        return; /* most packs do not have all */
    for (unsigned i = 0; i < names.n; i++) {
        struct place at = { pack_join(d->l, path, names.v[i]), 0, 0 };
        struct slice name = slice_cstr(names.v[i]);
        if (end && !slice_ends(name, slice_cstr(end)))
            mistake_add(d->out, at, "it is not read: files of %s end with %s", folder, end);
        if (!end && !names_file(p->root, name))
            mistake_add(d->out, at, "no table of pack.yml reads it");
    }
}

static void look_at_pack(struct doubts *d, const struct pack *p)
{
    for (unsigned i = 0; i < p->n_rules; i++)
        read_rules(d, &p->rule[i]);
    look_in_folder(d, p, "rules", ".rule");
    look_in_folder(d, p, "pipelines", ".pipeline");
    look_in_folder(d, p, "grok", ".grok");
    look_in_folder(d, p, "lookups", NULL);
}

void pack_read_doubts(struct pack_loading *l)
{
    struct doubts *d = arena_zalloc(&l->packs->mem, sizeof *d);
    if (!d || !l->conf->doubts)
        return;
    d->l = l;
    d->out = l->conf->doubts;
    arena_init(&d->mem, NULL, 0);
    for (unsigned i = 0; i < l->packs->n; i++)
        look_at_pack(d, &l->packs->pack[i]);
    for (unsigned i = 0; i < l->packs->n; i++)
        for (unsigned j = 0; j < l->packs->pack[i].n_pipelines; j++)
            read_pipeline(d, &l->packs->pack[i].pipeline[j]);
    for (unsigned i = 0; i < d->n_rules; i++)
        if (!d->rule[i].used)
            mistake_add(d->out, d->rule[i].at, "no pipeline names the rule '%.*s': it never runs",
                        (int)slice_first(d->rule[i].text, 80).n, d->rule[i].text.p);
    arena_free(&d->mem);
}
