/* Parcels that are done with in any order, and how far that is in the order they came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "out/order.h"

#define N 6

static struct parcel parcel[N];
static struct order o;

static int setup(void **state)
{
    (void)state;
    order_init(&o, N);
    for (unsigned i = 0; i < N; i++) {
        parcel[i] = (struct parcel){ .count = 10 * (i + 1) };
        order_add(&o, &parcel[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    order_free(&o);
    return 0;
}

static void counts_up_to_the_first_gap(void **state)
{
    (void)state;
    assert_int_equal(order_done(&o), 0);
    order_emptied(&o, &parcel[1]);
    order_emptied(&o, &parcel[3]);
    assert_int_equal(order_done(&o), 0);
    parcel[0].passed = 4;
    assert_int_equal(order_done(&o), 4);
    order_emptied(&o, &parcel[0]);
    assert_int_equal(order_done(&o), 30);
    order_emptied(&o, &parcel[2]);
    assert_int_equal(order_done(&o), 100);
}

/* However many go by while the first one does not, what is remembered is bounded. */
static void a_slow_one_does_not_make_it_grow(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 1000; round++) {
        struct parcel *p = &parcel[1 + round % (N - 1)];
        order_emptied(&o, p);
        order_add(&o, p);
        assert_true(o.n <= 2 * N + 1);
    }
    assert_int_equal(order_done(&o), 0);
    uint64_t all = 10;
    for (unsigned i = 1; i < N; i++)
        order_emptied(&o, &parcel[i]);
    order_emptied(&o, &parcel[0]);
    for (unsigned i = 0; i < 1000; i++)
        all += 10 * (2 + i % (N - 1));
    assert_int_equal(order_done(&o), all + 20 + 30 + 40 + 50 + 60);
    assert_int_equal(o.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_up_to_the_first_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_one_does_not_make_it_grow, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
