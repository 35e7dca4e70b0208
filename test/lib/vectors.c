/* Reading vectors and comparing answers with them. */
#include "lib/vectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/json.h"
#include "model/civil.h"
#include "model/message_json.h"
#include "pack/value.h"
#include "pack/zone.h"

#define NOW_MS 1707945600000 /* the vectors' clock: 2024-02-14T21:20:00Z */

static char *deviations;

/* The reason in the table of deviations, or NULL. */
static const char *reason_of(const char *file, struct slice id)
{
    char key[256];
    int n = snprintf(key, sizeof key, "\n%s\t%.*s\t", file, (int)id.n, (const char *)id.p);
    char *row = deviations ? strstr(deviations, key) : NULL;
    return row ? row + n : NULL;
}

/* Rows of the table for a file. */
static unsigned count_rows(const char *file)
{
    char key[256];
    unsigned n = 0;
    snprintf(key, sizeof key, "\n%s\t", file);
    for (char *row = deviations; row && (row = strstr(row, key)); row++)
        n++;
    return n;
}

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *text = malloc((size_t)n + 2);
    text[0] = '\n';
    n = (long)fread(text + 1, 1, (size_t)n, f);
    text[n + 1] = '\0';
    fclose(f);
    return text;
}

const struct jsondoc_node *vectors_get(const struct vectors_case *c, const struct jsondoc_node *of,
                                       const char *key)
{
    return jsondoc_get(c->doc, of, slice_cstr(key));
}

struct slice vectors_text(const struct vectors_case *c, const struct jsondoc_node *of,
                          const char *key)
{
    const struct jsondoc_node *v = vectors_get(c, of, key);
    return v && v->type == JD_STR ? jsondoc_str(v) : slice_of(NULL, 0);
}

bool vectors_is(const struct jsondoc_node *v, const char *text)
{
    return v && v->type == JD_STR && slice_eq(jsondoc_str(v), slice_cstr(text));
}

struct slice vectors_bytes(const struct vectors_case *c, struct slice hex)
{
    uint8_t *p = arena_alloc(c->mem, hex.n / 2);
    for (size_t i = 0; i < hex.n / 2; i++) {
        char two[3] = { (char)hex.p[2 * i], (char)hex.p[2 * i + 1], 0 };
        p[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return slice_of(p, hex.n / 2);
}

bool vectors_differ(struct vectors_case *c, const char *what, struct slice want, struct slice got)
{
    buf_printf(c->why, "  %s: wanted ", what);
    buf_add(c->why, slice_first(want, 3000));
    buf_lit(c->why, "\n    got ");
    buf_add(c->why, slice_first(got, 3000));
    buf_lit(c->why, "\n");
    return false;
}

static bool same(const struct jsondoc *a, const struct jsondoc_node *x, const struct jsondoc *b,
                 const struct jsondoc_node *y);

static bool any_moment;

/* A class of Java that is a moment, and ours: a date. */
static bool are_moments(const struct jsondoc *a, const struct jsondoc_node *x,
                        const struct jsondoc *b, const struct jsondoc_node *y)
{
    const struct jsondoc_node *t = x->type == JD_OBJECT ? jsondoc_get(a, x, SLICE("t")) : NULL;
    const struct jsondoc_node *u = y->type == JD_OBJECT ? jsondoc_get(b, y, SLICE("t")) : NULL;
    return any_moment && vectors_is(u, "date") &&
           (vectors_is(t, "javadate") || vectors_is(t, "zoneddatetime"));
}

static bool same_members(const struct jsondoc *a, const struct jsondoc_node *x,
                         const struct jsondoc *b, const struct jsondoc_node *y)
{
    /* The class of a map in Java is told beside it; ours have none. */
    bool class =
        x->type == JD_OBJECT && jsondoc_get(a, x, SLICE("class")) && jsondoc_get(a, x, SLICE("t"));
    if (x->n - class != y->n)
        return false;
    uint32_t j = y->n ? y->child : 0;
    for (uint32_t i = x->n ? x->child : 0; i; i = a->node[i].next, j = b->node[j].next) {
        const struct jsondoc_node *other = &b->node[j];
        if (x->type == JD_OBJECT)
            other = jsondoc_get(b, y, jsondoc_key(&a->node[i]));
        if (class && slice_eq(jsondoc_key(&a->node[i]), SLICE("class")))
            continue;
        if (!other || !same(a, &a->node[i], b, other))
            return false;
    }
    return true;
}

static double number(const struct jsondoc_node *v)
{
    return v->type == JD_INT ? (double)jsondoc_int(v) : v->d;
}

static bool same(const struct jsondoc *a, const struct jsondoc_node *x, const struct jsondoc *b,
                 const struct jsondoc_node *y)
{
    if (x->type == JD_DOUBLE || y->type == JD_DOUBLE) {
        bool numbers = (x->type == JD_INT || x->type == JD_DOUBLE) &&
                       (y->type == JD_INT || y->type == JD_DOUBLE);
        return numbers && fabs(number(x) - number(y)) <= 1e-15 * fabs(number(x));
    }
    if (x->type != y->type)
        return false;
    if (are_moments(a, x, b, y))
        return true;
    switch (x->type) {
    case JD_INT:
        return x->flags == y->flags &&
               (x->flags & JD_WIDE ? slice_eq(jsondoc_str(x), jsondoc_str(y)) : x->i == y->i);
    case JD_BOOL:
        return x->i == y->i;
    case JD_STR:
        return slice_eq(jsondoc_str(x), jsondoc_str(y));
    case JD_NULL:
        return true;
    default:
        return same_members(a, x, b, y);
    }
}

bool vectors_same_json(struct vectors_case *c, const char *what, const struct jsondoc_node *want,
                       struct slice got)
{
    static struct jsondoc ours;
    static uint8_t copy[1 << 22];
    struct buf wanted = buf_of(arena_alloc(c->mem, 1 << 21), 1 << 21);
    if (!ours.node)
        jsondoc_init(&ours, 262144);
    if (got.n + JSONDOC_PAD > sizeof copy)
        return vectors_differ(c, what, SLICE("less"), SLICE("too much"));
    memcpy(copy, got.p, got.n);
    if (want && jsondoc_read(&ours, copy, got.n, 0) == JSONDOC_OK &&
        same(c->doc, want, &ours, ours.node))
        return true;
    if (want)
        jsondoc_write(c->doc, want, &wanted);
    return vectors_differ(c, what, buf_slice(&wanted), got);
}

static bool value_list(struct vectors_case *c, const struct jsondoc_node *list, struct value *v)
{
    struct value *items = arena_alloc(c->mem, list->n * sizeof *items);
    uint32_t n = 0;
    for (uint32_t i = list->n ? list->child : 0; i; i = c->doc->node[i].next) {
        if (!vectors_value(c, &c->doc->node[i], &items[n++]))
            return false;
    }
    v->type = VT_VALUES;
    v->p = items;
    v->n = n;
    uint32_t strings = 0;
    while (strings < n && items[strings].type == VT_STR)
        strings++;
    if (n && strings == n) {
        struct slice *texts = arena_alloc(c->mem, n * sizeof *texts);
        for (uint32_t i = 0; i < n; i++)
            texts[i] = slice_of(items[i].p, items[i].n);
        v->type = VT_STRS;
        v->p = texts;
    }
    return true;
}

static bool value_map(struct vectors_case *c, const struct jsondoc_node *map, struct value *v)
{
    struct object *o = arena_zalloc(c->mem, sizeof *o);
    o->m = arena_alloc(c->mem, map->n * sizeof *o->m);
    for (uint32_t i = map->n ? map->child : 0; i; i = c->doc->node[i].next) {
        o->m[o->n].key = jsondoc_key(&c->doc->node[i]);
        if (!vectors_value(c, &c->doc->node[i], &o->m[o->n++].v))
            return false;
    }
    v->type = VT_OBJECT;
    v->p = o;
    return true;
}

static bool value_time(struct slice text, struct value *v)
{
    int64_t ms;
    char padded[64];
    /* Java leaves out a fraction of zero, and names the zone behind. */
    ptrdiff_t bracket = slice_find(text, '[');
    text = bracket < 0 ? text : slice_first(text, (size_t)bracket);
    if (slice_find(text, '.') < 0 && text.n >= 19)
        text = slice_of(padded,
                        (size_t)snprintf(padded, sizeof padded, "%.19s.0%.*s", (const char *)text.p,
                                         (int)text.n - 19, (const char *)text.p + 19));
    v->type = VT_TIME;
    if (!civil_read_iso(text, &ms))
        return false;
    v->i = ms * 1000000;
    return true;
}

static bool value_number(const struct jsondoc_node *n, struct slice type, struct value *v)
{
    bool whole = slice_eq(type, SLICE("int")) || slice_eq(type, SLICE("long"));
    v->type = whole ? VT_INT : VT_DOUBLE;
    if (whole)
        v->i = jsondoc_int(n);
    else
        v->d = n->type == JD_STR ? strtod((const char *)n->s, NULL) : number(n);
    if (slice_eq(type, SLICE("int")))
        v->flags = VF_INT32;
    if (slice_eq(type, SLICE("float")))
        v->flags = VF_FLOAT;
    return true;
}

bool vectors_value(struct vectors_case *c, const struct jsondoc_node *typed, struct value *v)
{
    struct slice type = vectors_text(c, typed, "t");
    const struct jsondoc_node *n = vectors_get(c, typed, "v");
    *v = (struct value){ .field = 0xffff };
    if (slice_eq(type, SLICE("null")))
        return true;
    if (slice_eq(type, SLICE("string"))) {
        v->type = VT_STR;
        v->p = n->s;
        v->n = n->n;
        return true;
    }
    if (slice_eq(type, SLICE("bool"))) {
        v->type = VT_BOOL;
        v->i = n->i;
        return true;
    }
    if (slice_eq(type, SLICE("int")) || slice_eq(type, SLICE("long")) ||
        slice_eq(type, SLICE("double")) || slice_eq(type, SLICE("float")))
        return value_number(n, type, v);
    if (slice_eq(type, SLICE("list")))
        return value_list(c, n, v);
    if (slice_eq(type, SLICE("map")))
        return value_map(c, n, v);
    if (slice_eq(type, SLICE("ip"))) {
        struct addr *a = arena_alloc(c->mem, sizeof *a);
        v->type = VT_IP;
        v->p = a;
        return addr_parse(jsondoc_str(n), a);
    }
    /* Every class of Java that is a moment. */
    if (slice_search(type, SLICE("date")) >= 0 || slice_eq(type, SLICE("instant"))) {
        struct slice text = jsondoc_str(n);
        char whole[64];
        if (text.n == 10) /* a day */
            text = slice_of(whole, (size_t)snprintf(whole, sizeof whole, "%.10sT00:00:00.0Z",
                                                    (const char *)text.p));
        if (slice_eq(type, SLICE("localdatetime")))
            text = slice_of(
                whole, (size_t)snprintf(whole, sizeof whole, "%.19s.0Z", (const char *)text.p));
        uint32_t zone = zone_find(vectors_text(c, typed, "zone"));
        v->n = zone == ZONE_NONE ? ZONE_UTC : zone;
        return value_time(text, v);
    }
    return false;
}

static void put_typed(struct buf *b, const char *type)
{
    buf_printf(b, "{\"t\":\"%s\",\"v\":", type);
}

static void put_typed_double(struct buf *b, const struct value *v)
{
    bool quoted = isnan(v->d) || isinf(v->d);
    put_typed(b, v->flags & VF_FLOAT ? "float" : "double");
    if (quoted)
        buf_u8(b, '"');
    jsondoc_double(b, v->d);
    if (quoted)
        buf_u8(b, '"');
}

/* zone: pack/zone.h */
static void put_date(struct buf *b, int64_t ms, uint32_t zone)
{
    struct rule_value v = { .kind = K_DATE, .n = zone, .i = ms };
    put_typed(b, "date");
    buf_u8(b, '"');
    value_print(b, &v);
    buf_u8(b, '"');
    if (zone != ZONE_UTC)
        buf_printf(b, ",\"zone\":\"%.*s\"", (int)zone_name(zone).n,
                   (const char *)zone_name(zone).p);
}

static void put_items(struct buf *b, const struct value *v)
{
    put_typed(b, "list");
    buf_u8(b, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_u8(b, ',');
        if (v->type == VT_STRS) {
            const struct slice *s = (const struct slice *)v->p + i;
            vectors_put_value(b, &(struct value){ .type = VT_STR, .n = (uint32_t)s->n, .p = s->p });
        } else {
            vectors_put_value(b, (const struct value *)v->p + i);
        }
    }
    buf_u8(b, ']');
}

static void put_map(struct buf *b, const struct object *o)
{
    put_typed(b, "map");
    buf_u8(b, '{');
    for (uint32_t i = 0; i < o->n; i++) {
        if (i)
            buf_u8(b, ',');
        message_json_text(b, o->m[i].key);
        buf_u8(b, ':');
        vectors_put_value(b, &o->m[i].v);
    }
    buf_u8(b, '}');
}

static void put_json(struct buf *b, const struct value *v)
{
    struct arena mem;
    arena_init(&mem, NULL, 0);
    struct rule_value tree = value_read(v, &mem);
    buf_lit(b, "{\"t\":\"json\",\"v\":");
    value_print(b, &tree);
    buf_u8(b, '}');
    arena_free(&mem);
}

void vectors_put_value(struct buf *b, const struct value *v)
{
    if (v->flags & VF_JSON) {
        put_json(b, v);
        return;
    }
    switch ((unsigned)v->type) {
    case VT_NULL:
        buf_lit(b, "{\"t\":\"null\"");
        break;
    case VT_INT:
        put_typed(b, v->flags & VF_INT32 ? "int" : "long");
        buf_int(b, v->i);
        break;
    case VT_DOUBLE:
        put_typed_double(b, v);
        break;
    case VT_BOOL:
        put_typed(b, "bool");
        buf_cstr(b, v->i ? "true" : "false");
        break;
    case VT_STR:
        put_typed(b, "string");
        message_json_text(b, slice_of(v->p, v->n));
        break;
    case VT_TIME:
        put_date(b, v->i / 1000000, v->n);
        break;
    case VT_IP:
        put_typed(b, "ip");
        buf_u8(b, '"');
        buf_addr(b, v->p);
        buf_lit(b, "\",\"json\":\"");
        buf_addr(b, v->p);
        buf_u8(b, '"');
        break;
    case VT_OBJECT:
        put_map(b, v->p);
        break;
    default:
        put_items(b, v);
    }
    buf_u8(b, '}');
}

static void put_text_field(struct buf *b, const char *name, struct slice text)
{
    buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
    vectors_put_value(b, &(struct value){ .type = VT_STR, .n = (uint32_t)text.n, .p = text.p });
}

static void put_fields(struct buf *b, const struct message *m)
{
    buf_u8(b, '{');
    if (m->has_message)
        put_text_field(b, "message", m->message);
    if (m->has_source)
        put_text_field(b, "source", m->source);
    if (m->has_ts && m->ts_text.n)
        put_text_field(b, "timestamp", m->ts_text);
    if (m->has_ts && !m->ts_text.n) {
        buf_printf(b, "%s\"timestamp\":", b->n > 1 ? "," : "");
        put_date(b, m->ts_ms, ZONE_UTC);
        buf_u8(b, '}');
    }
    for (unsigned i = 0; i < m->n; i++) {
        if (b->n > 1)
            buf_u8(b, ',');
        message_json_text(b, m->f[i].name);
        buf_u8(b, ':');
        vectors_put_value(b, &m->f[i].v);
    }
    buf_u8(b, '}');
}

bool vectors_same_message(struct vectors_case *c, struct message *m)
{
    static uint8_t memory[1 << 21];
    struct buf b = buf_of(memory, sizeof memory);
    const struct jsondoc_node *size = vectors_get(c, c->out, "size");
    put_fields(&b, m);
    any_moment = c->any_moment;
    bool good = vectors_same_json(c, "fields", vectors_get(c, c->out, "fields"), buf_slice(&b));
    buf_reset(&b);
    buf_int(&b, message_size(m));
    good &= vectors_same_json(c, "size", size, buf_slice(&b));
    buf_reset(&b);
    struct message_form form = { .now_ms = NOW_MS, .id = c->message_id };
    message_json(m, &form, &b);
    const struct jsondoc_node *indexed = vectors_get(c, c->out, "indexed");
    return (!indexed || vectors_same_json(c, "indexed", indexed, buf_slice(&b))) && good;
}

struct tally {
    unsigned passed, failed, excepted, skipped;
};

static void run_line(const char *file, struct slice line, bool (*one)(struct vectors_case *),
                     struct tally *t)
{
    static struct jsondoc doc;
    static uint8_t memory[1 << 16], copy[1 << 22];
    struct arena mem;
    struct buf why = buf_of(memory, sizeof memory);
    if (!doc.node)
        jsondoc_init(&doc, 262144);
    memcpy(copy, line.p, line.n);
    arena_init(&mem, NULL, 0);
    bool good = jsondoc_read(&doc, copy, line.n, 0) == JSONDOC_OK;
    struct vectors_case c = { .doc = &doc, .line = doc.node, .mem = &mem, .why = &why };
    c.message_id = SLICE("<ID>");
    c.out = vectors_get(&c, c.line, "out");
    struct slice id = vectors_text(&c, c.line, "id");
    good = good && one(&c);
    const char *reason = reason_of(file, id);
    if (c.skip) {
        t->skipped++;
        arena_free(&mem);
        return;
    }
    if (good && reason) {
        buf_lit(&why, "  equal, but deviations.tsv has a row\n");
        good = false;
    } else if (!good && reason) {
        t->excepted++;
        good = true;
    }
    if (!good)
        printf("FAILED: %s %.*s\n%.*s", file, (int)id.n, (const char *)id.p, (int)why.n,
               (const char *)why.p);
    t->passed += good;
    t->failed += !good;
    arena_free(&mem);
}

int vectors_run(const char *file, bool (*one)(struct vectors_case *c))
{
    const char *folder = getenv("WIRELUME_VECTORS");
    char path[4096];
    struct tally t = { 0 };
    folder = folder ? folder : "../shared/vectors";
    snprintf(path, sizeof path, "%s/%s", folder, file);
    deviations = read_whole("test/vectors/deviations.tsv");
    char *text = read_whole(path);
    if (!text) {
        printf("%s: not there; WIRELUME_VECTORS names the folder\n0 passed, 0 failed, 1 skipped\n",
               path);
        return 0;
    }
    struct cursor c = cur_of(slice_of(text + 1, strlen(text + 1)));
    while (cur_left(&c))
        run_line(file, cur_line(&c), one, &t);
    unsigned rows = count_rows(file);
    if (rows != t.excepted) {
        printf("FAILED: %s: %u rows in deviations.tsv, of which %u were met\n", file, rows,
               t.excepted);
        t.failed++;
    }
    if (t.excepted)
        printf("%s: %u differ on purpose (test/vectors/deviations.tsv)\n", file, t.excepted);
    printf("%u passed, %u failed", t.passed, t.failed);
    if (t.skipped)
        printf(", %u skipped", t.skipped);
    puts("");
    free(text);
    free(deviations);
    return t.failed ? 1 : 0;
}
