/* YAML 1.1 as Beats reads it, and the values of -E. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "codec/yaml.h"

static struct arena arena;
static struct why why;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    why.text[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct node *read(const char *text)
{
    struct node *root;
    err rc = yaml_read(&arena, slice_cstr(text), "t.yml", &root, &why);
    if (rc)
        fail_msg("%s", why.text);
    assert_non_null(root);
    return root;
}

static void refused(const char *text, const char *want)
{
    struct node *root;
    assert_int_not_equal(yaml_read(&arena, slice_cstr(text), "t.yml", &root, &why), ERR_OK);
    assert_null(root);
    if (!strstr(why.text, want))
        fail_msg("\"%s\" does not contain \"%s\"", why.text, want);
}

static struct node *value(const char *text)
{
    struct node *root;
    err rc = yaml_value(&arena, slice_cstr(text), "-E x", &root, &why);
    if (rc)
        fail_msg("%s", why.text);
    return root;
}

static void value_refused(const char *text, const char *want)
{
    struct node *root;
    assert_int_not_equal(yaml_value(&arena, slice_cstr(text), "-E x", &root, &why), ERR_OK);
    if (!strstr(why.text, want))
        fail_msg("\"%s\" does not contain \"%s\"", why.text, want);
}

static void test_empty_is_an_empty_map(void **state)
{
    (void)state;
    const char *const texts[] = { "", "\n", "# only a comment\n", "---\n", "~\n" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct node *n = read(texts[i]);
        assert_int_equal(n->type, NODE_MAP);
        assert_null(n->child);
    }
}

static void test_scalars(void **state)
{
    (void)state;
    struct node *n =
        read("[yes, Off, 'yes', 12, 0x1f, 017, 1_000, 1.5, 2., .5, 1e3, -3, 1.2.3, ~]");
    const enum node_type want[] = { NODE_BOOL,   NODE_BOOL, NODE_STR,    NODE_INT,    NODE_INT,
                                    NODE_INT,    NODE_INT,  NODE_DOUBLE, NODE_DOUBLE, NODE_DOUBLE,
                                    NODE_DOUBLE, NODE_INT,  NODE_STR,    NODE_NULL };
    const int64_t ints[] = { 1, 0, 0, 12, 31, 15, 1000, 0, 0, 0, 0, -3, 0, 0 };
    const struct node *c = n->child;
    for (size_t i = 0; i < COUNT(want); i++, c = c->next) {
        assert_non_null(c);
        assert_int_equal(c->type, want[i]);
        assert_non_null(c->text);
        if (c->type == NODE_INT)
            assert_int_equal(c->i, ints[i]);
        if (c->type == NODE_BOOL)
            assert_int_equal(c->b, ints[i]);
    }
    assert_null(c);
}

static void test_integers_at_the_edge(void **state)
{
    (void)state;
    struct node *n = read("[9223372036854775807, -9223372036854775808, 9223372036854775808]");
    assert_int_equal(n->child->type, NODE_INT);
    assert_true(n->child->i == INT64_MAX);
    assert_int_equal(n->child->next->type, NODE_INT);
    assert_true(n->child->next->i == INT64_MIN);
    assert_int_equal(n->last->type, NODE_DOUBLE);
    assert_string_equal(n->last->text, "9223372036854775808");
}

static void test_places(void **state)
{
    (void)state;
    struct node *n = read("a:\n  - x\n  - b: 1\n");
    char where[40];
    assert_string_equal(node_where(node_path(n, "a.0"), where, sizeof where), "t.yml:2:5");
    assert_string_equal(node_where(node_path(n, "a.1.b"), where, sizeof where), "t.yml:3:8");
}

static void test_dotted_keys_stay(void **state)
{
    (void)state;
    struct node *n = read("output.file.path: out\n");
    assert_string_equal(node_get(n, "output.file.path")->text, "out");
}

static void test_anchors_and_merge_keys(void **state)
{
    (void)state;
    struct node *n = read("base: &b {x: 1, y: 2}\n"
                          "over: {<<: *b, y: 3}\n"
                          "both: {y: 4, <<: [*b, {x: 9, z: 5}]}\n"
                          "same: *b\n");
    assert_int_equal(node_path(n, "over.x")->i, 1);
    assert_int_equal(node_path(n, "over.y")->i, 3);
    assert_int_equal(node_path(n, "both.x")->i, 1);
    assert_int_equal(node_path(n, "both.y")->i, 4);
    assert_int_equal(node_path(n, "both.z")->i, 5);
    assert_int_equal(node_path(n, "same.y")->i, 2);
    assert_null(node_get(node_get(n, "over"), "<<"));
}

static void test_refusals_name_the_place(void **state)
{
    (void)state;
    refused("a:\n\tb: 1\n", "t.yml:2:1: found character that cannot start any token (a tab");
    refused("packetbeat.protocols: [1, 2\n", "t.yml:2:1: did not find expected ',' or ']'");
    refused("a: *b\n", "t.yml:1:4: an alias");
    refused("a: &a [*a]\n", "an alias");
    refused("? [x]\n: 1\n", "a key that is");
    refused("a: {<<: 1}\n", "merge key");
    refused("a: \"x\\0y\"\n", "NUL");
    refused("a: \xff\n", "t.yml");
    refused("a: b: c\n", "t.yml:1:5");
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    char text[401];
    memset(text, '[', 400);
    text[400] = '\0';
    refused(text, "nested too deep");
}

static void test_aliases_do_not_multiply(void **state)
{
    (void)state;
    struct node *n = read("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                          "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n");
    assert_string_equal(node_path(n, "d.8.8.8.8")->text, "x");
    assert_true(arena.used_bytes < 64 * 1024);
}

static void test_values_of_the_command_line(void **state)
{
    (void)state;
    assert_string_equal(value("x")->text, "x");
    assert_int_equal(value("12")->i, 12);
    assert_int_equal(value("'12'")->type, NODE_STR);
    assert_int_equal(value("true")->type, NODE_BOOL);
    assert_int_equal(value("yes")->type, NODE_STR);
    assert_int_equal(value("")->type, NODE_STR);
    assert_int_equal(value("[a,b]")->type, NODE_LIST);
    assert_string_equal(node_path(value("a, b"), "1")->text, "b");
    assert_string_equal(node_path(value("{a: [1, {b: c d}]}"), "a.1.b")->text, "c d");
    assert_string_equal(value("http://x:1/y")->text, "http://x:1/y");
    assert_string_equal(value("${A:b,c}z")->text, "${A:b,c}z");
    assert_string_equal(value("\"a\\\"b\"")->text, "a\"b");
    assert_int_equal(value("[]")->type, NODE_LIST);
}

static void test_values_refused(void **state)
{
    (void)state;
    value_refused("[a", "not closed by ]");
    value_refused("{a: 1", "not closed by }");
    value_refused("{a}", "{name: value}");
    value_refused("\"a", "quote");
    value_refused("[a] b", "after the end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_is_an_empty_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scalars, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_integers_at_the_edge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dotted_keys_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_anchors_and_merge_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals_name_the_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_depth_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_aliases_do_not_multiply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_of_the_command_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
