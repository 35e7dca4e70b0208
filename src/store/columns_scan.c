/* Splitting messages as message_json writes them, without reading all of their JSON into nodes: the
 * members that have no column are copied as they stand. What is written in any other way is left to
 * columns_split, so both give the same.
 *
 * Rule 2 (cursor) is broken here for speed: nothing is read at or behind `end`. */
#include "base/bug.h"
#include "base/utf8.h"
#include "store/columns_private.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define DEPTH_MAX  32
#define NAMES      1024 /* a power of two; half of them are filled at most */
#define INT_DIGITS 18
#define DIGITS_MAX 17 /* of a double; its writer gives no more than it needs */
#define SLOTS      256

struct column_scanner {
    uint8_t slot[SLOTS]; /* by the hash of a name: a column + 1, the next one where it is taken */
    struct {
        uint32_t turn; /* of an older message: free */
        struct slice name;
    } seen[NAMES];
    uint32_t turn;
};

enum token_type { TOKEN_NULL, TOKEN_BOOL, TOKEN_INT, TOKEN_DOUBLE, TOKEN_TEXT, TOKEN_NESTED };

struct token {
    enum token_type type;
    struct slice text; /* of a text: between its quotes; else all of it */
    bool escapes;      /* a text with backslashes */
    bool list;
    int64_t i;
};

struct scan {
    const uint8_t *p, *end;
};

/* ---- names */

static uint64_t load8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t hash_name(struct slice s)
{
    uint64_t a = s.n, b = 0;
    if (s.n >= 8) {
        a ^= load8(s.p);
        b = load8(s.p + s.n - 8);
    } else {
        for (size_t i = 0; i < s.n; i++)
            b = b << 8 | s.p[i];
    }
    a = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(a >> 32);
}

struct column_scanner *column_scanner_new(void)
{
    struct column_scanner *x = xcalloc(1, sizeof *x);
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        uint32_t at = hash_name(columns[i].name) % SLOTS;
        while (x->slot[at])
            at = (at + 1) % SLOTS;
        x->slot[at] = (uint8_t)(i + 1);
    }
    return x;
}

void column_scanner_free(struct column_scanner *x)
{
    xfree(x);
}

static int find_column(const struct column_scanner *x, struct slice name, uint32_t hash)
{
    for (uint32_t at = hash % SLOTS; x->slot[at]; at = (at + 1) % SLOTS)
        if (slice_eq(columns[x->slot[at] - 1].name, name))
            return x->slot[at] - 1;
    return -1;
}

/* False: it is there already, or they are too many. */
static bool take_name(struct column_scanner *x, struct slice name, uint32_t hash, unsigned n)
{
    uint32_t at = (hash >> 8) % NAMES;
    if (n >= NAMES / 2)
        return false;
    for (; x->seen[at].turn == x->turn; at = (at + 1) % NAMES)
        if (slice_eq(x->seen[at].name, name))
            return false;
    x->seen[at].turn = x->turn;
    x->seen[at].name = name;
    return true;
}

static void begin_names(struct column_scanner *x)
{
    if (++x->turn)
        return;
    memset(x->seen, 0, sizeof x->seen);
    x->turn = 1;
}

/* ---- values */

#if defined(__SSE2__)
/* Passes bytes that mean nothing in a string, 16 at a time. */
static const uint8_t *pass_plain(const uint8_t *p, const uint8_t *end)
{
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i special = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                       _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v));
        unsigned mask = (unsigned)_mm_movemask_epi8(special);
        if (mask)
            return p + __builtin_ctz(mask);
    }
    return p;
}
#else
static const uint8_t *pass_plain(const uint8_t *p, const uint8_t *end)
{
    (void)end;
    return p;
}
#endif

static bool is_at(const struct scan *s, uint8_t b)
{
    return s->p < s->end && *s->p == b;
}

static bool take(struct scan *s, uint8_t b)
{
    bool there = is_at(s, b);
    s->p += there;
    return there;
}

/* Escapes that every writer writes alike. */
static bool take_escape(struct scan *s)
{
    static const bool plain[256] = { ['"'] = true, ['\\'] = true, ['b'] = true, ['f'] = true,
                                     ['n'] = true, ['r'] = true,  ['t'] = true };
    if (s->end - s->p < 2 || !plain[s->p[1]])
        return false;
    s->p += 2;
    return true;
}

static bool take_text(struct scan *s, struct token *t)
{
    if (!take(s, '"'))
        return false;
    const uint8_t *start = s->p;
    t->type = TOKEN_TEXT;
    for (;;) {
        s->p = pass_plain(s->p, s->end);
        while (s->p < s->end && *s->p >= ' ' && *s->p != '"' && *s->p != '\\')
            s->p++;
        if (take(s, '"'))
            break;
        if (!is_at(s, '\\') || !take_escape(s))
            return false;
        t->escapes = true;
    }
    t->text = slice_of(start, (size_t)(s->p - 1 - start));
    return true;
}

static unsigned count_digits(const struct scan *s)
{
    const uint8_t *p = s->p;
    while (p < s->end && (uint8_t)(*p - '0') < 10)
        p++;
    return (unsigned)(p - s->p);
}

/* What is behind a point: written as Java writes it, of a value from 0.001 to below 10^7. */
static bool take_fraction(struct scan *s, unsigned whole, bool is_zero)
{
    unsigned n = count_digits(s);
    const uint8_t *p = s->p;
    if (!n || whole + n > DIGITS_MAX || whole > 7 || (p[n - 1] == '0' && n > 1))
        return false;
    bool small = is_zero && n >= 3 && p[0] == '0' && p[1] == '0' && p[2] == '0';
    s->p += n;
    return !small && !is_at(s, 'e') && !is_at(s, 'E');
}

static bool take_number(struct scan *s, struct token *t)
{
    bool negative = take(s, '-'), is_zero = is_at(s, '0');
    unsigned n = count_digits(s);
    if (!n || n > INT_DIGITS || (is_zero && n > 1))
        return false;
    for (unsigned i = 0; i < n; i++)
        t->i = 10 * t->i + *s->p++ - '0';
    if (take(s, '.')) {
        t->type = TOKEN_DOUBLE;
        return take_fraction(s, n, is_zero);
    }
    if (negative)
        t->i = -t->i;
    t->type = TOKEN_INT;
    return !(negative && is_zero) && !is_at(s, 'e') && !is_at(s, 'E');
}

static bool take_word(struct scan *s, struct slice word)
{
    if ((size_t)(s->end - s->p) < word.n || memcmp(s->p, word.p, word.n) != 0)
        return false;
    s->p += word.n;
    return true;
}

static bool take_value(struct scan *s, struct token *t, unsigned depth);

/* A list or an object. */
static bool take_nested(struct scan *s, unsigned depth)
{
    bool list = is_at(s, '[');
    uint8_t close = list ? ']' : '}';
    s->p++;
    if (depth == DEPTH_MAX)
        return false;
    if (take(s, close))
        return true;
    do {
        struct token name = { 0 }, value;
        if (!list && (!take_text(s, &name) || name.escapes || !take(s, ':')))
            return false;
        if (!take_value(s, &value, depth + 1))
            return false;
    } while (take(s, ','));
    return take(s, close);
}

static bool take_value(struct scan *s, struct token *t, unsigned depth)
{
    *t = (struct token){ .type = TOKEN_NULL };
    switch (s->p < s->end ? *s->p : 0) {
    case '"':
        return take_text(s, t);
    case '[':
    case '{':
        t->type = TOKEN_NESTED;
        t->list = *s->p == '[';
        t->text.p = s->p;
        if (!take_nested(s, depth))
            return false;
        t->text.n = (size_t)(s->p - t->text.p);
        return true;
    case 't':
        t->type = TOKEN_BOOL;
        t->i = 1;
        return take_word(s, SLICE("true"));
    case 'f':
        t->type = TOKEN_BOOL;
        return take_word(s, SLICE("false"));
    case 'n':
        return take_word(s, SLICE("null"));
    default:
        return take_number(s, t);
    }
}

/* ---- members */

/* False: it goes to the rest. */
static bool fits(const struct token *t, enum column_kind kind, struct duck_value *out)
{
    static const enum duck_kind plain[] = { [COLUMN_BOOL] = DUCK_BOOL, [COLUMN_INT] = DUCK_INT };
    switch (kind) {
    case COLUMN_BOOL:
    case COLUMN_INT:
        *out = (struct duck_value){ .kind = plain[kind], .i = t->i };
        return t->type == (kind == COLUMN_BOOL ? TOKEN_BOOL : TOKEN_INT);
    case COLUMN_TEXT:
        *out = (struct duck_value){ .kind = DUCK_TEXT, .text = t->text };
        return t->type == TOKEN_TEXT;
    case COLUMN_TIME:
        return t->type == TOKEN_TEXT && column_read_time(t->text, out);
    case COLUMN_LIST:
        *out = (struct duck_value){ .kind = DUCK_TEXT, .text = t->text };
        return t->type == TOKEN_NESTED && t->list;
    case COLUMN_MARK:
        return false;
    }
    return false;
}

/* Members of the rest that stand side by side are copied at once. */
struct rest {
    struct buf *mem;
    size_t start;
    const uint8_t *from; /* of the run at hand; NULL: none */
};

static void end_run(struct rest *r, const uint8_t *to)
{
    if (!r->from)
        return;
    buf_u8(r->mem, r->mem->n == r->start ? '{' : ',');
    buf_put(r->mem, r->from, (size_t)(to - r->from));
    r->from = NULL;
}

/* One member at s->p; false: it is left to columns_split. */
static bool take_member(struct column_scanner *x, struct scan *s, struct message_row *row,
                        struct rest *rest, unsigned n)
{
    const uint8_t *start = s->p;
    struct token name = { 0 }, value;
    if (!take_text(s, &name) || name.escapes || !take(s, ':') || !take_value(s, &value, 0))
        return false;
    uint32_t hash = hash_name(name.text);
    int at = find_column(x, name.text, hash);
    struct duck_value v;
    if (!take_name(x, name.text, hash, n))
        return false;
    if (at >= 0 && value.escapes && columns[at].kind != COLUMN_MARK)
        return false;
    if (at >= 0 && fits(&value, columns[at].kind, &v)) {
        row->v[at] = v;
        end_run(rest, start - 1); /* the comma is not part of it */
        return true;
    }
    if (at >= 0 && columns[at].kind != COLUMN_MARK && value.type != TOKEN_NULL)
        row->v[COLUMN_misfits] = (struct duck_value){ .kind = DUCK_BOOL, .i = 1 };
    rest->from = rest->from ? rest->from : start;
    return true;
}

bool columns_scan(struct column_scanner *x, struct slice text, struct message_row *row,
                  struct buf *mem)
{
    struct scan s = { text.p, text.p + text.n };
    struct rest rest = { mem, mem->n, NULL };
    unsigned n = 0;
    memset(row, 0, sizeof *row);
    begin_names(x);
    if (!utf8_ok(text) || !take(&s, '{') || is_at(&s, '}'))
        return false;
    do {
        if (!take_member(x, &s, row, &rest, n++))
            return false;
    } while (take(&s, ','));
    if (!take(&s, '}') || s.p != s.end)
        return false;
    end_run(&rest, s.p - 1);
    if (mem->n > rest.start)
        buf_u8(mem, '}');
    row->doc = buf_since(mem, rest.start);
    return !mem->full;
}

/* ---- names */

static enum member_kind kind_of(const struct token *t)
{
    static const enum member_kind kinds[] = { [TOKEN_BOOL] = MEMBER_BOOL,
                                              [TOKEN_INT] = MEMBER_INT,
                                              [TOKEN_DOUBLE] = MEMBER_DOUBLE,
                                              [TOKEN_TEXT] = MEMBER_TEXT,
                                              [TOKEN_NESTED] = MEMBER_OBJECT };
    return t->list ? MEMBER_LIST : kinds[t->type];
}

/* fn NULL: only whether all of it can be read. */
static bool each_member(struct slice doc, columns_member_fn *fn, void *ctx)
{
    struct scan s = { doc.p, doc.p + doc.n };
    if (!take(&s, '{'))
        return false;
    do {
        struct token name = { 0 }, value;
        if (!take_text(&s, &name) || name.escapes || !take(&s, ':') || !take_value(&s, &value, 0))
            return false;
        if (fn && value.type != TOKEN_NULL)
            fn(ctx, name.text, kind_of(&value));
    } while (take(&s, ','));
    return take(&s, '}') && s.p == s.end;
}

bool columns_members(struct slice doc, columns_member_fn *fn, void *ctx)
{
    return each_member(doc, NULL, NULL) && each_member(doc, fn, ctx);
}
