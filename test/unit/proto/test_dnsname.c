/* Domain names: labels, pointers, limits, the text form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/lib/dnsname.h"

static uint8_t text[DNSNAME_TEXT_MAX + 1];

/* The name at `at` of a message as text; NULL when it is malformed. *after: where the next begins.
 */
static const char *read_at(struct slice msg, size_t at, size_t *after)
{
    struct buf out = buf_of(text, sizeof text - 1);
    struct cursor c = cur_of(slice_after(msg, at)), skipped = c;
    dnsname_text(msg, &c, &out);
    dnsname_skip(msg, &skipped);
    assert_int_equal(skipped.bad, c.bad);
    if (cur_ok(&c))
        assert_ptr_equal(skipped.p, c.p);
    assert_false(out.full);
    text[out.n] = 0;
    if (after)
        *after = (size_t)(c.p - msg.p);
    return cur_ok(&c) ? (const char *)text : NULL;
}

static void reads_labels_and_root(void **state)
{
    (void)state;
    size_t after;
    assert_string_equal(read_at(SLICE("\3www\7example\3com\0xx"), 0, &after), "www.example.com.");
    assert_int_equal(after, 17);
    assert_string_equal(read_at(SLICE("\0"), 0, &after), ".");
    assert_int_equal(after, 1);
}

static void follows_pointers(void **state)
{
    (void)state;
    struct slice msg = SLICE("\3com\0\7example\xc0\0\3www\xc0\5rest");
    size_t after;
    assert_string_equal(read_at(msg, 15, &after), "www.example.com.");
    assert_int_equal(after, 21);
    /* forwards is odd but ends */
    assert_string_equal(read_at(SLICE("\xc0\2\1a\0"), 0, &after), "a.");
    assert_int_equal(after, 2);
}

static void refuses_what_is_malformed(void **state)
{
    (void)state;
    assert_null(read_at(SLICE("\xc0\0"), 0, NULL));           /* points to itself */
    assert_null(read_at(SLICE("\1a\xc0\2\1b\xc0"), 0, NULL)); /* a loop */
    assert_null(read_at(SLICE("\xc0\x20"), 0, NULL));         /* over the end */
    assert_null(read_at(SLICE("\xc0"), 0, NULL));
    assert_null(read_at(SLICE("\5abc"), 0, NULL));
    assert_null(read_at(SLICE("\1a"), 0, NULL)); /* no root */
    assert_null(read_at(SLICE(""), 0, NULL));
    assert_null(read_at(SLICE("\x41"
                              "a\0"),
                        0, NULL)); /* extended label types */
    assert_null(read_at(SLICE("\x81"
                              "a\0"),
                        0, NULL));
}

/* Four labels of 62 octets are 252 octets; with the root 253. One label more decides. */
static void knows_the_limit_of_255(void **state)
{
    (void)state;
    uint8_t name[260];
    struct buf b = buf_of(name, sizeof name);
    for (unsigned i = 0; i < 4; i++) {
        buf_u8(&b, 62);
        for (unsigned k = 0; k < 62; k++)
            buf_u8(&b, 'a');
    }
    struct buf fits = b, over = b;
    buf_put(&fits, "\1b\0", 3);
    assert_non_null(read_at(buf_slice(&fits), 0, NULL));
    buf_put(&over, "\2bb\0", 4);
    assert_null(read_at(buf_slice(&over), 0, NULL));
}

static void escapes(void **state)
{
    (void)state;
    assert_string_equal(read_at(SLICE("\3a.b\1 \3'@;\4()\"\\\0"), 0, NULL),
                        "a\\.b.\\ .\\'\\@\\;.\\(\\)\\\"\\\\.");
    assert_string_equal(read_at(SLICE("\4\0\x7f\xff~\0"), 0, NULL), "\\000\\127\\255~.");
    assert_string_equal(read_at(SLICE("\4WwW_\0"), 0, NULL), "WwW_."); /* case stays */
}

static void expands(void **state)
{
    (void)state;
    struct slice msg = SLICE("\3com\0\7example\xc0\0");
    struct cursor c = cur_of(slice_after(msg, 5));
    struct buf out = buf_of(text, sizeof text);
    dnsname_wire(msg, &c, &out);
    assert_true(cur_ok(&c) && cur_left(&c) == 0);
    assert_int_equal(out.n, 13);
    assert_memory_equal(out.p, "\7example\3com\0", 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_labels_and_root),
        cmocka_unit_test(follows_pointers),
        cmocka_unit_test(refuses_what_is_malformed),
        cmocka_unit_test(knows_the_limit_of_255),
        cmocka_unit_test(escapes),
        cmocka_unit_test(expands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
