/* ${…} in settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/expand.h"
#include "app/merge.h"
#include "codec/yaml.h"

static struct arena arena;
static struct why why;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    setenv("WL_TEXT", "from outside", 1);
    setenv("WL_LIST", "a,b", 1);
    setenv("WL_OBJECT", "{a: 1}", 1);
    setenv("WL_NUMBER", "12", 1);
    setenv("WL_EMPTY", "", 1);
    unsetenv("WL_NONE");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static err expand(const char *text, struct node **out)
{
    struct node *tree, *root;
    assert_int_equal(yaml_read(&arena, slice_cstr(text), "t.yml", &tree, &why), ERR_OK);
    assert_int_equal(merge_nest(&arena, tree, &root, &why), ERR_OK);
    struct expansion e = { &arena, root, NULL, &why };
    return expand_all(&e, out);
}

static void expect(const char *text, const char *path, const char *want)
{
    struct node *root;
    if (expand(text, &root))
        fail_msg("%s", why.text);
    const struct node *n = node_path(root, path);
    assert_non_null(n);
    assert_string_equal(n->text, want);
}

static void refused(const char *text, const char *want)
{
    struct node *root;
    assert_int_not_equal(expand(text, &root), ERR_OK);
    if (!strstr(why.text, want))
        fail_msg("\"%s\" does not contain \"%s\"", why.text, want);
}

static void test_forms(void **state)
{
    (void)state;
    expect("x: ${WL_TEXT}\n", "x", "from outside");
    expect("x: a ${WL_NUMBER} b\n", "x", "a 12 b");
    expect("x: ${WL_NONE:fall back}\n", "x", "fall back");
    expect("x: ${WL_EMPTY:fall}\n", "x", "fall");
    expect("x: ${WL_NONE:}\n", "x", "");
    expect("x: ${WL_NONE:${WL_NUMBER}}\n", "x", "12");
    expect("x: ${WL_NONE:http://h:1}\n", "x", "http://h:1");
    expect("x: 1${WL_TEXT:+yes}2${WL_NONE:+no}\n", "x", "1yes2");
    expect("x: $${WL_TEXT} $}\n", "x", "${WL_TEXT} }");
    expect("x: '5 $'\n", "x", "5 $");
    expect("n: WL_TEXT\nx: ${${n}}\n", "x", "from outside");
}

static void test_values_from_outside_have_types(void **state)
{
    (void)state;
    struct node *root;
    assert_int_equal(expand("a: ${WL_LIST}\nb: ${WL_NUMBER}\nc: ${WL_OBJECT}\n", &root), ERR_OK);
    assert_int_equal(node_get(root, "a")->type, NODE_LIST);
    assert_string_equal(node_path(root, "a.1")->text, "b");
    assert_int_equal(node_get(root, "b")->i, 12);
    assert_int_equal(node_get(root, "c")->type, NODE_STR);
}

static void test_other_settings(void **state)
{
    (void)state;
    struct node *root;
    expect("path.data: /d\nx: ${path.data}/f\n", "x", "/d/f");
    assert_int_equal(expand("a: {b: [1, 2]}\nx: ${a}\n", &root), ERR_OK);
    assert_string_equal(node_path(root, "x.b.1")->text, "2");
    assert_string_equal(node_get(root, "x")->key, "x");
    refused("a: {b: 1}\nx: t${a}\n", "is a section");
}

static void test_refusals(void **state)
{
    (void)state;
    refused("x: ${WL_NONE}\n", "t.yml:1:4: ${WL_NONE}: no such setting");
    refused("a:\n  x: ${WL_NONE:?needed for a}\n", "t.yml:2:6: ${WL_NONE}: needed for a");
    refused("x: ${WL_TEXT\n", "is not closed");
    refused("x: ${y}\ny: ${x}\n", "${x}: no such setting");
    refused("x: ${y}\ny: ${z}\nz: ${y}\n", "refers to itself");
    refused("x: [\"${x}\"]\n", "refers to itself");
}

static void test_what_nobody_reads_may_be_missing(void **state)
{
    (void)state;
    expect("output.redis: {enabled: false, password: '${WL_NONE}'}\n", "output.redis.password",
           "${WL_NONE}");
    expect("setup.kibana.host: ${WL_NONE}\n", "setup.kibana.host", "${WL_NONE}");
}

static void test_export_drops_defaults(void **state)
{
    (void)state;
    assert_string_equal(expand_as_exported(&arena, "${A:x}"), "${A}");
    assert_string_equal(expand_as_exported(&arena, "a ${A} ${B:+y} c"), "a ${A} ${B} c");
    assert_string_equal(expand_as_exported(&arena, "a ${A"), "a ${A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_from_outside_have_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_nobody_reads_may_be_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_export_drops_defaults, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
