/* The schema: ids in the order of names, groups that lie together, duplicates refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/field.h"

static struct field own[] = {
    { "zebra.stripes", FT_LONG, FF_INDEX, 0, "Number of stripes." },
    { "zebra", FT_OBJECT, 0, 0, "A leaf and a group of one name." },
    { "zebra-cross", FT_KEYWORD, 0, 0, "Sorts before the dot in ASCII." },
    { "a.b.c.d.e.f.g.h", FT_KEYWORD, 0, 0, "Deeper than the limit." },
};

static int setup(void **state)
{
    (void)state;
    schema_reset();
    schema_add(own, COUNT(own));
    schema_freeze();
    return 0;
}

static void ids_follow_names(void **state)
{
    (void)state;
    assert_int_equal(schema_count(), ECS_COUNT + COUNT(own));
    for (unsigned i = 0; i < schema_count(); i++)
        assert_int_equal(schema_field((uint16_t)i)->id, i);
    const struct field *f = schema_find(SLICE("source.ip"));
    assert_ptr_equal(f, &ecs[ECS_SOURCE_IP]);
    assert_null(schema_find(SLICE("source.i")));
    assert_null(schema_find(SLICE("source.ip.x")));
}

static void group_stays_together(void **state)
{
    (void)state;
    /* zebra, zebra.stripes, zebra-cross: the dot sorts before every other byte */
    assert_int_equal(own[0].id, own[1].id + 1);
    assert_int_equal(own[2].id, own[0].id + 1);
}

static void paths_share_groups(void **state)
{
    (void)state;
    const struct field_path *ip = schema_path(ecs[ECS_SOURCE_IP].id);
    const struct field_path *port = schema_path(ecs[ECS_SOURCE_PORT].id);
    const struct field_path *other = schema_path(ecs[ECS_SERVER_IP].id);
    assert_int_equal(ip->depth, 2);
    assert_true(slice_eq(ip->quoted[0], SLICE("\"source\":")));
    assert_true(slice_eq(ip->quoted[1], SLICE("\"ip\":")));
    assert_int_equal(ip->group[0], port->group[0]);
    assert_int_not_equal(ip->group[0], other->group[0]);
    assert_int_not_equal(ip->group[1], port->group[1]);
}

static void deep_names_keep_their_dots(void **state)
{
    (void)state;
    const struct field_path *p = schema_path(own[3].id);
    assert_int_equal(p->depth, FIELD_DEPTH_MAX);
    assert_true(slice_eq(p->quoted[FIELD_DEPTH_MAX - 1], SLICE("\"f.g.h\":")));
}

static void object_fields_give_the_rest(void **state)
{
    (void)state;
    struct slice rest;
    assert_ptr_equal(schema_find_object(SLICE("zebra.foal.name"), &rest), &own[1]);
    assert_true(slice_eq(rest, SLICE("foal.name")));
    assert_null(schema_find_object(SLICE("zebra"), &rest));
    assert_null(schema_find_object(SLICE("source.ip"), &rest));
}

static void user_field_is_found_or_made(void **state)
{
    (void)state;
    schema_reset();
    assert_ptr_equal(schema_user_field("source.ip"), &ecs[ECS_SOURCE_IP]);
    struct field *mine = schema_user_field("fields.env");
    assert_ptr_equal(schema_user_field("fields.env"), mine);
    schema_freeze();
    assert_ptr_equal(schema_find(SLICE("fields.env")), mine);
}

static void late_user_field_is_refused(void **state)
{
    (void)state;
    schema_reset();
    struct field *mine = schema_user_field("fields.env");
    schema_freeze();
    assert_null(schema_refused());
    assert_ptr_equal(schema_user_field("fields.env"), mine);
    assert_null(schema_refused());
    assert_null(schema_user_field("fields.late"));
    assert_string_equal(schema_refused(), "fields.late");
    assert_null(schema_refused());
}

/* Runs f in a child and tells whether it died of SIGABRT. */
static bool aborts(void (*f)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        f();
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void add_twice(void)
{
    schema_reset();
    schema_add(own, COUNT(own));
    schema_add(own, 1);
    schema_freeze();
}

static void add_late(void)
{
    schema_reset();
    schema_freeze();
    schema_add(own, 1);
}

static void duplicates_and_late_rows_abort(void **state)
{
    (void)state;
    assert_true(aborts(add_twice));
    assert_true(aborts(add_late));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ids_follow_names, setup),
        cmocka_unit_test_setup(group_stays_together, setup),
        cmocka_unit_test_setup(paths_share_groups, setup),
        cmocka_unit_test_setup(deep_names_keep_their_dots, setup),
        cmocka_unit_test_setup(object_fields_give_the_rest, setup),
        cmocka_unit_test_setup(user_field_is_found_or_made, setup),
        cmocka_unit_test_setup(late_user_field_is_refused, setup),
        cmocka_unit_test_setup(duplicates_and_late_rows_abort, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
