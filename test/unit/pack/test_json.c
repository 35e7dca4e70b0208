/* JSON trees and paths into them, and texts taken apart by rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "pack/compile.h"
#include "pack/eval.h"
#include "pack/jsonpath.h"
#include "pack/jsontree.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const char *const text =
    "{\"a\":1,\"b\":{\"c\":[{\"k\":1,\"v\":\"x\"},{\"k\":2},{\"v\":\"y\"}]},\"d\":[1,2,3,4]}";

static void assert_path(const char *path, const char *want)
{
    struct rule_value tree, v;
    struct why why = { "" };
    assert_true(jsontree_read(slice_cstr(text), &arena, &tree));
    assert_true(jsonpath_ok(slice_cstr(path), &why));
    assert_true(jsonpath_find(slice_cstr(path), &tree, &arena, &v, &why));
    v.fixed = v.kind == K_NULL ? VALUE_FREE : VALUE_JSON;
    struct slice got = value_to_text(&v, &arena);
    char copy[256];
    snprintf(copy, sizeof copy, "%.*s", (int)got.n, (const char *)got.p);
    assert_string_equal(copy, want);
}

static void paths(void **state)
{
    (void)state;
    assert_path("$.a", "1");
    assert_path("$['b']['c'][0].v", "\"x\"");
    assert_path("$.d[-1]", "4");
    assert_path("$.d[1:3]", "[2,3]");
    assert_path("$.d[:2]", "[1,2]");
    assert_path("$.d[0,2]", "[1,3]");
    assert_path("$.d.length()", "4");
    assert_path("$.nothing", "null");
    assert_path("$..v", "[\"x\",\"y\"]");
    assert_path("$.b.c[?(@.k)].k", "[1,2]");
    assert_path("$.b.c[?(@.k > 1)].k", "[2]");
    assert_path("$.b.c[?(@.v == 'y')]", "[{\"v\":\"y\"}]");
    assert_path("$.b.c[?(@['k'] != 1)]", "[{\"k\":2}]");
}

static void bad_paths(void **state)
{
    (void)state;
    static const char *const bad[] = { "",    "a",    "$.",         "$.[",
                                       "$[",  "$['a", "$.a[?(@.b]", "$[?(@.x == )]",
                                       "$[1", "$.a b" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct why why = { "" };
        assert_false(jsonpath_ok(slice_cstr(bad[i]), &why));
        assert_true(*why.text);
    }
}

/* Too deep and too long is refused, not followed. */
static void limits(void **state)
{
    (void)state;
    char deep[400];
    struct rule_value v;
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    assert_false(jsontree_read(slice_of(deep, 400), &arena, &v));
    assert_true(jsontree_read(slice_of(deep + 150, 100), &arena, &v));
    char *wide = arena_alloc(&arena, 100002);
    memset(wide, ',', 100002);
    for (size_t i = 1; i < 100001; i += 2)
        wide[i] = '1';
    wide[0] = '[';
    wide[100001] = ']';
    assert_false(jsontree_read(slice_of(wide, 100002), &arena, &v));
}

static void assert_rule(const char *expression, const char *want)
{
    static const struct rule_env env = { .now_ms = 0 };
    char rule[512], got[256];
    struct rule_errors errors = { .n = 0 };
    snprintf(rule, sizeof rule, "rule \"a\" when true then set_field(\"r\", to_string(%s)); end",
             expression);
    struct rule *r = rule_load(&arena, slice_cstr(rule), &errors);
    assert_non_null(r);
    struct run run = { .env = &env, .m = message_new(&arena, 4), .mem = &arena };
    rule_act(&run, r);
    struct rule_value v = value_read(message_get(run.m, SLICE("r")), &arena);
    struct slice s = value_to_text(&v, &arena);
    snprintf(got, sizeof got, "%.*s", (int)s.n, (const char *)s.p);
    assert_string_equal(got, want);
}

static void apart(void **state)
{
    (void)state;
    assert_rule("key_value(\"a=1 b='x y' c= =d\")", "{a=1, b='x y'}");
    assert_rule("key_value(\"a='1 b=2\")", "{a='1, b=2}");
    assert_rule("csv_to_map(\"1,\\\"x,y\\\",3\", \"a,b,c\")", "{a=1, b=x,y, c=3}");
    assert_rule("to_url(\"HTTPS://u@Ex.org/p?q=1#f\").host", "ex.org");
    assert_rule("to_url(\"https://[2001:db8::1]:8443/\").port", "8443");
    assert_rule("is_null(to_url(\"http://:80/\").host)", "true");
    assert_rule("is_null(to_url(\"http://[\").host)", "true");
    assert_rule("base64_decode(\"gICA\")", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_rule("regex_replace(\"(a)(?<n>b)\", \"abab\", \"${n}$1\")", "baba");
    assert_rule("regex_replace(\"x*\", to_string($message.none), \"-\")", "-");
    assert_rule("string_entropy(\"aabb\")", "1.0");
    assert_rule("string_entropy(\"www.example.org\")", "3.3232314287976203");
    assert_rule("string_entropy(\"😀😀a\")", "1.5219280948873624");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(apart, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
