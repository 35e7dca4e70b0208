/* Chunks of GELF messages: order, repetition, time, caps. */
#include "in/gelf_chunks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static struct counters counters;
static struct slice whole;

static int64_t now_ns; /* what add says */

static bool add(struct gelf_chunks *t, char id, unsigned number, unsigned count, const char *data)
{
    uint8_t d[64] = {
        0x1e, 0x0f, 0, 0, 0, 0, 0, 0, 0, (uint8_t)id, (uint8_t)number, (uint8_t)count
    };
    memcpy(d + GELF_CHUNK_HEAD, data, strlen(data));
    return gelf_chunks_add(t, slice_of(d, GELF_CHUNK_HEAD + strlen(data)), 1, now_ns, &whole);
}

static uint64_t count_of(enum counter_id id)
{
    return counter_get(&counters, id);
}

static struct gelf_chunks *fresh(unsigned messages, size_t bytes)
{
    counters = (struct counters){ 0 };
    now_ns = 0;
    return gelf_chunks_new(messages, bytes, &counters);
}

static void puts_them_together_in_any_order(void **state)
{
    (void)state;
    struct gelf_chunks *t = fresh(8, 1 << 20);
    now_ns = 0;
    assert_false(add(t, 'a', 2, 3, "C"));
    assert_false(add(t, 'b', 0, 2, "x"));
    assert_false(add(t, 'a', 0, 3, "A"));
    assert_false(add(t, 'a', 0, 3, "Z"));
    assert_true(add(t, 'a', 1, 3, "B"));
    assert_true(slice_eq(whole, SLICE("ABC")));
    assert_true(add(t, 'b', 1, 2, "y"));
    assert_true(slice_eq(whole, SLICE("xy")));
    assert_int_equal(count_of(COUNTER_GELF_CHUNKS_REPEATED), 1);
    gelf_chunks_free(t);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    struct gelf_chunks *t = fresh(8, 1 << 20);
    assert_false(add(t, 'a', 0, 0, "A"));
    assert_false(add(t, 'a', 2, 2, "A"));
    assert_false(add(t, 'a', 0, 129, "A"));
    assert_false(add(t, 'a', 0, 2, ""));
    assert_false(add(t, 'a', 0, 2, "A"));
    assert_false(add(t, 'a', 1, 3, "B"));
    assert_false(gelf_chunks_add(t,
                                 SLICE("\x1e\x0f"
                                       "1234"),
                                 1, 0, &whole));
    assert_int_equal(count_of(COUNTER_GELF_CHUNKS_BAD), 6);
    gelf_chunks_free(t);
}

static void gives_up_after_five_seconds(void **state)
{
    (void)state;
    struct gelf_chunks *t = fresh(8, 1 << 20);
    assert_false(add(t, 'a', 0, 2, "A"));
    now_ns = 5 * SECOND + 1;
    assert_false(add(t, 'a', 1, 2, "B"));
    assert_int_equal(count_of(COUNTER_GELF_CHUNKS_EXPIRED), 1);
    now_ns = 10 * SECOND;
    assert_true(add(t, 'a', 0, 2, "A"));
    gelf_chunks_free(t);
}

static void the_oldest_goes_when_it_is_full(void **state)
{
    (void)state;
    struct gelf_chunks *t = fresh(2, 1 << 20);
    now_ns = 0;
    assert_false(add(t, 'a', 0, 2, "A"));
    now_ns = 1;
    assert_false(add(t, 'b', 0, 2, "A"));
    now_ns = 2;
    assert_false(add(t, 'c', 0, 2, "A"));
    assert_int_equal(count_of(COUNTER_GELF_CHUNKS_EVICTED), 1);
    now_ns = 3;
    assert_true(add(t, 'b', 1, 2, "B"));
    assert_true(add(t, 'c', 1, 2, "B"));
    assert_false(add(t, 'a', 1, 2, "B"));
    gelf_chunks_free(t);
    t = fresh(1000, 16384); /* memory for few */
    for (unsigned i = 0; i < 100; i++) {
        now_ns = i;
        assert_false(add(t, (char)i, 0, 2, "A"));
    }
    assert_true(count_of(COUNTER_GELF_CHUNKS_EVICTED) > 50);
    now_ns = 100;
    assert_true(add(t, 99, 1, 2, "B"));
    gelf_chunks_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_them_together_in_any_order),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(gives_up_after_five_seconds),
        cmocka_unit_test(the_oldest_goes_when_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
