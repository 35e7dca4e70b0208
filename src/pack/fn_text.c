/* Functions that take texts of fields apart into maps: key=value pairs and a line of CSV. */
#include "pack/eval.h"
#include "pack/function.h"

#define MEMBERS_MAX 4096

/* A map that grows. */
struct pairs {
    struct rule_member *m;
    uint32_t n, cap;
};

static bool add_pair(struct call *c, struct pairs *p, struct slice key, struct slice v)
{
    if (p->n == p->cap) {
        uint32_t cap = p->cap ? p->cap * 2 : 16;
        struct rule_member *m =
            cap <= MEMBERS_MAX ? arena_alloc(call_mem(c), cap * sizeof *m) : NULL;
        if (!m) {
            call_fail(c, "there are too many members");
            return false;
        }
        if (p->n)
            memcpy(m, p->m, p->n * sizeof *m);
        p->m = m;
        p->cap = cap;
    }
    p->m[p->n++] = (struct rule_member){ key, rule_string(v) };
    return true;
}

static struct rule_value as_map(const struct pairs *p)
{
    return (struct rule_value){ .kind = K_MAP, .n = p->n, .p = p->m };
}

/* A set of bytes, or white space where none is given. */
struct set {
    struct slice bytes;
    bool blanks;
};

static bool in_set(const struct set *s, uint8_t b)
{
    if (s->blanks)
        return b == ' ' || (b >= 9 && b <= 13);
    return slice_find(s->bytes, b) >= 0;
}

static struct slice trim_set(struct slice s, const struct set *set)
{
    while (s.n && in_set(set, s.p[0]))
        s = slice_after(s, 1);
    while (s.n && in_set(set, s.p[s.n - 1]))
        s.n--;
    return s;
}

struct kv {
    struct set between, equals, trim_key, trim_value;
    bool ignore_empty, allow_dup;
    struct slice dup;
};

/* The next pair of a text: up to a delimiter that stands in no quotes. */
static struct slice next_pair(struct slice *rest, const struct set *between)
{
    uint8_t quote = 0;
    size_t i = 0;
    for (; i < rest->n && (quote || !in_set(between, rest->p[i])); i++) {
        uint8_t b = rest->p[i];
        if (quote == b)
            quote = 0;
        else if (!quote && (b == '"' || b == '\'') && memchr(rest->p + i + 1, b, rest->n - i - 1))
            quote = b;
    }
    struct slice pair = slice_first(*rest, i);
    *rest = slice_after(*rest, i + 1);
    return pair;
}

static bool put_pair(struct call *c, const struct kv *kv, struct pairs *out, struct slice key,
                     struct slice v)
{
    uint32_t at = 0;
    while (at < out->n && !slice_eq(out->m[at].key, key))
        at++;
    if (at == out->n)
        return add_pair(c, out, key, v);
    if (!kv->allow_dup) {
        call_fail(c, "Duplicate key %.*s is not allowed in key_value function.",
                  (int)(key.n < 64 ? key.n : 64), (const char *)key.p);
        return false;
    }
    if (slice_eq(kv->dup, SLICE("take_last")))
        out->m[at].v = rule_string(v);
    if (slice_eq(kv->dup, SLICE("take_last")) || slice_eq(kv->dup, SLICE("take_first")))
        return true;
    struct slice old = rule_text(&out->m[at].v);
    struct buf b = call_buf(c, old.n + kv->dup.n + v.n);
    buf_add(&b, old);
    buf_add(&b, kv->dup);
    buf_add(&b, v);
    out->m[at].v = call_done(c, &b);
    return !c->run->failed;
}

static bool take_pair(struct call *c, const struct kv *kv, struct pairs *out, struct slice pair)
{
    size_t i = 0;
    while (pair.n && in_set(&kv->equals, pair.p[0]))
        pair = slice_after(pair, 1);
    while (i < pair.n && !in_set(&kv->equals, pair.p[i]))
        i++;
    struct slice key = trim_set(slice_first(pair, i), &kv->trim_key), v = slice_after(pair, i);
    while (v.n && in_set(&kv->equals, v.p[0]))
        v = slice_after(v, 1);
    if (!key.n && !v.n)
        return true;
    if (!v.n && !kv->ignore_empty) {
        call_fail(c, "Missing value for key %.*s", (int)(key.n < 64 ? key.n : 64),
                  (const char *)key.p);
        return false;
    }
    return !v.n || put_pair(c, kv, out, key, trim_set(v, &kv->trim_value));
}

struct rule_value fn_key_value(struct call *c)
{
    struct slice rest = call_text(c, 0);
    struct pairs out = { 0 };
    struct kv kv = {
        .between = { call_text(c, 1), !call_given(c, 1) },
        .equals = { call_given(c, 2) ? call_text(c, 2) : SLICE("="), false },
        .trim_key = { call_text(c, 6), false },
        .trim_value = { call_text(c, 7), false },
        .ignore_empty = call_bool(c, 3, true),
        .allow_dup = call_bool(c, 4, true),
        .dup = call_given(c, 5) ? call_text(c, 5) : SLICE("take_first"),
    };
    if (!rest.n)
        return rule_null();
    while (rest.n) {
        struct slice pair = next_pair(&rest, &kv.between);
        if (pair.n && !take_pair(c, &kv, &out, pair))
            return rule_null();
    }
    return as_map(&out);
}

/* ---- CSV, as the parser of Java that Graylog uses reads one line */

struct csv {
    uint8_t separator, quote, escape;
    bool strict, trim;
};

static bool all_blank(struct slice s)
{
    static const struct set blanks = { .blanks = true };
    return !trim_set(s, &blanks).n;
}

/* A quote that is none of a pair; a quote inside of a field is part of it. */
static void lone_quote(const struct csv *csv, struct slice s, size_t i, struct buf *b, size_t start)
{
    bool inside =
        i > 2 && s.p[i - 1] != csv->separator && s.n > i + 1 && s.p[i + 1] != csv->separator;
    if (csv->strict || !inside)
        return;
    if (csv->trim && b->n > start && all_blank(buf_since(b, start)))
        b->n = start;
    else
        buf_u8(b, s.p[i]);
}

/* The fields of a line as a list of pairs without keys; false when a quote is left open. */
static bool read_csv(struct call *c, const struct csv *csv, struct slice s, struct pairs *out)
{
    struct buf b = call_buf(c, s.n + 1);
    bool quoted = false;
    size_t start = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t next = i + 1 < s.n ? s.p[i + 1] : 0;
        bool pair = quoted && i + 1 < s.n && (next == csv->quote || next == csv->escape);
        if (s.p[i] == csv->escape && csv->escape) {
            if (pair)
                buf_u8(&b, s.p[++i]);
        } else if (s.p[i] == csv->quote) {
            if (pair && next == csv->quote) {
                buf_u8(&b, s.p[++i]);
            } else {
                lone_quote(csv, s, i, &b, start);
                quoted = !quoted;
            }
        } else if (s.p[i] == csv->separator && !quoted) {
            if (!add_pair(c, out, slice_of("", 0), buf_since(&b, start)))
                return false;
            start = b.n;
        } else if (!csv->strict || quoted) {
            buf_u8(&b, s.p[i]);
        }
    }
    return !quoted && add_pair(c, out, slice_of("", 0), buf_since(&b, start));
}

static uint8_t character(const struct call *c, unsigned param, uint8_t absent)
{
    struct slice s = call_text(c, param);
    return call_given(c, param) && s.n ? s.p[0] : absent;
}

struct rule_value fn_csv_to_map(struct call *c)
{
    struct csv csv = { .separator = character(c, 2, ','),
                       .quote = character(c, 3, '"'),
                       .escape = character(c, 4, '\\'),
                       .strict = call_bool(c, 5, false),
                       .trim = call_bool(c, 6, true) };
    struct pairs names = { 0 }, values = { 0 }, out = { 0 };
    struct kv kv = { .allow_dup = true, .dup = SLICE("take_last") };
    if (!read_csv(c, &csv, call_text(c, 1), &names) ||
        !read_csv(c, &csv, call_text(c, 0), &values) || names.n != values.n)
        return c->run->failed ? rule_null() : as_map(&out);
    for (uint32_t i = 0; i < names.n; i++) {
        if (!put_pair(c, &kv, &out, rule_text(&names.m[i].v), rule_text(&values.m[i].v)))
            return rule_null();
    }
    return as_map(&out);
}
