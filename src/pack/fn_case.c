/* Functions of capital and small letters, of all scripts (Unicode, by ICU). */
#include <stdatomic.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>

#include "base/utf8.h"
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/unicode.h"

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

static struct rule_value by_rules(struct call *c, bool upper)
{
    struct slice s = call_text(c, 0);
    const UCaseMap *map = rules_of(call_text(c, 1));
    size_t cap = s.n * 3 + 8; /* one character becomes up to three */
    if (!map || cap > INT32_MAX)
        return call_fail(c, "the text is too long");
    struct buf b = call_buf(c, cap);
    UErrorCode e = U_ZERO_ERROR;
    char *to = (char *)b.p;
    const char *from = (const char *)s.p;
    int32_t n = 0;
    if (!b.full)
        n = upper ? ucasemap_utf8ToUpper(map, to, (int32_t)cap, from, (int32_t)s.n, &e)
                  : ucasemap_utf8ToLower(map, to, (int32_t)cap, from, (int32_t)s.n, &e);
    if (U_FAILURE(e))
        return call_fail(c, "%s", u_errorName(e));
    b.n = (size_t)n;
    return call_done(c, &b);
}

static struct rule_value change_case(struct call *c, bool upper)
{
    struct slice s = call_text(c, 0);
    if (call_text(c, 1).n || !is_ascii(s))
        return by_rules(c, upper);
    struct buf b = call_buf(c, s.n);
    for (size_t i = 0; i < s.n && !b.full; i++) {
        uint8_t low = ascii_lower(s.p[i]);
        buf_u8(&b, upper && low >= 'a' && low <= 'z' ? (uint8_t)(low & ~0x20) : low);
    }
    return call_done(c, &b);
}

struct rule_value fn_uppercase(struct call *c)
{
    return change_case(c, true);
}

struct rule_value fn_lowercase(struct call *c)
{
    return change_case(c, false);
}

/* Java changes character by character here, so that no text grows. */
static struct rule_value each(struct call *c, int32_t (*change)(int32_t), bool only_first)
{
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, s.n * 2 + 4);
    for (size_t i = 0; i < s.n && !b.full;) {
        int32_t cp = unicode_next(s, &i);
        unicode_put(&b, only_first && b.n ? cp : change(cp));
        if (only_first)
            break;
    }
    if (only_first && s.n) {
        size_t i = 0;
        unicode_next(s, &i);
        buf_add(&b, slice_after(s, i));
    }
    return call_done(c, &b);
}

static int32_t swap(int32_t cp)
{
    if (u_isupper(cp) || u_istitle(cp))
        return u_tolower(cp);
    return u_islower(cp) ? u_toupper(cp) : cp;
}

struct rule_value fn_capitalize(struct call *c)
{
    return each(c, u_totitle, true);
}

struct rule_value fn_uncapitalize(struct call *c)
{
    return each(c, u_tolower, true);
}

struct rule_value fn_swapcase(struct call *c)
{
    return each(c, swap, false);
}
