/* Reads untrusted bytes forward, with a sticky error: the only way from wire bytes to values. */
#pragma once

#include "base/slice.h"

/* The first read past the end sets `bad`; from then on every read gives 0 or an empty slice and
 * moves nothing. Read all, then test cur_ok() once, before a value indexes, allocates, bounds a
 * loop or is emitted. A parser that may have to wait for more bytes works on a copy and assigns
 * it back when the message is whole. */
struct cursor {
    const uint8_t *p, *end;
    bool bad;
};

static inline struct cursor cur_of(struct slice s)
{
    return (struct cursor){ s.p, s.p ? s.p + s.n : s.p, false };
}

static inline bool cur_ok(const struct cursor *c)
{
    return !c->bad;
}

/* Bytes not yet read; 0 once bad. */
static inline size_t cur_left(const struct cursor *c)
{
    return c->bad ? 0 : (size_t)(c->end - c->p);
}

/* All that is left, without moving. */
static inline struct slice cur_rest(const struct cursor *c)
{
    return slice_of(c->p, cur_left(c));
}

/* True when n bytes are there; else marks the cursor bad. */
static inline bool cur_has(struct cursor *c, size_t n)
{
    if (UNLIKELY(c->bad || (size_t)(c->end - c->p) < n)) {
        c->bad = true;
        return false;
    }
    return true;
}

static inline void cur_skip(struct cursor *c, size_t n)
{
    if (cur_has(c, n))
        c->p += n;
}

static inline uint8_t cur_u8(struct cursor *c)
{
    return cur_has(c, 1) ? *c->p++ : 0;
}

/* The next byte without moving; 0 (and bad) at the end. */
static inline uint8_t cur_peek(struct cursor *c)
{
    return cur_has(c, 1) ? *c->p : 0;
}

static inline uint16_t cur_u16be(struct cursor *c)
{
    if (!cur_has(c, 2))
        return 0;
    uint16_t v = (uint16_t)(c->p[0] << 8 | c->p[1]);
    c->p += 2;
    return v;
}

static inline uint32_t cur_u24be(struct cursor *c)
{
    if (!cur_has(c, 3))
        return 0;
    uint32_t v = (uint32_t)c->p[0] << 16 | (uint32_t)c->p[1] << 8 | c->p[2];
    c->p += 3;
    return v;
}

static inline uint32_t cur_u32be(struct cursor *c)
{
    uint32_t hi = cur_u16be(c), lo = cur_u16be(c);
    return cur_ok(c) ? hi << 16 | lo : 0;
}

static inline uint64_t cur_u64be(struct cursor *c)
{
    uint64_t hi = cur_u32be(c), lo = cur_u32be(c);
    return cur_ok(c) ? hi << 32 | lo : 0;
}

static inline uint16_t cur_u16le(struct cursor *c)
{
    return __builtin_bswap16(cur_u16be(c));
}

static inline uint32_t cur_u32le(struct cursor *c)
{
    return __builtin_bswap32(cur_u32be(c));
}

static inline uint64_t cur_u64le(struct cursor *c)
{
    return __builtin_bswap64(cur_u64be(c));
}

/* The next n bytes, borrowed; empty (and bad) when fewer are left. */
static inline struct slice cur_bytes(struct cursor *c, size_t n)
{
    if (!cur_has(c, n))
        return (struct slice){ NULL, 0 };
    struct slice s = slice_of(c->p, n);
    c->p += n;
    return s;
}

/* A cursor over the next n bytes, which are passed; bad when fewer are left. */
static inline struct cursor cur_sub(struct cursor *c, size_t n)
{
    struct slice s = cur_bytes(c, n);
    struct cursor sub = cur_of(s);
    sub.bad = c->bad;
    return sub;
}

/* Bytes up to and without the next b, which is passed. Bad when b does not come. */
static inline struct slice cur_until(struct cursor *c, uint8_t b)
{
    ptrdiff_t at = slice_find(cur_rest(c), b);
    if (at < 0) {
        c->bad = true;
        return (struct slice){ NULL, 0 };
    }
    struct slice s = cur_bytes(c, (size_t)at);
    cur_skip(c, 1);
    return s;
}

/* A line that ends in LF; a CR before it is not part of the line. Bad when no LF comes. */
static inline struct slice cur_line(struct cursor *c)
{
    struct slice s = cur_until(c, '\n');
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}
