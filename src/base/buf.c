/* Text of numbers, bytes, addresses and times. Hot: events are made of these. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

/* clang-format off */
static const char digit_pairs[] =
    "00010203040506070809" "10111213141516171819" "20212223242526272829" "30313233343536373839"
    "40414243444546474849" "50515253545556575859" "60616263646566676869" "70717273747576777879"
    "80818283848586878889" "90919293949596979899";
/* clang-format on */
static const char hex_lower[] = "0123456789abcdef", hex_upper[] = "0123456789ABCDEF";

#define DEC_MAX 20 /* digits of UINT64_MAX */

static inline void put_pair(uint8_t *to, unsigned v)
{
    memcpy(to, digit_pairs + 2 * v, 2);
}

/* Writes v so that it ends before `end`; returns the first digit. */
static uint8_t *dec_before(uint8_t *end, uint64_t v)
{
    while (v >= 100) {
        end -= 2;
        put_pair(end, (unsigned)(v % 100));
        v /= 100;
    }
    if (v >= 10) {
        end -= 2;
        put_pair(end, (unsigned)v);
    } else {
        *--end = (uint8_t)('0' + v);
    }
    return end;
}

void buf_cstr(struct buf *b, const char *s)
{
    buf_add(b, slice_cstr(s));
}

/* Digits of v, which is below 10,000. */
static inline unsigned digits_of(unsigned v)
{
    return v < 10 ? 1 : v < 100 ? 2 : v < 1000 ? 3 : 4;
}

/* Most numbers are small: they are written where they belong. */
void buf_dec(struct buf *b, uint64_t v)
{
    if (v < 10000) {
        unsigned n = digits_of((unsigned)v);
        uint8_t *to = buf_room(b, n);
        if (to)
            dec_before(to + n, v);
        b->n += to ? n : 0;
        return;
    }
    uint8_t text[DEC_MAX], *first = dec_before(text + DEC_MAX, v);
    buf_put(b, first, (size_t)(text + DEC_MAX - first));
}

void buf_int(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_u8(b, '-');
    buf_dec(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void buf_dec_pad(struct buf *b, uint64_t v, unsigned width)
{
    uint8_t text[DEC_MAX], *first = dec_before(text + DEC_MAX, v);
    size_t n = (size_t)(text + DEC_MAX - first);
    for (; n < width; width--)
        buf_u8(b, '0');
    buf_put(b, first, n);
}

void buf_hex(struct buf *b, struct slice s, bool upper)
{
    const char *digits = upper ? hex_upper : hex_lower;
    uint8_t *to = buf_room(b, s.n * 2);
    if (!to)
        return;
    for (size_t i = 0; i < s.n; i++) {
        *to++ = (uint8_t)digits[s.p[i] >> 4];
        *to++ = (uint8_t)digits[s.p[i] & 15];
    }
    b->n += s.n * 2;
}

void buf_base64(struct buf *b, struct slice s, bool pad)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t whole = s.n / 3, rest = s.n % 3;
    size_t n = whole * 4 + (rest == 0 ? 0 : pad ? 4 : rest + 1);
    uint8_t *to = buf_room(b, n);
    if (!to)
        return;
    const uint8_t *p = s.p;
    for (size_t i = 0; i < whole; i++, p += 3, to += 4) {
        to[0] = (uint8_t)digits[p[0] >> 2];
        to[1] = (uint8_t)digits[(p[0] << 4 | p[1] >> 4) & 63];
        to[2] = (uint8_t)digits[(p[1] << 2 | p[2] >> 6) & 63];
        to[3] = (uint8_t)digits[p[2] & 63];
    }
    if (rest) {
        unsigned second = rest == 2 ? p[1] : 0;
        to[0] = (uint8_t)digits[p[0] >> 2];
        to[1] = (uint8_t)digits[((unsigned)p[0] << 4 | second >> 4) & 63];
        if (rest == 2)
            to[2] = (uint8_t)digits[second << 2 & 63];
        if (pad)
            memcpy(to + rest + 1, "==", 3 - rest);
    }
    b->n += n;
}

/* The digits of every octet with a dot behind them. */
#define OCTET_1(v) (char)((v) >= 100 ? '0' + (v) / 100 : (v) >= 10 ? '0' + (v) / 10 : '0' + (v))
#define OCTET_2(v) (char)((v) >= 100 ? '0' + (v) / 10 % 10 : (v) >= 10 ? '0' + (v) % 10 : '.')
#define OCTET_3(v) (char)((v) >= 100 ? '0' + (v) % 10 : '.')
/* clang-format off */
#define OCTET(v)    { OCTET_1(v), OCTET_2(v), OCTET_3(v), '.' }
/* clang-format on */
#define OCTETS4(v)  OCTET(v), OCTET((v) + 1), OCTET((v) + 2), OCTET((v) + 3)
#define OCTETS16(v) OCTETS4(v), OCTETS4((v) + 4), OCTETS4((v) + 8), OCTETS4((v) + 12)
#define OCTETS64(v) OCTETS16(v), OCTETS16((v) + 16), OCTETS16((v) + 32), OCTETS16((v) + 48)
static const char octets[256][4] = { OCTETS64(0), OCTETS64(64), OCTETS64(128), OCTETS64(192) };

static void put_v4(struct buf *b, const uint8_t v4[4])
{
    uint8_t text[16], *at = text;
    for (unsigned i = 0; i < 4; i++) {
        MOVE_BYTES(at, octets[v4[i]], 4);
        at += 2 + (v4[i] >= 10) + (v4[i] >= 100);
    }
    size_t n = (size_t)(at - text) - 1;
    if (UNLIKELY(b->full || b->cap - b->n < sizeof text)) {
        buf_put(b, text, n);
        return;
    }
    memcpy(b->p + b->n, text, sizeof text); /* more than there is, but in one go */
    b->n += n;
}

/* RFC 5952 section 4.2: the longest run of two or more zero groups, the first of equals. */
static void find_gap(const uint16_t group[8], int *start, int *len)
{
    *start = -1, *len = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n > *len)
            *start = i, *len = n;
        i += n;
    }
}

/* Without leading zeroes; returns behind the last digit. */
static uint8_t *put_group(uint8_t *to, unsigned v)
{
    unsigned digits = v >= 0x1000 ? 4 : v >= 0x100 ? 3 : v >= 0x10 ? 2 : 1;
    for (unsigned i = digits; i-- > 0; v >>= 4)
        to[i] = (uint8_t)hex_lower[v & 15];
    return to + digits;
}

static void put_v6(struct buf *b, const uint8_t v6[16])
{
    uint8_t text[8 * 5 + 1], *at = text;
    uint16_t group[8];
    int gap, gap_len;
    for (int i = 0; i < 8; i++)
        group[i] = (uint16_t)(v6[2 * i] << 8 | v6[2 * i + 1]);
    find_gap(group, &gap, &gap_len);
    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            *at++ = ':';
            *at++ = ':';
            i += gap_len - 1;
            continue;
        }
        if (i > 0 && i != gap + gap_len)
            *at++ = ':';
        at = put_group(at, group[i]);
    }
    buf_put(b, text, (size_t)(at - text));
}

void buf_addr(struct buf *b, const struct addr *a)
{
    if (addr_is_v4(a))
        put_v4(b, a->b + 12);
    else
        put_v6(b, a->b);
}

void buf_mac(struct buf *b, const uint8_t mac[6])
{
    uint8_t *to = buf_room(b, MAC_TEXT_MAX);
    if (!to)
        return;
    for (unsigned i = 0; i < 6; i++) {
        if (i > 0)
            *to++ = '-';
        *to++ = (uint8_t)hex_upper[mac[i] >> 4];
        *to++ = (uint8_t)hex_upper[mac[i] & 15];
    }
    b->n += MAC_TEXT_MAX;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    if (b->full)
        return;
    size_t left = b->cap - b->n;
    char text[512];
    /* vsnprintf needs a place for its NUL, which a buffer has not: short texts go through here. */
    bool short_of = left < sizeof text;
    va_list args;
    va_start(args, fmt);
    int n = short_of ? vsnprintf(text, sizeof text, fmt, args)
                     : vsnprintf((char *)b->p + b->n, left, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= (short_of ? left + 1 : left))
        b->full = true;
    else if (short_of)
        buf_put(b, text, (size_t)n);
    else
        b->n += (size_t)n;
}

struct date {
    unsigned year, month, day;
};

/* Days since 1970-01-01 to the proleptic Gregorian date. Counts from 0000-03-01 in eras of 400
 * years, so that the leap day is the last of its year. days >= -719468 (year 0). */
static struct date date_of(int64_t days)
{
    uint32_t z = (uint32_t)(days + 719468);
    uint32_t era = z / 146097, of_era = z % 146097;
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t shifted = (5 * of_year + 2) / 153; /* 0 is March */
    uint32_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    return (struct date){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = of_year - (153 * shifted + 2) / 5 + 1,
    };
}

/* Three digits for each group of the fraction; trailing groups of zeroes are left out behind the
 * first. Returns how many digits were written. */
static unsigned put_fraction(uint8_t *to, uint32_t ns, enum time_precision precision)
{
    uint32_t group[3] = { ns / 1000000, ns / 1000 % 1000, ns % 1000 };
    unsigned groups = precision == TIME_MILLI ? 1 : precision == TIME_MICRO ? 2 : 3;
    while (groups > 1 && group[groups - 1] == 0)
        groups--;
    for (unsigned i = 0; i < groups; i++, to += 3) {
        to[0] = (uint8_t)('0' + group[i] / 100);
        put_pair(to + 1, group[i] % 100);
    }
    return groups * 3;
}

/* "0000-00-00T00:00:00." */
static void put_second(uint8_t text[20], int64_t seconds)
{
    int64_t days = seconds / 86400;
    int32_t of_day = (int32_t)(seconds % 86400);
    if (of_day < 0)
        of_day += 86400, days--;
    struct date date = date_of(days);
    memcpy(text, "0000-00-00T00:00:00.", 20);
    put_pair(text, date.year / 100);
    put_pair(text + 2, date.year % 100);
    put_pair(text + 5, date.month);
    put_pair(text + 8, date.day);
    put_pair(text + 11, (unsigned)of_day / 3600);
    put_pair(text + 14, (unsigned)of_day / 60 % 60);
    put_pair(text + 17, (unsigned)of_day % 60);
}

/* Times that are written together mostly lie in the same second. */
void buf_time(struct buf *b, int64_t ts_ns, enum time_precision precision)
{
    static _Thread_local struct {
        int64_t seconds;
        uint8_t text[20];
    } last = { INT64_MIN, { 0 } };
    int64_t seconds = ts_ns / 1000000000, ns = ts_ns % 1000000000;
    if (ns < 0)
        ns += 1000000000, seconds--;
    if (seconds != last.seconds) {
        put_second(last.text, seconds);
        last.seconds = seconds;
    }
    uint8_t text[32];
    memcpy(text, last.text, sizeof last.text);
    unsigned digits = put_fraction(text + 20, (uint32_t)ns, precision);
    text[20 + digits] = 'Z';
    buf_put(b, text, 21 + digits);
}
