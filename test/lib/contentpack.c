/* What the reader of a real Graylog accepts as a content pack. */
#include "lib/contentpack.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/hash.h"
#include "codec/json.h"
#include "os/file.h"

#define FILE_MAX  ((size_t)4 << 20)
#define ROWS_MAX  4096
#define ANY_TYPE  (~0u)
#define KIND_TEXT 64

/* A member of an object in accepted.json. Objects of one path may be of several kinds (a group by
 * values, by time): their member `type` tells them apart. */
struct contentpack_row {
    uint64_t at; /* of the object: place_of its kind and path */
    char of[32]; /* its `type`; empty: none */
    char key[64];
    uint16_t next;  /* row + 1 of a place with the same low bits; 0: none */
    unsigned seen;  /* objects with it; key empty: all objects */
    unsigned types; /* bits of enum node_type, and of references */
    bool required, null_seen, null_refused;
};

static bool refuse(struct contentpack *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
    return false;
}

static const char *text_of(const struct node *of, const char *key)
{
    const struct node *n = node_get(of, key);
    return n && n->type == NODE_STR ? n->text : "";
}

/* ---- paths */

static bool ends(const char *path, const char *tail)
{
    return slice_ends(slice_cstr(path), slice_cstr(tail));
}

/* "<w-bar>" of a widget; one whose look is not there is taken for a bar. */
static void put_look(struct buf *b, const struct node *widget)
{
    const char *look = text_of(node_get(widget, "config"), "visualization");
    if (strcmp(text_of(widget, "type"), "messages") == 0)
        look = "messages";
    else if (strcmp(look, "numeric") == 0)
        look = "number";
    buf_printf(b, "<w-%s>", *look ? look : "bar");
}

/* What tells objects of one path apart: their `type`; of how a widget groups that of the group. */
static const char *kind_of_object(const struct node *n, const struct node *parent, const char *path)
{
    return text_of(ends(path, "_pivots/*/config") ? parent : n, "type");
}

/* The path of a child of the node at `path`. */
static void child_path(char out[CONTENTPACK_PATH], const char *path, const struct node *parent,
                       const struct node *child)
{
    struct buf b = buf_of(out, CONTENTPACK_PATH - 1);
    const char *type = text_of(child, "type");
    if (strcmp(path, "/state/<query>/widgets/*") == 0 && strcmp(child->key, "config") == 0) {
        buf_lit(&b, "/state/<query>/widgets/");
        put_look(&b, parent);
        buf_lit(&b, "/config");
    } else {
        buf_printf(&b, "%s/", path);
        if (parent->type == NODE_LIST && ends(path, "/search_types"))
            buf_printf(&b, "<%s>", *type ? type : "pivot");
        else if (parent->type == NODE_LIST)
            buf_u8(&b, '*');
        else if (strcmp(path, "/state") == 0)
            buf_lit(&b, "<query>");
        else if (ends(path, "/<query>/positions") || ends(path, "/titles/widget") ||
                 ends(path, "/widget_mapping"))
            buf_lit(&b, "<widget>");
        else
            buf_cstr(&b, child->key);
    }
    out[b.n] = '\0';
}

/* Where objects of one shape stand: rows and columns are grouped alike, in every search type and
 * widget. */
static uint64_t place_of_object(const char *kind, const char *path, size_t n)
{
    static const char *const alike[] = { "/row_pivots/", "/column_pivots/", "/row_groups/",
                                         "/column_groups/" };
    static const struct hash_key key = { 1, 2 };
    char text[KIND_TEXT + CONTENTPACK_PATH];
    const char *tail = path;
    for (size_t i = 0; i < COUNT(alike); i++) {
        const char *found = strstr(path, alike[i]);
        if (found && found < path + n)
            tail = found + strlen(alike[i]);
    }
    const char *pool = tail == path ? "" : strstr(path, "_pivots/") ? "pivots/" : "groups/";
    int length =
        snprintf(text, sizeof text, "%s %s%.*s", kind, pool, (int)(n - (tail - path)), tail);
    return hash_bytes(&key, text, (size_t)length);
}

static const char *last_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static void kind_of(char out[KIND_TEXT], const struct node *entity)
{
    const struct node *type = node_get(entity, "type"), *version = node_get(type, "version");
    snprintf(out, KIND_TEXT, "%s/%s", text_of(type, "name"),
             version && version->text ? version->text : "");
}

bool contentpack_lists(const struct contentpack *c, const struct node *entity, const char *list,
                       const char *path)
{
    char kind[KIND_TEXT];
    kind_of(kind, entity);
    const struct node *paths = node_get(node_get(node_get(c->properties, "entities"), kind), list);
    for (const struct node *n = paths ? paths->child : NULL; n; n = n->next)
        if (strcmp(n->text, path) == 0)
            return true;
    return false;
}

/* ---- references to values */

static const struct {
    const char *name;
    unsigned types;
} references[] = {
    { "string", 1u << NODE_STR },    { "integer", 1u << NODE_INT },  { "long", 1u << NODE_INT },
    { "double", 1u << NODE_DOUBLE }, { "float", 1u << NODE_DOUBLE }, { "boolean", 1u << NODE_BOOL },
    { "parameter", 1u << NODE_STR },
};

static bool is_reference(const struct node *n)
{
    return n->type == NODE_MAP && (node_get(n, "@type") || node_get(n, "@value"));
}

/* The bit of what a node is, for comparing with accepted.json. A parameter may stand for all. */
static unsigned type_bit(const struct node *n)
{
    if (!is_reference(n))
        return n->type == NODE_DOUBLE ? 1u << NODE_INT : 1u << n->type;
    for (unsigned i = 0; i < COUNT(references); i++)
        if (strcmp(text_of(n, "@type"), references[i].name) == 0)
            return strcmp(references[i].name, "parameter") == 0 ? ANY_TYPE : 1u << (16 + i);
    return 0;
}

static bool check_reference(struct contentpack *c, const struct node *n, const char *path)
{
    const struct node *type = node_get(n, "@type"), *value = node_get(n, "@value");
    for (unsigned i = 0; type && type->type == NODE_STR && i < COUNT(references); i++)
        if (strcmp(type->text, references[i].name) == 0)
            return (value && (references[i].types & 1u << value->type) && type->next == value &&
                    !value->next) ||
                   refuse(c, "%s: its @value is not of its @type %s", path, type->text);
    return refuse(c, "%s: no @type that is known", path);
}

/* ---- rows from accepted.json */

/* The next row of a place; NULL: the first one is wanted, and there is no further one. */
static struct contentpack_row *row_next(const struct contentpack *c, uint64_t at,
                                        const struct contentpack_row *after)
{
    unsigned i = after ? after->next : c->first[at & 255];
    while (i && c->row[i - 1].at != at)
        i = c->row[i - 1].next;
    return i ? &c->row[i - 1] : NULL;
}

static struct contentpack_row *row_find(const struct contentpack *c, uint64_t at, const char *of,
                                        const char *key)
{
    for (struct contentpack_row *r = NULL; (r = row_next(c, at, r));)
        if (strcmp(r->of, of) == 0 && strcmp(r->key, key) == 0)
            return r;
    return NULL;
}

static struct contentpack_row *row_take(struct contentpack *c, uint64_t at, const char *of,
                                        const char *key)
{
    struct contentpack_row *r = row_find(c, at, of, key);
    if (r || c->n == ROWS_MAX)
        return r ? r : &c->row[0];
    r = &c->row[c->n++];
    *r = (struct contentpack_row){ .at = at, .next = c->first[at & 255] };
    c->first[at & 255] = (uint16_t)c->n;
    snprintf(r->of, sizeof r->of, "%s", of);
    snprintf(r->key, sizeof r->key, "%s", key);
    return r;
}

/* An entity that is walked through. */
struct walk {
    struct contentpack *c;
    const struct node *entity;
    char kind[KIND_TEXT];
    const char *of; /* kind of the object whose members are visited */
    contentpack_visit *one;
    void *ctx;
};

static void learn(void *ctx, const struct node *entity, struct node *member, struct node *parent,
                  const char *path)
{
    struct walk *w = ctx;
    uint64_t at = place_of_object(w->kind, path, (size_t)(last_of(path) - path) - 1);
    struct contentpack_row *r = row_take(w->c, at, w->of, last_of(path));
    r->seen++;
    r->types |= member->type == NODE_NULL ? 0 : type_bit(member);
    r->required |= contentpack_lists(w->c, entity, "required", path);
    r->null_seen |= member->type == NODE_NULL;
    r->null_refused = !r->null_seen && contentpack_lists(w->c, entity, "null_refused", path);
    if (parent->child == member)
        row_take(w->c, at, w->of, "")->seen++;
}

static void visit(struct walk *w, struct node *parent, const char *path, const char *of)
{
    bool links = contentpack_lists(w->c, w->entity, "required", "/connected_streams/*/@type");
    for (struct node *n = parent->child, *next; n; n = next) {
        char below[CONTENTPACK_PATH];
        next = n->next;
        child_path(below, path, parent, n);
        w->of = of;
        if (parent->type == NODE_MAP)
            w->one(w->ctx, w->entity, n, parent, below);
        if (!is_reference(n) || (links && ends(below, "/*")))
            visit(w, n, below, kind_of_object(n, parent, below));
    }
}

static void walk_all(struct walk *w)
{
    for (const struct node *e = node_get(w->c->accepted, "entities")->child; e; e = e->next) {
        w->entity = e;
        kind_of(w->kind, e);
        visit(w, node_get(e, "data"), "", text_of(node_get(e, "data"), "type"));
    }
}

void contentpack_each(struct contentpack *c, contentpack_visit *one, void *ctx)
{
    struct walk w = { .c = c, .one = one, .ctx = ctx };
    walk_all(&w);
}

/* Other functions of a field are told like a sum. */
static void learn_series(struct contentpack *c)
{
    static const char path[] = "/search/queries/*/search_types/<pivot>/series/*";
    static const char *const functions[] = { "avg",      "min",          "max",   "stddev",
                                             "variance", "sumofsquares", "latest" };
    static const char *const keys[] = { "", "type", "id", "field" };
    uint64_t at = place_of_object("dashboard/2", path, strlen(path));
    for (size_t i = 0; i < COUNT(keys); i++)
        for (size_t k = 0; k < COUNT(functions); k++) {
            const struct contentpack_row *sum = row_find(c, at, "sum", keys[i]);
            struct contentpack_row *r = row_take(c, at, functions[k], keys[i]);
            r->seen = sum->seen;
            r->types = sum->types;
            r->required = sum->required;
            r->null_refused = sum->null_refused;
        }
}

/* What accepted.json does not show and graylog.md 8.4 does: an interval of a fixed length. */
static void learn_intervals(struct contentpack *c)
{
    static const char *const paths[] = {
        "/state/<query>/widgets/<w-bar>/config/row_pivots/*/config/interval",
        "/search/queries/*/search_types/<pivot>/row_groups/*/interval"
    };
    static const char *const keys[] = { "", "type", "timeunit" };
    for (size_t i = 0; i < COUNT(paths); i++)
        for (size_t k = 0; k < COUNT(keys); k++) {
            uint64_t at = place_of_object("dashboard/2", paths[i], strlen(paths[i]));
            struct contentpack_row *r = row_take(c, at, "timeunit", keys[k]);
            r->seen = 1;
            r->types = 1u << NODE_STR;
            r->required = r->null_refused = k > 0;
        }
}

/* ---- checking the data of an entity */

struct check {
    struct contentpack *c;
    char kind[KIND_TEXT];
};

/* Configurations of inputs, caches and adapters have what their kind wants. */
static bool is_free(const char *path, size_t n)
{
    struct slice at = slice_of(path, n);
    return slice_eq(at, SLICE("/configuration")) || slice_eq(at, SLICE("/static_fields"));
}

static bool knows(const struct contentpack *c, uint64_t at)
{
    return row_next(c, at, NULL);
}

/* A row of the object's own kind; without a `type`, of the one that allows most. */
static const struct contentpack_row *row_of(const struct contentpack *c, uint64_t at,
                                            const char *of, const char *key)
{
    const struct contentpack_row *best = row_find(c, at, of, key);
    if (best || *of)
        return best;
    for (const struct contentpack_row *r = NULL; (r = row_next(c, at, r));)
        if (strcmp(r->key, key) == 0 && (!best || !r->null_refused))
            best = r;
    return best;
}

static bool check_member(const struct check *k, const struct node *n, const char *of,
                         const char *path)
{
    size_t around = (size_t)(last_of(path) - path) - 1;
    uint64_t at = place_of_object(k->kind, path, around);
    const struct contentpack_row *r = row_of(k->c, at, of, last_of(path));
    if (!r && is_free(path, around))
        return is_reference(n) || refuse(k->c, "%s: no reference to a value", path);
    if (!r)
        return refuse(k->c, "%s: unknown", path);
    if (n->type == NODE_NULL)
        return !r->null_refused || refuse(k->c, "%s: null", path);
    return !r->types || (r->types & type_bit(n)) || refuse(k->c, "%s: of another type", path);
}

/* What all objects of this kind have, and none may lack. */
static bool check_required(const struct check *k, const struct node *object, const char *path,
                           const char *of)
{
    uint64_t at = place_of_object(k->kind, path, strlen(path));
    if (strcmp(path, "/state/<query>/widgets/*") == 0 && !node_get(object, "config"))
        return refuse(k->c, "%s: 'config' is not there", path);
    for (const struct contentpack_row *r = NULL, *all; (r = row_next(k->c, at, r));) {
        if (!r->required || (*of && strcmp(r->of, of) != 0) || r->key[0] == '<')
            continue;
        all = row_find(k->c, at, r->of, "");
        bool common =
            all && r->seen == all->seen && (*of || !*r->of || strcmp(r->key, "type") == 0);
        if (common && !node_get(object, r->key))
            return refuse(k->c, "%s: '%s' is not there", path, r->key);
    }
    return true;
}

static bool check_node(const struct check *k, const struct node *n, const char *path,
                       const char *of)
{
    if (is_reference(n))
        return check_reference(k->c, n, path);
    uint64_t at = place_of_object(k->kind, path, strlen(path));
    bool known = n->type == NODE_MAP && knows(k->c, at);
    if (known && !check_required(k, n, path, of))
        return false;
    for (const struct node *m = n->child; m; m = m->next) {
        char below[CONTENTPACK_PATH];
        child_path(below, path, n, m);
        if (known && !check_member(k, m, of, below))
            return false;
        if (!check_node(k, m, below, kind_of_object(m, n, below)))
            return false;
    }
    return true;
}

/* ---- entities and the envelope */

static bool is_one_of(const char *key, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* ">=5.2.0": what compares, then a number. */
static bool check_constraints(struct contentpack *c, const struct node *list)
{
    if (!list || list->type != NODE_LIST)
        return refuse(c, "an entity without constraints");
    for (const struct node *n = list->child; n; n = n->next) {
        const char *version = text_of(n, "version");
        size_t compares = strspn(version, "<>=^~ ");
        if (!*text_of(n, "type") || version[compares] < '0' || version[compares] > '9')
            return refuse(c, "a constraint without type or version: '%s'", version);
    }
    return true;
}

bool contentpack_accepts_entity(struct contentpack *c, const struct node *entity)
{
    static const char *const keys[] = { "v", "type", "id", "data", "constraints" };
    struct check k = { .c = c };
    for (size_t i = 0; i < COUNT(keys); i++)
        if (!node_get(entity, keys[i]) || node_get(entity, keys[i])->type == NODE_NULL)
            return refuse(c, "an entity without %s", keys[i]);
    for (const struct node *n = entity->child; n; n = n->next)
        if (!is_one_of(n->key, keys, COUNT(keys)))
            return refuse(c, "an entity with '%s'", n->key);
    kind_of(k.kind, entity);
    if (!check_constraints(c, node_get(entity, "constraints")))
        return false;
    const struct node *data = node_get(entity, "data");
    bool known = knows(c, place_of_object(k.kind, "", 0));
    return !known || check_node(&k, data, "", text_of(data, "type"));
}

/* Three numbers and maybe more. */
static bool is_semver(const char *text)
{
    unsigned dots = 0;
    for (; *text && strchr("0123456789.", *text); text++)
        dots += *text == '.';
    return dots == 2 && (!*text || *text == '-' || *text == '+');
}

static bool check_envelope(struct contentpack *c, const struct node *d)
{
    const struct node *v = node_get(d, "v"), *keys = node_get(c->properties, "envelope");
    if (!v || !v->text || strcmp(v->text, "1") != 0)
        return refuse(c, "v is not 1");
    for (const struct node *n = d->child; n; n = n->next)
        if (!node_get(keys, n->key))
            return refuse(c, "the envelope has '%s'", n->key);
    for (const struct node *k = keys->child; k; k = k->next) {
        const struct node *n = node_get(d, k->key);
        if (strcmp(k->text, "accepted") != 0 && (!n || n->type == NODE_NULL))
            return refuse(c, "the envelope lacks '%s'", k->key);
    }
    if (!*node_get(d, "id")->text)
        return refuse(c, "the id is blank");
    if (node_get(d, "server_version") && !is_semver(text_of(d, "server_version")))
        return refuse(c, "server_version is no version");
    return true;
}

bool contentpack_accepts(struct contentpack *c, const struct node *document)
{
    if (!document || document->type != NODE_MAP)
        return refuse(c, "no object");
    if (!check_envelope(c, document))
        return false;
    for (const struct node *e = node_get(document, "entities")->child; e; e = e->next)
        if (!contentpack_accepts_entity(c, e))
            return false;
    return true;
}

/* ---- loading */

static bool read_file(struct contentpack *c, const char *folder, const char *name,
                      struct node **root)
{
    char path[4096];
    struct slice text;
    struct why w;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (file_read(c->mem, path, FILE_MAX, &text, &w) || json_read(c->mem, text, path, root, &w))
        return refuse(c, "%s", w.text);
    return true;
}

bool contentpack_load(struct contentpack *c, const char *folder, struct arena *mem)
{
    *c = (struct contentpack){ .mem = mem };
    if (!read_file(c, folder, "accepted.json", &c->accepted) ||
        !read_file(c, folder, "properties.json", &c->properties))
        return false;
    c->row = arena_alloc(mem, ROWS_MAX * sizeof *c->row);
    struct walk w = { .c = c, .one = learn };
    w.ctx = &w;
    walk_all(&w);
    learn_intervals(c);
    learn_series(c);
    return c->n < ROWS_MAX || refuse(c, "more than %d properties", ROWS_MAX);
}
