/* Texts of numbers, bytes, addresses and times, and the buffer's end. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buf.h"

static char memory[1024];

static struct buf fresh(void)
{
    return buf_of(memory, sizeof memory);
}

static void is(const struct buf *b, const char *want)
{
    assert_false(b->full);
    assert_int_equal(b->n, strlen(want));
    assert_memory_equal(b->p, want, b->n);
}

static void full_is_sticky_and_writes_nothing(void **state)
{
    (void)state;
    char small[5] = "....";
    struct buf b = buf_of(small, 4);
    buf_lit(&b, "abc");
    buf_lit(&b, "de");
    assert_true(b.full);
    buf_lit(&b, "f"); /* would fit, but the text has a hole already */
    assert_int_equal(b.n, 3);
    assert_string_equal(small, "abc.");
}

static void fits_to_the_last_byte(void **state)
{
    (void)state;
    char small[3];
    struct buf b = buf_of(small, 3);
    buf_printf(&b, "%d", 123);
    is(&b, "123");
    buf_printf(&b, "%s", "");
    is(&b, "123");
    buf_printf(&b, "x");
    assert_true(b.full);
}

static void prints_long_texts(void **state)
{
    (void)state;
    struct buf b = fresh();
    buf_printf(&b, "%0600d", 1);
    assert_int_equal(b.n, 600);
    buf_printf(&b, "%0600d", 1);
    assert_true(b.full);
}

static void prints_decimals(void **state)
{
    (void)state;
    static const struct {
        uint64_t v;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { 9, "9" },
        { 10, "10" },
        { 99, "99" },
        { 100, "100" },
        { 12345, "12345" },
        { UINT64_MAX, "18446744073709551615" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = fresh();
        buf_dec(&b, cases[i].v);
        is(&b, cases[i].text);
    }
}

static void prints_signs(void **state)
{
    (void)state;
    struct buf b = fresh();
    buf_int(&b, INT64_MIN);
    buf_int(&b, -1);
    buf_int(&b, 0);
    buf_int(&b, INT64_MAX);
    is(&b, "-9223372036854775808-109223372036854775807");
}

static void pads_with_zeroes(void **state)
{
    (void)state;
    struct buf b = fresh();
    buf_dec_pad(&b, 7, 3);
    buf_dec_pad(&b, 1234, 3);
    buf_dec_pad(&b, 0, 1);
    is(&b, "00712340");
}

static void prints_hex(void **state)
{
    (void)state;
    struct buf b = fresh();
    buf_hex(&b, SLICE("\x00\xff\x1a"), false);
    buf_hex(&b, SLICE("\xab"), true);
    buf_hex(&b, slice_of(NULL, 0), true);
    is(&b, "00ff1aAB");
}

static void prints_base64_of_rfc4648(void **state)
{
    (void)state;
    static const char *const padded[] = { "",         "Zg==",     "Zm8=",    "Zm9v",
                                          "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
    static const char *const bare[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy" };
    for (size_t n = 0; n <= 6; n++) {
        struct buf b = fresh();
        buf_base64(&b, slice_of("foobar", n), true);
        is(&b, padded[n]);
        b = fresh();
        buf_base64(&b, slice_of("foobar", n), false);
        is(&b, bare[n]);
    }
    struct buf b = fresh();
    buf_base64(&b, SLICE("\xfb\xff\xbf"), true);
    is(&b, "+/+/");
}

/* Text in, the text that Go's net.IP.String gives out. */
static void prints_addresses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "0.0.0.0", "0.0.0.0" },
        { "255.10.9.100", "255.10.9.100" },
        { "::ffff:1.2.3.4", "1.2.3.4" },
        { "::", "::" },
        { "::1", "::1" },
        { "1::", "1::" },
        { "::1.2.3.4", "::102:304" },
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },    /* the first of equal runs */
        { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },          /* the longest run */
        { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* one group is no run */
        { "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
        { "FE80::ABCD", "fe80::abcd" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
        { "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr a;
        struct buf b = fresh();
        assert_true(addr_parse(slice_cstr(cases[i][0]), &a));
        buf_addr(&b, &a);
        is(&b, cases[i][1]);
    }
}

static void prints_mac(void **state)
{
    (void)state;
    struct buf b = fresh();
    buf_mac(&b, (const uint8_t[6]){ 0, 0x1b, 0xfe, 0x0a, 0x99, 0xff });
    is(&b, "00-1B-FE-0A-99-FF");
}

static void time_is(int64_t ts_ns, enum time_precision precision, const char *want)
{
    struct buf b = fresh();
    buf_time(&b, ts_ns, precision);
    is(&b, want);
}

static void prints_times(void **state)
{
    (void)state;
    time_is(0, TIME_MILLI, "1970-01-01T00:00:00.000Z");
    time_is(1440663665651158999, TIME_MILLI, "2015-08-27T08:21:05.651Z"); /* cut, not rounded */
    time_is(1440663530064820000, TIME_MICRO, "2015-08-27T08:18:50.064820Z");
    time_is(1440663530064000000, TIME_MICRO, "2015-08-27T08:18:50.064Z");
    time_is(1440663530064820000, TIME_NANO, "2015-08-27T08:18:50.064820Z");
    time_is(1440663530000000001, TIME_NANO, "2015-08-27T08:18:50.000000001Z");
    time_is(1440663530000000000, TIME_NANO, "2015-08-27T08:18:50.000Z");
}

static void prints_dates_of_all_kinds(void **state)
{
    (void)state;
    time_is(951782400000000000, TIME_MILLI, "2000-02-29T00:00:00.000Z");
    time_is(1709164800000000000, TIME_MILLI, "2024-02-29T00:00:00.000Z");
    time_is(1709251199999999999, TIME_MILLI, "2024-02-29T23:59:59.999Z");
    time_is(4107542400000000000, TIME_MILLI, "2100-03-01T00:00:00.000Z"); /* no leap year */
    time_is(1735689599000000000, TIME_MILLI, "2024-12-31T23:59:59.000Z");
    time_is(-1, TIME_NANO, "1969-12-31T23:59:59.999999999Z");
    time_is(INT64_MAX, TIME_NANO, "2262-04-11T23:47:16.854775807Z");
    time_is(INT64_MIN, TIME_NANO, "1677-09-21T00:12:43.145224192Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_is_sticky_and_writes_nothing),
        cmocka_unit_test(fits_to_the_last_byte),
        cmocka_unit_test(prints_long_texts),
        cmocka_unit_test(prints_decimals),
        cmocka_unit_test(prints_signs),
        cmocka_unit_test(pads_with_zeroes),
        cmocka_unit_test(prints_hex),
        cmocka_unit_test(prints_base64_of_rfc4648),
        cmocka_unit_test(prints_addresses),
        cmocka_unit_test(prints_mac),
        cmocka_unit_test(prints_times),
        cmocka_unit_test(prints_dates_of_all_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
