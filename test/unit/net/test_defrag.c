/* Fragments: order, copies, overlaps, time and memory. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/frames.h"
#include "net/defrag.h"

#define SECOND INT64_C(1000000000)

static struct net_conf conf;
static struct counters counters;
static struct defrag *f;
static struct slice whole;
static struct packet last; /* as the last add left it */
static uint8_t bytes[70000];

static int begin(void **state)
{
    (void)state;
    conf = (struct net_conf){ .defrag_bytes = 1 << 20 };
    memset(&counters, 0, sizeof counters);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    f = defrag_new(&conf, &counters);
    return 0;
}

static int end(void **state)
{
    (void)state;
    defrag_free(f);
    return 0;
}

static unsigned counted(enum counter_id id)
{
    return (unsigned)counter_get(&counters, id);
}

/* Where a fragment comes from; all zero is the usual sender. */
struct from {
    uint8_t ip_ver; /* 0: 4 */
    uint8_t host, proto, vlan;
    uint32_t id;
    uint64_t tunnel_key;
    int64_t ts_ns;
};

static enum defrag_result add(struct from from, uint32_t offset, struct slice s, bool more)
{
    last = (struct packet){ .ts_ns = from.ts_ns, .wire_len = 14 + (uint32_t)s.n };
    last.ip_ver = from.ip_ver ? from.ip_ver : 4;
    last.src.b[15] = from.host;
    last.n_vlan = from.vlan != 0;
    last.vlan[0] = from.vlan;
    last.tunnel_key = from.tunnel_key;
    struct fragment frag = {
        .id = from.id, .offset = offset, .proto = 17, .more = more, .bytes = s
    };
    frag.proto = (uint8_t)(17 + from.proto);
    defrag_begin(f, from.ts_ns);
    return defrag_add(f, &last, &frag, &whole);
}

/* Part of `bytes`. */
static enum defrag_result add_part(struct from from, uint32_t offset, uint32_t n, bool more)
{
    return add(from, offset, slice_of(bytes + offset, n), more);
}

static void check_whole(size_t n)
{
    assert_int_equal(whole.n, n);
    assert_memory_equal(whole.p, bytes, n);
    defrag_begin(f, 0);
    assert_int_equal(defrag_waiting(f), 0);
    assert_int_equal(defrag_bytes(f), 0);
}

static const struct from usual, v6 = { .ip_ver = 6 };

static void any_order_gives_the_datagram(void **state)
{
    (void)state;
    static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                          { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    for (unsigned i = 0; i < 12; i++) {
        const struct from from = i < 6 ? usual : v6;
        for (unsigned k = 0; k < 3; k++) {
            uint32_t part = orders[i % 6][k];
            enum defrag_result r = add_part(from, part * 1000, part == 2 ? 77 : 1000, part < 2);
            assert_int_equal(r, k < 2 ? DEFRAG_WAIT : DEFRAG_WHOLE);
        }
        assert_int_equal(last.frag_packets, 2);
        assert_int_equal(last.frag_bytes + last.wire_len, 3 * 14 + 2077);
        check_whole(2077);
    }
    assert_int_equal(counted(COUNTER_DEFRAG_REASSEMBLED), 12);
    assert_int_equal(counted(COUNTER_DEFRAG_FRAGMENTS), 36);
}

static void the_largest_datagram_fits(void **state)
{
    (void)state;
    uint32_t at = 0;
    for (; at + 1480 < DEFRAG_DATAGRAM_BYTES; at += 1480)
        assert_int_equal(add_part(usual, at, 1480, true), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, at, DEFRAG_DATAGRAM_BYTES - at, false), DEFRAG_WHOLE);
    check_whole(DEFRAG_DATAGRAM_BYTES);
}

static void datagrams_do_not_mix(void **state)
{
    (void)state;
    static const struct from others[] = { { .host = 1 }, { .proto = 1 },      { .vlan = 1 },
                                          { .id = 1 },   { .tunnel_key = 1 }, { .ip_ver = 6 } };
    assert_int_equal(add_part(usual, 0, 8, true), DEFRAG_WAIT);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_equal(add_part(others[i], 8, 8, false), DEFRAG_WAIT);
    assert_int_equal(defrag_waiting(f), 1 + COUNT(others));
    assert_int_equal(add_part(usual, 8, 8, false), DEFRAG_WHOLE);
}

static void the_first_fragment_names_the_protocol(void **state)
{
    (void)state;
    struct packet p = { .ip_ver = 6, .wire_len = 8 };
    struct fragment second = { .offset = 8, .proto = 60, .bytes = slice_of(bytes, 8) };
    struct fragment first = { .offset = 0, .proto = 6, .more = true, .bytes = slice_of(bytes, 8) };
    assert_int_equal(defrag_add(f, &p, &first, &whole), DEFRAG_WAIT);
    assert_int_equal(defrag_add(f, &p, &second, &whole), DEFRAG_WHOLE);
    assert_int_equal(second.proto, 6);
}

static void copies_are_harmless(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const struct from from = i ? v6 : usual;
        assert_int_equal(add_part(from, 16, 16, true), DEFRAG_WAIT);
        assert_int_equal(add_part(from, 16, 16, true), DEFRAG_WAIT);
        assert_int_equal(add_part(from, 32, 5, false), DEFRAG_WAIT);
        assert_int_equal(add_part(from, 32, 5, false), DEFRAG_WAIT);
        assert_int_equal(add_part(from, 0, 16, true), DEFRAG_WHOLE);
        assert_int_equal(last.frag_packets, 4);
        check_whole(37);
    }
    assert_int_equal(counted(COUNTER_DEFRAG_OVERLAP), 0);
}

static void in_ipv4_the_first_bytes_stay(void **state)
{
    (void)state;
    static const uint8_t evil[64] = { 0 };
    assert_int_equal(add_part(usual, 8, 8, true), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, 24, 8, true), DEFRAG_WAIT);
    /* covers both and the hole between them: only the hole is taken */
    assert_int_equal(add(usual, 8, slice_of(evil, 24), true), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, 32, 3, false), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, 0, 8, true), DEFRAG_WHOLE);
    memset(bytes + 16, 0, 8);
    check_whole(35);
    assert_int_equal(counted(COUNTER_DEFRAG_OVERLAP), 1);
}

static void an_overlap_may_reach_over_all(void **state)
{
    (void)state;
    for (uint32_t at = 8; at < 400; at += 16)
        assert_int_equal(add_part(usual, at, 8, true), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, 0, 411, false), DEFRAG_WHOLE);
    check_whole(411);
}

/* RFC 5722: the datagram and all that comes later for it is dropped. */
static void in_ipv6_an_overlap_drops_the_datagram(void **state)
{
    (void)state;
    assert_int_equal(add_part(v6, 0, 16, true), DEFRAG_WAIT);
    assert_int_equal(add_part(v6, 8, 16, true), DEFRAG_REFUSED);
    assert_int_equal(add_part(v6, 16, 16, false), DEFRAG_REFUSED);
    assert_int_equal(add_part(v6, 0, 16, true), DEFRAG_REFUSED);
    assert_int_equal(counted(COUNTER_DEFRAG_REASSEMBLED), 0);
    assert_int_equal(counted(COUNTER_DEFRAG_OVERLAP), 3);
    struct from later = v6; /* the id may be used again after the timeout */
    later.ts_ns = DEFRAG_TIMEOUT_V6_NS;
    assert_int_equal(add_part(later, 0, 16, true), DEFRAG_WAIT);
    assert_int_equal(add_part(later, 16, 1, false), DEFRAG_WHOLE);
    assert_int_equal(counted(COUNTER_DEFRAG_TIMEOUT), 0);
}

static void same_place_other_bytes_is_no_copy(void **state)
{
    (void)state;
    assert_int_equal(add_part(v6, 0, 16, true), DEFRAG_WAIT);
    assert_int_equal(add(v6, 0, slice_of(bytes + 1, 16), true), DEFRAG_REFUSED);
    assert_int_equal(counted(COUNTER_DEFRAG_OVERLAP), 1);
}

static void impossible_fragments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(add_part(usual, 0, 15, true), DEFRAG_REFUSED);
    assert_int_equal(add_part(usual, 8, 0, true), DEFRAG_REFUSED);
    assert_int_equal(add_part(usual, 65528, 8, false), DEFRAG_REFUSED);
    assert_int_equal(defrag_waiting(f), 0);
    assert_int_equal(counted(COUNTER_DEFRAG_BAD), 3);
}

static void the_last_fragment_sets_the_length_once(void **state)
{
    (void)state;
    assert_int_equal(add_part(usual, 16, 8, false), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, 24, 8, true), DEFRAG_REFUSED);
    assert_int_equal(add_part(usual, 8, 8, false), DEFRAG_REFUSED);
    assert_int_equal(add_part(usual, 0, 16, true), DEFRAG_WHOLE);
    check_whole(24);
    assert_int_equal(add_part(usual, 32, 8, true), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, 8, 8, false), DEFRAG_REFUSED); /* ends before what is there */
    assert_int_equal(counted(COUNTER_DEFRAG_BAD), 3);
}

static void cut_fragments_are_not_kept(void **state)
{
    (void)state;
    struct packet p = { .ip_ver = 4, .wire_len = 100 };
    struct fragment frag = { .proto = 17, .more = true, .cut = true, .bytes = slice_of(bytes, 8) };
    assert_int_equal(defrag_add(f, &p, &frag, &whole), DEFRAG_REFUSED);
    assert_int_equal(defrag_waiting(f), 0);
}

static void datagrams_time_out_in_packet_time(void **state)
{
    (void)state;
    assert_int_equal(add_part(usual, 0, 8, true), DEFRAG_WAIT);
    assert_int_equal(add_part(v6, 0, 8, true), DEFRAG_WAIT);
    defrag_begin(f, DEFRAG_TIMEOUT_V4_NS - 1);
    assert_int_equal(defrag_waiting(f), 2);
    defrag_begin(f, DEFRAG_TIMEOUT_V4_NS);
    assert_int_equal(defrag_waiting(f), 1);
    defrag_begin(f, -5 * SECOND); /* backwards: nothing is over */
    defrag_begin(f, INT64_MIN);
    assert_int_equal(defrag_waiting(f), 1);
    defrag_begin(f, DEFRAG_TIMEOUT_V6_NS);
    assert_int_equal(defrag_waiting(f), 0);
    assert_int_equal(counted(COUNTER_DEFRAG_TIMEOUT), 2);
    assert_int_equal(defrag_bytes(f), 0);
}

static void the_oldest_goes_when_memory_is_short(void **state)
{
    (void)state;
    struct from from = { .id = 0 };
    for (; from.id < 2000; from.id++) {
        from.ip_ver = from.id & 1 ? 6 : 4;
        from.ts_ns = from.id;
        assert_int_equal(add_part(from, 0, 1000, true), DEFRAG_WAIT);
        assert_true(defrag_bytes(f) <= (size_t)conf.defrag_bytes);
    }
    assert_true(counted(COUNTER_DEFRAG_EVICTED) > 500);
    assert_int_equal(counted(COUNTER_DEFRAG_EVICTED) + defrag_waiting(f), 2000);
    from.id = 1999; /* the youngest is still there */
    from.ip_ver = 6;
    assert_int_equal(add_part(from, 1000, 1, false), DEFRAG_WHOLE);
    from.id = 1;
    assert_int_equal(add_part(from, 1000, 1, false), DEFRAG_WAIT);
}

static void there_are_not_too_many_datagrams(void **state)
{
    (void)state;
    defrag_free(f);
    conf.defrag_bytes = 64 << 20;
    f = defrag_new(&conf, &counters);
    for (struct from from = { .id = 0 }; from.id < DEFRAG_DATAGRAMS_MAX + 10; from.id++)
        assert_int_equal(add_part(from, 0, 8, true), DEFRAG_WAIT);
    assert_int_equal(defrag_waiting(f), DEFRAG_DATAGRAMS_MAX);
    assert_int_equal(counted(COUNTER_DEFRAG_EVICTED), 10);
}

static void a_datagram_of_crumbs_is_given_up(void **state)
{
    (void)state;
    enum defrag_result r = DEFRAG_WAIT;
    unsigned n = 0;
    for (uint32_t at = 0; r == DEFRAG_WAIT && n < 2000; at += 16, n++)
        r = add_part(usual, at, 8, true);
    assert_int_equal(r, DEFRAG_REFUSED);
    assert_int_equal(n, DEFRAG_PIECES_MAX + 1);
    assert_int_equal(defrag_waiting(f), 0);
    assert_int_equal(defrag_bytes(f), 0);
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    defrag_free(f);
    conf.defrag_bytes = 0;
    f = defrag_new(&conf, &counters);
    assert_int_equal(add_part(usual, 0, 8, true), DEFRAG_REFUSED);
    defrag_free(f);
    conf.defrag_bytes = 4096; /* the pieces fit, the whole does not beside them */
    f = defrag_new(&conf, &counters);
    assert_int_equal(add_part(usual, 0, 1400, true), DEFRAG_WAIT);
    assert_int_equal(add_part(usual, 1400, 1400, false), DEFRAG_REFUSED);
    assert_int_equal(defrag_bytes(f), 0);
}

/* Through the decoder: counts, and a datagram in the visit of its last fragment only. */
static void a_file_of_fragments_gives_two_datagrams(void **state)
{
    (void)state;
    static const char *const files[] = { "test/golden/link/fragments.pcap",
                                         "test/golden/link/fragments-reversed.pcap" };
    for (size_t i = 0; i < COUNT(files); i++) {
        struct decoding x;
        decoding_begin(&x);
        struct frames in = frames_read(files[i]);
        for (unsigned k = 0; k < in.n; k++) {
            decoding_frame(&x, in.link_type, in.frame[k], (uint32_t)in.frame[k].n);
            assert_int_equal(x.n, k % 3 == 2);
            if (x.n == 0)
                continue;
            assert_int_equal(x.visit[0].dport, 4444);
            assert_int_equal(x.visit[0].payload.n, 3000);
            assert_int_equal(x.visit[0].payload.p[2999], 2999 * 7 & 255);
            assert_int_equal(x.visit[0].frag_packets, 2);
            assert_false(x.visit[0].is_fragment);
        }
        decoding_cut(&x, &in);
        decoding_turn(&x, &in);
        frames_free(&in);
        decoding_end(&x);
    }
}

static void a_cut_fragment_has_a_visit_of_its_own(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    struct frames in = frames_read("test/golden/link/fragments.pcap");
    decoding_frame(&x, in.link_type, slice_first(in.frame[0], 96), (uint32_t)in.frame[0].n);
    assert_int_equal(x.n, 1);
    assert_true(x.visit[0].is_fragment);
    assert_int_equal(x.visit[0].l4, IPPROTO_N_UDP);
    assert_false(x.visit[0].has_ports);
    assert_int_equal(x.visit[0].payload.n, 0);
    frames_free(&in);
    decoding_end(&x);
}

static void a_tick_lets_time_pass(void **state)
{
    (void)state;
    struct decoding x;
    decoding_begin(&x);
    struct frames in = frames_read("test/golden/link/fragments.pcap");
    decoding_frame(&x, in.link_type, in.frame[0], (uint32_t)in.frame[0].n);
    decoder_tick(x.d, DEFRAG_TIMEOUT_V4_NS + 1);
    assert_int_equal(counter_get(&x.counters, COUNTER_DEFRAG_TIMEOUT), 1);
    frames_free(&in);
    decoding_end(&x);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_order_gives_the_datagram),
        TEST(the_largest_datagram_fits),
        TEST(datagrams_do_not_mix),
        TEST(the_first_fragment_names_the_protocol),
        TEST(copies_are_harmless),
        TEST(in_ipv4_the_first_bytes_stay),
        TEST(an_overlap_may_reach_over_all),
        TEST(in_ipv6_an_overlap_drops_the_datagram),
        TEST(same_place_other_bytes_is_no_copy),
        TEST(impossible_fragments_are_refused),
        TEST(the_last_fragment_sets_the_length_once),
        TEST(cut_fragments_are_not_kept),
        TEST(datagrams_time_out_in_packet_time),
        TEST(the_oldest_goes_when_memory_is_short),
        TEST(there_are_not_too_many_datagrams),
        TEST(a_datagram_of_crumbs_is_given_up),
        TEST(without_memory_nothing_is_kept),
        cmocka_unit_test(a_file_of_fragments_gives_two_datagrams),
        cmocka_unit_test(a_cut_fragment_has_a_visit_of_its_own),
        cmocka_unit_test(a_tick_lets_time_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
