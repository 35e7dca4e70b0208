/* Plans write what the plain encoder writes: for every kind of value, in any order, with values
 * that are part of the plan, and when fields never come twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/table.h"
#include "model/event_plan.h"

enum { HEADERS, ANSWERS, RATIO, NUMBERS, OPEN };
static struct field own[] = {
    { "x.headers", FT_OBJECT, 0, 0, "Free keys." },
    { "x.answers", FT_OBJECTS, FF_MANY, 0, "Objects." },
    { "x.ratio", FT_DOUBLE, 0, 0, "A ratio." },
    { "x.numbers", FT_LONG, FF_MANY, 0, "Numbers." },
    { "x.open", FT_KEYWORD, FF_MANY, 0, "Anything." },
};

static const struct event_json_conf conf = { .beat = "packetbeat", .version = "8.12.0" };
static struct field *root, *meta;
static struct arena arena;
static struct event_plans *plans;
static char planned[65536], plain[65536];
static uint64_t dice;

static int setup(void **state)
{
    (void)state;
    schema_reset();
    schema_add(own, COUNT(own));
    root = schema_object_field(EVENT_ROOT);
    meta = schema_user_field("@metadata._id");
    schema_freeze();
    arena_init(&arena, NULL, 0);
    plans = event_plans_new(&conf);
    dice = 88172645463325252;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    event_plans_free(plans);
    arena_free(&arena);
    return 0;
}

static unsigned throw(unsigned sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)(dice >> 11) % sides;
}

static struct event *begin(void)
{
    struct event *e = event_make(&arena, 8);
    e->ts_ns = 1424218389003000000 + throw(1000) * INT64_C(1000000);
    return e;
}

/* Both ways into texts of their own; the event is whole as it was for the plan. */
static void write_both(struct event *e, const char *index)
{
    struct event copy = *e;
    copy.v = arena_alloc(&arena, (e->n + 1) * sizeof *copy.v);
    memcpy(copy.v, e->v, e->n * sizeof *copy.v);
    struct buf a = buf_of(planned, sizeof planned - 1), b = buf_of(plain, sizeof plain - 1);
    event_plans_json(plans, e, index, &a);
    event_json(&copy, &conf, index, &b);
    assert_false(a.full || b.full);
    planned[a.n] = plain[b.n] = '\0';
}

static void check(struct event *e, const char *index)
{
    write_both(e, index);
    assert_string_equal(planned, plain);
}

static struct slice some_text(void)
{
    static const char texts[] = "plain text that is longer than a line \"quoted\" \xc3\xa4\x01<&>";
    return slice_of((const uint8_t *)texts + throw(30), throw(sizeof texts - 30));
}

static void put_simple(struct event *e, unsigned what)
{
    static const char *const few[] = { "OK", "Error", "a \"third\"", "" };
    uint8_t octets[16] = { 0x20, 1, [15] = (uint8_t) throw(256) };
    struct addr ip = throw(2) ? addr_v4(octets) : addr_v6(octets);
    if (what == 0)
        event_str(e, &ecs[ECS_QUERY], some_text());
    else if (what == 1)
        event_int(e, &ecs[ECS_SOURCE_PORT], throw(65536) - 100);
    else if (what == 2)
        event_cstr_ref(e, &ecs[ECS_STATUS], few[throw(4)]);
    else if (what == 3)
        event_ip(e, &ecs[ECS_SOURCE_IP], &ip);
    else if (what == 4)
        event_bool(e, &ecs[ECS_FLOW_FINAL], throw(2));
    else if (what == 5)
        event_time(e, &ecs[ECS_EVENT_START], e->ts_ns + throw(100000));
    else if (what == 6)
        event_double(e, &own[RATIO], throw(100) / 8.0);
    else
        event_null(e, &ecs[ECS_URL_PATH]);
}

static void put_object(struct event *e)
{
    struct object *o = event_object(e, &own[HEADERS], 2);
    for (unsigned n = throw(3); n > 0; n--)
        object_str(e, o, some_text(), some_text());
}

static void put_root(struct event *e)
{
    struct object *o = event_object(e, root, 2);
    event_get(e, root)->flags = VF_ROOT;
    for (unsigned n = throw(3); n > 0; n--)
        object_int(e, o, SLICE("at.the.top"), throw(1000));
}

static void put_list(struct event *e)
{
    int64_t numbers[3] = { throw(10), -1, throw(100000) };
    event_ints(e, &own[NUMBERS], numbers, throw(4));
}

static void put_other(struct event *e, unsigned what)
{
    static const struct slice tags[] = { { (const uint8_t *)"one", 3 },
                                         { (const uint8_t *)"t", 1 } };
    struct value v = { .type = VT_STRS, .n = 2, .p = tags };
    if (what == 0)
        put_object(e);
    else if (what == 1)
        put_root(e);
    else if (what == 2)
        put_list(e);
    else if (what == 3)
        event_put_const(e, &ecs[ECS_TAGS], &v);
    else if (what == 4)
        event_str(e, meta, some_text());
    else if (what == 5)
        event_dotted(e, &ecs[ECS_STATUS]);
    else if (what == 6)
        event_objects(e, &own[ANSWERS], throw(3));
    else
        e->keep_null = throw(2);
}

/* Fields, in their order, are what `shape` says; values are not. */
static struct event *event_of_shape(unsigned shape)
{
    struct event *e = begin();
    for (unsigned i = 0; i < 12; i++) {
        unsigned what = (shape * 2654435761u >> i) % 16;
        if (what < 8)
            put_simple(e, what);
        else
            put_other(e, what - 8);
    }
    return e;
}

static void plans_write_what_the_encoder_writes(void **state)
{
    (void)state;
    static const char index_a[] = "a", index_b[] = "b";
    for (unsigned i = 0; i < 20000; i++) {
        unsigned index = throw(3);
        check(event_of_shape(throw(40)), index == 0 ? NULL : index == 1 ? index_a : index_b);
        arena_reset(&arena);
    }
    assert_true(event_plans_used(plans) > 5000);
}

static void fields_that_come_again_have_a_plan(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct event *e = begin();
        event_cstr_ref(e, &ecs[ECS_TYPE], "dns");
        event_int(e, &ecs[ECS_SOURCE_PORT], i);
        check(e, NULL);
        assert_int_equal(event_plans_used(plans), i);
    }
}

/* Two values that differ only in a text that is part of the plan. */
static void a_plan_knows_its_texts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        struct event *e = begin();
        event_cstr_ref(e, &ecs[ECS_STATUS], i / 3 % 2 ? "OK" : "Error");
        check(e, NULL);
    }
}

/* A text of the event itself may lie where another one lay. */
static void texts_of_the_event_are_no_part_of_a_plan(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct event *e = begin();
        char text[] = "0";
        text[0] = (char)('0' + i);
        event_str_ref(e, &ecs[ECS_STATUS], slice_cstr(text));
        check(e, NULL);
    }
}

static void fields_that_never_come_twice_are_written_too(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct event *e = begin();
        for (unsigned bit = 0; bit < 12; bit++) {
            if (i >> bit & 1)
                event_int(e, &ecs[ECS_SOURCE_PORT], i);
            else
                event_add_str(e, &own[OPEN], some_text(), false);
        }
        for (unsigned n = 0; n < i % 200; n++)
            event_int(e, &ecs[ECS_SOURCE_BYTES], n);
        check(e, NULL);
        arena_reset(&arena);
    }
}

static void a_plan_that_has_no_room_is_none(void **state)
{
    (void)state;
    static char large[5000];
    memset(large, 'x', sizeof large - 1);
    for (unsigned i = 0; i < 4; i++) {
        struct event *e = begin();
        event_cstr_ref(e, &ecs[ECS_STATUS], large);
        check(e, NULL);
    }
    assert_int_equal(event_plans_used(plans), 0);
}

static void short_buffer_is_marked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        check(event_of_shape(7), NULL);
    assert_true(event_plans_used(plans) > 0);
    for (size_t cap = 0; cap < strlen(planned); cap++) {
        struct buf out = buf_of(planned, cap);
        event_plans_json(plans, event_of_shape(7), NULL, &out);
        if (!out.full)
            break; /* values may be shorter this time */
        assert_true(out.n <= cap);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(plans_write_what_the_encoder_writes),
        T(fields_that_come_again_have_a_plan),
        T(a_plan_knows_its_texts),
        T(texts_of_the_event_are_no_part_of_a_plan),
        T(fields_that_never_come_twice_are_written_too),
        T(a_plan_that_has_no_room_is_none),
        T(short_buffer_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
