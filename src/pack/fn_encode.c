/* Functions that write texts in other alphabets and back: RFC 4648, and forms (application/
 * x-www-form-urlencoded). What is decoded and no UTF-8 becomes U+FFFD. */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/unicode.h"

struct alphabet {
    const char *digits;
    unsigned bits, chunk; /* of a digit; digits of a whole chunk */
};
static const struct alphabet hex = { "0123456789ABCDEF", 4, 2 };
static const struct alphabet base32 = { "0123456789ABCDEFGHIJKLMNOPQRSTUV", 5, 8 };
static const struct alphabet base32human = { "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 8 };
static const struct alphabet base64 = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, 4
};
static const struct alphabet base64url = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6, 4
};

static struct rule_value encode(struct call *c, const struct alphabet *a)
{
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, s.n * 2 + 8);
    unsigned held = 0, mask = (1U << a->bits) - 1;
    uint32_t bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        bits = bits << 8 | s.p[i];
        for (held += 8; held >= a->bits; held -= a->bits)
            buf_u8(&b, (uint8_t)a->digits[bits >> (held - a->bits) & mask]);
    }
    if (held)
        buf_u8(&b, (uint8_t)a->digits[bits << (a->bits - held) & mask]);
    while (!call_bool(c, 1, false) && b.n % a->chunk)
        buf_u8(&b, '=');
    return call_done(c, &b);
}

/* Bytes as a text. */
static struct rule_value as_text(struct call *c, struct slice s)
{
    struct buf b = call_buf(c, s.n * 3);
    for (size_t i = 0; i < s.n;) {
        int32_t cp = unicode_next(s, &i);
        unicode_put(&b, cp < 0 ? 0xfffd : cp);
    }
    return call_done(c, &b);
}

/* How many digits cannot be the last of a text, by the number beyond whole chunks. */
static bool is_length(const struct alphabet *a, size_t n)
{
    size_t over = n % a->chunk;
    return over == 0 || (over * a->bits) % 8 < a->bits;
}

static struct rule_value decode(struct call *c, const struct alphabet *a)
{
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, s.n);
    unsigned held = 0;
    uint32_t bits = 0;
    while (a->bits != 4 && !call_bool(c, 1, false) && s.n && s.p[s.n - 1] == '=')
        s.n--;
    if (!is_length(a, s.n))
        return call_fail(c, "Invalid input length %zu", s.n);
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(a->digits, s.p[i]) : NULL;
        if (!at)
            return call_fail(c, "Unrecognized character: %c", s.p[i] < 0x80 ? s.p[i] : '?');
        bits = bits << a->bits | (uint32_t)(at - a->digits);
        held += a->bits;
        if (held < 8)
            continue;
        held -= 8;
        buf_u8(&b, (uint8_t)(bits >> held));
    }
    return b.full ? call_done(c, &b) : as_text(c, buf_slice(&b));
}

#define CODEC_FUNCTION(name, alphabet)                                                             \
    struct rule_value fn_##name##_encode(struct call *c)                                           \
    {                                                                                              \
        return encode(c, &alphabet);                                                               \
    }                                                                                              \
    struct rule_value fn_##name##_decode(struct call *c)                                           \
    {                                                                                              \
        return decode(c, &alphabet);                                                               \
    }
CODEC_FUNCTION(base16, hex)
CODEC_FUNCTION(base32, base32)
CODEC_FUNCTION(base32human, base32human)
CODEC_FUNCTION(base64, base64)
CODEC_FUNCTION(base64url, base64url)
#undef CODEC_FUNCTION

/* ---- forms */

enum charset { CHARSET_UTF8, CHARSET_LATIN1, CHARSET_ASCII, CHARSET_UNKNOWN };

static enum charset charset_of(struct slice name)
{
    static const struct {
        const char *name;
        enum charset charset;
    } known[] = { { "UTF-8", CHARSET_UTF8 },        { "UTF8", CHARSET_UTF8 },
                  { "ISO-8859-1", CHARSET_LATIN1 }, { "ISO8859_1", CHARSET_LATIN1 },
                  { "latin1", CHARSET_LATIN1 },     { "US-ASCII", CHARSET_ASCII },
                  { "ASCII", CHARSET_ASCII } };
    for (size_t i = 0; i < COUNT(known); i++) {
        if (slice_eq_nocase(name, slice_cstr(known[i].name)))
            return known[i].charset;
    }
    return name.n ? CHARSET_UNKNOWN : CHARSET_UTF8;
}

bool charset_ok(struct slice name)
{
    return charset_of(name) != CHARSET_UNKNOWN;
}

static bool is_plain(uint8_t b)
{
    return (ascii_lower(b) >= 'a' && ascii_lower(b) <= 'z') || (b >= '0' && b <= '9') ||
           (b && strchr("-_.*", b));
}

static void put_byte(struct buf *b, uint8_t byte)
{
    if (byte == ' ') {
        buf_u8(b, '+');
    } else if (is_plain(byte)) {
        buf_u8(b, byte);
    } else {
        buf_u8(b, '%');
        buf_hex(b, slice_of(&byte, 1), true);
    }
}

struct rule_value fn_urlencode(struct call *c)
{
    struct slice s = call_text(c, 0);
    enum charset charset = charset_of(call_text(c, 1));
    struct buf b = call_buf(c, s.n * 3);
    int32_t most = charset == CHARSET_LATIN1 ? 0xff : 0x7f;
    if (charset == CHARSET_UNKNOWN)
        return call_fail(c, "the character set is not known");
    for (size_t i = 0; i < s.n;) {
        if (charset == CHARSET_UTF8) {
            put_byte(&b, s.p[i++]);
            continue;
        }
        int32_t cp = unicode_next(s, &i);
        put_byte(&b, cp < 0 || cp > most ? '?' : (uint8_t)cp);
    }
    return call_done(c, &b);
}

static int digit(uint8_t b)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = b ? strchr(digits, ascii_lower(b)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Bytes of another character set as UTF-8. */
static void put_decoded(struct buf *b, uint8_t byte, enum charset charset)
{
    if (charset == CHARSET_UTF8)
        buf_u8(b, byte);
    else
        unicode_put(b, charset == CHARSET_ASCII && byte > 0x7f ? 0xfffd : byte);
}

struct rule_value fn_urldecode(struct call *c)
{
    struct slice s = call_text(c, 0);
    enum charset charset = charset_of(call_text(c, 1));
    struct buf b = call_buf(c, s.n * 3);
    if (charset == CHARSET_UNKNOWN)
        return call_fail(c, "the character set is not known");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '+') {
            buf_u8(&b, ' ');
        } else if (s.p[i] != '%') {
            buf_u8(&b, s.p[i]);
        } else {
            if (s.n - i < 3)
                return call_fail(c, "URLDecoder: Incomplete trailing escape (%%) pattern");
            int high = digit(s.p[i + 1]), low = digit(s.p[i + 2]);
            if (high < 0 || low < 0)
                return call_fail(c, "URLDecoder: Illegal hex characters in escape (%%) pattern");
            put_decoded(&b, (uint8_t)(high << 4 | low), charset);
            i += 2;
        }
    }
    return b.full ? call_done(c, &b) : as_text(c, buf_slice(&b));
}
