/* Format strings of Beats (libbeat's fmtstr) and the date patterns they may hold (Joda's letters,
 * UTC). */
#include "pipe/format.h"

#include <time.h>

#include "os/clock.h"

enum part_kind { TEXT, FIELD, DATE };

struct part {
    struct part *next;
    enum part_kind kind;
    struct slice text; /* TEXT: itself; FIELD: the default; DATE: the pattern */
    bool has_default;
    struct ref ref;
};

struct format {
    struct part *first;
};

static err no_memory(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

static struct part *add_part(struct part ***end, enum part_kind kind, struct slice text,
                             const struct loading *l)
{
    struct part *p = arena_zalloc(l->mem, sizeof *p);
    if (p) {
        p->kind = kind;
        p->text = text;
        **end = p;
        *end = &p->next;
    }
    return p;
}

/* clang-format off */
static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July",
                                      "August", "September", "October", "November", "December" };
static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
                                    "Saturday" };
/* clang-format on */

static void put_name(struct buf *out, const char *const *names, int i, size_t letters)
{
    struct slice name = slice_cstr(names[i]);
    buf_add(out, letters > 3 ? name : slice_first(name, 3));
}

/* The ISO 8601 week and its year. */
static void iso_week(const struct tm *t, int *year, int *week)
{
    char text[16];
    size_t n = strftime(text, sizeof text, "%G%V", t);
    uint64_t v = 0;
    slice_to_u64(slice_of(text, n), &v);
    *year = (int)(v / 100), *week = (int)(v % 100);
}

static void put_year(struct buf *out, int year, size_t letters)
{
    buf_dec_pad(out, (uint64_t)(letters == 2 ? year % 100 : year), (unsigned)letters);
}

static void put_fraction(struct buf *out, int64_t ns, size_t letters)
{
    for (int64_t unit = 100000000; letters--; unit /= 10)
        buf_u8(out, (uint8_t)('0' + (unit ? ns / unit % 10 : 0)));
}

/* One run of the same pattern letter. */
/* long: a table */
static void put_letter(struct buf *out, char letter, size_t n, const struct tm *t, int64_t ns)
{
    int year, week, hour12 = t->tm_hour % 12;
    unsigned width = (unsigned)n;
    iso_week(t, &year, &week);
    switch (letter) {
    case 'y':
    case 'Y':
        put_year(out, t->tm_year + 1900, n);
        break;
    case 'x':
        put_year(out, year, n);
        break;
    case 'w':
        buf_dec_pad(out, (uint64_t)week, width);
        break;
    case 'e':
        buf_dec_pad(out, (uint64_t)(t->tm_wday ? t->tm_wday : 7), width);
        break;
    case 'E':
        put_name(out, days, t->tm_wday, n);
        break;
    case 'D':
        buf_dec_pad(out, (uint64_t)t->tm_yday + 1, width);
        break;
    case 'M':
        if (n > 2)
            put_name(out, months, t->tm_mon, n);
        else
            buf_dec_pad(out, (uint64_t)t->tm_mon + 1, width);
        break;
    case 'd':
        buf_dec_pad(out, (uint64_t)t->tm_mday, width);
        break;
    case 'a':
        buf_cstr(out, t->tm_hour < 12 ? "AM" : "PM");
        break;
    case 'H':
        buf_dec_pad(out, (uint64_t)t->tm_hour, width);
        break;
    case 'k':
        buf_dec_pad(out, (uint64_t)(t->tm_hour ? t->tm_hour : 24), width);
        break;
    case 'K':
        buf_dec_pad(out, (uint64_t)hour12, width);
        break;
    case 'h':
        buf_dec_pad(out, (uint64_t)(hour12 ? hour12 : 12), width);
        break;
    case 'm':
        buf_dec_pad(out, (uint64_t)t->tm_min, width);
        break;
    case 's':
        buf_dec_pad(out, (uint64_t)t->tm_sec, width);
        break;
    default: /* S; date_is_fine admits no other */
        put_fraction(out, ns, n);
        break;
    }
}

static size_t run_of(struct slice s)
{
    size_t n = 1;
    while (n < s.n && s.p[n] == s.p[0])
        n++;
    return n;
}

static bool is_letter(uint8_t b)
{
    uint8_t lower = ascii_lower(b);
    return lower >= 'a' && lower <= 'z';
}

/* Only letters that put_letter knows; quotes closed. */
static bool date_is_fine(struct slice pattern)
{
    bool quoted = false;
    for (size_t i = 0; i < pattern.n; i++) {
        uint8_t b = pattern.p[i];
        if (b == '\'')
            quoted = !quoted;
        else if (!quoted && is_letter(b) && !strchr("yYxweEDMdaHkKhmsS", b))
            return false;
    }
    return !quoted;
}

static void put_date(struct buf *out, struct slice pattern, int64_t ts_ns)
{
    int64_t ns = ts_ns % 1000000000;
    struct tm t;
    clock_utc(&t, ts_ns);
    if (ns < 0)
        ns += 1000000000;
    bool quoted = false;
    while (pattern.n) {
        size_t n = 1;
        if (pattern.p[0] == '\'')
            quoted = !quoted;
        else if (quoted || !is_letter(pattern.p[0]))
            buf_u8(out, pattern.p[0]);
        else {
            n = run_of(pattern);
            put_letter(out, (char)pattern.p[0], n, &t, ns);
        }
        pattern = slice_after(pattern, n);
    }
}

/* What stands between %{ and }. */
static err load_expression(struct slice s, struct part ***end, const struct loading *l)
{
    if (s.n && s.p[0] == '+') {
        s = slice_after(s, 1);
        if (!date_is_fine(s))
            return why_set(l->why, ERR_CONFIG, "%s: \"%.*s\" is no date pattern", l->prefix,
                           (int)s.n, (const char *)s.p);
        return add_part(end, DATE, s, l) ? ERR_OK : no_memory(l);
    }
    ptrdiff_t close = slice_find(s, ']');
    struct slice rest = close < 0 ? s : slice_after(s, (size_t)close + 1);
    if (close < 2 || s.p[0] != '[' || (rest.n && rest.p[0] != ':'))
        return why_set(l->why, ERR_CONFIG,
                       "%s: %%{%.*s} is neither %%{[field]}, %%{[field]:default} nor %%{+date}",
                       l->prefix, (int)s.n, (const char *)s.p);
    struct slice name = arena_dup(l->mem, slice_of(s.p + 1, (size_t)close));
    struct part *p = name.n ? add_part(end, FIELD, slice_after(rest, 1), l) : NULL;
    if (!p)
        return no_memory(l);
    ((char *)(uintptr_t)name.p)[name.n - 1] = '\0'; /* where the bracket was */
    p->has_default = rest.n > 0;
    p->ref = ref_of((const char *)name.p);
    return ERR_OK;
}

err format_load(const char *text, const struct loading *l, struct format **out)
{
    struct slice rest = slice_cstr(text);
    struct format *f = *out = arena_zalloc(l->mem, sizeof *f);
    struct part **end = f ? &f->first : NULL;
    while (f && rest.n) {
        ptrdiff_t at = slice_search(rest, SLICE("%{"));
        size_t plain = at < 0 ? rest.n : (size_t)at;
        if (plain && !add_part(&end, TEXT, slice_first(rest, plain), l))
            return no_memory(l);
        rest = slice_after(rest, plain);
        if (at < 0)
            break;
        ptrdiff_t close = slice_find(rest, '}');
        if (close < 0)
            return why_set(l->why, ERR_CONFIG, "%s: %%{ is never closed in \"%s\"", l->prefix,
                           text);
        err e = load_expression(slice_of(rest.p + 2, (size_t)close - 2), &end, l);
        if (e)
            return e;
        rest = slice_after(rest, (size_t)close + 1);
    }
    return f ? ERR_OK : no_memory(l);
}

static bool put_field(struct part *p, const struct event *e, struct buf *out)
{
    struct value v;
    char room[VALUE_ROOM];
    if (!ref_get(&p->ref, e, &v)) {
        buf_add(out, p->text);
        return p->has_default;
    }
    if (v.type == VT_TIME)
        buf_time(out, v.i, TIME_MILLI);
    else if (v.type == VT_BOOL)
        buf_cstr(out, v.i ? "true" : "false");
    else
        buf_add(out, ref_text(&v, room));
    return true;
}

bool format_write(struct format *f, const struct event *e, struct buf *out)
{
    bool all = true;
    for (struct part *p = f->first; p; p = p->next) {
        if (p->kind == TEXT)
            buf_add(out, p->text);
        else if (p->kind == DATE)
            put_date(out, p->text, e->ts_ns);
        else
            all &= put_field(p, e, out);
    }
    return all;
}
