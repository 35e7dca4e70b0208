/* Time zones and names of months and days, out of ICU (Unicode CLDR, IANA tz). */
#include "pack/zone.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/uenum.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "base/buf.h"
#include "base/bug.h"

#define LOCALE_BYTES 24
#define ZONES_MAX    1024 /* IANA has some 600 names */
#define CHANGES_MAX  1024
#define LOCALES_MAX  64
#define FIXED_BIT    0x80000000U
#define FIXED_ZERO   90000
#define DAY_S        86400
#define FIRST_MS     (-5364662400000) /* 1800 */
#define LAST_MS      7258118400000    /* 2200 */

/* From at_ms on clocks are offset_ms ahead of UTC. */
struct change {
    int64_t at_ms;
    int32_t offset_ms;
};

struct zone {
    char name[64];
    unsigned n;
    struct change *change; /* sorted; the first holds from the beginning of time */
};

struct locale {
    char id[24];
    struct zone_names names;
};

static struct zone *_Atomic zones[ZONES_MAX]; /* [0] is UTC, never filled */
static struct locale *_Atomic locales[LOCALES_MAX];
static atomic_flag busy = ATOMIC_FLAG_INIT; /* held while one is added */

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        ;
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

/* ICU knows more three-letter names than IANA, for old Java programs. */
static bool is_iana(struct slice name)
{
    static const char *const known[] = { "EST", "MST", "HST", "CET", "EET", "MET", "WET",
                                         "GMT", "UTC", "UCT", "PRC", "ROC", "ROK" };
    if (name.n != 3)
        return true;
    for (size_t i = 0; i < COUNT(known); i++) {
        if (slice_eq_nocase(name, slice_cstr(known[i])))
            return true;
    }
    return false;
}

/* The name as IANA writes it. */
static bool proper_name(struct slice name, char *out, size_t cap)
{
    UErrorCode e = U_ZERO_ERROR;
    UEnumeration *all = ucal_openTimeZones(&e);
    int32_t n = 0;
    const char *one = "";
    bool found = false;
    while (U_SUCCESS(e) && !found && (one = uenum_next(all, &n, &e)))
        found = slice_eq_nocase(name, slice_of(one, (size_t)n)) && (size_t)n < cap;
    if (found)
        snprintf(out, cap, "%s", one);
    uenum_close(all);
    return found && is_iana(name);
}

static int32_t icu_offset(UCalendar *c, UErrorCode *e)
{
    return ucal_get(c, UCAL_ZONE_OFFSET, e) + ucal_get(c, UCAL_DST_OFFSET, e);
}

static struct zone *read_zone(const char *name)
{
    struct change change[CHANGES_MAX];
    UChar id[64];
    UErrorCode e = U_ZERO_ERROR;
    int32_t n_id = 0;
    for (; name[n_id]; n_id++)
        id[n_id] = (UChar)name[n_id];
    UCalendar *c = ucal_open(id, n_id, "en_US", UCAL_GREGORIAN, &e);
    if (U_FAILURE(e))
        return NULL;
    ucal_setMillis(c, (UDate)FIRST_MS, &e);
    change[0] = (struct change){ INT64_MIN, icu_offset(c, &e) };
    unsigned n = 1;
    UDate at;
    while (n < CHANGES_MAX && ucal_getTimeZoneTransitionDate(c, UCAL_TZ_TRANSITION_NEXT, &at, &e) &&
           at < LAST_MS) {
        ucal_setMillis(c, at, &e);
        change[n] = (struct change){ (int64_t)at, icu_offset(c, &e) };
        n += change[n].offset_ms != change[n - 1].offset_ms;
    }
    ucal_close(c);
    if (U_FAILURE(e))
        return NULL;
    struct zone *z = xcalloc(1, sizeof *z + n * sizeof *change);
    z->change = (struct change *)(z + 1);
    z->n = n;
    memcpy(z->change, change, n * sizeof *change);
    snprintf(z->name, sizeof z->name, "%s", name);
    return z;
}

/* The place of a zone that is there, or of the first free one. */
static uint32_t place_of(struct slice name, bool *there)
{
    uint32_t i = 1;
    *there = false;
    for (; i < ZONES_MAX; i++) {
        const struct zone *z = atomic_load_explicit(&zones[i], memory_order_acquire);
        if (!z)
            break;
        if (slice_eq_nocase(name, slice_cstr(z->name))) {
            *there = true;
            break;
        }
    }
    return i;
}

static uint32_t add_zone(struct slice name)
{
    char proper[64];
    bool there;
    uint32_t i = place_of(name, &there);
    if (there)
        return i;
    struct zone *z =
        i < ZONES_MAX && proper_name(name, proper, sizeof proper) ? read_zone(proper) : NULL;
    if (!z)
        return ZONE_NONE;
    atomic_store_explicit(&zones[i], z, memory_order_release);
    return i;
}

uint32_t zone_find(struct slice name)
{
    bool there;
    if (slice_eq_nocase(name, SLICE("UTC")))
        return ZONE_UTC;
    if (name.n < 2 || name.n > 60)
        return ZONE_NONE;
    uint32_t i = place_of(name, &there);
    if (there)
        return i;
    lock();
    i = add_zone(name);
    unlock();
    return i;
}

uint32_t zone_fixed(int32_t seconds)
{
    if (!seconds)
        return ZONE_UTC;
    if (seconds <= -DAY_S || seconds >= DAY_S)
        return ZONE_NONE;
    return FIXED_BIT | (uint32_t)(seconds + FIXED_ZERO);
}

static const struct zone *zone_of(uint32_t zone)
{
    return zone < ZONES_MAX ? atomic_load_explicit(&zones[zone], memory_order_acquire) : NULL;
}

int64_t zone_offset(uint32_t zone, int64_t utc_ms)
{
    const struct zone *z = zone_of(zone);
    if (zone & FIXED_BIT)
        return ((int64_t)(zone & ~FIXED_BIT) - FIXED_ZERO) * 1000;
    if (!z)
        return 0;
    unsigned low = 0, high = z->n;
    while (high - low > 1) {
        unsigned mid = low + (high - low) / 2;
        if (z->change[mid].at_ms <= utc_ms)
            low = mid;
        else
            high = mid;
    }
    return z->change[low].offset_ms;
}

bool zone_to_utc(uint32_t zone, int64_t local_ms, int64_t *utc_ms)
{
    /* No change is greater than a day: what holds a day before and after are all candidates. */
    int64_t before, after, at[2];
    if (__builtin_sub_overflow(local_ms, 2 * DAY_S * 1000LL, &before) ||
        __builtin_add_overflow(local_ms, 2 * DAY_S * 1000LL, &after))
        return false;
    at[0] = local_ms - zone_offset(zone, before);
    at[1] = local_ms - zone_offset(zone, after);
    bool good[2] = { zone_offset(zone, at[0]) == local_ms - at[0],
                     zone_offset(zone, at[1]) == local_ms - at[1] };
    if (good[0] && (!good[1] || at[0] < at[1]))
        *utc_ms = at[0];
    else if (good[1])
        *utc_ms = at[1];
    return good[0] || good[1];
}

struct slice zone_name(uint32_t zone)
{
    const struct zone *z = zone_of(zone);
    if (zone == ZONE_UTC)
        return SLICE("UTC");
    return z ? slice_cstr(z->name) : slice_of("", 0);
}

static void put_symbol(const UDateFormat *f, UDateFormatSymbolType type, int32_t i, char *to,
                       size_t cap)
{
    UChar text[48];
    UErrorCode e = U_ZERO_ERROR;
    int32_t n = udat_getSymbols(f, type, i, text, COUNT(text), &e);
    *to = '\0';
    if (U_SUCCESS(e))
        u_strToUTF8(to, (int32_t)cap - 1, NULL, text, n, &e);
    to[cap - 1] = '\0';
    if (U_FAILURE(e))
        *to = '\0';
}

static struct locale *read_locale(const char *id)
{
    UErrorCode e = U_ZERO_ERROR;
    UDateFormat *f = udat_open(UDAT_DEFAULT, UDAT_DEFAULT, id, NULL, 0, NULL, 0, &e);
    if (U_FAILURE(e))
        return NULL;
    struct locale *l = xcalloc(1, sizeof *l);
    struct zone_names *n = &l->names;
    snprintf(l->id, sizeof l->id, "%s", id);
    for (int32_t i = 0; i < 12; i++) {
        put_symbol(f, UDAT_MONTHS, i, n->month[i], sizeof n->month[i]);
        put_symbol(f, UDAT_SHORT_MONTHS, i, n->month_short[i], sizeof n->month_short[i]);
    }
    for (int32_t i = 0; i < 7; i++) { /* ICU: [1] is Sunday */
        put_symbol(f, UDAT_WEEKDAYS, (i + 1) % 7 + 1, n->day[i], sizeof n->day[i]);
        put_symbol(f, UDAT_SHORT_WEEKDAYS, (i + 1) % 7 + 1, n->day_short[i],
                   sizeof n->day_short[i]);
    }
    for (int32_t i = 0; i < 2; i++) {
        put_symbol(f, UDAT_AM_PMS, i, n->half[i], sizeof n->half[i]);
        put_symbol(f, UDAT_ERAS, i, n->era[i], sizeof n->era[i]);
    }
    udat_close(f);
    return l;
}

static const struct zone_names *find_locale(const char *id, bool add)
{
    for (unsigned i = 0; i < LOCALES_MAX; i++) {
        struct locale *l = atomic_load_explicit(&locales[i], memory_order_acquire);
        if (!l && add) {
            l = read_locale(id);
            atomic_store_explicit(&locales[i], l, memory_order_release);
            return l ? &l->names : NULL;
        }
        if (!l)
            return NULL;
        if (strcmp(l->id, id) == 0)
            return &l->names;
    }
    return NULL;
}

/* ICU is asked only for locales that it lists: what else a name may say (calendars, keywords, any
 * bytes) is not for it to read. False: it lists neither this one nor its language. */
static bool listed_locale(struct slice locale, char id[LOCALE_BYTES])
{
    if (!locale.n || locale.n >= LOCALE_BYTES)
        return false;
    for (size_t i = 0; i < locale.n; i++)
        id[i] = locale.p[i] == '-' ? '_' : (char)locale.p[i];
    id[locale.n] = '\0';
    if (find_locale(id, false)) /* it was listed before */
        return true;
    for (size_t n = locale.n; n; n--) { /* de_DE_x, de_DE, de */
        if (n < locale.n && id[n] != '_')
            continue;
        id[n] = '\0';
        for (int32_t i = 0; i < uloc_countAvailable(); i++) {
            if (strcmp(uloc_getAvailable(i), id) == 0)
                return true;
        }
    }
    return false;
}

const struct zone_names *zone_names(struct slice locale)
{
    static const struct zone_names none;
    char id[LOCALE_BYTES];
    if (!listed_locale(locale, id))
        memcpy(id, "en", sizeof "en");
    const struct zone_names *n = find_locale(id, false);
    if (n)
        return n;
    lock();
    n = find_locale(id, true);
    if (!n)
        n = find_locale("en", true);
    unlock();
    return n ? n : &none;
}
