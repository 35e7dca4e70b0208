/* Arenas: bounds, reuse of chunks, and poison on what was given back. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/poison.h"

static bool is_poisoned(const void *p)
{
#if POISON_ON
    return __asan_address_is_poisoned(p);
#else
    (void)p;
    return true;
#endif
}

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, NULL, 0);
    uint8_t *last = NULL;
    for (size_t n = 0; n < 100; n++) {
        uint8_t *p = arena_alloc(&a, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 8, 0);
        assert_true(p != last);
        memset(p, 0xab, n);
        last = p;
    }
    arena_free(&a);
}

static void zalloc_clears_used_memory(void **state)
{
    (void)state;
    static const uint8_t zero[1000];
    struct arena a;
    arena_init(&a, NULL, 0);
    memset(arena_alloc(&a, 1000), 0xff, 1000);
    arena_reset(&a);
    assert_memory_equal(arena_zalloc(&a, 1000), zero, 1000);
    arena_free(&a);
}

static void own_bound_refuses_and_says_so(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, NULL, 100);
    assert_non_null(arena_alloc(&a, 96));
    assert_false(a.full);
    assert_null(arena_alloc(&a, 8));
    assert_true(a.full);
    assert_int_equal(arena_dup(&a, SLICE("abcdefgh")).n, 0);
    arena_reset(&a);
    assert_false(a.full);
    assert_non_null(arena_alloc(&a, 100 - 4));
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_free(&a);
}

static void pool_bound_holds_for_all_arenas(void **state)
{
    (void)state;
    struct chunk_pool pool = { .max_bytes = 2 * ARENA_CHUNK_BYTES };
    struct arena a, b;
    arena_init(&a, &pool, 0);
    arena_init(&b, &pool, 0);
    assert_non_null(arena_alloc(&a, 1));
    assert_non_null(arena_alloc(&b, 1));
    assert_null(arena_alloc(&b, ARENA_CHUNK_BYTES / 2 + ARENA_CHUNK_BYTES / 2));
    arena_free(&a);
    assert_non_null(arena_alloc(&b, ARENA_CHUNK_BYTES - 1024));
    arena_free(&b);
    assert_int_equal(pool.taken_bytes, 2 * ARENA_CHUNK_BYTES);
    chunk_pool_free(&pool);
    assert_int_equal(pool.taken_bytes, 0);
}

static void warm_arena_takes_nothing_new(void **state)
{
    (void)state;
    struct chunk_pool pool = { .max_bytes = (size_t)4 << 20 };
    struct arena a;
    size_t taken = 0;
    arena_init(&a, &pool, 0);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3000; i++)
            assert_non_null(arena_alloc(&a, 100));
        assert_non_null(arena_alloc(&a, 300000)); /* larger than a chunk */
        if (round == 0)
            taken = pool.taken_bytes;
        assert_int_equal(pool.taken_bytes, taken);
        arena_reset(&a);
    }
    arena_free(&a);
    chunk_pool_free(&pool);
}

static void idle_large_chunks_do_not_starve_others(void **state)
{
    (void)state;
    struct chunk_pool pool = { .max_bytes = 1000000 };
    struct arena a;
    arena_init(&a, &pool, 0);
    assert_non_null(arena_alloc(&a, 900000));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 910000)); /* the free one is too small and in the way */
    arena_free(&a);
    chunk_pool_free(&pool);
}

static void idle_small_chunks_do_not_starve_large_ones(void **state)
{
    (void)state;
    struct chunk_pool pool = { .max_bytes = 1000000 };
    struct arena a;
    arena_init(&a, &pool, 0);
    while (arena_alloc(&a, 1000))
        continue;
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 900000));
    assert_true(pool.taken_bytes <= pool.max_bytes);
    arena_free(&a);
    chunk_pool_free(&pool);
}

static void use_after_reset_is_caught(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, NULL, 0);
    uint8_t *p = arena_alloc(&a, 20);
    if (!POISON_ON) {
        arena_free(&a);
        skip();
    }
    assert_false(is_poisoned(p) || is_poisoned(p + 19));
    assert_true(is_poisoned(p + 20)); /* an overrun by one */
    arena_reset(&a);
    assert_true(is_poisoned(p) && is_poisoned(p + 19));
    arena_free(&a);
}

static void pooled_chunk_stays_poisoned(void **state)
{
    (void)state;
    struct chunk_pool pool = { .max_bytes = (size_t)1 << 20 };
    struct arena a;
    arena_init(&a, &pool, 0);
    uint8_t *p = arena_alloc(&a, 64);
    arena_free(&a);
    assert_true(is_poisoned(p));
    uint8_t *again = arena_alloc(&a, 64);
    assert_ptr_equal(p, again);
    *again = 1;
    arena_free(&a);
    chunk_pool_free(&pool);
}

static void dup_copies(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, NULL, 0);
    char text[] = "text";
    struct slice copy = arena_dup(&a, slice_cstr(text));
    text[0] = 'n';
    assert_true(slice_eq(copy, SLICE("text")));
    assert_int_equal(arena_dup(&a, slice_of(NULL, 0)).n, 0);
    assert_false(a.full);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(zalloc_clears_used_memory),
        cmocka_unit_test(own_bound_refuses_and_says_so),
        cmocka_unit_test(pool_bound_holds_for_all_arenas),
        cmocka_unit_test(warm_arena_takes_nothing_new),
        cmocka_unit_test(idle_large_chunks_do_not_starve_others),
        cmocka_unit_test(idle_small_chunks_do_not_starve_large_ones),
        cmocka_unit_test(use_after_reset_is_caught),
        cmocka_unit_test(pooled_chunk_stays_poisoned),
        cmocka_unit_test(dup_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
