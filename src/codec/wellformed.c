/* Scanners of JSON and XML: one pass, a stack of fixed size. */
#include "codec/wellformed.h"

#include "base/cursor.h"

static bool is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

static bool next_is(struct cursor *c, uint8_t b)
{
    return cur_left(c) && c->p[0] == b;
}

/* Passes b when it comes next. */
static bool take(struct cursor *c, uint8_t b)
{
    bool there = next_is(c, b);
    if (there)
        cur_skip(c, 1);
    return there;
}

static void skip_space(struct cursor *c)
{
    while (cur_left(c) && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        cur_skip(c, 1);
}

/* ---- JSON */

static bool hex4(struct cursor *c)
{
    for (unsigned i = 0; i < 4; i++) {
        uint8_t b = ascii_lower(cur_u8(c));
        if (!is_digit(b) && (b < 'a' || b > 'f'))
            return false;
    }
    return true;
}

static bool json_text(struct cursor *c)
{
    if (!take(c, '"'))
        return false;
    while (cur_left(c)) {
        uint8_t b = cur_u8(c);
        if (b == '"')
            return true;
        if (b < ' ')
            return false;
        if (b != '\\')
            continue;
        b = cur_u8(c);
        if (b == 'u' ? !hex4(c) : b == 0 || !strchr("\"\\/bfnrt", b))
            return false;
    }
    return false;
}

static size_t digits(struct cursor *c)
{
    const uint8_t *start = c->p;
    while (cur_left(c) && is_digit(*c->p))
        cur_skip(c, 1);
    return (size_t)(c->p - start);
}

static bool json_number(struct cursor *c)
{
    take(c, '-');
    if (!take(c, '0') && !digits(c))
        return false;
    if (take(c, '.') && !digits(c))
        return false;
    if (!take(c, 'e') && !take(c, 'E'))
        return true;
    if (!take(c, '+'))
        take(c, '-');
    return digits(c) > 0;
}

static bool json_word(struct cursor *c)
{
    static const char *const words[] = { "true", "false", "null" };
    for (size_t i = 0; i < COUNT(words); i++) {
        struct slice word = slice_cstr(words[i]);
        if (slice_starts(cur_rest(c), word)) {
            cur_skip(c, word.n);
            return true;
        }
    }
    return false;
}

/* Up to the value of a member, when inside an object. */
static bool json_key(struct cursor *c, uint8_t closing)
{
    skip_space(c);
    if (closing != '}')
        return true;
    if (!json_text(c))
        return false;
    skip_space(c);
    if (!take(c, ':'))
        return false;
    skip_space(c);
    return true;
}

struct json_levels {
    uint8_t closing[WELLFORMED_DEPTH_MAX];
    unsigned n;
};

/* The beginning of a value: a whole scalar, or an object or a list that was opened. */
static bool json_begin(struct cursor *c, struct json_levels *l, bool *whole)
{
    uint8_t b = cur_left(c) ? *c->p : 0;
    *whole = true;
    if (b != '{' && b != '[')
        return b == '"' ? json_text(c) : is_digit(b) || b == '-' ? json_number(c) : json_word(c);
    if (l->n == WELLFORMED_DEPTH_MAX)
        return false;
    cur_skip(c, 1);
    l->closing[l->n++] = b == '{' ? '}' : ']';
    skip_space(c);
    *whole = take(c, l->closing[l->n - 1]);
    l->n -= *whole;
    return *whole || json_key(c, l->closing[l->n - 1]);
}

/* Behind a value: closes what ends here, and leads to the next value. False: it is not so. */
static bool json_next(struct cursor *c, struct json_levels *l)
{
    while (l->n) {
        uint8_t closing = l->closing[l->n - 1];
        skip_space(c);
        if (take(c, ','))
            return json_key(c, closing);
        if (!take(c, closing))
            return false;
        l->n--;
    }
    return true;
}

bool wellformed_json(struct slice text)
{
    struct cursor c = cur_of(text);
    struct json_levels l = { .n = 0 };
    skip_space(&c);
    do {
        bool whole;
        if (!json_begin(&c, &l, &whole) || (whole && !json_next(&c, &l)))
            return false;
    } while (l.n);
    skip_space(&c);
    return cur_ok(&c) && cur_left(&c) == 0;
}

/* ---- XML */

/* Passes all up to and with the text. */
static bool pass(struct cursor *c, struct slice end)
{
    ptrdiff_t at = slice_search(cur_rest(c), end);
    if (at < 0)
        return false;
    cur_skip(c, (size_t)at + end.n);
    return true;
}

static bool is_name_byte(uint8_t b)
{
    return is_digit(b) || (ascii_lower(b) >= 'a' && ascii_lower(b) <= 'z') || b >= 0x80 ||
           b == '_' || b == ':' || b == '-' || b == '.';
}

static struct slice xml_name(struct cursor *c)
{
    const uint8_t *start = c->p;
    while (cur_left(c) && is_name_byte(*c->p))
        cur_skip(c, 1);
    return slice_of(start, (size_t)(c->p - start));
}

static bool xml_attribute(struct cursor *c)
{
    if (!xml_name(c).n)
        return false;
    skip_space(c);
    if (!take(c, '='))
        return false;
    skip_space(c);
    if (take(c, '"'))
        return pass(c, SLICE("\""));
    return take(c, '\'') && pass(c, SLICE("'"));
}

struct xml_levels {
    struct slice name[WELLFORMED_DEPTH_MAX];
    unsigned n;
};

/* Behind the name of a start tag, up to its end. */
static bool xml_start(struct cursor *c, struct xml_levels *l, struct slice name)
{
    for (;;) {
        skip_space(c);
        if (take(c, '/'))
            return take(c, '>');
        if (take(c, '>')) {
            if (l->n == WELLFORMED_DEPTH_MAX)
                return false;
            l->name[l->n++] = name;
            return true;
        }
        if (!xml_attribute(c))
            return false;
    }
}

static bool xml_end(struct cursor *c, struct xml_levels *l)
{
    struct slice name = xml_name(c);
    skip_space(c);
    return take(c, '>') && l->n && slice_eq(name, l->name[--l->n]);
}

/* What begins with < and is no tag. *passed: it was such. */
static bool xml_other(struct cursor *c, bool *passed)
{
    static const struct {
        const char *begin, *end;
    } kinds[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" }, { "<!", ">" } };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        *passed = slice_starts(cur_rest(c), slice_cstr(kinds[i].begin));
        if (*passed)
            return pass(c, slice_cstr(kinds[i].end));
    }
    return true;
}

bool wellformed_xml(struct slice text)
{
    struct cursor c = cur_of(text);
    struct xml_levels l;
    l.n = 0;
    for (;;) {
        bool other;
        ptrdiff_t at = slice_find(cur_rest(&c), '<');
        if (at < 0)
            return false;
        cur_skip(&c, (size_t)at);
        if (!xml_other(&c, &other))
            return false;
        if (other)
            continue;
        cur_skip(&c, 1);
        bool ends = take(&c, '/');
        struct slice name = ends ? slice_of(NULL, 0) : xml_name(&c);
        if (ends ? !xml_end(&c, &l) : !name.n || !xml_start(&c, &l, name))
            return false;
        if (!l.n)
            return cur_ok(&c);
    }
}
