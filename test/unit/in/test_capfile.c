/* Capture files: every variant of pcap and pcapng, packed and cut ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <zlib.h>
#include <zstd.h>

#include "in/capfile.h"
#include "lib/capmake.h"

#define FRAME SLICE("0123456789abcd")
#define S     INT64_C(1000000000)

static struct packet got[64];

/* Reads all packets of m into got; their number. f stays open. */
static unsigned read_all(struct capmake *m, struct capfile *f)
{
    struct why w;
    assert_int_equal(capfile_open(f, capmake_file(m), &w), ERR_OK);
    unsigned n = 0;
    for (int r; (r = capfile_read(f, got + n, COUNT(got) - n, true)) > 0;)
        n += (unsigned)r;
    return n;
}

static void done(struct capmake *m, struct capfile *f)
{
    capfile_close(f);
    capmake_free(m);
}

static void test_pcap_variants(void **state)
{
    (void)state;
    static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };
    for (unsigned i = 0; i < 4; i++) {
        struct capmake m = { .big_endian = i & 1 };
        struct capfile f;
        capmake_pcap(&m, magics[i / 2], LINK_ETHERNET);
        capmake_record(&m, 4000000000U, 123, FRAME, 1500);
        assert_int_equal(read_all(&m, &f), 1);
        assert_int_equal(got[0].ts_ns, 4000000000 * S + (i / 2 ? 123 : 123000));
        assert_true(slice_eq(got[0].frame, FRAME));
        assert_int_equal(got[0].wire_len, 1500);
        assert_int_equal(got[0].link_type, LINK_ETHERNET);
        assert_int_equal(f.damage, DAMAGE_NONE);
        done(&m, &f);
    }
}

static void test_pcap_kuznetzov(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    struct capfile f;
    capmake_pcap(&m, 0xa1b2cd34, 12);
    for (unsigned i = 0; i < 2; i++) {
        capmake_u32(&m, 1);
        capmake_u32(&m, 2);
        capmake_u32(&m, 4);
        capmake_u32(&m, 4);
        capmake_bytes(&m, "IFTYPE..abcd", 12);
    }
    assert_int_equal(read_all(&m, &f), 2);
    assert_true(slice_eq(got[1].frame, SLICE("abcd")));
    assert_int_equal(got[1].link_type, LINK_RAW);
    done(&m, &f);
}

static void test_pcap_strips_fcs(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    struct capfile f;
    capmake_pcap(&m, 0xa1b2c3d4, 0x24000000 | LINK_ETHERNET); /* 2 words of 16 bits */
    capmake_record(&m, 1, 0, FRAME, 14);
    capmake_record(&m, 1, 0, FRAME, 16); /* two of the four bytes were captured */
    capmake_record(&m, 1, 0, FRAME, 100);
    assert_int_equal(read_all(&m, &f), 3);
    assert_int_equal(got[0].frame.n, 10);
    assert_int_equal(got[0].wire_len, 10);
    assert_int_equal(got[1].frame.n, 12);
    assert_int_equal(got[2].frame.n, 14);
    assert_int_equal(got[2].wire_len, 96);
    done(&m, &f);
}

static void test_pcap_damage(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    struct capfile f;
    capmake_pcap(&m, 0xa1b2c3d4, 1);
    capmake_record(&m, 1, 0, FRAME, 14);
    capmake_record(&m, 1, 0, FRAME, 14);
    m.n -= 3;
    assert_int_equal(read_all(&m, &f), 1);
    assert_int_equal(f.damage, DAMAGE_CUT);
    assert_non_null(strstr(f.why.text, "in packet 2 at byte 54"));
    done(&m, &f);

    capmake_pcap(&m, 0xa1b2c3d4, 1);
    capmake_record(&m, 1, 0, FRAME, 14);
    capmake_u32(&m, 1);
    capmake_u32(&m, 1);
    capmake_u32(&m, CAPFILE_MAX_PACKET + 1);
    capmake_u32(&m, 1);
    assert_int_equal(read_all(&m, &f), 1);
    assert_int_equal(f.damage, DAMAGE_CORRUPT);
    done(&m, &f);
}

static void test_not_captures(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        enum damage damage;
    } cases[] = {
        { SLICE(""), DAMAGE_EMPTY },
        { SLICE("ab"), DAMAGE_CUT },
        { SLICE("root:x:0:0"), DAMAGE_UNKNOWN },
        { SLICE("\xd4\xc3\xb2\xa1"), DAMAGE_CUT },
        { SLICE("\x1f\x8b\x08\x00"), DAMAGE_IO },
        { SLICE("\x28\xb5\x2f\xfd"), DAMAGE_IO },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct capmake m = { 0 };
        struct capfile f;
        capmake_bytes(&m, cases[i].bytes.p, cases[i].bytes.n);
        assert_int_equal(read_all(&m, &f), 0);
        assert_int_equal(f.damage, cases[i].damage);
        done(&m, &f);
    }
}

static void test_pcapng_sections(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    struct capfile f;
    for (unsigned i = 0; i < 2; i++) {
        m.big_endian = i;
        capmake_section(&m);
        capmake_interface(&m, i ? LINK_RAW : LINK_ETHERNET, SLICE(""));
        capmake_interface(&m, LINK_NULL, SLICE(""));
        capmake_block(&m, 4, SLICE("names"));
        capmake_block(&m, 5, SLICE("statistics"));
        capmake_block(&m, 10, SLICE("secrets"));
        capmake_block(&m, 0xbad, SLICE("custom"));
        capmake_packet(&m, 0, 5000001, FRAME);
        capmake_packet(&m, 1, 5000002, SLICE("abc"));
    }
    assert_int_equal(read_all(&m, &f), 4);
    assert_int_equal(f.damage, DAMAGE_NONE);
    static const uint16_t links[] = { LINK_ETHERNET, LINK_NULL, LINK_RAW, LINK_NULL };
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(got[i].link_type, links[i]);
        assert_int_equal(got[i].ts_ns, 5 * S + 1000 + i % 2 * 1000);
    }
    assert_true(slice_eq(got[3].frame, SLICE("abc")));
    done(&m, &f);
}

/* if_tsresol, if_tsoffset and if_fcslen of little-endian interfaces. */
static void test_pcapng_options(void **state)
{
    (void)state;
    static const struct {
        struct slice options;
        uint64_t units;
        int64_t ts_ns;
        unsigned bytes;
    } cases[] = {
        { SLICE("\x09\0\x01\0\x09\0\0\0"), 1234567890123, 1234567890123, 14 },
        { SLICE("\x09\0\x01\0\x03\0\0\0"), 1500, 1500000000, 14 },
        { SLICE("\x09\0\x01\0\x00\0\0\0"), 7, 7 * S, 14 },
        { SLICE("\x09\0\x01\0\x0c\0\0\0"), 5000, 5, 14 },
        { SLICE("\x09\0\x01\0\x8a\0\0\0"), 1536, 1500000000, 14 }, /* 2^-10 */
        { SLICE("\x09\0\x01\0\xff\0\0\0"), UINT64_MAX, 0, 14 },
        { SLICE("\x09\0\x01\0\x7f\0\0\0"), UINT64_MAX, 0, 14 },
        { SLICE("\x09\0\x01\0\x00\0\0\0"), UINT64_MAX, INT64_MAX, 14 },
        { SLICE("\x0e\0\x08\0\x0a\0\0\0\0\0\0\0"), 1000000, 11 * S, 14 },
        { SLICE("\x0e\0\x08\0\xff\xff\xff\xff\xff\xff\xff\xff"), 3000000, 2 * S, 14 },
        { SLICE("\x0d\0\x01\0\x04\0\0\0\0\0\0\0"), 1000000, S, 10 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct capmake m = { 0 };
        struct capfile f;
        capmake_section(&m);
        capmake_interface(&m, 1, cases[i].options);
        capmake_packet(&m, 0, cases[i].units, FRAME);
        assert_int_equal(read_all(&m, &f), 1);
        assert_int_equal(got[0].ts_ns, cases[i].ts_ns);
        assert_int_equal(got[0].frame.n, cases[i].bytes);
        done(&m, &f);
    }
}

static void test_pcapng_other_packets(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    struct capfile f;
    capmake_section(&m);
    capmake_interface(&m, 1, SLICE(""));
    capmake_block(&m, 3, SLICE("\x05\0\0\0hello"));
    /* obsolete: interface 0, 9 drops, 0x100000000 us, captured 3, on the wire 60 */
    capmake_block(&m, 2, SLICE("\0\0\x09\0\x01\0\0\0\0\0\0\0\x03\0\0\0\x3c\0\0\0abc"));
    capmake_block(&m, 3, SLICE("\x05\0\0\0again"));
    /* epb_flags: an FCS of 4 bytes */
    capmake_block(&m, 6,
                  SLICE("\0\0\0\0\0\0\0\0\x01\0\0\0\x06\0\0\0\x06\0\0\0abcdef\0\0"
                        "\x02\0\x04\0\x80\0\0\0\0\0\0\0"));
    assert_int_equal(read_all(&m, &f), 4);
    assert_int_equal(got[0].ts_ns, 1);
    assert_true(slice_eq(got[0].frame, SLICE("hello")));
    assert_int_equal(got[1].ts_ns, INT64_C(0x100000000) * 1000);
    assert_int_equal(got[1].wire_len, 60);
    assert_int_equal(got[2].ts_ns, got[1].ts_ns);
    assert_true(slice_eq(got[3].frame, SLICE("ab")));
    done(&m, &f);
}

static void test_pcapng_damage(void **state)
{
    (void)state;
    static const struct slice blocks[] = {
        SLICE("\x06\0\0\0\x0d\0\0\0"),                       /* not a multiple of four */
        SLICE("\x06\0\0\0\x08\0\0\0"),                       /* shorter than a block can be */
        SLICE("\x06\0\0\0\xf0\xff\xff\x7f"),                 /* longer than a packet can be */
        SLICE("\x06\0\0\0\x0c\0\0\0\x0c\0\0\0"),             /* no room for a packet */
        SLICE("\x01\0\0\0\x10\0\0\0\0\0\0\0\x14\0\0\0"),     /* two lengths */
        SLICE("\x0a\x0d\x0d\x0a\x1c\0\0\0\x01\x02\x03\x04"), /* a section in no byte order */
    };
    for (size_t i = 0; i < COUNT(blocks); i++) {
        struct capmake m = { 0 };
        struct capfile f;
        capmake_section(&m);
        capmake_interface(&m, 1, SLICE(""));
        capmake_packet(&m, 0, 1, FRAME);
        capmake_bytes(&m, blocks[i].p, blocks[i].n);
        assert_int_equal(read_all(&m, &f), 1);
        assert_int_equal(f.damage, DAMAGE_CORRUPT);
        assert_non_null(strstr(f.why.text, "in packet 2 at byte"));
        done(&m, &f);
    }
}

/* A packet before or beyond the interfaces of its section; a block whose rest is missing. */
static void test_pcapng_references(void **state)
{
    (void)state;
    struct capmake m = { 0 };
    struct capfile f;
    capmake_section(&m);
    capmake_packet(&m, 0, 1, FRAME);
    assert_int_equal(read_all(&m, &f), 0);
    assert_int_equal(f.damage, DAMAGE_CORRUPT);
    done(&m, &f);

    capmake_section(&m);
    capmake_interface(&m, 1, SLICE(""));
    capmake_packet(&m, 0, 1, FRAME);
    capmake_block(&m, 10, SLICE("secrets that are cut"));
    m.n -= 8;
    assert_int_equal(read_all(&m, &f), 1);
    assert_int_equal(f.damage, DAMAGE_CUT);
    done(&m, &f);
}

/* 3000 packets, large enough that an unpacked file moves through its window several times. */
static void make_long(struct capmake *m)
{
    static uint8_t body[1500];
    capmake_pcap(m, 0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 3000; i++) {
        body[0] = (uint8_t)i;
        capmake_record(m, i, i, slice_of(body, i % sizeof(body) + 1), 1500);
    }
}

static void check_long(struct capmake *packed)
{
    struct capfile f;
    struct why w;
    assert_int_equal(capfile_open(&f, capmake_file(packed), &w), ERR_OK);
    uint32_t seen = 0;
    for (int r; (r = capfile_read(&f, got, COUNT(got), true)) > 0;)
        for (int i = 0; i < r; i++, seen++) {
            assert_int_equal(got[i].ts_ns, seen * S + seen * 1000);
            assert_int_equal(got[i].frame.n, seen % 1500 + 1);
            assert_int_equal(got[i].frame.p[0], (uint8_t)seen);
        }
    assert_int_equal(seen, 3000);
    assert_int_equal(f.damage, DAMAGE_NONE);
    done(packed, &f);
}

/* gzip's member of in, appended to out. */
static void gzip_member(struct capmake *out, struct slice in)
{
    z_stream z = { 0 };
    static uint8_t buf[8 * 1024 * 1024];
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    z.next_out = buf;
    z.avail_out = sizeof(buf);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    capmake_bytes(out, buf, sizeof(buf) - z.avail_out);
    deflateEnd(&z);
}

static void test_gzip(void **state)
{
    (void)state;
    struct capmake plain = { 0 }, packed = { 0 };
    make_long(&plain);
    gzip_member(&packed, slice_of(plain.p, 1000001));
    gzip_member(&packed, slice_of(plain.p + 1000001, plain.n - 1000001));
    capmake_bytes(&packed, "\0\0\0\0", 4);
    check_long(&packed);
    capmake_free(&plain);
}

static void test_zstd(void **state)
{
    (void)state;
    struct capmake plain = { 0 }, packed = { 0 };
    static uint8_t buf[8 * 1024 * 1024];
    make_long(&plain);
    capmake_bytes(&packed, "\x50\x2a\x4d\x18\x04\0\0\0skip", 12);
    for (size_t at = 0; at < plain.n; at += 2000000) {
        size_t n = plain.n - at < 2000000 ? plain.n - at : 2000000;
        capmake_bytes(&packed, buf, ZSTD_compress(buf, sizeof(buf), plain.p + at, n, 1));
    }
    check_long(&packed);
    capmake_free(&plain);
}

static void test_packed_is_cut(void **state)
{
    (void)state;
    struct capmake plain = { 0 }, packed = { 0 };
    struct capfile f;
    capmake_pcap(&plain, 0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 60; i++)
        capmake_record(&plain, i, 0, FRAME, 14);
    gzip_member(&packed, slice_of(plain.p, plain.n));
    packed.n -= 12; /* the checksum and a little */
    unsigned n = read_all(&packed, &f);
    assert_in_range(n, 40, 60);
    assert_int_equal(f.damage, DAMAGE_IO);
    assert_non_null(strstr(f.why.text, "cut"));
    done(&packed, &f);
    capmake_free(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcap_variants),
        cmocka_unit_test(test_pcap_kuznetzov),
        cmocka_unit_test(test_pcap_strips_fcs),
        cmocka_unit_test(test_pcap_damage),
        cmocka_unit_test(test_not_captures),
        cmocka_unit_test(test_pcapng_sections),
        cmocka_unit_test(test_pcapng_options),
        cmocka_unit_test(test_pcapng_other_packets),
        cmocka_unit_test(test_pcapng_damage),
        cmocka_unit_test(test_pcapng_references),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_zstd),
        cmocka_unit_test(test_packed_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
