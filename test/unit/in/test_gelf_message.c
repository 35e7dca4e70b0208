/* GELF payloads to messages. What Graylog answers in detail is compared by the vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "in/gelf_message.h"

#define NOW_NS 1707945600000000000

static struct gelf_reader *reader;
static struct arena mem;
static struct message *m;

static int set_up(void **state)
{
    (void)state;
    reader = gelf_reader_new(1000000);
    arena_init(&mem, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&mem);
    gelf_reader_free(reader);
    return 0;
}

static enum gelf_result read_bytes(struct slice payload)
{
    m = NULL;
    return gelf_message(reader, payload, NOW_NS, &mem, &m);
}

static enum gelf_result read_text(const char *json)
{
    return read_bytes(slice_cstr(json));
}

static void assert_text(const char *name, const char *want)
{
    const struct value *v = message_get(m, slice_cstr(name));
    assert_non_null(v);
    assert_int_equal(v->type, VT_STR);
    assert_true(slice_eq(slice_of(v->p, v->n), slice_cstr(want)));
}

static void reads_a_payload(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\" m \","
                               "\"timestamp\":1707945509.782,\"level\":6,\"_a\":1,\"_b\":\"x\","
                               "\"_l\":[1,{\"k\":\"v\\\"\"},],\"_t\":true,\"_d\":1.5}"),
                     GELF_MESSAGE);
    assert_true(slice_eq(m->source, SLICE("h")) && slice_eq(m->message, SLICE("m")));
    assert_int_equal(m->ts_ms, 1707945509782);
    assert_int_equal(message_get(m, SLICE("level"))->flags, VF_INT32);
    assert_int_equal(message_get(m, SLICE("a"))->flags, 0);
    assert_text("b", "x");
    assert_text("l", "[1,{\"k\":\"v\\\"\"}]");
    assert_null(message_get(m, SLICE("t")));
    assert_true(message_get(m, SLICE("d"))->d == 1.5);
    assert_int_equal(m->n, 5);
}

static void its_time_is_the_receipts_when_it_has_none(void **state)
{
    static const char *const none[] = { "0", "-1", "null", "\"x\"", "\"0x10\"", "[1]", "true" };
    char json[100];
    (void)state;
    for (size_t i = 0; i < COUNT(none); i++) {
        struct buf b = buf_of(json, sizeof json);
        buf_printf(&b, "{\"short_message\":\"m\",\"timestamp\":%s}", none[i]);
        assert_int_equal(read_bytes(buf_slice(&b)), GELF_MESSAGE);
        assert_int_equal(m->ts_ms, NOW_NS / 1000000);
    }
    assert_int_equal(read_text("{\"short_message\":\"m\",\"timestamp\":\" 1.7e9 \"}"),
                     GELF_MESSAGE);
    assert_int_equal(m->ts_ms, 1700000000000);
}

static void refuses(void **state)
{
    (void)state;
    assert_int_equal(read_text("{"), GELF_PACKING);
    assert_int_equal(read_text("{]"), GELF_NOT_JSON);
    assert_int_equal(read_text("[]"), GELF_NO_TEXT);
    assert_int_equal(read_text("{\"short_message\":5,\"message\":\"m\"}"), GELF_NO_TEXT);
    assert_int_equal(read_text("{\"short_message\":\"m\",\"host\":\" \"}"), GELF_BAD_HOST);
    assert_int_equal(read_text("{\"short_message\":\"\",\"message\":\"m\"}"), GELF_INCOMPLETE);
    assert_int_equal(read_bytes(SLICE("\x1e\x0f............")), GELF_PACKING);
    assert_int_equal(read_bytes(SLICE("\x78\x9c\xff\xff")), GELF_PACKING);
}

static void inflates_within_a_bound(void **state)
{
    static uint8_t plain[1100000], packed[1200000];
    struct deflater *d = deflater_new(3);
    (void)state;
    memset(plain, ' ', sizeof plain);
    memcpy(plain, "{\"short_message\":\"m\"}", 21);
    struct buf b = buf_of(packed, sizeof packed);
    assert_true(deflate_pack(d, slice_of(plain, 1000000), &b));
    assert_int_equal(read_bytes(buf_slice(&b)), GELF_MESSAGE);
    buf_reset(&b);
    assert_true(deflate_pack(d, slice_of(plain, 1000001), &b));
    assert_int_equal(read_bytes(buf_slice(&b)), GELF_TOO_LARGE);
    deflater_free(d);
}

static void bad_utf8_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("{\"short_message\":\"a\xff\xe2\x82z\xf0\x9f\x98\xc3\xa4\xed\xa0\x80\"}"),
        GELF_MESSAGE);
    assert_true(slice_eq(m->message, SLICE("a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xc3\xa4"
                                           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_a_payload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_time_is_the_receipts_when_it_has_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(inflates_within_a_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_utf8_is_replaced, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
