/* Paths into JSON trees: step by step over the set of values found so far. */
#include "pack/jsonpath.h"

#include <math.h>
#include <stdlib.h>

#define FOUND_MAX 4096
#define DEPTH_MAX 64

/* Values found so far, and those of the step at work. */
struct search {
    struct arena *mem; /* NULL: the path is only checked */
    struct rule_value *now, *next;
    uint32_t n_now, n_next, cap_now, cap_next;
    bool several; /* the path may lead to more than one */
    bool full;
};

static void add(struct search *s, const struct rule_value *v)
{
    if (!s->mem || s->full)
        return;
    if (s->n_next == s->cap_next) {
        uint32_t cap = s->cap_next ? s->cap_next * 4 : 16;
        struct rule_value *more = cap <= FOUND_MAX ? arena_alloc(s->mem, cap * sizeof *more) : NULL;
        s->full = !more;
        if (!more)
            return;
        if (s->n_next)
            memcpy(more, s->next, s->n_next * sizeof *more);
        s->next = more;
        s->cap_next = cap;
    }
    s->next[s->n_next++] = *v;
}

static const struct rule_value *child(const struct rule_value *v, uint32_t i)
{
    return v->kind == K_MAP ? &((const struct rule_member *)v->p + i)->v
                            : (const struct rule_value *)v->p + i;
}

static bool has_children(const struct rule_value *v)
{
    return v->kind == K_MAP || v->kind == K_LIST;
}

static void each_child(struct search *s, const struct rule_value *v)
{
    for (uint32_t i = 0; has_children(v) && i < v->n; i++)
        add(s, child(v, i));
}

/* v and all that is in it. */
static void each_within(struct search *s, const struct rule_value *v, unsigned depth)
{
    if (!has_children(v) || depth == DEPTH_MAX)
        return;
    add(s, v);
    for (uint32_t i = 0; i < v->n; i++)
        each_within(s, child(v, i), depth + 1);
}

static void member(struct search *s, const struct rule_value *v, struct slice name)
{
    const struct rule_value *m = value_member(v, name);
    if (m)
        add(s, m);
}

static void index_of(struct search *s, const struct rule_value *v, int64_t i)
{
    i = i < 0 ? i + (int64_t)v->n : i;
    if (v->kind == K_LIST && i >= 0 && i < (int64_t)v->n)
        add(s, child(v, (uint32_t)i));
}

static void range(struct search *s, const struct rule_value *v, int64_t from, int64_t to)
{
    from = from < 0 ? from + (int64_t)v->n : from;
    to = to < 0 ? to + (int64_t)v->n : to;
    for (int64_t i = from < 0 ? 0 : from; v->kind == K_LIST && i < to && i < (int64_t)v->n; i++)
        add(s, child(v, (uint32_t)i));
}

static void step_done(struct search *s)
{
    struct rule_value *spare = s->now;
    uint32_t cap = s->cap_now;
    s->now = s->next;
    s->cap_now = s->cap_next;
    s->next = spare;
    s->cap_next = cap;
    s->n_now = s->n_next;
    s->n_next = 0;
}

static void skip_blanks(struct slice *p)
{
    while (p->n && (p->p[0] == ' ' || p->p[0] == '\t'))
        *p = slice_after(*p, 1);
}

static bool eat(struct slice *p, const char *what)
{
    skip_blanks(p);
    if (!slice_starts(*p, slice_cstr(what)))
        return false;
    *p = slice_after(*p, strlen(what));
    return true;
}

static bool read_int(struct slice *p, int64_t *v)
{
    bool minus = eat(p, "-");
    size_t n = 0;
    for (*v = 0; n < p->n && n < 9 && p->p[n] >= '0' && p->p[n] <= '9'; n++)
        *v = *v * 10 + p->p[n] - '0';
    *v = minus ? -*v : *v;
    *p = slice_after(*p, n);
    return n > 0;
}

static bool read_quoted(struct slice *p, struct slice *name)
{
    skip_blanks(p);
    uint8_t quote = p->n ? p->p[0] : 0;
    if (quote != '\'' && quote != '"')
        return false;
    ptrdiff_t end = slice_find(slice_after(*p, 1), quote);
    if (end < 0)
        return false;
    *name = slice_of(p->p + 1, (size_t)end);
    *p = slice_after(*p, (size_t)end + 2);
    return true;
}

static bool read_name(struct slice *p, struct slice *name)
{
    size_t n = 0;
    while (n < p->n && !strchr(".[]()'\" ?=<>!&|,", p->p[n]))
        n++;
    *name = slice_first(*p, n);
    *p = slice_after(*p, n);
    return n > 0;
}

/* ---- filters: one test of a member of @ */

struct filter {
    struct slice name[8];
    unsigned n_names;
    const char *op; /* NULL: it must be there */
    struct rule_value want;
};

static bool read_literal(struct slice *p, struct rule_value *v)
{
    struct slice text;
    char number[32];
    char *end;
    if (read_quoted(p, &text)) {
        *v = rule_string(text);
        return true;
    }
    if (eat(p, "true") || eat(p, "false")) {
        *v = rule_bool(p->p[-2] == 'u');
        return true;
    }
    if (eat(p, "null")) {
        *v = rule_null();
        return true;
    }
    size_t n = p->n < sizeof number - 1 ? p->n : sizeof number - 1;
    memcpy(number, p->p, n);
    number[n] = '\0';
    *v = rule_double(strtod(number, &end));
    *p = slice_after(*p, (size_t)(end - number));
    return end > number && isfinite(v->d);
}

static bool read_filter(struct slice *p, struct filter *f)
{
    static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
    if (!eat(p, "@"))
        return false;
    while (f->n_names < COUNT(f->name)) {
        struct slice *name = &f->name[f->n_names];
        if (slice_starts(*p, SLICE("."))) {
            *p = slice_after(*p, 1);
            if (!read_name(p, name))
                return false;
        } else if (slice_starts(*p, SLICE("["))) {
            *p = slice_after(*p, 1);
            if (!read_quoted(p, name) || !eat(p, "]"))
                return false;
        } else {
            break;
        }
        f->n_names++;
    }
    for (size_t i = 0; i < COUNT(ops) && !f->op; i++) {
        if (eat(p, ops[i]))
            f->op = ops[i];
    }
    return (!f->op || read_literal(p, &f->want)) && eat(p, ")") && eat(p, "]");
}

static bool is_number(const struct rule_value *v)
{
    return v->kind >= K_INT && v->kind <= K_DOUBLE;
}

static double number(const struct rule_value *v)
{
    return v->kind >= K_FLOAT ? v->d : (double)v->i;
}

static bool passes(const struct filter *f, const struct rule_value *v)
{
    for (unsigned i = 0; i < f->n_names && v; i++)
        v = value_member(v, f->name[i]);
    if (!v || !f->op)
        return v != NULL;
    bool numbers = is_number(v) && is_number(&f->want);
    bool texts = v->kind == K_STRING && f->want.kind == K_STRING;
    int order = 0;
    if (numbers)
        order = (number(v) > number(&f->want)) - (number(v) < number(&f->want));
    if (texts)
        order = slice_cmp(rule_text(v), rule_text(&f->want));
    if (f->op[0] == '=' || f->op[0] == '!') {
        bool same = numbers || texts ? order == 0 : value_equal(v, &f->want);
        return same == (f->op[0] == '=');
    }
    if (!numbers && !texts)
        return false;
    if (order == 0)
        return f->op[1] == '=';
    return (f->op[0] == '<') == (order < 0);
}

static bool filter(struct search *s, struct slice *p)
{
    struct filter f = { .n_names = 0 };
    if (!read_filter(p, &f))
        return false;
    s->several = true;
    for (uint32_t k = 0; k < s->n_now; k++) {
        const struct rule_value *v = &s->now[k];
        if (v->kind == K_MAP && passes(&f, v))
            add(s, v);
        for (uint32_t i = 0; v->kind == K_LIST && i < v->n; i++) {
            if (passes(&f, child(v, i)))
                add(s, child(v, i));
        }
    }
    return true;
}

/* ---- steps */

/* One of the places between brackets: a name, a number, from:to. */
static bool place(struct search *s, struct slice *p)
{
    struct slice name = { 0 };
    int64_t from = 0, to = INT32_MAX;
    bool quoted = read_quoted(p, &name), numbered = !quoted && read_int(p, &from);
    bool ranged = !quoted && eat(p, ":");
    if (ranged)
        read_int(p, &to);
    s->several |= ranged;
    for (uint32_t k = 0; k < s->n_now; k++) {
        if (quoted)
            member(s, &s->now[k], name);
        else if (ranged)
            range(s, &s->now[k], from, to);
        else
            index_of(s, &s->now[k], from);
    }
    return quoted || numbered || ranged;
}

static void all_children(struct search *s)
{
    s->several = true;
    for (uint32_t k = 0; k < s->n_now; k++)
        each_child(s, &s->now[k]);
}

static bool brackets(struct search *s, struct slice *p)
{
    if (eat(p, "*")) {
        all_children(s);
        return eat(p, "]");
    }
    if (eat(p, "?")) {
        return eat(p, "(") && filter(s, p);
    }
    unsigned places = 0;
    do {
        if (!place(s, p))
            return false;
        places++;
    } while (eat(p, ","));
    s->several |= places > 1;
    return eat(p, "]");
}

static void length(struct search *s)
{
    for (uint32_t k = 0; k < s->n_now; k++) {
        if (has_children(&s->now[k]))
            add(s, &(struct rule_value){ .kind = K_INT, .i = s->now[k].n });
    }
}

static bool dotted(struct search *s, struct slice *p)
{
    struct slice name;
    if (eat(p, "*")) {
        all_children(s);
        return true;
    }
    if (slice_eq(*p, SLICE("length()"))) {
        *p = slice_after(*p, p->n);
        length(s);
        return true;
    }
    if (!read_name(p, &name))
        return false;
    for (uint32_t k = 0; k < s->n_now; k++)
        member(s, &s->now[k], name);
    return true;
}

static bool step(struct search *s, struct slice *p)
{
    bool deep = slice_starts(*p, SLICE(".."));
    if (deep) {
        *p = slice_after(*p, 2);
        s->several = true;
        for (uint32_t k = 0; k < s->n_now; k++)
            each_within(s, &s->now[k], 0);
        step_done(s);
    }
    bool good;
    if (slice_starts(*p, SLICE("["))) {
        *p = slice_after(*p, 1);
        good = brackets(s, p);
    } else {
        good = (deep || eat(p, ".")) && dotted(s, p);
    }
    step_done(s);
    return good;
}

static bool walk(struct search *s, struct slice path, struct why *w)
{
    struct slice p = path;
    bool good = eat(&p, "$");
    while (good && p.n)
        good = step(s, &p) && !s->full;
    if (s->full)
        why_set(w, ERR_FORMAT, "the path leads to too many values");
    else if (!good)
        why_set(w, ERR_FORMAT, "it is no path, or one that is not supported, at byte %zu",
                path.n - p.n);
    return good;
}

bool jsonpath_ok(struct slice path, struct why *w)
{
    struct search s = { .mem = NULL };
    return walk(&s, path, w);
}

bool jsonpath_find(struct slice path, const struct rule_value *tree, struct arena *mem,
                   struct rule_value *out, struct why *w)
{
    struct search s = { .mem = mem };
    struct rule_value root = *tree;
    root.fixed = VALUE_FREE;
    add(&s, &root);
    step_done(&s);
    if (!walk(&s, path, w))
        return false;
    if (s.several)
        *out = (struct rule_value){ .kind = K_LIST, .n = s.n_now, .p = s.now };
    else
        *out = s.n_now ? s.now[0] : rule_null();
    return true;
}
