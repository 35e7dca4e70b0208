/* When an index rotates, and which ones go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/index_set.h"

#define DAY INT64_C(86400000)

static struct index_set set;
static struct index_row row[10];
static int64_t anchor;

static int setup(void **state)
{
    (void)state;
    index_set_preset(&set);
    memset(row, 0, sizeof row);
    for (unsigned i = 0; i < COUNT(row); i++)
        row[i] = (struct index_row){ .number = i,
                                     .state = i == 9 ? INDEX_WRITE : INDEX_OPEN,
                                     .created_ms = i * DAY,
                                     .anchor_ms = i * DAY,
                                     .from_ms = i * DAY,
                                     .to_ms = i * DAY + DAY - 1,
                                     .docs = 10,
                                     .bytes = 100 };
    return 0;
}

static bool due(bool has_messages, int64_t now_ms)
{
    return rotation_is_due(&set, &row[9], has_messages, now_ms, &anchor);
}

static void test_time(void **state)
{
    (void)state;
    assert_false(due(true, 10 * DAY - 1));
    assert_true(due(true, 10 * DAY));
    assert_int_equal(anchor, 10 * DAY);
    assert_true(due(true, 15 * DAY + 7)); /* missed ones are skipped */
    assert_int_equal(anchor, 15 * DAY);
    assert_false(due(false, 15 * DAY));
    set.rotate_empty = true;
    assert_true(due(false, 15 * DAY));
    assert_false(due(true, 2 * DAY)); /* the clock was set back */
}

static void test_count_and_size(void **state)
{
    (void)state;
    set.rotation = ROTATE_COUNT;
    set.max_docs = 11;
    assert_false(due(true, 99 * DAY));
    set.max_docs = 10;
    assert_true(due(true, 0));
    set.rotation = ROTATE_SIZE;
    set.max_bytes = 101;
    assert_false(due(true, 99 * DAY));
    set.max_bytes = 100;
    assert_true(due(true, 0));
}

static unsigned excess(int64_t now_ms)
{
    return retention_excess(&set, row, COUNT(row), now_ms);
}

static void test_number(void **state)
{
    (void)state;
    assert_int_equal(excess(10 * DAY), 0);
    set.keep_indices = 10;
    assert_int_equal(excess(10 * DAY), 0);
    set.keep_indices = 7;
    assert_int_equal(excess(10 * DAY), 3);
    row[0].state = row[1].state = INDEX_CLOSED; /* they do not count any more */
    assert_int_equal(excess(10 * DAY), 1);
    set.keep_indices = 1;
    assert_int_equal(excess(10 * DAY), 7); /* never the write index */
    set.retention = RETAIN_NONE;
    assert_int_equal(excess(10 * DAY), 0);
}

static void test_age_and_bytes(void **state)
{
    (void)state;
    set.keep_indices = 0;
    assert_int_equal(excess(1000 * DAY), 0);
    set.keep_age_ms = 5 * DAY;
    assert_int_equal(excess(10 * DAY), 5);
    assert_int_equal(excess(1000 * DAY), 9);
    set.keep_age_ms = 0;
    set.keep_bytes = 1000;
    assert_int_equal(excess(0), 0);
    set.keep_bytes = 550;
    assert_int_equal(excess(0), 5);
    row[0].docs = 0; /* an empty one is as old as its making */
    set.keep_bytes = 0;
    set.keep_age_ms = 5 * DAY;
    row[0].to_ms = 0;
    assert_int_equal(excess(5 * DAY + 1), 1);
}

#define T(f) cmocka_unit_test_setup(f, setup)
int main(void)
{
    const struct CMUnitTest tests[] = { T(test_time), T(test_count_and_size), T(test_number),
                                        T(test_age_and_bytes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
