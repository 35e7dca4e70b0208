/* Documents of Beats to messages: prefix, flattening, members, what is refused. What Graylog
 * answers in detail is compared by the vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "in/beats_message.h"

#define TIME  "\"@timestamp\":\"2024-02-14T21:18:29.782Z\""
#define AGENT "\"@metadata\":{\"beat\":\"pb\"},\"agent\":{\"name\":\"h\"}"

static struct beats_reader *reader;
static struct arena mem;
static struct message *m;

static int set_up(void **state)
{
    (void)state;
    reader = beats_reader_new(&(struct beats_conf){ 0 });
    arena_init(&mem, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&mem);
    beats_reader_free(reader);
    return 0;
}

static enum beats_result read_text(const char *json)
{
    m = NULL;
    return beats_message(reader, slice_cstr(json), &mem, &m);
}

static void assert_text(const char *name, const char *want)
{
    const struct value *v = message_get(m, slice_cstr(name));
    assert_non_null(v);
    assert_int_equal(v->type, VT_STR);
    assert_true(slice_eq(slice_of(v->p, v->n), slice_cstr(want)));
}

static void flattens(void **state)
{
    (void)state;
    assert_int_equal(read_text("{" TIME "," AGENT ",\"a\":{\"b\":\" x \",\"c\":null},"
                               "\"l\":[{\"k\":1},\"s\",[2]],\"t\":[\"p\",\"q\"]}"),
                     BEATS_MESSAGE);
    assert_int_equal(m->ts_ms, 1707945509782);
    assert_true(slice_eq(m->source, SLICE("h")) && slice_eq(m->message, SLICE("-")));
    assert_text("beats_type", "pb");
    assert_text("pb_a_b", "x");
    assert_null(message_get(m, SLICE("pb_a_c")));
    assert_int_equal(message_get(m, SLICE("pb_l_0_k"))->i, 1);
    assert_int_equal(message_get(m, SLICE("pb_l_0_k"))->flags, VF_INT32);
    assert_int_equal(message_get(m, SLICE("pb_l"))->n, 1);
    assert_int_equal(message_get(m, SLICE("pb_t"))->type, VT_STRS);
    assert_text("pb_@timestamp", "2024-02-14T21:18:29.782Z");
}

/* Orders, prefixes and shapes that change from document to document: what is remembered must not
 * show. */
static void remembers_without_mixing_up(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(read_text("{" TIME "," AGENT ",\"a\":{\"b\":1},\"a_b\":2}"),
                         BEATS_MESSAGE);
        assert_int_equal(message_get(m, SLICE("pb_a_b"))->i, 2);
        assert_int_equal(read_text("{\"a_b\":2,\"a\":{\"b\":1}," AGENT "," TIME "}"),
                         BEATS_MESSAGE);
        assert_int_equal(message_get(m, SLICE("pb_a_b"))->i, 1);
        assert_int_equal(read_text("{" TIME ",\"a\":{\"b\":3},\"ab\":4}"), BEATS_MESSAGE);
        assert_int_equal(message_get(m, SLICE("beat_a_b"))->i, 3);
        assert_int_equal(message_get(m, SLICE("beat_ab"))->i, 4);
        assert_null(message_get(m, SLICE("pb_a_b")));
    }
}

static void more_names_than_are_remembered(void **state)
{
    static char json[256];
    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(json, sizeof json, "{" TIME ",\"n%d\":{\"k\":%d},\"b d\":1}", i, i);
        assert_int_equal(read_text(json), BEATS_MESSAGE);
        snprintf(json, sizeof json, "beat_n%d_k", i);
        assert_int_equal(message_get(m, slice_cstr(json))->i, i);
        assert_int_equal(m->refused, 1);
        arena_reset(&mem);
    }
}

static void refuses(void **state)
{
    (void)state;
    assert_int_equal(read_text(""), BEATS_NOT_JSON);
    assert_int_equal(read_text("{" TIME), BEATS_NOT_JSON);
    assert_int_equal(read_text("[]"), BEATS_NO_TIME);
    assert_int_equal(read_text("{}"), BEATS_NO_TIME);
    assert_int_equal(read_text("{\"@timestamp\":\"2024-02-14T21:18:29Z\"}"), BEATS_NO_TIME);
    assert_int_equal(read_text("{" TIME ",\"message\":\" \"}"), BEATS_INCOMPLETE);
    assert_non_null(m);
}

static void overrides_the_source(void **state)
{
    struct beats_conf conf = { .no_prefix = true, .override_source = SLICE("o") };
    struct beats_reader *other = beats_reader_new(&conf);
    (void)state;
    assert_int_equal(beats_message(other, SLICE("{" TIME "," AGENT ",\"x\":1}"), &mem, &m),
                     BEATS_MESSAGE);
    assert_true(slice_eq(m->source, SLICE("o")));
    assert_int_equal(message_get(m, SLICE("x"))->i, 1);
    assert_text("agent_name", "h");
    arena_free(&mem);
    beats_reader_free(other);
}

/* Whatever the budget: a whole message or none. */
static void says_when_memory_is_out(void **state)
{
    static const char json[] = "{" TIME "," AGENT ",\"l\":[1,\"a\"],\"o\":[{\"p q\":1}]}";
    (void)state;
    struct message *whole;
    assert_int_equal(beats_message(reader, SLICE(json), &mem, &whole), BEATS_MESSAGE);
    struct arena small;
    arena_init(&small, NULL, ARENA_CHUNK_BYTES);
    unsigned got = 0, none = 0;
    while (none < 3) {
        enum beats_result result = beats_message(reader, SLICE(json), &small, &m);
        assert_true(result == BEATS_MESSAGE || result == BEATS_NO_MEMORY);
        if (result == BEATS_MESSAGE) {
            assert_int_equal(m->n, whole->n);
            got++;
        } else {
            none++;
        }
    }
    assert_true(got > 5);
    arena_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(flattens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(remembers_without_mixing_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_names_than_are_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(overrides_the_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_when_memory_is_out, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
