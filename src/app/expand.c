/* ${…} in settings: ${name}, ${name:default}, ${name:+alternative}, ${name:?complaint}, $$ and $}.
 */
#include "app/expand.h"

#include <stdlib.h>

#include "app/keystore.h"
#include "base/buf.h"
#include "codec/yaml.h"

#define TEXT_MAX       65536u
#define DEPTH_MAX      16u /* references within references: beyond it they go in circles */
#define NODES_MAX      200000u
#define REFERENCES_MAX 100000u

struct expander {
    const struct expansion *e;
    const struct node *at; /* the setting being expanded, for messages */
    unsigned depth, nodes, references;
    bool lenient; /* in a section that nobody reads */
};

/* Sections whose settings are accepted and not used: their secrets need not be there. */
static const char *const unread[] = { "setup", "monitoring", "cloud", "instrumentation",
                                      "xpack", "management", NULL };

static err fail(struct expander *x, const char *name, const char *text)
{
    char where[300];
    return why_set(x->e->why, ERR_CONFIG, "%s: ${%s}: %s", node_where(x->at, where, sizeof where),
                   name, text);
}

static const char *text_of(struct expander *x, struct slice s)
{
    char *text = arena_alloc(x->e->mem, s.n + 1);
    if (!text)
        return "";
    if (s.n)
        memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return text;
}

/* Length of what stands before the "}" that closes a reference, or -1. */
static ptrdiff_t reference_length(struct slice s)
{
    unsigned open = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{') {
            open++;
            i++;
        } else if (s.p[i] == '}' && open-- == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

/* A reference in its parts. kind: 0 plain, ':' default, '+' alternative, '?' complaint. */
struct reference {
    struct slice name, rest;
    char kind;
};

static struct reference reference_parse(struct slice inner)
{
    ptrdiff_t colon = slice_find(inner, ':');
    struct reference r = { inner, slice_of(NULL, 0), 0 };
    if (colon < 0)
        return r;
    r.name = slice_first(inner, (size_t)colon);
    r.rest = slice_after(inner, (size_t)colon + 1);
    r.kind = ':';
    if (r.rest.n && (*r.rest.p == '+' || *r.rest.p == '?')) {
        r.kind = (char)*r.rest.p;
        r.rest = slice_after(r.rest, 1);
    }
    return r;
}

static err expand_text(struct expander *x, struct slice in, struct buf *out);
static err expand_node(struct expander *x, const struct node *from, struct node **out);

static bool is_scalar(const struct node *n)
{
    return n->type != NODE_LIST && n->type != NODE_MAP;
}

/* The text that a name stands for: *found is false when there is none. */
static err look_up(struct expander *x, const char *name, struct buf *out, bool *found)
{
    const struct node *n = node_path(x->e->root, name);
    *found = true;
    if (n && n != x->at && n->text && *n->text && is_scalar(n))
        return expand_text(x, slice_cstr(n->text), out);
    if (n && n != x->at && !is_scalar(n))
        return fail(x, name, "is a section: it can only be a whole value, not a part of a text");
    const char *value = getenv(name);
    if (value && *value) {
        buf_cstr(out, value);
        return ERR_OK;
    }
    value = keystore_get(x->e->keystore, name);
    if (value)
        buf_cstr(out, value);
    *found = value != NULL;
    return ERR_OK;
}

static err not_found(struct expander *x, const struct reference *r, struct slice inner,
                     struct buf *out)
{
    if (r->kind == ':')
        return expand_text(x, r->rest, out);
    if (r->kind == '+')
        return ERR_OK;
    if (x->lenient) {
        buf_lit(out, "${");
        buf_add(out, inner);
        buf_lit(out, "}");
        return ERR_OK;
    }
    const char *name = text_of(x, r->name);
    if (r->kind == '?')
        return fail(x, name, text_of(x, r->rest));
    return fail(x, name,
                "no such setting, environment variable or key of the keystore "
                "(a default is written ${name:default})");
}

static err expand_reference(struct expander *x, struct slice inner, struct buf *out)
{
    struct reference r = reference_parse(inner);
    char name[256];
    struct buf b = buf_of(name, sizeof name - 1);
    if (x->depth >= DEPTH_MAX || ++x->references > REFERENCES_MAX)
        return fail(x, text_of(x, inner), "refers to itself");
    x->depth++;
    err rc = expand_text(x, r.name, &b);
    name[b.n] = '\0';
    size_t before = out->n;
    bool found = false;
    if (!rc)
        rc = look_up(x, name, out, &found);
    if (!rc && found && r.kind == '+') {
        out->n = before;
        rc = expand_text(x, r.rest, out);
    }
    if (!rc && !found)
        rc = not_found(x, &r, inner, out);
    x->depth--;
    return rc;
}

static err expand_text(struct expander *x, struct slice in, struct buf *out)
{
    while (in.n) {
        ptrdiff_t dollar = slice_find(in, '$');
        buf_add(out, dollar < 0 ? in : slice_first(in, (size_t)dollar));
        if (dollar < 0)
            break;
        in = slice_after(in, (size_t)dollar + 1);
        if (in.n && (*in.p == '$' || *in.p == '}')) {
            buf_u8(out, *in.p);
            in = slice_after(in, 1);
        } else if (in.n && *in.p == '{') {
            in = slice_after(in, 1);
            ptrdiff_t length = reference_length(in);
            if (length < 0)
                return fail(x, text_of(x, in), "is not closed by }");
            err rc = expand_reference(x, slice_first(in, (size_t)length), out);
            if (rc)
                return rc;
            in = slice_after(in, (size_t)length + 1);
        } else {
            buf_u8(out, '$');
        }
    }
    return out->full ? fail(x, "…", "the text becomes too long") : ERR_OK;
}

/* ${name} alone as a value: the name; else empty. */
static struct slice lone_reference(struct slice text)
{
    if (!slice_starts(text, SLICE("${")))
        return slice_of(NULL, 0);
    struct slice inner = slice_after(text, 2);
    ptrdiff_t length = reference_length(inner);
    if (length < 0 || (size_t)length + 1 != inner.n)
        return slice_of(NULL, 0);
    inner = slice_first(inner, (size_t)length);
    return slice_find(inner, '$') < 0 ? inner : slice_of(NULL, 0);
}

/* A lone ${name} may bring a whole section; an environment variable is read as a value. */
static err expand_lone(struct expander *x, struct slice inner, struct node **out)
{
    const char *name = text_of(x, reference_parse(inner).name);
    const struct node *n = node_path(x->e->root, name);
    *out = NULL;
    if (n && n != x->at && !is_scalar(n)) {
        if (x->depth >= DEPTH_MAX)
            return fail(x, name, "refers to itself");
        x->depth++;
        err rc = expand_node(x, n, out);
        x->depth--;
        return rc;
    }
    return ERR_OK;
}

static err expand_scalar(struct expander *x, struct node *n)
{
    uint8_t text[TEXT_MAX];
    struct buf b = buf_of(text, TEXT_MAX);
    err rc = expand_text(x, slice_cstr(n->text), &b);
    if (rc)
        return rc;
    struct slice name = lone_reference(slice_cstr(n->text));
    struct slice value = buf_slice(&b);
    const char *plain = text_of(x, value);
    n->text = plain;
    n->type = NODE_STR;
    const char *environment = name.n ? getenv(text_of(x, reference_parse(name).name)) : NULL;
    bool is_object = value.n && *value.p == '{';
    if (!name.n || is_object || !environment || strcmp(environment, plain) != 0)
        return ERR_OK;
    struct node *read;
    struct why ignored;
    if (yaml_value(x->e->mem, value, n->file, &read, &ignored))
        return ERR_OK; /* what cannot be read as a value is a text */
    read->key = n->key;
    read->file = n->file;
    read->line = n->line;
    read->col = n->col;
    *n = *read;
    return ERR_OK;
}

static bool is_off(const struct node *n)
{
    const struct node *enabled = node_get(n, "enabled");
    return enabled && enabled->type == NODE_BOOL && !enabled->b;
}

static bool is_unread(const struct expander *x, const struct node *parent, const char *key)
{
    if (parent != x->e->root)
        return false;
    for (const char *const *name = unread; *name; name++)
        if (strcmp(*name, key) == 0)
            return true;
    return false;
}

static err expand_children(struct expander *x, const struct node *from, struct node *to)
{
    for (const struct node *c = from->child; c; c = c->next) {
        bool lenient = x->lenient;
        struct node *value = NULL;
        x->lenient = lenient || is_off(c) || (c->key && is_unread(x, from, c->key));
        err rc = expand_node(x, c, &value);
        x->lenient = lenient;
        if (rc)
            return rc;
        node_append(to, value);
    }
    return ERR_OK;
}

static err expand_node(struct expander *x, const struct node *from, struct node **out)
{
    struct node *n = ++x->nodes > NODES_MAX ? NULL : node_new(x->e->mem, from->type);
    if (!n)
        return why_set(x->e->why, ERR_LIMIT, "the configuration is too large");
    *n = *from;
    n->child = n->last = n->next = NULL;
    *out = n;
    if (!is_scalar(from))
        return expand_children(x, from, n);
    if (from->type != NODE_STR || !strchr(from->text, '$'))
        return ERR_OK;
    struct slice name = lone_reference(slice_cstr(from->text));
    const struct node *outer = x->at;
    struct node *section = NULL;
    x->at = from;
    err rc = name.n ? expand_lone(x, name, &section) : ERR_OK;
    if (!rc && !section)
        rc = expand_scalar(x, n);
    x->at = outer;
    if (!rc && section) {
        section->key = n->key;
        *out = section;
    }
    return rc;
}

err expand_all(const struct expansion *e, struct node **out)
{
    struct expander x = { .e = e };
    *out = NULL;
    return expand_node(&x, e->root, out);
}

const char *expand_as_exported(struct arena *a, const char *text)
{
    struct slice in = slice_cstr(text);
    uint8_t *copy = arena_alloc(a, in.n + 1);
    if (!copy)
        return text;
    struct buf b = buf_of(copy, in.n);
    while (in.n) {
        ptrdiff_t at = slice_search(in, SLICE("${"));
        struct slice inner = slice_after(in, at < 0 ? in.n : (size_t)at + 2);
        ptrdiff_t length = reference_length(inner);
        if (at < 0 || length < 0) {
            buf_add(&b, in);
            break;
        }
        buf_add(&b, slice_first(in, (size_t)at));
        buf_lit(&b, "${");
        buf_add(&b, reference_parse(slice_first(inner, (size_t)length)).name);
        buf_u8(&b, '}');
        in = slice_after(inner, (size_t)length + 1);
    }
    copy[b.n] = '\0';
    return (const char *)copy;
}
