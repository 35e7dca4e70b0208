/* IP headers, their lengths, extension headers, and transport headers. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/frames.h"

#define ADDR4 "0a01 0001 0a01 0002 "
#define ADDR6 "fd01 0000 0000 0000 0000 0000 0000 0001 fd01 0000 0000 0000 0000 0000 0000 0002 "
#define UDP12 "9c40 0035 000c 0000 6162 6364 "

static struct decoding x;

static int begin(void **state)
{
    (void)state;
    decoding_begin(&x);
    return 0;
}

static int end(void **state)
{
    (void)state;
    decoding_end(&x);
    return 0;
}

static const struct packet *decode(const char *text)
{
    decoding_hex(&x, LINK_RAW, text);
    assert_int_equal(x.n, 1);
    return &x.visit[0];
}

static const struct packet *decode_cut(const char *text, uint32_t wire_len)
{
    decoding_frame(&x, LINK_RAW, frames_hex(text), wire_len);
    assert_int_equal(x.n, 1);
    return &x.visit[0];
}

static unsigned counted(enum counter_id id)
{
    return (unsigned)counter_get(&x.counters, id);
}

static void options_are_skipped(void **state)
{
    (void)state;
    const struct packet *p = decode("4600 0024 0001 0000 4011 0000" ADDR4 "9404 0000" UDP12);
    assert_int_equal(p->dport, 53);
    assert_true(slice_eq(p->payload, SLICE("abcd")));
    assert_int_equal(addr_is_v4(&p->src), 1);
    assert_int_equal(p->src.b[15], 1);
    assert_int_equal(p->dst.b[15], 2);
}

static void total_length_ends_the_payload(void **state)
{
    (void)state;
    const struct packet *p = decode("4500 0020 0001 0000 4011 0000" ADDR4 UDP12 "eeee eeee eeee");
    assert_int_equal(p->payload.n, 4);
    /* TCP has no length of its own */
    p = decode("4500 002a 0001 0000 4006 0000" ADDR4
               "9c40 0050 0000 0001 0000 0002 5018 0000 0000 0000 6162 eeee eeee");
    assert_true(slice_eq(p->payload, SLICE("ab")));
    assert_int_equal(p->cut, 0);
}

static void total_length_zero_is_offload(void **state)
{
    (void)state;
    const struct packet *p = decode("4500 0000 0001 0000 4006 0000" ADDR4
                                    "9c40 0050 0000 0001 0000 0002 5018 0000 0000 0000 6162 6364");
    assert_int_equal(p->payload.n, 4);
    p = decode("6000 0000 0000 0640" ADDR6
               "9c40 0050 0000 0001 0000 0002 5018 0000 0000 0000 6162 6364");
    assert_int_equal(p->payload.n, 4);
}

static void bad_headers_leave_what_was_before(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0200 0000 000b 0200 0000 000a 0800 4400 0020 0001 0000 4011 0000" ADDR4 UDP12, /* IHL 4 */
        "0200 0000 000b 0200 0000 000a 0800 4500 0013 0001 0000 4011 0000" ADDR4 UDP12, /* total */
        "0200 0000 000b 0200 0000 000a 0800 6500 0020 0001 0000 4011 0000" ADDR4
            UDP12, /* version */
        "0200 0000 000b 0200 0000 000a 86dd 4000 0000 000c 1140" ADDR6 UDP12,
    };
    for (unsigned i = 0; i < COUNT(bad); i++) {
        decoding_hex(&x, LINK_ETHERNET, bad[i]);
        assert_int_equal(x.n, 1);
        assert_true(x.visit[0].has_mac);
        assert_int_equal(x.visit[0].ip_ver, 0);
        assert_int_equal(counted(COUNTER_DECODE_BAD), i + 1);
    }
}

static void bad_transport_leaves_ip(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "4500 0020 0001 0000 4011 0000" ADDR4 "9c40 0035 0007 0000 6162 6364", /* UDP length 7 */
        "4500 0028 0001 0000 4006 0000" ADDR4
        "9c40 0050 0000 0001 0000 0002 4018 0000 0000 0000", /* offset 4 */
        "4500 0028 0001 0000 4006 0000" ADDR4
        "9c40 0050 0000 0001 0000 0002 6018 0000 0000 0000", /* options missing */
    };
    for (unsigned i = 0; i < COUNT(bad); i++) {
        const struct packet *p = decode(bad[i]);
        assert_int_equal(p->ip_ver, 4);
        assert_int_equal(p->l4, 0);
        assert_false(p->has_ports);
        assert_int_equal(p->payload.n, 0);
        assert_int_equal(counted(COUNTER_DECODE_BAD), i + 1);
    }
    const struct packet *p = decode("4500 001a 0001 0000 4011 0000" ADDR4 "9c40 0035 0007");
    assert_int_equal(p->l4, 0);
    assert_int_equal(counted(COUNTER_DECODE_SHORT), 1);
}

static void what_the_capture_cut_is_known(void **state)
{
    (void)state;
    const struct packet *p =
        decode_cut("4500 0082 0001 0000 4011 0000" ADDR4 "9c40 0035 006e 0000 6162 6364",
                   134); /* 4 of padding */
    assert_int_equal(p->payload.n, 4);
    assert_int_equal(p->cut, 98);
    /* within TCP's options: 3 of 12 bytes are there, 20 of payload are not */
    p = decode_cut("4500 0048 0001 0000 4006 0000" ADDR4
                   "9c40 0050 0000 0001 0000 0002 8018 0000 0000 0000 0101 08",
                   72);
    assert_true(p->has_ports);
    assert_int_equal(p->dport, 80);
    assert_int_equal(p->payload.n, 0);
    assert_int_equal(p->cut, 20);
}

static void tcp_gives_numbers_and_flags(void **state)
{
    (void)state;
    const struct packet *p = decode("4500 002c 0001 0000 4006 0000" ADDR4
                                    "9c40 0050 8000 0001 ffff fff2 6012 0000 0000 0000 0204 05b4");
    assert_int_equal(p->seq, 0x80000001);
    assert_int_equal(p->ack, 0xfffffff2);
    assert_int_equal(p->tcp_flags, TCP_SYN | TCP_ACK);
    assert_int_equal(p->payload.n, 0);
}

static void icmp_gives_type_code_and_id(void **state)
{
    (void)state;
    const struct packet *p =
        decode("4500 0020 0001 0000 4001 0000" ADDR4 "0800 0000 1234 0007 6162 6364");
    assert_int_equal(p->sport, 8);
    assert_int_equal(p->dport, 0);
    assert_int_equal(p->icmp_id, 0x1234);
    assert_int_equal(p->icmp_seq, 7);
    assert_int_equal(p->payload.n, 4);
    assert_false(p->has_ports);
    p = decode("4500 0020 0001 0000 4001 0000" ADDR4 "0303 0000 1234 0007 6162 6364");
    assert_int_equal(p->dport, 3);
    assert_int_equal(p->icmp_id, 0); /* unreachable has none */
    p = decode("6000 0000 000c 3a40" ADDR6 "8100 0000 1234 0007 6162 6364");
    assert_int_equal(p->l4, IPPROTO_N_ICMPV6);
    assert_int_equal(p->sport, 129);
    assert_int_equal(p->icmp_id, 0x1234);
}

/* Packetbeat crashes on ICMPv6 of 4 to 7 bytes. */
static void short_icmp_is_still_icmp(void **state)
{
    (void)state;
    const struct packet *p = decode("6000 0000 0004 3a40" ADDR6 "8000 0000");
    assert_int_equal(p->l4, IPPROTO_N_ICMPV6);
    assert_int_equal(p->sport, 128);
    assert_int_equal(p->payload.n, 0);
    assert_true(p->is_short);
    p = decode("6000 0000 0007 3a40" ADDR6 "8000 0000 1234 56");
    assert_int_equal(p->l4, IPPROTO_N_ICMPV6);
    assert_true(p->is_short);
    assert_int_equal(p->icmp_id, 0);
    p = decode("6000 0000 0008 3a40" ADDR6 "8000 0000 1234 0001");
    assert_false(p->is_short);
    p = decode("6000 0000 0003 3a40" ADDR6 "8000 00");
    assert_int_equal(p->l4, 0);
}

static void sctp_gives_ports(void **state)
{
    (void)state;
    const struct packet *p =
        decode("4500 0024 0001 0000 4084 0000" ADDR4 "1388 1389 0000 0001 0000 0000 0100 0004");
    assert_true(p->has_ports);
    assert_int_equal(p->sport, 5000);
    assert_int_equal(p->dport, 5001);
    assert_int_equal(p->payload.n, 4);
}

static void unknown_protocols_are_payload(void **state)
{
    (void)state;
    const struct packet *p = decode("4500 0018 0001 0000 4059 0000" ADDR4 "6162 6364");
    assert_int_equal(p->l4, 0x59);
    assert_false(p->has_ports);
    assert_int_equal(p->payload.n, 4);
    p = decode("4500 0018 0001 0000 403a 0000" ADDR4 "8000 0000"); /* ICMPv6 in IPv4 */
    assert_int_equal(p->sport, 0);
    p = decode("6000 0000 0004 3b40" ADDR6 "6162 6364"); /* no next header */
    assert_int_equal(p->l4, 59);
}

static void extension_headers_are_passed(void **state)
{
    (void)state;
    struct frames f = frames_read("test/golden/link/extension-headers.pcap");
    assert_int_equal(f.n, 10);
    for (unsigned i = 0; i < f.n; i++) {
        decoding_frame(&x, f.link_type, f.frame[i], (uint32_t)f.frame[i].n);
        assert_int_equal(x.n, 1);
        bool is_esp = i == 8;
        assert_int_equal(x.visit[0].l4, is_esp ? 50 : IPPROTO_N_UDP);
        assert_int_equal(x.visit[0].dport, is_esp ? 0 : 53);
        if (!is_esp)
            assert_true(slice_starts(x.visit[0].payload, SLICE("\0N\1\0")));
    }
    decoding_cut(&x, &f);
    decoding_turn(&x, &f);
    frames_free(&f);
}

static void a_chain_of_headers_has_an_end(void **state)
{
    (void)state;
    char text[4096] = "6000 0000 0000 3c40" ADDR6;
    for (unsigned i = 0; i < 100; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "3c00 0104 0000 0000");
    const struct packet *p = decode(text);
    assert_int_equal(p->ip_ver, 6);
    assert_int_equal(p->l4, 0);
    assert_int_equal(counted(COUNTER_DECODE_BAD), 1);
}

static void jumbo_payload_sets_the_length(void **state)
{
    (void)state;
    const struct packet *p = decode("6000 0000 0000 0040" ADDR6 "1100 c204 0000 0014" UDP12 "eeee");
    assert_true(slice_eq(p->payload, SLICE("abcd")));
    p = decode_cut("6000 0000 0000 0040" ADDR6 "0600 c204 0001 2345"
                   "9c40 0050 0000 0001 0000 0002 5018 0000 0000 0000 6162",
                   40 + 0x12345);
    assert_int_equal(p->payload.n, 2);
    assert_int_equal(p->cut, 0x12345 - 8 - 20 - 2);
}

/* Headers with Ethernet around them are read the quick way, without it step by step: both find the
 * same, whatever one byte of the headers is. */
static void plain_frames_are_no_exception(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0202 0202 0202 0404 0404 0404 0800 4500 0020 0001 0000 4011 0000" ADDR4 UDP12 "eeee",
        "0202 0202 0202 0404 0404 0404 0800 4500 002a 0001 0000 4006 0000" ADDR4
        "9c40 0050 0000 0001 0000 0002 5018 0000 0000 0000 6162 eeee eeee",
    };
    for (unsigned i = 0; i < 2 * 40 * 256; i++) {
        struct slice frame = frames_hex(texts[i & 1]);
        uint8_t bytes[80];
        memcpy(bytes, frame.p, frame.n);
        bytes[14 + (i >> 1) % 40 % (frame.n - 14)] = (uint8_t)(i / 80);
        if ((bytes[20] & 0x3f) || bytes[21])
            continue; /* a fragment would wait for others */
        decoding_frame(&x, LINK_ETHERNET, slice_of(bytes, frame.n), (uint32_t)frame.n + 3);
        unsigned n = x.n;
        struct packet quick = x.visit[0];
        uint8_t payload[80];
        if (n)
            memcpy(payload, quick.payload.p, quick.payload.n);
        struct slice ip = slice_of(bytes + 14, frame.n - 14);
        decoding_frame(&x, LINK_IPV4, ip, (uint32_t)ip.n + 3);
        const struct packet *p = &x.visit[0];
        if (!x.n || !n)
            continue;
        assert_int_equal(quick.has_mac, 1);
        assert_true(quick.ip_ver == p->ip_ver && quick.l4 == p->l4 && quick.cut == p->cut);
        assert_true(addr_eq(&quick.src, &p->src) && addr_eq(&quick.dst, &p->dst));
        assert_true(quick.sport == p->sport && quick.dport == p->dport && quick.seq == p->seq);
        assert_true(quick.tcp_flags == p->tcp_flags && quick.is_fragment == p->is_fragment);
        assert_true(slice_eq(slice_of(payload, quick.payload.n), p->payload));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_are_skipped),           TEST(total_length_ends_the_payload),
        TEST(total_length_zero_is_offload),  TEST(bad_headers_leave_what_was_before),
        TEST(bad_transport_leaves_ip),       TEST(what_the_capture_cut_is_known),
        TEST(tcp_gives_numbers_and_flags),   TEST(icmp_gives_type_code_and_id),
        TEST(short_icmp_is_still_icmp),      TEST(sctp_gives_ports),
        TEST(unknown_protocols_are_payload), TEST(extension_headers_are_passed),
        TEST(a_chain_of_headers_has_an_end), TEST(jumbo_payload_sets_the_length),
        TEST(plain_frames_are_no_exception),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
