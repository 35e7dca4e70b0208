/* Reading of addresses (what Go's net.ParseIP takes) and prefixes. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/addr.h"

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.04",
        "1.2.3.-4",
        " 1.2.3.4",
        "1.2.3.4 ",
        "1..2.3",
        ".1.2.3",
        "1.2.3.",
        "1.2.3.4444",
        "0x1.2.3.4",
        ":",
        ":::",
        "1:",
        ":1",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "g::",
        "::1%eth0",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1.2.3.4:80",
        "[::1]",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr a;
        if (addr_parse(slice_cstr(cases[i]), &a))
            fail_msg("\"%s\" was taken", cases[i]);
    }
}

static void agrees_with_inet_pton(void **state)
{
    (void)state;
    static const char *const cases[] = { "::",
                                         "::1",
                                         "1::",
                                         "1:2:3:4:5:6:7:8",
                                         "1:2:3:4:5:6:7::",
                                         "::2:3:4:5:6:7:8",
                                         "fe80::1:2",
                                         "::ffff:9.8.7.6",
                                         "1:2:3:4:5:6:9.8.7.6",
                                         "1::5:9.8.7.6",
                                         "00ab::0" };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr ours, theirs;
        assert_true(addr_parse(slice_cstr(cases[i]), &ours));
        assert_int_equal(inet_pton(AF_INET6, cases[i], theirs.b), 1);
        assert_memory_equal(ours.b, theirs.b, 16);
    }
}

static void maps_ipv4(void **state)
{
    (void)state;
    struct addr a;
    assert_true(addr_parse(SLICE("10.0.255.1"), &a));
    assert_true(addr_is_v4(&a));
    assert_int_equal(a.b[14], 255);
}

static bool lies_in(const char *addr, const char *net, unsigned bits)
{
    struct addr a, n;
    assert_true(addr_parse(slice_cstr(addr), &a) && addr_parse(slice_cstr(net), &n));
    return addr_in(&a, &n, bits);
}

static void tests_prefixes(void **state)
{
    (void)state;
    assert_true(lies_in("10.1.2.3", "10.0.0.0", 96 + 8));
    assert_false(lies_in("11.1.2.3", "10.0.0.0", 96 + 8));
    assert_true(lies_in("172.31.255.255", "172.16.0.0", 96 + 12));
    assert_false(lies_in("172.32.0.0", "172.16.0.0", 96 + 12));
    assert_true(lies_in("1.2.3.4", "1.2.3.4", 128));
    assert_false(lies_in("1.2.3.5", "1.2.3.4", 128));
    assert_true(lies_in("1.2.3.5", "1.2.3.4", 127));
    assert_true(lies_in("::1", "ffff::", 0));
    assert_true(lies_in("1.2.3.5", "1.2.3.5", 200)); /* over 128 counts as 128 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(agrees_with_inet_pton),
        cmocka_unit_test(maps_ipv4),
        cmocka_unit_test(tests_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
