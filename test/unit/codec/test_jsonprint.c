/* JSON for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/jsonprint.h"

static char text[1000];

static const char *end(struct buf *b)
{
    text[b->n] = '\0';
    return text;
}

static void levels(void **state)
{
    struct buf b = buf_of(text, sizeof text - 1);
    struct jsonprint j = { .out = &b };
    (void)state;
    jsonprint_open(&j, NULL, '{');
    jsonprint_cstr(&j, "a\"", "x\ny");
    jsonprint_open(&j, "list", '[');
    jsonprint_int(&j, NULL, -7);
    jsonprint_open(&j, NULL, '{');
    jsonprint_close(&j, '{');
    jsonprint_open(&j, NULL, '[');
    jsonprint_close(&j, '[');
    jsonprint_bool(&j, NULL, false);
    jsonprint_close(&j, '[');
    jsonprint_null(&j, "n");
    jsonprint_close(&j, '{');
    assert_string_equal(end(&b),
                        "{\n  \"a\\\"\": \"x\\ny\",\n  \"list\": [\n    -7,\n    {},\n    [],\n"
                        "    false\n  ],\n  \"n\": null\n}");
}

static void doubles_keep_their_point(void **state)
{
    struct buf b = buf_of(text, sizeof text - 1);
    struct jsonprint j = { .out = &b };
    (void)state;
    jsonprint_open(&j, NULL, '[');
    jsonprint_double(&j, NULL, 1);
    jsonprint_double(&j, NULL, 0.5);
    jsonprint_close(&j, '[');
    assert_string_equal(end(&b), "[\n  1.0,\n  0.5\n]");
}

static void little_room(void **state)
{
    struct buf b = buf_of(text, 8);
    struct jsonprint j = { .out = &b };
    (void)state;
    jsonprint_open(&j, NULL, '{');
    jsonprint_cstr(&j, "key", "value");
    jsonprint_close(&j, '{');
    assert_true(b.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test(doubles_keep_their_point),
        cmocka_unit_test(little_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
