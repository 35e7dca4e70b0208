/* Days and dates by counting in eras of 400 years that begin on 1 March. */
#include "model/civil.h"

#define DAY_MS      ((int64_t)86400000)
#define ERA_DAYS    146097
#define EPOCH_SHIFT 719468 /* days from 0000-03-01 to 1970-01-01 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = year - (month <= 2), era = floor_div(y, 400), of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_SHIFT;
}

bool civil_to_ms(const struct civil *t, int64_t *ms)
{
    static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (t->year > CIVIL_YEAR_MAX - 1 || t->year < -CIVIL_YEAR_MAX + 1 || t->month < 1 ||
        t->month > 12 || t->hour > 23 || t->minute > 59 || t->second > 59)
        return false;
    int64_t length = lengths[t->month - 1] + (t->month == 2 && is_leap(t->year));
    if (t->day < 1 || t->day > length)
        return false;
    *ms = days_of(t->year, t->month, t->day) * DAY_MS + t->hour * 3600000 + t->minute * 60000 +
          t->second * 1000 + t->ms;
    return true;
}

struct civil civil_of_ms(int64_t ms)
{
    int64_t days = floor_div(ms, DAY_MS), of_day = ms % DAY_MS, z = days + EPOCH_SHIFT;
    of_day += of_day < 0 ? DAY_MS : 0;
    int64_t era = floor_div(z, ERA_DAYS), of_era = z - era * ERA_DAYS;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    int64_t month = m < 10 ? m + 3 : m - 9;
    return (struct civil){ .year = y + era * 400 + (month <= 2),
                           .month = month,
                           .day = of_year - (153 * m + 2) / 5 + 1,
                           .hour = of_day / 3600000,
                           .minute = of_day / 60000 % 60,
                           .second = of_day / 1000 % 60,
                           .ms = of_day % 1000 };
}

void civil_write(struct buf *b, int64_t ms, uint8_t between)
{
    struct civil t = civil_of_ms(ms);
    if (t.year < 0)
        buf_u8(b, '-');
    buf_dec_pad(b, (uint64_t)(t.year < 0 ? -t.year : t.year), 4);
    buf_u8(b, '-');
    buf_dec_pad(b, (uint64_t)t.month, 2);
    buf_u8(b, '-');
    buf_dec_pad(b, (uint64_t)t.day, 2);
    buf_u8(b, between);
    buf_dec_pad(b, (uint64_t)t.hour, 2);
    buf_u8(b, ':');
    buf_dec_pad(b, (uint64_t)t.minute, 2);
    buf_u8(b, ':');
    buf_dec_pad(b, (uint64_t)t.second, 2);
    buf_u8(b, '.');
    buf_dec_pad(b, (uint64_t)t.ms, 3);
}

/* Digits, at least `min` and at most `max` of them; marks c bad otherwise. */
static int64_t digits(struct cursor *c, unsigned min, unsigned max)
{
    unsigned n = 0;
    int64_t v = 0;
    for (; n < max && cur_left(c) && (uint8_t)(cur_peek(c) - '0') < 10; n++)
        v = 10 * v + cur_u8(c) - '0';
    c->bad |= n < min;
    return v;
}

static void expect(struct cursor *c, uint8_t b)
{
    uint8_t got = cur_u8(c);
    c->bad |= ascii_lower(got) != ascii_lower(b);
}

/* The fraction in milliseconds. */
static int64_t read_fraction(struct cursor *c)
{
    size_t before = cur_left(c);
    int64_t v = digits(c, 1, 9);
    for (size_t n = before - cur_left(c); n < 3; n++)
        v *= 10;
    for (size_t n = before - cur_left(c); n > 3; n--)
        v /= 10;
    return v;
}

/* What the zone adds to UTC, in minutes. */
static int64_t read_zone(struct cursor *c)
{
    uint8_t sign = cur_u8(c);
    if (sign == 'Z' || sign == 'z')
        return 0;
    c->bad |= sign != '+' && sign != '-';
    int64_t hours = digits(c, 2, 2), minutes = 0;
    if (cur_left(c)) {
        if (cur_peek(c) == ':')
            cur_skip(c, 1);
        minutes = digits(c, 2, 2);
    }
    c->bad |= hours > 23 || minutes > 59;
    return (sign == '-' ? -1 : 1) * (60 * hours + minutes);
}

bool civil_read_iso(struct slice text, int64_t *ms)
{
    struct cursor c = cur_of(text);
    struct civil t = { 0 };
    bool sign = text.n && (text.p[0] == '-' || text.p[0] == '+');
    if (sign)
        cur_skip(&c, 1);
    t.year = digits(&c, 1, 9) * (sign && text.p[0] == '-' ? -1 : 1);
    expect(&c, '-');
    t.month = digits(&c, 1, 2);
    expect(&c, '-');
    t.day = digits(&c, 1, 2);
    expect(&c, 'T');
    t.hour = digits(&c, 1, 2);
    expect(&c, ':');
    t.minute = digits(&c, 1, 2);
    expect(&c, ':');
    t.second = digits(&c, 1, 2);
    expect(&c, '.');
    t.ms = read_fraction(&c);
    int64_t zone = read_zone(&c);
    if (!cur_ok(&c) || cur_left(&c) || !civil_to_ms(&t, ms))
        return false;
    *ms -= zone * 60000;
    return true;
}
