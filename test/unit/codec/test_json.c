/* JSON out, in the form of Packetbeat's codec, and JSON in, with its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json.h"

static char text[4096];

static const char *quoted(struct slice s, bool escape_html)
{
    struct buf b = buf_of(text, sizeof text - 1);
    json_string(&b, s, escape_html);
    assert_false(b.full);
    text[b.n] = '\0';
    return text;
}

static void escapes(void **state)
{
    (void)state;
    assert_string_equal(quoted(SLICE(""), false), "\"\"");
    assert_string_equal(quoted(SLICE("a\"b\\c/d\n\r\t"), false), "\"a\\\"b\\\\c/d\\n\\r\\t\"");
    assert_string_equal(quoted(SLICE("\0\b\x1f\x7f"), false), "\"\\u0000\\u0008\\u001f\x7f\"");
    assert_string_equal(quoted(SLICE("<a>&"), false), "\"<a>&\"");
    assert_string_equal(quoted(SLICE("<a>&"), true), "\"\\u003ca\\u003e\\u0026\"");
    assert_string_equal(quoted(SLICE("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), false),
                        "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"");
}

static void writes_plain_strings_only(void **state)
{
    struct buf b = buf_of(text, sizeof text);
    (void)state;
    assert_true(json_plain_string(&b, SLICE("a<b>&"), false));
    assert_true(slice_eq(buf_slice(&b), SLICE("\"a<b>&\"")));
    assert_false(json_plain_string(&b, SLICE("a<b"), true));
    assert_false(json_plain_string(&b, SLICE("caf\xc3\xa9 and some more text"), false));
    assert_false(json_plain_string(&b, SLICE("a quote behind sixteen \""), false));
    assert_true(slice_eq(buf_slice(&b), SLICE("\"a<b>&\"")));
}

static void each_bad_byte_is_replaced(void **state)
{
    (void)state;
    assert_string_equal(quoted(SLICE("a\xff\xfe"), false), "\"a\\ufffd\\ufffd\"");
    assert_string_equal(quoted(SLICE("\xe2\x82"), false), "\"\\ufffd\\ufffd\"");
    assert_string_equal(quoted(SLICE("\xf0\x9f\x98\x80"), false), "\"\xf0\x9f\x98\x80\"");
}

/* The eight-byte steps must find what the single steps find, wherever it stands. */
static void finds_every_byte_at_every_place(void **state)
{
    (void)state;
    for (int b = 0; b < 256; b++) {
        char one = (char)b, alone[16];
        snprintf(alone, sizeof alone, "%s", quoted(slice_of(&one, 1), b & 1));
        for (size_t at = 0; at < 24; at++) {
            char s[24], want[64];
            memset(s, 'x', sizeof s);
            s[at] = one;
            snprintf(want, sizeof want, "\"%.*s%.*s%.*s\"", (int)at, "xxxxxxxxxxxxxxxxxxxxxxxx",
                     (int)strlen(alone) - 2, alone + 1, (int)(23 - at), "xxxxxxxxxxxxxxxxxxxxxxxx");
            assert_string_equal(quoted(slice_of(s, sizeof s), b & 1), want);
        }
    }
}

static void full_buffer_stays_inside(void **state)
{
    (void)state;
    char small[8] = "-------";
    for (size_t cap = 0; cap < 7; cap++) {
        struct buf b = buf_of(small, cap);
        json_string(&b, SLICE("ab\n\xff xyz"), false);
        assert_true(b.full);
        assert_int_equal(small[7], 0);
    }
}

static void number_is(double d, const char *want)
{
    struct buf b = buf_of(text, sizeof text - 1);
    json_double(&b, d);
    text[b.n] = '\0';
    assert_string_equal(text, want);
}

/* The texts of Go's strconv.FormatFloat(d, 'g', -1, 64). */
static void writes_doubles_as_go(void **state)
{
    (void)state;
    number_is(0, "0");
    number_is(-0.0, "-0");
    number_is(1, "1");
    number_is(-1.5, "-1.5");
    number_is(0.1, "0.1");
    number_is(0.1 + 0.2, "0.30000000000000004");
    number_is(100000, "100000");
    number_is(123456.7, "123456.7");
    number_is(1e6, "1e+06");
    number_is(1234567, "1.234567e+06");
    number_is(0.0001, "0.0001");
    number_is(0.00001234, "1.234e-05");
    number_is(1e21, "1e+21");
    number_is(1.0 / 3, "0.3333333333333333");
    number_is(50.0 + 5.0 / 9, "50.55555555555556");
    number_is(5e-324, "5e-324");
    number_is(2.2250738585072014e-308, "2.2250738585072014e-308");
    number_is(1.7976931348623157e308, "1.7976931348623157e+308");
    number_is(__builtin_nan(""), "null");
    number_is(-__builtin_inf(), "null");
}

static void doubles_read_back(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        double d;
        memcpy(&d, &x, sizeof d);
        if (!(d - d == 0))
            continue;
        struct buf b = buf_of(text, sizeof text - 1);
        json_double(&b, d);
        text[b.n] = '\0';
        assert_true(strtod(text, NULL) == d);
        assert_true(b.n <= 24);
    }
}

static struct arena arena;
static struct why why;

static struct node *read(const char *json)
{
    struct node *n;
    if (json_read(&arena, slice_cstr(json), "t.json", &n, &why) != ERR_OK)
        fail_msg("%s", why.text);
    return n;
}

static void reads_all_types(void **state)
{
    (void)state;
    struct node *n = read(" {\"a\": [1, -2.5e1, true, false, null, \"x\\n\\u20ac\"],\n \"b\":{}} ");
    struct node *list = node_get(n, "a");
    assert_int_equal(list->type, NODE_LIST);
    assert_int_equal(node_path(n, "a.0")->i, 1);
    assert_true(node_path(n, "a.1")->d == -25);
    assert_string_equal(node_path(n, "a.1")->text, "-2.5e1");
    assert_true(node_path(n, "a.2")->b);
    assert_int_equal(node_path(n, "a.3")->type, NODE_BOOL);
    assert_int_equal(node_path(n, "a.4")->type, NODE_NULL);
    assert_string_equal(node_path(n, "a.5")->text, "x\n\xe2\x82\xac");
    assert_true(node_path(n, "a.5")->quoted);
    assert_int_equal(node_get(n, "b")->type, NODE_MAP);
    assert_int_equal(node_get(n, "b")->line, 2);
    assert_int_equal(node_get(n, "b")->col, 6);
}

static void reads_edges_of_numbers(void **state)
{
    (void)state;
    assert_true(read("-9223372036854775808")->i == INT64_MIN);
    assert_true(read("9223372036854775807")->i == INT64_MAX);
    assert_int_equal(read("9223372036854775808")->type, NODE_DOUBLE);
    assert_int_equal(read("-0")->type, NODE_INT);
    assert_int_equal(read("0e0")->type, NODE_DOUBLE);
}

static void reads_surrogates(void **state)
{
    (void)state;
    assert_string_equal(read("\"\\ud83d\\ude00\"")->text, "\xf0\x9f\x98\x80");
    assert_string_equal(read("\"\\ud83dx\"")->text, "\xef\xbf\xbdx");
    assert_string_equal(read("\"\\ude00\"")->text, "\xef\xbf\xbd");
    assert_string_equal(read("\"\\ud83d\\u0041\"")->text, "\xef\xbf\xbd"
                                                          "A");
}

static void keeps_duplicate_keys(void **state)
{
    (void)state;
    struct node *n = read("{\"a\":1,\"a\":2}");
    assert_int_equal(n->child->i, 1);
    assert_int_equal(n->child->next->i, 2);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "", "t.json:1:1:" },
        { "{", "t.json:1:2:" },
        { "[1,]", "t.json:1:4:" },
        { "[1 2]", "t.json:1:4:" },
        { "{\"a\" 1}", "t.json:1:6:" },
        { "{a:1}", "t.json:1:2:" },
        { "01", "t.json:1:2:" },
        { "1.", "t.json:1:3:" },
        { "-", "t.json:1:2:" },
        { "1e", "t.json:1:3:" },
        { "tru", "t.json:1:1:" },
        { "\"\\x\"", "t.json:1:4:" },
        { "\"a", "t.json:1:3:" },
        { "\"\n\"", "t.json:1:2:" },
        { "\"\xff\"", "t.json:1:2:" },
        { "1 1", "t.json:1:3:" },
        { "\n\n  ?", "t.json:3:3:" },
        { "\"\\u12g4\"", "t.json:1:8:" },
        { "\"\\", "t.json:1:3:" },
        { "+1", "t.json:1:1:" },
        { "\"\\u0000\"", "t.json:1:8:" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct node *n;
        if (json_read(&arena, slice_cstr(cases[i][0]), "t.json", &n, &why) != ERR_FORMAT)
            fail_msg("%s was taken", cases[i][0]);
        assert_null(n);
        if (strncmp(why.text, cases[i][1], strlen(cases[i][1])) != 0)
            fail_msg("%s: %s", cases[i][0], why.text);
    }
}

static void depth_and_memory_are_bounded(void **state)
{
    (void)state;
    char deep[200];
    struct node *n;
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_int_equal(json_read(&arena, slice_of(deep, 200), "d", &n, &why), ERR_FORMAT);
    assert_int_equal(json_read(&arena, slice_of(deep + 36, 128), "d", &n, &why), ERR_OK);
    struct arena small;
    arena_init(&small, NULL, 500);
    assert_int_equal(json_read(&small, SLICE("[1,2,3,4,5,6,7,8]"), "d", &n, &why), ERR_LIMIT);
    arena_free(&small);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),
        cmocka_unit_test(writes_plain_strings_only),
        cmocka_unit_test(each_bad_byte_is_replaced),
        cmocka_unit_test(finds_every_byte_at_every_place),
        cmocka_unit_test(full_buffer_stays_inside),
        cmocka_unit_test(writes_doubles_as_go),
        cmocka_unit_test(doubles_read_back),
        cmocka_unit_test(reads_all_types),
        cmocka_unit_test(reads_edges_of_numbers),
        cmocka_unit_test(reads_surrogates),
        cmocka_unit_test(keeps_duplicate_keys),
        cmocka_unit_test(refuses),
        cmocka_unit_test(depth_and_memory_are_bounded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
