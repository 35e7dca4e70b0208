/* The index form of messages. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/message_json.h"

static struct arena mem;
static struct message *m;
static char out[4096];

static int set_up(void **state)
{
    (void)state;
    arena_init(&mem, NULL, 0);
    m = message_new(&mem, 1);
    m->has_message = m->has_source = m->has_ts = true;
    m->message = SLICE("-");
    m->source = SLICE("s");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

static const char *index_form(const struct message_form *form)
{
    struct buf b = buf_of(out, sizeof out - 1);
    assert_true(message_json(m, form, &b));
    out[b.n] = '\0';
    return out;
}

static void put(const char *name, struct value v)
{
    assert_true(message_set(m, slice_cstr(name), &v));
}

#define HEAD "{\"timestamp\":\"1970-01-01 00:00:00.000\",\"source\":\"s\",\"message\":\"-\""

static void writes_each_type(void **state)
{
    static const struct slice texts[] = { { (const uint8_t *)"a", 1 },
                                          { (const uint8_t *)"\"", 1 } };
    static const struct value values[] = { { .type = VT_NULL }, { .type = VT_INT, .i = -1 } };
    struct message_form form = { 0 };
    (void)state;
    put("b", (struct value){ .type = VT_BOOL, .i = 1 });
    put("d", (struct value){ .type = VT_DOUBLE, .d = -INFINITY });
    put("t", (struct value){ .type = VT_TIME, .i = 1707945509782000000 });
    put("l", (struct value){ .type = VT_STRS, .n = 2, .p = texts });
    put("m", (struct value){ .type = VT_VALUES, .n = 2, .p = values });
    assert_string_equal(index_form(&form),
                        HEAD ",\"b\":true,\"d\":\"-Infinity\",\"t\":\"2024-02-14T21:18:29.782Z\","
                             "\"l\":[\"a\",\"\\\"\"],\"m\":[null,-1],"
                             "\"gl2_accounted_message_size\":57,\"streams\":[]}");
}

static void dots_become_underscores_once(void **state)
{
    struct message_form form = { 0 };
    (void)state;
    put("a.b", (struct value){ .type = VT_INT, .i = 1 });
    put("a_b", (struct value){ .type = VT_INT, .i = 2 });
    put("c.d_e", (struct value){ .type = VT_INT, .i = 3 });
    put("c_d.e", (struct value){ .type = VT_INT, .i = 4 });
    assert_string_equal(index_form(&form),
                        HEAD ",\"a_b\":2,\"c_d_e\":3,"
                             "\"gl2_accounted_message_size\":80,\"streams\":[]}");
}

static void tells_where_it_came_from(void **state)
{
    struct message_form form = { .now_ms = 1000, .message_id = SLICE("ID"), .node_id = SLICE("n") };
    static const uint8_t ip[4] = { 192, 0, 2, 1 };
    (void)state;
    m->origin = (struct message_origin){ addr_v4(ip), 5044, "beats" };
    m->receive_ns = 2000000000;
    assert_string_equal(index_form(&form),
                        HEAD ",\"gl2_accounted_message_size\":32,\"streams\":[],"
                             "\"gl2_message_id\":\"ID\","
                             "\"gl2_receive_timestamp\":\"1970-01-01 00:00:02.000\","
                             "\"gl2_processing_timestamp\":\"1970-01-01 00:00:01.000\","
                             "\"gl2_source_input\":\"beats\",\"gl2_source_node\":\"n\","
                             "\"gl2_remote_ip\":\"192.0.2.1\",\"gl2_remote_port\":5044}");
}

static void lone_surrogates_are_escapes(void **state)
{
    struct buf b = buf_of(out, sizeof out - 1);
    (void)state;
    message_json_text(&b, SLICE("a\xed\xa0\xbd\"\xed\x9f\xbf\xed\xb8\x80"));
    out[b.n] = '\0';
    assert_string_equal(out, "\"a\\ud83d\\\"\xed\x9f\xbf\\ude00\"");
}

static void says_when_there_is_no_room(void **state)
{
    struct message_form form = { 0 };
    (void)state;
    char whole[4096];
    snprintf(whole, sizeof whole, "%s", index_form(&form));
    for (size_t room = 0; room < strlen(whole); room++) {
        struct buf b = buf_of(out, room);
        assert_false(message_json(m, &form, &b));
        assert_true(b.n <= room);
        assert_memory_equal(b.p, whole, b.n); /* its beginning */
    }
}

static void ulids_are_in_order_of_time(void **state)
{
    static const uint8_t zero[10], ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
    uint8_t a[26], b[26];
    (void)state;
    message_ulid(a, 1707945509782, ones);
    message_ulid(b, 1707945509783, zero);
    assert_memory_equal(a, "01HPMQRGWPZZZZZZZZZZZZZZZZ", 26);
    assert_true(memcmp(a, b, 26) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_each_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dots_become_underscores_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_where_it_came_from, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lone_surrogates_are_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_when_there_is_no_room, set_up, tear_down),
        cmocka_unit_test(ulids_are_in_order_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
