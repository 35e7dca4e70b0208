/* JSON (RFC 8259) into an array of nodes in one pass, without recursion. The rules are Jackson's:
 * byte order mark passed, no leading zeroes, no comments, names may repeat, depth 1,000.
 *
 * Rule 2 (cursor) is broken here for speed: behind the text stands a zero byte and then padding. No
 * scan passes a zero byte without asking whether it is the end, and no step reads more than
 * JSONDOC_PAD bytes ahead. */
#include "codec/jsondoc.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define FEW_MEMBERS 48 /* up to here repeated names are found by comparing each with each */

struct reader {
    struct jsondoc *d;
    uint8_t *p;
    const uint8_t *end;
    struct jsondoc_level *level;  /* the innermost open list or object; level[-1] around it */
    struct jsondoc_shape *shapes; /* those of d, or one that is nobody's */
    uint16_t shape;               /* of the last name that has one */
    bool lenient;
    enum jsondoc_result fault;
};

#if defined(__SSE2__)
/* How many of the next 16 bytes are plain characters of a string: ASCII, no quote, backslash or
 * control character. */
static inline unsigned plain_run(const uint8_t *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v));
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(special, v));
    return mask ? (unsigned)__builtin_ctz(mask) : 16;
}
#else
static inline unsigned plain_run(const uint8_t *p)
{
    unsigned n = 0;
    while (n < 16 && p[n] >= ' ' && p[n] < 0x80 && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}
#endif

static inline bool is_digit(uint8_t b)
{
    return (uint8_t)(b - '0') < 10;
}

static inline void skip_space(struct reader *r)
{
    while (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')
        r->p++;
}

static bool fail(struct reader *r, enum jsondoc_result fault)
{
    r->fault = fault;
    return false;
}

static int hex_digit(uint8_t b)
{
    if (is_digit(b))
        return b - '0';
    b = ascii_lower(b);
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

/* Four hexadecimal digits, or -1. A zero byte is no digit, so the end is not passed. */
static int32_t hex4(const uint8_t *p)
{
    int32_t v = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* \uXXXX at *from (behind the backslash and the u) to *to. A pair of surrogates is one character;
 * a lone one becomes three bytes. */
static bool put_unit(const uint8_t **from, uint8_t **to)
{
    int32_t unit = hex4(*from);
    if (unit < 0)
        return false;
    *from += 4;
    if ((unit & 0xfc00) == 0xd800 && (*from)[0] == '\\' && (*from)[1] == 'u') {
        int32_t low = hex4(*from + 2);
        if (low >= 0 && (low & 0xfc00) == 0xdc00) {
            *from += 6;
            unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
        }
    }
    *to += utf8_put(*to, (uint32_t)unit);
    return true;
}

/* One escape at *from (behind the backslash). */
static bool put_escape(const uint8_t **from, uint8_t **to)
{
    static const uint8_t plain[256] = { ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t' };
    uint8_t b = **from;
    (*from)++;
    if (b == 'u')
        return put_unit(from, to);
    if (!plain[b])
        return false;
    *(*to)++ = plain[b];
    return true;
}

/* The rest of a string from an escape or another odd byte at p on: what has been read up to there
 * starts at `start`. Written over itself: no escape is shorter than what it stands for. */
static bool read_odd_string(struct reader *r, uint8_t *start, struct slice *out)
{
    const uint8_t *p = r->p;
    uint8_t *to = r->p;
    for (;;) {
        uint8_t b = *p;
        unsigned length = 1;
        if (b == '"')
            break;
        if (b == '\\') {
            p++;
            if (!put_escape(&p, &to))
                return fail(r, JSONDOC_BAD);
            continue;
        }
        if (b < ' ' && (!r->lenient || p >= r->end))
            return fail(r, JSONDOC_BAD);
        if (b >= 0x80)
            length = utf8_len(p, (size_t)(r->end - p));
        if (!length)
            return fail(r, JSONDOC_BAD);
        memmove(to, p, length);
        to += length;
        p += length;
    }
    *out = slice_of(start, (size_t)(to - start));
    r->p += p + 1 - r->p;
    return true;
}

/* A string; p is behind its first quote. */
static inline bool read_string(struct reader *r, struct slice *out)
{
    uint8_t *start = r->p;
    unsigned run;
    while ((run = plain_run(r->p)) == 16)
        r->p += 16;
    r->p += run;
    if (UNLIKELY(*r->p != '"'))
        return read_odd_string(r, start, out);
    *out = slice_of(start, (size_t)(r->p - start));
    r->p++;
    return true;
}

/* The rest of a number with a point or an exponent at p. */
static bool read_double(struct reader *r, uint8_t *start, struct jsondoc_node *v)
{
    uint8_t *p = r->p;
    if (*p == '.') {
        if (!is_digit(*++p))
            return fail(r, JSONDOC_BAD);
        while (is_digit(*p))
            p++;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (!is_digit(*p))
            return fail(r, JSONDOC_BAD);
        while (is_digit(*p))
            p++;
    }
    if (p - start > JSONDOC_DIGITS)
        return fail(r, JSONDOC_BAD);
    uint8_t behind = *p;
    *p = '\0';
    v->d = strtod((const char *)start, NULL);
    *p = behind;
    v->type = JD_DOUBLE;
    r->p = p;
    return true;
}

static bool read_number(struct reader *r, struct jsondoc_node *v)
{
    uint8_t *start = r->p, *p = start + (*start == '-'), *digits = p;
    uint64_t size = 0;
    for (; is_digit(*p); p++)
        size = 10 * size + (uint64_t)(*p - '0');
    if (UNLIKELY(p == digits || (*digits == '0' && p - digits > 1)))
        return fail(r, JSONDOC_BAD);
    r->p = p;
    if (*p == '.' || *p == 'e' || *p == 'E')
        return read_double(r, start, v);
    v->type = JD_INT;
    v->i = (int64_t)(*start == '-' ? -size : size);
    if (LIKELY(p - digits < 19))
        return true;
    if (p - digits > JSONDOC_DIGITS)
        return fail(r, JSONDOC_BAD);
    /* Nineteen digits fit into 64 bits without sign, and perhaps with it. */
    if (p - digits > 19 || size > (uint64_t)INT64_MAX + (*start == '-')) {
        v->flags = JD_WIDE;
        v->s = start;
        v->n = (uint32_t)(p - start);
    }
    return true;
}

static bool read_word(struct reader *r, struct jsondoc_node *v)
{
    struct slice rest = slice_of(r->p, (size_t)(r->end - r->p));
    if (slice_starts(rest, SLICE("true")) || slice_starts(rest, SLICE("null"))) {
        v->type = *r->p == 't' ? JD_BOOL : JD_NULL;
        v->i = 1;
        r->p += 4;
        return true;
    }
    if (!slice_starts(rest, SLICE("false")))
        return fail(r, JSONDOC_BAD);
    v->type = JD_BOOL;
    v->i = 0;
    r->p += 5;
    return true;
}

/* The value of an earlier member of the same name is replaced by that of a later one, `again`,
 * which goes: `before` is the member in front of it. */
static void replace(struct jsondoc *d, uint32_t earlier, uint32_t again, uint32_t before)
{
    struct jsondoc_node value = d->node[again], *to = &d->node[earlier];
    value.key = to->key;
    value.key_n = to->key_n;
    value.next = to->next;
    d->node[before].next = d->node[again].next;
    if (before == earlier)
        value.next = d->node[again].next;
    *to = value;
}

static uint32_t equal_among_few(const struct jsondoc *d, uint32_t first, uint32_t i)
{
    struct slice key = jsondoc_key(&d->node[i]);
    while (first != i && !slice_eq(jsondoc_key(&d->node[first]), key))
        first = d->node[first].next;
    return first;
}

/* The same with a table of `mask + 1` places, which takes i when there is no equal one. */
static uint32_t equal_among_many(struct jsondoc *d, uint32_t mask, uint32_t i)
{
    struct slice key = jsondoc_key(&d->node[i]);
    uint32_t at = (uint32_t)hash_bytes(&d->hash, key.p, key.n) & mask;
    for (; d->seen[at]; at = (at + 1) & mask) {
        if (slice_eq(jsondoc_key(&d->node[d->seen[at]]), key))
            return d->seen[at];
    }
    d->seen[at] = i;
    return i;
}

/* Of members of equal names the last value stands at the first one's place. */
static void drop_repeated(struct jsondoc *d, struct jsondoc_node *object)
{
    uint32_t mask = 0, members = object->n;
    if (members > FEW_MEMBERS) {
        for (mask = 1; mask < 2 * members;)
            mask = 2 * mask + 1;
        memset(d->seen, 0, (mask + 1) * sizeof *d->seen);
    }
    uint32_t before = object->child;
    for (uint32_t i = object->child; i; i = d->node[i].next) {
        uint32_t equal = mask ? equal_among_many(d, mask, i) : equal_among_few(d, object->child, i);
        if (equal == i) {
            before = i;
            continue;
        }
        replace(d, equal, i, before);
        object->n--;
    }
}

static void note_name(struct jsondoc_level *l, struct slice key)
{
    unsigned kind = 31u * (unsigned)key.n;
    if (key.n)
        kind += 7u * key.p[0] + 29u * key.p[key.n - 1] + 83u * key.p[key.n / 2];
    l->shapeless++;
    uint64_t bit = (uint64_t)1 << (kind & 63), *names = &l->names[kind >> 6 & 3];
    l->repeats |= (*names & bit) != 0;
    *names |= bit;
}

static inline void note_shape(struct jsondoc_level *l, struct jsondoc_shape *s)
{
    l->repeats |= s->in == l->number;
    s->in = l->number;
}

/* Names with a shape and names without may be equal. */
static inline bool may_repeat(const struct jsondoc_level *l, const struct jsondoc_node *object)
{
    return UNLIKELY(l->repeats || (l->shapeless && l->shapeless != object->n));
}

/* ---- names that are expected */

#define SHAPE_PLACES (2 * JSONDOC_SHAPES)
#define SHAPE_STEPS  16
enum { ROOT = 1, AROUND = 3 }; /* quotes and colon */

/* The shape of a name at the path `parent`, or 0; *place is where it belongs when it is new. */
static unsigned find_shape(const struct jsondoc *d, unsigned parent, struct slice key,
                           unsigned *place)
{
    unsigned at = (unsigned)(hash_bytes(&d->hash, key.p, key.n) + parent * 0x9e3779b1u);
    for (unsigned steps = 0; steps < SHAPE_STEPS; steps++, at++) {
        unsigned id = d->shape_at[at % SHAPE_PLACES];
        const struct jsondoc_shape *s = &d->shape[id];
        *place = at % SHAPE_PLACES;
        if (!id)
            return 0;
        if (s->parent == parent && slice_eq(slice_of(s->text + 1, s->key_n), key))
            return id;
    }
    *place = SHAPE_PLACES;
    return 0;
}

static unsigned add_shape(struct jsondoc *d, unsigned parent, struct slice key, unsigned place)
{
    unsigned id = d->n_shapes;
    if (place == SHAPE_PLACES || id == JSONDOC_SHAPES)
        return 0;
    struct jsondoc_shape *s = &d->shape[id];
    *s = (struct jsondoc_shape){ .parent = (uint16_t)parent, .key_n = (uint8_t)key.n };
    s->need = (uint32_t)(((uint64_t)1 << (key.n + AROUND)) - 1);
    memcpy(s->text, key.p - 1, key.n + AROUND);
    d->shape_at[place] = (uint16_t)id;
    d->n_shapes++;
    return id;
}

/* The shape of a name that was read, as it is written in front of p; 0: it has none. */
static unsigned shape_of(struct reader *r, struct slice key)
{
    struct jsondoc *d = r->d;
    unsigned place, id = 0;
    bool plain = key.n <= sizeof d->shape->text - AROUND && key.p + key.n + 1 == r->p;
    if (!r->level->shape || !plain || *r->p != ':')
        return 0;
    id = find_shape(d, r->level->shape, key, &place);
    if (!id)
        id = add_shape(d, r->level->shape, key, place);
    if (id) {
        d->shape[r->shape].next = (uint16_t)id;
        r->shape = (uint16_t)id;
    }
    return id;
}

#if defined(__SSE2__)
static inline uint32_t equal_bytes(const uint8_t *p, const uint8_t *q)
{
    const __m128i *a = (const void *)p, *b = (const void *)q;
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128(a), _mm_loadu_si128(b));
    __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128(a + 1), _mm_loadu_si128(b + 1));
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}
#else
static inline uint32_t equal_bytes(const uint8_t *p, const uint8_t *q)
{
    uint32_t equal = 0;
    for (unsigned i = 0; i < 32; i++)
        equal |= (uint32_t)(p[i] == q[i]) << i;
    return equal;
}
#endif

/* The next name is the one that came here last time. */
static inline bool is_expected(const struct reader *r, const struct jsondoc_shape *s)
{
    return s->need && s->parent == r->level->shape &&
           r->end + JSONDOC_PAD - r->p >= (ptrdiff_t)sizeof s->text &&
           (equal_bytes(r->p, s->text) & s->need) == s->need;
}

/* ---- nodes */

/* A new node as the last member of the innermost list or object; NULL when there are too many. */
static inline struct jsondoc_node *append(struct reader *r, struct slice key, unsigned shape)
{
    struct jsondoc *d = r->d;
    if (UNLIKELY(d->n == d->max)) {
        r->fault = JSONDOC_TOO_LARGE;
        return NULL;
    }
    uint32_t i = d->n++;
    struct jsondoc_node *v = &d->node[i];
    *v = (struct jsondoc_node){ .key = key.p, .key_n = (uint32_t)key.n, .shape = (uint16_t)shape };
    struct jsondoc_level *l = r->level;
    if (i) {
        if (l->last)
            d->node[l->last].next = i;
        else
            d->node[l->parent].child = i;
        d->node[l->parent].n++;
        l->last = i;
    }
    return v;
}

static bool open_level(struct reader *r, struct jsondoc_node *v)
{
    if (r->level == r->d->level + JSONDOC_DEPTH_MAX)
        return fail(r, JSONDOC_TOO_DEEP);
    v->type = *r->p == '{' ? JD_OBJECT : JD_ARRAY;
    r->p++;
    r->level++;
    *r->level = (struct jsondoc_level){ .parent = (uint32_t)(v - r->d->node),
                                        .shape = v->shape,
                                        .number = ++r->d->levels };
    return true;
}

static void close_level(struct reader *r)
{
    struct jsondoc_node *parent = &r->d->node[r->level->parent];
    if (parent->type == JD_OBJECT && may_repeat(r->level, parent))
        drop_repeated(r->d, parent);
    r->p++;
    r->level--;
}

static bool read_value(struct reader *r, struct slice key, unsigned shape)
{
    struct jsondoc_node *v = append(r, key, shape);
    struct slice s;
    if (!v)
        return false;
    switch (*r->p) {
    case '"':
        r->p++;
        if (!read_string(r, &s))
            return false;
        v->type = JD_STR;
        v->s = s.p;
        v->n = (uint32_t)s.n;
        return true;
    case '{':
    case '[':
        return open_level(r, v);
    case 't':
    case 'f':
    case 'n':
        return read_word(r, v);
    default:
        return read_number(r, v);
    }
}

/* A name up to behind its colon. */
static bool read_name(struct reader *r, struct slice *key, unsigned *shape)
{
    if (*r->p != '"')
        return fail(r, JSONDOC_BAD);
    r->p++;
    if (!read_string(r, key))
        return false;
    *shape = shape_of(r, *key);
    if (*shape)
        note_shape(r->level, &r->d->shape[*shape]);
    else
        note_name(r->level, *key);
    skip_space(r);
    if (*r->p != ':')
        return fail(r, JSONDOC_BAD);
    r->p++;
    return true;
}

/* A member of the innermost list or object. */
static inline bool read_member(struct reader *r, bool in_object)
{
    struct slice key = { NULL, 0 };
    unsigned shape = r->level->shape;
    if (in_object) {
        unsigned next = r->shapes[r->shape].next;
        struct jsondoc_shape *s = &r->shapes[next];
        if (LIKELY(is_expected(r, s))) {
            key = slice_of(r->p + 1, s->key_n);
            r->p += s->key_n + AROUND;
            r->shape = (uint16_t)next;
            shape = next;
            note_shape(r->level, s);
        } else if (!read_name(r, &key, &shape)) {
            return false;
        }
        skip_space(r);
    }
    return read_value(r, key, shape);
}

/* What may stand behind a member or a bracket that opened, and the next member if there is one. */
static bool step(struct reader *r)
{
    const struct jsondoc_node *parent = &r->d->node[r->level->parent];
    bool in_object = parent->type == JD_OBJECT, first = r->level->last == 0;
    uint8_t closing = in_object ? '}' : ']';
    skip_space(r);
    if (*r->p == closing) {
        close_level(r);
        return true;
    }
    if (!first) {
        if (*r->p != ',')
            return fail(r, JSONDOC_BAD);
        r->p++;
        skip_space(r);
        if (r->lenient && *r->p == closing) {
            close_level(r);
            return true;
        }
    }
    return read_member(r, in_object);
}

enum jsondoc_result jsondoc_read(struct jsondoc *d, uint8_t *text, size_t n, unsigned options)
{
    static struct jsondoc_shape none; /* expects nothing; not written */
    struct reader r = { .d = d, .p = text, .end = text + n, .level = d->level, .shapes = &none };
    memset(text + n, 0, JSONDOC_PAD);
    d->n = 0;
    r.lenient = (options & JSONDOC_LENIENT) != 0;
    if (!r.lenient && slice_starts(slice_of(text, n), SLICE("\xef\xbb\xbf")))
        r.p += 3;
    skip_space(&r);
    if (r.p >= r.end)
        return JSONDOC_EMPTY;
    if (d->shape && !r.lenient) { /* what is lenient is not kept */
        r.shapes = d->shape;
        r.shape = ROOT;
    }
    if (!read_value(&r, slice_of(NULL, 0), r.shape))
        return r.fault;
    while (r.level != d->level) {
        if (!step(&r))
            return r.fault;
    }
    d->end = (size_t)(r.p - text);
    return JSONDOC_OK;
}

const struct jsondoc_node *jsondoc_get(const struct jsondoc *d, const struct jsondoc_node *of,
                                       struct slice key)
{
    if (!of || of->type != JD_OBJECT)
        return NULL;
    for (uint32_t i = of->child; i; i = d->node[i].next) {
        if (slice_eq(jsondoc_key(&d->node[i]), key))
            return &d->node[i];
    }
    return NULL;
}

void jsondoc_init(struct jsondoc *d, uint32_t max_nodes)
{
    uint32_t places = 4;
    while (places < 4 * max_nodes)
        places *= 2;
    *d = (struct jsondoc){ .max = max_nodes, .hash = hash_key_random() };
    d->node = xcalloc(max_nodes, sizeof *d->node);
    d->seen = xcalloc(places, sizeof *d->seen);
    d->shape = xcalloc(JSONDOC_SHAPES, sizeof *d->shape);
    d->shape_at = xcalloc(SHAPE_PLACES, sizeof *d->shape_at);
    d->n_shapes = ROOT + 1;
}

void jsondoc_free(struct jsondoc *d)
{
    xfree(d->node);
    xfree(d->seen);
    xfree(d->shape);
    xfree(d->shape_at);
}
