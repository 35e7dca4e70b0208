/* Borrowed bytes: the edges of comparing, searching and number reading. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/slice.h"

static void compares_without_case(void **state)
{
    (void)state;
    assert_true(slice_eq_nocase(SLICE("HoSt"), SLICE("hOsT")));
    assert_false(slice_eq_nocase(SLICE("@"), SLICE("`"))); /* 0x40 and 0x60 differ by the bit */
    assert_false(slice_eq_nocase(SLICE("a"), SLICE("ab")));
    assert_true(slice_eq_nocase(slice_of(NULL, 0), SLICE("")));
}

static void searches(void **state)
{
    (void)state;
    assert_int_equal(slice_search(SLICE("abcabd"), SLICE("abd")), 3);
    assert_int_equal(slice_search(SLICE("abc"), SLICE("abcd")), -1);
    assert_int_equal(slice_search(SLICE("abc"), SLICE("")), 0);
    assert_int_equal(slice_search(slice_of(NULL, 0), SLICE("")), 0);
    assert_int_equal(slice_search(slice_of(NULL, 0), SLICE("a")), -1);
    assert_int_equal(slice_search(SLICE("a\0b\0c"), SLICE("\0c")), 3);
}

static void trims_blanks_only(void **state)
{
    (void)state;
    assert_true(slice_eq(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t ")).n, 0);
    assert_true(slice_eq(slice_trim(SLICE("a\r\n")), SLICE("a\r\n")));
    assert_int_equal(slice_trim(slice_of(NULL, 0)).n, 0);
}

static void orders(void **state)
{
    (void)state;
    assert_true(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
    assert_true(slice_cmp(SLICE("b"), SLICE("ab")) > 0);
    assert_int_equal(slice_cmp(SLICE("ab"), SLICE("ab")), 0);
    assert_true(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
    assert_true(slice_cmp(slice_of(NULL, 0), SLICE("a")) < 0);
}

static void reads_numbers_whole_or_not_at_all(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_true(slice_to_u64(SLICE("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    assert_false(slice_to_u64(SLICE("18446744073709551616"), &v));
    assert_false(slice_to_u64(SLICE("99999999999999999999"), &v));
    assert_false(slice_to_u64(SLICE(""), &v));
    assert_false(slice_to_u64(SLICE("1x"), &v));
    assert_false(slice_to_u64(SLICE("-1"), &v));
    assert_false(slice_to_u64(SLICE(" 1"), &v));
    assert_true(v == UINT64_MAX); /* untouched by failures */
    assert_true(slice_to_u64(SLICE("000012"), &v));
    assert_int_equal(v, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_without_case),
        cmocka_unit_test(searches),
        cmocka_unit_test(trims_blanks_only),
        cmocka_unit_test(orders),
        cmocka_unit_test(reads_numbers_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
