/* YAML 1.1 (https://yaml.org/spec/1.1/) over libyaml's events, resolved as Go's yaml.v2 does; and
 * the short form of values on the command line. */
#include "codec/yaml.h"

#include <errno.h>
#include <yaml.h>

#include "base/buf.h"

#define DEPTH_MAX 64
#define NODES_MAX 100000u

struct anchor {
    struct anchor *next;
    const char *name;
    const struct node *node;
};

struct reader {
    yaml_parser_t parser;
    struct arena *a;
    const char *name; /* in the arena */
    struct anchor *anchors;
    unsigned nodes;
    struct why *w;
};

/* ---- scalars, also for the command line */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static const char *const yaml_true[] = { "y",    "Y",    "yes", "Yes", "YES", "true",
                                         "True", "TRUE", "on",  "On",  "ON",  NULL };
static const char *const yaml_false[] = { "n",     "N",     "no",  "No",  "NO",  "false",
                                          "False", "FALSE", "off", "Off", "OFF", NULL };
static const char *const yaml_null[] = { "", "~", "null", "Null", "NULL", NULL };
static const char *const flag_true[] = { "t", "T", "true", "TRUE", "True", "on", "ON", NULL };
static const char *const flag_false[] = { "f", "F", "false", "FALSE", "False", "off", "OFF", NULL };

static bool digits_of_base(const char *s, int base)
{
    if (!*s)
        return false;
    for (; *s; s++) {
        int v = *s <= '9' ? *s - '0' : ascii_lower((uint8_t)*s) - 'a' + 10;
        if (v < 0 || v >= base)
            return false;
    }
    return true;
}

/* Decimal, 0x, 0o, 0b, and a leading zero for octal; "_" between digits is allowed. */
static bool to_int(const char *text, int64_t *out)
{
    char digits[80];
    size_t n = 0;
    for (const char *s = text; *s; s++) {
        if (*s == '_')
            continue;
        if (n + 1 == sizeof digits)
            return false;
        digits[n++] = *s;
    }
    digits[n] = '\0';
    const char *s = digits + (digits[0] == '-' || digits[0] == '+');
    int base = 10;
    if (s[0] == '0' && s[1]) {
        char kind = (char)ascii_lower((uint8_t)s[1]);
        base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
        s += kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1;
    }
    if (!digits_of_base(s, base))
        return false;
    errno = 0;
    uint64_t v = strtoull(s, NULL, base);
    bool negative = digits[0] == '-';
    if (errno || v > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

static const char *skip_digits(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? and nothing else. */
static bool to_double(const char *text, double *out)
{
    const char *s = text + (*text == '-' || *text == '+');
    const char *whole = skip_digits(s), *end = whole;
    if (*end == '.')
        end = skip_digits(end + 1);
    if (whole == s && end <= s + 1)
        return false;
    if (*end == 'e' || *end == 'E') {
        const char *exponent = end + 1 + (end[1] == '-' || end[1] == '+');
        end = skip_digits(exponent);
        if (end == exponent)
            return false;
    }
    if (*end)
        return false;
    *out = strtod(text, NULL);
    return true;
}

static void resolve_number(struct node *n)
{
    if (to_int(n->text, &n->i))
        n->type = NODE_INT;
    else if (to_double(n->text, &n->d))
        n->type = NODE_DOUBLE;
    else
        n->type = NODE_STR;
}

static void resolve(struct node *n)
{
    if (n->quoted) {
        n->type = NODE_STR;
    } else if (is_one_of(n->text, yaml_null)) {
        n->type = NODE_NULL;
    } else if (is_one_of(n->text, yaml_true) || is_one_of(n->text, yaml_false)) {
        n->type = NODE_BOOL;
        n->b = is_one_of(n->text, yaml_true);
    } else {
        resolve_number(n);
    }
}

/* ---- documents */

static err no_memory(struct reader *r)
{
    return why_set(r->w, ERR_LIMIT, "%s: too large (more than %u values)", r->name, NODES_MAX);
}

static err refuse(struct reader *r, yaml_mark_t at, const char *what)
{
    return why_set(r->w, ERR_FORMAT, "%s:%zu:%zu: %s", r->name, at.line + 1, at.column + 1, what);
}

static err next_event(struct reader *r, yaml_event_t *e)
{
    if (yaml_parser_parse(&r->parser, e))
        return ERR_OK;
    const yaml_parser_t *p = &r->parser;
    yaml_mark_t at = p->problem_mark;
    const char *hint = "";
    if (p->problem && strstr(p->problem, "cannot start any token"))
        hint = " (a tab cannot indent: use spaces)";
    if (p->error == YAML_READER_ERROR)
        return why_set(r->w, ERR_FORMAT, "%s: byte %zu: %s", r->name, p->problem_offset,
                       p->problem ? p->problem : "not readable");
    if (p->context && p->context_mark.line != at.line)
        return why_set(r->w, ERR_FORMAT, "%s:%zu:%zu: %s, %s that began in line %zu%s", r->name,
                       at.line + 1, at.column + 1, p->problem, p->context, p->context_mark.line + 1,
                       hint);
    return why_set(r->w, ERR_FORMAT, "%s:%zu:%zu: %s%s", r->name, at.line + 1, at.column + 1,
                   p->problem ? p->problem : "not YAML", hint);
}

static struct node *new_node(struct reader *r, enum node_type type, yaml_mark_t at)
{
    if (++r->nodes > NODES_MAX)
        return NULL;
    struct node *n = node_new(r->a, type);
    if (!n)
        return NULL;
    n->file = r->name;
    n->line = (unsigned)at.line + 1;
    n->col = (unsigned)at.column + 1;
    return n;
}

static const char *text_dup(struct arena *a, const void *p, size_t n)
{
    char *text = arena_alloc(a, n + 1);
    if (!text)
        return NULL;
    if (n)
        memcpy(text, p, n);
    text[n] = '\0';
    return text;
}

static err anchor_set(struct reader *r, const char *name, const struct node *n)
{
    struct anchor *anchor = arena_zalloc(r->a, sizeof *anchor);
    if (!anchor)
        return no_memory(r);
    anchor->name = name;
    anchor->node = n;
    anchor->next = r->anchors;
    r->anchors = anchor;
    return ERR_OK;
}

/* The children are shared with the anchored node: trees are read, not changed. */
static err read_alias(struct reader *r, const yaml_event_t *e, struct node **out)
{
    const char *name = (const char *)e->data.alias.anchor;
    for (struct anchor *a = r->anchors; a; a = a->next) {
        if (strcmp(a->name, name) != 0)
            continue;
        *out = new_node(r, a->node->type, e->start_mark);
        if (!*out)
            return no_memory(r);
        **out = *a->node;
        (*out)->next = NULL;
        return ERR_OK;
    }
    return refuse(r, e->start_mark, "an alias (*name) without its anchor (&name) before it");
}

static err read_scalar(struct reader *r, const yaml_event_t *e, struct node **out)
{
    const yaml_char_t *value = e->data.scalar.value;
    size_t n = e->data.scalar.length;
    const char *tag = (const char *)e->data.scalar.tag;
    *out = new_node(r, NODE_STR, e->start_mark);
    if (!*out || !((*out)->text = text_dup(r->a, value, n)))
        return no_memory(r);
    if (n && memchr(value, 0, n))
        return refuse(r, e->start_mark, "a text with a NUL character");
    (*out)->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
                     (tag && strcmp(tag, "tag:yaml.org,2002:str") == 0);
    resolve(*out);
    return ERR_OK;
}

static err read_node(struct reader *r, yaml_event_t *e, unsigned depth, struct node **out);

static err read_list(struct reader *r, struct node *list, unsigned depth)
{
    for (;;) {
        yaml_event_t e;
        err rc = next_event(r, &e);
        if (rc)
            return rc;
        if (e.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&e);
            return ERR_OK;
        }
        struct node *item = NULL;
        rc = read_node(r, &e, depth, &item);
        if (rc)
            return rc;
        node_append(list, item);
    }
}

static err merge_from(struct reader *r, struct node *map, const struct node *from)
{
    for (const struct node *c = from->type == NODE_MAP ? from->child : NULL; c; c = c->next) {
        if (node_get(map, c->key))
            continue;
        if (++r->nodes > NODES_MAX)
            return no_memory(r);
        struct node *copy = node_new(r->a, c->type);
        if (!copy)
            return no_memory(r);
        *copy = *c;
        node_append(map, copy);
    }
    return ERR_OK;
}

/* Merge key (https://yaml.org/type/merge.html): what the map itself names stands. Each of merges is
 * a map or a list of maps. */
static err merge_all(struct reader *r, struct node *map, const struct node *merges)
{
    for (const struct node *m = merges->child; m; m = m->next) {
        err rc = merge_from(r, map, m);
        for (const struct node *c = m->type == NODE_LIST ? m->child : NULL; c && !rc; c = c->next)
            rc = merge_from(r, map, c);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

static err read_key(struct reader *r, yaml_event_t *e, const char **key, bool *merge)
{
    err rc = ERR_OK;
    if (e->type != YAML_SCALAR_EVENT) {
        rc = refuse(r, e->start_mark, "a key that is a list, a dictionary or an alias");
    } else {
        struct node *n = NULL;
        rc = read_scalar(r, e, &n);
        if (!rc) {
            *key = n->text;
            *merge = !n->quoted && strcmp(n->text, "<<") == 0;
        }
    }
    yaml_event_delete(e);
    return rc;
}

/* One "key: value"; a merge key's value goes to merges. */
static err read_member(struct reader *r, yaml_event_t *e, unsigned depth, struct node *map,
                       struct node *merges)
{
    const char *key = NULL;
    bool merge = false;
    yaml_mark_t at = e->start_mark;
    err rc = read_key(r, e, &key, &merge);
    if (rc)
        return rc;
    rc = next_event(r, e);
    if (rc)
        return rc;
    struct node *value = NULL;
    rc = read_node(r, e, depth, &value);
    if (rc)
        return rc;
    if (merge && value->type != NODE_MAP && value->type != NODE_LIST)
        return refuse(r, at, "the merge key << takes a dictionary or a list of them");
    value->key = key;
    node_append(merge ? merges : map, value);
    return ERR_OK;
}

static err read_map(struct reader *r, struct node *map, unsigned depth)
{
    struct node merges = { .type = NODE_LIST };
    for (;;) {
        yaml_event_t e;
        err rc = next_event(r, &e);
        if (rc)
            return rc;
        if (e.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&e);
            return merge_all(r, map, &merges);
        }
        rc = read_member(r, &e, depth, map, &merges);
        if (rc)
            return rc;
    }
}

static err read_collection(struct reader *r, const yaml_event_t *e, unsigned depth,
                           struct node **out)
{
    bool is_map = e->type == YAML_MAPPING_START_EVENT;
    if (depth == 0)
        return refuse(r, e->start_mark, "nested too deep");
    *out = new_node(r, is_map ? NODE_MAP : NODE_LIST, e->start_mark);
    if (!*out)
        return no_memory(r);
    return is_map ? read_map(r, *out, depth - 1) : read_list(r, *out, depth - 1);
}

static const yaml_char_t *anchor_of(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

/* Takes e over. */
static err read_node(struct reader *r, yaml_event_t *e, unsigned depth, struct node **out)
{
    err rc;
    const yaml_char_t *anchor = anchor_of(e);
    const char *name = NULL;
    *out = NULL;
    if (e->type == YAML_ALIAS_EVENT)
        rc = read_alias(r, e, out);
    else if (e->type == YAML_SCALAR_EVENT)
        rc = read_scalar(r, e, out);
    else if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
        rc = read_collection(r, e, depth, out);
    else
        rc = refuse(r, e->start_mark, "a value was expected");
    if (!rc && anchor) {
        name = text_dup(r->a, anchor, strlen((const char *)anchor));
        rc = name ? anchor_set(r, name, *out) : no_memory(r);
    }
    yaml_event_delete(e);
    return rc;
}

static err read_document(struct reader *r, struct node **root)
{
    for (;;) {
        yaml_event_t e;
        err rc = next_event(r, &e);
        if (rc)
            return rc;
        yaml_event_type_t type = e.type;
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
            type != YAML_STREAM_END_EVENT && type != YAML_NO_EVENT)
            return read_node(r, &e, DEPTH_MAX, root);
        yaml_event_delete(&e);
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT)
            return ERR_OK;
    }
}

err yaml_read(struct arena *a, struct slice text, const char *name, struct node **root,
              struct why *w)
{
    struct reader r = { .a = a, .w = w };
    *root = NULL;
    r.name = text_dup(a, name, strlen(name));
    if (!r.name || !yaml_parser_initialize(&r.parser))
        return why_set(w, ERR_LIMIT, "%s: no memory to read it", name);
    yaml_parser_set_input_string(&r.parser, text.n ? text.p : (const uint8_t *)"", text.n);
    struct node *n = NULL;
    err rc = read_document(&r, &n);
    yaml_parser_delete(&r.parser);
    if (rc)
        return rc;
    if (!n || (n->type == NODE_NULL && !n->quoted)) {
        n = new_node(&r, NODE_MAP, (yaml_mark_t){ 0, 0, 0 });
        if (!n)
            return no_memory(&r);
    }
    *root = n;
    return ERR_OK;
}

/* ---- values of the command line (packetbeat-core.md 1.2): a superset of JSON with bare words */

struct words {
    struct reader *r;
    struct slice rest;
    char stop[4]; /* bytes that end a bare word here */
};

static void skip_space(struct words *s)
{
    while (s->rest.n && (*s->rest.p == ' ' || *s->rest.p == '\t'))
        s->rest = slice_after(s->rest, 1);
}

static bool next_is(const struct words *s, char c)
{
    return s->rest.n && *s->rest.p == (uint8_t)c;
}

/* Length of a bare word: up to a stop byte that is not inside ${…}. */
static size_t word_length(const struct words *s)
{
    size_t open = 0, i = 0;
    for (; i < s->rest.n; i++) {
        uint8_t c = s->rest.p[i];
        if (c == '{' && i && s->rest.p[i - 1] == '$')
            open++;
        else if (c == '}' && open)
            open--;
        else if (!open && c && strchr(s->stop, c))
            break;
    }
    return i;
}

static err word_error(struct words *s, const char *what)
{
    return why_set(s->r->w, ERR_FORMAT, "%s: %s", s->r->name, what);
}

static struct node *word_node(struct words *s, enum node_type type)
{
    struct node *n = ++s->r->nodes > NODES_MAX ? NULL : node_new(s->r->a, type);
    if (n)
        n->file = s->r->name;
    return n;
}

static err word_text(struct words *s, struct slice text, bool quoted, struct node **out)
{
    struct node *n = word_node(s, NODE_STR);
    if (!n || !(n->text = text_dup(s->r->a, text.p, text.n)))
        return no_memory(s->r);
    n->quoted = quoted;
    *out = n;
    if (quoted)
        return ERR_OK;
    if (strcmp(n->text, "null") == 0) {
        n->type = NODE_NULL;
    } else if (is_one_of(n->text, flag_true) || is_one_of(n->text, flag_false)) {
        n->type = NODE_BOOL;
        n->b = is_one_of(n->text, flag_true);
    } else {
        resolve_number(n);
    }
    return ERR_OK;
}

static err read_quoted(struct words *s, struct node **out)
{
    uint8_t quote = *s->rest.p;
    struct slice raw = slice_after(s->rest, 1);
    uint8_t *text = arena_alloc(s->r->a, raw.n + 1);
    if (!text)
        return no_memory(s->r);
    size_t n = 0, i = 0;
    for (; i < raw.n && raw.p[i] != quote; i++) {
        if (raw.p[i] == '\\' && quote == '"' && i + 1 < raw.n)
            i++;
        text[n++] = raw.p[i];
    }
    if (i == raw.n)
        return word_error(s, "a quote that is not closed");
    s->rest = slice_after(raw, i + 1);
    return word_text(s, slice_of(text, n), true, out);
}

static err read_word(struct words *s, unsigned depth, struct node **out);

/* After "[": items up to "]". */
static err read_items(struct words *s, unsigned depth, struct node *list)
{
    for (;;) {
        skip_space(s);
        if (next_is(s, ']')) {
            s->rest = slice_after(s->rest, 1);
            return ERR_OK;
        }
        struct node *item = NULL;
        err rc = read_word(s, depth, &item);
        if (rc)
            return rc;
        node_append(list, item);
        skip_space(s);
        if (next_is(s, ','))
            s->rest = slice_after(s->rest, 1);
        else if (!next_is(s, ']'))
            return word_error(s, "a list that is not closed by ]");
    }
}

static err read_name(struct words *s, const char **name)
{
    struct words key = { s->r, s->rest, ":,}" };
    struct node *n = NULL;
    err rc;
    skip_space(&key);
    if (next_is(&key, '"') || next_is(&key, '\'')) {
        rc = read_quoted(&key, &n);
    } else {
        size_t length = word_length(&key);
        rc = word_text(&key, slice_trim(slice_first(key.rest, length)), true, &n);
        key.rest = slice_after(key.rest, length);
    }
    if (rc)
        return rc;
    skip_space(&key);
    if (!next_is(&key, ':') || !n->text[0])
        return word_error(s, "a dictionary needs {name: value}");
    s->rest = slice_after(key.rest, 1);
    *name = n->text;
    return ERR_OK;
}

/* After "{": members up to "}". */
static err read_members(struct words *s, unsigned depth, struct node *map)
{
    for (;;) {
        skip_space(s);
        if (next_is(s, '}')) {
            s->rest = slice_after(s->rest, 1);
            return ERR_OK;
        }
        const char *key = NULL;
        struct node *value = NULL;
        err rc = read_name(s, &key);
        if (rc)
            return rc;
        rc = read_word(s, depth, &value);
        if (rc)
            return rc;
        value->key = key;
        node_append(map, value);
        skip_space(s);
        if (next_is(s, ','))
            s->rest = slice_after(s->rest, 1);
        else if (!next_is(s, '}'))
            return word_error(s, "a dictionary that is not closed by }");
    }
}

static err read_nested(struct words *s, unsigned depth, struct node **out)
{
    bool is_map = next_is(s, '{');
    if (depth == 0)
        return word_error(s, "nested too deep");
    *out = word_node(s, is_map ? NODE_MAP : NODE_LIST);
    if (!*out)
        return no_memory(s->r);
    struct words inner = { s->r, slice_after(s->rest, 1), "" };
    memcpy(inner.stop, is_map ? ",}" : ",]", 3);
    err rc = is_map ? read_members(&inner, depth - 1, *out) : read_items(&inner, depth - 1, *out);
    s->rest = inner.rest;
    return rc;
}

static err read_word(struct words *s, unsigned depth, struct node **out)
{
    skip_space(s);
    if (next_is(s, '[') || next_is(s, '{'))
        return read_nested(s, depth, out);
    if (next_is(s, '"') || next_is(s, '\''))
        return read_quoted(s, out);
    size_t length = word_length(s);
    struct slice text = slice_trim(slice_first(s->rest, length));
    s->rest = slice_after(s->rest, length);
    return word_text(s, text, false, out);
}

/* Values parted by commas, up to the end. */
static err read_all(struct words *s, struct node **root)
{
    struct node *list = word_node(s, NODE_LIST);
    if (!list)
        return no_memory(s->r);
    for (;;) {
        struct node *n = NULL;
        err rc = read_word(s, DEPTH_MAX, &n);
        if (rc)
            return rc;
        node_append(list, n);
        skip_space(s);
        if (!s->rest.n)
            break;
        if (!next_is(s, ','))
            return word_error(s, "text after the end of the value");
        s->rest = slice_after(s->rest, 1);
        skip_space(s);
        if (!s->rest.n)
            break;
    }
    *root = list->child == list->last ? list->child : list;
    return ERR_OK;
}

err yaml_value(struct arena *a, struct slice text, const char *name, struct node **root,
               struct why *w)
{
    struct reader r = { .a = a, .w = w };
    *root = NULL;
    r.name = text_dup(a, name, strlen(name));
    if (!r.name)
        return why_set(w, ERR_LIMIT, "%s: no memory to read it", name);
    struct words s = { &r, text, "," };
    struct node *n = NULL;
    err rc = read_all(&s, &n);
    *root = rc ? NULL : n;
    return rc;
}
