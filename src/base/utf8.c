/* UTF-8 (RFC 3629 section 3 and 4). */
#include "base/utf8.h"

static bool is_tail(uint8_t b)
{
    return (b & 0xc0) == 0x80;
}

/* RFC 3629 section 4: the second byte's range depends on the first, which rules out longer forms
 * than needed, surrogates and what is above U+10FFFF. */
static bool second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return is_tail(second);
    }
}

unsigned utf8_len(const uint8_t *p, size_t n)
{
    uint8_t first = p[0];
    if (first < 0x80)
        return 1;
    unsigned len = first >= 0xc2 && first <= 0xdf   ? 2
                   : first >= 0xe0 && first <= 0xef ? 3
                   : first >= 0xf0 && first <= 0xf4 ? 4
                                                    : 0;
    if (len == 0 || n < len || !second_fits(first, p[1]))
        return 0;
    for (unsigned i = 2; i < len; i++)
        if (!is_tail(p[i]))
            return 0;
    return len;
}

/* Length of the run of ASCII at p, found eight bytes at a time. */
static size_t ascii_run(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

bool utf8_ok(struct slice s)
{
    size_t i = 0;
    for (;;) {
        i += ascii_run(s.p + i, s.n - i);
        if (i == s.n)
            return true;
        unsigned len = utf8_len(s.p + i, s.n - i);
        if (len == 0)
            return false;
        i += len;
    }
}

unsigned utf8_put(uint8_t out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (uint8_t)(0xc0 | cp >> 6);
        out[1] = (uint8_t)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (uint8_t)(0xe0 | cp >> 12);
        out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | (cp >> 18 & 7));
    out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (cp & 0x3f));
    return 4;
}

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t load4(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The last bytes are looked at again together with those before them. */
static inline bool is_ascii(struct slice s)
{
    uint64_t seen = 0;
    if (s.n >= 8) {
        for (size_t i = 0; i + 8 < s.n; i += 8)
            seen |= load8(s.p + i);
        seen |= load8(s.p + s.n - 8);
    } else if (s.n >= 4) {
        seen = load4(s.p) | load4(s.p + s.n - 4);
    } else {
        for (size_t i = 0; i < s.n; i++)
            seen |= s.p[i];
    }
    return !(seen & 0x8080808080808080u);
}

size_t utf8_units(struct slice s)
{
    size_t n = 0;
    if (LIKELY(is_ascii(s)))
        return s.n;
    for (size_t i = 0; i < s.n; i++)
        n += (size_t)((s.p[i] & 0xc0) != 0x80) + (s.p[i] >= 0xf0);
    return n;
}
