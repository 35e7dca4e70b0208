/* The text of a rule into a tree (graylog.md 4.2): by descent, one level of operators a function.
 */
#include "pack/parser.h"

#include <errno.h>
#include <stdarg.h>

#include "base/utf8.h"
#include "pack/lexer.h"

#define ITEMS_MAX 4096 /* of a list, a map or a call */

struct parser {
    struct arena *a;
    struct lexer l;
    struct token t; /* the one that is looked at */
    struct rule_errors *e;
    unsigned depth;
    bool failed;
};

static const char *const error_names[] = {
#define RULE_ERROR_NAME(id) #id,
    RULE_ERRORS(RULE_ERROR_NAME)
#undef RULE_ERROR_NAME
};

const char *rule_error_name(enum rule_error_kind kind)
{
    return error_names[kind];
}

void rule_error_add(struct rule_errors *e, enum rule_error_kind kind, const struct expr *at,
                    const char *fmt, ...)
{
    va_list ap;
    if (e->n >= RULE_ERRORS_MAX) {
        e->n++;
        return;
    }
    struct rule_error *r = &e->e[e->n++];
    r->kind = kind;
    r->line = at->line;
    r->col = at->col;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
}

static void fail_at(struct parser *p, const struct token *t, const char *what)
{
    struct expr at = { .line = t->line, .col = t->col };
    if (p->failed)
        return;
    p->failed = true;
    if (t->kind == TK_EOF)
        rule_error_add(p->e, RE_SyntaxError, &at, "the text ends where %s is expected", what);
    else if (t->kind == TK_BAD)
        rule_error_add(p->e, RE_SyntaxError, &at, "no token begins with '%.*s'",
                       (int)(t->text.n < 40 ? t->text.n : 40), (const char *)t->text.p);
    else
        rule_error_add(p->e, RE_SyntaxError, &at, "found '%.*s' where %s is expected",
                       (int)(t->text.n < 40 ? t->text.n : 40), (const char *)t->text.p, what);
}

static void step(struct parser *p)
{
    p->t = lexer_next(&p->l);
    if (p->t.kind == TK_BAD)
        fail_at(p, &p->t, "");
}

static bool is_punct(const struct parser *p, char c)
{
    return p->t.kind == TK_PUNCT && p->t.punct == c;
}

static bool accept(struct parser *p, char c)
{
    if (p->failed || !is_punct(p, c))
        return false;
    step(p);
    return true;
}

static void expect(struct parser *p, char c)
{
    char what[4] = { '\'', c, '\'', 0 };
    if (!accept(p, c))
        fail_at(p, &p->t, what);
}

static void expect_word(struct parser *p, enum token_kind kind, const char *what)
{
    if (p->t.kind == kind)
        step(p);
    else
        fail_at(p, &p->t, what);
}

static void *get(struct parser *p, size_t n)
{
    void *m = arena_zalloc_line(p->a, n);
    if (!m && !p->failed) {
        struct expr at = { .line = p->t.line, .col = p->t.col };
        p->failed = true;
        rule_error_add(p->e, RE_OutOfMemory, &at, "the rule is too large");
    }
    return m;
}

/* A node that begins at t. Never NULL: when memory is out, a shared one that nobody will use. */
static struct expr *make(struct parser *p, enum expr_kind kind, const struct token *t)
{
    static _Thread_local struct expr spare;
    struct expr *e = get(p, sizeof *e);
    if (!e) {
        spare = (struct expr){ .kind = E_WRONG };
        return &spare;
    }
    e->kind = (uint8_t)kind;
    e->line = e->from_line = t->line;
    e->col = e->from_col = t->col;
    e->text = t->text;
    return e;
}

static struct expr *make_two(struct parser *p, enum expr_kind kind, struct expr *a, struct expr *b)
{
    struct token t = { .line = a->from_line, .col = a->from_col };
    struct expr *e = make(p, kind, &t);
    e->op = 0;
    e->a = a;
    e->b = b;
    return e;
}

static unsigned hex_of(struct slice s)
{
    unsigned v = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = ascii_lower(s.p[i]);
        v = v * 16 + (unsigned)(b <= '9' ? b - '0' : b - 'a' + 10);
    }
    return v;
}

/* One escape at s (behind the backslash) to out; returns its length in s. */
static size_t unescape_one(struct buf *out, struct slice s, unsigned *high)
{
    static const char from[] = "btnfr", to[] = "\b\t\n\f\r";
    const char *simple = memchr(from, s.p[0], sizeof from - 1);
    uint8_t u[4];
    if (s.p[0] == 'u') {
        size_t i = 0;
        while (s.p[i] == 'u')
            i++;
        unsigned cp = hex_of(slice_of(s.p + i, 4));
        if (*high && cp >= 0xdc00 && cp <= 0xdfff) {
            out->n -= 3;
            cp = 0x10000 + ((*high - 0xd800) << 10) + (cp - 0xdc00);
        }
        *high = cp >= 0xd800 && cp <= 0xdbff ? cp : 0;
        buf_put(out, u, utf8_put(u, cp));
        return i + 4;
    }
    *high = 0;
    if (s.p[0] >= '0' && s.p[0] <= '7') {
        size_t i = 0, most = s.p[0] <= '3' ? 3 : 2;
        unsigned cp = 0;
        while (i < most && i < s.n && s.p[i] >= '0' && s.p[i] <= '7')
            cp = cp * 8 + s.p[i++] - '0';
        buf_put(out, u, utf8_put(u, cp));
        return i;
    }
    buf_u8(out, simple ? (uint8_t)to[simple - from] : s.p[0]);
    return 1;
}

/* What stands between the quotes. */
static struct slice unescape(struct parser *p, struct slice s)
{
    s = slice_of(s.p + 1, s.n - 2);
    if (slice_find(s, '\\') < 0)
        return s;
    struct buf out = buf_of(get(p, s.n), s.n);
    unsigned high = 0;
    for (size_t i = 0; out.p && i < s.n;) {
        if (s.p[i] == '\\') {
            i += 1 + unescape_one(&out, slice_after(s, i + 1), &high);
        } else {
            high = 0;
            buf_u8(&out, s.p[i++]);
        }
    }
    return buf_slice(&out);
}

static struct expr *number(struct parser *p)
{
    struct token t = p->t;
    struct expr *e = make(p, E_CONST, &t);
    char text[64];
    char *end = text;
    if (t.text.n < sizeof text) {
        memcpy(text, t.text.p, t.text.n);
        text[t.text.n] = '\0';
        if (strchr("fFdD", text[t.text.n - 1]) && !strpbrk(text, "xX"))
            text[t.text.n - 1] = '\0';
        if (strpbrk(text, "xX") && t.kind == TK_FLOAT && strchr("fFdD", text[t.text.n - 1]))
            text[t.text.n - 1] = '\0';
        errno = 0;
        e->value =
            t.kind == TK_INT ? rule_long(strtoll(text, &end, 10)) : rule_double(strtod(text, &end));
    }
    if (end == text || *end || (t.kind == TK_INT && errno))
        fail_at(p, &t, "a number that fits");
    step(p);
    return e;
}

static struct expr *expression(struct parser *p);

/* One more of a growing array. */
static bool push(struct parser *p, struct expr *e, struct expr *item, struct slice key)
{
    if (e->n == ITEMS_MAX) {
        fail_at(p, &p->t, "an end of the list");
        return false;
    }
    if ((e->n & (e->n - 1)) == 0) { /* full at each power of two */
        size_t cap = e->n ? (size_t)e->n * 2 : 1;
        struct expr **items = get(p, cap * sizeof *items);
        struct slice *keys = get(p, cap * sizeof *keys);
        if (!items || !keys)
            return false;
        if (e->n) {
            memcpy(items, e->item, e->n * sizeof *items);
            memcpy(keys, e->key, e->n * sizeof *keys);
        }
        e->item = items;
        e->key = keys;
    }
    e->item[e->n] = item;
    e->key[e->n++] = key;
    return true;
}

static struct slice name_text(const struct token *t)
{
    return t->kind == TK_QUOTED ? slice_of(t->text.p + 1, t->text.n - 2) : t->text;
}

static bool is_name(const struct parser *p)
{
    return p->t.kind == TK_IDENT || p->t.kind == TK_QUOTED;
}

static struct expr *list(struct parser *p)
{
    struct expr *e = make(p, E_LIST, &p->t);
    step(p);
    if (accept(p, ']'))
        return e;
    do {
        struct expr *item = expression(p);
        if (p->failed || !push(p, e, item, slice_of(NULL, 0)))
            return e;
    } while (accept(p, ',') || (!p->failed && !is_punct(p, ']'))); /* commas may be missing */
    expect(p, ']');
    return e;
}

static struct expr *map(struct parser *p)
{
    struct expr *e = make(p, E_MAP, &p->t);
    step(p);
    if (accept(p, '}'))
        return e;
    do {
        struct slice key = name_text(&p->t);
        if (!is_name(p)) {
            fail_at(p, &p->t, "a name or '}'");
            return e;
        }
        step(p);
        expect(p, ':');
        struct expr *item = expression(p);
        if (p->failed || !push(p, e, item, key))
            return e;
    } while (accept(p, ','));
    expect(p, '}');
    return e;
}

/* True when a name and a colon come: an argument with its name. */
static bool named_follows(struct parser *p)
{
    struct lexer ahead = p->l;
    struct token t = lexer_next(&ahead);
    return is_name(p) && t.kind == TK_PUNCT && t.punct == ':';
}

/* The arguments of a call whose name was read and `(` is looked at. */
static void arguments(struct parser *p, struct expr *e)
{
    expect(p, '(');
    if (accept(p, ')'))
        return;
    e->named = named_follows(p);
    do {
        struct slice key = name_text(&p->t);
        if (e->named && !is_name(p))
            fail_at(p, &p->t, "the name of an argument");
        if (e->named) {
            step(p);
            expect(p, ':');
        }
        struct expr *item = p->failed ? NULL : expression(p);
        if (p->failed || !push(p, e, item, key))
            return;
    } while (accept(p, ','));
    expect(p, ')');
}

static struct expr *name(struct parser *p)
{
    struct token t = p->t;
    struct expr *e = make(p, E_VAR, &t);
    e->text = name_text(&t);
    step(p);
    if (!p->failed && is_punct(p, '(')) {
        e->kind = E_CALL;
        e->text = t.text; /* no function has a name in back quotes */
        arguments(p, e);
    }
    return e;
}

static struct expr *literal(struct parser *p)
{
    struct token t = p->t;
    struct expr *e = make(p, E_CONST, &t);
    if (t.kind == TK_STRING)
        e->value = rule_string(unescape(p, t.text));
    else if (t.kind != TK_CHAR)
        e->value = rule_bool(t.kind == TK_TRUE);
    step(p);
    return e;
}

static struct expr *primary(struct parser *p)
{
    struct expr *e;
    switch (p->t.kind) {
    case TK_INT:
    case TK_FLOAT:
        return number(p);
    case TK_STRING:
    case TK_CHAR:
    case TK_TRUE:
    case TK_FALSE:
        return literal(p);
    case TK_MESSAGE:
        e = make(p, E_MESSAGE, &p->t);
        step(p);
        return e;
    case TK_IDENT:
    case TK_QUOTED:
        return name(p);
    case TK_PUNCT:
        if (p->t.punct == '[')
            return list(p);
        if (p->t.punct == '{')
            return map(p);
        if (p->t.punct == '(') {
            struct token t = p->t;
            step(p);
            e = expression(p);
            expect(p, ')');
            e->from_line = t.line;
            e->from_col = t.col;
            return e;
        }
        break;
    default:
        break;
    }
    fail_at(p, &p->t, "an expression");
    return make(p, E_WRONG, &p->t);
}

/* What stands behind a point: most often a name. */
static struct expr *field_name(struct parser *p)
{
    struct expr *e = primary(p);
    if (e->kind == E_VAR)
        e->kind = E_NAME;
    return e;
}

static struct expr *postfix(struct parser *p)
{
    struct expr *e = primary(p);
    while (!p->failed) {
        if (accept(p, '.')) {
            struct expr *right = p->failed ? make(p, E_WRONG, &p->t) : field_name(p);
            e = make_two(p, E_FIELD, e, right);
        } else if (accept(p, '[')) {
            struct expr *right = p->failed ? make(p, E_WRONG, &p->t) : expression(p);
            e = make_two(p, E_INDEX, e, right);
            expect(p, ']');
        } else {
            break;
        }
    }
    return e;
}

static struct expr *unary(struct parser *p)
{
    struct token t = p->t;
    bool sign = is_punct(p, '+') || is_punct(p, '-');
    if (p->failed || (!sign && t.kind != TK_NOT))
        return postfix(p);
    struct expr *e = make(p, sign ? E_SIGN : E_NOT, &t);
    e->op = t.punct;
    if (++p->depth > RULE_DEPTH_MAX)
        fail_at(p, &t, "a less deep expression");
    step(p);
    e->a = p->failed ? make(p, E_WRONG, &t) : unary(p);
    p->depth--;
    return e;
}

/* The kind of the binary operator that is looked at, or -1. Levels bind less and less. */
static int operator_at(const struct parser *p, unsigned level)
{
    switch (level) {
    case 0:
        return is_punct(p, '*') || is_punct(p, '/') || is_punct(p, '%') ? E_MULTIPLY : -1;
    case 1:
        return is_punct(p, '+') || is_punct(p, '-') ? E_ADD : -1;
    case 2:
        return p->t.kind >= TK_LT && p->t.kind <= TK_GE ? E_COMPARE : -1;
    case 3:
        return p->t.kind == TK_EQ || p->t.kind == TK_NE ? E_EQUAL : -1;
    case 4:
        return p->t.kind == TK_AND ? E_AND : -1;
    default:
        return p->t.kind == TK_OR ? E_OR : -1;
    }
}

static struct expr *binary(struct parser *p, unsigned level)
{
    struct expr *e = level ? binary(p, level - 1) : unary(p);
    unsigned chain = 0;
    while (!p->failed) {
        int kind = operator_at(p, level);
        struct token t = p->t;
        if (kind < 0)
            break;
        if (p->depth + ++chain > RULE_DEPTH_MAX)
            fail_at(p, &t, "a shorter expression");
        step(p);
        struct expr *right =
            p->failed ? make(p, E_WRONG, &t) : (level ? binary(p, level - 1) : unary(p));
        e = make_two(p, (enum expr_kind)kind, e, right);
        e->op = t.kind == TK_PUNCT ? t.punct : t.kind;
    }
    return e;
}

static struct expr *expression(struct parser *p)
{
    if (++p->depth > RULE_DEPTH_MAX)
        fail_at(p, &p->t, "a less deep expression");
    struct expr *e = p->failed ? make(p, E_WRONG, &p->t) : binary(p, 5);
    p->depth--;
    return e;
}

static struct statement *let(struct parser *p)
{
    struct statement *s = get(p, sizeof *s);
    step(p);
    if (!is_name(p))
        fail_at(p, &p->t, "the name of a variable");
    if (p->failed)
        return NULL;
    s->let = name_text(&p->t);
    s->line = p->t.line;
    s->col = p->t.col;
    step(p);
    expect(p, '=');
    s->e = p->failed ? NULL : expression(p);
    return s;
}

static struct statement *call(struct parser *p)
{
    struct statement *s = get(p, sizeof *s);
    if (!s)
        return NULL;
    s->line = p->t.line;
    s->col = p->t.col;
    s->e = name(p);
    if (!p->failed && s->e->kind != E_CALL)
        fail_at(p, &p->t, "'('");
    return s;
}

static void statements(struct parser *p, struct statement **to)
{
    while (!p->failed && p->t.kind != TK_END) {
        if (accept(p, ';'))
            continue;
        struct statement *s = NULL;
        if (p->t.kind == TK_LET)
            s = let(p);
        else if (is_name(p))
            s = call(p);
        else
            fail_at(p, &p->t, "a statement or 'end'");
        if (p->failed || !s)
            return;
        expect(p, ';');
        *to = s;
        to = &s->next;
    }
}

static struct rule *rule(struct parser *p)
{
    struct rule *r = get(p, sizeof *r);
    if (!r)
        return NULL;
    step(p);
    expect_word(p, TK_RULE, "'rule'");
    if (!p->failed && p->t.kind == TK_STRING)
        r->name = slice_of(p->t.text.p + 1, p->t.text.n - 2); /* escapes stay as they are */
    expect_word(p, TK_STRING, "the name of the rule in quotes");
    expect_word(p, TK_WHEN, "'when'");
    r->when = p->failed ? NULL : expression(p);
    if (!p->failed && p->t.kind == TK_THEN) {
        step(p);
        statements(p, &r->then);
    }
    if (!p->failed && p->t.kind != TK_END)
        fail_at(p, &p->t, "'then' or 'end'");
    return p->failed ? NULL : r;
}

struct rule *parser_rule(struct arena *a, struct slice text, struct rule_errors *e)
{
    struct parser p = { .a = a, .l = lexer_of(text), .e = e };
    struct rule *r = rule(&p);
    while (!p.failed && p.t.kind != TK_EOF) /* what follows must still be made of tokens */
        step(&p);
    return p.failed ? NULL : r;
}

struct rule *parser_next(struct arena *a, struct lexer *at, struct rule_errors *e)
{
    struct parser p = { .a = a, .l = *at, .e = e };
    struct rule *r = rule(&p);
    *at = p.l; /* the last token read was the `end` */
    return r;
}
