/* Backoff with equal jitter, slow start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "out/pace.h"

static void waits_double_up_to_the_limit(void **state)
{
    (void)state;
    struct backoff b = { 1000, 60000, 0 };
    static const int64_t whole[] = { 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
    for (unsigned i = 0; i < COUNT(whole); i++) {
        struct backoff low = b;
        assert_int_equal(backoff_wait(&low, 0), whole[i] / 2);
        assert_in_range(backoff_wait(&b, UINT32_MAX), whole[i] - 2, whole[i]);
    }
    backoff_reset(&b);
    assert_int_equal(backoff_wait(&b, 0), 1000);
}

static void a_limit_below_the_start_holds(void **state)
{
    (void)state;
    struct backoff b = { 5000, 1000, 0 };
    assert_int_equal(backoff_wait(&b, 0), 500);
    assert_int_equal(backoff_wait(&b, 0), 500);
}

static void slow_start_grows_by_half(void **state)
{
    (void)state;
    struct slow_start s;
    static const unsigned sizes[] = { 10, 15, 23, 35, 40, 40 };
    slow_start_begin(&s, 40);
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        assert_int_equal(slow_start_size(&s), sizes[i]);
        slow_start_grow(&s);
    }
    for (unsigned i = 0; i < 10; i++)
        slow_start_shrink(&s);
    assert_int_equal(slow_start_size(&s), 1);
}

static void without_it_windows_are_whole(void **state)
{
    (void)state;
    struct slow_start s = { 0, 2048 };
    slow_start_grow(&s);
    slow_start_shrink(&s);
    assert_int_equal(slow_start_size(&s), 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_the_limit),
        cmocka_unit_test(a_limit_below_the_start_holds),
        cmocka_unit_test(slow_start_grows_by_half),
        cmocka_unit_test(without_it_windows_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
