/* Functions on moments and periods (graylog.md 4.7). */
#include <stdio.h>

#include "model/civil.h"
#include "pack/datepattern.h"
#include "pack/dates.h"
#include "pack/eval.h"
#include "pack/function.h"

/* A period that has n in one of its parts. */
static struct rule_value period_of(struct call *c, size_t part)
{
    struct rule_period *p = arena_zalloc(call_mem(c), sizeof *p);
    int64_t n = call_long(c, 0, 0);
    if (!p)
        return call_fail(c, "memory is out");
    n = n < INT32_MIN ? INT32_MIN : n > INT32_MAX ? INT32_MAX : n;
    memcpy((char *)p + part, &(int32_t){ (int32_t)n }, sizeof(int32_t));
    return (struct rule_value){ .kind = K_PERIOD, .p = p };
}

#define PERIOD_FUNCTION(name)                                                                      \
    struct rule_value fn_##name(struct call *c)                                                    \
    {                                                                                              \
        return period_of(c, offsetof(struct rule_period, name));                                   \
    }
PERIOD_FUNCTION(years)
PERIOD_FUNCTION(months)
PERIOD_FUNCTION(weeks)
PERIOD_FUNCTION(days)
PERIOD_FUNCTION(hours)
PERIOD_FUNCTION(minutes)
PERIOD_FUNCTION(seconds)
PERIOD_FUNCTION(millis)
#undef PERIOD_FUNCTION

struct rule_value fn_period(struct call *c)
{
    struct rule_period *p = arena_zalloc(call_mem(c), sizeof *p);
    if (!p || !dates_read_period(call_text(c, 0), p))
        return call_fail(c, "the text is not a period");
    return (struct rule_value){ .kind = K_PERIOD, .p = p };
}

/* ---- moments */

static struct rule_value moment(int64_t ms, uint32_t zone)
{
    return (struct rule_value){ .kind = K_DATE, .n = zone, .i = ms };
}

/* The zone an argument names; UTC when it names none that there is. */
static uint32_t zone_of(const struct call *c, unsigned param)
{
    uint32_t zone = c->arg[param].kind == K_STRING ? zone_find(call_text(c, param)) : ZONE_UTC;
    return zone == ZONE_NONE ? ZONE_UTC : zone;
}

struct rule_value fn_now(struct call *c)
{
    return moment(c->run->env ? c->run->env->now_ms : 0, zone_of(c, 0));
}

struct rule_value fn_to_date(struct call *c)
{
    if (c->arg[0].kind != K_DATE)
        return rule_null();
    return moment(c->arg[0].i, zone_of(c, 1));
}

struct rule_value fn_parse_unix_milliseconds(struct call *c)
{
    return moment(call_long(c, 0, 0), zone_of(c, 1));
}

/* 2024-02-14T21:18:29.782Z: the times of Beats, read at once. False: to be read by the pattern,
 * which also knows what is wrong. */
static bool read_common(struct slice pattern, struct slice s, int64_t *ms)
{
    static const char shape[] = "0000-00-00T00:00:00.000Z";
    if (s.n != sizeof shape - 1 || !slice_eq(pattern, SLICE("yyyy-MM-dd'T'HH:mm:ss.SSSZ")))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (shape[i] == '0' ? !digit : s.p[i] != (uint8_t)shape[i])
            return false;
    }
    return !slice_starts(s, SLICE("0000")) && civil_read_iso(s, ms);
}

struct rule_value fn_parse_date(struct call *c)
{
    struct datepattern d = { .pattern = call_text(c, 1),
                             .locale = call_text(c, 2),
                             .zone = zone_of(c, 3),
                             .now_ms = c->run->env ? c->run->env->now_ms : 0 };
    struct why why = { "" };
    int64_t ms;
    if (!read_common(d.pattern, call_text(c, 0), &ms) &&
        !datepattern_read(&d, call_text(c, 0), &ms, &why))
        return call_fail(c, "%s", why.text);
    return moment(ms, d.zone);
}

/* Every form that a free text may have, the year first or last; what is behind a full date is
 * read as long as it is a time or a zone. */
struct rule_value fn_flex_parse_date(struct call *c)
{
    static const char *const dates[] = { "yyyy-MM-dd",      "yyyy/MM/dd",   "MM/dd/yyyy",
                                         "MMM dd yyyy",     "MMM dd, yyyy", "EEE, dd MMM yyyy",
                                         "EEE MMM dd yyyy", "dd MMM yyyy",  "dd/MMM/yyyy",
                                         "dd.MM.yyyy",      "dd-MMM-yyyy",  "EEE, MMM dd yyyy",
                                         "EEE MMM dd, yyyy" };
    static const char *const times[] = { "'T'HH:mm:ss", " HH:mm:ss",  ":HH:mm:ss", "'T'HH:mm",
                                         " HH:mm",      " h:mm:ss a", " h:mm a",   "" };
    static const char *const fractions[] = { "", ".SSSSSSSSS", ",SSSSSSSSS" };
    static const char *const zones[] = { "", "ZZ", " ZZ", " z", " ZZZ" };
    struct slice text = message_trim(call_text(c, 0));
    struct datepattern d = { .zone = zone_of(c, 2),
                             .now_ms = c->run->env ? c->run->env->now_ms : 0 };
    unsigned all = COUNT(dates) * COUNT(times) * COUNT(fractions) * COUNT(zones);
    for (unsigned i = 0; text.n > 5 && text.n < 64 && i < all; i++) {
        char pattern[64];
        struct why why;
        int64_t ms;
        unsigned k = i / COUNT(zones), t = k / COUNT(fractions);
        snprintf(pattern, sizeof pattern, "%s%s%s%s", dates[t / COUNT(times)],
                 times[t % COUNT(times)], fractions[k % COUNT(fractions)], zones[i % COUNT(zones)]);
        d.pattern = slice_cstr(pattern);
        if (datepattern_read(&d, text, &ms, &why))
            return moment(ms - (ms % 1000 + 1000) % 1000, d.zone);
    }
    return c->arg[1].kind == K_DATE ? c->arg[1] : rule_null();
}

/* A zone's name, or an offset. */
uint32_t dates_zone(struct slice s)
{
    int64_t parts[3] = { 0 };
    size_t i = 1, n = 0;
    if (s.n < 3 || (s.p[0] != '+' && s.p[0] != '-'))
        return zone_find(s);
    for (; i + 1 < s.n && n < 3; n++) {
        uint64_t v;
        i += n && s.p[i] == ':';
        if (!slice_to_u64(slice_of(s.p + i, i + 2 <= s.n ? 2 : 0), &v))
            return ZONE_NONE;
        parts[n] = (int64_t)v;
        i += 2;
    }
    int64_t seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
    return i == s.n ? zone_fixed((int32_t)(s.p[0] == '-' ? -seconds : seconds)) : ZONE_NONE;
}

struct rule_value fn_format_date(struct call *c)
{
    struct slice pattern = call_text(c, 1);
    struct why why = { "" };
    uint32_t zone = ZONE_UTC;
    if (c->arg[0].kind != K_DATE)
        return rule_null();
    if (c->arg[2].kind == K_STRING)
        zone = dates_zone(call_text(c, 2));
    if (zone == ZONE_NONE)
        return call_fail(c, "The datetime zone id is not recognised");
    if (!datepattern_ok(pattern, &why))
        return call_fail(c, "%s", why.text);
    struct buf b = call_buf(c, 64 + pattern.n * 16);
    datepattern_write(&b, pattern, c->arg[0].i, zone);
    return call_done(c, &b);
}
