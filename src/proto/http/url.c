/* Splitting, decoding and encoding of URLs (RFC 3986; the encoding that Go's net/url makes, which
 * users of Packetbeat search for). */
#include "proto/http/url.h"

#include "base/buf.h"

static int hex_value(uint8_t b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    b = ascii_lower(b);
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

/* Undoes %XX, and "+" for a space when plus; false on a bad escape or without memory. */
static bool unescape(struct slice s, bool plus, struct arena *mem, struct slice *out)
{
    *out = s;
    if (slice_find(s, '%') < 0 && (!plus || slice_find(s, '+') < 0))
        return true;
    uint8_t *to = arena_alloc(mem, s.n);
    if (!to)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = s.p[i];
        if (b == '%') {
            int hi = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
            int lo = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return false;
            b = (uint8_t)(hi << 4 | lo);
            i += 2;
        } else if (b == '+' && plus) {
            b = ' ';
        }
        to[n++] = b;
    }
    *out = slice_of(to, n);
    return true;
}

static bool is_unreserved(uint8_t b)
{
    return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '-' ||
           b == '_' || b == '.' || b == '~';
}

/* Appends s with every byte as %XX that is neither unreserved nor in `safe`. */
static void escape(struct buf *out, struct slice s, const char *safe)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = s.p[i];
        if (is_unreserved(b) || (b && strchr(safe, b))) {
            buf_u8(out, b);
        } else if (b == ' ' && !*safe) {
            buf_u8(out, '+'); /* the form encoding */
        } else {
            buf_u8(out, '%');
            buf_hex(out, slice_of(&b, 1), true);
        }
    }
}

struct slice http_url_escape(struct slice path, struct arena *mem)
{
    if (slice_eq(path, SLICE("*")))
        return path; /* the server itself (RFC 9112 section 3.2.4) */
    size_t cap = path.n * 3;
    struct buf out = buf_of(arena_alloc(mem, cap), cap);
    if (!out.p)
        return slice_of(NULL, 0);
    escape(&out, path, "$&+,/:;=@");
    return buf_slice(&out);
}

/* Control characters make a target unreadable (RFC 3986 has none). */
static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    }
    return false;
}

/* "scheme://authority" in front: takes it off *target. */
static void split_absolute(struct slice *target, struct http_url *u)
{
    ptrdiff_t colon = slice_find(*target, ':');
    if (colon <= 0 || !slice_starts(slice_after(*target, (size_t)colon), SLICE("://")))
        return;
    for (ptrdiff_t i = 0; i < colon; i++) {
        if (!is_unreserved(target->p[i]) && target->p[i] != '+')
            return;
    }
    u->scheme = slice_first(*target, (size_t)colon);
    struct slice rest = slice_after(*target, (size_t)colon + 3);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    u->authority = slice_first(rest, n);
    ptrdiff_t at = slice_find(u->authority, '@'); /* never show who logs in how */
    u->authority = slice_after(u->authority, (size_t)(at + 1));
    *target = slice_after(rest, n);
}

void http_url_parse(struct slice target, bool connect, struct arena *mem, struct http_url *u)
{
    *u = (struct http_url){ 0 };
    if (connect) {
        u->authority = target;
        return;
    }
    if (has_control(target))
        return;
    ptrdiff_t hash = slice_find(target, '#');
    target = hash < 0 ? target : slice_first(target, (size_t)hash);
    split_absolute(&target, u);
    ptrdiff_t mark = slice_find(target, '?');
    struct slice path = mark < 0 ? target : slice_first(target, (size_t)mark);
    u->query = mark < 0 ? slice_of(NULL, 0) : slice_after(target, (size_t)mark + 1);
    if (!unescape(path, false, mem, &u->path))
        u->path = path; /* a bad escape: as sent */
}

void http_host_split(struct slice text, struct slice *host, uint16_t *port)
{
    uint64_t number = 0;
    *host = text;
    *port = 0;
    bool bracket = slice_starts(text, SLICE("["));
    ptrdiff_t end = bracket ? slice_find(text, ']') : slice_find(text, ':');
    if (end < 0)
        return;
    struct slice rest = slice_after(text, (size_t)(end + bracket));
    struct slice name = bracket ? slice_of(text.p + 1, (size_t)end - 1) : slice_first(text, end);
    if (rest.n == 0 && bracket) {
        *host = name;
        return;
    }
    if (!slice_starts(rest, SLICE(":")))
        return;
    if (!slice_to_u64(slice_after(rest, 1), &number) || number == 0 || number > UINT16_MAX)
        return; /* also a bare IPv6 address */
    *host = name;
    *port = (uint16_t)number;
}

struct param {
    struct slice name, value;
    bool of_form;
};

struct params {
    unsigned n, cap;
    struct param *v, *spare; /* cap of each */
};

static bool decode_param(struct slice pair, struct arena *mem, struct param *p)
{
    ptrdiff_t eq = slice_find(pair, '=');
    struct slice name = eq < 0 ? pair : slice_first(pair, (size_t)eq);
    struct slice value = eq < 0 ? slice_of(NULL, 0) : slice_after(pair, (size_t)eq + 1);
    return slice_find(pair, ';') < 0 && unescape(name, true, mem, &p->name) &&
           unescape(value, true, mem, &p->value);
}

/* The parameters of query; how many pieces there were, good or not, is returned. */
static unsigned add_params(struct params *list, struct slice query, bool of_form, struct arena *mem)
{
    unsigned seen = 0;
    while (query.n && list->n < list->cap) {
        ptrdiff_t amp = slice_find(query, '&');
        size_t n = amp < 0 ? query.n : (size_t)amp;
        struct slice pair = slice_first(query, n);
        query = slice_after(query, n + 1);
        seen += pair.n > 0;
        if (pair.n && decode_param(pair, mem, &list->v[list->n]))
            list->v[list->n++].of_form = of_form;
    }
    return seen;
}

/* Two sorted runs [0, half) and [half, n) of from into to; equal names keep their order. */
static void merge(const struct param *from, unsigned half, unsigned n, struct param *to)
{
    unsigned a = 0, b = half;
    for (unsigned i = 0; i < n; i++) {
        bool first = b >= n || (a < half && slice_cmp(from[a].name, from[b].name) <= 0);
        to[i] = first ? from[a++] : from[b++];
    }
}

/* By name, stable. Not qsort: glibc's takes memory from malloc. */
static void sort_params(struct params *list)
{
    for (unsigned run = 1; run < list->n; run *= 2) {
        for (unsigned at = 0; at < list->n; at += 2 * run) {
            unsigned n = list->n - at < 2 * run ? list->n - at : 2 * run;
            merge(list->v + at, run < n ? run : n, n, list->spare + at);
        }
        struct param *sorted = list->spare;
        list->spare = list->v;
        list->v = sorted;
    }
}

/* A body that holds what is no parameter is no form, whatever its type says: none of it is shown.
 */
static void add_form(struct params *list, struct slice form, struct arena *mem)
{
    unsigned n_query = list->n;
    if (add_params(list, form, true, mem) != list->n - n_query)
        list->n = n_query;
}

/* Takes out those of the query whose names the form has too. */
static void form_wins(struct params *list)
{
    unsigned kept = 0;
    for (unsigned from = 0; from < list->n;) {
        unsigned to = from + 1;
        while (to < list->n && slice_eq(list->v[to].name, list->v[from].name))
            to++;
        bool in_form = list->v[to - 1].of_form; /* the form's come last */
        for (; from < to; from++) {
            if (list->v[from].of_form || !in_form)
                list->v[kept++] = list->v[from];
        }
    }
    list->n = kept;
}

static bool is_hidden(struct slice name, const struct texts *hide)
{
    for (unsigned i = 0; i < hide->n; i++) {
        if (slice_eq_nocase(name, slice_cstr(hide->v[i])))
            return true;
    }
    return false;
}

static struct slice encode(const struct params *list, const struct texts *hide, struct arena *mem)
{
    size_t cap = 0;
    for (unsigned i = 0; i < list->n; i++)
        cap += 3 * (list->v[i].name.n + list->v[i].value.n) + sizeof "&=xxxxx";
    struct buf out = buf_of(arena_alloc(mem, cap), cap);
    if (!out.p)
        return slice_of(NULL, 0);
    for (unsigned i = 0; i < list->n; i++) {
        const struct param *p = &list->v[i];
        if (i)
            buf_u8(&out, '&');
        escape(&out, p->name, "");
        buf_u8(&out, '=');
        escape(&out, is_hidden(p->name, hide) ? SLICE("xxxxx") : p->value, "");
    }
    return buf_slice(&out);
}

static unsigned count_params(struct slice s)
{
    unsigned n = 1;
    for (ptrdiff_t amp; n < HTTP_PARAMS_MAX && (amp = slice_find(s, '&')) >= 0; n++)
        s = slice_after(s, (size_t)amp + 1);
    return n;
}

struct slice http_url_params(struct slice query, struct slice form, const struct texts *hide,
                             struct arena *mem)
{
    if (query.n == 0 && form.n == 0)
        return slice_of(NULL, 0);
    struct params list = { .cap = count_params(query) + count_params(form) };
    list.cap = list.cap < HTTP_PARAMS_MAX ? list.cap : HTTP_PARAMS_MAX;
    list.v = arena_alloc(mem, list.cap * sizeof *list.v);
    list.spare = arena_alloc(mem, list.cap * sizeof *list.v);
    if (!list.v || !list.spare)
        return slice_of(NULL, 0);
    add_params(&list, query, false, mem);
    add_form(&list, form, mem);
    sort_params(&list);
    form_wins(&list);
    return encode(&list, hide, mem);
}
