/* Rules: what is refused and where, and what they do to a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "pack/compile.h"
#include "pack/eval.h"
#include "pack/pattern.h"

static struct arena arena;
static struct rule_errors errors;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    errors.n = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void refused(const char *text, const char *want)
{
    char got[128] = "";
    errors.n = 0;
    struct rule *r = rule_load(&arena, slice_cstr(text), &errors);
    if (errors.n)
        snprintf(got, sizeof got, "%s %u:%u", rule_error_name(errors.e[0].kind), errors.e[0].line,
                 errors.e[0].col);
    assert_string_equal(got, want);
    assert_null(r);
}

static void syntax(void **state)
{
    (void)state;
    refused("", "SyntaxError 1:0");
    refused("rule \"a\" then end", "SyntaxError 1:9");
    refused("rule \"a\"\nwhen true\nthen f() end", "SyntaxError 3:9");
    refused("rule \"a\" when 1-1 == 0 end", "SyntaxError 1:15");
    refused("rule \"a\" when @ end", "SyntaxError 1:14");
    refused("rule \"a\" when {\"k\": 1} end", "SyntaxError 1:15");
}

static void depth(void **state)
{
    (void)state;
    char text[4096];
    struct buf b = buf_of(text, sizeof text);
    buf_lit(&b, "rule \"a\" when ");
    for (unsigned i = 0; i < 2000; i++)
        buf_u8(&b, "(!["[i % 3]);
    buf_u8(&b, 0);
    refused(text, "SyntaxError 1:114");
}

static void types(void **state)
{
    (void)state;
    refused("rule \"a\" when $message.n < 6 end", "IncompatibleTypes 1:14");
    refused("rule \"a\" when !$message.b end", "IncompatibleType 1:14");
    refused("rule \"a\" when $message.l[0] == 1 end", "NonIndexableType 1:14");
    refused("rule \"a\" when x == 1 end", "UndeclaredVariable 1:14");
    refused("rule \"a\" when true then nosuch(1); end", "UndeclaredFunction 1:24");
    refused("rule \"a\" when length(5) == 1 end", "IncompatibleArgumentType 1:14");
    refused("rule \"a\" when true then set_field(\"a\"); end", "WrongNumberOfArgs 1:24");
    refused("rule \"a\" when true then set_field(field: \"a\"); end", "MissingRequiredParam 1:24");
    refused("rule \"a\" when true then set_field(\"a\", 2 * 3); end",
            "InvalidFunctionArgument 1:24");
    refused("rule \"a\" when cidr_match(\"x\", to_ip(\"::1\")) end",
            "InvalidFunctionArgument 1:14");
}

static const struct rule_env env = { .now_ms = 0 };

static struct message *run_on(const char *text, struct run *run, bool *good)
{
    struct rule *r = rule_load(&arena, slice_cstr(text), &errors);
    struct value n = { .type = VT_INT, .i = 53 };
    assert_non_null(r);
    *run = (struct run){ .env = &env, .m = message_new(&arena, 4), .mem = &arena };
    message_set(run->m, SLICE("port"), &n);
    *good = rule_condition(run, r->when) == RULE_TRUE && rule_act(run, r);
    return run->m;
}

static void assert_field(const struct message *m, const char *name, const char *want)
{
    struct rule_value v = value_read(message_get(m, slice_cstr(name)), &arena);
    struct slice text = value_to_text(&v, &arena);
    assert_int_equal(text.n, strlen(want));
    assert_memory_equal(text.p, want, text.n);
}

static void acts(void **state)
{
    (void)state;
    struct run run;
    bool good;
    struct message *m =
        run_on("rule \"a\" when to_long($message.port) == 53 && !has_field(\"x\") then "
               "let p = 2 * 3 + 1; set_field(\"n\", p);"
               "set_field(\"l\", [1, \"b\", 1.0]);"
               "set_field(\"g\", regex(\"(\\\\d)(\\\\d)\", to_string($message.port))[\"1\"]);"
               "rename_field(\"port\", \"destination_port\"); end",
               &run, &good);
    assert_true(good);
    assert_field(m, "n", "7");
    assert_field(m, "l", "[1, b, 1.0]");
    assert_field(m, "g", "3");
    assert_field(m, "destination_port", "53");
    assert_null(message_get(m, SLICE("port")));
}

/* A hopeless search is given up and counted; one that only has much to read is not. */
static void hopeless_searches(void **state)
{
    (void)state;
    static char text[30000];
    struct why why;
    struct pattern_match m;
    memset(text, 'a', sizeof text);
    uint64_t before = pattern_stopped();
    const struct pattern *p = pattern_make(&arena, SLICE("(a+)+$"), &why);
    assert_int_equal(
        pattern_find(p, slice_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", 34), 0, &arena, &m),
        PATTERN_LIMIT);
    assert_int_equal(pattern_stopped() - before, 1);
    text[10] = text[20] = '=';
    text[sizeof text - 1] = ';';
    p = pattern_make(&arena, SLICE("^(.*)=(.*?)=(.*);$"), &why);
    assert_int_equal(pattern_find(p, slice_of(text, sizeof text), 0, &arena, &m), PATTERN_YES);
    assert_int_equal(m.group[3].n, sizeof text - 22);
    assert_int_equal(pattern_stopped() - before, 1);
}

/* Comparisons of fields with constants, on present, absent and other values; whatever stands
 * around them, the answer is that of the plain tree. */
static void conditions(void **state)
{
    static const struct {
        const char *when;
        bool want;
    } cases[] = {
        { "$message.s == \"x\"", true },
        { "$message.s != \"x\"", false },
        { "$message.none == \"x\"", false },
        { "$message.none != \"x\"", false }, /* null is never unequal */
        { "$message.n == \"53\"", false },
        { "$message.n != \"53\"", true },
        { "$message.n == 53", true },
        { "$message.message == \"hello\"", true },
        { "has_field(\"message\") AND has_field(\"_id\")", true },
        { "has_field(\"s\") AND has_field(\"n\") AND $message.s == \"x\"", true },
        { "has_field(\"s\") AND (has_field(\"none\") OR $message.n == 53)", true },
        { "has_field(\"none\") OR (has_field(\"s\") AND NOT has_field(\"n\"))", false },
        { "NOT (has_field(\"s\") AND has_field(\"none\"))", true },
        { "(has_field(\"s\") OR 1 / to_long($message.zero) == 1) AND true", true },
        { "$message.s == \"y\" OR $message.s == \"x\" OR $message.s == 5", true },
        { "$message.n == \"y\" OR $message.n == 53", true },
        { "$message.none == \"y\" OR $message.none == \"x\"", false },
        { "$message.s == \"y\" OR $message.s != \"y\"", true },
        { "$message.none == \"x\" AND 1 / to_long($message.zero) == 1", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct value s = { .type = VT_STR, .n = 1, .p = "x" }, n = { .type = VT_INT, .i = 53 };
        struct value hello = { .type = VT_STR, .n = 5, .p = "hello" };
        snprintf(text, sizeof text, "rule \"a\" when %s then end", cases[i].when);
        struct rule *r = rule_load(&arena, slice_cstr(text), &errors);
        struct run run = { .env = &env, .m = message_new(&arena, 4), .mem = &arena };
        assert_non_null(r);
        message_set(run.m, SLICE("s"), &s);
        message_set(run.m, SLICE("n"), &n);
        message_set(run.m, SLICE("message"), &hello);
        bool guarded = !r->guard || message_get(run.m, r->guard->field);
        enum rule_answer answer = rule_condition(&run, r->when);
        if (answer != (cases[i].want ? RULE_TRUE : RULE_FALSE) || (cases[i].want && !guarded))
            fail_msg("%s", cases[i].when);
    }
}

/* Patterns that stand for one text, and their neighbours that do not. */
static void splits(void **state)
{
    static const struct {
        const char *pattern, *text, *want;
    } cases[] = {
        { "\\\\|", "a|b|c", "[a, b, c]" }, { "|", "a|b", "[a, |, b]" },
        { ", ", "a, b,c", "[a, b,c]" },    { "\\\\.", "1.2.", "[1, 2]" },
        { ".b", "abcbd", "[, , d]" },      { "aab", "aaab", "[a]" },
        { "\\\\d", "a1b", "[a, b]" },      { "x", "", "[]" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct run run;
        bool good;
        snprintf(text, sizeof text,
                 "rule \"a\" when true then set_field(\"l\", split(\"%s\", \"%s\")); end",
                 cases[i].pattern, cases[i].text);
        struct message *m = run_on(text, &run, &good);
        assert_true(good);
        assert_field(m, "l", cases[i].want);
    }
}

/* What was done before a failure stays, and the words say where it was. */
static void fails(void **state)
{
    (void)state;
    struct run run;
    bool good;
    struct message *m = run_on("rule \"a\" when true then set_field(\"n\", 1);\n"
                               "let z = 0; let x = 1 / z; set_field(\"m\", 1); end",
                               &run, &good);
    assert_false(good);
    assert_string_equal(run.why, "At 2:19 an exception was thrown: / by zero");
    assert_field(m, "n", "1");
    assert_null(message_get(m, SLICE("m")));
}

/* Patterns that backtrack without end are stopped: each ends with an error or an answer within
 * its limit of steps, whatever the function. */
static void hostile_patterns(void **state)
{
    (void)state;
    static const char *const calls[] = {
        "regex(\"^(a+)+$\", t)",
        "regex(\"^(a|aa)+$\", t)",
        "regex(\"(.*a){25}b\", t)",
        "split(\"(a|a)*c\", t)",
        "regex_replace(\"(a*)*c\", t, \"x\")",
        "grok(\"^(?:%{DATA:x}a)+$\", t)",
        "regex(concat(\"^(a+)\", \"+$\"), t)",
    };
    for (size_t i = 0; i < COUNT(calls); i++) {
        char text[512];
        struct run run;
        bool good;
        snprintf(
            text, sizeof text,
            "rule \"a\" when true then let t = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"; "
            "set_field(\"n\", %s); end",
            calls[i]);
        run_on(text, &run, &good);
        assert_true(run.failed || good);
        assert_true(arena.used_bytes < (size_t)32 << 20);
    }
}

/* Patterns that come from fields are kept: the same one is compiled once, however many others
 * were met the memory stays within its bound. */
static void kept_patterns(void **state)
{
    (void)state;
    struct pattern_room *room = pattern_room_new();
    struct why why = { "" };
    struct pattern_match m;
    pattern_use_room(room);
    const struct pattern *first = pattern_kept(&arena, SLICE("a(b+)"), &why);
    assert_non_null(first);
    assert_ptr_equal(pattern_kept(&arena, SLICE("a(b+)"), &why), first);
    assert_int_equal(pattern_find(first, SLICE("xabb"), 0, &arena, &m), PATTERN_YES);
    assert_int_equal(m.group[1].n, 2);
    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "x%u", i);
        const struct pattern *p = pattern_kept(&arena, slice_cstr(text), &why);
        assert_int_equal(pattern_whole(p, slice_cstr(text), &arena), PATTERN_YES);
    }
    assert_null(pattern_kept(&arena, SLICE("("), &why));
    assert_true(*why.text);
    pattern_room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(syntax, set_up, tear_down),
        cmocka_unit_test_setup_teardown(depth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(acts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conditions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(splits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kept_patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hopeless_searches, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
