/* Conditions against an event: each operator, types that do not fit, names that are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "pipe/condition.h"

static struct field own[] = {
    { "x.headers", FT_OBJECT, 0, 0, "Free keys." },
    { "x.ratio", FT_DOUBLE, 0, 0, "A ratio." },
};
static struct arena arena;
static struct why why;

static err load(const char *yaml, struct condition **c)
{
    struct node *root;
    struct loading l = { "processors.0.drop_event.when", &arena, &why };
    if (yaml_read(&arena, slice_cstr(yaml), "t.yml", &root, &why))
        fail_msg("%s", why.text);
    return condition_load(root, &l, c);
}

static bool holds(const char *yaml)
{
    struct condition *c;
    struct addr src, other;
    if (load(yaml, &c))
        fail_msg("%s", why.text);
    assert_true(addr_parse(SLICE("10.0.0.7"), &src) && addr_parse(SLICE("2001:db8::1"), &other));
    struct event *e = event_make(&arena, 8);
    const struct slice tags[] = { SLICE("forwarded"), SLICE("web") };
    event_str(e, &ecs[ECS_STATUS], SLICE("Server Error"));
    event_int(e, &ecs[ECS_SOURCE_PORT], 443);
    event_double(e, &own[1], 0.25);
    event_bool(e, &ecs[ECS_FLOW_FINAL], true);
    event_ip(e, &ecs[ECS_SOURCE_IP], &src);
    event_add_ip(e, &ecs[ECS_RELATED_IP], &src, true);
    event_add_ip(e, &ecs[ECS_RELATED_IP], &other, true);
    event_strs(e, &ecs[ECS_TAGS], tags, 2);
    struct object *o = event_object(e, &own[0], 2);
    object_str(e, o, SLICE("user-agent"), SLICE("curl/8"));
    return condition_holds(c, e);
}

static void equals(void **state)
{
    (void)state;
    assert_true(holds("equals: {status: Server Error}"));
    assert_false(holds("equals: {status: Error}"));
    assert_true(holds("equals: {source.port: 443}"));
    assert_true(holds("equals: {source: {port: 443}}"));
    assert_false(holds("equals: {source.port: '443'}")); /* a text is no number */
    assert_true(holds("equals: {flow.final: true}"));
    assert_false(holds("equals: {flow.final: 1}"));
    assert_true(holds("equals: {source.ip: 10.0.0.7}"));
    assert_true(holds("equals: {source.ip: 10.0.0.7, source.port: 443}"));
    assert_false(holds("equals: {source.ip: 10.0.0.7, source.port: 80}"));
    assert_false(holds("equals: {tags: web}")); /* a list is no text */
    assert_false(holds("equals: {no.such: x}"));
    assert_true(holds("equals: {x.headers.user-agent: curl/8}"));
}

static void contains(void **state)
{
    (void)state;
    assert_true(holds("contains: {status: Err}"));
    assert_true(holds("contains: {tags: forward}"));
    assert_false(holds("contains: {tags: backward}"));
    assert_true(holds("contains: {related.ip: 'db8'}"));
    assert_false(holds("contains: {source.port: 44}"));
}

static void regexp(void **state)
{
    (void)state;
    assert_true(holds("regexp: {status: '^Server'}"));
    assert_false(holds("regexp: {status: '^Error'}"));
    assert_true(holds("regexp: {x.headers.user-agent: '(?i)CURL/\\d$'}"));
    assert_true(holds("regexp: {tags: '^web$'}"));
}

static void range(void **state)
{
    (void)state;
    assert_true(holds("range: {source.port: {gte: 443, lt: 444}}"));
    assert_false(holds("range: {source.port: {gt: 443}}"));
    assert_true(holds("range: {source.port.lte: 443}"));
    assert_true(holds("range: {x.ratio: {gt: 0.2, lt: 0.3}}"));
    assert_false(holds("range: {status.gt: 0}"));
}

static void network(void **state)
{
    (void)state;
    assert_true(holds("network: {source.ip: private}"));
    assert_true(holds("network: {source.ip: [public, 10.0.0.0/29]}"));
    assert_false(holds("network: {source.ip: 10.0.0.0/30}"));
    assert_true(holds("network: {related.ip: '2001:db8::/32'}"));
    assert_false(holds("network: {status: private}"));
}

static void composition(void **state)
{
    (void)state;
    assert_true(holds("has_fields: [status, x, x.headers.user-agent]"));
    assert_false(holds("has_fields: [status, http]"));
    assert_true(holds("not: {has_fields: [http]}"));
    assert_true(holds("or: [{equals: {status: x}}, {equals: {source.port: 443}}]"));
    assert_false(holds("and: [{equals: {status: x}}, {equals: {source.port: 443}}]"));
    assert_true(holds("and: [{not: {equals: {status: x}}}, {equals: {source.port: 443}}]"));
}

static void refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "nosuch: {a: 1}",        "equals: x",     "equals: {a: 1.5}",    "equals: {a: [1]}",
        "range: {a: {gte: x}}",  "range: {a: 1}", "network: {a: 1.2.3}", "network: {a: 1.2.3.4/33}",
        "regexp: {a: '('}",      "and: []",       "has_fields: a",       "or: {a: 1}",
        "not: {nosuch: {a: 1}}",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct condition *c;
        if (load(cases[i], &c) != ERR_CONFIG)
            fail_msg("%s was taken", cases[i]);
        assert_non_null(strstr(why.text, "processors.0.drop_event.when"));
    }
}

static void evil_expressions_end(void **state)
{
    (void)state;
    struct condition *c;
    assert_int_equal(load("regexp: {status: '^(a+)+$'}", &c), ERR_OK);
    struct event *e = event_make(&arena, 8);
    char text[64];
    memset(text, 'a', sizeof text);
    text[63] = 'b';
    event_str(e, &ecs[ECS_STATUS], slice_of(text, sizeof text));
    assert_false(condition_holds(c, e));
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    schema_reset();
    schema_add(own, COUNT(own));
    schema_freeze();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    schema_reset();
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals),  cmocka_unit_test(contains),
        cmocka_unit_test(regexp),  cmocka_unit_test(range),
        cmocka_unit_test(network), cmocka_unit_test(composition),
        cmocka_unit_test(refuses), cmocka_unit_test(evil_expressions_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
