/* Link layers: each type carries the same talk; what is cut or turned never harms. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/frames.h"

#define MACS "0200 0000 000b 0200 0000 000a "
#define UDP4 "4500 0020 0001 0000 4011 0000 0a01 0001 0a01 0002 9c40 0035 000c 0000 6162 6364"
#define UDP6                                                                                       \
    "6000 0000 000c 1140 fd01 0000 0000 0000 0000 0000 0000 0001"                                  \
    "fd01 0000 0000 0000 0000 0000 0000 0002 9c40 0035 000c 0000 6162 6364"

/* clang-format off */
static const struct row {
    const char *file;
    unsigned visits, udp, tcp, icmp, macs; /* DNS messages are as many as UDP */
} rows[] = {
    { "mpls",              24, 4, 16, 4, 24 },
    { "mpls-pseudowire",   24, 4, 16, 4, 24 },
    { "pppoe",             25, 4, 16, 4, 25 },
    { "llc-snap",          25, 4, 16, 4, 25 },
    { "vlan-9100",         24, 4, 16, 4, 24 },
    { "ppp",               24, 4, 16, 4,  0 },
    { "raw",               24, 4, 16, 4,  0 },
    { "ipv4",              12, 2,  8, 2,  0 },
    { "ipv6",              12, 2,  8, 2,  0 },
    { "null",              24, 4, 16, 4,  0 },
    { "loop",              24, 4, 16, 4,  0 },
    { "sll",               24, 4, 16, 4,  0 },
    { "sll2",              24, 4, 16, 4,  0 },
    { "wifi",              26, 4, 16, 4, 26 },
    { "wifi-radiotap",     26, 4, 16, 4, 26 },
};
/* clang-format on */

static struct frames read_link(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "test/golden/link/%s.pcap", name);
    return frames_read(path);
}

static void each_link_type_carries_the_talk(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decoding x;
        decoding_begin(&x);
        struct frames f = read_link(rows[i].file);
        struct tally t = decoding_file(&x, &f);
        if (t.visits != rows[i].visits || t.udp != rows[i].udp || t.tcp != rows[i].tcp ||
            t.icmp != rows[i].icmp || t.dns != t.udp || t.macs != rows[i].macs)
            fail_msg("%s: %u visits, %u udp, %u tcp, %u icmp, %u dns, %u macs", rows[i].file,
                     t.visits, t.udp, t.tcp, t.icmp, t.dns, t.macs);
        assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_BAD), 0);
        assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_SHORT), 0);
        frames_free(&f);
        decoding_end(&x);
    }
}

static void nothing_is_read_outside_of_a_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decoding x;
        decoding_begin(&x);
        struct frames f = read_link(rows[i].file);
        decoding_cut(&x, &f);
        decoding_turn(&x, &f);
        frames_free(&f);
        decoding_end(&x);
    }
}

static void ethernet_fills_macs_and_ip(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    decoding_hex(&x, LINK_ETHERNET, MACS "0800" UDP4 "ffff ffff");
    assert_int_equal(x.n, 1);
    const struct packet *p = &x.visit[0];
    assert_true(p->has_mac);
    assert_int_equal(p->mac[0][5], 0x0a);
    assert_int_equal(p->mac[1][5], 0x0b);
    assert_int_equal(p->n_vlan, 0);
    assert_int_equal(p->ip_ver, 4);
    assert_int_equal(p->sport, 40000);
    assert_int_equal(p->dport, 53);
    assert_true(slice_eq(p->payload, SLICE("abcd"))); /* without the padding */
    assert_int_equal(p->cut, 0);
    decoding_end(&x);
}

static void what_is_not_ip_has_its_macs(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    decoding_hex(&x, LINK_ETHERNET, MACS "0806 0001 0800 0604 0001");
    assert_int_equal(x.n, 1);
    assert_true(x.visit[0].has_mac);
    assert_int_equal(x.visit[0].ip_ver, 0);
    assert_int_equal(x.visit[0].l4, 0);
    decoding_hex(&x, LINK_LINUX_SLL, "0000 0001 0006 0200 0000 000a 0000 0806 0001");
    assert_int_equal(x.n, 0); /* no layer that a flow could be made of */
    decoding_hex(&x, LINK_ETHERNET, MACS "08");
    assert_int_equal(x.n, 0);
    assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_NOT_IP), 2);
    assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_SHORT), 1);
    decoding_end(&x);
}

static void the_last_two_vlan_tags_are_kept(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    decoding_hex(&x, LINK_ETHERNET, MACS "8100 2064 0800" UDP4);
    assert_int_equal(x.visit[0].n_vlan, 1);
    assert_int_equal(x.visit[0].vlan[0], 100);
    decoding_hex(&x, LINK_ETHERNET, MACS "88a8 0064 8100 00c8 86dd" UDP6);
    assert_int_equal(x.visit[0].n_vlan, 2);
    assert_int_equal(x.visit[0].vlan[0], 100);
    assert_int_equal(x.visit[0].vlan[1], 200);
    assert_int_equal(x.visit[0].ip_ver, 6);
    decoding_hex(&x, LINK_ETHERNET, MACS "9100 0064 8100 00c8 8100 0003 0800" UDP4);
    assert_int_equal(x.visit[0].n_vlan, 2);
    assert_int_equal(x.visit[0].vlan[0], 200);
    assert_int_equal(x.visit[0].vlan[1], 3);
    assert_int_equal(x.visit[0].sport, 40000);
    decoding_end(&x);
}

static void the_kernels_tag_comes_first(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    struct packet p = { .link_type = LINK_ETHERNET, .vlan_tci = 0x6007, .vlan_valid = true };
    p.frame = frames_hex(MACS "8100 00c8 0800" UDP4);
    p.wire_len = (uint32_t)p.frame.n;
    decoding_at(&x, &p);
    assert_int_equal(x.visit[0].n_vlan, 2);
    assert_int_equal(x.visit[0].vlan[0], 7);
    assert_int_equal(x.visit[0].vlan[1], 200);
    decoding_end(&x);
}

static void wifi_addresses_follow_the_ds_bits(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    struct frames f = read_link("wifi");
    for (unsigned i = 0; i < 24; i++) {
        decoding_frame(&x, f.link_type, f.frame[i], (uint32_t)f.frame[i].n);
        bool up = x.visit[0].src.b[15] == 1; /* the client's address ends in 1 */
        assert_int_equal(x.visit[0].mac[0][5], up ? 0x0a : 0x0b);
        assert_int_equal(x.visit[0].mac[1][5], up ? 0x0b : 0x0a);
    }
    frames_free(&f);
    decoding_end(&x);
}

static void null_knows_both_byte_orders(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    static const char *const v6[] = { "1800 0000", "1c00 0000", "1e00 0000", "0000 001e",
                                      "0a000000" };
    for (size_t i = 0; i < COUNT(v6); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s %s", v6[i], UDP6);
        decoding_hex(&x, LINK_NULL, text);
        assert_int_equal(x.n, 1);
        assert_int_equal(x.visit[0].ip_ver, 6);
    }
    decoding_end(&x);
}

static void an_unknown_link_type_is_counted(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    decoding_hex(&x, 147, UDP4);
    assert_int_equal(x.n, 0);
    assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_UNKNOWN_LINK), 1);
    decoding_end(&x);
}

static void a_label_stack_without_end_is_bad(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    char text[1024] = MACS "8847";
    for (unsigned i = 0; i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "0000 0040");
    decoding_hex(&x, LINK_ETHERNET, text);
    assert_int_equal(x.n, 1);
    assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_BAD), 1);
    decoding_end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_link_type_carries_the_talk),
        cmocka_unit_test(nothing_is_read_outside_of_a_frame),
        cmocka_unit_test(ethernet_fills_macs_and_ip),
        cmocka_unit_test(what_is_not_ip_has_its_macs),
        cmocka_unit_test(the_last_two_vlan_tags_are_kept),
        cmocka_unit_test(the_kernels_tag_comes_first),
        cmocka_unit_test(wifi_addresses_follow_the_ds_bits),
        cmocka_unit_test(null_knows_both_byte_orders),
        cmocka_unit_test(an_unknown_link_type_is_counted),
        cmocka_unit_test(a_label_stack_without_end_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
