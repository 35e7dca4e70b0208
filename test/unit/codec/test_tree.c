/* Building trees and finding one's way in them. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "codec/tree.h"

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

static struct node *add(struct node *parent, enum node_type type, const char *key)
{
    struct node *n = node_new(&arena, type);
    assert_non_null(n);
    n->key = key;
    node_append(parent, n);
    return n;
}

static void test_children_keep_their_order(void **state)
{
    (void)state;
    struct node *list = node_new(&arena, NODE_LIST);
    for (int i = 0; i < 3; i++)
        add(list, NODE_INT, NULL)->i = i;
    int64_t want = 0;
    for (const struct node *c = list->child; c; c = c->next)
        assert_int_equal(c->i, want++);
    assert_int_equal(want, 3);
    assert_int_equal(list->last->i, 2);
}

static void test_get_is_exact(void **state)
{
    (void)state;
    struct node *map = node_new(&arena, NODE_MAP);
    struct node *a = add(map, NODE_NULL, "a");
    struct node *dotted = add(map, NODE_NULL, "a.b");
    assert_ptr_equal(node_get(map, "a"), a);
    assert_ptr_equal(node_get(map, "a.b"), dotted);
    assert_null(node_get(map, "b"));
    assert_null(node_get(a, "a"));
    assert_null(node_get(NULL, "a"));
}

static void test_path_goes_through_maps_and_lists(void **state)
{
    (void)state;
    struct node *root = node_new(&arena, NODE_MAP);
    struct node *list = add(add(root, NODE_MAP, "output"), NODE_LIST, "hosts");
    add(list, NODE_STR, NULL);
    struct node *port = add(add(list, NODE_MAP, NULL), NODE_INT, "port");
    assert_ptr_equal(node_path(root, "output.hosts.1.port"), port);
    assert_ptr_equal(node_path(root, "output.hosts"), list);
    assert_null(node_path(root, "output.hosts.2"));
    assert_null(node_path(root, "output.hosts.x"));
    assert_null(node_path(root, "output.hosts.1.port.x"));
    assert_null(node_path(root, "nothing.at.all"));
    assert_null(node_path(NULL, "a"));
}

static void test_where(void **state)
{
    (void)state;
    char text[40];
    struct node n = { .file = "a.yml", .line = 3, .col = 7 };
    assert_string_equal(node_where(&n, text, sizeof text), "a.yml:3:7");
    n.line = 0;
    assert_string_equal(node_where(&n, text, sizeof text), "a.yml");
    assert_string_equal(node_where(NULL, text, sizeof text), "configuration");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_children_keep_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_get_is_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_path_goes_through_maps_and_lists, set_up, tear_down),
        cmocka_unit_test(test_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
