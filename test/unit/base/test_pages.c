/* Memory in huge pages: aligned, zeroed, of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/pages.h"

static void is_aligned_and_zero(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, PAGES_HUGE_BYTES, 5 * PAGES_HUGE_BYTES + 1 };
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        uint8_t *p = pages_alloc(sizes[i], i ? PAGES_HUGE_BYTES : 0);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % PAGES_HUGE_BYTES, 0);
        for (size_t at = 0; at < sizes[i]; at += 4096)
            assert_int_equal(p[at], 0);
        p[0] = p[sizes[i] - 1] = 1;
        pages_free(p, sizes[i]);
    }
}

static void reserved_space_is_used_in_parts(void **state)
{
    (void)state;
    uint8_t *p = pages_reserve(5 * PAGES_HUGE_BYTES);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % PAGES_HUGE_BYTES, 0);
    assert_true(pages_use(p, 65536, false));
    assert_true(pages_use(p + 2 * PAGES_HUGE_BYTES, PAGES_HUGE_BYTES, true));
    for (size_t at = 0; at < PAGES_HUGE_BYTES; at += 4096)
        assert_int_equal(p[2 * PAGES_HUGE_BYTES + at]++, 0);
    p[0] = p[65535] = 1;
    pages_free(p, 5 * PAGES_HUGE_BYTES);
    assert_null(pages_reserve(SIZE_MAX));
}

static void refuses_the_impossible(void **state)
{
    (void)state;
    assert_null(pages_alloc(SIZE_MAX, 0));
    assert_null(pages_alloc(SIZE_MAX - PAGES_HUGE_BYTES, 0));
    assert_null(pages_alloc((size_t)1 << 60, 0));
    pages_free(NULL, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_aligned_and_zero),
        cmocka_unit_test(reserved_space_is_used_in_parts),
        cmocka_unit_test(refuses_the_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
