/* The cursor's sticky error: nothing is read, moved or given after the first read past the end. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/cursor.h"

static void reads_both_byte_orders(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 };
    struct cursor c = cur_of(slice_of(bytes, sizeof bytes));
    assert_int_equal(cur_u16be(&c), 0x0102);
    assert_int_equal(cur_u24be(&c), 0x030405);
    assert_int_equal(cur_u32be(&c), 0x06070809);
    assert_int_equal(cur_u16le(&c), 0x0b0a);
    assert_int_equal(cur_u32le(&c), 0x0f0e0d0c);
    assert_int_equal(cur_u8(&c), 16);
    assert_int_equal(cur_peek(&c), 17);
    assert_int_equal(cur_left(&c), 1);
    assert_true(cur_ok(&c));
}

static void reads_64_bits(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0xf1, 2, 3, 4, 5, 6, 7, 8 };
    struct cursor be = cur_of(slice_of(bytes, 8)), le = be;
    assert_true(cur_u64be(&be) == 0xf102030405060708u);
    assert_true(cur_u64le(&le) == 0x08070605040302f1u);
}

static void one_short_is_bad_for_ever(void **state)
{
    (void)state;
    static const uint8_t bytes[7] = { 1, 1, 1, 1, 1, 1, 1 };
    struct cursor c = cur_of(slice_of(bytes, sizeof bytes));
    assert_true(cur_u64be(&c) == 0);
    assert_false(cur_ok(&c));
    assert_int_equal(cur_u8(&c), 0);
    assert_int_equal(cur_left(&c), 0);
    assert_int_equal(cur_bytes(&c, 1).n, 0);
    assert_int_equal(cur_rest(&c).n, 0);
    struct cursor sub = cur_sub(&c, 0);
    assert_false(cur_ok(&sub));
}

static void a_huge_length_does_not_wrap(void **state)
{
    (void)state;
    static const uint8_t bytes[4] = { 0 };
    struct cursor c = cur_of(slice_of(bytes, 4));
    cur_skip(&c, 2);
    assert_null(cur_bytes(&c, SIZE_MAX).p);
    assert_false(cur_ok(&c));
}

static void sub_is_bounded_by_its_length(void **state)
{
    (void)state;
    struct cursor c = cur_of(SLICE("abcdef")), sub = cur_sub(&c, 3);
    assert_int_equal(cur_left(&sub), 3);
    cur_skip(&sub, 4);
    assert_false(cur_ok(&sub));
    assert_true(cur_ok(&c));
    assert_true(slice_eq(cur_rest(&c), SLICE("def")));
}

static void lines_lose_one_cr(void **state)
{
    (void)state;
    struct cursor c = cur_of(SLICE("a\r\r\n\n\r\nrest"));
    assert_true(slice_eq(cur_line(&c), SLICE("a\r")));
    assert_int_equal(cur_line(&c).n, 0);
    assert_int_equal(cur_line(&c).n, 0);
    assert_true(cur_ok(&c));
    assert_int_equal(cur_line(&c).n, 0);
    assert_false(cur_ok(&c));
}

static void empty_and_null_are_at_their_end(void **state)
{
    (void)state;
    struct cursor c = cur_of(slice_of(NULL, 0));
    assert_int_equal(cur_left(&c), 0);
    assert_true(cur_ok(&c));
    assert_int_equal(cur_bytes(&c, 0).n, 0);
    assert_true(cur_ok(&c));
    assert_int_equal(cur_peek(&c), 0);
    assert_false(cur_ok(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_byte_orders),
        cmocka_unit_test(reads_64_bits),
        cmocka_unit_test(one_short_is_bad_for_ever),
        cmocka_unit_test(a_huge_length_does_not_wrap),
        cmocka_unit_test(sub_is_bounded_by_its_length),
        cmocka_unit_test(lines_lose_one_cr),
        cmocka_unit_test(empty_and_null_are_at_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
