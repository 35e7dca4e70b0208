/* GELF payloads to messages, field by field as Graylog 5.2.4 does it. */
#include "in/gelf_message.h"

#include <math.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/cursor.h"
#include "base/utf8.h"

#define NODES_MAX    262144
#define INFLATED_MAX ((size_t)8 << 20)
#define NUMBER_MAX   400 /* characters of a number that is written as text */
#define REPLACEMENT  "\xef\xbf\xbd"

struct gelf_reader {
    size_t inflated_max;
    struct inflater *inflater;
    struct jsondoc doc;
};

struct gelf {
    const struct jsondoc *doc;
    struct message *m;
    struct arena *mem;
};

/* The payload unpacked; where it is plain, itself. */
static enum gelf_result unpack(struct gelf_reader *r, struct slice in, struct arena *mem,
                               struct slice *out)
{
    struct cursor c = cur_of(in);
    uint16_t magic = cur_u16be(&c);
    if (!cur_ok(&c))
        return GELF_PACKING;
    bool gzip = magic == 0x1f8b, zlib = magic >> 8 == 0x78 && magic % 31 == 0;
    if (!gzip && !zlib) {
        *out = in;
        uint8_t first = (uint8_t)(magic >> 8);
        return first == 0x78 || first == 0x1f || first == 0x1e ? GELF_PACKING : GELF_MESSAGE;
    }
    struct unpacking how = { .mem = mem, .max = r->inflated_max, .guess = 4 * in.n };
    switch (deflate_unpack(r->inflater, gzip ? DEFLATE_GZIP : DEFLATE_ZLIB, in, &how, out)) {
    case DEFLATE_DONE:
        return GELF_MESSAGE;
    case DEFLATE_NO_MEMORY:
        return GELF_NO_MEMORY;
    case DEFLATE_TOO_LARGE:
        return GELF_TOO_LARGE;
    default:
        return GELF_PACKING;
    }
}

/* How many bytes at p one U+FFFD stands for: the longest beginning of a character (Unicode 3.9,
 * "maximal subpart"). */
static size_t bad_length(const uint8_t *p, size_t n)
{
    uint8_t low = 0x80, high = 0xbf;
    unsigned wanted = p[0] >= 0xc2 && p[0] <= 0xf4 ? (p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1) : 0;
    if (p[0] == 0xe0 || p[0] == 0xf0)
        low = p[0] == 0xe0 ? 0xa0 : 0x90;
    if (p[0] == 0xed || p[0] == 0xf4)
        high = p[0] == 0xed ? 0x9f : 0x8f;
    size_t i = 1;
    for (; i <= wanted && i < n && p[i] >= low && p[i] <= high; i++) {
        low = 0x80;
        high = 0xbf;
    }
    return i;
}

/* A copy of the text that jsondoc may change, with bad UTF-8 replaced; NULL without memory. */
static uint8_t *copy_text(struct slice in, struct arena *mem, size_t *n)
{
    bool good = utf8_ok(in);
    uint8_t *p = arena_alloc(mem, (good ? 1 : 3) * in.n + JSONDOC_PAD);
    *n = 0;
    if (!p)
        return NULL;
    if (good) {
        memcpy(p, in.p, in.n);
        *n = in.n;
        return p;
    }
    while (in.n) {
        unsigned length = utf8_len(in.p, in.n);
        memcpy(p + *n, length ? in.p : (const uint8_t *)REPLACEMENT, length ? length : 3);
        *n += length ? length : 3;
        in = slice_after(in, length ? length : bad_length(in.p, in.n));
    }
    return p;
}

/* Nothing but white space of ASCII as Java counts it: NUL, for one, is none. */
static bool is_blank(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = s.p[i];
        if (b > ' ' || b < '\t' || (b > '\r' && b < 0x1c))
            return false;
    }
    return true;
}

/* short_message must be a text when it is there; when it is missing or blank, message must be one
 * that is not blank. host must be a text, not blank, when it is there. */
static enum gelf_result check(const struct jsondoc *d, const struct jsondoc_node *root)
{
    const struct jsondoc_node *host = jsondoc_get(d, root, SLICE("host"));
    const struct jsondoc_node *brief = jsondoc_get(d, root, SLICE("short_message"));
    const struct jsondoc_node *message = jsondoc_get(d, root, SLICE("message"));
    if (host && (host->type != JD_STR || is_blank(jsondoc_str(host))))
        return GELF_BAD_HOST;
    if (brief && brief->type != JD_STR)
        return GELF_NO_TEXT;
    if (brief && !is_blank(jsondoc_str(brief)))
        return GELF_MESSAGE;
    bool good = message && message->type == JD_STR && !is_blank(jsondoc_str(message));
    return good ? GELF_MESSAGE : GELF_NO_TEXT;
}

/* A decimal number and nothing else (blanks around it are passed). */
static bool parse_number(struct slice s, double *out)
{
    char text[NUMBER_MAX];
    s = message_trim(s);
    if (!s.n || s.n >= sizeof text)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = s.p[i];
        if ((b < '0' || b > '9') && b != '.' && b != '-' && b != '+' && b != 'e' && b != 'E')
            return false;
        text[i] = (char)b;
    }
    text[s.n] = '\0';
    char *end;
    *out = strtod(text, &end);
    return *end == '\0';
}

/* Seconds to milliseconds, half up, as far as 64 bits go. */
static int64_t to_ms(double seconds)
{
    double ms = floor(seconds * 1000 + 0.5);
    return ms >= 9223372036854775807.0 ? INT64_MAX : (int64_t)ms;
}

static int64_t time_of(const struct jsondoc_node *v, int64_t now_ms)
{
    double seconds = 0;
    if (v && v->type == JD_INT)
        seconds = v->flags & JD_WIDE ? 0 : (double)v->i;
    else if (v && v->type == JD_DOUBLE)
        seconds = v->d;
    else if (v && v->type == JD_STR && !parse_number(jsondoc_str(v), &seconds))
        seconds = 0;
    return seconds > 0 ? to_ms(seconds) : now_ms;
}

/* The value as an integer as Jackson's asLong() has it; `missing` when it is none. */
static int64_t whole(const struct jsondoc_node *v, int64_t missing)
{
    double d = 0;
    if (v->type == JD_INT)
        return jsondoc_int(v);
    if (v->type == JD_BOOL)
        return v->i;
    if (v->type == JD_DOUBLE)
        d = v->d;
    else if (v->type != JD_STR || !parse_number(jsondoc_str(v), &d))
        return missing;
    return d >= 9.2e18 ? INT64_MAX : d <= -9.2e18 ? INT64_MIN : (int64_t)d;
}

static void set_int(struct gelf *g, struct slice name, int64_t i, unsigned flags)
{
    struct value v = { .field = 0xffff, .type = VT_INT, .flags = (uint8_t)flags, .i = i };
    message_set(g->m, name, &v);
}

static void set_text(struct gelf *g, struct slice name, struct slice text)
{
    struct value v = { .field = 0xffff, .type = VT_STR, .n = (uint32_t)text.n, .p = text.p };
    message_set(g->m, name, &v);
}

/* Upper bound of the bytes of v as JSON text. */
static size_t text_bound(const struct jsondoc *d, const struct jsondoc_node *v)
{
    size_t n = 32 + 6 * (size_t)v->key_n;
    if (v->type == JD_STR || v->type == JD_INT)
        return n + 6 * (size_t)v->n;
    bool list = v->type == JD_ARRAY || v->type == JD_OBJECT;
    for (uint32_t i = list && v->n ? v->child : 0; i; i = d->node[i].next)
        n += text_bound(d, &d->node[i]);
    return n;
}

/* Any value as a text: lists and objects as JSON. */
static void set_as_text(struct gelf *g, struct slice name, const struct jsondoc_node *v)
{
    if (v->type == JD_STR) {
        set_text(g, name, jsondoc_str(v));
        return;
    }
    size_t cap = text_bound(g->doc, v);
    uint8_t *p = arena_alloc(g->mem, cap);
    struct buf b = buf_of(p, p ? cap : 0);
    jsondoc_write(g->doc, v, &b);
    g->m->lost |= b.full;
    set_text(g, name, buf_slice(&b));
}

/* The keys that GELF names. */
static void set_named(struct gelf *g, const struct jsondoc_node *root)
{
    static const char *const texts[] = { "full_message", "facility", "file" };
    const struct jsondoc_node *v = jsondoc_get(g->doc, root, SLICE("level"));
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct jsondoc_node *t = jsondoc_get(g->doc, root, slice_cstr(texts[i]));
        if (t)
            set_as_text(g, slice_cstr(texts[i]), t);
    }
    int32_t level = v ? (int32_t)whole(v, -1) : -1;
    if (level > -1)
        set_int(g, SLICE("level"), level, VF_INT32);
    v = jsondoc_get(g->doc, root, SLICE("line"));
    int64_t line = v ? whole(v, -1) : -1;
    if (line > -1)
        set_int(g, SLICE("line"), line, 0);
}

static bool is_set(const struct message *m, struct slice name)
{
    if (slice_eq(name, SLICE("message")) || slice_eq(name, SLICE("timestamp")))
        return true;
    if (slice_eq(name, SLICE("source")))
        return m->has_source;
    return message_get(m, name) != NULL;
}

static void set_extra(struct gelf *g, const struct jsondoc_node *v)
{
    struct slice name = jsondoc_key(v);
    if (slice_eq(name, SLICE("version")))
        return;
    if (name.n > 1 && name.p[0] == '_')
        name = slice_after(name, 1);
    if (slice_eq(name, SLICE("host")) || slice_eq(name, SLICE("short_message")) ||
        is_set(g->m, name))
        return;
    struct value d = { .field = 0xffff, .type = VT_DOUBLE, .d = v->d };
    switch (v->type) {
    case JD_NULL:
    case JD_BOOL:
        return;
    case JD_INT:
        set_int(g, name, jsondoc_int(v), 0);
        return;
    case JD_DOUBLE:
        message_set(g->m, name, &d);
        return;
    default:
        set_as_text(g, name, v);
    }
}

static enum gelf_result build(struct gelf *g, const struct jsondoc_node *root, int64_t now_ns)
{
    const struct jsondoc_node *brief = jsondoc_get(g->doc, root, SLICE("short_message"));
    const struct jsondoc_node *host = jsondoc_get(g->doc, root, SLICE("host"));
    struct message *m = g->m = message_new(g->mem, root->n);
    if (!m)
        return GELF_NO_MEMORY;
    if (!brief)
        brief = jsondoc_get(g->doc, root, SLICE("message"));
    m->message = message_trim(jsondoc_str(brief));
    m->has_message = true;
    if (host) {
        m->source = message_trim(jsondoc_str(host));
        m->has_source = true;
    }
    m->ts_ms = time_of(jsondoc_get(g->doc, root, SLICE("timestamp")), now_ns / 1000000);
    m->has_ts = true;
    set_named(g, root);
    for (uint32_t i = root->n ? root->child : 0; i; i = g->doc->node[i].next)
        set_extra(g, &g->doc->node[i]);
    if (m->lost || g->mem->full)
        return GELF_NO_MEMORY;
    return message_is_complete(m) ? GELF_MESSAGE : GELF_INCOMPLETE;
}

enum gelf_result gelf_message(struct gelf_reader *r, struct slice payload, int64_t now_ns,
                              struct arena *mem, struct message **out)
{
    struct slice json;
    size_t n;
    enum gelf_result result = unpack(r, payload, mem, &json);
    if (result != GELF_MESSAGE)
        return result;
    uint8_t *text = copy_text(json, mem, &n);
    if (!text)
        return GELF_NO_MEMORY;
    enum jsondoc_result read = jsondoc_read(&r->doc, text, n, JSONDOC_LENIENT);
    if (read != JSONDOC_OK)
        return read == JSONDOC_TOO_LARGE || read == JSONDOC_TOO_DEEP ? GELF_TOO_LARGE
                                                                     : GELF_NOT_JSON;
    result = check(&r->doc, r->doc.node);
    if (result != GELF_MESSAGE)
        return result;
    struct gelf g = { .doc = &r->doc, .mem = mem };
    result = build(&g, r->doc.node, now_ns);
    if (result == GELF_MESSAGE || result == GELF_INCOMPLETE)
        *out = g.m;
    return result;
}

struct gelf_reader *gelf_reader_new(size_t inflated_max)
{
    struct gelf_reader *r = xcalloc(1, sizeof *r);
    r->inflated_max = inflated_max ? inflated_max : INFLATED_MAX;
    r->inflater = inflater_new();
    jsondoc_init(&r->doc, NODES_MAX);
    return r;
}

void gelf_reader_free(struct gelf_reader *r)
{
    if (!r)
        return;
    inflater_free(r->inflater);
    jsondoc_free(&r->doc);
    xfree(r);
}

const char *gelf_result_text(enum gelf_result result)
{
    static const char *const texts[] = {
        [GELF_MESSAGE] = "a message",
        [GELF_INCOMPLETE] = "the message is empty",
        [GELF_NOT_JSON] = "not JSON",
        [GELF_NO_TEXT] = "short_message is missing, empty or no text",
        [GELF_BAD_HOST] = "host is empty or no text",
        [GELF_PACKING] = "damaged or unknown compression",
        [GELF_TOO_LARGE] = "too large",
        [GELF_NO_MEMORY] = "out of memory",
    };
    return texts[result];
}
