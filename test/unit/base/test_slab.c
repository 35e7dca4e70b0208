/* Slabs: classes, cap, zeroing, reuse, and poison on what was given back. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/poison.h"
#include "base/slab.h"

static bool is_poisoned(const void *p)
{
#if POISON_ON
    return __asan_address_is_poisoned(p);
#else
    (void)p;
    return true;
#endif
}

static void classes_grow_by_a_half_at_most(void **state)
{
    (void)state;
    size_t before = slab_class_bytes(0);
    assert_int_equal(before, 8);
    assert_int_equal(slab_class_bytes(33), 48);
    assert_int_equal(slab_class_bytes(49), 64);
    for (size_t n = 1; n <= SLAB_MAX_BYTES; n += 1 + n / 97) {
        size_t bytes = slab_class_bytes(n);
        assert_true(bytes >= n && bytes >= before);
        assert_int_equal(slab_class_bytes(bytes), bytes);
        assert_true(n <= 32 || bytes <= n + n / 2);
        before = bytes;
    }
    assert_int_equal(slab_class_bytes(SLAB_MAX_BYTES), SLAB_MAX_BYTES);
    assert_int_equal(slab_class_bytes(SLAB_MAX_BYTES + 1), 0);
    assert_int_equal(slab_class_bytes(SIZE_MAX), 0);
}

static void every_size_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct slab s;
    slab_init(&s, (size_t)64 << 20);
    for (int round = 0; round < 2; round++)
        for (size_t n = 1; n < 300000; n += 1 + n / 13) {
            uint8_t *p = slab_alloc(&s, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % (n <= 8 ? 8 : 16), 0);
            for (size_t i = 0; i < n; i += i < 16 || i + 17 > n ? 1 : 13)
                assert_int_equal(p[i], 0);
            memset(p, 0xee, n);
            slab_free(&s, p, n);
        }
    assert_int_equal(s.used_bytes, 0);
    slab_destroy(&s);
}

static void pieces_do_not_overlap(void **state)
{
    (void)state;
    struct slab s;
    enum { N = 600 };
    static uint8_t *piece[N];
    static const size_t sizes[] = { 5, 8, 24, 40, 100, 700, 5000, 60000 };
    slab_init(&s, (size_t)64 << 20);
    for (unsigned i = 0; i < N; i++) {
        size_t n = sizes[i * 7 % COUNT(sizes)];
        piece[i] = slab_alloc(&s, n);
        assert_non_null(piece[i]);
        memset(piece[i], (int)(i & 0xff), n);
    }
    for (unsigned i = 0; i < N; i++) {
        size_t n = sizes[i * 7 % COUNT(sizes)];
        assert_int_equal(piece[i][0], i & 0xff);
        assert_int_equal(piece[i][n - 1], i & 0xff);
    }
    slab_destroy(&s);
}

static void the_cap_is_hard_and_counted(void **state)
{
    (void)state;
    struct slab s;
    slab_init(&s, 1000);
    void *a = slab_alloc(&s, 512), *b = slab_alloc(&s, 384);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(slab_alloc(&s, 128));
    assert_null(slab_alloc(&s, SLAB_MAX_BYTES + 1));
    assert_int_equal(s.refused, 2);
    slab_free(&s, b, 384);
    assert_non_null(slab_alloc(&s, 128));
    assert_int_equal(s.used_bytes, 640);
    slab_destroy(&s);
}

static void warm_slab_takes_nothing_new(void **state)
{
    (void)state;
    struct slab s;
    slab_init(&s, (size_t)32 << 20);
    size_t taken = 0;
    for (int round = 0; round < 4; round++) {
        void *piece[200];
        for (unsigned i = 0; i < COUNT(piece); i++)
            piece[i] = slab_alloc(&s, 100 + i * 400);
        if (round == 0)
            taken = s.taken_bytes;
        assert_int_equal(s.taken_bytes, taken);
        for (unsigned i = 0; i < COUNT(piece); i++)
            slab_free(&s, piece[i], 100 + i * 400);
    }
    slab_destroy(&s);
}

static void idle_large_pieces_make_room(void **state)
{
    (void)state;
    struct slab s;
    slab_init(&s, (size_t)1 << 20);
    void *a = slab_alloc(&s, 700000);
    slab_free(&s, a, 700000);
    void *b = slab_alloc(&s, 500000);
    assert_non_null(b);
    assert_true(s.taken_bytes <= s.max_bytes);
    slab_destroy(&s);
}

/* Beyond some megabytes a slab grows by larger blocks: nothing else may change. */
static void a_large_slab_is_like_a_small_one(void **state)
{
    (void)state;
    enum { N = 60000, BYTES = 250 };
    static uint8_t *piece[N];
    struct slab s;
    slab_init(&s, (size_t)64 << 20);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < N; i++) {
            piece[i] = slab_alloc(&s, BYTES);
            assert_non_null(piece[i]);
            assert_int_equal((uintptr_t)piece[i] % 16, 0);
            assert_int_equal(piece[i][0] | piece[i][BYTES - 1], 0);
            memset(piece[i], 0xff, BYTES);
        }
        for (unsigned i = 0; i < N; i++)
            slab_free(&s, piece[i], BYTES);
    }
    assert_int_equal(s.used_bytes, 0);
    assert_true(s.taken_bytes >= (size_t)N * BYTES);
    slab_destroy(&s);
}

/* In reserved space small pieces have names; the cap holds; large ones lie elsewhere. */
static void reserved_pieces_have_names(void **state)
{
    (void)state;
    enum { N = 200000, BYTES = 112 };
    static void *piece[N];
    struct slab s;
    slab_init(&s, (size_t)64 << 20);
    s.max_taken_bytes = (size_t)20 << 20;
    slab_reserve(&s);
    void *large = slab_alloc(&s, 100000);
    size_t n = 0;
    for (; n < N && (piece[n] = slab_alloc(&s, BYTES)); n++) {
        uint32_t ref = slab_ref(s.space, piece[n]);
        assert_true(ref != 0 && slab_at(s.space, ref) == piece[n]);
        memset(piece[n], 0xff, BYTES);
    }
    assert_true(large && n > 160000 && n < N && s.refused == 1);
    assert_true(s.taken_bytes <= s.max_taken_bytes);
    assert_true(slab_ref(s.space, NULL) == 0 && slab_at(s.space, 0) == NULL);
    for (size_t i = 0; i < n; i++)
        slab_free(&s, piece[i], BYTES);
    uint8_t *other = slab_alloc(&s, 5000); /* what is free serves any size */
    assert_true(other && other[0] == 0 && other[4999] == 0);
    slab_destroy(&s);
}

static void resize_keeps_and_clears(void **state)
{
    (void)state;
    static const size_t steps[] = { 3, 17, 20, 31, 90, 50, 70000, 80000, 10, 12 };
    struct slab s;
    slab_init(&s, (size_t)1 << 20);
    size_t n = 1, clean_from = 1;
    uint8_t *p = slab_resize(&s, NULL, 0, n);
    p[0] = 'x';
    for (size_t i = 0; i < COUNT(steps); i++) {
        p = slab_resize(&s, p, n, steps[i]);
        assert_non_null(p);
        assert_int_equal(p[0], 'x');
        clean_from = n;
        n = steps[i];
        for (size_t k = clean_from; k < n; k++)
            assert_int_equal(p[k], 0);
        memset(p + 1, 0xee, n - 1);
    }
    assert_null(slab_resize(&s, p, n, (size_t)2 << 20));
    assert_int_equal(p[0], 'x'); /* untouched when refused */
    slab_free(&s, p, n);
    slab_free(&s, NULL, 5);
    assert_int_equal(s.used_bytes, 0);
    slab_destroy(&s);
}

static void use_after_free_is_caught(void **state)
{
    (void)state;
    struct slab s;
    slab_init(&s, (size_t)1 << 20);
    uint8_t *p = slab_alloc(&s, 40);
    if (!POISON_ON) {
        slab_destroy(&s);
        skip();
    }
    assert_false(is_poisoned(p) || is_poisoned(p + 39));
    assert_true(is_poisoned(p + 40));
    slab_free(&s, p, 40);
    assert_true(is_poisoned(p) && is_poisoned(p + 39));
    p = slab_alloc(&s, 48); /* fills its class to the last byte: the gap behind it is caught */
    assert_true(is_poisoned(p + 48));
    slab_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_grow_by_a_half_at_most),
        cmocka_unit_test(every_size_is_zeroed_and_aligned),
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(the_cap_is_hard_and_counted),
        cmocka_unit_test(warm_slab_takes_nothing_new),
        cmocka_unit_test(idle_large_pieces_make_room),
        cmocka_unit_test(a_large_slab_is_like_a_small_one),
        cmocka_unit_test(reserved_pieces_have_names),
        cmocka_unit_test(resize_keeps_and_clears),
        cmocka_unit_test(use_after_free_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
