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
        p = pattern_make(call_mem(c), call_text(c, param), &why);
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
        size_t at = (size_t)(m.group[0].p - s.p), n = m.group[0].n;
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
