/* JSON (RFC 8259): strings and numbers as Go's encoders write them, and a bounded reader. */
#include "codec/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/utf8.h"

/* clang-format off */
enum { PLAIN, SHORT, CODE, MARKUP, HIGH }; /* how a byte is written */
static const uint8_t kind[256] = {
    [0 ... 0x08] = CODE, [0x0b ... 0x0c] = CODE, [0x0e ... 0x1f] = CODE, ['\n'] = SHORT,
    ['\r'] = SHORT, ['\t'] = SHORT, ['"'] = SHORT, ['\\'] = SHORT,
    ['&'] = MARKUP, ['<'] = MARKUP, ['>'] = MARKUP, [0x80 ... 0xff] = HIGH,
};
static const char short_form[128] = {
    ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\',
};
/* clang-format on */

#define ALL(byte) (0x0101010101010101u * (byte))

/* High bit set in each byte of w that is zero (and maybe in bytes above such a one). */
static inline uint64_t zero_bytes(uint64_t w)
{
    return (w - ALL(1)) & ~w & ALL(0x80);
}

/* Not 0 when one of eight bytes may need an escape. */
static inline uint64_t needs_care(uint64_t w, bool escape_html)
{
    uint64_t found = w & ALL(0x80);
    found |= (w - ALL(0x20)) & ~w & ALL(0x80);
    found |= zero_bytes(w ^ ALL('"')) | zero_bytes(w ^ ALL('\\'));
    if (escape_html)
        found |= zero_bytes(w ^ ALL('&')) | zero_bytes(w ^ ALL('<')) | zero_bytes(w ^ ALL('>'));
    return found;
}

static inline bool is_plain(uint8_t b, bool escape_html)
{
    return kind[b] == PLAIN || (kind[b] == MARKUP && !escape_html);
}

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* Length of the run at p that is written as it is. The last bytes of a long text are looked at
 * again together with those before them rather than one by one. */
static size_t plain_run(const uint8_t *p, size_t n, bool escape_html)
{
    size_t i = 0;
    while (n - i >= 8 && !needs_care(load8(p + i), escape_html))
        i += 8;
    if (n >= 8 && n - i < 8 && !needs_care(load8(p + n - 8), escape_html))
        return n;
    while (i < n && is_plain(p[i], escape_html))
        i++;
    return i;
}

/* The character at p that may not stand as it is, or that has to be looked at; its length. */
static size_t put_careful(struct buf *out, const uint8_t *p, size_t n)
{
    if (kind[*p] == SHORT) {
        buf_u8(out, '\\');
        buf_u8(out, (uint8_t)short_form[*p]);
        return 1;
    }
    if (kind[*p] != HIGH) {
        buf_lit(out, "\\u00");
        buf_hex(out, slice_of(p, 1), false);
        return 1;
    }
    unsigned len = utf8_len(p, n);
    if (len == 0) {
        buf_lit(out, "\\ufffd");
        return 1;
    }
    /* U+2028 and U+2029 end a line in JavaScript. */
    if (len == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8)
        buf_put(out, p[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
    else
        buf_put(out, p, len);
    return len;
}

/* A text from its byte `i` on, which needs care. */
static void put_rest(struct buf *out, struct slice s, size_t i, bool escape_html)
{
    buf_u8(out, '"');
    buf_put(out, s.p, i);
    while (i < s.n && !out->full) {
        i += put_careful(out, s.p + i, s.n - i);
        size_t run = plain_run(s.p + i, s.n - i, escape_html);
        buf_put(out, s.p + i, run);
        i += run;
    }
    buf_u8(out, '"');
}

/* Sixteen bytes at a time, on every machine the compiler knows vectors for. */
typedef int8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

static inline bytes16 load16(const uint8_t *p)
{
    bytes16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Not 0 in each byte that may need an escape. As signed numbers, control characters and bytes from
 * 0x80 on are what is less than a space. */
static inline bytes16 care16(bytes16 v, bool escape_html)
{
    bytes16 found = (v < 0x20) | (v == '"') | (v == '\\');
    if (escape_html)
        found |= (v == '&') | (v == '<') | (v == '>');
    return found;
}

static inline bool is_any(bytes16 found)
{
    words2 w = (words2)found;
    return (w[0] | w[1]) != 0;
}

/* The first and the last eight of 8 to 16 bytes; between them they are all. */
static inline bytes16 ends16(const uint8_t *p, size_t n)
{
    words2 w = { load8(p), load8(p + n - 8) };
    return (bytes16)w;
}

/* Copies n bytes, whatever they are; true when none needs an escape. */
static bool copy_plain(uint8_t *to, const uint8_t *p, size_t n, bool escape_html)
{
    bytes16 found = { 0 };
    if (n >= 16) {
        bytes16 v;
        for (size_t i = 0; i + 16 <= n; i += 16) {
            v = load16(p + i);
            memcpy(to + i, &v, sizeof v);
            found |= care16(v, escape_html);
        }
        v = load16(p + n - 16);
        memcpy(to + n - 16, &v, sizeof v);
        return !is_any(found | care16(v, escape_html));
    }
    if (n >= 8) {
        bytes16 both = ends16(p, n);
        uint64_t w[2]; /* clang gives no address of a vector's element */
        memcpy(w, &both, sizeof w);
        memcpy(to, &w[0], 8);
        memcpy(to + n - 8, &w[1], 8);
        return !is_any(care16(both, escape_html));
    }
    if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, p, 4);
        memcpy(&last, p + n - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + n - 4, &last, 4);
        return !needs_care((uint64_t)last << 32 | first, escape_html);
    }
    bool plain = true;
    for (size_t i = 0; i < n; i++) {
        to[i] = p[i];
        plain &= is_plain(p[i], escape_html);
    }
    return plain;
}

/* Most texts need no escape: they are copied while they are looked at. */
bool json_plain_string(struct buf *out, struct slice s, bool escape_html)
{
    uint8_t *to = buf_room(out, s.n + 2);
    if (UNLIKELY(!to))
        return true;
    if (UNLIKELY(!copy_plain(to + 1, s.p, s.n, escape_html)))
        return false;
    to[0] = '"';
    to[s.n + 1] = '"';
    out->n += s.n + 2;
    return true;
}

void json_string(struct buf *out, struct slice s, bool escape_html)
{
    if (UNLIKELY(!json_plain_string(out, s, escape_html)))
        put_rest(out, s, plain_run(s.p, s.n, escape_html), escape_html);
}

struct decimal {
    char digits[DBL_DECIMAL_DIG + 1]; /* without trailing zeroes, at least one */
    unsigned n;
    int exponent; /* of the first digit */
};

/* The fewest digits that read back as d (finite, not negative). Every decimal of 15 digits survives
 * a normal double, so fewer are found by cutting zeroes; subnormal ones have less room. */
static struct decimal shortest(double d)
{
    struct decimal out = { .n = 0 };
    char text[40];
    int digits = d < DBL_MIN ? 1 : DBL_DIG;
    do
        snprintf(text, sizeof text, "%.*e", digits - 1, d);
    while (digits++ < DBL_DECIMAL_DIG && strtod(text, NULL) != d);
    const char *p = text;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            out.digits[out.n++] = *p;
    out.exponent = (int)strtol(p + 1, NULL, 10);
    while (out.n > 1 && out.digits[out.n - 1] == '0')
        out.n--;
    return out;
}

static void put_exponent_form(struct buf *out, const struct decimal *d)
{
    buf_put(out, d->digits, 1);
    if (d->n > 1) {
        buf_u8(out, '.');
        buf_put(out, d->digits + 1, d->n - 1);
    }
    buf_cstr(out, d->exponent < 0 ? "e-" : "e+");
    buf_dec_pad(out, (uint64_t)abs(d->exponent), 2);
}

static void put_point_form(struct buf *out, const struct decimal *d)
{
    int whole = d->exponent + 1; /* digits before the point */
    if (whole <= 0) {
        buf_lit(out, "0.");
        for (; whole < 0; whole++)
            buf_u8(out, '0');
        buf_put(out, d->digits, d->n);
        return;
    }
    for (int i = 0; i < whole; i++)
        buf_u8(out, (unsigned)i < d->n ? (uint8_t)d->digits[i] : '0');
    if (d->n > (unsigned)whole) {
        buf_u8(out, '.');
        buf_put(out, d->digits + whole, d->n - (unsigned)whole);
    }
}

/* The form is that of Go's strconv.FormatFloat(d, 'g', -1, 64), which the codec uses: an exponent
 * below 1e-4 and from 1e6 on. */
void json_double(struct buf *out, double d)
{
    if (!isfinite(d)) {
        buf_lit(out, "null");
        return;
    }
    if (signbit(d))
        buf_u8(out, '-');
    struct decimal text = shortest(fabs(d));
    if (text.exponent < -4 || text.exponent >= 6)
        put_exponent_form(out, &text);
    else
        put_point_form(out, &text);
}

#define DEPTH_MAX 64

struct reader {
    struct cursor c;
    struct arena *mem;
    const char *name;
    const uint8_t *line_start;
    unsigned line;
    struct why *w;
};

static err refuse(struct reader *r, const char *what)
{
    return why_set(r->w, ERR_FORMAT, "%s:%u:%u: %s", r->name, r->line,
                   (unsigned)(r->c.p - r->line_start) + 1, what);
}

static err no_memory(struct reader *r)
{
    return why_set(r->w, ERR_LIMIT, "%s:%u: the text needs more memory than is granted", r->name,
                   r->line);
}

static void skip_space(struct reader *r)
{
    while (cur_left(&r->c)) {
        uint8_t b = *r->c.p;
        if (b != ' ' && b != '\t' && b != '\r' && b != '\n')
            return;
        r->c.p++;
        if (b == '\n') {
            r->line++;
            r->line_start = r->c.p;
        }
    }
}

/* Passes b when it is the next byte. */
static bool took(struct reader *r, uint8_t b)
{
    bool is_next = cur_left(&r->c) && *r->c.p == b;
    if (is_next)
        r->c.p++;
    return is_next;
}

static struct node *new_node(struct reader *r, enum node_type type)
{
    struct node *n = node_new(r->mem, type);
    if (n) {
        n->file = r->name;
        n->line = r->line;
        n->col = (unsigned)(r->c.p - r->line_start) + 1;
    }
    return n;
}

/* Four hex digits behind \u; UINT32_MAX when they are not. */
static uint32_t read_hex4(struct reader *r)
{
    struct slice s = cur_bytes(&r->c, 4);
    uint32_t v = s.n == 4 ? 0 : UINT32_MAX;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = ascii_lower(s.p[i]);
        if (b >= '0' && b <= '9')
            v = v << 4 | (uint32_t)(b - '0');
        else if (b >= 'a' && b <= 'f')
            v = v << 4 | (uint32_t)(b - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return v;
}

/* Behind \u: one code point, of two escapes when they are surrogates. A surrogate that stands
 * alone becomes U+FFFD. UINT32_MAX: ill formed. */
static uint32_t read_code_point(struct reader *r)
{
    uint32_t hi = read_hex4(r);
    if (hi < 0xd800 || hi > 0xdfff)
        return hi;
    struct reader ahead = *r;
    if (hi > 0xdbff || !took(&ahead, '\\') || !took(&ahead, 'u'))
        return 0xfffd;
    uint32_t lo = read_hex4(&ahead);
    if (lo < 0xdc00 || lo > 0xdfff)
        return 0xfffd;
    r->c = ahead.c;
    return 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
}

static err read_escape(struct reader *r, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint8_t b = cur_u8(&r->c);
    const char *at = b ? strchr(from, b) : NULL;
    if (at) {
        buf_u8(out, (uint8_t)to[at - from]);
        return ERR_OK;
    }
    uint32_t cp = b == 'u' ? read_code_point(r) : UINT32_MAX;
    if (cp == UINT32_MAX)
        return refuse(r, "an escape in a string is none of JSON's");
    if (cp == 0)
        return refuse(r, "a string holds \\u0000, which texts here cannot hold");
    uint8_t text[4];
    buf_put(out, text, utf8_put(text, cp));
    return ERR_OK;
}

/* The string whose opening quote was passed, decoded and NUL-terminated. Decoding never makes it
 * longer, so the raw length bounds the memory. */
static err read_string(struct reader *r, const char **text)
{
    struct slice rest = cur_rest(&r->c);
    size_t raw = 0;
    while (raw < rest.n && rest.p[raw] != '"')
        raw += rest.p[raw] == '\\' && raw + 1 < rest.n ? 2 : 1;
    char *copy = arena_alloc(r->mem, raw + 1);
    if (!copy)
        return no_memory(r);
    struct buf out = buf_of(copy, raw);
    while (cur_left(&r->c) && *r->c.p != '"') {
        uint8_t b = *r->c.p;
        if (b == '\\') {
            r->c.p++;
            err e = read_escape(r, &out);
            if (e)
                return e;
            continue;
        }
        unsigned len = utf8_len(r->c.p, cur_left(&r->c));
        if (b < 0x20 || len == 0)
            return refuse(r, b < 0x20 ? "a control character stands in a string"
                                      : "a string is not UTF-8");
        buf_add(&out, cur_bytes(&r->c, len));
    }
    if (!took(r, '"'))
        return refuse(r, "a string does not end");
    copy[out.n] = '\0';
    *text = copy;
    return ERR_OK;
}

static size_t skip_digits(struct reader *r)
{
    size_t n = 0;
    for (; cur_left(&r->c) && *r->c.p >= '0' && *r->c.p <= '9'; n++)
        r->c.p++;
    return n;
}

/* Passes a number (RFC 8259 section 6). *whole: it has neither fraction nor exponent. */
static bool skip_number(struct reader *r, bool *whole)
{
    *whole = true;
    took(r, '-');
    if (!took(r, '0') && skip_digits(r) == 0)
        return false;
    if (took(r, '.')) {
        *whole = false;
        if (skip_digits(r) == 0)
            return false;
    }
    if (took(r, 'e') || took(r, 'E')) {
        *whole = false;
        if (!took(r, '+'))
            took(r, '-');
        return skip_digits(r) > 0;
    }
    return true;
}

static bool to_int64(struct slice s, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t v;
    if (!slice_to_u64(slice_after(s, minus), &v) || v > (uint64_t)INT64_MAX + minus)
        return false;
    *out = minus ? (int64_t)-v : (int64_t)v;
    return true;
}

static err read_number(struct reader *r, struct node *n)
{
    const uint8_t *start = r->c.p;
    bool whole;
    if (!skip_number(r, &whole))
        return refuse(r, "a value is expected here");
    struct slice raw = slice_of(start, (size_t)(r->c.p - start));
    char *copy = arena_alloc(r->mem, raw.n + 1);
    if (!copy)
        return no_memory(r);
    memcpy(copy, raw.p, raw.n);
    copy[raw.n] = '\0';
    n->text = copy;
    n->type = NODE_INT;
    if (!whole || !to_int64(raw, &n->i)) {
        n->type = NODE_DOUBLE;
        n->d = strtod(copy, NULL);
    }
    return ERR_OK;
}

static err read_word(struct reader *r, struct node *n)
{
    static const struct {
        const char *text;
        enum node_type type;
        bool b;
    } words[] = { { "null", NODE_NULL, false },
                  { "true", NODE_BOOL, true },
                  { "false", NODE_BOOL, false } };
    for (size_t i = 0; i < COUNT(words); i++) {
        if (!slice_starts(cur_rest(&r->c), slice_cstr(words[i].text)))
            continue;
        cur_skip(&r->c, strlen(words[i].text));
        n->type = words[i].type;
        n->b = words[i].b;
        n->text = words[i].text;
        return ERR_OK;
    }
    return read_number(r, n);
}

static err read_value(struct reader *r, unsigned depth, struct node **out);

static err read_member(struct reader *r, unsigned depth, struct node *map)
{
    const char *key = NULL;
    struct node *value;
    if (map->type == NODE_MAP) {
        if (!took(r, '"'))
            return refuse(r, "a name in quotes is expected here");
        err e = read_string(r, &key);
        if (e)
            return e;
        skip_space(r);
        if (!took(r, ':'))
            return refuse(r, "a colon is expected here");
        skip_space(r);
    }
    err e = read_value(r, depth, &value);
    if (e)
        return e;
    value->key = key;
    node_append(map, value);
    skip_space(r);
    return ERR_OK;
}

/* A list or map whose opening bracket was passed. */
static err read_members(struct reader *r, unsigned depth, struct node *map)
{
    uint8_t close = map->type == NODE_MAP ? '}' : ']';
    if (depth > DEPTH_MAX)
        return refuse(r, "values are nested more than 64 deep");
    skip_space(r);
    if (took(r, close))
        return ERR_OK;
    do {
        skip_space(r);
        err e = read_member(r, depth, map);
        if (e)
            return e;
    } while (took(r, ','));
    return took(r, close) ? ERR_OK
                          : refuse(r, close == '}' ? "a comma or } is expected here"
                                                   : "a comma or ] is expected here");
}

static err read_value(struct reader *r, unsigned depth, struct node **out)
{
    struct node *n = *out = new_node(r, NODE_NULL);
    if (!n)
        return no_memory(r);
    if (took(r, '"')) {
        n->type = NODE_STR;
        n->quoted = true;
        return read_string(r, &n->text);
    }
    if (took(r, '{'))
        n->type = NODE_MAP;
    else if (took(r, '['))
        n->type = NODE_LIST;
    else
        return read_word(r, n);
    return read_members(r, depth + 1, n);
}

err json_read(struct arena *a, struct slice text, const char *name, struct node **root,
              struct why *w)
{
    struct reader r = { .c = cur_of(text), .mem = a, .name = name, .line = 1, .w = w };
    r.line_start = r.c.p;
    *root = NULL;
    struct node *n;
    skip_space(&r);
    err e = read_value(&r, 0, &n);
    if (e)
        return e;
    skip_space(&r);
    if (cur_left(&r.c))
        return refuse(&r, "there is more behind the value");
    *root = n;
    return ERR_OK;
}
