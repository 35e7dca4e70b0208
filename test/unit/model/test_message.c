/* Messages: names, trimming, replacing, removing, sizes, streams, times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/message.h"

static struct arena mem;
static struct message *m;

static int set_up(void **state)
{
    (void)state;
    arena_init(&mem, NULL, 0);
    m = message_new(&mem, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&mem);
    return 0;
}

static struct value text(const char *s)
{
    struct slice t = slice_cstr(s);
    return (struct value){ .type = VT_STR, .n = (uint32_t)t.n, .p = t.p };
}

static bool set(const char *name, const char *value)
{
    struct value v = text(value);
    return message_set(m, slice_cstr(name), &v);
}

static bool set_int(const char *name, int64_t i)
{
    return message_set(m, slice_cstr(name), &(struct value){ .type = VT_INT, .i = i });
}

static void assert_text(const char *name, const char *want)
{
    const struct value *v = message_get(m, slice_cstr(name));
    assert_non_null(v);
    assert_true(slice_eq(slice_of(v->p, v->n), slice_cstr(want)));
}

static void trims_names_and_texts(void **state)
{
    (void)state;
    assert_true(set(" \ta\n", "\r\n x y\x01 "));
    assert_text("a", "x y");
    assert_false(set("b", " \n"));
    assert_false(set("b", ""));
    assert_null(message_get(m, SLICE("b")));
    assert_false(message_set(m, SLICE("a"), &(struct value){ .type = VT_NULL }));
    assert_text("a", "x y");
    assert_int_equal(m->refused, 0);
}

static void refuses_names(void **state)
{
    static const char *const bad[] = { "a b", "a:b", "\xc3\xa4", "_id", "_score", "a$" };
    static const char *const good[] = { "a.b-c_d@0", "", "_", "_ID", "gl2_x", "." };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(set(bad[i], "v"));
    assert_int_equal(m->refused, COUNT(bad));
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(set(good[i], "v"));
    assert_int_equal(m->n, COUNT(good));
}

static void keeps_many_fields_in_order(void **state)
{
    static char names[3000][16];
    (void)state;
    for (int i = 0; i < 3000; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        assert_true(set_int(names[i], i));
    }
    set_int("f7", -7);
    assert_int_equal(m->n, 3000);
    for (int i = 0; i < 3000; i++) {
        assert_true(slice_eq(m->f[i].name, slice_cstr(names[i])));
        assert_int_equal(message_get(m, slice_cstr(names[i]))->i, i == 7 ? -7 : i);
    }
}

static void removes_and_finds_the_rest(void **state)
{
    static char names[300][16];
    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        set_int(names[i], i);
    }
    for (int i = 0; i < 300; i += 3)
        assert_true(message_remove(m, slice_cstr(names[i])));
    assert_false(message_remove(m, SLICE("f0")));
    assert_int_equal(m->n, 200);
    for (int i = 0; i < 300; i++) {
        const struct value *v = message_get(m, slice_cstr(names[i]));
        assert_int_equal(v != NULL, i % 3 != 0);
        if (v)
            assert_int_equal(v->i, i);
    }
}

static void keeps_what_the_server_owns(void **state)
{
    (void)state;
    set("gl2_source_input", "x");
    set("message", "m");
    assert_false(message_remove(m, SLICE("gl2_source_input")));
    assert_false(message_remove(m, SLICE("message")));
    assert_text("gl2_source_input", "x");
    assert_true(m->has_message);
}

static void bounds_the_fields(void **state)
{
    (void)state;
    for (int i = 0; i <= MESSAGE_FIELDS_MAX; i++) {
        char *name = arena_alloc(&mem, 16);
        snprintf(name, 16, "f%d", i);
        assert_int_equal(set_int(name, i), i < MESSAGE_FIELDS_MAX);
    }
    assert_int_equal(m->refused, 1);
    assert_true(set_int("f0", 1));
}

/* U+00E9 is two bytes and one unit of UTF-16, U+1F600 four bytes and two. */
static void counts_units_at_every_place(void **state)
{
    uint8_t bytes[48];
    (void)state;
    for (size_t n = 4; n <= 40; n++) {
        for (size_t at = 0; at + 4 <= n; at++) {
            m = message_new(&mem, 4);
            m->has_message = true;
            m->message = slice_of(bytes, n);
            memset(bytes, 'x', sizeof bytes);
            assert_int_equal(message_size(m), 7 + n);
            memcpy(bytes + at, "\xc3\xa9", 2);
            assert_int_equal(message_size(m), 7 + n - 1);
            memcpy(bytes + at, "\xf0\x9f\x98\x80", 4);
            assert_int_equal(message_size(m), 7 + n - 2);
        }
    }
}

static void counts_the_size(void **state)
{
    (void)state;
    set("message", "hello world");
    set("source", "test.host");
    message_set(m, SLICE("timestamp"), &(struct value){ .type = VT_TIME, .i = 1000000 });
    assert_int_equal(message_size(m), 50);
    set("f", "\xf0\x9f\x98\x80\xc3\xbc"); /* two units and one */
    assert_int_equal(message_size(m), 54);
    set_int("f", 1);
    assert_int_equal(message_size(m), 59);
    message_set(m, SLICE("f"), &(struct value){ .type = VT_INT, .flags = VF_INT32, .i = 1 });
    assert_int_equal(message_size(m), 55);
    set("gl2_remote_ip", "free");
    set("gim_tags", "free");
    message_stream(m, SLICE("s"));
    assert_false(message_stream(m, SLICE("s")));
    assert_int_equal(message_size(m), 63);
    assert_true(message_unstream(m, SLICE("s")));
    assert_false(message_unstream(m, SLICE("s")));
    assert_int_equal(message_size(m), 55);
}

static void is_complete_with_a_text(void **state)
{
    (void)state;
    assert_false(message_is_complete(m));
    m->has_message = true;
    m->message = SLICE(" \t");
    assert_false(message_is_complete(m));
    m->message = SLICE("-");
    assert_true(message_is_complete(m));
}

static void reads_a_time_given_as_text(void **state)
{
    (void)state;
    set("timestamp", "2024-02-14 21:18:29.782");
    assert_int_equal(message_time(m, 5, SLICE("i")), 1707945509782);
    assert_null(m->errors);
    set("timestamp", "2024-02-14T21:18:29.782Z");
    assert_int_equal(message_time(m, 5, SLICE("i")), 5);
    assert_non_null(m->errors);
    assert_true(slice_ends(m->errors->details, SLICE("is malformed at \"T21:18:29.782Z\".")));
    assert_int_equal(message_time(m, 6, SLICE("i")), 5);
    assert_null(m->errors->next);
    assert_false(message_set(m, SLICE("timestamp"), &(struct value){ .type = VT_INT, .i = 1 }));
}

static void says_when_memory_is_out(void **state)
{
    struct arena small;
    (void)state;
    arena_init(&small, NULL, 1);
    assert_null(message_new(&small, 8));
    arena_free(&small);
}

static void cleans_names(void **state)
{
    (void)state;
    assert_true(slice_eq(message_name_clean(SLICE("a b\xe6\x97\xa5.c"), &mem), SLICE("a_b_.c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trims_names_and_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_many_fields_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(removes_and_finds_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_what_the_server_owns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_the_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_the_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_units_at_every_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_complete_with_a_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_a_time_given_as_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_when_memory_is_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cleans_names, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
