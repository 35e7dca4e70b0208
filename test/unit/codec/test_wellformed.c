/* Well-formed JSON and XML, and what kind content is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/mime.h"
#include "codec/wellformed.h"

static void json(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}", " [] ", "1", "-0.5e+3", "\"a\\u00e9\\n\"", "{\"a\":[1,{\"b\":null}],\"c\":true}",
    };
    static const char *const bad[] = {
        "",   "{",       "[1,]",      "{\"a\"}", "{\"a\":1,}", "01",    "1.",
        "1e", "\"\\x\"", "\"a",       "tru",     "[1 2]",      "{} {}", "{a:1}",
        "[}", "\"\n\"",  "{\"a\":1]", ",",       "[,1]",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        if (!wellformed_json(slice_cstr(good[i])))
            fail_msg("%s is fine", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (wellformed_json(slice_cstr(bad[i])))
            fail_msg("%s is not", bad[i]);
}

static void xml(void **state)
{
    (void)state;
    static const char *const good[] = {
        "<a/>",
        "<a></a>",
        "text <a b='1' c=\"2\"><d/>x</a> more",
        "<!-- <b> --><a><![CDATA[<]]></a>",
        "<!DOCTYPE x><a></a >",
    };
    static const char *const bad[] = {
        "", "a", "<a>", "<a></b>", "<a", "<a b></a>", "<a b=1/>", "</a>", "<>", "<a b='></a>",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        if (!wellformed_xml(slice_cstr(good[i])))
            fail_msg("%s is fine", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (wellformed_xml(slice_cstr(bad[i])))
            fail_msg("%s is not", bad[i]);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    uint8_t text[600];
    memset(text, '[', 300);
    memset(text + 300, ']', 300);
    assert_false(wellformed_json(slice_of(text, 600)));
    assert_true(wellformed_json(slice_of(text + 200, 200)));
}

static void kinds(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        const char *want;
    } cases[] = {
        { SLICE("\x89PNG\r\n\x1a\n"), "image/png" },
        { SLICE("\xff\xd8\xff\xe0"), "image/jpeg" },
        { SLICE("RIFF\0\0\0\0WEBPVP8 "), "image/webp" },
        { SLICE("RIFF\0\0\0\0WAVEfmt "), "audio/x-wav" },
        { SLICE("\0\0\0\x18"
                "ftypmp42"),
          "video/mp4" },
        { SLICE("\0\0\0\x18"
                "ftypheic"),
          "image/heif" },
        { SLICE("\x1f\x8b\x08\0"), "application/gzip" },
        { SLICE("PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0mimetypeapplication/"
                "epub+zip"),
          "application/epub+zip" },
        { SLICE("PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0[Content_Types].xml "
                "xl/workbook"),
          "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
        { SLICE("\x7f"
                "ELF"),
          "application/x-executable" },
        { SLICE("  <!doctype html>"), "text/html; charset=utf-8" },
        { SLICE("\xfe\xff\0a"), "text/plain; charset=utf-16be" },
        { SLICE("plain \xc3\xa9"), "text/plain; charset=utf-8" },
        { SLICE("\x01"), NULL },
        { SLICE(""), NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = mime_detect(cases[i].bytes);
        if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
            fail_msg("case %zu: %s", i, got ? got : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json),
        cmocka_unit_test(xml),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
