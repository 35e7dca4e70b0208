/* Characters of UTF-8 texts, one by one. */
#include "pack/unicode.h"

#include <unicode/uchar.h>

#include "base/utf8.h"

int32_t unicode_next(struct slice s, size_t *i)
{
    const uint8_t *p = s.p + *i;
    unsigned n = utf8_len(p, s.n - *i);
    if (n <= 1) {
        (*i)++;
        return n == 1 && *p < 0x80 ? *p : -1 - (int32_t)*p;
    }
    int32_t cp = p[0] & (0x7f >> n);
    for (unsigned k = 1; k < n; k++)
        cp = cp << 6 | (p[k] & 0x3f);
    *i += n;
    return cp;
}

void unicode_put(struct buf *b, int32_t cp)
{
    uint8_t bytes[4];
    if (cp < 0)
        buf_u8(b, (uint8_t)(-1 - cp));
    else
        buf_put(b, bytes, utf8_put(bytes, (uint32_t)cp));
}

static bool same_letter(int32_t a, int32_t b)
{
    if (a == b || a < 0 || b < 0)
        return a == b;
    if (a < 0x80 && b < 0x80)
        return ascii_lower((uint8_t)a) == ascii_lower((uint8_t)b);
    int32_t x = u_toupper(a), y = u_toupper(b);
    return x == y || u_tolower(x) == u_tolower(y);
}

ptrdiff_t unicode_starts_nocase(struct slice s, struct slice head)
{
    size_t i = 0, k = 0;
    while (k < head.n) {
        if (i >= s.n || !same_letter(unicode_next(s, &i), unicode_next(head, &k)))
            return -1;
    }
    return (ptrdiff_t)i;
}

bool unicode_eq_nocase(struct slice a, struct slice b)
{
    return unicode_starts_nocase(a, b) == (ptrdiff_t)a.n;
}
