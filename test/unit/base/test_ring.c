/* The ring alone, and between two threads (run it with F=tsan too). */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ring.h"

static void keeps_order_and_bounds(void **state)
{
    (void)state;
    struct ring r;
    int item[5];
    ring_init(&r, 3); /* becomes 4 */
    assert_null(ring_pop(&r));
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            assert_true(ring_push(&r, &item[i]));
        assert_false(ring_push(&r, &item[4]));
        assert_int_equal(ring_count(&r), 4);
        for (int i = 0; i < 4; i++)
            assert_ptr_equal(ring_pop(&r), &item[i]);
        assert_null(ring_pop(&r));
    }
    ring_free(&r);
}

static void survives_wrapping_indices(void **state)
{
    (void)state;
    struct ring r;
    int item[2];
    ring_init(&r, 2);
    atomic_store(&r.head, SIZE_MAX);
    atomic_store(&r.tail, SIZE_MAX);
    assert_true(ring_push(&r, &item[0]));
    assert_true(ring_push(&r, &item[1]));
    assert_false(ring_push(&r, &item[0]));
    assert_int_equal(ring_count(&r), 2);
    assert_ptr_equal(ring_pop(&r), &item[0]);
    assert_ptr_equal(ring_pop(&r), &item[1]);
    assert_null(ring_pop(&r));
    ring_free(&r);
}

enum { ITEMS = 20000 };

/* The numbers are plain memory: TSan sees whether the ring orders their writing and reading. */
static void *producer(void *arg)
{
    struct ring *r = arg;
    for (int i = 1; i <= ITEMS; i++) {
        int *item = malloc(sizeof *item);
        *item = i;
        while (!ring_push(r, item))
            sched_yield();
    }
    return NULL;
}

static void hands_over_between_threads(void **state)
{
    (void)state;
    struct ring r;
    pthread_t thread;
    ring_init(&r, 8);
    assert_int_equal(pthread_create(&thread, NULL, producer, &r), 0);
    int wrong = 0;
    for (int want = 1; want <= ITEMS; want++) {
        int *item;
        while (!(item = ring_pop(&r)))
            sched_yield();
        wrong += *item != want;
        free(item);
    }
    pthread_join(thread, NULL);
    assert_int_equal(wrong, 0);
    assert_null(ring_pop(&r));
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_bounds),
        cmocka_unit_test(survives_wrapping_indices),
        cmocka_unit_test(hands_over_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
