/* Patterns of a query as DuckDB takes them: words, wildcards, and Lucene's regular expressions
 * (org.apache.lucene.util.automaton.RegExp) as RE2's. */
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/utf8.h"
#include "store/query_private.h"

#define WORD_CLASS   "[" QUERY_WORD_CHARS ".']"
#define BETWEEN      "(?:[.']*[^" QUERY_WORD_CHARS ".'][^" QUERY_WORD_CHARS "]*|[.'][.']+)"
#define ONE_WORD     "[" QUERY_WORD_CHARS "]+(?:[.'][" QUERY_WORD_CHARS "]+)*"
#define SLOP_MAX     10
#define GAPS_MAX     40 /* words times slop: RE2 gives up above twice that */
#define WORDS_MAX    64
#define DEPTH_MAX    64
#define REPEAT_MAX   1000 /* RE2's */
#define SIZE_MAX_ALL 2000 /* of a pattern, repeats multiplied out: RE2's memory is bounded */
#define ANY_SIZE     4    /* of . and of classes */
#define INNER_SIZE   30   /* the same of a class of Unicode's letters */

/* ---- one character */

static uint32_t char_at(struct slice s, size_t *i)
{
    int32_t at = (int32_t)*i;
    UChar32 c;
    U8_NEXT(s.p, at, (int32_t)s.n, c);
    *i = (size_t)at;
    return c < 0 ? 0xfffd : (uint32_t)c;
}

static bool is_word(uint32_t c)
{
    return c == '_' || (U_GET_GC_MASK((UChar32)c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) != 0;
}

/* A character that means itself. */
static void put_literal(struct buf *out, uint32_t c)
{
    uint8_t text[4];
    if (c < 0x80 && c != '_' && !(c >= '0' && c <= '9') &&
        !(ascii_lower((uint8_t)c) >= 'a' && ascii_lower((uint8_t)c) <= 'z'))
        buf_u8(out, '\\');
    buf_put(out, text, utf8_put(text, c));
}

static void put_literals(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n;)
        put_literal(out, char_at(s, &i));
}

/* ---- words */

/* The next word from *at on; empty: none. As the pattern ONE_WORD has them. */
static struct slice next_word(struct slice s, size_t *at)
{
    size_t start = *at, i = *at, end;
    while (i < s.n && (start = i, !is_word(char_at(s, &i))))
        start = i;
    if (start >= s.n)
        return slice_of(s.p, 0);
    end = i;
    while (i < s.n) {
        size_t next = i;
        uint32_t c = char_at(s, &next);
        size_t after = next;
        bool joins = (c == '.' || c == '\'') && next < s.n && is_word(char_at(s, &after));
        if (!joins && !is_word(c))
            break;
        i = end = joins ? after : next;
    }
    *at = end;
    return slice_of(s.p + start, end - start);
}

bool query_pattern_words(struct buf *out, struct slice text, bool phrase, unsigned slop)
{
    size_t at = 0;
    unsigned n = 0;
    if (slop > SLOP_MAX)
        slop = SLOP_MAX;
    buf_cstr(out, "(?is)" QUERY_WORD_BEGIN "(?:");
    for (struct slice w; n < WORDS_MAX && (w = next_word(text, &at)).n; n++) {
        if (n && !phrase)
            buf_u8(out, '|');
        else if (n)
            buf_cstr(out, BETWEEN);
        if (n && phrase && slop)
            buf_printf(out, "(?:" ONE_WORD BETWEEN "){0,%u}", slop);
        put_literals(out, w);
    }
    buf_cstr(out, ")" QUERY_WORD_END);
    out->full = out->full || (phrase && n * slop > GAPS_MAX);
    return n > 0;
}

/* ---- wildcards */

/* The character at *i; *special: it is * or ? and stands for others. */
static uint32_t wildcard_at(struct slice s, size_t *i, bool *special)
{
    uint32_t c = char_at(s, i);
    *special = c == '*' || c == '?';
    return c == '\\' && *i < s.n ? char_at(s, i) : c;
}

void query_pattern_like(struct buf *out, struct slice wildcard)
{
    uint8_t text[4];
    for (size_t i = 0; i < wildcard.n;) {
        bool special;
        uint32_t c = wildcard_at(wildcard, &i, &special);
        if (special) {
            buf_u8(out, c == '*' ? '%' : '_');
            continue;
        }
        if (c == '%' || c == '_' || c == '\\')
            buf_u8(out, '\\');
        buf_put(out, text, utf8_put(text, c));
    }
}

bool query_pattern_wildcard(struct buf *out, struct slice wildcard)
{
    unsigned stars = 0;
    buf_cstr(out, "(?is)" QUERY_WORD_BEGIN);
    for (size_t i = 0; i < wildcard.n;) {
        bool special;
        uint32_t c = wildcard_at(wildcard, &i, &special);
        if (!special)
            put_literal(out, c);
        else if (++stars > WORDS_MAX) /* RE2's memory is bounded */
            return false;
        else
            buf_cstr(out, c == '*' ? WORD_CLASS "*" : WORD_CLASS);
    }
    buf_cstr(out, QUERY_WORD_END);
    return true;
}

/* ---- regular expressions */

struct regex {
    struct slice s;
    size_t i;
    struct buf *out;
    const char *inner;
    unsigned depth;
    bool bad;
};

/* What a part of a pattern becomes in RE2: its size, and the longest chain of repeats in it. */
struct extent {
    unsigned size, repeat;
};

static struct extent parse_union(struct regex *r);

static struct extent refuse(struct regex *r)
{
    r->bad = true;
    return (struct extent){ 0, 1 };
}

static bool more(const struct regex *r)
{
    return !r->bad && r->i < r->s.n;
}

static bool ahead(const struct regex *r, uint8_t byte)
{
    return more(r) && r->s.p[r->i] == byte;
}

static bool take(struct regex *r, uint8_t byte)
{
    bool there = ahead(r, byte);
    r->i += there;
    return there;
}

static void put_any(struct regex *r)
{
    buf_cstr(r->out, r->inner ? r->inner : ".");
}

static unsigned any_size(const struct regex *r)
{
    return r->inner ? INNER_SIZE : ANY_SIZE;
}

/* One character of a class, after its escape. */
static bool class_char(struct regex *r, uint32_t *c)
{
    (void)take(r, '\\');
    if (!more(r))
        return false;
    *c = char_at(r->s, &r->i);
    return true;
}

static struct extent parse_class(struct regex *r)
{
    buf_cstr(r->out, take(r, '^') ? "[^" : "[");
    do {
        uint32_t from, to;
        size_t start = r->i;
        if (ahead(r, '\\') && r->i + 1 < r->s.n && memchr("dDwWsS", r->s.p[r->i + 1], 6)) {
            buf_put(r->out, r->s.p + r->i, 2);
            r->i += 2;
            continue;
        }
        if (!class_char(r, &from))
            return refuse(r);
        put_literal(r->out, from);
        if (!take(r, '-'))
            continue;
        if (!class_char(r, &to) || to < from) {
            r->i = start;
            return refuse(r);
        }
        buf_u8(r->out, '-');
        put_literal(r->out, to);
    } while (more(r) && !ahead(r, ']'));
    if (!take(r, ']'))
        return refuse(r);
    buf_u8(r->out, ']');
    return (struct extent){ ANY_SIZE, 1 };
}

static struct extent parse_quoted(struct regex *r)
{
    ptrdiff_t n = slice_find(slice_after(r->s, r->i), '"');
    if (n < 0)
        return refuse(r);
    buf_cstr(r->out, "(?:");
    put_literals(r->out, slice_of(r->s.p + r->i, (size_t)n));
    buf_u8(r->out, ')');
    r->i += (size_t)n + 1;
    return (struct extent){ (unsigned)n, 1 };
}

static struct extent parse_group(struct regex *r)
{
    if (++r->depth > DEPTH_MAX)
        return refuse(r);
    buf_cstr(r->out, "(?:");
    struct extent e = ahead(r, ')') ? (struct extent){ 0, 1 } : parse_union(r);
    buf_u8(r->out, ')');
    r->depth--;
    return take(r, ')') ? e : refuse(r);
}

static struct extent parse_escaped(struct regex *r)
{
    if (!more(r))
        return refuse(r);
    if (memchr("dDwWsS", r->s.p[r->i], 6)) {
        buf_u8(r->out, '\\');
        buf_u8(r->out, r->s.p[r->i++]);
    } else {
        put_literal(r->out, char_at(r->s, &r->i));
    }
    return (struct extent){ ANY_SIZE, 1 };
}

/* long: one case per operator */
static struct extent parse_simple(struct regex *r)
{
    size_t start = r->i;
    uint32_t c = char_at(r->s, &r->i);
    switch (c) {
    case '.':
        put_any(r);
        return (struct extent){ any_size(r), 1 };
    case '@':
        buf_cstr(r->out, "(?:");
        put_any(r);
        buf_cstr(r->out, "*)");
        return (struct extent){ any_size(r), 1 };
    case '#':
        buf_cstr(r->out, "[^\\x00-\\x{10FFFF}]");
        return (struct extent){ 1, 1 };
    case '"':
        return parse_quoted(r);
    case '[':
        return parse_class(r);
    case '(':
        return parse_group(r);
    case '\\':
        return parse_escaped(r);
    case '~': /* the complement, numeric intervals and & have no like in RE2 */
    case '<':
        r->i = start;
        return refuse(r);
    }
    put_literal(r->out, c);
    return (struct extent){ 1, 1 };
}

static bool read_count(struct regex *r, unsigned *out)
{
    size_t start = r->i;
    *out = 0;
    while (more(r) && r->s.p[r->i] >= '0' && r->s.p[r->i] <= '9' && r->i - start < 5)
        *out = *out * 10 + (unsigned)(r->s.p[r->i++] - '0');
    return r->i > start && *out <= REPEAT_MAX;
}

/* Behind the {: n} n,} n,m} */
static struct extent parse_counts(struct regex *r, struct extent e)
{
    unsigned min, max;
    size_t start = r->i;
    if (!read_count(r, &min))
        return refuse(r);
    max = min;
    bool open = take(r, ',') && !read_count(r, &max);
    if ((open && !ahead(r, '}')) || (!open && max < min) || !take(r, '}'))
        return refuse(r);
    if (open)
        max = min;
    buf_printf(r->out, open ? "{%u,}" : "{%u,%u}", min, max);
    unsigned times = max ? max : 1;
    e.size = (e.size ? e.size : 1) * times + 1;
    e.repeat *= times;
    if (e.repeat <= REPEAT_MAX && e.size <= SIZE_MAX_ALL)
        return e;
    r->i = start;
    return refuse(r);
}

/* Each repeat has its own group: RE2 refuses a**. */
static struct extent parse_repeat(struct regex *r)
{
    size_t start = r->out->n;
    struct extent e = parse_simple(r);
    while (more(r) && memchr("?*+{", r->s.p[r->i], 4)) {
        uint8_t op = r->s.p[r->i++];
        uint8_t *hole = buf_room(r->out, 3);
        if (!hole || ++r->depth > DEPTH_MAX)
            return refuse(r);
        memmove(r->out->p + start + 3, r->out->p + start, r->out->n - start);
        memcpy(r->out->p + start, "(?:", 3);
        r->out->n += 3;
        buf_u8(r->out, ')');
        if (op == '{')
            e = parse_counts(r, e);
        else
            buf_u8(r->out, op);
    }
    return e;
}

static struct extent parse_concat(struct regex *r)
{
    struct extent all = { 0, 1 };
    unsigned depth = r->depth;
    while (more(r) && !ahead(r, '|') && !ahead(r, ')')) {
        if (ahead(r, '&'))
            return refuse(r);
        struct extent e = parse_repeat(r);
        r->depth = depth;
        all.size += e.size;
        all.repeat = e.repeat > all.repeat ? e.repeat : all.repeat;
        if (all.size > SIZE_MAX_ALL)
            return refuse(r);
    }
    return all;
}

static struct extent parse_union(struct regex *r)
{
    struct extent all = parse_concat(r);
    while (take(r, '|')) {
        buf_u8(r->out, '|');
        struct extent e = parse_concat(r);
        all.size += e.size + 1;
        all.repeat = e.repeat > all.repeat ? e.repeat : all.repeat;
        if (all.size > SIZE_MAX_ALL)
            return refuse(r);
    }
    return all;
}

bool query_pattern_regex(struct buf *out, struct slice lucene, const char *inner, size_t *bad)
{
    struct regex r = { .s = lucene, .out = out, .inner = inner };
    (void)parse_union(&r);
    *bad = r.i;
    return !r.bad && r.i == lucene.n;
}
