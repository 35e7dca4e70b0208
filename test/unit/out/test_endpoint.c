/* host:port in all its forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "out/endpoint.h"

static const struct {
    const char *text, *host, *port, *shown;
} good[] = {
    { "a", "a", "5044", "a:5044" },
    { "a.example:99", "a.example", "99", "a.example:99" },
    { " 192.0.2.1:1 ", "192.0.2.1", "1", "192.0.2.1:1" },
    { "[2001:db8::1]:65535", "2001:db8::1", "65535", "[2001:db8::1]:65535" },
    { "[::1]", "::1", "5044", "[::1]:5044" },
    { "::1", "::1", "5044", "[::1]:5044" },
    { "tcp://a:7/x", "a", "7", "a:7" },
};
static const char *const bad[] = { "", ":1", "a:0", "a:65536", "a:x", "[::1", "[::1]x", "a b" };

static void reads_what_users_write(void **state)
{
    (void)state;
    struct endpoint e;
    for (unsigned i = 0; i < COUNT(good); i++) {
        assert_int_equal(endpoint_parse(good[i].text, 5044, &e, NULL), ERR_OK);
        assert_string_equal(e.host, good[i].host);
        assert_string_equal(e.port, good[i].port);
        assert_string_equal(e.shown, good[i].shown);
    }
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    struct endpoint e;
    for (unsigned i = 0; i < COUNT(bad); i++)
        if (!endpoint_parse(bad[i], 5044, &e, NULL))
            fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_users_write),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
