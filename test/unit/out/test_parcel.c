/* Parcels and stretches: order, numbers, cutting, coming back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "out/parcel.h"

/* Frames of the stretch must be numbered from 1 and hold these letters. */
static void shows(const struct stretch *s, const char *letters)
{
    struct cursor c = cur_of(stretch_frames(s));
    uint32_t n = 0;
    for (; *letters; letters++) {
        assert_int_equal(cur_u16be(&c), '2' << 8 | 'J');
        assert_int_equal(cur_u32be(&c), ++n);
        assert_int_equal(cur_u32be(&c), 1);
        assert_int_equal(cur_u8(&c), *letters);
    }
    assert_true(cur_ok(&c));
    assert_int_equal(cur_left(&c), 0);
}

static struct parcel *parcel_with(const char *letters)
{
    struct parcel *p = parcel_new(8);
    for (; *letters; letters++)
        parcel_add(p, slice_of(letters, 1));
    return p;
}

static void done(struct stretch_queue *q, struct stretch *s)
{
    stretch_pass(s, stretch_count(s));
    stretch_done(q, s);
}

static void is_cut_and_comes_back_in_order(void **state)
{
    (void)state;
    struct stretch_queue q = { 0 };
    struct parcel *p = parcel_with("abcdefg");
    stretch_queue_add(&q, p);
    struct stretch *a = stretch_queue_take(&q, 3), *b = stretch_queue_take(&q, 3);
    shows(a, "abc");
    shows(b, "def");
    assert_false(stretch_pass(a, 1));
    stretch_queue_again(&q, b);
    stretch_queue_again(&q, a);
    struct stretch *again = stretch_queue_take(&q, 10);
    shows(again, "bc");
    done(&q, again);
    again = stretch_queue_take(&q, 2);
    shows(again, "de");
    done(&q, again);
    done(&q, stretch_queue_take(&q, 9));
    struct stretch *last = stretch_queue_take(&q, 9);
    shows(last, "g");
    assert_null(stretch_queue_take(&q, 1));
    assert_true(stretch_pass(last, 1));
    stretch_done(&q, last);
    stretch_queue_free(&q);
    parcel_reset(p);
    parcel_free(p);
}

static void is_full_at_its_limits(void **state)
{
    (void)state;
    static uint8_t large[PARCEL_BYTES];
    struct parcel *p = parcel_with("abcdefg");
    assert_false(parcel_is_full(p));
    parcel_add(p, SLICE("h"));
    assert_true(parcel_is_full(p));
    p->left = 0;
    parcel_reset(p);
    assert_false(parcel_is_full(p));
    parcel_add(p, slice_of(large, sizeof large));
    assert_true(parcel_is_full(p));
    p->left = 0;
    parcel_reset(p);
    parcel_free(p);
}

static void a_large_event_leaves_no_large_parcel(void **state)
{
    (void)state;
    static uint8_t large[5 * PARCEL_BYTES];
    struct parcel *p = parcel_new(2);
    parcel_add(p, slice_of(large, sizeof large));
    assert_true(p->cap > sizeof large);
    p->left = 0;
    parcel_reset(p);
    assert_true(p->cap < PARCEL_BYTES);
    parcel_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_cut_and_comes_back_in_order),
        cmocka_unit_test(is_full_at_its_limits),
        cmocka_unit_test(a_large_event_leaves_no_large_parcel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
