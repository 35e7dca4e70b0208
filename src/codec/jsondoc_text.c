/* Values of a JSON document as text, in the forms that Java gives them. */
#include <math.h>

#include "base/utf8.h"
#include "codec/json.h"
#include "codec/jsondoc.h"

int64_t jsondoc_wide(const struct jsondoc_node *v)
{
    bool negative = v->n && v->s[0] == '-';
    uint64_t low = 0;
    for (uint32_t i = negative; i < v->n; i++)
        low = 10 * low + (uint64_t)(v->s[i] - '0');
    return (int64_t)(negative ? -low : low);
}

/* Digits d1d2..dn and the power of ten of the first of them, of a positive finite number. */
static size_t decimal(double d, uint8_t digits[32], int *power)
{
    uint8_t text[40];
    struct buf b = buf_of(text, sizeof text);
    json_double(&b, d);
    size_t n = 0;
    int exponent = 0, point = 0;
    bool behind = false;
    struct slice s = buf_slice(&b);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.') {
            behind = true;
        } else if (s.p[i] == 'e' || s.p[i] == 'E') {
            uint64_t size = 0;
            bool minus = i + 1 < s.n && s.p[i + 1] == '-';
            slice_to_u64(slice_after(s, i + 1 + (minus || s.p[i + 1] == '+')), &size);
            exponent = minus ? -(int)size : (int)size;
            break;
        } else if (n || s.p[i] != '0') {
            digits[n++] = s.p[i];
            point += !behind;
        } else {
            point -= behind;
        }
    }
    while (n > 1 && digits[n - 1] == '0')
        n--;
    *power = point + exponent - 1;
    return n;
}

/* Plain from 10^-3 up to below 10^7, else with an exponent; a digit on both sides of the point. */
void jsondoc_double(struct buf *out, double d)
{
    uint8_t digits[32];
    int power;
    if (signbit(d) && !isnan(d))
        buf_u8(out, '-');
    d = fabs(d);
    if (!(d > 0) || isinf(d)) {
        buf_cstr(out, isnan(d) ? "NaN" : isinf(d) ? "Infinity" : "0.0");
        return;
    }
    size_t n = decimal(d, digits, &power);
    bool plain = power >= -3 && power < 7;
    int whole = !plain ? 1 : power + 1;
    for (int i = 0; i < (whole > 0 ? whole : 1); i++)
        buf_u8(out, whole > 0 && (size_t)i < n ? digits[i] : '0');
    buf_u8(out, '.');
    for (int i = whole; i < 0; i++)
        buf_u8(out, '0');
    size_t from = whole > 0 ? (size_t)whole : 0;
    if (from < n)
        buf_put(out, digits + from, n - from);
    else
        buf_u8(out, '0');
    if (!plain) {
        buf_u8(out, 'E');
        buf_int(out, power);
    }
}

static void put_scalar(const struct jsondoc_node *v, struct buf *out)
{
    if (v->type == JD_BOOL)
        buf_cstr(out, v->i ? "true" : "false");
    else if (v->type == JD_DOUBLE)
        jsondoc_double(out, v->d);
    else if (v->type == JD_INT && v->flags & JD_WIDE)
        buf_put(out, v->s, v->n);
    else if (v->type == JD_INT)
        buf_int(out, v->i);
    else
        buf_lit(out, "null");
}

struct slice jsondoc_text(const struct jsondoc_node *v, struct buf *out)
{
    if (v->type == JD_STR)
        return jsondoc_str(v);
    size_t start = out->n;
    if (v->type != JD_ARRAY && v->type != JD_OBJECT)
        put_scalar(v, out);
    return buf_since(out, start);
}

static void put_unit(struct buf *out, uint32_t unit)
{
    uint8_t two[2] = { (uint8_t)(unit >> 8), (uint8_t)unit };
    buf_lit(out, "\\u");
    buf_hex(out, slice_of(two, 2), true);
}

/* A character below U+0080 that JSON escapes. */
static void put_ascii_escape(struct buf *out, uint8_t b)
{
    static const uint8_t short_form[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
        ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'
    };
    if (!short_form[b]) {
        put_unit(out, b);
        return;
    }
    buf_u8(out, '\\');
    buf_u8(out, short_form[b]);
}

/* One character that is not plain ASCII; returns its bytes. */
static size_t put_wide(struct buf *out, struct slice s, bool pairs)
{
    const uint8_t *p = s.p;
    unsigned length = utf8_len(p, s.n);
    if (length == 4 && pairs) {
        uint32_t cp =
            (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
        put_unit(out, 0xd800 + ((cp - 0x10000) >> 10));
        put_unit(out, 0xdc00 + (cp & 0x3ff));
    } else if (length) {
        buf_put(out, p, length);
    } else if (s.n > 2 && p[0] == 0xed && (p[1] & 0xe0) == 0xa0 && (p[2] & 0xc0) == 0x80) {
        put_unit(out, 0xd000u | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu));
        length = 3;
    } else {
        buf_lit(out, "\xef\xbf\xbd");
    }
    return length ? length : 1;
}

void jsondoc_string(struct buf *out, struct slice s, bool pairs)
{
    buf_u8(out, '"');
    while (s.n) {
        size_t n = 0;
        while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x80 && s.p[n] != '"' && s.p[n] != '\\')
            n++;
        buf_put(out, s.p, n);
        s = slice_after(s, n);
        if (!s.n)
            break;
        n = 1;
        if (s.p[0] < 0x80)
            put_ascii_escape(out, s.p[0]);
        else
            n = put_wide(out, s, pairs);
        s = slice_after(s, n);
    }
    buf_u8(out, '"');
}

/* Depth is bounded by the reader. */
void jsondoc_write(const struct jsondoc *d, const struct jsondoc_node *v, struct buf *out)
{
    bool object = v->type == JD_OBJECT;
    if (v->type == JD_STR) {
        jsondoc_string(out, jsondoc_str(v), false);
        return;
    }
    if (!object && v->type != JD_ARRAY) {
        put_scalar(v, out);
        return;
    }
    buf_u8(out, object ? '{' : '[');
    for (uint32_t i = v->child; i && v->n; i = d->node[i].next) {
        if (i != v->child)
            buf_u8(out, ',');
        if (object) {
            jsondoc_string(out, jsondoc_key(&d->node[i]), false);
            buf_u8(out, ':');
        }
        jsondoc_write(d, &d->node[i], out);
    }
    buf_u8(out, object ? '}' : ']');
}
