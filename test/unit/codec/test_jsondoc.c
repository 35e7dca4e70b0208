/* JSON documents into nodes: what is accepted, what repeated names do, bounds, text forms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/jsondoc.h"

#define NODES 4000

static struct jsondoc doc;
static uint8_t *text;
static char out[65536];

static enum jsondoc_result read_bytes(struct slice json, unsigned options)
{
    free(text);
    text = malloc(json.n + JSONDOC_PAD); /* exact: a step too far is seen */
    memcpy(text, json.p, json.n);
    memset(text + json.n, 'x', JSONDOC_PAD);
    return jsondoc_read(&doc, text, json.n, options);
}

static enum jsondoc_result read_text(const char *json, unsigned options)
{
    return read_bytes(slice_cstr(json), options);
}

/* The document as it is written again. */
static const char *again(const char *json)
{
    struct buf b = buf_of(out, sizeof out - 1);
    assert_int_equal(read_text(json, 0), JSONDOC_OK);
    jsondoc_write(&doc, doc.node, &b);
    out[b.n] = '\0';
    return out;
}

static int set_up(void **state)
{
    (void)state;
    jsondoc_init(&doc, NODES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    jsondoc_free(&doc);
    free(text);
    return 0;
}

static void reads_and_writes(void **state)
{
    (void)state;
    assert_string_equal(
        again(" { \"a\" : [ 1 , -2.5 , true , false , null , \"x\" ] , \"b\" : { } } "),
        "{\"a\":[1,-2.5,true,false,null,\"x\"],\"b\":{}}");
    assert_string_equal(again("[]"), "[]");
    assert_string_equal(again("\"\\u00e9\\n\\/\\ud83d\\ude00\""),
                        "\"\xc3\xa9\\n/\xf0\x9f\x98\x80\"");
    assert_string_equal(again("\"a\\ud83d\""), "\"a\\uD83D\"");
    assert_string_equal(again("{} trailing"), "{}");
    assert_string_equal(again("\xef\xbb\xbf{}"), "{}");
    assert_string_equal(again("-9223372036854775808"), "-9223372036854775808");
    assert_string_equal(again("123456789012345678901234567890"), "123456789012345678901234567890");
}

static void numbers_are_of_java(void **state)
{
    (void)state;
    assert_string_equal(again("[1.0,1e3,1e7,123456.5,0.001,1e-4,1.5e300,-0.0]"),
                        "[1.0,1000.0,1.0E7,123456.5,0.001,1.0E-4,1.5E300,-0.0]");
    assert_string_equal(again("[1e400]"), "[Infinity]");
    assert_int_equal(read_text("18446744073709551617", 0), JSONDOC_OK);
    assert_int_equal(jsondoc_int(doc.node), 1);
    assert_int_equal(read_text("-9223372036854775809", 0), JSONDOC_OK);
    assert_int_equal(jsondoc_int(doc.node), INT64_MAX);
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "{",        "[1,]",         "{\"a\":1,}", "{\"a\"}", "{a:1}",   "[01]",
        "[.5]",     "[+5]",         "[1.]",       "[1e]",    "[-]",     "[NaN]",
        "// c\n{}", "\"\t\"",       "\"a",        "\"\\x\"", "\"\\u12", "\"\\u12g",
        "\"\xff\"", "\"\xc0\x80\"", "tru",        "nul",     "'a'",     "[1 2]",
        "{\"a\":",  "[\"a\"",       "\"\xe2\x82", "{,}",     "[,1]",    "\"\xed\xa0\x80\"",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(read_text(bad[i], 0), JSONDOC_BAD);
    assert_int_equal(read_text("", 0), JSONDOC_EMPTY);
    assert_int_equal(read_text(" \n", 0), JSONDOC_EMPTY);
}

static void lenient_takes_more(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"a\":[1,],}", JSONDOC_LENIENT), JSONDOC_OK);
    assert_int_equal(read_text("{\"a\":\"b\n\x01\"}", JSONDOC_LENIENT), JSONDOC_OK);
    assert_int_equal(read_bytes(SLICE("\"a\0b\""), JSONDOC_LENIENT), JSONDOC_OK);
    assert_int_equal(doc.node->n, 3);
    assert_int_equal(read_text("{\"a\":[,]}", JSONDOC_LENIENT), JSONDOC_BAD);
    assert_int_equal(read_text("\xef\xbb\xbf{}", JSONDOC_LENIENT), JSONDOC_BAD);
    assert_int_equal(read_text("\"a", JSONDOC_LENIENT), JSONDOC_BAD);
}

static void the_last_of_equal_names_stands(void **state)
{
    (void)state;
    assert_string_equal(again("{\"a\":1,\"b\":2,\"a\":3}"), "{\"a\":3,\"b\":2}");
    assert_string_equal(again("{\"o\":{\"a\":1},\"o\":{\"b\":2}}"), "{\"o\":{\"b\":2}}");
    assert_string_equal(again("{\"a\":1,\"a\":2,\"a\":3}"), "{\"a\":3}");
    assert_string_equal(again("{\"x\":{\"a\":1,\"a\":[]},\"y\":1,\"y\":2}"),
                        "{\"x\":{\"a\":[]},\"y\":2}");
    assert_string_equal(again("{\"\":1,\"\":2}"), "{\"\":2}");
}

/* Many members go through the table: each name twice. */
static void so_it_is_among_many(void **state)
{
    static char json[65536];
    struct buf b = buf_of(json, sizeof json - 1);
    (void)state;
    buf_u8(&b, '{');
    for (int i = 0; i < 2000; i++)
        buf_printf(&b, "%s\"k%d\":%d", i ? "," : "", i % 1000, i);
    buf_u8(&b, '}');
    assert_int_equal(read_bytes(buf_slice(&b), 0), JSONDOC_OK);
    assert_int_equal(doc.node->n, 1000);
    for (int i = 0; i < 1000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(jsondoc_get(&doc, doc.node, slice_cstr(key))->i, i + 1000);
    }
}

static void bounds_depth_and_nodes(void **state)
{
    static char json[2 * NODES + 3];
    (void)state;
    memset(json, '[', JSONDOC_DEPTH_MAX + 1);
    memset(json + JSONDOC_DEPTH_MAX, ']', JSONDOC_DEPTH_MAX);
    assert_int_equal(read_bytes(slice_of(json, 2 * JSONDOC_DEPTH_MAX), 0), JSONDOC_OK);
    memset(json, '[', JSONDOC_DEPTH_MAX + 1);
    assert_int_equal(read_bytes(slice_of(json, 2 * JSONDOC_DEPTH_MAX), 0), JSONDOC_TOO_DEEP);
    json[0] = '[';
    for (size_t i = 0; i < NODES; i++)
        memcpy(json + 1 + 2 * i, "1,", 2);
    memcpy(json + 2 * NODES, "]", 1);
    assert_int_equal(read_bytes(slice_of(json, 2 * NODES + 1), 0), JSONDOC_TOO_LARGE);
    memcpy(json + 2 * NODES - 2, "]", 1);
    assert_int_equal(read_bytes(slice_of(json, 2 * NODES + 1), 0), JSONDOC_OK);
}

/* The sixteen-byte steps must find what stands at any place. */
static void finds_the_end_at_any_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < 70; n++) {
        char json[100];
        json[0] = '"';
        memset(json + 1, 'a', n);
        memcpy(json + 1 + n, "\"", 1);
        assert_int_equal(read_bytes(slice_of(json, n + 2), 0), JSONDOC_OK);
        assert_int_equal(doc.node->n, n);
        memcpy(json + 1 + n, "\\n\"", 3);
        assert_int_equal(read_bytes(slice_of(json, n + 4), 0), JSONDOC_OK);
        assert_int_equal(doc.node->n, n + 1);
        assert_int_equal(read_bytes(slice_of(json, n + 1), 0), JSONDOC_BAD);
    }
}

static void texts_of_scalars(void **state)
{
    uint8_t memory[64];
    struct buf b = buf_of(memory, sizeof memory);
    (void)state;
    assert_int_equal(read_text("[true,1.5,\"x\",null,{}]", 0), JSONDOC_OK);
    static const char *const want[] = { "true", "1.5", "x", "null", "" };
    for (uint32_t i = doc.node->child, n = 0; i; i = doc.node[i].next, n++)
        assert_true(slice_eq(jsondoc_text(&doc.node[i], &b), slice_cstr(want[n])));
}

/* What a reader answers that has read something else before: result, document and where it ended.
 */
static void answer(struct jsondoc *d, struct slice json, char *to, size_t cap)
{
    struct buf b = buf_of(to, cap - 1);
    uint8_t *copy = malloc(json.n + JSONDOC_PAD);
    memcpy(copy, json.p, json.n);
    enum jsondoc_result result = jsondoc_read(d, copy, json.n, 0);
    buf_printf(&b, "%d ", result);
    if (result == JSONDOC_OK) {
        jsondoc_write(d, d->node, &b);
        buf_printf(&b, " %zu", d->end);
    }
    to[b.n] = '\0';
    free(copy);
}

/* Names are compared with what came before: whatever that was, the answer is that of a new reader.
 */
static void expects_names_without_trusting(void **state)
{
    static const char *const texts[] = {
        "{\"a\":1,\"ab\":{\"a\":2,\"b\":[{\"c\":3},{\"c\":4,\"d\":5}]},\"e\":6}",
        "{\"a\":1,\"ab\":{\"b\":[{\"d\":3},{\"c\":4}],\"a\":2},\"e\":6}",
        "{\"a\" :1,\"ab\":{\"a\": 2,\"b\":[{\"c\":3}]} , \"e\":6}",
        "{\"a\"1,\"ab\":2}",
        "{\"\\u0061\":1,\"a\":2,\"ab\":{\"a\":1}}",
        "{\"a\\\"\":1,\"ab\":2,\"a\":3,\"ab\":4}",
        "{\"a\":1,\"\":{\"\":{\"\":2}},\"a\":{\"\":3}}",
        "[{\"a\":1},{\"a\":2,\"ab\":3}]",
        "{\"abcdefghijklmnopqrstuvwxyz012\":1,\"abcdefghijklmnopqrstuvwxyz0123\":2,"
        "\"abcdefghijklmnopqrstuvwxyz01234\":{\"a\":1}}",
        "{\"abcdefghijklmnopqrstuvwxyz01234\":{\"a\":1,\"ab\":2},\"a\":1,\"ab\":2}",
        "{\"\xc3\xa9\":1,\"a\":2}",
        "{\"\xc3\":1,\"a\":2}",
    };
    char want[1024], got[1024];
    struct jsondoc fresh;
    (void)state;
    for (unsigned i = 0; i < COUNT(texts); i++) {
        struct slice all = slice_cstr(texts[i]);
        for (size_t n = 0; n <= all.n; n++) {
            jsondoc_init(&fresh, 64);
            answer(&fresh, slice_first(all, n), want, sizeof want);
            jsondoc_free(&fresh);
            for (unsigned k = 0; k < COUNT(texts); k++) {
                answer(&doc, slice_cstr(texts[k]), got, sizeof got);
                answer(&doc, slice_first(all, n), got, sizeof got);
                assert_string_equal(got, want);
            }
        }
    }
}

/* Nothing that only the lenient way takes is expected afterwards; a full memory does no harm. */
static void expects_no_more_than_it_may(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"a\tb\":1}", JSONDOC_LENIENT), JSONDOC_OK);
    assert_int_equal(read_text("{\"a\tb\":1}", 0), JSONDOC_BAD);
    for (unsigned i = 0; i < 2 * JSONDOC_SHAPES; i++) {
        char json[64], want[64];
        snprintf(json, sizeof json, "{\"k%u\":{\"a\":1}}", i);
        snprintf(want, sizeof want, "%s", json);
        assert_string_equal(again(json), want);
    }
    assert_int_equal(doc.n_shapes, JSONDOC_SHAPES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(numbers_are_of_java),
        cmocka_unit_test(refuses),
        cmocka_unit_test(lenient_takes_more),
        cmocka_unit_test(the_last_of_equal_names_stands),
        cmocka_unit_test(so_it_is_among_many),
        cmocka_unit_test(bounds_depth_and_nodes),
        cmocka_unit_test(finds_the_end_at_any_length),
        cmocka_unit_test(texts_of_scalars),
        cmocka_unit_test(expects_names_without_trusting),
        cmocka_unit_test(expects_no_more_than_it_may),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
