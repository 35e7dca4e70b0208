/* Tunnels: what is inside comes out, beside the outer packet. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/frames.h"

/* clang-format off */
static const struct row {
    const char *file;
    unsigned visits, dns, tcp, icmp, depth; /* of all frames; of the inner talk */
    enum tunnel_type type;
    uint32_t up_id, down_id;
} rows[] = {
    { "ipip",                      12, 2,  8, 2, 1, TUNNEL_IPIP,   0, 0 },
    { "6in4",                      12, 2,  8, 2, 1, TUNNEL_6IN4,   0, 0 },
    { "4in6",                      12, 2,  8, 2, 1, TUNNEL_4IN6,   0, 0 },
    { "6in6",                      12, 2,  8, 2, 1, TUNNEL_6IN6,   0, 0 },
    { "ipip-ten-deep",             12, 0,  0, 0, 8, TUNNEL_IPIP,   0, 0 },
    { "gre",                       48, 4, 16, 4, 1, TUNNEL_GRE,    0, 0 },
    { "gre-over-ipv6",             48, 4, 16, 4, 1, TUNNEL_GRE,    0, 0 },
    { "gre-checksum-key-sequence", 48, 4, 16, 4, 1, TUNNEL_GRE,    99, 99 },
    { "gre-pptp",                  24, 0,  0, 0, 0, TUNNEL_NONE,   0, 0 },
    { "nvgre",                     48, 4, 16, 4, 1, TUNNEL_NVGRE,  0x123456, 0x123456 },
    { "erspan-1",                  48, 4, 16, 4, 1, TUNNEL_ERSPAN, 0, 0 },
    { "erspan-2",                  48, 4, 16, 4, 1, TUNNEL_ERSPAN, 33, 33 },
    { "erspan-3",                  48, 4, 16, 4, 1, TUNNEL_ERSPAN, 34, 34 },
    { "erspan-3-ip",               48, 4, 16, 4, 1, TUNNEL_ERSPAN, 35, 35 },
    { "vxlan",                     48, 4, 16, 4, 1, TUNNEL_VXLAN,  4242, 4242 },
    { "vxlan-8472-group-policy",   48, 4, 16, 4, 1, TUNNEL_VXLAN,  4243, 4243 },
    { "geneve",                    48, 4, 16, 4, 1, TUNNEL_GENEVE, 31, 31 },
    { "geneve-ip",                 48, 4, 16, 4, 1, TUNNEL_GENEVE, 32, 32 },
    { "gtpu",                      48, 4, 16, 4, 1, TUNNEL_GTPU,   0x1001, 0x2002 },
    { "gtpu-extension",            48, 4, 16, 4, 1, TUNNEL_GTPU,   0x1001, 0x2002 },
    { "gtpu-control",               4, 0,  0, 0, 0, TUNNEL_NONE,   0, 0 },
    { "teredo",                    24, 2,  8, 2, 1, TUNNEL_TEREDO, 0, 0 },
    { "ipip-gre-vxlan",            72, 4, 16, 4, 3, TUNNEL_VXLAN,  5, 5 },
};
/* clang-format on */

static struct frames read_tunnel(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "test/golden/tunnel/%s.pcap", name);
    return frames_read(path);
}

static void each_tunnel_gives_the_talk(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decoding x;
        decoding_begin(&x);
        struct frames f = read_tunnel(rows[i].file);
        struct tally t = decoding_file(&x, &f);
        if (t.visits != rows[i].visits || t.dns != rows[i].dns || t.tcp != rows[i].tcp ||
            t.icmp != rows[i].icmp || t.depth != rows[i].depth)
            fail_msg("%s: %u visits, %u dns, %u tcp, %u icmp, depth %u", rows[i].file, t.visits,
                     t.dns, t.tcp, t.icmp, t.depth);
        assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_BAD), 0);
        assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_SHORT), 0);
        frames_free(&f);
        decoding_end(&x);
    }
}

/* The first frame and its answer. */
static void check_names(struct decoding *x, const struct frames *f, const struct row *r)
{
    uint64_t key[2];
    for (unsigned i = 0; i < 2; i++) {
        decoding_frame(x, f->link_type, f->frame[i], (uint32_t)f->frame[i].n);
        const struct packet *p = &x->visit[x->n - 1];
        assert_int_equal(p->tunnel, r->type);
        assert_int_equal(p->tunnel_id, i ? r->down_id : r->up_id);
        key[i] = p->tunnel_key;
    }
    assert_true(key[0] == key[1]);
    assert_true((key[0] != 0) == (r->type != TUNNEL_NONE));
}

static void tunnels_are_named_and_both_ways_are_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decoding x;
        decoding_begin(&x);
        struct frames f = read_tunnel(rows[i].file);
        check_names(&x, &f, &rows[i]);
        frames_free(&f);
        decoding_end(&x);
    }
}

static void different_tunnels_have_different_keys(void **state)
{
    (void)state;
    static const char *const files[] = { "ipip", "gre", "vxlan", "geneve-ip", "gtpu", "erspan-2" };
    uint64_t key[COUNT(files)];
    struct decoding x;
    decoding_begin(&x);
    for (size_t i = 0; i < COUNT(files); i++) {
        struct frames f = read_tunnel(files[i]);
        decoding_frame(&x, f.link_type, f.frame[0], (uint32_t)f.frame[0].n);
        key[i] = x.visit[x.n - 1].tunnel_key;
        frames_free(&f);
        for (size_t k = 0; k < i; k++)
            assert_true(key[k] != key[i]);
    }
    decoding_end(&x);
}

static void closed_tunnels_stay_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decoding x;
        decoding_begin(&x);
        x.conf.tunnels = 0;
        struct frames f = read_tunnel(rows[i].file);
        struct tally t = decoding_file(&x, &f);
        assert_int_equal(t.visits, f.n);
        assert_int_equal(t.depth, 0);
        assert_int_equal(t.dns, 0);
        assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_TUNNELS), 0);
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
        struct frames f = read_tunnel(rows[i].file);
        f.n = f.n < 6 ? f.n : 6;
        decoding_cut(&x, &f);
        decoding_turn(&x, &f);
        frames_free(&f);
        decoding_end(&x);
    }
}

static void the_outer_packet_comes_first(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    struct frames f = read_tunnel("vxlan");
    decoding_frame(&x, f.link_type, f.frame[0], (uint32_t)f.frame[0].n);
    assert_int_equal(x.n, 2);
    const struct packet *outer = &x.visit[0], *inner = &x.visit[1];
    assert_int_equal(outer->dport, 4789);
    assert_int_equal(outer->tunnel, TUNNEL_NONE);
    assert_int_equal(outer->src.b[13], 77);
    assert_int_equal(outer->mac[0][5], 0x0a);
    assert_int_equal(outer->mac[0][4], 0);
    assert_int_equal(inner->dport, 53);
    assert_int_equal(inner->src.b[13], 1);
    assert_int_equal(inner->mac[0][4], 2);
    assert_int_equal(inner->outer_ver, 0);
    assert_int_equal(inner->depth, 1);
    frames_free(&f);
    f = read_tunnel("gre"); /* IP inside: no MACs of its own */
    decoding_frame(&x, f.link_type, f.frame[0], (uint32_t)f.frame[0].n);
    assert_true(x.visit[0].has_mac);
    assert_false(x.visit[1].has_mac);
    frames_free(&f);
    decoding_end(&x);
}

static void ip_in_ip_is_one_visit_with_both_pairs(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    struct frames f = read_tunnel("6in4");
    decoding_frame(&x, f.link_type, f.frame[0], (uint32_t)f.frame[0].n);
    assert_int_equal(x.n, 1);
    const struct packet *p = &x.visit[0];
    assert_int_equal(p->ip_ver, 6);
    assert_int_equal(p->outer_ver, 4);
    assert_int_equal(p->outer[0].b[13], 77);
    assert_int_equal(p->outer[1].b[15], 2);
    assert_int_equal(p->src.b[0], 0xfd);
    assert_true(p->has_mac);
    frames_free(&f);
    decoding_end(&x);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    struct frames f = read_tunnel("ipip-ten-deep");
    decoding_frame(&x, f.link_type, f.frame[0], (uint32_t)f.frame[0].n);
    assert_int_equal(x.n, 1);
    assert_int_equal(x.visit[0].depth, 8);
    assert_int_equal(x.visit[0].l4, IPPROTO_N_IPIP);
    assert_int_equal(counter_get(&x.counters, COUNTER_DECODE_TOO_DEEP), 1);
    frames_free(&f);
    decoding_end(&x);
}

static const struct packet *last_visit(struct decoding *x, const struct frames *f)
{
    for (unsigned i = 0; i < f->n; i++)
        decoding_frame(x, f->link_type, f->frame[i], (uint32_t)f->frame[i].n);
    assert_true(x->n > 0);
    return &x->visit[x->n - 1];
}

static void fragments_inside_and_of_tunnels(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        unsigned packets, reassembled; /* earlier fragments of the last visit */
    } cases[] = { { "fragments-inside-vxlan", 2, 2 },
                  { "fragments-of-vxlan", 0, 1 },
                  { "fragments-of-fragments-ipip", 7, 4 } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decoding x;
        decoding_begin(&x);
        struct frames f = read_tunnel(cases[i].file);
        uint32_t bytes = 0;
        const struct packet *p = last_visit(&x, &f);
        assert_int_equal(p->dport, 4444);
        assert_int_equal(p->payload.n, 3000);
        assert_int_equal(p->frag_packets, cases[i].packets);
        assert_int_equal(counter_get(&x.counters, COUNTER_DEFRAG_REASSEMBLED),
                         cases[i].reassembled);
        for (unsigned k = i ? 0 : 3; k < f.n - 1; k++)
            bytes += (uint32_t)f.frame[k].n;
        assert_int_equal(p->frag_bytes, bytes);
        frames_free(&f);
        decoding_end(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tunnel_gives_the_talk),
        cmocka_unit_test(tunnels_are_named_and_both_ways_are_one),
        cmocka_unit_test(different_tunnels_have_different_keys),
        cmocka_unit_test(closed_tunnels_stay_closed),
        cmocka_unit_test(nothing_is_read_outside_of_a_frame),
        cmocka_unit_test(the_outer_packet_comes_first),
        cmocka_unit_test(ip_in_ip_is_one_visit_with_both_pairs),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(fragments_inside_and_of_tunnels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
