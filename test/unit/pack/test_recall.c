/* Rules that set fields of a stored message: told by running them again, else by what could have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "pack/recall.h"

static const struct rule_stream streams[] = { { SLICE("s1"), SLICE("Default Stream"), false } };
static const struct rule_env env = {
    .now_ms = 1, .stream = streams, .n_streams = 1, .default_stream = SLICE("s1")
};

static const struct program_source rules = {
    SLICE("r"),
    SLICE("rule \"names\" when true then rename_field(\"x_ip\", \"source_ip\");"
          " rename_field(\"x_proto\", \"protocol\"); rename_field(\"x_old\", \"x_gone\"); end\n"
          "rule \"small\" when has_field(\"protocol\") then"
          " set_field(\"protocol\", lowercase(to_string($message.protocol))); end\n"
          "rule \"code\" when $message.protocol == \"dns\" then set_field(\"code\", [\"140000\"]);"
          " end\n"
          "rule \"other code\" when $message.protocol == \"http\" then"
          " set_field(\"code\", [\"180000\"]); end\n"
          "rule \"from what is gone\" when has_field(\"x_gone\") then"
          " set_field(\"length\", 7); remove_field(\"x_gone\"); end\n"
          "rule \"text\" when true then set_field(\"message\", \"m\"); end")
};
static const struct program_source line = {
    SLICE("p"), SLICE("pipeline \"p\" stage 1 match pass rule \"names\" stage 2 match pass rule "
                      "\"small\" stage 3 "
                      "match pass rule \"code\" rule \"other code\" rule \"from what is gone\" "
                      "rule \"text\" end")
};

static struct program *program;
static struct arena mem;

static int setup(void **state)
{
    const struct program_connection connection = { SLICE("s1"), SLICE("p") };
    struct program_conf conf = { .rule = &rules,
                                 .n_rules = 1,
                                 .pipeline = &line,
                                 .n_pipelines = 1,
                                 .connection = &connection,
                                 .n_connections = 1 };
    unsigned mistakes;
    (void)state;
    arena_init(&mem, NULL, 0);
    program = program_load(&conf, &mistakes);
    assert_int_equal(mistakes, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    program_free(program);
    arena_free(&mem);
    return 0;
}

/* "sure source_ip: names; may length: from what is gone; " */
static const char *told(const char *text)
{
    static char room[1000];
    unsigned n, at = 0;
    const struct recalled *r = recall_rules(program, &env, slice_cstr(text), &mem, &n);
    room[0] = '\0';
    for (unsigned i = 0; i < n; i++) {
        at +=
            (unsigned)snprintf(room + at, sizeof room - at, "%s %.*s:", r[i].sure ? "sure" : "may",
                               (int)r[i].field.n, r[i].field.p);
        for (unsigned k = 0; k < r[i].n; k++)
            at += (unsigned)snprintf(room + at, sizeof room - at, " %.*s", (int)r[i].rule[k].n,
                                     r[i].rule[k].p);
        at += (unsigned)snprintf(room + at, sizeof room - at, "; ");
    }
    return room;
}

static void rules_run_again(void **state)
{
    (void)state;
    assert_string_equal(
        told("{\"source_ip\":\"10.0.0.1\",\"protocol\":\"dns\",\"code\":[\"140000\"],"
             "\"x_else\":1,\"gl2_message_id\":\"1\",\"streams\":[\"s1\"],"
             "\"timestamp\":\"2026-11-24 10:00:00.000\",\"message\":\"m\"}"),
        "sure source_ip: names; sure protocol: names; sure code: code; "
        "sure message: text; ");
}

static void what_does_not_come_out_is_not_claimed(void **state)
{
    (void)state;
    assert_string_equal(told("{\"protocol\":\"dns\",\"code\":[\"180000\"],\"length\":7}"),
                        "sure protocol: names; may code: code other code; "
                        "may length: from what is gone; ");
    assert_string_equal(told("{\"code\":[\"140000\",\"1\"],\"message\":\"else\"}"),
                        "may code: code other code; may message: text; ");
}

static void anything_may_be_stored(void **state)
{
    (void)state;
    assert_string_equal(told(""), "");
    assert_string_equal(told("[1]"), "");
    assert_string_equal(told("{\"a\":"), "");
    assert_string_equal(told("{}"), "");
    assert_string_equal(
        told("{\"code\":null,\"source_ip\":{\"a\":1},\"protocol\":[[1],null,{}]}"),
        "may code: code other code; may source_ip: names; may protocol: names small; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rules_run_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_come_out_is_not_claimed, setup, teardown),
        cmocka_unit_test_setup_teardown(anything_may_be_stored, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
