/* The two clocks and local time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/clock.h"

static void test_clocks_run(void **state)
{
    (void)state;
    int64_t mono = clock_mono_ns();
    assert_true(clock_mono_ns() >= mono);
    assert_true(clock_real_ns() > 1700000000000000000);
}

static void expect_local(int64_t ts_ns, const char *want)
{
    char text[64];
    struct buf b = buf_of(text, sizeof text - 1);
    clock_local(&b, ts_ns);
    text[b.n] = '\0';
    assert_string_equal(text, want);
}

static void test_local_time_has_its_zone(void **state)
{
    (void)state;
    setenv("TZ", "XYZ-1:30", 1);
    tzset();
    expect_local(1706091072345678901, "2024-01-24T11:41:12.345+0130");
    expect_local(-1, "1970-01-01T01:29:59.999+0130");
}

static void test_format(void **state)
{
    (void)state;
    char text[64];
    struct buf b = buf_of(text, sizeof text);
    setenv("TZ", "UTC0", 1);
    tzset();
    clock_format(&b, 1706091072345678901, "%Y%m%d");
    assert_int_equal(b.n, 8);
    assert_memory_equal(text, "20240124", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_local_time_has_its_zone),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
