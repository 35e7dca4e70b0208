/* Addresses of this machine: loopback is left out, and what is known stays known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host/interfaces.h"

static void loopback_is_left_out(void **state)
{
    (void)state;
    struct interfaces i = { 0 };
    struct addr lo4, lo6;
    assert_true(addr_parse(SLICE("127.0.0.1"), &lo4) && addr_parse(SLICE("::1"), &lo6));
    interfaces_read(&i);
    assert_false(interfaces_has(&i, &lo4) || interfaces_has(&i, &lo6));
    assert_true(i.n <= INTERFACES_ADDRS);
    assert_true(i.read_ns > 0);
    for (unsigned k = 0; k < i.n; k++)
        assert_true(interfaces_has(&i, &i.addr[k]));
}

static void refresh_waits(void **state)
{
    (void)state;
    struct interfaces i = { .n = 1, .refresh_ns = (int64_t)3600 * 1000000000 };
    assert_true(addr_parse(SLICE("192.0.2.77"), &i.addr[0]));
    struct addr known = i.addr[0];
    interfaces_read(&i);
    i.addr[0] = known;
    i.n = 1;
    interfaces_refresh(&i);
    assert_true(interfaces_has(&i, &known));
    i.refresh_ns = 0; /* read once */
    i.read_ns = 1;
    interfaces_refresh(&i);
    assert_true(interfaces_has(&i, &known));
    i.refresh_ns = 1;
    interfaces_refresh(&i);
    assert_false(interfaces_has(&i, &known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_left_out),
        cmocka_unit_test(refresh_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
