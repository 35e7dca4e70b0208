/* The parts of limits.memory: together they are never more than it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "app/budget.h"

#define MIB ((size_t)1024 * 1024)

static struct interface_conf interface = { .buffer_size_mb = 24 };

static struct settings settings(size_t mib)
{
    return (struct settings){ .limits = { .flows = 1000000,
                                          .memory_bytes = (int64_t)(mib * MIB),
                                          .defrag_bytes = 32 << 20,
                                          .batch_bytes = 16 << 20 },
                              .interface = &interface,
                              .n_interfaces = 1 };
}

/* One that fits; others are refused. */
static void check(size_t mib, unsigned workers, bool live)
{
    struct settings s = settings(mib);
    struct budget b;
    struct why w;
    if (budget_make(&b, &s, workers, live, &w) != ERR_OK)
        return;
    size_t each = b.batches + b.tables + b.scratch + 2 * b.defrag + b.flows * 48;
    assert_true(b.rings + b.pipe + workers * each < mib * MIB);
    assert_true(b.flows * workers <= 1000000 && b.flows > 1000);
    assert_true(b.batch_bytes * 4 <= b.batches);
}

static void test_the_sum_holds(void **state)
{
    (void)state;
    for (size_t mib = 64; mib <= 4096; mib *= 2)
        for (unsigned n = 1; n <= 16; n++) {
            check(mib, n, false);
            check(mib, n, true);
        }
}

static void test_too_little_says_what_would_do(void **state)
{
    (void)state;
    struct settings s = settings(64);
    struct budget b;
    struct why w;
    assert_int_equal(budget_make(&b, &s, 8, true, &w), ERR_CONFIG);
    assert_non_null(strstr(w.text, "64 MiB are not enough for 8 workers"));
    assert_non_null(strstr(w.text, "at least 144 MiB"));
    assert_int_equal(budget_workers(&s, 8, true), 1);
    s = settings(256);
    assert_in_range(budget_workers(&s, 64, true), 8, 20);
    assert_int_equal(budget_workers(&s, 2, true), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sum_holds),
        cmocka_unit_test(test_too_little_says_what_would_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
