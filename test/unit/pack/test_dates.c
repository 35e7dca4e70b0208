/* Zones and patterns of dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "pack/datepattern.h"
#include "pack/dates.h"
#include "pack/zone.h"

#define HOUR_MS 3600000LL

static void zones(void **state)
{
    (void)state;
    uint32_t berlin = zone_find(SLICE("europe/berlin"));
    int64_t ms;
    assert_true(berlin != ZONE_NONE && berlin != ZONE_UTC);
    assert_memory_equal(zone_name(berlin).p, "Europe/Berlin", 13);
    assert_int_equal(zone_find(SLICE("Europe/Berlin")), berlin);
    assert_int_equal(zone_find(SLICE("CEST")), ZONE_NONE);
    assert_int_equal(zone_find(SLICE("PST")), ZONE_NONE);
    assert_int_equal(zone_find(SLICE("utc")), ZONE_UTC);
    assert_int_equal(zone_offset(berlin, 1707945600000), HOUR_MS);     /* February 2024 */
    assert_int_equal(zone_offset(berlin, 1720992000000), 2 * HOUR_MS); /* July 2024 */
    assert_int_equal(zone_offset(berlin, 4089214800000), 2 * HOUR_MS); /* August 2099 */
    assert_int_equal(zone_offset(dates_zone(SLICE("-03:30")), 0), -HOUR_MS * 7 / 2);
    /* 2024-03-31 02:30 is left out, 2024-10-27 02:30 is there twice. */
    assert_false(zone_to_utc(berlin, 1711852200000, &ms));
    assert_true(zone_to_utc(berlin, 1729996200000, &ms));
    assert_int_equal(ms, 1729996200000 - 2 * HOUR_MS);
}

static void assert_written(const char *pattern, const char *want)
{
    char text[256];
    struct buf b = buf_of(text, sizeof text);
    datepattern_write(&b, slice_cstr(pattern), 1707945509782, zone_find(SLICE("Asia/Tokyo")));
    buf_u8(&b, 0);
    assert_string_equal(text, want);
}

static void writes(void **state)
{
    (void)state;
    assert_written("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "2024-02-15T06:18:29.782+09:00");
    assert_written("EEEE, d MMMM yy h a ZZZ", "Thursday, 15 February 24 6 AM Asia/Tokyo");
    assert_written("xxxx-'W'ww-e D 'o''clock'", "2024-W07-4 46 o'clock");
}

/* Reads what it should, and refuses the rest with a reason. */
static bool reads(const char *pattern, const char *text, int64_t *ms)
{
    struct datepattern d = { .pattern = slice_cstr(pattern), .now_ms = 1707945600000 };
    struct why why = { "" };
    bool good = datepattern_read(&d, slice_cstr(text), ms, &why);
    assert_true(good || *why.text);
    return good;
}

static void patterns(void **state)
{
    (void)state;
    int64_t ms;
    assert_true(reads("yyyy-MM-dd HH:mm:ss ZZ", "2024-02-14 22:18:29 +01:00", &ms));
    assert_int_equal(ms, 1707945509000);
    assert_true(reads("yyyyMMddHHmmss", "20240214211829", &ms));
    assert_int_equal(ms, 1707945509000);
    assert_true(reads("EEE, dd MMM yy HH:mm:ss z", "wed, 14 feb 24 16:18:29 EST", &ms));
    assert_int_equal(ms, 1707945509000);
    assert_false(reads("yyyy-MM-dd", "2023-02-29", &ms));
    assert_false(reads("HH", "24", &ms));
    assert_false(reads("yyyy", "2024x", &ms));
    assert_false(reads("q", "1", &ms));
    assert_false(reads("", "", &ms));
    assert_false(reads("yyyy", "-", &ms));
}

/* A day by the clocks is 23 hours where they are put forward. */
static void sums(void **state)
{
    (void)state;
    uint32_t berlin = zone_find(SLICE("Europe/Berlin"));
    int64_t day = 1711796400000, hours = day; /* 2024-03-30 12:00 there */
    assert_true(dates_add(&day, berlin, &(struct rule_period){ .days = 1 }, 1));
    assert_int_equal(day - 1711796400000, 23 * HOUR_MS);
    assert_true(dates_add(&hours, berlin, &(struct rule_period){ .hours = 24 }, 1));
    assert_int_equal(hours - 1711796400000, 24 * HOUR_MS);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(zone_names(SLICE("de"))->month[2], "M\xc3\xa4rz");
    assert_string_equal(zone_names(SLICE("fr-FR"))->day[0], "lundi");
    assert_string_equal(zone_names(SLICE("en"))->day_short[6], "Sun");
}

/* Names of locales come from rules and messages: ICU crashes on some that it does not know. */
static void locales_that_nobody_knows_are_english(void **state)
{
    (void)state;
    static const char *const odd[] = { "d\npe/Berlin",
                                       "xx_YY",
                                       "\xff\xfe",
                                       "de@calendar=\x01",
                                       "_",
                                       "-",
                                       "d",
                                       "en_US_POSIX_and_more_than_fits" };
    for (unsigned i = 0; i < COUNT(odd); i++)
        assert_string_equal(zone_names(slice_cstr(odd[i]))->month[2], "March");
    assert_string_equal(zone_names(SLICE("de"))->month[2], "M\xc3\xa4rz");
    assert_string_equal(zone_names(SLICE("de-DE"))->month[2], "M\xc3\xa4rz");
    assert_string_equal(zone_names(SLICE("fr_FR_odd"))->month[2], "mars");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locales_that_nobody_knows_are_english),
        cmocka_unit_test(zones),
        cmocka_unit_test(writes),
        cmocka_unit_test(patterns),
        cmocka_unit_test(sums),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
