/* A tree of settings as YAML with sorted keys, as Go's yaml.v2 writes it. */
#include "app/dump.h"

#include <stdlib.h>

#include "app/expand.h"
#include "base/buf.h"
#include "base/bug.h"
#include "codec/yaml.h"

struct dumper {
    FILE *out;
    const struct dump_conf *conf;
    struct arena mem;
    char path[512];
};

static int by_key(const void *a, const void *b)
{
    const struct node *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

/* The children in the order of their keys; *n of them. */
static const struct node **sorted(struct dumper *d, const struct node *map, size_t *n)
{
    *n = 0;
    for (const struct node *c = map->child; c; c = c->next)
        ++*n;
    const struct node **v = arena_alloc(&d->mem, (*n + 1) * sizeof *v);
    xneed(v, "memory to print the configuration");
    size_t i = 0;
    for (const struct node *c = map->child; c; c = c->next)
        v[i++] = c;
    qsort(v, *n, sizeof *v, by_key);
    return v;
}

/* Would a reader take the bare text for something else than a text? */
static bool needs_quotes(struct dumper *d, const char *text)
{
    struct node *n;
    struct why ignored;
    if (!*text || strchr(text, '\n') || strchr(text, '\r'))
        return true;
    if (strncmp(text, "${", 2) == 0 && !strpbrk(text, " #'\""))
        return false;
    if (yaml_read(&d->mem, slice_cstr(text), "-", &n, &ignored))
        return true;
    return n->type != NODE_STR || n->quoted || strcmp(n->text, text) != 0;
}

static void put_text(struct dumper *d, const char *text)
{
    if (!needs_quotes(d, text)) {
        fputs(text, d->out);
        return;
    }
    fputc('"', d->out);
    for (const char *s = text; *s; s++) {
        uint8_t c = (uint8_t)*s;
        if (c == '"' || c == '\\')
            fprintf(d->out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", d->out);
        else if (c < 0x20 || c == 0x7f)
            fprintf(d->out, "\\x%02x", c);
        else
            fputc(c, d->out);
    }
    fputc('"', d->out);
}

static void put_scalar(struct dumper *d, const struct node *n)
{
    if (d->conf->is_secret && d->conf->is_secret(d->path)) {
        fputs("xxxxx\n", d->out);
        return;
    }
    if (n->type == NODE_NULL)
        fputs("null", d->out);
    else if (n->type == NODE_BOOL)
        fputs(n->b ? "true" : "false", d->out);
    else if (n->type == NODE_INT)
        fprintf(d->out, "%lld", (long long)n->i);
    else if (n->type == NODE_DOUBLE)
        fputs(n->text, d->out);
    else
        put_text(d, d->conf->as_exported ? expand_as_exported(&d->mem, n->text) : n->text);
    fputc('\n', d->out);
}

static void indent(struct dumper *d, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        fputs("  ", d->out);
}

static void put_map(struct dumper *d, const struct node *map, unsigned depth, bool in_item);
static void put_list(struct dumper *d, const struct node *list, unsigned depth);

/* What follows "key:". Lists stand at the depth of their key, as yaml.v2 does it. */
static void put_value(struct dumper *d, const struct node *n, unsigned depth)
{
    if (n->type == NODE_MAP && n->child) {
        fputc('\n', d->out);
        put_map(d, n, depth + 1, false);
    } else if (n->type == NODE_LIST && n->child) {
        fputc('\n', d->out);
        put_list(d, n, depth);
    } else if (n->type == NODE_MAP || n->type == NODE_LIST) {
        fputs(n->type == NODE_MAP ? " {}\n" : " []\n", d->out);
    } else {
        fputc(' ', d->out);
        put_scalar(d, n);
    }
}

/* in_item: the first key follows "- " on the same line. */
static void put_map(struct dumper *d, const struct node *map, unsigned depth, bool in_item)
{
    size_t n, length = strlen(d->path);
    const struct node **child = sorted(d, map, &n);
    for (size_t i = 0; i < n; i++) {
        if (i || !in_item)
            indent(d, depth);
        put_text(d, child[i]->key);
        fputc(':', d->out);
        snprintf(d->path + length, sizeof d->path - length, "%s%s", length ? "." : "",
                 child[i]->key);
        put_value(d, child[i], depth);
        d->path[length] = '\0';
    }
}

static void put_list(struct dumper *d, const struct node *list, unsigned depth)
{
    for (const struct node *c = list->child; c; c = c->next) {
        indent(d, depth);
        fputc('-', d->out);
        if (c->type == NODE_MAP && c->child) {
            fputc(' ', d->out);
            put_map(d, c, depth + 1, true);
        } else {
            put_value(d, c, depth + 1);
        }
    }
}

void dump_tree(FILE *out, const struct node *root, const struct dump_conf *conf)
{
    struct dumper d = { .out = out, .conf = conf };
    arena_init(&d.mem, NULL, 0);
    if (root->child)
        put_map(&d, root, 0, false);
    else
        fputs("{}\n", out);
    arena_free(&d.mem);
}
