/* Base64, base32 and URL escapes against RFC 4648 section 10 and Go's net/url; XXH64 against its
 * specification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/unescape.h"
#include "codec/xxh64.h"

static char room[256];

static const char *base64(const char *text)
{
    struct buf b = buf_of(room, sizeof room - 1);
    bool fine = unescape_base64(slice_cstr(text), &b);
    room[b.n] = '\0';
    return fine ? room : NULL;
}

static void base64_is_undone(void **state)
{
    (void)state;
    assert_string_equal(base64("Zm9vYmFy"), "foobar");
    assert_string_equal(base64("Zm9vYmE="), "fooba");
    assert_string_equal(base64("Zm9vYg=="), "foob");
    assert_string_equal(base64("Zm9vYg"), "foob");
    assert_string_equal(base64("Zm9v\r\nYg"), "foob");
    assert_string_equal(base64(""), "");
    assert_null(base64("Zm9v-"));
    assert_null(base64("Z"));
    assert_null(base64("Zm=9v"));
}

static const char *query(const char *text)
{
    struct buf b = buf_of(room, sizeof room - 1);
    bool fine = unescape_query(slice_cstr(text), &b);
    room[b.n] = '\0';
    return fine ? room : NULL;
}

static void queries_are_undone(void **state)
{
    (void)state;
    assert_string_equal(query("a+b%20c%2f%C3%A9"), "a b c/\xc3\xa9");
    assert_null(query("%"));
    assert_null(query("%4"));
    assert_null(query("%zz"));
    struct buf small = buf_of(room, 2);
    assert_false(unescape_query(SLICE("abc"), &small));
}

static void base32_is_made(void **state)
{
    (void)state;
    static const char *const cases[][2] = { { "", "" },
                                            { "f", "MY======" },
                                            { "fo", "MZXQ====" },
                                            { "foo", "MZXW6===" },
                                            { "foob", "MZXW6YQ=" },
                                            { "fooba", "MZXW6YTB" },
                                            { "foobar", "MZXW6YTBOI======" } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = buf_of(room, sizeof room - 1);
        escape_base32(&b, slice_cstr(cases[i][0]));
        room[b.n] = '\0';
        assert_string_equal(room, cases[i][1]);
    }
}

static void xxh64_is_as_specified(void **state)
{
    (void)state;
    assert_true(xxh64(SLICE(""), 0) == UINT64_C(0xEF46DB3751D8E999));
    assert_true(xxh64(SLICE("a"), 0) == UINT64_C(0xD24EC4F1A98C6E5B));
    assert_true(xxh64(SLICE("abc"), 0) == UINT64_C(0x44BC2CF5AD770999));
    assert_true(xxh64(SLICE("Nobody inspects the spammish repetition"), 0) ==
                UINT64_C(0xFBCEA83C8A378BF1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_undone),
        cmocka_unit_test(queries_are_undone),
        cmocka_unit_test(base32_is_made),
        cmocka_unit_test(xxh64_is_as_specified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
