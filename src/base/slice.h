/* Borrowed bytes: a pointer and a length, by value everywhere. */
#pragma once

#include <string.h>

#include "base/attr.h"

/* Never owns, never NUL-terminated. n == 0 means empty; p may then be NULL. */
struct slice {
    const uint8_t *p;
    size_t n;
};

/* memcpy of a constant number of bytes between places that are known to have them: plain moves,
 * where the fortified memcpy calls a checking one. */
#define MOVE_BYTES(to, from, n) __builtin_memcpy(to, from, n)

/* A string literal as a slice: SLICE("abc"). Lives for ever. */
#define SLICE(lit) ((struct slice){ (const uint8_t *)(lit), sizeof(lit) - 1 })

static inline struct slice slice_of(const void *p, size_t n)
{
    return (struct slice){ (const uint8_t *)p, n };
}

/* The bytes of a NUL-terminated string, without the NUL. NULL gives the empty slice. */
static inline struct slice slice_cstr(const char *s)
{
    return slice_of(s, s ? strlen(s) : 0);
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* slice_eq for short texts that are probably equal, as names with one hash are. */
static inline bool slice_eq_short(struct slice a, struct slice b)
{
    size_t i = 0;
    uint64_t x, y, differ = 0;
    if (a.n != b.n)
        return false;
    if (a.p == b.p)
        return true;
    if (a.n < 8)
        return slice_eq(a, b);
    for (; i + 8 < a.n; i += 8) {
        MOVE_BYTES(&x, a.p + i, 8);
        MOVE_BYTES(&y, b.p + i, 8);
        differ |= x ^ y;
    }
    MOVE_BYTES(&x, a.p + a.n - 8, 8);
    MOVE_BYTES(&y, b.p + a.n - 8, 8);
    return !(differ | (x ^ y));
}

static inline bool slice_starts(struct slice s, struct slice head)
{
    return s.n >= head.n && (head.n == 0 || memcmp(s.p, head.p, head.n) == 0);
}

static inline bool slice_ends(struct slice s, struct slice tail)
{
    return s.n >= tail.n && (tail.n == 0 || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

/* The first n bytes; all of s when it is shorter. */
static inline struct slice slice_first(struct slice s, size_t n)
{
    return slice_of(s.p, n < s.n ? n : s.n);
}

/* s without its first n bytes; empty when it is shorter. */
static inline struct slice slice_after(struct slice s, size_t n)
{
    return n < s.n ? slice_of(s.p + n, s.n - n) : slice_of(s.p ? s.p + s.n : NULL, 0);
}

/* Index of the first byte b, or -1. */
static inline ptrdiff_t slice_find(struct slice s, uint8_t b)
{
    const uint8_t *at = s.n ? memchr(s.p, b, s.n) : NULL;
    return at ? at - s.p : -1;
}

static inline uint8_t ascii_lower(uint8_t b)
{
    return b >= 'A' && b <= 'Z' ? (uint8_t)(b | 0x20) : b;
}

bool bytes_eq_nocase(const uint8_t *a, const uint8_t *b, size_t n);

/* ASCII letters compare without case; other bytes exactly. Most slices differ in length already. */
static inline bool slice_eq_nocase(struct slice a, struct slice b)
{
    return a.n == b.n && bytes_eq_nocase(a.p, b.p, a.n);
}

/* Index of the first place where needle stands in s, or -1. An empty needle stands at 0. */
ptrdiff_t slice_search(struct slice s, struct slice needle);

/* s without leading and trailing spaces and tabs. */
struct slice slice_trim(struct slice s);

/* Order as memcmp, then the shorter first. */
int slice_cmp(struct slice a, struct slice b);

/* Decimal digits only, the whole slice, no overflow: true and *out set; else false. */
bool slice_to_u64(struct slice s, uint64_t *out);
