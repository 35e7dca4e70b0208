/* Periods and their grid. */
#include "store/period.h"

#include "model/civil.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define WEEK   (7 * DAY)

#define DIGITS_MAX     6
#define DAYS_TO_MONDAY 3 /* 1 January 1970 was a Thursday */

/* ---- text */

struct reader {
    struct slice s;
    uint64_t value;
    uint8_t unit;
};

/* One "12D". */
static bool read_part(struct reader *r)
{
    size_t n = 0;
    while (n < r->s.n && r->s.p[n] >= '0' && r->s.p[n] <= '9')
        n++;
    if (n == 0 || n > DIGITS_MAX || n == r->s.n || !slice_to_u64(slice_first(r->s, n), &r->value))
        return false;
    r->unit = r->s.p[n];
    r->s = slice_after(r->s, n + 1);
    return true;
}

/* Parts in the order of `units`, each at most once; *n counts them. */
static bool read_parts(struct reader *r, const char *units, int64_t *values, unsigned *n)
{
    const char *from = units;
    while (r->s.n && r->s.p[0] != 'T') {
        if (!read_part(r))
            return false;
        const char *at = strchr(from, r->unit);
        if (!at || !r->unit)
            return false;
        values[at - units] = (int64_t)r->value;
        from = at + 1;
        ++*n;
    }
    return true;
}

static void normalise(struct period *p)
{
    int64_t ms = p->weeks * WEEK + p->days * DAY + p->hours * HOUR + p->minutes * MINUTE +
                 p->seconds * SECOND;
    p->years += p->months / 12;
    p->months %= 12;
    p->weeks = ms / WEEK;
    p->days = ms % WEEK / DAY;
    p->hours = ms % DAY / HOUR;
    p->minutes = ms % HOUR / MINUTE;
    p->seconds = ms % MINUTE / SECOND;
}

bool period_read(struct slice text, struct period *out)
{
    struct reader r = { .s = slice_after(text, 1) };
    int64_t date[4] = { 0 }, time[3] = { 0 };
    unsigned n = 0, n_time = 0;
    if (!text.n || text.p[0] != 'P' || !read_parts(&r, "YMWD", date, &n))
        return false;
    if (r.s.n) {
        r.s = slice_after(r.s, 1);
        if (!read_parts(&r, "HMS", time, &n_time) || r.s.n || !n_time)
            return false;
    }
    *out = (struct period){ date[0], date[1], date[2], date[3], time[0], time[1], time[2] };
    normalise(out);
    return out->years || out->months || out->weeks || out->days || out->hours || out->minutes ||
           out->seconds;
}

/* ---- the grid */

static int64_t floor_to(int64_t ms, int64_t unit)
{
    int64_t rest = ms % unit;
    return ms - (rest < 0 ? rest + unit : rest);
}

static int64_t start_of(int64_t year, int64_t month)
{
    int64_t ms = 0;
    struct civil c = { .year = year, .month = month, .day = 1 };
    (void)civil_to_ms(&c, &ms);
    return ms;
}

static int64_t monday_of(int64_t ms)
{
    return floor_to(ms + DAYS_TO_MONDAY * DAY, WEEK) - DAYS_TO_MONDAY * DAY;
}

/* Number of the ISO week: the first one holds 4 January. */
static int64_t week_of(int64_t monday)
{
    int64_t year = civil_of_ms(monday + 3 * DAY).year;
    return (monday - monday_of(start_of(year, 1) + 3 * DAY)) / WEEK + 1;
}

int64_t period_anchor(const struct period *p, int64_t ms)
{
    struct civil c = civil_of_ms(ms);
    if (p->years)
        return start_of(c.year - c.year % p->years, 1);
    if (p->months) {
        int64_t month = c.month - c.month % p->months; /* 0: December of the year before */
        return month ? start_of(c.year, month) : start_of(c.year - 1, 12);
    }
    if (p->weeks)
        return monday_of(ms) - week_of(monday_of(ms)) % p->weeks * WEEK;
    if (p->days)
        return floor_to(ms, DAY) - c.day % p->days * DAY;
    if (p->hours)
        return floor_to(ms, HOUR) - c.hour % p->hours * HOUR;
    if (p->minutes)
        return floor_to(ms, MINUTE) - c.minute % p->minutes * MINUTE;
    return floor_to(ms, SECOND) - c.second % p->seconds * SECOND;
}

static int64_t add_months(int64_t ms, int64_t months)
{
    struct civil c = civil_of_ms(ms);
    int64_t all = c.year * 12 + c.month - 1 + months, out = ms;
    c.year = all / 12;
    c.month = all % 12 + 1;
    while (!civil_to_ms(&c, &out) && c.day > 28)
        c.day--;
    return out;
}

int64_t period_add(const struct period *p, int64_t ms, int64_t times)
{
    int64_t months = p->years * 12 + p->months;
    int64_t fixed = p->weeks * WEEK + p->days * DAY + p->hours * HOUR + p->minutes * MINUTE +
                    p->seconds * SECOND;
    return (months ? add_months(ms, months * times) : ms) + fixed * times;
}

int64_t period_latest(const struct period *p, int64_t anchor_ms, int64_t now_ms)
{
    int64_t low = 0, high = 1;
    while (period_add(p, anchor_ms, high) <= now_ms) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (period_add(p, anchor_ms, middle) <= now_ms)
            low = middle;
        else
            high = middle;
    }
    return period_add(p, anchor_ms, low);
}
