/* Nesting dotted keys, merging files, setting one path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/dump.h"
#include "app/merge.h"
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
    struct node *tree, *nested;
    assert_int_equal(yaml_read(&arena, slice_cstr(text), "t.yml", &tree, &why), ERR_OK);
    err rc = merge_nest(&arena, tree, &nested, &why);
    if (rc)
        fail_msg("%s", why.text);
    return nested;
}

static void expect(const struct node *root, const char *want)
{
    char *text;
    size_t n;
    struct dump_conf conf = { 0 };
    FILE *out = open_memstream(&text, &n);
    dump_tree(out, root, &conf);
    fclose(out);
    assert_string_equal(text, want);
    free(text);
}

static void set(struct node *root, const char *key, const char *text)
{
    struct node *value;
    assert_int_equal(yaml_value(&arena, slice_cstr(text), "-E", &value, &why), ERR_OK);
    assert_int_equal(merge_set(&arena, root, key, value, &why), ERR_OK);
}

static void test_dotted_and_nested_are_one(void **state)
{
    (void)state;
    expect(read("packetbeat.interfaces.device: any\npacketbeat:\n  interfaces:\n    snaplen: 100\n"
                "output:\n  file.path: out\n"),
           "output:\n  file:\n    path: out\npacketbeat:\n  interfaces:\n    device: any\n"
           "    snaplen: 100\n");
}

static void test_numbers_make_lists(void **state)
{
    (void)state;
    expect(read("a.1.x: 1\n"), "a:\n- null\n- x: 1\n");
    expect(read("a: [{x: 1}, {x: 2}]\na.1.y: 3\n"), "a:\n- x: 1\n- x: 2\n  \"y\": 3\n");
    expect(read("1: one\n"), "\"1\": one\n");
}

static void test_odd_keys_stay_whole(void **state)
{
    (void)state;
    expect(read("\"a..b\": 1\n\".c\": 2\n\"\": 3\n"), "\"\": 3\n.c: 2\na..b: 1\n");
}

static void test_the_same_path_twice(void **state)
{
    (void)state;
    struct node *tree, *nested;
    const char *const texts[] = { "a.b: 1\na:\n  b: 2\n", "a: 1\na.b: 2\n" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(yaml_read(&arena, slice_cstr(texts[i]), "t.yml", &tree, &why), ERR_OK);
        assert_int_equal(merge_nest(&arena, tree, &nested, &why), ERR_CONFIG);
        assert_non_null(strstr(why.text, "set twice, first at t.yml:1:"));
    }
    expect(read("a: 1\na: 2\n"), "a: 2\n"); /* as in yaml.v2 */
}

static void test_later_files_go_over_earlier_ones(void **state)
{
    (void)state;
    struct node *one = read("a: {x: 1, y: [1, 2]}\nb: 1\nd: {z: 1}\n");
    merge_over(one, read("a: {y: [3], z: 4}\nb: {c: 5}\nd: 6\n"));
    expect(one, "a:\n  x: 1\n  \"y\":\n  - 3\n  z: 4\nb:\n  c: 5\nd: 6\n");
}

static void test_set(void **state)
{
    (void)state;
    struct node *root = read("a: {b: 1}\nlist: [{x: 1}]\n");
    set(root, "a.b", "2");
    set(root, "a.c.d", "[1,2]");
    set(root, "a", "{e: 3}");
    set(root, "list.0.y", "4");
    set(root, "fresh.0", "5");
    set(root, "a.b.below", "6");
    expect(root, "a:\n  b:\n    below: 6\n  c:\n    d:\n    - 1\n    - 2\n  e: 3\n"
                 "fresh:\n- 5\nlist:\n- x: 1\n  \"y\": 4\n");
}

static void test_aliases_cannot_blow_up(void **state)
{
    (void)state;
    char text[1024];
    size_t n = (size_t)snprintf(text, sizeof text, "a0: &a0 [1,1,1,1,1,1,1,1,1]\n");
    for (int i = 1; i < 8; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
                              i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    struct node *tree, *nested;
    assert_int_equal(yaml_read(&arena, slice_cstr(text), "t.yml", &tree, &why), ERR_OK);
    assert_int_equal(merge_nest(&arena, tree, &nested, &why), ERR_LIMIT);
}

static void test_texts_that_look_like_something_else(void **state)
{
    (void)state;
    expect(
        read("a: '12'\nb: 'yes'\nc: 'x: y'\nd: \"l\\n\"\ne: ''\nf: ${X}\ng: '# c'\nh: {}\ni: []\n"),
        "a: \"12\"\nb: \"yes\"\nc: \"x: y\"\nd: \"l\\n\"\ne: \"\"\nf: ${X}\ng: \"# c\"\nh: {}\n"
        "i: []\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dotted_and_nested_are_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_make_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odd_keys_stay_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_path_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_later_files_go_over_earlier_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_aliases_cannot_blow_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_texts_that_look_like_something_else, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
