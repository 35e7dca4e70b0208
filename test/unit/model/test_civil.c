/* Dates of any year, there and back, and what an ISO time may look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/civil.h"

static const char *written(int64_t ms)
{
    static char text[64];
    struct buf b = buf_of(text, sizeof text - 1);
    civil_write(&b, ms, ' ');
    text[b.n] = '\0';
    return text;
}

static void writes_any_year(void **state)
{
    (void)state;
    assert_string_equal(written(0), "1970-01-01 00:00:00.000");
    assert_string_equal(written(-1), "1969-12-31 23:59:59.999");
    assert_string_equal(written(1707945509782), "2024-02-14 21:18:29.782");
    assert_string_equal(written(-62135596800000), "0001-01-01 00:00:00.000");
    assert_string_equal(written(INT64_MAX), "292278994-08-17 07:12:55.807");
    assert_string_equal(written(INT64_MIN), "-292275055-05-16 16:47:04.192");
}

static void goes_there_and_back(void **state)
{
    (void)state;
    for (int64_t ms = -400000000000000; ms < 400000000000000; ms += 86399999 * (int64_t)977) {
        struct civil t = civil_of_ms(ms);
        int64_t again;
        assert_true(civil_to_ms(&t, &again));
        assert_int_equal(again, ms);
    }
}

static int64_t iso(const char *text)
{
    int64_t ms = -1;
    return civil_read_iso(slice_cstr(text), &ms) ? ms : INT64_MIN;
}

static void reads_iso_times(void **state)
{
    (void)state;
    assert_int_equal(iso("2024-02-14T21:18:29.782Z"), 1707945509782);
    assert_int_equal(iso("2024-02-14t21:18:29.7z"), 1707945509700);
    assert_int_equal(iso("2024-02-14T21:18:29.782999999Z"), 1707945509782);
    assert_int_equal(iso("2024-02-14T22:18:29.782+01:00"), 1707945509782);
    assert_int_equal(iso("2024-02-14T20:18:29.782-0100"), 1707945509782);
    assert_int_equal(iso("2024-02-14T22:18:29.782+01"), 1707945509782);
    assert_int_equal(iso("2024-2-4T1:2:3.782Z"), 1707008523782);
}

static void refuses_what_is_no_iso_time(void **state)
{
    static const char *const bad[] = {
        "",
        "2024",
        "2024-02-14T21:18:29Z",
        "2024-02-14T21:18:29.Z",
        "2024-02-14T21:18:29.7821234567Z",
        "2024-02-14T21:18:29.782",
        "2024-02-14 21:18:29.782Z",
        "2024-02-14T21:18:29,782Z",
        "2024-02-30T21:18:29.782Z",
        "2023-02-29T21:18:29.782Z",
        "2024-02-14T24:00:00.000Z",
        "2024-02-14T23:59:60.000Z",
        "2024-02-14T21:18:29.782+24:00",
        "2024-02-14T21:18:29.782+1",
        "2024-02-14T21:18:29.782Z ",
        " 2024-02-14T21:18:29.782Z",
        "999999999-01-01T00:00:00.000Z",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(iso(bad[i]), INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_any_year),
        cmocka_unit_test(goes_there_and_back),
        cmocka_unit_test(reads_iso_times),
        cmocka_unit_test(refuses_what_is_no_iso_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
