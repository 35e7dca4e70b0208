/* Before an output: how long events wait for others (queue.mem.flush), failures, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipe/outlet.h"

#define HOUR (3600 * INT64_C(1000000000))

static unsigned writes, flushes, closes;
static err write_result;

static err keep_open(void *ctx, const void *conf, struct why *w)
{
    (void)ctx, (void)conf, (void)w;
    return ERR_OK;
}

static err keep_write(void *ctx, const struct event *e, struct slice line, struct why *w)
{
    (void)ctx, (void)e, (void)line;
    writes++;
    return write_result ? why_set(w, write_result, "broken") : ERR_OK;
}

static err keep_flush(void *ctx, struct why *w)
{
    (void)ctx, (void)w;
    flushes++;
    return ERR_OK;
}

static void keep_close(void *ctx)
{
    (void)ctx;
    closes++;
}

static const struct output keeper = { .name = "keeper",
                                      .ctx_size = 1,
                                      .open = keep_open,
                                      .write = keep_write,
                                      .flush = keep_flush,
                                      .close = keep_close };
static struct counters counters;
static struct outlet *o;
static struct why why;

static int setup(void **state)
{
    (void)state;
    memset(&counters, 0, sizeof counters);
    writes = flushes = closes = 0;
    write_result = ERR_OK;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    outlet_close(o);
    assert_int_equal(closes, 1);
    return 0;
}

static void start(int64_t events, int64_t ns)
{
    const struct queue_conf conf = { .flush_events = events, .flush_ns = ns };
    assert_int_equal(outlet_open(&o, &keeper, NULL, &conf, &why), ERR_OK);
}

static err put(unsigned n)
{
    err rc = ERR_OK;
    while (n-- && !rc)
        rc = outlet_write(o, NULL, SLICE("x"), &counters, &why);
    return rc ? rc : outlet_flush(o, &counters, &why);
}

static void waits_for_so_many(void **state)
{
    (void)state;
    start(10, HOUR);
    assert_int_equal(put(9), ERR_OK);
    assert_int_equal(outlet_idle(o, &counters, &why), ERR_OK);
    assert_int_equal(flushes, 0);
    assert_int_equal(put(1), ERR_OK);
    assert_int_equal(flushes, 1);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_WRITTEN), 10);
}

static void waits_no_longer_than_that(void **state)
{
    (void)state;
    start(10, 1000000);
    assert_int_equal(put(1), ERR_OK);
    while (!flushes) /* it ends */
        assert_int_equal(outlet_idle(o, &counters, &why), ERR_OK);
}

static void at_the_end_nothing_waits(void **state)
{
    (void)state;
    start(10, HOUR);
    assert_int_equal(put(1), ERR_OK);
    outlet_end(o, false);
    assert_int_equal(outlet_idle(o, &counters, &why), ERR_OK);
    assert_int_equal(flushes, 1);
}

static void none_or_one_is_at_once(void **state)
{
    (void)state;
    start(1, HOUR);
    assert_int_equal(put(3), ERR_OK);
    assert_int_equal(flushes, 1);
}

static void what_fails_is_counted_and_the_end_is_told(void **state)
{
    (void)state;
    start(0, 0);
    write_result = ERR_IO;
    assert_int_equal(put(2), ERR_OK);
    write_result = ERR_LIMIT;
    assert_int_equal(put(1), ERR_OK);
    assert_int_equal(counter_get(&counters, COUNTER_EVENTS_FAILED), 3);
    write_result = ERR_END;
    assert_int_equal(put(1), ERR_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(waits_for_so_many, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_no_longer_than_that, setup, teardown),
        cmocka_unit_test_setup_teardown(at_the_end_nothing_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(none_or_one_is_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_fails_is_counted_and_the_end_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
