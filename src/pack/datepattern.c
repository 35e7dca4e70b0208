/* Dates by patterns as Joda-Time has them: one walk over the pattern, letter by letter. */
#include "pack/datepattern.h"

#include "model/civil.h"

#define DAY_MS     86400000LL
#define LETTERS    "GCYxwedDFyMKkhHmsSazZE"
#define DIGITS_MAX 9

/* A run of one letter, or text that stands for itself (letter 0). */
struct piece {
    uint8_t letter;
    unsigned n;
    struct slice text;
};

struct walk {
    struct slice rest;
    bool quoted;
};

static bool is_letter(uint8_t b)
{
    return ascii_lower(b) >= 'a' && ascii_lower(b) <= 'z';
}

static size_t run_of(struct slice s)
{
    size_t n = 1;
    while (n < s.n && s.p[n] == s.p[0])
        n++;
    return n;
}

static bool next_piece(struct walk *w, struct piece *p)
{
    while (w->rest.n && w->rest.p[0] == '\'' && !(w->rest.n > 1 && w->rest.p[1] == '\'')) {
        w->quoted = !w->quoted;
        w->rest = slice_after(w->rest, 1);
    }
    if (!w->rest.n)
        return false;
    size_t n = 1, skip = 0;
    *p = (struct piece){ 0 };
    if (w->rest.p[0] == '\'') {
        skip = 1; /* two of them are one */
    } else if (!w->quoted && is_letter(w->rest.p[0])) {
        n = run_of(w->rest);
        p->letter = w->rest.p[0];
    } else {
        while (n < w->rest.n && w->rest.p[n] != '\'' && (w->quoted || !is_letter(w->rest.p[n])))
            n++;
    }
    p->n = (unsigned)n;
    p->text = slice_of(w->rest.p + skip, n);
    w->rest = slice_after(w->rest, n + skip);
    return true;
}

bool datepattern_ok(struct slice pattern, struct why *why)
{
    struct walk w = { pattern, false };
    struct piece p;
    bool any = false;
    for (; next_piece(&w, &p); any = true) {
        if (p.letter && (!strchr(LETTERS, p.letter) || p.n > 100))
            return why_set(why, ERR_FORMAT, "Illegal pattern component: %c", p.letter), false;
    }
    if (!any)
        why_set(why, ERR_FORMAT, "Invalid pattern specification");
    return any;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t year_start(int64_t year)
{
    int64_t ms = 0;
    civil_to_ms(&(struct civil){ .year = year, .month = 1, .day = 1 }, &ms);
    return floor_div(ms, DAY_MS);
}

/* The Monday of week 1: the week with 4 January. */
static int64_t week_start(int64_t year)
{
    int64_t fourth = year_start(year) + 3;
    return fourth - (fourth + 3 - 7 * floor_div(fourth + 3, 7));
}

struct date_place datepattern_place(int64_t local_ms)
{
    int64_t day = floor_div(local_ms, DAY_MS);
    struct civil t = civil_of_ms(local_ms);
    struct date_place p = { .day_of_year = day - year_start(t.year) + 1, .week_year = t.year };
    p.day = day + 3 - 7 * floor_div(day + 3, 7) + 1;
    if (day >= week_start(t.year + 1))
        p.week_year++;
    else if (day < week_start(t.year))
        p.week_year--;
    p.week = (day - week_start(p.week_year)) / 7 + 1;
    return p;
}

static void put_number(struct buf *b, int64_t v, unsigned width)
{
    if (v < 0)
        buf_u8(b, '-');
    buf_dec_pad(b, (uint64_t)(v < 0 ? -v : v), width < 1 ? 1 : width);
}

static void put_offset(struct buf *b, int64_t ms, bool colon)
{
    uint64_t minutes = (uint64_t)(ms < 0 ? -ms : ms) / 60000;
    buf_u8(b, ms < 0 ? '-' : '+');
    buf_dec_pad(b, minutes / 60, 2);
    if (colon)
        buf_u8(b, ':');
    buf_dec_pad(b, minutes % 60, 2);
}

static void put_fraction(struct buf *b, int64_t ms, unsigned width)
{
    uint8_t digits[3] = { (uint8_t)('0' + ms / 100), (uint8_t)('0' + ms / 10 % 10),
                          (uint8_t)('0' + ms % 10) };
    for (unsigned i = 0; i < width; i++)
        buf_u8(b, i < 3 ? digits[i] : '0');
}

static void put_zone(struct buf *b, const struct piece *p, int64_t offset, uint32_t zone)
{
    struct slice name = zone_name(zone);
    if (p->letter == 'Z' && p->n < 3)
        put_offset(b, offset, p->n == 2);
    else if (name.n && (p->letter == 'Z' || zone == ZONE_UTC))
        buf_add(b, name);
    else
        put_offset(b, offset, true);
}

static void put_name(struct buf *b, const char (*all)[48], const char (*cut)[48], int64_t i,
                     bool full)
{
    buf_cstr(b, full ? all[i - 1] : cut[i - 1]);
}

/* long: one case per letter */
static void put_piece(struct buf *b, const struct piece *p, int64_t ms, uint32_t zone)
{
    const struct zone_names *names = zone_names(SLICE("en"));
    int64_t offset = zone_offset(zone, ms);
    struct civil t = civil_of_ms(ms + offset);
    struct date_place place = datepattern_place(ms + offset);
    int64_t of_era = t.year > 0 ? t.year : 1 - t.year;
    int64_t year = p->letter == 'x' ? place.week_year : p->letter == 'Y' ? of_era : t.year;
    switch (p->letter) {
    case 0:
        buf_add(b, p->text);
        break;
    case 'G':
        buf_cstr(b, names->era[t.year > 0]);
        break;
    case 'C':
        put_number(b, of_era / 100, p->n);
        break;
    case 'x':
    case 'y':
    case 'Y':
        put_number(b, p->n == 2 ? (year < 0 ? -year : year) % 100 : year, p->n);
        break;
    case 'w':
        put_number(b, place.week, p->n);
        break;
    case 'e':
        put_number(b, place.day, p->n);
        break;
    case 'E':
        put_name(b, names->day, names->day_short, place.day, p->n >= 4);
        break;
    case 'D':
        put_number(b, place.day_of_year, p->n);
        break;
    case 'M':
        if (p->n >= 3)
            put_name(b, names->month, names->month_short, t.month, p->n >= 4);
        else
            put_number(b, t.month, p->n);
        break;
    case 'd':
        put_number(b, t.day, p->n);
        break;
    case 'a':
        buf_cstr(b, names->half[t.hour >= 12]);
        break;
    case 'K':
        put_number(b, t.hour % 12, p->n);
        break;
    case 'h':
        put_number(b, t.hour % 12 ? t.hour % 12 : 12, p->n);
        break;
    case 'H':
        put_number(b, t.hour, p->n);
        break;
    case 'k':
        put_number(b, t.hour ? t.hour : 24, p->n);
        break;
    case 'm':
        put_number(b, t.minute, p->n);
        break;
    case 's':
        put_number(b, t.second, p->n);
        break;
    case 'S':
        put_fraction(b, t.ms, p->n);
        break;
    default:
        put_zone(b, p, offset, zone);
    }
}

void datepattern_write(struct buf *b, struct slice pattern, int64_t ms, uint32_t zone)
{
    struct walk w = { pattern, false };
    struct piece p;
    while (next_piece(&w, &p))
        put_piece(b, &p, ms, zone);
}

/* ---- reading */

/* What a text has said, by letter; `there` has a bit for each. */
struct parts {
    int64_t v[128];
    bool there[128];
    bool offset_there;
    int64_t offset_ms;
    uint32_t zone; /* ZONE_NONE: the text names none */
};

static void part(struct parts *r, uint8_t letter, int64_t v)
{
    r->v[letter] = v;
    r->there[letter] = true;
}

static bool read_digits(struct slice *s, unsigned max, bool sign, int64_t *v)
{
    size_t i = 0;
    bool minus = sign && s->n && s->p[0] == '-';
    if (minus || (sign && s->n && s->p[0] == '+'))
        i = 1;
    size_t first = i;
    for (*v = 0; i < s->n && i - first < max && s->p[i] >= '0' && s->p[i] <= '9'; i++)
        *v = *v * 10 + s->p[i] - '0';
    if (i == first)
        return false;
    *v = minus ? -*v : *v;
    *s = slice_after(*s, i);
    return true;
}

static bool starts_nocase(struct slice s, struct slice head)
{
    return head.n && s.n >= head.n && slice_eq_nocase(slice_first(s, head.n), head);
}

/* The longest of n names that s begins with: its number from 0, or -1. */
static int read_name(struct slice *s, const char *names, size_t size, unsigned n, size_t *longest)
{
    int found = -1;
    for (unsigned i = 0; i < n; i++) {
        struct slice name = slice_cstr(names + i * size);
        if (name.n > *longest && starts_nocase(*s, name)) {
            *longest = name.n;
            found = (int)i;
        }
    }
    return found;
}

static int read_either(struct slice *s, const char (*all)[48], const char (*cut)[48], unsigned n)
{
    size_t longest = 0;
    int found = read_name(s, all[0], 48, n, &longest);
    int other = read_name(s, cut[0], 48, n, &longest);
    *s = slice_after(*s, longest);
    return other >= 0 ? other : found;
}

static int read_plain(struct slice *s, const char (*names)[24])
{
    size_t longest = 0;
    int found = read_name(s, names[0], 24, 2, &longest);
    *s = slice_after(*s, longest);
    return found;
}

/* +hh, +hhmm, +hh:mm and so on to seconds, or Z. */
static bool read_offset(struct slice *s, struct parts *r)
{
    int64_t unit = 3600000, v;
    r->offset_there = true;
    r->offset_ms = 0;
    if (s->n && (s->p[0] == 'Z' || s->p[0] == 'z')) {
        *s = slice_after(*s, 1);
        return true;
    }
    if (!s->n || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    bool minus = s->p[0] == '-';
    *s = slice_after(*s, 1);
    for (unsigned i = 0; i < 3; i++, unit /= 60) {
        struct slice rest = slice_after(*s, i && s->n && s->p[0] == ':');
        struct slice two = slice_first(rest, 2);
        if (!read_digits(&two, 2, false, &v) || two.n || rest.n < 2) {
            if (!i)
                return false;
            break;
        }
        if (v > (i ? 59 : 23))
            return false;
        r->offset_ms += v * unit;
        *s = slice_after(rest, 2);
    }
    r->offset_ms = minus ? -r->offset_ms : r->offset_ms;
    return true;
}

/* A zone's name, or one of the American abbreviations that Joda knows. */
static bool read_zone(struct slice *s, struct parts *r, bool by_id)
{
    static const struct {
        const char *name;
        int8_t hours;
    } known[] = { { "UTC", 0 },  { "UT", 0 },   { "GMT", 0 },  { "EST", -5 },
                  { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 },
                  { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };
    size_t n = 0;
    for (size_t i = 0; !by_id && i < COUNT(known); i++) {
        if (!slice_starts(*s, slice_cstr(known[i].name)))
            continue;
        r->zone = zone_fixed(known[i].hours * 3600);
        *s = slice_after(*s, strlen(known[i].name));
        return true;
    }
    while (by_id && n < s->n && (is_letter(s->p[n]) || strchr("/_+-0123456789", s->p[n])))
        n++;
    for (; n > 1; n--) {
        r->zone = zone_find(slice_first(*s, n));
        if (r->zone == ZONE_NONE)
            continue;
        *s = slice_after(*s, n);
        return true;
    }
    return false;
}

static bool is_number(const struct piece *p)
{
    return p->letter && !strchr("GEazZ", p->letter) && !(p->letter == 'M' && p->n >= 3);
}

/* Two digits mean the year that is at most 50 before or 49 behind thirty years ago. */
static int64_t near_year(int64_t two, int64_t now_ms)
{
    int64_t low = civil_of_ms(now_ms).year - 80;
    int64_t t = low % 100;
    return two + low + (two < t ? 100 : 0) - t;
}

static bool read_year(struct slice *s, const struct piece *p, bool before_number, int64_t now_ms,
                      int64_t *v)
{
    bool sign = p->letter != 'Y';
    if (p->n != 2)
        return read_digits(s, before_number ? p->n : DIGITS_MAX, sign, v);
    size_t before = s->n;
    bool plain = s->n && s->p[0] >= '0' && s->p[0] <= '9';
    if (!read_digits(s, before_number ? 2 : DIGITS_MAX, sign && !before_number, v))
        return false;
    if (before_number && before - s->n != 2)
        return false;
    if (plain && before - s->n == 2)
        *v = near_year(*v, now_ms);
    return true;
}

static bool read_fraction(struct slice *s, unsigned width, struct parts *r)
{
    int64_t v = 0, unit = 100;
    size_t i = 0;
    for (; i < s->n && i < width && s->p[i] >= '0' && s->p[i] <= '9'; i++, unit /= 10)
        v += (s->p[i] - '0') * unit;
    *s = slice_after(*s, i);
    part(r, 'S', v);
    return i > 0;
}

/* Reads what a letter stands for; before_number: digits follow at once. */
static bool read_piece(const struct datepattern *d, const struct piece *p, bool before_number,
                       struct slice *s, struct parts *r)
{
    const struct zone_names *names = zone_names(d->locale);
    int64_t v = 0;
    switch (p->letter) {
    case 0:
        if (!starts_nocase(*s, p->text))
            return false;
        *s = slice_after(*s, p->text.n);
        return true;
    case 'E':
        v = read_either(s, names->day, names->day_short, 7);
        part(r, 'e', v + 1);
        return v >= 0;
    case 'G':
    case 'a':
        v = read_plain(s, p->letter == 'G' ? names->era : names->half);
        part(r, p->letter, v);
        return v >= 0;
    case 'z':
        return read_zone(s, r, false);
    case 'Z':
        return p->n >= 3 ? read_zone(s, r, true) : read_offset(s, r);
    case 'S':
        return read_fraction(s, p->n, r);
    case 'x':
    case 'y':
    case 'Y':
        if (!read_year(s, p, before_number, d->now_ms, &v))
            return false;
        part(r, p->letter == 'Y' ? 'y' : p->letter, v);
        return true;
    default:
        break;
    }
    if (p->letter == 'M' && p->n >= 3) {
        v = read_either(s, names->month, names->month_short, 12);
        part(r, 'M', v + 1);
        return v >= 0;
    }
    unsigned width = p->letter == 'D' ? 3 : p->letter == 'e' ? 1 : 2;
    if (!read_digits(s, width > p->n ? width : p->n, p->letter == 'C', &v))
        return false;
    part(r, p->letter, v);
    return true;
}

/* Joda's words for what cannot be read. */
static bool malformed(struct slice text, struct slice rest, struct why *why)
{
    int n = (int)(text.n < 60 ? text.n : 60), m = (int)(rest.n < 40 ? rest.n : 40);
    if (rest.n == text.n)
        return why_set(why, ERR_FORMAT, "Invalid format: \"%.*s\"", n, (const char *)text.p), false;
    if (!rest.n)
        return why_set(why, ERR_FORMAT, "Invalid format: \"%.*s\" is too short", n,
                       (const char *)text.p),
               false;
    why_set(why, ERR_FORMAT, "Invalid format: \"%.*s\" is malformed at \"%.*s\"", n,
            (const char *)text.p, m, (const char *)rest.p);
    return false;
}

static bool out_of_range(struct slice text, struct why *why)
{
    why_set(why, ERR_FORMAT, "Cannot parse \"%.*s\": a part is out of range",
            (int)(text.n < 60 ? text.n : 60), (const char *)text.p);
    return false;
}

static bool within(const struct parts *r, uint8_t letter, int64_t low, int64_t high)
{
    return !r->there[letter] || (r->v[letter] >= low && r->v[letter] <= high);
}

static int64_t of(const struct parts *r, uint8_t letter, int64_t absent)
{
    return r->there[letter] ? r->v[letter] : absent;
}

static bool hour_of(const struct parts *r, int64_t *hour)
{
    bool ok = within(r, 'H', 0, 23) && within(r, 'k', 1, 24) && within(r, 'h', 1, 12) &&
              within(r, 'K', 0, 11);
    int64_t half = of(r, 'a', 0) * 12;
    *hour = r->there['h'] ? r->v['h'] % 12 + half : of(r, 'K', 0) + half;
    *hour = r->there['k'] ? r->v['k'] % 24 : *hour;
    *hour = of(r, 'H', *hour);
    return ok;
}

/* Days since 1970. A text without a year that has month or day is of 2000. */
static bool day_of(const struct parts *r, int64_t *day)
{
    bool dated = r->there['M'] || r->there['d'] || r->there['D'];
    int64_t year = of(r, 'y', dated ? 2000 : 1970), ms;
    if (r->there['C'] && !r->there['y'])
        year = r->v['C'] * 100;
    if (r->there['G'] && !r->v['G'])
        year = 1 - year;
    if (!within(r, 'e', 1, 7) || !within(r, 'w', 1, 53) || !within(r, 'D', 1, 366))
        return false;
    if (r->there['x'] || r->there['w']) {
        *day = week_start(of(r, 'x', year)) + (of(r, 'w', 1) - 1) * 7 + of(r, 'e', 1) - 1;
        return true;
    }
    struct civil t = { .year = year, .month = of(r, 'M', 1), .day = of(r, 'd', 1) };
    if (!civil_to_ms(&t, &ms))
        return false;
    *day = floor_div(ms, DAY_MS);
    if (r->there['D'])
        *day = year_start(year) + r->v['D'] - 1;
    if (r->there['D'] && *day >= year_start(year + 1))
        return false;
    if (r->there['e'])
        *day += r->v['e'] - datepattern_place(*day * DAY_MS).day;
    return true;
}

static bool moment_of(const struct datepattern *d, const struct parts *r, struct slice text,
                      int64_t *ms, struct why *why)
{
    int64_t day, hour, local;
    if (!within(r, 'm', 0, 59) || !within(r, 's', 0, 59) || !hour_of(r, &hour) || !day_of(r, &day))
        return out_of_range(text, why);
    local = hour * 3600000 + of(r, 'm', 0) * 60000 + of(r, 's', 0) * 1000 + of(r, 'S', 0);
    if (__builtin_mul_overflow(day, DAY_MS, &day) || __builtin_add_overflow(day, local, &local))
        return out_of_range(text, why);
    if (r->offset_there) {
        *ms = local - r->offset_ms;
        return true;
    }
    if (zone_to_utc(r->zone == ZONE_NONE ? d->zone : r->zone, local, ms))
        return true;
    why_set(why, ERR_FORMAT, "Cannot parse \"%.*s\": clocks leave out that time",
            (int)(text.n < 60 ? text.n : 60), (const char *)text.p);
    return false;
}

bool datepattern_read(const struct datepattern *d, struct slice text, int64_t *ms, struct why *why)
{
    struct walk w = { d->pattern, false };
    struct parts r = { .zone = ZONE_NONE };
    struct slice rest = text;
    struct piece p;
    if (!datepattern_ok(d->pattern, why))
        return false;
    while (next_piece(&w, &p)) {
        struct walk ahead = w;
        struct piece next = { 0 };
        bool number = next_piece(&ahead, &next) && is_number(&next);
        struct slice here = rest;
        if (!read_piece(d, &p, number, &rest, &r))
            return malformed(text, here, why);
    }
    if (rest.n)
        return malformed(text, rest, why);
    return moment_of(d, &r, text, ms, why);
}
