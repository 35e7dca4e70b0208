/* Functions on texts (graylog.md 4.7). Lengths and places count UTF-16 units, as in Java. */
#include <math.h>

#include "base/utf8.h"
#include "pack/eval.h"
#include "pack/function.h"

/* UTF-16 units of s. */
static int64_t units(struct slice s)
{
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) == 0x80 ? 0 : s.p[i] >= 0xf0 ? 2 : 1;
    return n;
}

/* The byte where unit `at` begins; a place inside a pair is the end of that pair. */
static size_t place(struct slice s, int64_t at)
{
    size_t i = 0;
    while (i < s.n && at > 0) {
        at -= s.p[i] >= 0xf0 ? 2 : 1;
        for (i++; i < s.n && (s.p[i] & 0xc0) == 0x80; i++)
            ;
    }
    return i;
}

struct rule_value fn_length(struct call *c)
{
    struct slice s = call_text(c, 0);
    return rule_long(call_bool(c, 1, false) ? (int64_t)s.n : units(s));
}

struct rule_value fn_substring(struct call *c)
{
    struct slice s = call_text(c, 0);
    int64_t n = units(s), start = call_long(c, 1, 0), end = call_long(c, 2, n);
    start = start < 0 ? start + n : start;
    end = end < 0 ? end + n : end;
    end = end > n ? n : end;
    start = start < 0 ? 0 : start;
    if (start >= end)
        return rule_string(slice_of("", 0));
    size_t from = place(s, start);
    size_t to = place(s, end);
    return rule_string(slice_of(s.p + from, to > from ? to - from : 0));
}

struct rule_value fn_abbreviate(struct call *c)
{
    struct slice s = call_text(c, 0);
    int64_t width = call_long(c, 1, 4);
    width = width < 4 ? 4 : width;
    if (units(s) <= width)
        return rule_string(s);
    struct slice head = slice_first(s, place(s, width - 3));
    struct buf b = call_buf(c, head.n + 3);
    buf_add(&b, head);
    buf_lit(&b, "...");
    return call_done(c, &b);
}

struct rule_value fn_concat(struct call *c)
{
    struct slice x = call_text(c, 0), y = call_text(c, 1);
    struct buf b = call_buf(c, x.n + y.n);
    buf_add(&b, x);
    buf_add(&b, y);
    return call_done(c, &b);
}

enum test { TEST_CONTAINS, TEST_STARTS, TEST_ENDS };

static bool matches(struct slice s, struct slice what, bool nocase)
{
    return nocase ? slice_eq_nocase(s, what) : slice_eq(s, what);
}

static struct rule_value test(struct call *c, enum test how)
{
    struct slice s = call_text(c, 0), what = call_text(c, 1);
    bool nocase = call_bool(c, 2, false);
    if (what.n > s.n)
        return rule_bool(false);
    if (how == TEST_STARTS)
        return rule_bool(matches(slice_first(s, what.n), what, nocase));
    if (how == TEST_ENDS)
        return rule_bool(matches(slice_after(s, s.n - what.n), what, nocase));
    if (!nocase)
        return rule_bool(slice_search(s, what) >= 0);
    for (size_t i = 0; i + what.n <= s.n; i++) {
        if (slice_eq_nocase(slice_of(s.p + i, what.n), what))
            return rule_bool(true);
    }
    return rule_bool(false);
}

struct rule_value fn_contains(struct call *c)
{
    return test(c, TEST_CONTAINS);
}

struct rule_value fn_starts_with(struct call *c)
{
    return test(c, TEST_STARTS);
}

struct rule_value fn_ends_with(struct call *c)
{
    return test(c, TEST_ENDS);
}

/* Where needle stands in s from `from` on, or -1. */
static ptrdiff_t search_from(struct slice s, size_t from, struct slice needle)
{
    ptrdiff_t at = slice_search(slice_after(s, from), needle);
    return at < 0 ? -1 : at + (ptrdiff_t)from;
}

struct rule_value fn_replace(struct call *c)
{
    struct slice s = call_text(c, 0), what = call_text(c, 1), by = call_text(c, 2);
    int64_t max = call_long(c, 3, -1), n = 0;
    size_t from = 0;
    ptrdiff_t at;
    if (!what.n || !s.n || !max)
        return rule_string(s);
    for (size_t i = 0; (at = search_from(s, i, what)) >= 0; i = (size_t)at + what.n)
        n++;
    struct buf b = call_buf(c, s.n + (size_t)n * by.n);
    while (max-- && (at = search_from(s, from, what)) >= 0) {
        buf_add(&b, slice_of(s.p + from, (size_t)at - from));
        buf_add(&b, by);
        from = (size_t)at + what.n;
    }
    buf_add(&b, slice_after(s, from));
    return call_done(c, &b);
}

/* Shannon's entropy in bits, over UTF-16 units; characters above U+FFFF count by both halves. */
struct rule_value fn_string_entropy(struct call *c)
{
    struct slice s = call_text(c, 0);
    uint32_t *count = arena_zalloc(call_mem(c), 65536 * sizeof *count);
    double total = 0, bits = 0;
    if (!count)
        return call_fail(c, "memory is out");
    for (size_t i = 0; i < s.n; total++) {
        unsigned n = utf8_len(s.p + i, s.n - i);
        uint32_t cp = s.p[i] & (n > 1 ? 0x7fU >> n : 0xffU);
        for (unsigned k = 1; k < n; k++)
            cp = cp << 6 | (s.p[i + k] & 0x3f);
        i += n ? n : 1;
        if (cp > 0xffff) {
            total++;
            count[0xdc00 + (cp & 0x3ff)]++;
            cp = 0xd7c0 + (cp >> 10);
        }
        count[cp & 0xffff]++;
    }
    for (unsigned i = 0; i < 65536; i++) {
        double p = count[i] ? count[i] / total : 1;
        bits -= p * log2(p);
    }
    return rule_double(bits == 0 ? 0 : bits);
}
