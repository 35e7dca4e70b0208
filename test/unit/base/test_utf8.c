/* UTF-8: every code point round trips; the ill-formed sequences of RFC 3629 are refused. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/utf8.h"

static void takes_every_code_point(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        uint8_t text[4];
        unsigned n = utf8_put(text, cp);
        bool surrogate = cp >= 0xd800 && cp <= 0xdfff;
        if (utf8_len(text, n) != (surrogate ? 0 : n))
            fail_msg("U+%04X", cp);
        if (n > 1 && utf8_len(text, n - 1) != 0)
            fail_msg("U+%04X cut short", cp);
    }
}

static void refuses_ill_formed(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xed\xa0\x80",
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\x98(",
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_false(utf8_ok(slice_cstr(cases[i])));
}

static void finds_a_bad_byte_at_any_place(void **state)
{
    (void)state;
    uint8_t text[40];
    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'a', sizeof text);
        assert_true(utf8_ok(slice_of(text, sizeof text)));
        text[at] = 0xff;
        assert_false(utf8_ok(slice_of(text, sizeof text)));
    }
    assert_true(utf8_ok(slice_of(NULL, 0)));
    assert_true(utf8_ok(SLICE("abcdefgh\xe2\x82\xac"
                              "abcdefg\xf0\x9f\x98\x80")));
}

static void counts_units_as_java_does(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        uint8_t text[44];
        memset(text, 'a', n);
        assert_int_equal(utf8_units(slice_of(text, n)), n);
        memcpy(text + n, "\xf0\x9f\x98\x80", 4);
        assert_int_equal(utf8_units(slice_of(text, n + 4)), n + 2);
        memcpy(text + n, "\xc3\xa9", 2);
        assert_int_equal(utf8_units(slice_of(text, n + 2)), n + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_code_point),
        cmocka_unit_test(refuses_ill_formed),
        cmocka_unit_test(counts_units_as_java_does),
        cmocka_unit_test(finds_a_bad_byte_at_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
