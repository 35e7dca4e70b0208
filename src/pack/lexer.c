/* Text of rules into tokens (graylog.md 4.2). */
#include "pack/lexer.h"

#include "base/utf8.h"

static const struct keyword {
    const char *text;
    uint8_t kind;
} keywords[] = {
    { "rule", TK_RULE },     { "when", TK_WHEN },   { "then", TK_THEN },
    { "end", TK_END },       { "let", TK_LET },     { "pipeline", TK_PIPELINE },
    { "stage", TK_STAGE },   { "match", TK_MATCH }, { "all", TK_ALL },
    { "either", TK_EITHER }, { "pass", TK_PASS },   { "not", TK_NOT },
    { "and", TK_AND },       { "or", TK_OR },
};

static bool is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

static bool is_hex(uint8_t b)
{
    return is_digit(b) || (ascii_lower(b) >= 'a' && ascii_lower(b) <= 'f');
}

static bool is_letter(uint8_t b)
{
    return b == '_' || (ascii_lower(b) >= 'a' && ascii_lower(b) <= 'z');
}

struct lexer lexer_of(struct slice text)
{
    return (struct lexer){ text.p, text.p + text.n, 1, 0 };
}

static uint8_t at(const struct lexer *l, size_t i)
{
    return i < (size_t)(l->end - l->p) ? l->p[i] : 0;
}

/* Moves over n bytes and keeps count of lines and columns. */
static void advance(struct lexer *l, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t b = *l->p++;
        if (b == '\n') {
            l->line++;
            l->col = 0;
        } else if ((b & 0xc0) != 0x80) {
            l->col++;
        }
    }
}

/* Length of a comment here, 0 when there is none or it has no end. */
static size_t comment_length(const struct lexer *l)
{
    struct slice rest = slice_of(l->p, (size_t)(l->end - l->p));
    if (at(l, 0) != '/')
        return 0;
    if (at(l, 1) == '/') {
        ptrdiff_t n = slice_find(rest, '\n');
        return n < 0 ? rest.n : (size_t)n;
    }
    if (at(l, 1) != '*')
        return 0;
    ptrdiff_t close = slice_search(slice_after(rest, 2), SLICE("*/"));
    return close < 0 ? 0 : (size_t)close + 4;
}

static void skip_blank(struct lexer *l)
{
    for (;;) {
        uint8_t b = at(l, 0);
        size_t n = comment_length(l);
        if (n)
            advance(l, n);
        else if (l->p < l->end && (b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == '\f'))
            advance(l, 1);
        else
            return;
    }
}

/* Length of an escape that begins with the backslash at i; 0 when it is none. */
static size_t escape_length(const struct lexer *l, size_t i)
{
    uint8_t b = at(l, i + 1);
    if (b && strchr("btnfr\"'\\", b))
        return 2;
    if (b == 'u') {
        size_t u = i + 1;
        while (at(l, u) == 'u')
            u++;
        bool four = is_hex(at(l, u)) && is_hex(at(l, u + 1)) && is_hex(at(l, u + 2)) &&
                    is_hex(at(l, u + 3));
        return four ? u + 4 - i : 0;
    }
    if (b < '0' || b > '7')
        return 0;
    size_t n = 2;
    size_t most = b <= '3' ? 4 : 3;
    while (n < most && at(l, i + n) >= '0' && at(l, i + n) <= '7')
        n++;
    return n;
}

/* Length of a text in quotes, 0 when it is not one. */
static size_t string_length(const struct lexer *l, size_t *bad)
{
    size_t left = (size_t)(l->end - l->p);
    size_t i = 1;
    while (i < left && l->p[i] != '"') {
        size_t n = l->p[i] == '\\' ? escape_length(l, i) : 1;
        if (!n) {
            *bad = i + 2 < left ? i + 2 : left;
            return 0;
        }
        i += n;
    }
    *bad = left;
    return i < left ? i + 1 : 0;
}

static size_t char_length(const struct lexer *l)
{
    size_t n = at(l, 1) == '\\' ? escape_length(l, 1)
                                : (l->end - l->p > 2 && at(l, 1) != '\'' && at(l, 1) != '\n'
                                       ? utf8_len(l->p + 1, (size_t)(l->end - l->p - 1))
                                       : 0);
    return n && at(l, 1 + n) == '\'' ? n + 2 : 0;
}

/* Digits with underscores between them, from i on; returns the end. */
static size_t digits_end(const struct lexer *l, size_t i, bool (*is)(uint8_t))
{
    size_t end = i;
    for (size_t k = i; is(at(l, k)) || (k > i && at(l, k) == '_'); k++) {
        if (at(l, k) != '_')
            end = k + 1;
    }
    return end;
}

static bool is_binary(uint8_t b)
{
    return b == '0' || b == '1';
}

static bool is_octal(uint8_t b)
{
    return b >= '0' && b <= '7';
}

static size_t exponent_end(const struct lexer *l, size_t i, uint8_t letter)
{
    if (ascii_lower(at(l, i)) != letter)
        return i;
    size_t d = i + 1 + (at(l, i + 1) == '+' || at(l, i + 1) == '-');
    size_t end = digits_end(l, d, is_digit);
    return end > d ? end : i;
}

static bool is_suffix(uint8_t b)
{
    return b && strchr("fFdD", b);
}

/* End of a number with point, exponent or suffix that begins at i; 0 when it is none. */
static size_t float_end(const struct lexer *l, size_t i)
{
    if (at(l, i) == '0' && ascii_lower(at(l, i + 1)) == 'x') {
        size_t h = digits_end(l, i + 2, is_hex);
        if (at(l, h) == '.')
            h = digits_end(l, h + 1, is_hex);
        size_t e = h > i + 2 ? exponent_end(l, h, 'p') : h;
        return e == h ? 0 : e + is_suffix(at(l, e));
    }
    size_t whole = digits_end(l, i, is_digit);
    size_t end = whole;
    if (at(l, whole) == '.') {
        end = digits_end(l, whole + 1, is_digit);
        if (whole == i && end == whole + 1)
            return 0;
    } else if (whole == i) {
        return 0;
    }
    size_t e = exponent_end(l, end, 'e');
    e += is_suffix(at(l, e));
    return e == whole ? 0 : e;
}

static size_t int_end(const struct lexer *l, size_t i)
{
    size_t end;
    uint8_t x = ascii_lower(at(l, i + 1));
    if (at(l, i) == '0' && x == 'x' && is_hex(at(l, i + 2)))
        end = digits_end(l, i + 2, is_hex);
    else if (at(l, i) == '0' && x == 'b' && is_binary(at(l, i + 2)))
        end = digits_end(l, i + 2, is_binary);
    else if (at(l, i) == '0' && (is_octal(x) || x == '_'))
        end = digits_end(l, i, is_octal);
    else if (at(l, i) == '0')
        end = i + 1;
    else
        end = digits_end(l, i, is_digit);
    return end == i ? 0 : end + (ascii_lower(at(l, end)) == 'l');
}

/* A number, with the sign that sticks to it. 0 when there is none. */
static size_t number_length(const struct lexer *l, uint8_t *kind)
{
    size_t i = at(l, 0) == '+' || at(l, 0) == '-';
    size_t whole = int_end(l, i), real = float_end(l, i);
    *kind = real > whole ? TK_FLOAT : TK_INT;
    return real > whole ? real : whole;
}

static size_t word_length(const struct lexer *l, uint8_t *kind)
{
    size_t n = 0;
    while (is_letter(at(l, n)) || is_digit(at(l, n)))
        n++;
    struct slice word = slice_of(l->p, n);
    *kind = TK_IDENT;
    if (slice_eq(word, SLICE("true")))
        *kind = TK_TRUE;
    if (slice_eq(word, SLICE("false")))
        *kind = TK_FALSE;
    for (size_t i = 0; i < COUNT(keywords); i++) {
        if (slice_eq_nocase(word, slice_cstr(keywords[i].text)))
            *kind = keywords[i].kind;
    }
    return n;
}

static size_t sign_length(const struct lexer *l, uint8_t *kind)
{
    static const struct {
        char text[3];
        uint8_t kind;
    } signs[] = { { "&&", TK_AND }, { "||", TK_OR }, { "<=", TK_LE },
                  { ">=", TK_GE },  { "==", TK_EQ }, { "!=", TK_NE },
                  { "<", TK_LT },   { ">", TK_GT },  { "!", TK_NOT } };
    struct slice rest = slice_of(l->p, (size_t)(l->end - l->p));
    for (size_t i = 0; i < COUNT(signs); i++) {
        if (slice_starts(rest, slice_cstr(signs[i].text))) {
            *kind = signs[i].kind;
            return strlen(signs[i].text);
        }
    }
    *kind = TK_PUNCT;
    return at(l, 0) && strchr("()[]{},;:.=+-*/%", at(l, 0)) ? 1 : 0;
}

static size_t quoted_length(const struct lexer *l)
{
    ptrdiff_t n = slice_find(slice_of(l->p + 1, (size_t)(l->end - l->p - 1)), '`');
    return n > 0 ? (size_t)n + 2 : 0;
}

/* Length and kind of the token that begins here; 0: none, then *bad bytes are passed over. */
static size_t token_length(const struct lexer *l, uint8_t *kind, size_t *bad)
{
    size_t n = number_length(l, kind);
    struct slice rest = slice_of(l->p, (size_t)(l->end - l->p));
    *bad = 1;
    if (n)
        return n;
    if (is_letter(*l->p))
        return word_length(l, kind);
    switch (*l->p) {
    case '"':
        *kind = TK_STRING;
        return string_length(l, bad);
    case '\'':
        *kind = TK_CHAR;
        return char_length(l);
    case '`':
        *kind = TK_QUOTED;
        return quoted_length(l);
    case '$':
        *kind = TK_MESSAGE;
        return slice_starts(rest, SLICE("$message")) ? 8 : 0;
    default:
        return sign_length(l, kind);
    }
}

struct token lexer_next(struct lexer *l)
{
    skip_blank(l);
    struct token t = { .line = l->line, .col = l->col, .text = slice_of(l->p, 0) };
    if (l->p >= l->end)
        return t;
    size_t bad = 1;
    size_t n = token_length(l, &t.kind, &bad);
    if (!n) {
        t.kind = TK_BAD;
        n = bad;
    }
    t.text.n = n;
    t.punct = t.kind == TK_PUNCT ? *l->p : 0;
    advance(l, n);
    return t;
}
