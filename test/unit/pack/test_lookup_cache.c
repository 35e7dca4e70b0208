/* The cache before a lookup table: answers stay what they are, memory stays bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "os/thread.h"
#include "pack/lookup_cache.h"

static struct arena arena;
static _Atomic unsigned asked, closed;
static char fixed[] = "lives as the table";

/* What the adapter behind the cache says: a key of digits has values, "bad" fails, others have
 * nothing. */
static void slow(const void *data, const struct rule_value *key, int64_t now_ms, struct arena *mem,
                 struct lookup_answer *out)
{
    (void)data, (void)now_ms;
    asked++;
    struct slice k = value_to_text(key, mem);
    out->failed = slice_eq(k, SLICE("bad"));
    if (!k.n || k.p[0] < '0' || k.p[0] > '9')
        return;
    struct rule_member *m = arena_alloc(mem, 2 * sizeof *m);
    m[0] = (struct rule_member){ arena_dup(mem, SLICE("key")), rule_string(arena_dup(mem, k)) };
    m[1] = (struct rule_member){ SLICE("fixed"), rule_string(slice_cstr(fixed)) };
    out->multi = (struct rule_value){ .kind = K_MAP, .n = 2, .p = m };
    out->single = rule_string(arena_dup(mem, k));
}

static void close_slow(void *data)
{
    (void)data;
    closed++;
}

static const struct lookup_adapter slow_adapter = { .name = "slow",
                                                    .ask = slow,
                                                    .close = close_slow };

static struct lookup_table table(struct lookup_cache_conf conf)
{
    struct lookup_table t = { .name = SLICE("t"),
                              .adapter = &slow_adapter,
                              .fixed = slice_of(fixed, sizeof fixed) };
    asked = closed = 0;
    lookup_cache_put(&t, &conf);
    return t;
}

/* The memory of each message goes before the next. */
static const char *ask(const struct lookup_table *t, const char *key, int64_t now_ms)
{
    static char text[200];
    struct rule_value k = rule_string(slice_cstr(key));
    arena_reset(&arena);
    struct lookup_answer a = lookup_ask(t, &k, now_ms, &arena);
    struct buf b = buf_of(text, sizeof text - 1);
    value_print(&b, &a.single);
    buf_u8(&b, ' ');
    value_print(&b, &a.multi);
    text[b.n] = '\0';
    return a.failed ? "failed" : a.single.kind == K_NULL ? "" : text;
}

static struct lookup_cache_count counts(const struct lookup_table *t)
{
    struct lookup_cache_count c;
    assert_true(lookup_cache_counts(t, &c));
    return c;
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void hits(void **state)
{
    (void)state;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 10 });
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(ask(&t, "17", i), "17 {key=17, fixed=lives as the table}");
        assert_string_equal(ask(&t, "none", i), "");
        assert_string_equal(ask(&t, "bad", i), "failed");
    }
    assert_int_equal(asked, 5); /* what failed is asked again */
    assert_int_equal(counts(&t).hits, 4);
    assert_int_equal(counts(&t).misses, 5);
    assert_string_equal(t.adapter->name, "slow");
    lookup_close(&t);
    assert_int_equal(closed, 1);
}

/* Texts in the table's own memory are not copied, all others are. */
static void what_a_hit_points_to(void **state)
{
    (void)state;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 1 });
    struct rule_value k = rule_string(SLICE("2"));
    lookup_ask(&t, &k, 0, &arena);
    struct lookup_answer a = lookup_ask(&t, &k, 0, &arena);
    assert_ptr_equal(value_member(&a.multi, SLICE("fixed"))->p, fixed);
    struct rule_value other = rule_string(SLICE("3"));
    lookup_ask(&t, &other, 0, &arena); /* evicts it: what the message has stays */
    assert_true(slice_eq(rule_text(&a.single), SLICE("2")));
    assert_int_equal(counts(&t).evicted, 1);
    lookup_close(&t);
}

static void least_used_goes(void **state)
{
    (void)state;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 3 });
    const char *order[] = { "1", "2", "3", "1", "4", "1", "3", "2" };
    for (unsigned i = 0; i < COUNT(order); i++)
        ask(&t, order[i], 0);
    assert_int_equal(asked, 5); /* 1 2 3 4, and 2 again */
    assert_int_equal(counts(&t).evicted, 2);
    lookup_close(&t);
}

static void times(void **state)
{
    (void)state;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 9, .access_ms = 100 });
    for (int64_t ms = 0; ms < 1000; ms += 50)
        ask(&t, "1", ms);
    assert_int_equal(asked, 1);
    ask(&t, "1", 1050);
    assert_int_equal(asked, 2);
    lookup_close(&t);
    t = table((struct lookup_cache_conf){ .max_size = 9, .write_ms = 100 });
    for (int64_t ms = 0; ms < 1000; ms += 50)
        ask(&t, "1", ms);
    assert_int_equal(asked, 10);
    assert_int_equal(counts(&t).expired, 9);
    lookup_close(&t);
}

static void nulls_are_ignored(void **state)
{
    (void)state;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 9, .ignore_null = true });
    ask(&t, "none", 0);
    ask(&t, "none", 0);
    assert_int_equal(asked, 2);
    lookup_close(&t);
}

/* An address and its text are two keys; what is too long is asked each time. */
static void keys(void **state)
{
    (void)state;
    char large[1000];
    struct addr a;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 9 });
    assert_true(addr_parse(SLICE("192.0.2.1"), &a));
    struct rule_value ip = { .kind = K_IP, .p = &a };
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(ask(&t, "192.0.2.1", 0), "192.0.2.1 {key=192.0.2.1, "
                                                     "fixed=lives as the table}");
        struct lookup_answer got = lookup_ask(&t, &ip, 0, &arena);
        assert_true(slice_eq(rule_text(&got.single), SLICE("192.0.2.1")));
    }
    assert_int_equal(asked, 2);
    memset(large, '7', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    ask(&t, large, 0);
    ask(&t, large, 0);
    assert_int_equal(asked, 4);
    lookup_close(&t);
}

static void no_cache(void **state)
{
    (void)state;
    struct lookup_cache_count c;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 0 });
    assert_ptr_equal(t.adapter, &slow_adapter);
    assert_false(lookup_cache_counts(&t, &c));
    lookup_close(&t);
}

static void reader(void *ctx)
{
    const struct lookup_table *t = ctx;
    struct arena mem;
    char key[20];
    arena_init(&mem, NULL, 0);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "%u", i * 7 % 40);
        struct rule_value k = rule_string(slice_cstr(key));
        arena_reset(&mem);
        struct lookup_answer a = lookup_ask(t, &k, i, &mem);
        assert_true(slice_eq(rule_text(&a.single), slice_cstr(key)));
    }
    arena_free(&mem);
}

static void threads(void **state)
{
    (void)state;
    struct lookup_table t = table((struct lookup_cache_conf){ .max_size = 20, .write_ms = 100 });
    struct thread th[3];
    for (unsigned i = 0; i < COUNT(th); i++)
        assert_int_equal(thread_start(&th[i], "reader", reader, &t), ERR_OK);
    for (unsigned i = 0; i < COUNT(th); i++)
        thread_join(&th[i]);
    struct lookup_cache_count c = counts(&t);
    assert_int_equal(c.hits + c.misses, 6000);
    assert_int_equal(c.misses, asked);
    lookup_close(&t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = { TEST(hits),
                                        TEST(what_a_hit_points_to),
                                        TEST(least_used_goes),
                                        TEST(times),
                                        TEST(nulls_are_ignored),
                                        TEST(keys),
                                        TEST(no_cache),
                                        TEST(threads) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
