/* Dissect as Beats has it: %{key}, %{}, %{?named skip}, %{*pointer}, %{&indirect}, %{+append/2},
 * %{key->} for padding, %{key#4} of fixed length, %{key|type}. */
#include "pipe/dissect.h"

#include "base/buf.h"

enum kind { NORMAL, SKIP, REFERENCE, INDIRECT, APPEND };

struct key {
    enum kind kind;
    const char *name;
    struct slice before;  /* the delimiter in front of it */
    unsigned ordinal, at; /* at: its place in the pattern */
    size_t length;        /* fixed; 0: up to the next delimiter */
    bool padded;
    enum convert_type type;
};

struct dissect {
    struct key *keys;   /* as they stand in the pattern */
    unsigned *order;    /* as they are applied: by ordinal, then by place */
    struct slice after; /* the delimiter behind the last; n == 0: none */
    unsigned n;
    const char **names; /* of what can be found */
    unsigned n_names;
    bool open;
    enum dissect_trim sides;
    struct slice chars;
};

static err refuse(const struct loading *l, const char *pattern, const char *what)
{
    return why_set(l->why, ERR_CONFIG, "%s: tokenizer: \"%s\": %s", l->prefix, pattern, what);
}

static bool is_digits(struct slice s, size_t most)
{
    uint64_t v;
    return s.n > 0 && s.n <= most && slice_to_u64(s, &v);
}

/* The last place of b in s with nothing but digits behind it; what stands there is cut off. */
static unsigned cut_number(struct slice *s, uint8_t b, size_t most)
{
    uint64_t v = 0;
    size_t at = s->n;
    while (at > 1 && s->p[at - 1] != b)
        at--;
    if (at < 2 || !is_digits(slice_after(*s, at), most))
        return 0;
    slice_to_u64(slice_after(*s, at), &v);
    s->n = at - 1;
    return (unsigned)v;
}

static bool is_sign(uint8_t b)
{
    return b == '?' || b == '*' || b == '&' || b == '+';
}

static enum kind kind_of(struct slice *s)
{
    uint8_t sign = s->n ? s->p[0] : 0;
    if (!s->n)
        return SKIP;
    if (!is_sign(sign))
        return NORMAL;
    *s = slice_after(*s, 1);
    return sign == '+' ? APPEND : sign == '&' ? INDIRECT : REFERENCE;
}

/* What stands between %{ and }. NULL, or what is wrong. */
static const char *read_key(struct slice s, struct key *k)
{
    ptrdiff_t bar = slice_find(s, '|');
    if (bar > 0) {
        struct slice type = slice_after(s, (size_t)bar + 1);
        if (!type.n)
            return "a type is missing behind |";
        if (!convert_type_of(type, &k->type))
            return "types are integer, long, float, double, string, boolean and ip";
        s = slice_first(s, (size_t)bar);
    }
    if (slice_ends(s, SLICE("->"))) {
        k->padded = true;
        s.n -= 2;
    }
    k->length = cut_number(&s, '#', 9);
    k->ordinal = cut_number(&s, '/', 2);
    if (s.n > 1 && (slice_starts(s, SLICE("+&")) || slice_starts(s, SLICE("&+"))))
        return "& and + cannot be mixed";
    k->kind = kind_of(&s);
    if (k->kind != SKIP && !s.n)
        return "a key is empty";
    k->name = (const char *)s.p; /* made a text of its own by name_keys */
    k->before.n = s.n;
    return NULL;
}

static unsigned count_keys(struct slice rest)
{
    unsigned n = 0;
    for (ptrdiff_t at; (at = slice_search(rest, SLICE("%{"))) >= 0; n++)
        rest = slice_after(rest, (size_t)at + 2);
    return n;
}

/* A key's text with an end of its own. */
static const char *own_text(struct slice s, struct arena *mem)
{
    char *text = arena_zalloc(mem, s.n + 1);
    if (text && s.n)
        memcpy(text, s.p, s.n);
    return text;
}

static err read_pattern(struct dissect *d, const char *pattern, const struct loading *l)
{
    struct slice rest = slice_cstr(pattern);
    for (;;) {
        ptrdiff_t at = slice_search(rest, SLICE("%{"));
        struct slice inside = at < 0 ? rest : slice_after(rest, (size_t)at + 2);
        ptrdiff_t close = at < 0 ? -1 : slice_find(inside, '}');
        if (close < 0)
            break;
        struct key *k = &d->keys[d->n];
        *k = (struct key){ .at = d->n };
        const char *wrong = read_key(slice_first(inside, (size_t)close), k);
        if (wrong)
            return refuse(l, pattern, wrong);
        k->name = own_text(slice_of(k->name, k->kind == SKIP ? 0 : k->before.n), l->mem);
        if (!k->name)
            return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
        k->before = slice_first(rest, (size_t)at);
        d->n++;
        rest = slice_after(inside, (size_t)close + 1);
    }
    d->after = rest;
    return d->n ? ERR_OK : refuse(l, pattern, "there is no %{key} in it");
}

static void sort_keys(struct dissect *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        unsigned at = i;
        for (; at > 0 && d->keys[d->order[at - 1]].ordinal > d->keys[i].ordinal; at--)
            d->order[at] = d->order[at - 1];
        d->order[at] = i;
    }
}

static bool is_named(const struct dissect *d, const char *name)
{
    for (unsigned i = 0; i < d->n_names; i++)
        if (strcmp(d->names[i], name) == 0)
            return true;
    return false;
}

/* The last one of that name; d->n when there is none. */
static unsigned reference_of(const struct dissect *d, const char *name)
{
    for (unsigned i = d->n; i-- > 0;)
        if (d->keys[i].kind == REFERENCE && strcmp(d->keys[i].name, name) == 0)
            return i;
    return d->n;
}

static err collect_names(struct dissect *d, const char *pattern, const struct loading *l)
{
    for (unsigned i = 0; i < d->n; i++) {
        const struct key *k = &d->keys[i];
        if (k->kind == INDIRECT && reference_of(d, k->name) == d->n)
            return refuse(l, pattern, "%{&key} needs a %{?key} or %{*key}");
        d->open |= k->kind == INDIRECT;
        if ((k->kind == NORMAL || k->kind == APPEND) && !is_named(d, k->name))
            d->names[d->n_names++] = k->name;
    }
    return ERR_OK;
}

err dissect_new(const char *pattern, const struct loading *l, struct dissect **out)
{
    unsigned n = count_keys(slice_cstr(pattern));
    if (n > DISSECT_KEYS_MAX)
        return refuse(l, pattern, "it has more than 64 keys");
    struct dissect *d = *out = arena_zalloc(l->mem, sizeof *d);
    if (d) {
        d->keys = arena_alloc(l->mem, n * sizeof *d->keys);
        d->order = arena_alloc(l->mem, n * sizeof *d->order);
        d->names = arena_alloc(l->mem, n * sizeof *d->names);
    }
    if (!d || !d->keys || !d->order || !d->names)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    err e = read_pattern(d, pattern, l);
    if (e)
        return e;
    sort_keys(d);
    return collect_names(d, pattern, l);
}

void dissect_trim(struct dissect *d, enum dissect_trim sides, const char *chars)
{
    d->sides = sides;
    d->chars = slice_cstr(chars);
}

const char *dissect_key(const struct dissect *d, unsigned i)
{
    return i < d->n_names ? d->names[i] : NULL;
}

bool dissect_is_open(const struct dissect *d)
{
    return d->open;
}

/* ---- a text */

/* Behind the delimiter at the front of *rest, which also may come several times. */
static void pass_delimiter(struct slice *rest, struct slice delimiter, bool padded)
{
    *rest = slice_after(*rest, delimiter.n);
    while (padded && delimiter.n && slice_starts(*rest, delimiter))
        *rest = slice_after(*rest, delimiter.n);
}

/* One key's text, cut off the front of *rest with the delimiter behind it. */
static bool cut(const struct key *k, struct slice delimiter, struct slice *rest, struct slice *out)
{
    size_t n = k->length;
    if (!n) {
        ptrdiff_t at = slice_search(*rest, delimiter);
        if (at < 0)
            return false;
        n = (size_t)at;
    }
    if (n > rest->n)
        return false;
    *out = slice_first(*rest, n);
    *rest = slice_after(*rest, n);
    pass_delimiter(rest, delimiter, k->padded);
    return true;
}

/* Each key's text, by its place in the pattern. */
static bool cut_all(const struct dissect *d, struct slice rest, struct slice *texts)
{
    if (!rest.n || !slice_starts(rest, d->keys[0].before))
        return false;
    rest = slice_after(rest, d->keys[0].before.n);
    for (unsigned i = 0; i < d->n; i++) {
        bool last = i + 1 == d->n;
        struct slice delimiter = last ? d->after : d->keys[i + 1].before;
        if (last && !delimiter.n) {
            texts[i] = rest;
            return !d->keys[i].length || d->keys[i].length == rest.n;
        }
        if (!cut(&d->keys[i], delimiter, &rest, &texts[i]))
            return false;
    }
    return true;
}

static bool is_trimmed(const struct dissect *d, uint8_t b)
{
    return slice_find(d->chars, b) >= 0;
}

static struct slice trim(const struct dissect *d, struct slice s)
{
    while (s.n && (d->sides == TRIM_LEFT || d->sides == TRIM_ALL) && is_trimmed(d, s.p[0]))
        s = slice_after(s, 1);
    while (s.n && (d->sides == TRIM_RIGHT || d->sides == TRIM_ALL) && is_trimmed(d, s.p[s.n - 1]))
        s.n--;
    return s;
}

static struct dissect_part *find(struct dissect_parts *parts, struct slice name)
{
    for (unsigned i = 0; i < parts->n; i++)
        if (slice_eq(parts->v[i].name, name))
            return &parts->v[i];
    return NULL;
}

static struct dissect_part *find_or_add(struct dissect_parts *parts, struct slice name,
                                        unsigned key)
{
    struct dissect_part *p = find(parts, name);
    if (p)
        return p;
    p = &parts->v[parts->n++]; /* at most one for each key */
    *p = (struct dissect_part){ .key = key, .name = name, .text = { NULL, 0 } };
    return p;
}

static unsigned number_of(const struct dissect *d, const char *name)
{
    unsigned i = 0;
    while (strcmp(d->names[i], name) != 0)
        i++;
    return i;
}

/* What was found so far, the delimiter in front of this key (a blank where there is none), text. */
static bool join(const struct key *k, struct slice text, struct arena *mem, struct dissect_part *p)
{
    struct slice between = k->before.n ? k->before : SLICE(" ");
    size_t n = p->text.n + between.n + text.n;
    struct buf b = buf_of(arena_alloc(mem, n), n);
    if (!b.p)
        return false;
    buf_add(&b, p->text);
    buf_add(&b, between);
    buf_add(&b, text);
    p->text = buf_slice(&b);
    return true;
}

static bool apply(const struct dissect *d, const struct key *k, const struct slice *texts,
                  struct arena *mem, struct dissect_parts *out)
{
    struct slice text = texts[k->at];
    struct dissect_part *p;
    if (k->kind == SKIP || k->kind == REFERENCE)
        return true;
    if (k->kind == INDIRECT) {
        struct slice name = texts[reference_of(d, k->name)];
        if (name.n) {
            p = find_or_add(out, name, DISSECT_KEYS_MAX);
            p->text = text;
            p->type = k->type;
        }
        return true;
    }
    bool first = find(out, slice_cstr(k->name)) == NULL;
    p = find_or_add(out, slice_cstr(k->name), number_of(d, k->name));
    p->type = k->type;
    if (k->kind == APPEND && !first)
        return join(k, text, mem, p);
    p->text = text;
    return true;
}

bool dissect_text(const struct dissect *d, struct slice text, struct arena *mem,
                  struct dissect_parts *out)
{
    struct slice texts[DISSECT_KEYS_MAX];
    out->n = 0;
    if (!cut_all(d, text, texts))
        return false;
    for (unsigned i = 0; i < d->n; i++)
        texts[i] = trim(d, texts[i]);
    for (unsigned i = 0; i < d->n; i++)
        if (!apply(d, &d->keys[d->order[i]], texts, mem, out))
            return false;
    return true;
}
