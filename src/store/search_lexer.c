/* The longest match wins, as in the generated lexer that Graylog uses; of equals the row that its
 * grammar names first (AND before a word "AND", * before a pattern). */
#include "store/search_lexer.h"

#define IDEOGRAPHIC_SPACE "\xe3\x80\x80" /* U+3000 */

struct search_lexer search_lexer_of(struct slice text)
{
    return (struct search_lexer){ text.p, text.n ? text.p + text.n : text.p, 1, 0, SEARCH_DEFAULT };
}

static size_t blank(const uint8_t *p, const uint8_t *end)
{
    if (p >= end)
        return 0;
    if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        return 1;
    return slice_starts(slice_of(p, (size_t)(end - p)), SLICE(IDEOGRAPHIC_SPACE)) ? 3 : 0;
}

static bool is_continuation(uint8_t b)
{
    return (b & 0xc0) == 0x80;
}

static void move(struct search_lexer *l, size_t n)
{
    for (; n; n--, l->p++) {
        if (*l->p == '\n') {
            l->line++;
            l->column = 0;
        } else if (!is_continuation(*l->p)) {
            l->column++;
        }
    }
}

static bool may_start_word(uint8_t b)
{
    static const char not_first[] = " \t\n\r+-!():^[]\"{}~*?\\/";
    return b != 0 && !memchr(not_first, b, sizeof not_first - 1);
}

/* Bytes of one character of a word at p, or 0; escapes are two characters. */
static size_t word_char(const uint8_t *p, const uint8_t *end, bool first)
{
    if (p >= end || blank(p, end))
        return 0;
    if (*p == '\\') {
        size_t n = 2;
        while (p + n < end && is_continuation(p[n]))
            n++;
        return p + 1 < end ? n : 0;
    }
    return may_start_word(*p) || (!first && (*p == '+' || *p == '-')) ? 1 : 0;
}

/* A word, a prefix or a pattern. */
static size_t word(const struct search_lexer *l, enum search_token_kind *kind)
{
    const uint8_t *p = l->p;
    unsigned wild = 0;
    bool last_is_star = false;
    for (size_t n; p < l->end; p += n) {
        n = word_char(p, l->end, p == l->p);
        last_is_star = !n && *p == '*';
        if (!n && *p != '*' && *p != '?')
            break;
        if (!n)
            wild++, n = 1;
    }
    if (p < l->end || p == l->p) /* the loop ended at a character that is none of ours */
        last_is_star = p > l->p && p[-1] == '*' && wild > 0;
    *kind = !wild ? ST_WORD : wild == 1 && last_is_star && p - l->p > 1 ? ST_PREFIX : ST_WILD;
    return (size_t)(p - l->p);
}

/* From a delimiter to the next of its kind. One behind a backslash ends it only when no other
 * comes. 0: it does not end. */
static size_t delimited(const struct search_lexer *l, bool escapes_bind)
{
    uint8_t mark = *l->p;
    size_t fallback = 0;
    for (const uint8_t *p = l->p + 1; p < l->end; p++) {
        if (escapes_bind && *p == '\\') {
            p++;
            continue;
        }
        if (*p != mark)
            continue;
        if (escapes_bind || p[-1] != '\\')
            return (size_t)(p + 1 - l->p);
        fallback = (size_t)(p + 1 - l->p);
    }
    return fallback;
}

static size_t fuzzy(const struct search_lexer *l)
{
    const uint8_t *p = l->p + 1;
    while (p < l->end && *p >= '0' && *p <= '9')
        p++;
    if (p > l->p + 1 && p + 1 < l->end && *p == '.' && p[1] >= '0' && p[1] <= '9') {
        p++;
        while (p < l->end && *p >= '0' && *p <= '9')
            p++;
    }
    for (size_t n; (n = word_char(p, l->end, false)); p += n)
        ;
    return (size_t)(p - l->p);
}

static size_t signs(const struct search_lexer *l, enum search_token_kind *kind)
{
    size_t space = blank(l->p + 1, l->end);
    if (space) {
        *kind = ST_BARE;
        return 1 + space;
    }
    *kind = *l->p == '+' ? ST_PLUS : *l->p == '-' ? ST_MINUS : ST_NOT;
    return 1;
}

static size_t single(uint8_t b, enum search_token_kind *kind)
{
    *kind = b == '('   ? ST_OPEN
            : b == ')' ? ST_CLOSE
            : b == ':' ? ST_COLON
            : b == '^' ? ST_CARAT
                       : ST_RANGE_OPEN;
    return 1;
}

static size_t quoted(const struct search_lexer *l, enum search_token_kind *kind)
{
    size_t n = delimited(l, *l->p == '"');
    *kind = !n ? ST_BAD : *l->p == '"' ? ST_QUOTED : ST_REGEX;
    return n;
}

static size_t keyword(struct slice s, enum search_token_kind *kind)
{
    if (slice_eq(s, SLICE("AND")) || slice_eq(s, SLICE("&&")))
        *kind = ST_AND;
    else if (slice_eq(s, SLICE("OR")) || slice_eq(s, SLICE("||")))
        *kind = ST_OR;
    else if (slice_eq(s, SLICE("NOT")))
        *kind = ST_NOT;
    else if (slice_eq(s, SLICE("*")))
        *kind = ST_STAR;
    return s.n;
}

static size_t in_default(struct search_lexer *l, enum search_token_kind *kind)
{
    switch (*l->p) {
    case '+':
    case '-':
    case '!':
        return signs(l, kind);
    case '(':
    case ')':
    case ':':
    case '^':
    case '[':
    case '{':
        return single(*l->p, kind);
    case '"':
    case '/':
        return quoted(l, kind);
    case '~':
        *kind = ST_FUZZY;
        return fuzzy(l);
    default:
        break;
    }
    size_t n = word(l, kind);
    return n ? keyword(slice_of(l->p, n), kind) : 0;
}

static size_t in_range(const struct search_lexer *l, enum search_token_kind *kind)
{
    if (*l->p == ']' || *l->p == '}') {
        *kind = ST_RANGE_CLOSE;
        return 1;
    }
    if (*l->p == '"') {
        size_t n = delimited(l, false);
        *kind = ST_RANGE_QUOTED;
        if (n > 2)
            return n;
    }
    const uint8_t *p = l->p;
    while (p < l->end && *p != ' ' && *p != ']' && *p != '}')
        p++;
    struct slice s = slice_of(l->p, (size_t)(p - l->p));
    *kind = slice_eq(s, SLICE("TO")) ? ST_RANGE_TO : ST_RANGE_WORD;
    return s.n;
}

static size_t behind_carat(const struct search_lexer *l, enum search_token_kind *kind)
{
    const uint8_t *p = l->p;
    while (p < l->end && *p >= '0' && *p <= '9')
        p++;
    if (p > l->p && p + 1 < l->end && *p == '.' && p[1] >= '0' && p[1] <= '9') {
        p++;
        while (p < l->end && *p >= '0' && *p <= '9')
            p++;
    }
    *kind = ST_NUMBER;
    return (size_t)(p - l->p);
}

static enum search_lexer_state state_after(enum search_lexer_state now, enum search_token_kind k)
{
    if (k == ST_RANGE_OPEN)
        return SEARCH_IN_RANGE;
    if (k == ST_CARAT)
        return SEARCH_BEHIND_CARAT;
    if (k == ST_RANGE_CLOSE || k == ST_NUMBER)
        return SEARCH_DEFAULT;
    return now;
}

struct search_token search_lexer_next(struct search_lexer *l)
{
    for (size_t n; (n = blank(l->p, l->end));)
        move(l, n);
    struct search_token t = { ST_END, { l->p, 0 }, l->line, l->column };
    if (l->p >= l->end)
        return t;
    t.kind = ST_BAD;
    size_t n = l->state == SEARCH_IN_RANGE       ? in_range(l, &t.kind)
               : l->state == SEARCH_BEHIND_CARAT ? behind_carat(l, &t.kind)
                                                 : in_default(l, &t.kind);
    if (!n) {
        t.kind = ST_BAD;
        t.text = slice_of(l->p, 1);
        return t;
    }
    t.text = slice_of(l->p, n);
    move(l, n);
    l->state = state_after(l->state, t.kind);
    return t;
}
