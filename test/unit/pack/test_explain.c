/* What is told of rules: each field that they set, change or remove, streams, failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "pack/explain.h"

static const struct rule_stream streams[] = {
    { SLICE("s1"), SLICE("Default Stream"), false },
    { SLICE("s2"), SLICE("Other"), false },
};
static const struct rule_env env = {
    .now_ms = 1, .stream = streams, .n_streams = 2, .default_stream = SLICE("s1")
};

static void take(void *ctx, struct message *m)
{
    (void)ctx;
    (void)m;
}

static const struct program_source rules = {
    SLICE("r"),
    SLICE("rule \"a\" when has_field(\"x\") then set_field(\"y\", 1); rename_field(\"x\", \"z\");"
          " set_field(\"message\", \"m\"); end\n"
          "rule \"same\" when true then set_field(\"y\", 1); end\n"
          "rule \"b\" when true then set_field(\"y\", 2);"
          " route_to_stream(name: \"Other\", remove_from_default: true); end\n"
          "rule \"c\" when true then set_field(\"q\", 1 / to_long($message.none)); end\n"
          "rule \"d\" when true then drop_message(); end")
};
static const struct program_source line = {
    SLICE("p"), SLICE("pipeline \"p\" stage 1 match pass rule \"a\" stage 2 match pass rule "
                      "\"same\" rule \"b\" stage 3 match pass rule \"c\" stage 4 match pass rule "
                      "\"d\" end")
};

static void each_change_has_its_rule(void **state)
{
    (void)state;
    static const char *const want[] = { "message", "z", "y", "x", "y", "s2", "s1", "", "" };
    static const enum explain_what what[] = { EXPLAIN_SET,     EXPLAIN_SET,     EXPLAIN_SET,
                                              EXPLAIN_REMOVED, EXPLAIN_CHANGED, EXPLAIN_ENTERED,
                                              EXPLAIN_LEFT,    EXPLAIN_FAILED,  EXPLAIN_DROPPED };
    const struct program_connection connection = { SLICE("s1"), SLICE("p") };
    struct program_conf conf = { .rule = &rules,
                                 .n_rules = 1,
                                 .pipeline = &line,
                                 .n_pipelines = 1,
                                 .connection = &connection,
                                 .n_connections = 1 };
    struct program_sink sink = { take, NULL };
    struct arena mem;
    unsigned n;
    struct program *p = program_load(&conf, &n);
    assert_int_equal(n, 0);
    struct program_run *r = program_run_new(p);
    struct explain *x = explain_new(p);
    arena_init(&mem, NULL, 0);
    struct message *m = message_new(&mem, 4);
    struct value v = { .type = VT_STR, .n = 1 };
    v.p = "v";
    message_stream(m, SLICE("s1"));
    message_set(m, SLICE("x"), &v);
    program_run(r, &env, m, &sink, explain_listener(x));
    const struct explain_entry *e = explain_entries(x, &n);
    assert_int_equal(n, COUNT(want));
    for (unsigned i = 0; i < n; i++) {
        assert_true(slice_eq(e[i].name, slice_cstr(want[i])));
        assert_int_equal(e[i].what, what[i]);
    }
    assert_true(slice_eq(e[4].rule, SLICE("b")));
    assert_int_equal(e[4].stage, 2);
    assert_int_equal(e[4].before.i, 1);
    assert_int_equal(e[4].after.i, 2);
    explain_reset(x);
    explain_entries(x, &n);
    assert_int_equal(n, 0);
    arena_free(&mem);
    explain_free(x);
    program_run_free(r);
    program_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_change_has_its_rule) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
