/* Fields by number: a message that is attached behaves as one that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/message.h"

#define NAMES 40
#define KNOWN 20 /* the first of them are in the table */

static struct arena mem;
static struct message_names names;
static struct message_places *places;
static char text[NAMES][16];

static uint32_t state_of_any;

static uint32_t any(void)
{
    state_of_any ^= state_of_any << 13;
    state_of_any ^= state_of_any >> 17;
    return state_of_any ^= state_of_any << 5;
}

static struct slice name(unsigned i)
{
    return slice_cstr(text[i]);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&mem, NULL, 0);
    names = (struct message_names){ .n = 0 };
    for (unsigned i = 0; i < NAMES; i++)
        snprintf(text[i], sizeof text[i], "field_%u", i);
    for (unsigned i = 0; i < KNOWN; i++)
        assert_int_equal(message_names_add(&names, name(i), &mem), i + 1);
    places = message_places_new(&names);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    message_places_free(places);
    arena_free(&mem);
    return 0;
}

static void set(struct message *m, unsigned i, int64_t value)
{
    struct value v = { .type = VT_INT, .i = value };
    assert_true(message_set(m, name(i), &v));
}

static void assert_same(const struct message *a, const struct message *b)
{
    assert_int_equal(a->n, b->n);
    for (unsigned i = 0; i < a->n; i++) {
        assert_true(slice_eq(a->f[i].name, b->f[i].name));
        assert_int_equal(a->f[i].hash, b->f[i].hash);
        assert_int_equal(a->f[i].v.i, b->f[i].v.i);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        const struct value *x = message_get(a, name(i)), *y = message_get(b, name(i));
        assert_int_equal(x != NULL, y != NULL);
        if (x)
            assert_int_equal(x->i, y->i);
    }
}

/* By name in one message, by name or number in the other. */
static void change(struct message *plain, struct message *m, unsigned step)
{
    unsigned from = any() % NAMES, to = any() % NAMES;
    struct value v = { .type = VT_INT, .i = step };
    bool by_number = m->names && from < KNOWN && to < KNOWN && from != to;
    switch (any() % 4) {
    case 0:
        set(plain, from, step);
        if (by_number)
            assert_true(message_put_id(m, from + 1, v));
        else
            set(m, from, step);
        break;
    case 1:
        assert_int_equal(message_remove(plain, name(from)), message_remove(m, name(from)));
        break;
    default:
        message_move(plain, name(from), message_hash(name(from)), name(to), message_hash(name(to)));
        if (!by_number)
            message_move(m, name(from), message_hash(name(from)), name(to), message_hash(name(to)));
        else if (message_value(m, from + 1))
            message_move_id(m, from + 1, to + 1);
    }
}

static void does_the_same_by_number(void **state)
{
    (void)state;
    state_of_any = 7;
    for (unsigned round = 0; round < 300; round++) {
        struct message *plain = message_new(&mem, 4), *m = message_new(&mem, 4);
        for (unsigned i = 0; i < 12; i++) {
            set(plain, i * 3, i);
            set(m, i * 3, i);
        }
        message_attach(m, places);
        for (unsigned step = 0; step < 60; step++)
            change(plain, m, step);
        assert_same(plain, m);
        for (unsigned i = 0; i < KNOWN; i++)
            assert_ptr_equal(message_value(m, i + 1), message_get(m, name(i)));
        message_detach(m);
        assert_same(plain, m);
        change(plain, m, 100);
        assert_same(plain, m);
        arena_reset(&mem);
        tear_down(NULL);
        set_up(NULL);
    }
}

/* A codec's numbers lead to the same ids, whichever codec, also again and again. */
static void trusts_a_codec(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 7; c++) {
        uint64_t codec = message_codec();
        for (unsigned again = 0; again < 3; again++) {
            struct message *m = message_new(&mem, 4);
            m->codec = codec;
            for (unsigned i = 0; i < NAMES; i++) {
                struct value v = { .type = VT_INT, .i = i };
                unsigned at = (i + c) % NAMES, number = i % 5 ? at + 1 + c : 0;
                message_append(m, name(at), message_hash(name(at)), number, v);
            }
            message_attach(m, places);
            for (unsigned i = 0; i < NAMES; i++) {
                const struct value *v = message_get(m, name((i + c) % NAMES));
                assert_non_null(v);
                assert_int_equal(v->i, i);
            }
            message_detach(m);
        }
    }
}

/* Names made to collide are refused, also when the index is made late. */
static void bounds_what_collides(void **state)
{
    struct message *m = message_new(&mem, 4);
    char(*bad)[16] = arena_alloc(&mem, 300 * sizeof *bad);
    unsigned found = 0;
    (void)state;
    for (unsigned i = 0; found < 300; i++) {
        snprintf(bad[found], sizeof bad[found], "x%u", i);
        found += (message_hash(slice_cstr(bad[found])) & 1023) == 5;
    }
    for (unsigned i = 0; i < 300; i++) {
        struct value v = { .type = VT_INT, .i = i };
        struct slice one = slice_cstr(bad[i]);
        assert_true(message_append(m, one, message_hash(one), 0, v));
    }
    assert_int_equal(m->n, 300);
    assert_non_null(message_get(m, slice_cstr(bad[0])));
    assert_int_equal(m->n + m->refused, 300);
    assert_true(m->refused > 0);
    for (unsigned i = 0; i < m->n; i++)
        assert_ptr_equal(message_get(m, m->f[i].name), &m->f[i].v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(does_the_same_by_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trusts_a_codec, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_what_collides, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
