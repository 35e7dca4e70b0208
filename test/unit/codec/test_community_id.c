/* Community IDs that the specification's own captures and Packetbeat's golden events give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/community_id.h"

static struct community_ends ends(const char *src, const char *dst, int sport, int dport)
{
    struct community_ends e = { .sport = (uint16_t)sport, .dport = (uint16_t)dport };
    assert_true(addr_parse(slice_cstr(src), &e.src) && addr_parse(slice_cstr(dst), &e.dst));
    return e;
}

static void id_is(uint8_t ip_proto, struct community_ends e, const char *want)
{
    char text[COMMUNITY_ID_MAX];
    e.ip_proto = ip_proto;
    size_t n = community_id(text, 0, &e);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(text, want, n);
}

static void both_directions_are_one(void **state)
{
    (void)state;
    id_is(6, ends("128.232.110.120", "66.35.250.204", 34855, 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    id_is(6, ends("66.35.250.204", "128.232.110.120", 80, 34855), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    id_is(17, ends("192.168.1.52", "8.8.8.8", 54585, 53), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
    id_is(17, ends("8.8.8.8", "192.168.1.52", 53, 54585), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
    id_is(17, ends("172.31.98.49", "8.8.8.8", 51958, 53), "1:/Zwm1tJot2cAhFAO0OxKQHuXs3Y=");
    id_is(6, ends("172.31.98.49", "93.184.216.34", 55874, 80), "1:TMPM5eEnGOXfxAjx6NKlyjx+X10=");
}

static void equal_addresses_are_ordered_by_port(void **state)
{
    (void)state;
    char a[COMMUNITY_ID_MAX], b[COMMUNITY_ID_MAX];
    struct community_ends e = ends("127.0.0.1", "127.0.0.1", 0x0100, 0x00ff);
    struct community_ends back = ends("127.0.0.1", "127.0.0.1", 0x00ff, 0x0100);
    size_t n = community_id(a, 0, &e);
    assert_int_equal(community_id(b, 0, &back), n);
    assert_memory_equal(a, b, n);
    community_id(b, 1, &e);
    assert_memory_not_equal(a, b, n); /* the seed counts */
}

static void icmp_types_pair_up(void **state)
{
    (void)state;
    id_is(1, ends("192.168.0.89", "192.168.0.1", 8, 0), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    id_is(1, ends("192.168.0.1", "192.168.0.89", 0, 8), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    id_is(58, ends("fe80::ff:fe00:5", "fe80::ff:fe00:c", 135, 0), "1:hbn1F1oEp4Np58ILQ02v9uRorN8=");
    id_is(58, ends("fe80::ff:fe00:c", "fe80::ff:fe00:5", 136, 0), "1:hbn1F1oEp4Np58ILQ02v9uRorN8=");
    id_is(1, ends("10.77.0.1", "10.77.0.2", 13, 0), "1:iCCvjvu2DpRhgE+W0EasuxLmg6w=");
    id_is(58, ends("fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0),
          "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
    id_is(58, ends("fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0),
          "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
}

static void one_way_icmp_keeps_its_order(void **state)
{
    (void)state;
    id_is(1, ends("10.78.1.1", "10.78.1.2", 3, 4), "1:XAaE264eD8YT9H23q1XSe5mx7UM=");
    id_is(1, ends("10.77.0.2", "10.77.0.1", 3, 13), "1:ymkg4TWYmdl/0+MpBWzzgdMb0So="); /* falling */
    id_is(1, ends("10.78.1.1", "10.78.1.2", 11, 0), "1:SRWAMHGBeZp0Sbeindp3CMZ3evg=");
    id_is(58, ends("fd77::2", "fd77::1", 1, 0), "1:mKSX1JEuuhMy39gZWMBt8wvJm5g=");
    id_is(58, ends("fe80::9893:7fff:fe4f:33d1", "ff02::16", 143, 0),
          "1:/+h+sXgOTqWjlW2VF77P8DLPM9E=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_are_one),
        cmocka_unit_test(equal_addresses_are_ordered_by_port),
        cmocka_unit_test(icmp_types_pair_up),
        cmocka_unit_test(one_way_icmp_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
