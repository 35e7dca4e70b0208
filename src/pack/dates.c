/* Calendar arithmetic of the rule language (ISO 8601 periods). */
#include "pack/dates.h"

#include "model/civil.h"

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years, months and days, by the clocks of the zone. */
static bool add_days(int64_t *ms, uint32_t zone, const struct rule_period *p, int sign)
{
    int64_t before = zone_offset(zone, *ms), local;
    if (__builtin_add_overflow(*ms, before, &local))
        return false;
    struct civil t = civil_of_ms(local);
    int64_t months = t.year * 12 + t.month - 1 + sign * ((int64_t)p->years * 12 + p->months);
    int64_t rest = ((int64_t)p->weeks * 7 + p->days) * 86400000;
    int64_t day = t.day;
    t.year = floor_div(months, 12);
    t.month = months - t.year * 12 + 1;
    while (!civil_to_ms(&t, &local)) {
        if (--t.day < day - 3)
            return false;
    }
    if (__builtin_add_overflow(local, sign * rest, &local))
        return false;
    return zone_to_utc(zone, local, ms) || !__builtin_sub_overflow(local, before, ms);
}

bool dates_add(int64_t *ms, uint32_t zone, const struct rule_period *p, int sign)
{
    int64_t rest = (int64_t)p->hours * 3600000 + (int64_t)p->minutes * 60000 +
                   (int64_t)p->seconds * 1000 + p->millis;
    if ((p->years || p->months || p->weeks || p->days) && !add_days(ms, zone, p, sign))
        return false;
    return !__builtin_add_overflow(*ms, sign * rest, ms);
}

bool dates_sum(const struct rule_period *a, const struct rule_period *b, int sign,
               struct rule_period *out)
{
    int32_t x[sizeof *a / sizeof(int32_t)], y[COUNT(x)], z[COUNT(x)];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    for (size_t i = 0; i < COUNT(x); i++) {
        int64_t v = (int64_t)x[i] + sign * (int64_t)y[i];
        if (v < INT32_MIN || v > INT32_MAX)
            return false;
        z[i] = (int32_t)v;
    }
    memcpy(out, z, sizeof z);
    return true;
}

/* A number with sign, and a fraction when that is allowed; moves s behind it. */
static bool read_number(struct slice *s, int64_t *whole, int64_t *ms)
{
    bool minus = s->n && s->p[0] == '-';
    size_t i = s->n && (s->p[0] == '-' || s->p[0] == '+');
    size_t first = i;
    *whole = *ms = 0;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9' && i - first < 10; i++)
        *whole = *whole * 10 + s->p[i] - '0';
    if (i == first)
        return false;
    if (i < s->n && (s->p[i] == '.' || s->p[i] == ',')) {
        int64_t unit = 100;
        for (i++; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++, unit /= 10)
            *ms += (s->p[i] - '0') * unit;
        *ms = minus ? -*ms : *ms;
    }
    *whole = minus ? -*whole : *whole;
    *s = slice_after(*s, i);
    return *whole >= INT32_MIN && *whole <= INT32_MAX;
}

bool dates_read_period(struct slice text, struct rule_period *p)
{
    static const char date_letters[] = "YMWD", time_letters[] = "HMS";
    int32_t *const date_parts[] = { &p->years, &p->months, &p->weeks, &p->days };
    int32_t *const time_parts[] = { &p->hours, &p->minutes, &p->seconds };
    unsigned from = 0;
    bool time = false, any = false;
    *p = (struct rule_period){ 0 };
    if (!text.n || (text.p[0] != 'P' && text.p[0] != 'p'))
        return false;
    text = slice_after(text, 1);
    while (text.n) {
        int64_t whole, ms;
        if (!time && (text.p[0] == 'T' || text.p[0] == 't')) {
            time = true;
            from = 0;
            text = slice_after(text, 1);
            continue;
        }
        if (!read_number(&text, &whole, &ms) || !text.n)
            return false;
        const char *letters = time ? time_letters : date_letters;
        const char *at = strchr(letters + from, text.p[0] & ~0x20);
        if (!at || !*at || (ms && *at != 'S'))
            return false;
        from = (unsigned)(at - letters) + 1;
        *(time ? time_parts : date_parts)[at - letters] = (int32_t)whole;
        p->millis += (int32_t)ms;
        text = slice_after(text, 1);
        any = true;
    }
    return any;
}
