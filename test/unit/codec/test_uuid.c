/* UUIDs made from names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/uuid.h"

static char text[4][UUID_TEXT];

static const char *put(unsigned i, const struct uuid *space, struct slice name)
{
    struct uuid u = uuid_of_name(space, name);
    uuid_text(text[i], &u);
    return text[i];
}

/* RFC 9562 appendix A.4: www.example.com in the namespace of DNS. */
static void known_answer(void **state)
{
    static const struct uuid dns = { { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4,
                                       0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 } };
    (void)state;
    assert_string_equal(put(0, &dns, SLICE("www.example.com")),
                        "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void names_and_namespaces_count(void **state)
{
    static const struct uuid one = { { 1 } }, two = { { 2 } };
    (void)state;
    const char *a = put(0, &one, SLICE("x"));
    assert_string_not_equal(a, put(1, &one, SLICE("y")));
    assert_string_not_equal(a, put(2, &two, SLICE("x")));
    assert_string_not_equal(a, put(3, &one, slice_of(NULL, 0)));
    assert_string_equal(a, put(1, &one, SLICE("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),
        cmocka_unit_test(names_and_namespaces_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
