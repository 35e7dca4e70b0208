/* Content codings: each decodes, is bounded, and survives damage; memory goes back to the slab. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "codec/inflate.h"

#define MANY 100000

static struct slab mem;
static uint8_t plain[MANY], packed[MANY];

static int setup(void **state)
{
    (void)state;
    slab_init(&mem, (size_t)64 << 20);
    for (size_t i = 0; i < MANY; i++)
        plain[i] = (uint8_t)("a body of words "[i % 16] + (i / 4096) % 3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(mem.used_bytes, 0);
    slab_destroy(&mem);
    return 0;
}

/* bits: 31 gzip, 15 zlib, -15 bare. */
static struct slice deflated(size_t n, int bits)
{
    z_stream z = { 0 };
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = plain;
    z.avail_in = (unsigned)n;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return slice_of(packed, sizeof packed - z.avail_out);
}

static void expect(enum inflate_coding coding, struct slice in, size_t max, enum inflate_end end,
                   size_t n)
{
    struct inflated out = { 0 };
    assert_int_equal(inflate_decode(coding, in, max, &mem, &out), end);
    assert_int_equal(out.n, n);
    if (n)
        assert_memory_equal(out.p, plain, n);
    inflate_free(&out, &mem);
}

static void test_gzip_and_deflate(void **state)
{
    (void)state;
    expect(INFLATE_GZIP, deflated(MANY, 31), SIZE_MAX, INFLATE_OK, MANY);
    expect(INFLATE_DEFLATE, deflated(MANY, 15), SIZE_MAX, INFLATE_OK, MANY);
    expect(INFLATE_DEFLATE, deflated(MANY, -15), SIZE_MAX, INFLATE_OK, MANY);
    expect(INFLATE_GZIP, deflated(0, 31), SIZE_MAX, INFLATE_OK, 0);
}

static void test_gzip_members(void **state)
{
    (void)state;
    size_t n = deflated(16, 31).n;
    memcpy(packed + n, packed, n);
    expect(INFLATE_GZIP, slice_of(packed, 2 * n), SIZE_MAX, INFLATE_OK, 32);
    packed[2 * n] = 'x'; /* what follows the last member is no error */
    expect(INFLATE_GZIP, slice_of(packed, 2 * n + 1), SIZE_MAX, INFLATE_OK, 32);
}

static void test_brotli(void **state)
{
    (void)state;
    static const uint8_t hello[] = { 0x1b, 0x77, 0x00, 0xf8, 0x8d, 0x94, 0x6e,
                                     0xde, 0x44, 0x55, 0x86, 0x96, 0x6c, 0x20,
                                     0x6f, 0x11, 0x5b, 0x1c, 0x80, 0xc5, 0x01 };
    struct inflated out = { 0 };
    assert_int_equal(
        inflate_decode(INFLATE_BROTLI, slice_of(hello, sizeof hello), 1000, &mem, &out),
        INFLATE_OK);
    assert_int_equal(out.n, 120);
    assert_memory_equal(out.p, "hello hello ", 12);
    inflate_free(&out, &mem);
    assert_int_equal(inflate_decode(INFLATE_BROTLI, slice_of(hello, 12), 1000, &mem, &out),
                     INFLATE_SHORT);
    inflate_free(&out, &mem);
    assert_int_equal(inflate_decode(INFLATE_BROTLI, SLICE("\xff\xff\xff\xff"), 1000, &mem, &out),
                     INFLATE_CORRUPT);
    inflate_free(&out, &mem);
}

static void test_zstd(void **state)
{
    (void)state;
    size_t n = ZSTD_compress(packed, sizeof packed, plain, MANY, 3);
    expect(INFLATE_ZSTD, slice_of(packed, n), SIZE_MAX, INFLATE_OK, MANY);
    expect(INFLATE_ZSTD, slice_of(packed, n), 100, INFLATE_CAPPED, 100);
    expect(INFLATE_ZSTD, SLICE("no zstd"), SIZE_MAX, INFLATE_CORRUPT, 0);
}

static void test_caps(void **state)
{
    (void)state;
    expect(INFLATE_GZIP, deflated(MANY, 31), 5000, INFLATE_CAPPED, 5000);
    expect(INFLATE_IDENTITY, slice_of(plain, 50), 20, INFLATE_CAPPED, 20);
    expect(INFLATE_UNKNOWN, slice_of(plain, 50), 20, INFLATE_NO_CODING, 0);
}

/* 16 MiB of zeroes in some 16 kB: more than 256 to 1. */
static void test_ratio(void **state)
{
    (void)state;
    static uint8_t zeroes[1 << 20], bomb[1 << 16];
    z_stream z = { 0 };
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = bomb;
    z.avail_out = sizeof bomb;
    for (unsigned i = 0; i < 16; i++) {
        z.next_in = zeroes;
        z.avail_in = sizeof zeroes;
        assert_int_not_equal(deflate(&z, i == 15 ? Z_FINISH : Z_NO_FLUSH), Z_STREAM_ERROR);
    }
    size_t n = sizeof bomb - z.avail_out;
    deflateEnd(&z);
    struct inflated out = { 0 };
    assert_int_equal(inflate_decode(INFLATE_GZIP, slice_of(bomb, n), SIZE_MAX, &mem, &out),
                     INFLATE_CAPPED);
    assert_int_equal(out.n, n * 256);
    inflate_free(&out, &mem);
}

static void test_damage(void **state)
{
    (void)state;
    struct slice good = deflated(2000, 31);
    for (size_t n = 0; n < good.n; n++) {
        struct inflated out = { 0 };
        assert_int_equal(inflate_decode(INFLATE_GZIP, slice_of(good.p, n), 4000, &mem, &out),
                         INFLATE_SHORT);
        inflate_free(&out, &mem);
    }
    packed[0] ^= 1;
    expect(INFLATE_GZIP, good, SIZE_MAX, INFLATE_CORRUPT, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct slab small;
    slab_init(&small, 20000);
    struct inflated out = { 0 };
    assert_int_equal(inflate_decode(INFLATE_GZIP, deflated(MANY, 31), SIZE_MAX, &small, &out),
                     INFLATE_NO_MEMORY);
    inflate_free(&out, &small);
    assert_int_equal(small.used_bytes, 0);
    slab_destroy(&small);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(inflate_coding_of(SLICE("GZip")), INFLATE_GZIP);
    assert_int_equal(inflate_coding_of(SLICE("x-gzip")), INFLATE_GZIP);
    assert_int_equal(inflate_coding_of(SLICE("br")), INFLATE_BROTLI);
    assert_int_equal(inflate_coding_of(SLICE("compress")), INFLATE_UNKNOWN);
    assert_string_equal(inflate_text(INFLATE_NO_CODING), "decoder not found");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_gzip_and_deflate),
        TEST(test_gzip_members),
        TEST(test_brotli),
        TEST(test_zstd),
        TEST(test_caps),
        TEST(test_ratio),
        TEST(test_damage),
        TEST(test_no_memory),
        TEST(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
