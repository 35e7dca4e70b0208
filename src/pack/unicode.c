/* Characters of UTF-8 texts, one by one. */
#include "pack/unicode.h"

#include <stdatomic.h>
#include <unicode/ucasemap.h>
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

/* ---- case */

static bool is_ascii(struct slice s)
{
    uint8_t all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= s.p[i];
    return all < 0x80;
}

/* The rules of a language: only three are their own in Java. Opened once, kept until the end. */
static const UCaseMap *rules_of(struct slice locale)
{
    static const char *const names[] = { "", "tr", "az", "lt" };
    static UCaseMap *_Atomic maps[COUNT(names)];
    unsigned at = 0;
    for (unsigned i = 1; i < COUNT(names); i++) {
        if (slice_eq_nocase(slice_first(locale, 2), slice_cstr(names[i])) &&
            (locale.n == 2 || locale.p[2] == '-' || locale.p[2] == '_'))
            at = i;
    }
    UCaseMap *map = atomic_load_explicit(&maps[at], memory_order_acquire), *none = NULL;
    if (map)
        return map;
    UErrorCode e = U_ZERO_ERROR;
    map = ucasemap_open(names[at], 0, &e);
    if (U_FAILURE(e))
        return NULL;
    if (atomic_compare_exchange_strong(&maps[at], &none, map))
        return map;
    ucasemap_close(map);
    return none;
}

size_t unicode_case_bytes(struct slice s)
{
    return s.n * 3 + 8; /* one character becomes up to three */
}

static bool by_rules(struct slice s, const UCaseMap *map, bool upper, struct buf *b)
{
    UErrorCode e = U_ZERO_ERROR;
    char *to = (char *)b->p + b->n;
    const char *from = (const char *)s.p;
    int32_t room = (int32_t)(b->cap - b->n), n;
    n = upper ? ucasemap_utf8ToUpper(map, to, room, from, (int32_t)s.n, &e)
              : ucasemap_utf8ToLower(map, to, room, from, (int32_t)s.n, &e);
    if (U_FAILURE(e))
        return false;
    b->n += (size_t)n;
    return true;
}

bool unicode_case(struct slice s, struct slice locale, bool upper, struct buf *b)
{
    if (unicode_case_bytes(s) > b->cap - b->n || b->cap > INT32_MAX)
        return false;
    if (locale.n || !is_ascii(s)) {
        const UCaseMap *map = rules_of(locale);
        return map && by_rules(s, map, upper, b);
    }
    for (size_t i = 0; i < s.n; i++) {
        uint8_t low = ascii_lower(s.p[i]);
        buf_u8(b, upper && low >= 'a' && low <= 'z' ? (uint8_t)(low & ~0x20) : low);
    }
    return true;
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
