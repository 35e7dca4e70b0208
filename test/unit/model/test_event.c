/* Events: the later value stands, lists grow, memory that runs out is noticed, JSON nests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "model/event_json.h"

static struct field own[] = {
    { "x.headers", FT_OBJECT, 0, 0, "Free keys." },
    { "x.answers", FT_OBJECTS, FF_MANY, 0, "Objects." },
    { "x.ratio", FT_DOUBLE, 0, 0, "A ratio." },
    { "x.numbers", FT_LONG, FF_MANY, 0, "Numbers." },
};
enum { HEADERS, ANSWERS, RATIO, NUMBERS };

static const struct event_json_conf conf = { .beat = "packetbeat", .version = "8.12.0" };
static struct arena arena;
static char text[8192];

static int setup(void **state)
{
    (void)state;
    schema_reset();
    schema_add(own, COUNT(own));
    schema_freeze();
    arena_init(&arena, NULL, 0);
    return 0;
}

/* Rows that only a configuration has may come. */
static void thaw(void)
{
    schema_reset();
    schema_add(own, COUNT(own));
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct event *begin(void)
{
    struct event *e = event_make(&arena, 8);
    e->ts_ns = 1424218389003000000;
    return e;
}

/* The JSON of e without its first two members. */
static const char *fields_of(struct event *e)
{
    struct buf out = buf_of(text, sizeof text - 1);
    event_json(e, &conf, NULL, &out);
    assert_false(out.full);
    text[out.n] = 0;
    const char *head = "{\"@timestamp\":\"2015-02-18T00:13:09.003Z\",\"@metadata\":{\"beat\":"
                       "\"packetbeat\",\"type\":\"_doc\",\"version\":\"8.12.0\"}";
    assert_memory_equal(text, head, strlen(head));
    return text + strlen(head);
}

static const char head[] = "{\"@timestamp\":\"2015-02-18T00:13:09.003Z\",\"@metadata\":{\"beat\":"
                           "\"packetbeat\",\"type\":\"_doc\",\"version\":\"8.12.0\",";

/* The JSON of e from behind the version of its metadata. */
static const char *after_version(struct event *e, const char *raw_index)
{
    struct buf out = buf_of(text, sizeof text - 1);
    event_json(e, &conf, raw_index, &out);
    assert_false(out.full);
    text[out.n] = 0;
    assert_memory_equal(text, head, sizeof head - 1);
    return text + sizeof head - 1;
}

static void metadata_stands_in_its_group(void **state)
{
    (void)state;
    thaw();
    const struct field *id = schema_user_field("@metadata._id");
    const struct field *deep = schema_user_field("@metadata.a.b");
    const struct field *index = schema_user_field("@metadata.raw_index");
    schema_freeze();
    struct event *e = begin();
    event_cstr_ref(e, &ecs[ECS_TYPE], "dns");
    event_cstr_ref(e, id, "x");
    event_ints(e, &own[NUMBERS], (const int64_t[]){ 1 }, 1);
    assert_string_equal(
        after_version(e, "r"),
        "\"raw_index\":\"r\",\"_id\":\"x\"},\"type\":\"dns\",\"x\":{\"numbers\":[1]}}");
    event_cstr_ref(e, index, "s");
    event_str_ref(e, deep, SLICE("2"));
    assert_string_equal(after_version(e, "r"),
                        "\"_id\":\"x\",\"a\":{\"b\":\"2\"},\"raw_index\":\"s\"},\"type\":\"dns\","
                        "\"x\":{\"numbers\":[1]}}");
}

static void members_stand_at_the_root_and_lists_may_be_mixed(void **state)
{
    (void)state;
    thaw();
    struct field *root = schema_object_field(EVENT_ROOT);
    assert_null(schema_object_field("type")); /* another room's */
    schema_freeze();
    struct event *e = begin();
    struct value list[] = { { .type = VT_INT, .i = 1 }, { .type = VT_BOOL, .i = 1 } };
    struct value v = { .type = VT_VALUES, .n = 2, .p = list };
    event_cstr_ref(e, &ecs[ECS_TYPE], "dns");
    struct object *o = event_object(e, root, 4);
    event_get(e, root)->flags |= VF_ROOT;
    object_set(e, o, SLICE("l"), &v);
    object_int(e, o, SLICE("n"), 3);
    assert_string_equal(fields_of(e), ",\"l\":[1,true],\"n\":3,\"type\":\"dns\"}");
}

static void later_value_stands(void **state)
{
    (void)state;
    struct event *e = begin();
    event_int(e, &ecs[ECS_SOURCE_PORT], 1);
    event_str(e, &ecs[ECS_TYPE], SLICE("dns"));
    event_int(e, &ecs[ECS_SOURCE_PORT], 2);
    assert_int_equal(event_get(e, &ecs[ECS_SOURCE_PORT])->i, 2);
    assert_string_equal(fields_of(e), ",\"source\":{\"port\":2},\"type\":\"dns\"}");
}

static void removed_value_is_gone_with_its_earlier_ones(void **state)
{
    (void)state;
    struct event *e = begin();
    event_int(e, &ecs[ECS_SOURCE_PORT], 1);
    event_int(e, &ecs[ECS_SOURCE_PORT], 2);
    assert_true(event_remove(e, &ecs[ECS_SOURCE_PORT]));
    assert_false(event_remove(e, &ecs[ECS_SOURCE_PORT]));
    assert_string_equal(fields_of(e), "}");
}

static void groups_open_and_close(void **state)
{
    (void)state;
    struct event *e = begin();
    struct addr ip = addr_v4((const uint8_t[4]){ 10, 0, 0, 1 });
    event_ip(e, &ecs[ECS_SOURCE_IP], &ip);
    event_str(e, &ecs[ECS_URL_PATH], SLICE("/\"a\""));
    event_int(e, &ecs[ECS_SOURCE_BYTES], 7);
    event_bool(e, &ecs[ECS_FLOW_FINAL], true);
    event_time(e, &ecs[ECS_EVENT_START], 1424218389003000000);
    event_time(e, &ecs[ECS_EVENT_END], 0);
    event_int_nz(e, &ecs[ECS_SOURCE_PORT], 0);
    event_double(e, &own[RATIO], 0.5);
    assert_string_equal(
        fields_of(e),
        ",\"event\":{\"start\":\"2015-02-18T00:13:09.003Z\"},\"flow\":{\"final\":true},"
        "\"source\":{\"bytes\":7,\"ip\":\"10.0.0.1\"},\"url\":{\"path\":\"/\\\"a\\\"\"},"
        "\"x\":{\"ratio\":0.5}}");
}

static void lists_grow_and_stay_unique(void **state)
{
    (void)state;
    struct event *e = begin();
    struct addr a = addr_v4((const uint8_t[4]){ 1, 1, 1, 1 });
    struct addr b = addr_v4((const uint8_t[4]){ 2, 2, 2, 2 });
    event_add_ip(e, &ecs[ECS_RELATED_IP], &a, true);
    event_add_ip(e, &ecs[ECS_RELATED_IP], &b, true);
    event_add_ip(e, &ecs[ECS_RELATED_IP], &a, true);
    event_add_str(e, &ecs[ECS_RELATED_HOSTS], SLICE("h"), false);
    event_add_str(e, &ecs[ECS_RELATED_HOSTS], SLICE("h"), false);
    event_ints(e, &own[NUMBERS], NULL, 0);
    assert_string_equal(fields_of(e), ",\"related\":{\"hosts\":[\"h\",\"h\"],\"ip\":[\"1.1.1.1\","
                                      "\"2.2.2.2\"]},\"x\":{\"numbers\":[]}}");
}

static void one_note_is_a_string_two_are_a_list(void **state)
{
    (void)state;
    struct event *e = begin();
    event_note(e, "first");
    assert_string_equal(fields_of(e), ",\"error\":{\"message\":\"first\"}}");
    event_note(e, "second");
    event_note(e, "third");
    assert_string_equal(fields_of(e), ",\"error\":{\"message\":[\"first\",\"second\",\"third\"]}}");
}

static void objects_keep_their_order(void **state)
{
    (void)state;
    struct event *e = begin();
    struct object *h = event_object(e, &own[HEADERS], 1);
    for (int i = 0; i < 9; i++)
        object_int(e, h, i % 2 ? SLICE("b") : SLICE("a"), i);
    assert_true(object_remove(h, SLICE("b")));
    assert_int_equal(h->n, 8);
    h->n = 2;
    struct object *o = event_objects(e, &own[ANSWERS], 2);
    object_str(e, &o[0], SLICE("data"), SLICE("x"));
    assert_string_equal(
        fields_of(e), ",\"x\":{\"answers\":[{\"data\":\"x\"},{}],\"headers\":{\"a\":0,\"a\":2}}}");
}

static void dotted_keys_stand_at_the_top(void **state)
{
    (void)state;
    struct event *e = begin();
    event_str(e, &ecs[ECS_USER_NAME], SLICE("u"));
    event_dotted(e, &ecs[ECS_USER_NAME]);
    event_str(e, &ecs[ECS_TYPE], SLICE("http"));
    assert_string_equal(fields_of(e), ",\"user.name\":\"u\",\"type\":\"http\"}");
}

static void nulls_only_when_asked(void **state)
{
    (void)state;
    struct event *e = begin();
    event_null(e, &ecs[ECS_TYPE]);
    assert_string_equal(fields_of(e), "}");
    e->keep_null = true;
    assert_string_equal(fields_of(e), ",\"type\":null}");
}

static void many_values_are_sorted(void **state)
{
    (void)state;
    struct event *e = begin();
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = ECS_COUNT; i-- > 0;) {
            if (ecs[i].type == FT_KEYWORD)
                event_str(e, &ecs[i], SLICE("v"));
        }
    }
    event_sort(e);
    for (unsigned i = 1; i < e->n; i++)
        assert_true(e->v[i - 1].field < e->v[i].field);
    assert_false(e->lost);
}

static void out_of_memory_is_noticed(void **state)
{
    (void)state;
    struct arena small;
    arena_init(&small, NULL, ARENA_CHUNK_BYTES);
    struct event *e = event_make(&small, 8);
    static const uint8_t big[ARENA_CHUNK_BYTES];
    event_str(e, &ecs[ECS_REQUEST], slice_of(big, sizeof big));
    assert_true(e->lost);
    arena_free(&small);
}

static void pretty_indents(void **state)
{
    (void)state;
    struct event *e = begin();
    event_int(e, &ecs[ECS_SOURCE_PORT], 2);
    struct event_json_conf pretty = conf;
    pretty.pretty = true;
    struct buf out = buf_of(text, sizeof text - 1);
    event_json(e, &pretty, "idx", &out);
    text[out.n] = 0;
    assert_string_equal(text,
                        "{\n  \"@timestamp\": \"2015-02-18T00:13:09.003Z\",\n  \"@metadata\": {\n"
                        "    \"beat\": \"packetbeat\",\n    \"type\": \"_doc\",\n"
                        "    \"version\": \"8.12.0\",\n    \"raw_index\": \"idx\"\n  },\n"
                        "  \"source\": {\n    \"port\": 2\n  }\n}");
}

static void short_buffer_is_marked(void **state)
{
    (void)state;
    struct event *e = begin();
    event_str(e, &ecs[ECS_TYPE], SLICE("dns"));
    for (size_t cap = 0; cap < 120; cap++) {
        struct buf out = buf_of(text, cap);
        event_json(e, &conf, NULL, &out);
        assert_true(out.full);
        assert_true(out.n <= cap);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(metadata_stands_in_its_group),
        T(members_stand_at_the_root_and_lists_may_be_mixed),
        T(later_value_stands),
        T(removed_value_is_gone_with_its_earlier_ones),
        T(groups_open_and_close),
        T(lists_grow_and_stay_unique),
        T(objects_keep_their_order),
        T(one_note_is_a_string_two_are_a_list),
        T(dotted_keys_stand_at_the_top),
        T(nulls_only_when_asked),
        T(many_values_are_sorted),
        T(out_of_memory_is_noticed),
        T(pretty_indents),
        T(short_buffer_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
