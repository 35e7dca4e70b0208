/* Keys that no table names. Packetbeat ignores them silently; here each is said once with the key
 * that was probably meant. */
#include "app/unknown.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "in/input.h"

#define NAMES_MAX 512

struct checker {
    struct settings *s;
    struct arena *a;
    const char *shown;            /* path that stands before the names, for messages */
    const char *names[NAMES_MAX]; /* full keys below it */
    const struct option *row[NAMES_MAX];
    size_t n;
    struct buf inert; /* list of keys without effect */
};

void note_add(struct settings *s, struct arena *a, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct slice line = slice_of(text, (size_t)n < sizeof text ? (size_t)n + 1 : sizeof text);
    struct slice copy = arena_dup(a, line);
    if (s->n_notes < NOTES_MAX && copy.n)
        s->notes[s->n_notes++] = (const char *)copy.p;
}

static const char *part_text(struct arena *a, struct slice part)
{
    char *text = arena_alloc(a, part.n + 1);
    if (!text)
        return "";
    memcpy(text, part.p, part.n);
    text[part.n] = '\0';
    return text;
}

static const char *join(struct arena *a, const char *path, const char *key)
{
    char text[512];
    struct buf b = buf_of(text, sizeof text - 1);
    buf_cstr(&b, path);
    if (*path && *key)
        buf_u8(&b, '.');
    buf_cstr(&b, key);
    text[b.n] = '\0';
    struct slice copy = arena_dup(a, slice_of(text, b.n + 1));
    return copy.n ? (const char *)copy.p : "";
}

static void add_rows(struct checker *k, const char *path, const struct option *table)
{
    for (const struct option *o = table; o && o->key && k->n < NAMES_MAX; o++) {
        k->names[k->n] = join(k->a, path, o->key);
        k->row[k->n++] = o;
    }
}

static void add_name(struct checker *k, const char *name)
{
    if (k->n < NAMES_MAX) {
        k->names[k->n] = name;
        k->row[k->n++] = NULL;
    }
}

/* The sibling that was probably meant: the part after `parent` of the known keys below it. */
static const char *nearest_sibling(struct checker *k, const char *path, size_t parent)
{
    const char **parts = arena_alloc(k->a, k->n * sizeof *parts);
    size_t n = 0;
    for (size_t i = 0; parts && i < k->n; i++) {
        if (strncmp(k->names[i], path, parent) != 0)
            continue;
        struct slice part = slice_cstr(k->names[i] + parent);
        ptrdiff_t dot = slice_find(part, '.');
        part = slice_first(part, dot < 0 ? part.n : (size_t)dot);
        parts[n++] = part_text(k->a, part);
    }
    return parts ? nearest_name(path + parent, parts, n) : NULL;
}

static void note_unknown(struct checker *k, const struct node *n, const char *path)
{
    char where[300];
    const char *dot = *k->shown ? "." : "", *last = strrchr(path, '.');
    size_t parent = last ? (size_t)(last - path) + 1 : 0;
    const char *nearest = nearest_sibling(k, path, parent);
    node_where(n, where, sizeof where);
    if (nearest)
        note_add(k->s, k->a, "%s: unknown key '%s%s%s' (did you mean '%s%s%.*s%s'?)", where,
                 k->shown, dot, path, k->shown, dot, (int)parent, path, nearest);
    else
        note_add(k->s, k->a, "%s: unknown key '%s%s%s'", where, k->shown, dot, path);
}

static void note_inert(struct checker *k, const char *path)
{
    if (k->inert.n)
        buf_lit(&k->inert, ", ");
    buf_cstr(&k->inert, k->shown);
    if (*k->shown)
        buf_u8(&k->inert, '.');
    buf_cstr(&k->inert, path);
}

/* Is path a known key? *deeper: known keys lie below it. */
static bool is_known(struct checker *k, const char *path, bool *deeper)
{
    size_t length = strlen(path);
    bool known = false;
    *deeper = false;
    for (size_t i = 0; i < k->n; i++) {
        if (strcmp(k->names[i], path) == 0) {
            known = true;
            if (k->row[i] && k->row[i]->flags & OPT_INERT)
                note_inert(k, path);
        } else if (strncmp(k->names[i], path, length) == 0 && k->names[i][length] == '.') {
            *deeper = true;
        }
    }
    return known;
}

static void walk(struct checker *k, const struct node *map, const char *above)
{
    for (const struct node *c = map->child; map->type == NODE_MAP && c; c = c->next) {
        const char *path = join(k->a, above, c->key);
        bool deeper;
        if (is_known(k, path, &deeper))
            continue;
        if (deeper && c->type == NODE_MAP)
            walk(k, c, path);
        else if (!deeper)
            note_unknown(k, c, path);
    }
}

static void begin(struct checker *k, const char *shown)
{
    k->n = 0;
    k->shown = shown;
}

static void check_root(struct checker *k, const struct node *root)
{
    begin(k, "");
    for (const struct section *s = sections; s->title; s++)
        for (size_t i = 0; !s->is_item && i < COUNT(s->tables) && s->tables[i]; i++)
            add_rows(k, s->path, s->tables[i]);
    add_name(k, "packetbeat.interfaces");
    add_name(k, "packetbeat.protocols");
    add_name(k, "output");
    add_name(k, "inputs");
    walk(k, root, "");
}

static void check_interface(struct checker *k, const struct node *item)
{
    begin(k, "packetbeat.interfaces");
    add_rows(k, "", interface_options);
    walk(k, item, "");
}

static void check_protocol(struct checker *k, const struct node *item, const char *name)
{
    unsigned id;
    const struct proto *p = proto_find(name, &id);
    if (!p)
        return;
    begin(k, join(k->a, "packetbeat.protocols", name));
    add_rows(k, "", proto_common_options);
    add_rows(k, "", meta_options);
    add_rows(k, "", p->options);
    add_name(k, "type");
    walk(k, item, "");
}

static void check_protocols(struct checker *k, const struct node *protocols)
{
    for (const struct node *c = protocols ? protocols->child : NULL; c; c = c->next) {
        const struct node *type = node_get(c, "type");
        const char *name = type && type->text ? type->text : c->key;
        if (name && c->type == NODE_MAP)
            check_protocol(k, c, name);
    }
}

static void check_outputs(struct checker *k, const struct node *output)
{
    for (const struct node *c = output ? output->child : NULL; c; c = c->next) {
        const struct output *const *o = outputs;
        while (*o && strcmp((*o)->name, c->key) != 0)
            o++;
        if (!*o || c->type != NODE_MAP)
            continue;
        begin(k, join(k->a, "output", c->key));
        add_rows(k, "", common_output_options);
        add_rows(k, "", (*o)->options);
        if (!(*o)->encoding)
            add_rows(k, "", pipe_codec_options);
        walk(k, c, "");
    }
}

static void check_inputs(struct checker *k, const struct node *section)
{
    for (const struct node *c = section ? section->child : NULL; c; c = c->next) {
        const struct input *const *i = inputs;
        while (*i && strcmp((*i)->name, c->key) != 0)
            i++;
        if (!*i || c->type != NODE_MAP)
            continue;
        begin(k, join(k->a, "inputs", c->key));
        add_rows(k, "", (*i)->options);
        walk(k, c, "");
    }
}

void unknown_note(struct settings *s, struct config *c)
{
    static char inert[1024];
    struct checker *k = arena_zalloc(&c->mem, sizeof *k);
    const struct node *interfaces = node_path(c->resolved, "packetbeat.interfaces");
    if (!k)
        return;
    k->s = s;
    k->a = &c->mem;
    k->inert = buf_of(inert, sizeof inert);
    check_root(k, c->resolved);
    if (interfaces && interfaces->type == NODE_LIST)
        for (const struct node *item = interfaces->child; item; item = item->next)
            check_interface(k, item);
    else if (interfaces)
        check_interface(k, interfaces);
    check_protocols(k, node_path(c->resolved, "packetbeat.protocols"));
    check_outputs(k, node_path(c->resolved, "output"));
    check_inputs(k, node_path(c->resolved, "inputs"));
    if (k->inert.n)
        note_add(s, &c->mem, "accepted, without effect: %.*s", (int)k->inert.n, inert);
}
