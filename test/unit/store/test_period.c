/* Periods of ISO 8601, the grid they are anchored to, missed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/civil.h"
#include "store/period.h"

static int64_t ms_of(const char *iso)
{
    int64_t ms = 0;
    assert_true(civil_read_iso(slice_cstr(iso), &ms));
    return ms;
}

static struct period period_of(const char *text)
{
    struct period p;
    assert_true(period_read(slice_cstr(text), &p));
    return p;
}

static void test_text(void **state)
{
    (void)state;
    static const char *const bad[] = { "",     "P",    "PT",    "1D",   "P1",   "PD",
                                       "P1DT", "P-1D", "P0D",   "P1D1", "PT1D", "P1D2W",
                                       "P1H",  "p1d",  "P1.5D", "P1D " };
    struct period p;
    for (unsigned i = 0; i < COUNT(bad); i++)
        if (period_read(slice_cstr(bad[i]), &p))
            fail_msg("\"%s\" was read", bad[i]);
    p = period_of("P1Y14M10DT25H61M");
    assert_int_equal(p.years, 2);
    assert_int_equal(p.months, 2);
    assert_int_equal(p.weeks, 1); /* 10 days and 26 hours */
    assert_int_equal(p.days, 4);
    assert_int_equal(p.hours, 2);
    assert_int_equal(p.minutes, 1);
}

static void check_anchor(const char *period, const char *at, const char *anchor)
{
    struct period p = period_of(period);
    if (period_anchor(&p, ms_of(at)) != ms_of(anchor))
        fail_msg("%s at %s is not %s", period, at, anchor);
}

static void test_anchor(void **state)
{
    (void)state;
    check_anchor("P1D", "2026-03-05T23:59:59.999Z", "2026-03-05T00:00:00.0Z");
    check_anchor("P2D", "2026-03-05T10:00:00.0Z", "2026-03-04T00:00:00.0Z");
    check_anchor("PT6H", "2026-03-05T17:59:59.0Z", "2026-03-05T12:00:00.0Z");
    check_anchor("PT36H", "2026-03-05T17:59:59.0Z", "2026-03-05T00:00:00.0Z");
    check_anchor("PT15M", "2026-03-05T17:59:59.0Z", "2026-03-05T17:45:00.0Z");
    check_anchor("PT10S", "2026-03-05T17:59:59.9Z", "2026-03-05T17:59:50.0Z");
    check_anchor("P1W", "2026-11-24T12:00:00.0Z", "2026-11-23T00:00:00.0Z"); /* a Tuesday */
    check_anchor("P7D", "2026-11-24T12:00:00.0Z", "2026-11-23T00:00:00.0Z");
    check_anchor("P2W", "2026-01-01T12:00:00.0Z", "2025-12-22T00:00:00.0Z"); /* week 1 */
    check_anchor("P1M", "2026-02-28T12:00:00.0Z", "2026-02-01T00:00:00.0Z");
    check_anchor("P3M", "2026-02-28T12:00:00.0Z", "2025-12-01T00:00:00.0Z");
    check_anchor("P1Y", "2026-02-28T12:00:00.0Z", "2026-01-01T00:00:00.0Z");
    check_anchor("P5Y", "2026-02-28T12:00:00.0Z", "2025-01-01T00:00:00.0Z");
    check_anchor("P1D", "1969-12-31T12:00:00.0Z", "1969-12-31T00:00:00.0Z");
}

static void test_latest(void **state)
{
    (void)state;
    struct period day = period_of("P1D"), month = period_of("P1M");
    int64_t anchor = ms_of("2026-03-05T00:00:00.0Z");
    assert_int_equal(period_latest(&day, anchor, anchor - 5), anchor);
    assert_int_equal(period_latest(&day, anchor, ms_of("2026-03-05T23:59:59.999Z")), anchor);
    assert_int_equal(period_latest(&day, anchor, ms_of("2026-03-06T00:00:00.0Z")),
                     ms_of("2026-03-06T00:00:00.0Z"));
    assert_int_equal(period_latest(&day, anchor, ms_of("2029-03-06T01:00:00.0Z")),
                     ms_of("2029-03-06T00:00:00.0Z"));
    anchor = ms_of("2026-01-31T00:00:00.0Z");
    assert_int_equal(period_add(&month, anchor, 1), ms_of("2026-02-28T00:00:00.0Z"));
    assert_int_equal(period_latest(&month, anchor, ms_of("2026-04-01T00:00:00.0Z")),
                     ms_of("2026-03-31T00:00:00.0Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_text), cmocka_unit_test(test_anchor),
                                        cmocka_unit_test(test_latest) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
