/* Lucene's classic query grammar, by recursive descent:
 *   query  = [modifier] clause { [AND|OR] [modifier] clause }
 *   clause = [ (word | *) ":" ] ( "(" query ")" [^n] | term )
 * Words between which nothing stands are clauses that SHOULD hold (Graylog's default is OR). */
#include "store/search.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "store/search_lexer.h"

#define DEFAULT_EDITS 2
#define SLOP_MAX      1000

struct parser {
    struct search_lexer lexer;
    struct search_token now, ahead; /* the token at hand and the one behind it */
    const struct search_conf *conf;
    struct search *out;
    struct arena *mem;
    struct why *why;
    unsigned clauses, depth, max_tokens;
    err rc;
};

/* ---- errors */

static const char *name_of_token(const struct search_token *t)
{
    return t->kind == ST_END ? "the end of the query" : NULL;
}

static void refuse(struct parser *p, const struct search_token *t, const char *expected)
{
    const char *name = name_of_token(t);
    if (p->rc)
        return;
    if (t->kind == ST_BAD) {
        bool open = t->text.n && (*t->text.p == '"' || *t->text.p == '/');
        p->rc = why_set(p->why, ERR_FORMAT, "query:%u:%u: %s", t->line, t->column,
                        open && *t->text.p == '"' ? "a quotation mark that is never closed"
                        : open ? "a regular expression that is never closed; write \\/ for a slash"
                               : "this character needs a backslash before it");
    } else if (name) {
        p->rc = why_set(p->why, ERR_FORMAT, "query:%u:%u: it ends where %s is expected", t->line,
                        t->column, expected);
    } else {
        p->rc = why_set(p->why, ERR_FORMAT, "query:%u:%u: %.*s stands where %s is expected",
                        t->line, t->column, (int)(t->text.n < 40 ? t->text.n : 40),
                        (const char *)t->text.p, expected);
    }
}

static void refuse_limit(struct parser *p, const char *what)
{
    if (!p->rc)
        p->rc = why_set(p->why, ERR_LIMIT, "query:%u:%u: %s", p->now.line, p->now.column, what);
}

/* ---- tokens */

static void advance(struct parser *p)
{
    p->now = p->ahead;
    if (p->ahead.kind != ST_END && p->ahead.kind != ST_BAD)
        p->ahead = search_lexer_next(&p->lexer);
    if (p->now.kind != ST_END && p->now.kind != ST_BAD && p->out->n_tokens < p->max_tokens)
        p->out->token[p->out->n_tokens++] = p->now.text;
}

static bool accept(struct parser *p, enum search_token_kind kind)
{
    if (p->now.kind != kind)
        return false;
    advance(p);
    return true;
}

/* ---- text */

static unsigned hex_digit(uint8_t b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    b = ascii_lower(b);
    return b >= 'a' && b <= 'f' ? b - 'a' + 10u : 16u;
}

/* Code point of \uXXXX at s.p (behind the u), or 0. */
static uint32_t escaped_code(struct slice s)
{
    uint32_t cp = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned d = i < s.n ? hex_digit(s.p[i]) : 16;
        if (d > 15)
            return 0;
        cp = cp << 4 | d;
    }
    return cp >= 0xd800 && cp < 0xe000 ? 0 : cp;
}

struct slice search_unescape(struct slice s, struct arena *mem)
{
    if (slice_find(s, '\\') < 0)
        return s;
    uint8_t *to = arena_alloc(mem, s.n);
    size_t n = 0;
    for (size_t i = 0; to && i < s.n; i++) {
        uint32_t cp;
        if (s.p[i] != '\\') {
            to[n++] = s.p[i];
        } else if (i + 5 < s.n && s.p[i + 1] == 'u' && (cp = escaped_code(slice_after(s, i + 2)))) {
            n += utf8_put(to + n, cp);
            i += 5;
        } else if (++i < s.n) {
            to[n++] = s.p[i];
        }
    }
    return slice_of(to, to ? n : 0);
}

static struct slice inside(struct slice s)
{
    return s.n >= 2 ? slice_of(s.p + 1, s.n - 2) : slice_of(s.p, 0);
}

/* ---- nodes */

static struct search_node *node(struct parser *p, enum search_op op, struct slice field)
{
    if (++p->clauses > SEARCH_CLAUSES_MAX) {
        refuse_limit(p, "too many clauses");
        return NULL;
    }
    struct search_node *n = arena_zalloc(p->mem, sizeof *n);
    if (!n) {
        refuse_limit(p, "no memory left for this query");
        return NULL;
    }
    n->op = op;
    n->field = field;
    n->line = p->now.line;
    n->column = p->now.column;
    return n;
}

static void skip_boost(struct parser *p)
{
    if (accept(p, ST_CARAT) && !accept(p, ST_NUMBER))
        refuse(p, &p->now, "a number");
}

/* The number behind ~; false: there is none. */
static bool read_number(const struct search_token *t, double *v)
{
    char text[16], *end;
    struct slice s = slice_first(slice_after(t->text, 1), sizeof text - 1);
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *v = strtod(text, &end);
    return s.n && !*end && *v - *v == 0 && *v < 1e6; /* neither infinite nor NaN */
}

/* ~ alone: Elasticsearch's AUTO, by the characters of the word. */
static unsigned edits_auto(struct slice word)
{
    unsigned n = 0;
    for (size_t i = 0; i < word.n; i++)
        n += (word.p[i] & 0xc0) != 0x80;
    return n < 3 ? 0 : n < 6 ? 1 : 2;
}

/* ~1, ~0.8: how many edits. What is no number counts as 2, as in Lucene. */
static unsigned edits_of(struct parser *p, const struct search_token *t, struct slice word)
{
    double v;
    if (t->text.n == 1)
        return edits_auto(word);
    if (!read_number(t, &v))
        return DEFAULT_EDITS;
    if (v < 1) /* an old-fashioned similarity */
        return v > 0.5 ? 1 : DEFAULT_EDITS;
    if (v != (double)(unsigned)v)
        refuse(p, t, "a whole number of edits");
    return v > 2 ? DEFAULT_EDITS : (unsigned)v;
}

/* Behind a phrase: how far its words may be apart; what is no number is 0. */
static unsigned slop_of(const struct search_token *t)
{
    double v;
    return !read_number(t, &v) || v < 1 ? 0 : v > SLOP_MAX ? SLOP_MAX : (unsigned)v;
}

/* ---- grammar */

static struct search_node *parse_query(struct parser *p, struct slice field);

static bool read_range_end(struct parser *p, struct slice *out)
{
    if (p->now.kind != ST_RANGE_WORD && p->now.kind != ST_RANGE_QUOTED &&
        p->now.kind != ST_RANGE_TO) {
        refuse(p, &p->now, "a value");
        return false;
    }
    bool quotes = p->now.kind == ST_RANGE_QUOTED;
    if (!quotes && slice_eq(p->now.text, SLICE("*")))
        *out = (struct slice){ NULL, 0 };
    else
        *out = search_unescape(quotes ? inside(p->now.text) : p->now.text, p->mem);
    advance(p);
    return true;
}

static struct search_node *parse_range(struct parser *p, struct slice field)
{
    struct search_node *n = node(p, SEARCH_RANGE, field);
    if (!n)
        return NULL;
    n->low_open = *p->now.text.p == '{';
    advance(p);
    if (!read_range_end(p, &n->low))
        return NULL;
    if (!accept(p, ST_RANGE_TO)) {
        refuse(p, &p->now, "TO");
        return NULL;
    }
    if (!read_range_end(p, &n->high))
        return NULL;
    n->high_open = p->now.text.n && *p->now.text.p == '}';
    if (!accept(p, ST_RANGE_CLOSE)) {
        refuse(p, &p->now, "] or }");
        return NULL;
    }
    skip_boost(p);
    return n;
}

static struct search_node *parse_phrase(struct parser *p, struct slice field)
{
    struct search_node *n = node(p, SEARCH_PHRASE, field);
    if (!n)
        return NULL;
    n->low = search_unescape(inside(p->now.text), p->mem);
    advance(p);
    struct search_token slop = p->now;
    if (accept(p, ST_FUZZY))
        n->edits = slop_of(&slop);
    skip_boost(p);
    return n;
}

/* What kind of search a token is; false when it cannot be one. */
static bool op_of(enum search_token_kind kind, enum search_op *op)
{
    switch (kind) {
    case ST_WORD:
    case ST_BARE:
        *op = SEARCH_TERM;
        return true;
    case ST_STAR:
    case ST_WILD:
        *op = SEARCH_WILDCARD;
        return true;
    case ST_PREFIX:
        *op = SEARCH_PREFIX;
        return true;
    case ST_REGEX:
        *op = SEARCH_REGEX;
        return true;
    default:
        return false;
    }
}

static void set_value(struct parser *p, struct search_node *n, const struct search_token *t)
{
    struct slice s = t->text;
    if (n->op == SEARCH_REGEX)
        n->low = inside(s);
    else if (n->op == SEARCH_WILDCARD)
        n->low = s;
    else
        n->low = search_unescape(n->op == SEARCH_PREFIX ? slice_of(s.p, s.n - 1)
                                 : t->kind == ST_BARE   ? slice_of(s.p, 1)
                                                        : s,
                                 p->mem);
    bool leading = n->op == SEARCH_WILDCARD && (*s.p == '*' || *s.p == '?');
    if (leading && slice_eq(s, SLICE("*")) && slice_eq(n->field, SLICE("*")))
        n->op = SEARCH_ALL;
    else if (leading && !p->conf->leading_wildcard && !p->rc)
        p->rc = why_set(p->why, ERR_FORMAT,
                        "query:%u:%u: * or ? may not be the first character of a pattern", t->line,
                        t->column);
}

static struct search_node *parse_term(struct parser *p, struct slice field)
{
    enum search_op op;
    struct search_token t = p->now;
    if (t.kind == ST_RANGE_OPEN)
        return parse_range(p, field);
    if (t.kind == ST_QUOTED)
        return parse_phrase(p, field);
    if (!op_of(t.kind, &op)) {
        refuse(p, &t, "a value, a field or (");
        return NULL;
    }
    struct search_node *n = node(p, op, field);
    if (!n)
        return NULL;
    set_value(p, n, &t);
    advance(p);
    bool boosted = p->now.kind == ST_CARAT;
    skip_boost(p);
    struct search_token slop = p->now;
    if (accept(p, ST_FUZZY)) {
        n->edits = edits_of(p, &slop, n->low);
        n->op = op == SEARCH_TERM ? SEARCH_FUZZY : op;
    }
    if (!boosted)
        skip_boost(p);
    return n;
}

static struct search_node *parse_group(struct parser *p, struct slice field)
{
    if (p->depth == SEARCH_DEPTH_MAX) {
        refuse_limit(p, "parentheses nested too deeply");
        return NULL;
    }
    advance(p);
    p->depth++;
    struct search_node *n = parse_query(p, field);
    p->depth--;
    if (!p->rc && !accept(p, ST_CLOSE))
        refuse(p, &p->now, "AND, OR, another clause or )");
    if (!p->rc)
        skip_boost(p);
    return n;
}

static struct search_node *parse_clause(struct parser *p, struct slice field)
{
    if ((p->now.kind == ST_WORD || p->now.kind == ST_STAR) && p->ahead.kind == ST_COLON) {
        field = search_unescape(p->now.text, p->mem);
        advance(p);
        advance(p);
    }
    return p->now.kind == ST_OPEN ? parse_group(p, field) : parse_term(p, field);
}

static bool begins_clause(enum search_token_kind kind)
{
    switch (kind) {
    case ST_AND:
    case ST_OR:
    case ST_NOT:
    case ST_PLUS:
    case ST_MINUS:
    case ST_OPEN:
    case ST_STAR:
    case ST_BARE:
    case ST_QUOTED:
    case ST_WORD:
    case ST_PREFIX:
    case ST_WILD:
    case ST_REGEX:
    case ST_RANGE_OPEN:
    case ST_BAD: /* the clause says what is wrong with it */
        return true;
    default:
        return false;
    }
}

static enum search_occur read_modifier(struct parser *p)
{
    if (accept(p, ST_PLUS))
        return SEARCH_MUST;
    if (accept(p, ST_MINUS) || accept(p, ST_NOT))
        return SEARCH_MUST_NOT;
    return SEARCH_SHOULD;
}

/* A clause behind `last`. AND makes the one before it required too (unless it must not be). */
static struct search_node *parse_next(struct parser *p, struct slice field,
                                      struct search_node *last)
{
    bool is_and = last && accept(p, ST_AND);
    if (last && !is_and)
        (void)accept(p, ST_OR);
    enum search_occur occur = read_modifier(p);
    struct search_node *n = parse_clause(p, field);
    if (!n || p->rc)
        return NULL;
    if (is_and && last->occur == SEARCH_SHOULD)
        last->occur = SEARCH_MUST;
    n->occur = occur == SEARCH_SHOULD && is_and ? SEARCH_MUST : occur;
    return n;
}

static struct search_node *parse_query(struct parser *p, struct slice field)
{
    struct search_node *all = node(p, SEARCH_BOOL, field);
    struct search_node *last = all ? parse_next(p, field, NULL) : NULL;
    if (!last)
        return NULL;
    all->first = last;
    while (!p->rc && begins_clause(p->now.kind)) {
        last->next = parse_next(p, field, last);
        if (!last->next)
            return NULL;
        last = last->next;
    }
    /* one clause alone is that clause; a lone negation stays a bool */
    if (!all->first->next && all->first->occur != SEARCH_MUST_NOT) {
        all->first->occur = SEARCH_SHOULD;
        return all->first;
    }
    return all;
}

err search_parse(struct search *s, struct slice text, const struct search_conf *conf,
                 struct arena *mem, struct why *w)
{
    *s = (struct search){ 0 };
    if (text.n > SEARCH_BYTES_MAX)
        return why_set(w, ERR_LIMIT, "the query has %zu bytes; %d are read", text.n,
                       SEARCH_BYTES_MAX);
    struct parser p = { .lexer = search_lexer_of(text),
                        .conf = conf,
                        .out = s,
                        .mem = mem,
                        .why = w,
                        .max_tokens = (unsigned)text.n + 1 };
    s->token = arena_alloc(mem, p.max_tokens * sizeof *s->token);
    if (!s->token)
        return why_set(w, ERR_LIMIT, "no memory left for this query");
    p.ahead = search_lexer_next(&p.lexer);
    advance(&p);
    s->root = parse_query(&p, (struct slice){ NULL, 0 });
    if (!p.rc && p.now.kind != ST_END)
        refuse(&p, &p.now, "AND, OR or another clause");
    if (!p.rc && mem->full)
        p.rc = why_set(w, ERR_LIMIT, "no memory left for this query");
    return p.rc;
}
