/* Whole buffers packed and unpacked, against zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "codec/deflate.h"

#define BYTES 300000

static uint8_t plain[BYTES], packed[2 * BYTES], unpacked[BYTES];
static struct inflater *inflater;
static struct arena mem;

static int set_up(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (size_t i = 0; i < BYTES; i++) {
        x = x * 1664525 + 1013904223;
        plain[i] = (uint8_t)("abcdefgh"[x >> 29]);
    }
    inflater = inflater_new();
    arena_init(&mem, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    inflater_free(inflater);
    arena_free(&mem);
    return 0;
}

static enum deflate_end unpack(struct slice in, size_t max, size_t guess, struct slice *out)
{
    struct unpacking how = { .mem = &mem, .max = max, .guess = guess };
    return deflate_unpack(inflater, DEFLATE_ZLIB, in, &how, out);
}

static void zlib_reads_what_is_packed(void **state)
{
    static const size_t sizes[] = { 0, 1, 100, 65536, BYTES };
    (void)state;
    for (int level = 1; level <= 9; level++) {
        struct deflater *d = deflater_new(level);
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct buf b = buf_of(packed, sizeof packed);
            uLongf n = BYTES;
            assert_true(deflate_pack(d, slice_of(plain, sizes[i]), &b));
            assert_true(b.n <= deflate_bound(sizes[i]));
            assert_int_equal(uncompress(unpacked, &n, packed, b.n), Z_OK);
            assert_int_equal(n, sizes[i]);
            assert_memory_equal(unpacked, plain, n);
        }
        deflater_free(d);
    }
}

static void says_when_there_is_no_room(void **state)
{
    struct deflater *d = deflater_new(3);
    struct buf b = buf_of(packed, 1000);
    (void)state;
    assert_false(deflate_pack(d, slice_of(plain, BYTES), &b));
    assert_int_equal(b.n, 0);
    deflater_free(d);
}

static void reads_what_zlib_packs(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++) {
        uLongf n = sizeof packed;
        struct slice out;
        assert_int_equal(compress2(packed, &n, plain, BYTES, level), Z_OK);
        assert_int_equal(unpack(slice_of(packed, n), BYTES, level * 40000, &out), DEFLATE_DONE);
        assert_int_equal(out.n, BYTES);
        assert_memory_equal(out.p, plain, BYTES);
        assert_int_equal(out.p[BYTES + UNPACK_PAD - 1], 0);
    }
}

static void finds_every_damage(void **state)
{
    uLongf n = sizeof packed;
    unsigned undetected = 0;
    struct slice out;
    (void)state;
    assert_int_equal(compress2(packed, &n, plain, 5000, 6), Z_OK);
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(unpack(slice_of(packed, cut), BYTES, 0, &out), DEFLATE_BAD);
    for (size_t i = 0; i < n; i++) {
        uLongf there = BYTES;
        packed[i] ^= 0x10;
        /* Some bits are nobody's, behind the last block for one: zlib is asked. */
        bool good = uncompress(unpacked, &there, packed, n) == Z_OK;
        undetected += good;
        assert_int_equal(unpack(slice_of(packed, n), BYTES, 0, &out),
                         good ? DEFLATE_DONE : DEFLATE_BAD);
        packed[i] ^= 0x10;
    }
    assert_true(undetected < 5);
    packed[n] = 'x';
    assert_int_equal(unpack(slice_of(packed, n + 1), BYTES, 0, &out), DEFLATE_DONE);
}

static void bounds_what_comes_out(void **state)
{
    uLongf n = sizeof packed;
    struct slice out;
    (void)state;
    assert_int_equal(compress2(packed, &n, plain, 5000, 6), Z_OK);
    assert_int_equal(unpack(slice_of(packed, n), 5000, 0, &out), DEFLATE_DONE);
    assert_int_equal(unpack(slice_of(packed, n), 4999, 0, &out), DEFLATE_TOO_LARGE);
    assert_int_equal(unpack(slice_of(packed, n), 0, 0, &out), DEFLATE_TOO_LARGE);
    struct arena small;
    struct unpacking how = { .mem = &small, .max = BYTES };
    arena_init(&small, NULL, 1);
    assert_int_equal(deflate_unpack(inflater, DEFLATE_ZLIB, slice_of(packed, n), &how, &out),
                     DEFLATE_NO_MEMORY);
    arena_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zlib_reads_what_is_packed), cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(reads_what_zlib_packs),     cmocka_unit_test(finds_every_damage),
        cmocka_unit_test(bounds_what_comes_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
