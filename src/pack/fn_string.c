/* Functions on texts (graylog.md 4.7). Lengths and places count UTF-16 units, as in Java. */
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/unicode.h"

static int64_t units(struct slice s)
{
    return (int64_t)utf8_units(s);
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

/* Without case: tried at every character. */
static bool test_nocase(struct slice s, struct slice what, enum test how)
{
    if (how == TEST_STARTS || !what.n)
        return unicode_starts_nocase(s, what) >= 0;
    for (size_t i = 0; i < s.n; unicode_next(s, &i)) {
        ptrdiff_t n = unicode_starts_nocase(slice_after(s, i), what);
        if (n >= 0 && (how == TEST_CONTAINS || i + (size_t)n == s.n))
            return true;
    }
    return false;
}

static struct rule_value test(struct call *c, enum test how)
{
    struct slice s = call_text(c, 0), what = call_text(c, 1);
    if (call_bool(c, 2, false))
        return rule_bool(test_nocase(s, what, how));
    if (how == TEST_STARTS)
        return rule_bool(slice_starts(s, what));
    if (how == TEST_ENDS)
        return rule_bool(slice_ends(s, what));
    return rule_bool(slice_search(s, what) >= 0);
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

/* ---- entropy */

struct unit_count {
    uint32_t unit, n;
};

#define TERMS 16 /* of counts below that, the term is computed once */

static double term(double n, double total)
{
    double p = n / total;
    return p * log(p) / log(2);
}

/* The order of a Java HashMap of v: by its places, and in one place by age. Sums of doubles depend
 * on it. */
static void sort_as_java(uint64_t *key, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint64_t k = key[i];
        uint32_t at = i;
        for (; at > 0 && key[at - 1] > k; at--)
            key[at] = key[at - 1];
        key[at] = k;
    }
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* v in order of first appearance; key has room for n. */
static double entropy(const struct unit_count *v, uint32_t n, double total, uint64_t *key)
{
    double terms[TERMS] = { 0 }, bits = 0;
    uint32_t places = 16;
    while (n > places / 4 * 3)
        places *= 2;
    for (uint32_t i = 0; i < n; i++)
        key[i] = (uint64_t)(v[i].unit & (places - 1)) << 32 | i;
    if (n <= 128)
        sort_as_java(key, n);
    else
        qsort(key, n, sizeof *key, by_key);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t count = v[(uint32_t)key[i]].n;
        double t = count < TERMS ? terms[count] : 0;
        if (t == 0)
            t = term(count, total);
        if (count < TERMS)
            terms[count] = t;
        bits -= t;
    }
    return bits == 0 ? 0 : bits;
}

/* A short text of ASCII, as names are. */
static double entropy_of_short(struct slice s)
{
    struct unit_count v[128];
    uint64_t key[128];
    uint8_t at[128] = { 0 };
    uint32_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = s.p[i] & 0x7f;
        if (!at[b]) {
            v[n] = (struct unit_count){ b, 0 };
            at[b] = (uint8_t)++n;
        }
        v[at[b] - 1].n++;
    }
    return entropy(v, n, (double)s.n, key);
}

/* Counts of UTF-16 units: open addressing over v, twice as many places as there may be units. */
struct units {
    struct unit_count *v;
    uint32_t *at; /* index + 1; 0: free */
    uint32_t n, mask;
};

static void count_unit(struct units *u, uint32_t unit)
{
    uint32_t i = unit * 0x9e3779b1U >> 7 & u->mask;
    while (u->at[i] && u->v[u->at[i] - 1].unit != unit)
        i = (i + 1) & u->mask;
    if (!u->at[i]) {
        u->v[u->n] = (struct unit_count){ unit, 0 };
        u->at[i] = ++u->n;
    }
    u->v[u->at[i] - 1].n++;
}

static double count_text(struct units *u, struct slice s)
{
    double total = 0;
    for (size_t i = 0; i < s.n; total++) {
        int32_t cp = unicode_next(s, &i);
        if (cp > 0xffff) {
            total++;
            count_unit(u, 0xd7c0 + ((uint32_t)cp >> 10));
            cp = 0xdc00 + (cp & 0x3ff);
        }
        count_unit(u, (uint32_t)cp & 0xffff);
    }
    return total;
}

/* Shannon's entropy in bits, over UTF-16 units; characters above U+FFFF count by both halves. */
struct rule_value fn_string_entropy(struct call *c)
{
    struct slice s = call_text(c, 0);
    struct units u = { .mask = 15 };
    if (s.n <= 255 && utf8_units(s) == s.n)
        return rule_double(entropy_of_short(s));
    while (u.mask < s.n * 2 && u.mask < 0x1ffff)
        u.mask = u.mask * 2 + 1;
    u.at = arena_zalloc(call_mem(c), (u.mask + 1) * sizeof *u.at);
    u.v = arena_alloc(call_mem(c), (u.mask / 2 + 1) * sizeof *u.v);
    uint64_t *key = arena_alloc(call_mem(c), (u.mask / 2 + 1) * sizeof *key);
    if (!u.at || !u.v || !key)
        return call_fail(c, "memory is out");
    double total = count_text(&u, s);
    return rule_double(entropy(u.v, u.n, total, key));
}
