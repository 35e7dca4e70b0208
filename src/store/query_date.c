/* Dates as Elasticsearch reads them in a query: of any length, and with date math:
 * now-1h/d, 2024-02-14||+1M/d. Units: y M w d h H m s. */
#include "model/civil.h"
#include "store/query_private.h"

#define DAY_MS    ((int64_t)86400000)
#define DIGITS_US 6

struct date {
    struct civil t;
    int64_t us;   /* below the millisecond */
    int64_t step; /* how many microseconds it stands for; 0: see unit */
    uint8_t unit; /* y M: a year, a month */
};

static bool read_digits(struct slice *s, unsigned min, unsigned max, int64_t *out)
{
    unsigned n = 0;
    *out = 0;
    while (n < max && n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        *out = *out * 10 + (s->p[n++] - '0');
    *s = slice_after(*s, n);
    return n >= min;
}

static bool skip(struct slice *s, uint8_t byte)
{
    if (!s->n || *s->p != byte)
        return false;
    *s = slice_after(*s, 1);
    return true;
}

/* .123 or ,123456 behind the seconds. */
static bool read_fraction(struct slice *s, struct date *d)
{
    static const int64_t power[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    unsigned digits = 0;
    int64_t v = 0;
    while (digits < s->n && s->p[digits] >= '0' && s->p[digits] <= '9') {
        if (digits < DIGITS_US)
            v = v * 10 + (s->p[digits] - '0');
        digits++;
    }
    if (!digits || digits > 9)
        return false;
    *s = slice_after(*s, digits);
    d->step = power[digits < DIGITS_US ? digits : DIGITS_US];
    v *= d->step;
    d->t.ms = v / 1000;
    d->us = v % 1000;
    return true;
}

/* hh[:mm[:ss[.fff]]] */
static bool read_clock(struct slice *s, struct date *d)
{
    if (!read_digits(s, 2, 2, &d->t.hour))
        return false;
    d->step = 3600000000;
    if (!skip(s, ':'))
        return true;
    if (!read_digits(s, 2, 2, &d->t.minute))
        return false;
    d->step = 60000000;
    if (!skip(s, ':'))
        return true;
    if (!read_digits(s, 2, 2, &d->t.second))
        return false;
    d->step = 1000000;
    return !skip(s, '.') || read_fraction(s, d);
}

/* Z, +hh, +hhmm, +hh:mm; minutes east of Greenwich. */
static bool read_zone(struct slice *s, int64_t *minutes)
{
    int64_t hour, minute = 0;
    *minutes = 0;
    if (!s->n || skip(s, 'Z'))
        return true;
    bool west = *s->p == '-';
    if (!skip(s, '-') && !skip(s, '+'))
        return false;
    if (!read_digits(s, 2, 2, &hour))
        return false;
    (void)skip(s, ':');
    if (s->n && !read_digits(s, 2, 2, &minute))
        return false;
    *minutes = (hour * 60 + minute) * (west ? -1 : 1);
    return hour <= 18 && minute <= 59;
}

/* yyyy[-MM[-dd[(T| )time[zone]]]] */
static bool read_parts(struct slice *s, struct date *d, int64_t *zone)
{
    *d = (struct date){ .t = { .month = 1, .day = 1 }, .unit = 'y' };
    *zone = 0;
    if (!read_digits(s, 4, 4, &d->t.year))
        return false;
    if (!skip(s, '-'))
        return !s->n;
    d->unit = 'M';
    if (!read_digits(s, 2, 2, &d->t.month))
        return false;
    if (!skip(s, '-'))
        return !s->n;
    d->step = DAY_MS * 1000;
    if (!read_digits(s, 2, 2, &d->t.day))
        return false;
    if (!s->n)
        return true;
    return (skip(s, 'T') || skip(s, ' ')) && read_clock(s, d) && read_zone(s, zone) && !s->n;
}

static bool add_months(struct civil *t, int64_t months)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t all = t->year * 12 + t->month - 1 + months;
    if (all < 12 || all >= 9999 * 12)
        return false;
    t->year = all / 12;
    t->month = all % 12 + 1;
    bool leap = t->year % 4 == 0 && (t->year % 100 != 0 || t->year % 400 == 0);
    int64_t last = t->month == 2 && leap ? 29 : days[t->month - 1];
    if (t->day > last)
        t->day = last;
    return true;
}

static int64_t months_of(uint8_t unit)
{
    return unit == 'y' ? 12 : unit == 'M' ? 1 : 0;
}

/* 0: no such unit. */
static int64_t us_of(uint8_t unit)
{
    switch (unit) {
    case 'w':
        return 7 * DAY_MS * 1000;
    case 'd':
        return DAY_MS * 1000;
    case 'h':
    case 'H':
        return 3600000000;
    case 'm':
        return 60000000;
    case 's':
        return 1000000;
    }
    return 0;
}

static bool move(int64_t *us, uint8_t unit, int64_t by)
{
    if (months_of(unit)) {
        int64_t below = query_us_in(*us, 1000), ms = (*us - below) / 1000;
        struct civil t = civil_of_ms(ms);
        if (!add_months(&t, by * months_of(unit)) || !civil_to_ms(&t, &ms))
            return false;
        *us = ms * 1000 + below;
        return true;
    }
    if (!us_of(unit) || __builtin_mul_overflow(by, us_of(unit), &by) ||
        __builtin_add_overflow(*us, by, us))
        return false;
    return *us >= QUERY_MS_MIN * 1000 && *us <= QUERY_MS_MAX * 1000;
}

/* The start of its year, month, week (Monday), day, hour, minute or second. */
static bool round_down(int64_t *us, uint8_t unit)
{
    if (months_of(unit)) {
        struct civil t = civil_of_ms((*us - query_us_in(*us, 1000)) / 1000);
        struct civil start = { .year = t.year, .month = unit == 'y' ? 1 : t.month, .day = 1 };
        int64_t ms;
        if (!civil_to_ms(&start, &ms))
            return false;
        *us = ms * 1000;
        return true;
    }
    if (!us_of(unit))
        return false;
    int64_t shift = unit == 'w' ? 3 * DAY_MS * 1000 : 0; /* 1970 began on a Thursday */
    *us -= query_us_in(*us + shift, us_of(unit));
    return true;
}

/* +1d-2h/d: what is left of it moves *from; *to is behind what it was rounded to. */
static bool read_math(struct slice s, int64_t *from, int64_t *to)
{
    while (s.n) {
        uint8_t op = *s.p;
        int64_t by = 1;
        s = slice_after(s, 1);
        if (op != '+' && op != '-' && op != '/')
            return false;
        if (op != '/' && s.n && *s.p >= '0' && *s.p <= '9' && !read_digits(&s, 1, 9, &by))
            return false;
        if (!s.n)
            return false;
        uint8_t unit = *s.p;
        s = slice_after(s, 1);
        bool good = op == '/' ? round_down(from, unit) : move(from, unit, op == '-' ? -by : by);
        if (!good)
            return false;
        *to = *from + 1;
        if (op == '/' && !move(to, unit, 1))
            return false;
        if (op == '/')
            *to = *to - 1;
    }
    return *from >= QUERY_MS_MIN * 1000 && *from <= QUERY_MS_MAX * 1000;
}

static bool read_date(struct slice s, int64_t *from_us, int64_t *to_us)
{
    struct date d;
    int64_t zone, ms;
    if (!read_parts(&s, &d, &zone) || !civil_to_ms(&d.t, &ms) || ms < QUERY_MS_MIN)
        return false;
    *from_us = ms * 1000 + d.us;
    *to_us = *from_us + d.step;
    if (!d.step && !move(to_us, d.unit, 1))
        return false;
    *from_us -= zone * 60000000;
    *to_us -= zone * 60000000;
    return *from_us >= QUERY_MS_MIN * 1000;
}

bool query_date_read(struct slice text, int64_t now_ms, int64_t *from_us, int64_t *to_us)
{
    if (slice_starts(text, SLICE("now"))) {
        *from_us = now_ms * 1000;
        *to_us = *from_us + 1000;
        return read_math(slice_after(text, 3), from_us, to_us);
    }
    ptrdiff_t bars = slice_search(text, SLICE("||"));
    if (!read_date(bars < 0 ? text : slice_first(text, (size_t)bars), from_us, to_us))
        return false;
    return bars < 0 || (slice_after(text, (size_t)bars + 2).n &&
                        read_math(slice_after(text, (size_t)bars + 2), from_us, to_us));
}
