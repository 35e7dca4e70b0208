/* What a word of a query is besides text: a number, an address, a network. */
#include <stdlib.h>

#include "base/addr.h"
#include "store/query_private.h"

#define NUMBER_BYTES 64

static size_t skip_digits(struct slice s, size_t i)
{
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i;
}

/* -12, 1.5, 1e9; *is_int: neither point nor exponent. */
static bool is_number(struct slice s, bool *is_int)
{
    size_t at = s.n && (s.p[0] == '-' || s.p[0] == '+'), start = at;
    at = skip_digits(s, at);
    size_t digits = at - start;
    *is_int = at == s.n;
    if (at < s.n && s.p[at] == '.') {
        size_t point = ++at;
        at = skip_digits(s, at);
        digits += at - point;
    }
    if (!digits)
        return false;
    if (at < s.n && ascii_lower(s.p[at]) == 'e') {
        at += 1 + (at + 1 < s.n && (s.p[at + 1] == '-' || s.p[at + 1] == '+'));
        size_t power = at;
        at = skip_digits(s, at);
        if (at == power)
            return false;
    }
    return at == s.n;
}

bool query_number_read(struct slice text, struct query_number *out)
{
    char copy[NUMBER_BYTES], *end;
    if (!text.n || text.n >= sizeof copy || !is_number(text, &out->is_int))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    out->d = strtod(copy, NULL);
    if (out->d - out->d != 0) /* infinite */
        return false;
    bool fits = out->d >= -9.2e18 && out->d <= 9.2e18;
    if (out->is_int && fits)
        out->i = strtoll(copy, &end, 10);
    else if (fits && (double)(int64_t)out->d == out->d)
        out->i = (int64_t)out->d, out->is_int = true;
    else
        out->is_int = false;
    return true;
}

static void mask(struct addr *a, unsigned bits, bool ones)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits >= 8 * (i + 1) ? 8 : bits <= 8 * i ? 0 : bits - 8 * i;
        uint8_t host = (uint8_t)(0xffu >> keep);
        a->b[i] = ones ? (uint8_t)(a->b[i] | host) : (uint8_t)(a->b[i] & ~host);
    }
}

bool query_addresses_read(struct slice text, struct query_addresses *out)
{
    ptrdiff_t slash = slice_find(text, '/');
    struct slice alone = slash < 0 ? text : slice_first(text, (size_t)slash);
    uint64_t bits;
    if (!addr_parse(alone, &out->from))
        return false;
    out->to = out->from;
    if (slash < 0)
        return true;
    bool v4 = slice_find(alone, ':') < 0;
    if (!slice_to_u64(slice_after(text, (size_t)slash + 1), &bits) || bits > (v4 ? 32 : 128))
        return false;
    unsigned all = (unsigned)bits + (v4 ? 96 : 0);
    mask(&out->from, all, false);
    mask(&out->to, all, true);
    return true;
}
