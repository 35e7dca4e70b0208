/* The timer wheel: nothing early, nothing forgotten, in order, over any distance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "net/wheel.h"

#define TICK ((int64_t)1 << WHEEL_TICK_LOG)
#define N    500

static struct wheel wheel;
static struct flow all[N + 1], *const flows = all + 1; /* the first has the name that is none */
static int64_t due_ns[N];

static void arm(struct flow *flow, int64_t at_ns)
{
    due_ns[flow - flows] = at_ns;
    wheel_add(&wheel, flow, at_ns);
}

static int setup(void **state)
{
    (void)state;
    memset(all, 0, sizeof all);
    wheel_init(&wheel, 0, (uint8_t *)all);
    return 0;
}

static void due_when_its_tick_has_passed(void **state)
{
    (void)state;
    arm(&flows[0], 5 * TICK + 3);
    assert_null(wheel_take(&wheel, 5 * TICK + 4));
    assert_ptr_equal(wheel_take(&wheel, 6 * TICK), &flows[0]);
    assert_null(wheel_take(&wheel, 6 * TICK));
    assert_false(wheel_is_due(&wheel, 7 * TICK - 1));
    assert_true(wheel_is_due(&wheel, 7 * TICK));
}

static void past_is_due_at_the_next_tick(void **state)
{
    (void)state;
    assert_null(wheel_take(&wheel, 1000 * TICK));
    arm(&flows[0], 3 * TICK);
    assert_null(wheel_take(&wheel, 1000 * TICK));
    assert_ptr_equal(wheel_take(&wheel, 1001 * TICK), &flows[0]);
}

static void removed_is_not_taken(void **state)
{
    (void)state;
    arm(&flows[0], 100 * TICK);
    arm(&flows[1], 100 * TICK);
    wheel_remove(&wheel, &flows[0]);
    wheel_remove(&wheel, &flows[0]);
    assert_ptr_equal(wheel_take(&wheel, 200 * TICK), &flows[1]);
    assert_null(wheel_take(&wheel, INT64_MAX / 2));
}

static void order_is_that_of_ticks_then_of_arming(void **state)
{
    (void)state;
    arm(&flows[0], 70 * TICK);
    arm(&flows[1], 5000 * TICK);
    arm(&flows[2], 70 * TICK + 1);
    arm(&flows[3], 1 * TICK);
    unsigned expect[] = { 3, 0, 2, 1 };
    for (unsigned i = 0; i < COUNT(expect); i++)
        assert_ptr_equal(wheel_take(&wheel, (int64_t)1 << 60), &flows[expect[i]]);
    assert_null(wheel_take(&wheel, (int64_t)1 << 60));
}

static void boundary_of_a_level_is_no_trap(void **state)
{
    (void)state;
    arm(&flows[0], 64 * TICK);
    arm(&flows[1], 64 * 64 * TICK);
    assert_null(wheel_take(&wheel, 64 * TICK)); /* stands exactly where a slot begins */
    arm(&flows[2], 70 * TICK);
    assert_ptr_equal(wheel_take(&wheel, 65 * TICK), &flows[0]);
    assert_ptr_equal(wheel_take(&wheel, 64 * 64 * TICK), &flows[2]);
    assert_null(wheel_take(&wheel, 64 * 64 * TICK));
    assert_ptr_equal(wheel_take(&wheel, 64 * 64 * TICK + TICK), &flows[1]);
}

static uint64_t seed = 7;

static uint64_t random_bits(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 2 ^ seed >> 31;
}

/* Against the plain definition, with steps and distances of all sizes, at today's times. */
static void random_timers_come_as_defined(void **state)
{
    (void)state;
    int64_t now = (int64_t)1790000000 * 1000000000;
    unsigned armed = 0;
    assert_null(wheel_take(&wheel, now));
    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = (unsigned)(random_bits() % N);
        if (!flows[i].slot) {
            arm(&flows[i], now + (int64_t)(random_bits() >> (20 + random_bits() % 34)));
            armed++;
        }
        now += (int64_t)(random_bits() >> (22 + random_bits() % 34));
        if (now > (int64_t)1 << 61)
            break;
        int64_t last_tick = 0;
        struct flow *flow;
        while ((flow = wheel_take(&wheel, now))) {
            int64_t tick = due_ns[flow - flows] >> WHEEL_TICK_LOG;
            assert_true(tick < now >> WHEEL_TICK_LOG && tick >= last_tick);
            last_tick = tick;
            armed--;
        }
        for (unsigned k = 0; k < N && round % 97 == 0; k++)
            if (flows[k].slot)
                assert_true(due_ns[k] >> WHEEL_TICK_LOG >= now >> WHEEL_TICK_LOG &&
                            wheel_tick_of(&wheel, &flows[k]) == due_ns[k] >> WHEEL_TICK_LOG);
    }
    while (wheel_take(&wheel, INT64_MAX))
        armed--;
    assert_int_equal(armed, 0);
}

/* What is too far away comes earlier, and can be armed anew. */
static void far_timers_come_early(void **state)
{
    (void)state;
    arm(&flows[0], 3 * WHEEL_FAR * TICK);
    arm(&flows[1], WHEEL_FAR * TICK - TICK);
    assert_null(wheel_take(&wheel, WHEEL_FAR * TICK - TICK));
    assert_ptr_equal(wheel_take(&wheel, WHEEL_FAR * TICK), &flows[1]);
    assert_ptr_equal(wheel_take(&wheel, WHEEL_FAR * TICK + TICK), &flows[0]);
    arm(&flows[0], due_ns[0]);
    assert_null(wheel_take(&wheel, 2 * WHEEL_FAR * TICK - TICK));
    assert_ptr_equal(wheel_take(&wheel, 3 * WHEEL_FAR * TICK), &flows[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(due_when_its_tick_has_passed, setup),
        cmocka_unit_test_setup(past_is_due_at_the_next_tick, setup),
        cmocka_unit_test_setup(removed_is_not_taken, setup),
        cmocka_unit_test_setup(order_is_that_of_ticks_then_of_arming, setup),
        cmocka_unit_test_setup(boundary_of_a_level_is_no_trap, setup),
        cmocka_unit_test_setup(far_timers_come_early, setup),
        cmocka_unit_test_setup(random_timers_come_as_defined, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
