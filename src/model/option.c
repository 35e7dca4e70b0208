/* Option tables: from a tree of nodes to a struct, with one line for every mistake. */
#include "model/option.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"

/* Copies a NUL-terminated text into the arena. */
static const char *text_dup(struct arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = arena_alloc(a, n);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

struct unit {
    const char *name;
    double factor;
};

/* clang-format off */
static const struct unit duration_units[] = {
    { "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
};
static const struct unit size_units[] = {
    { "", 1 }, { "B", 1 }, { "kB", 1e3 }, { "KB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 }, { "TB", 1e12 },
    { "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 }, { "TiB", 1099511627776 },
    { "K", 1024 }, { "M", 1048576 }, { "G", 1073741824 },
};
/* clang-format on */

/* Digits with at most one point; *used bytes are passed. */
static bool read_number(struct slice s, double *value, size_t *used)
{
    char digits[40];
    size_t n = 0;
    while (n < s.n && n < sizeof digits - 1 &&
           ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '.')) {
        digits[n] = (char)s.p[n];
        n++;
    }
    digits[n] = 0;
    char *end;
    *value = strtod(digits, &end);
    *used = n;
    return n > 0 && *end == 0;
}

/* The unit with the longest name that s starts with. */
static const struct unit *read_unit(struct slice s, const struct unit *units, size_t count)
{
    const struct unit *best = NULL;
    for (size_t i = 0; i < count; i++) {
        struct slice name = slice_cstr(units[i].name);
        if (slice_starts(s, name) && (!best || name.n > strlen(best->name)))
            best = &units[i];
    }
    return best;
}

bool duration_parse(struct slice text, int64_t *ns)
{
    struct slice s = slice_trim(text);
    bool negative = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = slice_after(s, 1);
    double total = 0, value;
    size_t used;
    if (s.n == 0)
        return false;
    for (bool first = true; s.n; first = false) {
        if (!read_number(s, &value, &used))
            return false;
        s = slice_after(s, used);
        const struct unit *unit = read_unit(s, duration_units, COUNT(duration_units));
        if (!unit && !(first && s.n == 0))
            return false;
        total += value * (unit ? unit->factor : 1e9);
        s = slice_after(s, unit ? strlen(unit->name) : 0);
    }
    if (total > 9.2e18)
        return false;
    *ns = (int64_t)(negative ? -total : total);
    return true;
}

bool size_parse(struct slice text, int64_t *bytes)
{
    struct slice s = slice_trim(text);
    double value;
    size_t used;
    if (!read_number(s, &value, &used))
        return false;
    s = slice_trim(slice_after(s, used));
    const struct unit *unit = read_unit(s, size_units, COUNT(size_units));
    if (!unit || strlen(unit->name) != s.n || value * unit->factor > 9.2e18)
        return false;
    *bytes = (int64_t)(value * unit->factor);
    return true;
}

static bool bool_parse(const struct node *n, bool *out)
{
    static const char *const yes[] = { "true", "yes", "on", "y", "1" };
    static const char *const no[] = { "false", "no", "off", "n", "0" };
    if (n->type == NODE_BOOL) {
        *out = n->b;
        return true;
    }
    struct slice text = slice_cstr(n->text);
    for (size_t i = 0; i < COUNT(yes); i++) {
        if (slice_eq_nocase(text, slice_cstr(yes[i])) || slice_eq_nocase(text, slice_cstr(no[i]))) {
            *out = slice_eq_nocase(text, slice_cstr(yes[i]));
            return true;
        }
    }
    return false;
}

static bool int_parse(const struct node *n, int64_t *out)
{
    if (!n->text || !*n->text)
        return false;
    char *end;
    errno = 0;
    *out = strtoll(n->text, &end, 0);
    return *end == 0 && errno == 0;
}

/* What a value of the type looks like, for messages. */
static const char *const type_hint[] = {
    [OPT_BOOL] = "true or false",
    [OPT_INT] = "a whole number",
    [OPT_DURATION] = "a duration like 10s or 1m30s",
    [OPT_SIZE] = "a size like 10MiB or 1048576",
    [OPT_TEXT] = "a text",
    [OPT_SECRET] = "a text",
    [OPT_TEXTS] = "a list of texts",
    [OPT_PORTS] = "a list of ports from 0 to 65535",
    [OPT_ENUM] = "one of the known names",
    [OPT_NODE] = "a section",
};

static bool is_scalar(const struct node *n)
{
    return n->type != NODE_LIST && n->type != NODE_MAP;
}

static bool load_texts(const struct node *n, struct texts *out, struct arena *a)
{
    unsigned count = 0;
    for (const struct node *c = n->child; c; c = c->next)
        count++;
    if (is_scalar(n))
        count = 1;
    *out = (struct texts){ arena_zalloc(a, (count + 1) * sizeof(char *)), 0 };
    if (!out->v || n->type == NODE_MAP)
        return false;
    if (is_scalar(n)) {
        out->v[out->n++] = text_dup(a, n->text ? n->text : "");
        return out->v[0] != NULL;
    }
    for (const struct node *c = n->child; c; c = c->next) {
        if (!is_scalar(c))
            return false;
        out->v[out->n++] = text_dup(a, c->text ? c->text : "");
        if (!out->v[out->n - 1])
            return false;
    }
    return true;
}

static bool add_port(struct ports *out, const struct node *n)
{
    int64_t port;
    if (!is_scalar(n) || !int_parse(n, &port) || port < 0 || port > 65535 || out->n == PORTS_MAX)
        return false;
    out->v[out->n++] = (uint16_t)port;
    return true;
}

static bool load_ports(const struct node *n, struct ports *out)
{
    out->n = 0;
    if (is_scalar(n))
        return add_port(out, n);
    for (const struct node *c = n->type == NODE_LIST ? n->child : NULL; c; c = c->next) {
        if (!add_port(out, c))
            return false;
    }
    return n->type == NODE_LIST;
}

static bool load_name(const struct node *n, const char *const *names, int *out)
{
    for (int i = 0; n->text && names[i]; i++) {
        if (strcmp(names[i], n->text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool in_bounds(const struct option *o, int64_t v)
{
    return (o->min == 0 && o->max == 0) || (v >= o->min && v <= o->max);
}

/* Converts n into the member; false when it is not of the row's type. long: one case per type */
static bool load_member(const struct option *o, const struct node *n, void *member, struct arena *a)
{
    switch (o->type) {
    case OPT_BOOL:
        return is_scalar(n) && bool_parse(n, member);
    case OPT_INT:
        return is_scalar(n) && int_parse(n, member) && in_bounds(o, *(int64_t *)member);
    case OPT_DURATION:
        return is_scalar(n) && n->text && duration_parse(slice_cstr(n->text), member) &&
               in_bounds(o, *(int64_t *)member);
    case OPT_SIZE:
        return is_scalar(n) && n->text && size_parse(slice_cstr(n->text), member) &&
               in_bounds(o, *(int64_t *)member);
    case OPT_TEXT:
    case OPT_SECRET:
        if (!is_scalar(n))
            return false;
        *(const char **)member = text_dup(a, n->text ? n->text : "");
        return *(const char **)member != NULL;
    case OPT_TEXTS:
        return load_texts(n, member, a);
    case OPT_PORTS:
        return load_ports(n, member);
    case OPT_ENUM:
        return is_scalar(n) && load_name(n, o->names, member);
    case OPT_NODE:
        *(const struct node **)member = n;
        return true;
    }
    return false;
}

static void list_names(struct buf *b, const char *const *names)
{
    for (int i = 0; names[i]; i++) {
        buf_cstr(b, i ? ", " : "");
        buf_cstr(b, names[i]);
    }
}

/* Bounds as the user would type them. */
static void list_bounds(struct buf *b, const struct option *o)
{
    if (o->min == 0 && o->max == 0)
        return;
    bool time = o->type == OPT_DURATION;
    buf_printf(b, " between %.10g%s and %.10g%s", (double)o->min / (time ? 1e9 : 1),
               time ? "s" : "", (double)o->max / (time ? 1e9 : 1), time ? "s" : "");
}

static err bad_value(const struct option *o, const struct node *n, const struct loading *l)
{
    char where[300], hint[200];
    struct buf b = buf_of(hint, sizeof hint - 1);
    if (o->names) {
        buf_lit(&b, "one of ");
        list_names(&b, o->names);
    } else {
        buf_cstr(&b, type_hint[o->type]);
        list_bounds(&b, o);
    }
    hint[b.n] = 0;
    return why_set(l->why, ERR_CONFIG, "%s: %s%s%s: '%s' is not %s",
                   node_where(n, where, sizeof where), l->prefix, *l->prefix ? "." : "", o->key,
                   is_scalar(n)           ? (n->text ? n->text : "")
                   : n->type == NODE_LIST ? "a list"
                                          : "a section",
                   hint);
}

/* The default as a node, so that it runs through the same conversion; commas separate a list. */
static err load_default(const struct option *o, void *member, const struct loading *l)
{
    struct node list = { .type = NODE_LIST, .file = "default" };
    struct node one = { .type = NODE_STR, .text = o->value, .file = "default" };
    bool many = o->type == OPT_TEXTS || o->type == OPT_PORTS;
    struct slice rest = slice_cstr(many ? o->value : "");
    while (rest.n) {
        ptrdiff_t comma = slice_find(rest, ',');
        struct slice part = slice_trim(comma < 0 ? rest : slice_first(rest, (size_t)comma));
        rest = comma < 0 ? slice_after(rest, rest.n) : slice_after(rest, (size_t)comma + 1);
        char text[128];
        memcpy(text, part.p, part.n < sizeof text ? part.n : 0);
        text[part.n < sizeof text ? part.n : 0] = 0;
        struct node *n = node_new(l->mem, NODE_STR);
        if (!n)
            return why_set(l->why, ERR_LIMIT, "the configuration is too large");
        n->text = text_dup(l->mem, text);
        node_append(&list, n);
    }
    return load_member(o, many ? &list : &one, member, l->mem) ? ERR_OK : bad_value(o, &one, l);
}

err option_load(const struct option *table, const struct node *section, void *conf,
                const struct loading *l)
{
    for (const struct option *o = table; o && o->key; o++) {
        void *member = (char *)conf + o->offset;
        const struct node *n = node_path(section, o->key);
        if (n && n->type == NODE_NULL)
            n = NULL;
        if (!n && (o->flags & OPT_REQUIRED))
            return why_set(l->why, ERR_CONFIG, "%s%s%s is missing: %s", l->prefix,
                           *l->prefix ? "." : "", o->key, o->doc);
        if (n && !load_member(o, n, member, l->mem))
            return bad_value(o, n, l);
        if (!n && o->value) {
            err e = load_default(o, member, l);
            if (e)
                return e;
        }
    }
    return ERR_OK;
}

/* Damerau-less edit distance, cut at 8: small words only. */
static unsigned distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    unsigned row[64];
    if (n >= COUNT(row) || strlen(a) >= COUNT(row))
        return 99;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; *a; i++, a++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned best = diagonal + (*a != b[j - 1]);
            diagonal = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[n];
}

const char *nearest_name(const char *key, const char *const *names, size_t n)
{
    const char *best = NULL;
    unsigned limit = (unsigned)strlen(key) / 3 + 1, least = limit + 1;
    for (size_t i = 0; i < n; i++) {
        unsigned d = distance(key, names[i]);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

/* True when a row is named key or lies below it ("files.path" below "files"). */
static bool row_covers(const struct option *o, const char *key)
{
    size_t n = strlen(key);
    return strncmp(o->key, key, n) == 0 && (o->key[n] == 0 || o->key[n] == '.');
}

/* Collects the keys of all rows; true when one of them covers key. */
static bool rows_know(const struct option *const *tables, const char *key, const char **names,
                      size_t *count, size_t cap)
{
    bool known = false;
    for (const struct option *const *t = tables; *t; t++) {
        for (const struct option *o = *t; o->key; o++) {
            known |= row_covers(o, key);
            if (*count < cap)
                names[(*count)++] = o->key;
        }
    }
    return known;
}

const struct node *option_unknown(const struct option *const *tables, const struct node *section,
                                  const struct node *after, const char **nearest)
{
    const struct node *n = after ? after->next : section ? section->child : NULL;
    for (; n; n = n->next) {
        const char *names[256];
        size_t count = 0;
        if (!n->key || rows_know(tables, n->key, names, &count, COUNT(names)))
            continue;
        *nearest = nearest_name(n->key, names, count);
        return n;
    }
    return NULL;
}
