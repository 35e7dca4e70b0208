/* Named networks at their borders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "pipe/networks.h"

static struct arena arena;
static struct why why;

static bool in(const char *addr, const char *network)
{
    struct addr a;
    struct networks n;
    struct texts t = { &network, 1 };
    struct loading l = { "x", &arena, &why };
    assert_true(addr_parse(slice_cstr(addr), &a));
    if (networks_load(&t, &l, &n))
        fail_msg("%s", why.text);
    return networks_has(&n, &a);
}

static void names_have_their_borders(void **state)
{
    (void)state;
    static const struct {
        const char *name, *inside[4], *outside[4];
    } cases[] = {
        { "private",
          { "10.0.0.0", "172.31.255.255", "192.168.0.1", "fd00::1" },
          { "11.0.0.0", "172.32.0.0", "192.169.0.1", "fc00::1" } },
        { "loopback", { "127.0.0.1", "127.255.0.1", "::1" }, { "128.0.0.1", "::2", "::" } },
        { "link_local_unicast",
          { "169.254.0.1", "fe80::1", "febf::1" },
          { "169.255.0.1", "fec0::1" } },
        { "link_local_multicast",
          { "224.0.0.255", "ff02::1", "ff12::1" },
          { "224.0.1.0", "ff05::1" } },
        { "interface_local_multicast", { "ff01::1", "ff11::1" }, { "ff02::1", "224.0.0.1" } },
        { "multicast", { "224.0.0.0", "239.255.255.255", "ff0e::1" }, { "240.0.0.0", "fe80::1" } },
        { "unspecified", { "0.0.0.0", "::" }, { "0.0.0.1", "::1" } },
        { "public",
          { "8.8.8.8", "2001:db8::1", "fc00::1", "224.0.1.1" },
          { "10.1.1.1", "255.255.255.255", "224.0.0.1", "127.0.0.1" } },
        { "unicast",
          { "8.8.8.8", "10.0.0.1", "fd00::1" },
          { "255.255.255.255", "224.0.0.1", "::" } },
        { "global_unicast", { "8.8.8.8" }, { "169.254.1.1", "127.0.0.1", "fe80::1" } },
        { "10.0.0.0/8", { "10.255.0.1", "::ffff:10.1.1.1" }, { "11.0.0.0", "::" } },
        { "0.0.0.0/0", { "255.1.1.1" }, { "2001:db8::" } },
        { "2001:db8::/33", { "2001:db8:7fff::1" }, { "2001:db8:8000::1", "1.2.3.4" } },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (unsigned k = 0; k < 4; k++) {
            if (cases[i].inside[k] && !in(cases[i].inside[k], cases[i].name))
                fail_msg("%s is not in %s", cases[i].inside[k], cases[i].name);
            if (cases[i].outside[k] && in(cases[i].outside[k], cases[i].name))
                fail_msg("%s is in %s", cases[i].outside[k], cases[i].name);
        }
    }
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const cases[] = { "privat", "10.0.0.0",  "10.0.0.0/33", "::/129",
                                         "/8",     "10.0.0.0/", "10.0.0.0/-1", "" };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct networks n;
        const char *text = cases[i];
        struct texts t = { &text, 1 };
        struct loading l = { "internal_networks", &arena, &why };
        assert_int_equal(networks_load(&t, &l, &n), ERR_CONFIG);
        assert_non_null(strstr(why.text, "internal_networks"));
    }
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_their_borders),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
