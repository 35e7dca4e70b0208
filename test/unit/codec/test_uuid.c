/* UUIDs made from names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/uuid.h"

/* RFC 9562 appendix A.4: www.example.com in the namespace of DNS. */
static void known_answer(void **state)
{
    static const uint8_t dns[UUID_BYTES] = { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                             0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };
    char out[UUID_TEXT];
    (void)state;
    uuid_of_name(out, dns, SLICE("www.example.com"));
    assert_string_equal(out, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void names_and_namespaces_count(void **state)
{
    static const uint8_t one[UUID_BYTES] = { 1 }, two[UUID_BYTES] = { 2 };
    char a[UUID_TEXT], b[UUID_TEXT], c[UUID_TEXT], empty[UUID_TEXT];
    (void)state;
    uuid_of_name(a, one, SLICE("x"));
    uuid_of_name(b, one, SLICE("y"));
    uuid_of_name(c, two, SLICE("x"));
    uuid_of_name(empty, one, slice_of(NULL, 0));
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, c);
    assert_string_not_equal(a, empty);
    uuid_of_name(b, one, SLICE("x"));
    assert_string_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),
        cmocka_unit_test(names_and_namespaces_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
