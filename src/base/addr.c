/* Reading of IP addresses from text (RFC 4291 section 2.2, dotted IPv4) and prefix tests. */
#include "base/addr.h"

#include "base/cursor.h"

/* One decimal part of dotted IPv4. As Go and inet_pton: no leading zero, which elsewhere means
 * octal. */
static bool read_octet(struct cursor *c, uint8_t *out)
{
    unsigned v = 0, digits = 0;
    while (cur_left(c) && *c->p >= '0' && *c->p <= '9' && digits < 4) {
        v = v * 10 + (unsigned)(cur_u8(c) - '0');
        if (++digits > 1 && v < 10)
            return false;
    }
    *out = (uint8_t)v;
    return digits > 0 && v <= 255;
}

/* Four octets; passes nothing behind them. */
static bool read_v4(struct cursor *c, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0 && cur_u8(c) != '.')
            return false;
        if (!read_octet(c, &out[i]))
            return false;
    }
    return cur_ok(c);
}

static int hex_digit(uint8_t b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    b = ascii_lower(b);
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

/* One to four hex digits. */
static bool read_group(struct cursor *c, uint16_t *out)
{
    unsigned v = 0, digits = 0;
    while (cur_left(c) && hex_digit(*c->p) >= 0 && digits < 5) {
        v = v << 4 | (unsigned)hex_digit(cur_u8(c));
        digits++;
    }
    *out = (uint16_t)v;
    return digits >= 1 && digits <= 4;
}

/* IPv6 text as it is read: bytes so far, and where "::" stood (-1: nowhere). */
struct v6_text {
    uint8_t b[16];
    unsigned n;
    int gap;
};

static bool read_v6_tail_v4(struct cursor *c, struct v6_text *t)
{
    uint8_t v4[4];
    if (t->n > 12 || !read_v4(c, v4))
        return false;
    memcpy(t->b + t->n, v4, sizeof v4);
    t->n += 4;
    return cur_left(c) == 0;
}

/* The separator behind a group, or the end. */
static bool read_v6_colon(struct cursor *c, struct v6_text *t)
{
    if (cur_left(c) == 0)
        return true;
    if (cur_u8(c) != ':' || cur_left(c) == 0)
        return false;
    if (*c->p != ':')
        return true;
    if (t->gap >= 0)
        return false;
    cur_skip(c, 1);
    t->gap = (int)t->n;
    return true;
}

static bool read_v6(struct cursor *c, struct v6_text *t)
{
    if (slice_starts(cur_rest(c), SLICE("::"))) {
        cur_skip(c, 2);
        t->gap = 0;
    }
    while (cur_left(c)) {
        struct cursor dotted = *c;
        uint16_t group;
        if (t->n > 14 || !read_group(c, &group))
            return false;
        if (cur_left(c) && *c->p == '.')
            return read_v6_tail_v4(&dotted, t);
        t->b[t->n++] = (uint8_t)(group >> 8);
        t->b[t->n++] = (uint8_t)group;
        if (!read_v6_colon(c, t))
            return false;
    }
    return true;
}

static bool parse_v6(struct slice text, struct addr *out)
{
    struct cursor c = cur_of(text);
    struct v6_text t = { .gap = -1 };
    if (!read_v6(&c, &t) || (t.gap < 0 ? t.n != 16 : t.n > 14))
        return false;
    size_t head = t.gap < 0 ? t.n : (size_t)t.gap;
    memset(out->b, 0, sizeof out->b);
    memcpy(out->b, t.b, head);
    memcpy(out->b + 16 - (t.n - head), t.b + head, t.n - head);
    return true;
}

bool addr_parse(struct slice text, struct addr *out)
{
    if (slice_find(text, ':') >= 0)
        return parse_v6(text, out);
    struct cursor c = cur_of(text);
    uint8_t v4[4];
    if (!read_v4(&c, v4) || cur_left(&c))
        return false;
    *out = addr_v4(v4);
    return true;
}

bool addr_in(const struct addr *a, const struct addr *net, unsigned bits)
{
    if (bits > 128)
        bits = 128;
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(a->b, net->b, bytes) != 0)
        return false;
    return rest == 0 || (a->b[bytes] ^ net->b[bytes]) >> (8 - rest) == 0;
}
