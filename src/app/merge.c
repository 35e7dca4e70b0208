/* Trees of settings: nesting dotted keys, merging files, setting one path. */
#include "app/merge.h"

#include "base/buf.h"

#define NODES_MAX 200000u /* aliases multiply when they are copied */
#define INDEX_MAX 1000u   /* highest number of a list item in a dotted path */
#define PARTS_MAX 32      /* of one dotted key; a longer one is no path */

struct nester {
    struct arena *a;
    unsigned nodes;
    struct why *w;
};

/* Next part of a dotted path; *rest goes on behind its dot. */
static struct slice next_part(struct slice *rest)
{
    ptrdiff_t dot = slice_find(*rest, '.');
    struct slice part = dot < 0 ? *rest : slice_first(*rest, (size_t)dot);
    *rest = slice_after(*rest, dot < 0 ? rest->n : (size_t)dot + 1);
    return part;
}

/* "a..b" and ".a" are no paths: such keys stay whole. */
static bool is_path(struct slice key)
{
    unsigned parts = 1;
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] != '.')
            continue;
        parts++;
        if (i == 0 || i + 1 == key.n || key.p[i + 1] == '.')
            return false;
    }
    return parts <= PARTS_MAX;
}

static bool is_index(struct slice part)
{
    uint64_t at;
    return slice_to_u64(part, &at) && at <= INDEX_MAX;
}

static err too_large(struct nester *s)
{
    return why_set(s->w, ERR_LIMIT, "the configuration is too large");
}

static struct node *fresh(struct nester *s, enum node_type type, const struct node *place)
{
    struct node *n = ++s->nodes > NODES_MAX ? NULL : node_new(s->a, type);
    if (n && place) {
        n->file = place->file;
        n->line = place->line;
        n->col = place->col;
    }
    return n;
}

static const char *part_dup(struct arena *a, struct slice part)
{
    char *text = arena_alloc(a, part.n + 1);
    if (text) {
        memcpy(text, part.p, part.n);
        text[part.n] = '\0';
    }
    return text;
}

static struct node *find_child(struct node *at, struct slice part)
{
    uint64_t index = 0;
    if (at->type == NODE_LIST && !slice_to_u64(part, &index))
        return NULL;
    for (struct node *c = at->child; c; c = c->next)
        if (at->type == NODE_LIST ? index-- == 0 : slice_eq(slice_cstr(c->key), part))
            return c;
    return NULL;
}

/* A new last child for part; a list is filled with nothing up to its number. */
static struct node *add_child(struct nester *s, struct node *at, struct slice part,
                              const struct node *place)
{
    uint64_t index = 0;
    if (at->type == NODE_LIST) {
        uint64_t count = 0;
        for (const struct node *c = at->child; c; c = c->next)
            count++;
        if (!slice_to_u64(part, &index) || index > INDEX_MAX)
            return NULL;
        for (; count < index; count++) {
            struct node *gap = fresh(s, NODE_NULL, place);
            if (!gap)
                return NULL;
            gap->text = "";
            node_append(at, gap);
        }
    }
    struct node *n = fresh(s, NODE_NULL, place);
    if (!n || (at->type == NODE_MAP && !(n->key = part_dup(s->a, part))))
        return NULL;
    node_append(at, n);
    return n;
}

/* Gives `to` the content of `from`, keeping its key and place in the list of its siblings. */
static void take_over(struct node *to, const struct node *from)
{
    const char *key = to->key;
    struct node *next = to->next;
    *to = *from;
    to->key = key;
    to->next = next;
}

static err clash(struct nester *s, const struct node *there, const struct node *value,
                 const char *path)
{
    char first[300], second[300];
    return why_set(s->w, ERR_CONFIG, "%s: '%s' is set twice, first at %s; remove one",
                   node_where(value, first, sizeof first), path,
                   node_where(there, second, sizeof second));
}

static err join(struct nester *s, struct node *into, const struct node *from);

/* Puts value at key of the map `at`. strict: a value that is there is an error. */
static err put(struct nester *s, struct node *at, const char *key, const struct node *value,
               bool strict)
{
    struct slice rest = slice_cstr(key);
    bool whole = !is_path(rest);
    struct node *n = at;
    bool added = false;
    do {
        struct slice part = whole ? rest : next_part(&rest);
        if (whole)
            rest = slice_after(rest, rest.n);
        if (n->type == NODE_NULL && !n->quoted)
            n->type = is_index(part) && n != at ? NODE_LIST : NODE_MAP;
        if (n->type != NODE_MAP && n->type != NODE_LIST) {
            if (strict)
                return clash(s, n, value, key);
            *n = (struct node){ .type = NODE_MAP, .key = n->key, .next = n->next };
        }
        struct node *child = find_child(n, part);
        added = !child;
        n = child ? child : add_child(s, n, part, value);
        if (!n)
            return why_set(s->w, ERR_CONFIG, "'%s': no such list item", key);
    } while (rest.n);
    if (!added && n->type == NODE_MAP && value->type == NODE_MAP && strict)
        return join(s, n, value);
    if (!added && n->type == NODE_MAP && value->type == NODE_MAP) {
        struct node copy = *value;
        merge_over(n, &copy);
        return ERR_OK;
    }
    if (!added && strict && n->type != NODE_NULL)
        return clash(s, n, value, key);
    take_over(n, value);
    return ERR_OK;
}

/* Both are maps of one file. */
static err join(struct nester *s, struct node *into, const struct node *from)
{
    for (struct node *c = from->child, *next; c; c = next) {
        next = c->next;
        struct node *there = find_child(into, slice_cstr(c->key));
        err rc = ERR_OK;
        if (!there)
            node_append(into, c);
        else if (there->type == NODE_MAP && c->type == NODE_MAP)
            rc = join(s, there, c);
        else
            rc = clash(s, there, c, c->key);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

/* A later sibling has the same key: as in yaml.v2 it wins. */
static bool is_overridden(const struct node *c)
{
    for (const struct node *later = c->next; later; later = later->next)
        if (strcmp(later->key, c->key) == 0)
            return true;
    return false;
}

static err nest(struct nester *s, const struct node *from, struct node **out)
{
    struct node *n = fresh(s, from->type, from);
    *out = n;
    if (!n)
        return too_large(s);
    *n = *from;
    n->child = n->last = n->next = NULL;
    for (const struct node *c = from->child; c; c = c->next) {
        struct node *value;
        if (from->type == NODE_MAP && is_overridden(c))
            continue;
        err rc = nest(s, c, &value);
        if (rc)
            return rc;
        if (from->type == NODE_LIST)
            node_append(n, value);
        else
            rc = put(s, n, c->key, value, true);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

err merge_nest(struct arena *a, const struct node *from, struct node **out, struct why *w)
{
    struct nester s = { a, 0, w };
    return nest(&s, from, out);
}

void merge_over(struct node *into, struct node *from)
{
    for (struct node *c = from->child, *next; c; c = next) {
        next = c->next;
        struct node *there = find_child(into, slice_cstr(c->key));
        if (!there)
            node_append(into, c);
        else if (there->type == NODE_MAP && c->type == NODE_MAP)
            merge_over(there, c);
        else if (c->type != NODE_NULL || there->type != NODE_MAP)
            take_over(there, c);
    }
}

err merge_set(struct arena *a, struct node *root, const char *dotted, struct node *value,
              struct why *w)
{
    struct nester s = { a, 0, w };
    return put(&s, root, dotted, value, false);
}
