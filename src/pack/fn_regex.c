/* Functions of regular expressions (graylog.md 4.7). */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/pattern.h"

#define PIECES_MAX 65536

static const struct pattern *pattern_of(struct call *c, unsigned param)
{
    struct why why = { "" };
    const struct pattern *p = c->e->ready[param];
    if (!p)
        p = pattern_kept(call_mem(c), call_text(c, param), &why);
    if (!p)
        call_fail(c, "%s", why.text);
    return p;
}

static bool find(struct call *c, const struct pattern *p, size_t from, struct pattern_match *m)
{
    enum pattern_result r = pattern_find(p, call_text(c, 1), from, call_mem(c), m);
    if (r == PATTERN_LIMIT)
        call_fail(c, "the search took too long");
    return r == PATTERN_YES;
}

/* The groups' names: "0" is the first group, unless the argument names it. */
static struct slice group_name(struct call *c, unsigned i)
{
    const struct rule_value *names = &c->arg[2];
    if (names->kind == K_LIST && i < names->n)
        return value_to_text((const struct rule_value *)names->p + i, call_mem(c));
    struct buf b = call_buf(c, 8);
    buf_dec(&b, i);
    return buf_slice(&b);
}

struct rule_value fn_regex(struct call *c)
{
    const struct pattern *p = pattern_of(c, 0);
    struct pattern_match m = { 0 };
    struct rule_value out = { .kind = K_MAP, .fixed = VALUE_UNMATCHED };
    if (!p || !find(c, p, 0, &m))
        return out;
    struct rule_member *f = call_map(c, m.n - 1, &out);
    uint32_t n = 0;
    for (unsigned i = 1; f && i < m.n; i++) {
        if (m.group[i].p)
            f[n++] = (struct rule_member){ group_name(c, i - 1), rule_string(m.group[i]) };
    }
    out.n = n;
    out.fixed = VALUE_MATCHED;
    return out;
}

/* One piece more of a list that grows. */
struct pieces {
    struct slice *p;
    uint32_t n, cap;
};

static bool piece_add(struct call *c, struct pieces *to, struct slice s)
{
    if (to->n == to->cap) {
        uint32_t cap = to->cap ? to->cap * 2 : 16;
        struct slice *p = cap <= PIECES_MAX ? arena_alloc(call_mem(c), cap * sizeof *p) : NULL;
        if (!p) {
            call_fail(c, "there are too many pieces");
            return false;
        }
        if (to->n)
            memcpy(p, to->p, to->n * sizeof *p);
        to->p = p;
        to->cap = cap;
    }
    to->p[to->n++] = s;
    return true;
}

/* Java's split: no empty first piece for an empty match, trailing empty ones dropped without a
 * limit. */
struct rule_value fn_split(struct call *c)
{
    const struct pattern *p = pattern_of(c, 0);
    struct slice s = call_text(c, 1);
    int64_t limit = call_long(c, 2, 0);
    struct pieces list = { 0 };
    struct pattern_match m = { 0 };
    size_t start = 0, from = 0;
    struct rule_value out = rule_null();
    if (limit < 0)
        return call_fail(c, "the limit must not be negative");
    while (p && from <= s.n && (!limit || list.n + 1 < limit) && find(c, p, from, &m)) {
        size_t at = s.n ? (size_t)(m.group[0].p - s.p) : 0, n = m.group[0].n;
        if (!n && at >= s.n)
            break;
        if (at + n > 0 && !piece_add(c, &list, slice_of(s.p + start, at - start)))
            break;
        start = at + n;
        from = n ? start : start + 1;
        while (from < s.n && (s.p[from] & 0xc0) == 0x80)
            from++;
    }
    if (c->run->failed || !piece_add(c, &list, slice_after(s, start)))
        return rule_null();
    while (!limit && list.n > 1 && !list.p[list.n - 1].n)
        list.n--;
    struct rule_value *to = call_list(c, list.n, &out);
    for (uint32_t i = 0; to && i < list.n; i++)
        to[i] = rule_string(list.p[i]);
    return out;
}

static bool is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

static bool put(struct call *c, struct buf *to, struct slice s)
{
    if (!call_more(c, to, s.n))
        return false;
    buf_add(to, s);
    return true;
}

/* $1, or ${name}: appends the group; returns the bytes it took, 0 when it has failed. */
static size_t put_group(struct call *c, const struct pattern *p, const struct pattern_match *m,
                        struct slice s, struct buf *to)
{
    size_t i = 1;
    unsigned group = 0;
    if (s.n > 1 && s.p[1] == '{') {
        ptrdiff_t end = slice_find(s, '}');
        struct slice name = slice_of(s.p + 2, end > 2 ? (size_t)end - 2 : 0);
        int found = end > 2 ? pattern_group(p, name) : -1;
        if (found < 0) {
            call_fail(c, "No group with name {%.*s}", (int)(name.n < 64 ? name.n : 64),
                      (const char *)name.p);
            return 0;
        }
        group = (unsigned)found;
        i = (size_t)end + 1;
    } else {
        if (s.n < 2 || !is_digit(s.p[1])) {
            call_fail(c, "Illegal group reference");
            return 0;
        }
        for (group = s.p[i++] - '0'; i < s.n && is_digit(s.p[i]); i++) {
            if (group * 10 + s.p[i] - '0' >= m->n)
                break;
            group = group * 10 + s.p[i] - '0';
        }
    }
    if (group >= m->n) {
        call_fail(c, "No group %u", group);
        return 0;
    }
    return put(c, to, m->group[group]) ? i : 0;
}

/* Java's replacement: \x is x, $1 and ${name} are groups. */
static bool put_replacement(struct call *c, const struct pattern *p, const struct pattern_match *m,
                            struct buf *to)
{
    struct slice s = call_text(c, 2);
    while (s.n) {
        size_t taken = 1;
        if (*s.p == '$') {
            taken = put_group(c, p, m, s, to);
        } else {
            size_t escape = *s.p == '\\';
            if (escape && s.n < 2) {
                call_fail(c, "character to be escaped is missing");
                return false;
            }
            taken = put(c, to, slice_of(s.p + escape, 1)) ? 1 + escape : 0;
        }
        if (!taken)
            return false;
        s = slice_after(s, taken);
    }
    return true;
}

struct rule_value fn_regex_replace(struct call *c)
{
    const struct pattern *p = pattern_of(c, 0);
    struct slice s = call_text(c, 1);
    bool all = call_bool(c, 3, true), again = true;
    struct pattern_match m = { 0 };
    size_t copied = 0, from = 0;
    struct buf to = buf_of(NULL, 0);
    while (p && again && from <= s.n && find(c, p, from, &m)) {
        size_t at = s.n ? (size_t)(m.group[0].p - s.p) : 0, n = m.group[0].n;
        if (!put(c, &to, slice_of(s.p + copied, at - copied)) || !put_replacement(c, p, &m, &to))
            break;
        copied = at + n;
        from = n ? copied : copied + 1;
        while (from < s.n && (s.p[from] & 0xc0) == 0x80)
            from++;
        again = all;
    }
    if (!c->run->failed && copied == 0 && to.n == 0 && from == 0)
        return rule_string(s);
    put(c, &to, slice_after(s, copied));
    return c->run->failed ? rule_null() : rule_string(buf_slice(&to));
}
